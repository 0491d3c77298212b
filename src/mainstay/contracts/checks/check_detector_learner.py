"""The proofs that a detector of anomalies keeps its contract, and the small tables that it judges.

A plugin author runs them over a detector of their own::

    for name, check in check_detector_learner(MyDetector()):
        check()
"""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Detection, DetectorLearner, Observations, blended
from mainstay.contracts.anomaly_scores import detection_scores, member_terms
from mainstay.contracts.errors import BudgetError, MainstayError, UsageError
from mainstay.contracts.learner import NoDeadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Reference
    from mainstay.contracts.learner import Deadline, Parameter, Value

    Doubles = NDArray[np.float64]

__all__ = [
    "CHECKS",
    "check_constant_columns",
    "check_deadline_is_kept",
    "check_detector_learner",
    "check_equal_rows",
    "check_far_rows_are_finite",
    "check_few_rows",
    "check_finds_what_is_planted",
    "check_inputs_are_untouched",
    "check_is_a_detector_learner",
    "check_large_offsets",
    "check_more_columns_than_rows",
    "check_no_time_at_all",
    "check_order_of_rows",
    "check_parameters_are_declared",
    "check_rows_are_judged_alone",
    "check_same_seed_same_answer",
    "check_terms_name_the_planted_column",
    "check_warnings_stay_inside",
    "check_wrong_rows_are_refused",
    "check_wrong_settings_are_refused",
]

_REFERENCES: tuple[Reference, ...] = ("contaminated", "clean")
_SECONDS, _GRACE = 0.5, 4.0
"""A deadline, and how much later a busy machine may be: one step of a method is not broken off."""

_EQUAL = 10_000
_ODDEST = 0.99
"""A planted row must be odder than this share of the rows."""

_ODD = 0.5
_ALIKE = 0.9
"""How much the ranks of scores agree at least when the same rows are learned from in another order."""


class _Countdown:
    """A deadline so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


def check_detector_learner(learner: DetectorLearner) -> list[tuple[str, Callable[[], None]]]:
    """Return every check with its name, ready to be called; a check raises AssertionError where it fails."""
    return [(check.__name__, partial(check, learner)) for check in CHECKS]


def check_is_a_detector_learner(learner: DetectorLearner) -> None:
    """It has a name, parameters and a fit whose detection has members with weights that sum to 1, and plain notes."""
    assert isinstance(learner, DetectorLearner)
    assert learner.name.isidentifier()
    for reference in _REFERENCES:
        found = _fit(learner, _cloud(), reference=reference)
        assert isinstance(found, Detection)
        assert found.members
        assert all(member.weight >= 0 for member in found.members)
        assert abs(sum(member.weight for member in found.members) - 1) < 1e-9
        assert all(isinstance(value, (bool, int, float, str)) for value in found.notes.values())


def check_parameters_are_declared(learner: DetectorLearner) -> None:
    """Each parameter has a meaning, a default that it allows itself, and a search inside its range."""
    names = [parameter.name for parameter in learner.parameters]
    assert len(set(names)) == len(names)
    for one in learner.parameters:
        assert one.meaning.endswith("."), one.name
        assert one.check(one.default, learner.name) == one.default, one.name
        for bound in one.search or ():
            one.check(int(bound) if isinstance(one.default, int) else bound, learner.name)


def check_wrong_settings_are_refused(learner: DetectorLearner) -> None:
    """An unknown name and a value that does not fit are refused before any work, with a sentence."""
    unknown: dict[str, Value] = {"no_such_parameter": 1}
    for settings in (unknown, *({one.name: _wrong(one)} for one in learner.parameters)):
        error = _refusal(partial(_fit, learner, _cloud(), settings=settings))
        assert learner.name in str(error)
        assert error.hint


def check_finds_what_is_planted(learner: DetectorLearner) -> None:
    """A row far from all others is odder than 99 % of them, whether it was among the learned rows or not."""
    cloud = _cloud()
    planted = _with(cloud, np.full((1, 4), 12, np.float32))
    scores = _scores(_fit(learner, planted), planted.matrix)
    assert (scores[-1] > scores[:-1]).mean() >= _ODDEST
    found = _fit(learner, cloud, reference="clean")
    usual = _scores(found, cloud.matrix)
    assert (_scores(found, planted.matrix[-1:])[0] > usual).mean() >= _ODDEST


def check_terms_name_the_planted_column(learner: DetectorLearner) -> None:
    """Terms are finite and never below 0, one for each feature; of a row that is odd in one, that has the largest."""
    cloud = _cloud()
    planted = np.zeros((4, 4), np.float32)
    np.fill_diagonal(planted, 12)
    found = _fit(learner, cloud)
    total = np.zeros(planted.shape)
    for member in found.members:
        terms = member_terms(member.body, planted, detection_scores(found, planted))
        assert terms.shape == planted.shape
        assert np.isfinite(terms).all()
        assert (terms >= 0).all()
        total += member.weight * terms / np.maximum(terms.sum(axis=1, keepdims=True), 1e-300)
    assert np.array_equal(total.argmax(axis=1), np.arange(4))


def check_few_rows(learner: DetectorLearner) -> None:
    """One row, two rows and three rows can be learned from."""
    for reference in _REFERENCES:
        for rows in (1, 2, 3):
            few = _cloud().take(slice(rows))
            assert len(_scores(_fit(learner, few, reference=reference), _cloud().matrix)) == _cloud().rows


def check_constant_columns(learner: DetectorLearner) -> None:
    """Columns of one value each, beside others and alone, do no harm."""
    cloud = _cloud().matrix
    beside = np.column_stack([cloud, np.full(len(cloud), 7), np.zeros(len(cloud))]).astype(np.float32)
    planted = np.append(beside, [[12, 12, 12, 12, 7, 0]], axis=0).astype(np.float32)
    scores = _scores(_fit(learner, Observations.of(planted)), planted)
    assert (scores[-1] > scores[:-1]).mean() >= _ODDEST
    alone = np.full((50, 2), 3.5, np.float32)
    scores = _scores(_fit(learner, Observations.of(alone)), alone)
    assert len(set(scores.tolist())) == 1


def check_equal_rows(learner: DetectorLearner) -> None:
    """Ten thousand equal rows are as odd as each other, and none is odder than the one row that differs."""
    matrix = np.full((_EQUAL, 3), 1.25, np.float32)
    scores = _scores(_fit(learner, Observations.of(matrix)), matrix)
    assert len(set(scores.tolist())) == 1
    matrix[17] = 9.0
    scores = _scores(_fit(learner, Observations.of(matrix)), matrix)
    assert scores[17] >= scores.max()


def check_more_columns_than_rows(learner: DetectorLearner) -> None:
    """Thirty rows of eighty columns can be learned from, and a row far away is the oddest."""
    matrix = np.random.default_rng(4).normal(size=(30, 80)).astype(np.float32)
    scores = _scores(_fit(learner, Observations.of(matrix)), np.append(matrix, np.full((1, 80), 9, np.float32), axis=0))
    assert (scores[-1] >= scores[:-1]).all()


def check_far_rows_are_finite(learner: DetectorLearner) -> None:
    """Rows very far away, learned from or new, have finite scores: the oddest, or odd where one column alone is far."""
    cloud = _cloud()
    far = np.array([[3e18, 0, 0, 0], [-3e18, 3e18, 3e18, 3e18]], np.float32)
    both = _with(cloud, far)
    for learned in (cloud, both):
        scores = _scores(_fit(learner, learned), both.matrix)
        assert (scores[-1] >= scores[:-2]).mean() >= _ODDEST
        assert (scores[-2] >= scores[:-2]).mean() >= _ODD


def check_large_offsets(learner: DetectorLearner) -> None:
    """Numbers far from 0 (a time stamp, a serial number) are judged by how they differ, not by how large they are."""
    moved = _with(_cloud(), np.full((1, 4), 12, np.float32)).matrix + np.float32(10_000)
    scores = _scores(_fit(learner, Observations.of(moved)), moved)
    assert (scores[-1] > scores[:-1]).mean() >= _ODDEST


def check_inputs_are_untouched(learner: DetectorLearner) -> None:
    """Rows are as before; the array here cannot even be written."""
    cloud = _cloud()
    matrix = cloud.matrix.copy()
    matrix.flags.writeable = False
    _fit(learner, Observations(matrix, cloud.names, cloud.source, cloud.columns))
    assert np.array_equal(matrix, cloud.matrix)


def check_same_seed_same_answer(learner: DetectorLearner) -> None:
    """Two fits with one seed give the same scores; a deadline that does not bind changes nothing."""
    cloud = _cloud()
    first = _fit(learner, cloud)
    second = _fit(learner, cloud, deadline=_Countdown(3600))
    assert np.array_equal(_scores(first, cloud.matrix), _scores(second, cloud.matrix))


def check_rows_are_judged_alone(learner: DetectorLearner) -> None:
    """What a row's score is does not depend on the rows beside it."""
    cloud = _cloud()
    found = _fit(learner, cloud)
    some = cloud.matrix[:20]
    each = np.concatenate([_scores(found, some[row : row + 1]) for row in range(len(some))])
    assert np.allclose(
        _scores(found, cloud.matrix)[:20], each, rtol=1e-6, atol=1e-6
    )  # the root of a rounding error is no longer small


def check_order_of_rows(learner: DetectorLearner) -> None:
    """Rows in another order are judged alike; exactly so where ``order_free`` says so."""
    cloud = _with(_cloud(), np.full((1, 4), 12, np.float32))
    order = np.random.default_rng(5).permutation(cloud.rows)
    there, here = _fit(learner, cloud.take(order)), _fit(learner, cloud)
    one, two = _scores(there, cloud.matrix), _scores(here, cloud.matrix)
    if getattr(learner, "order_free", False):
        assert np.allclose(one, two, rtol=1e-6, atol=1e-6)
    assert np.corrcoef(_ranks(one), _ranks(two))[0, 1] >= _ALIKE


def check_wrong_rows_are_refused(learner: DetectorLearner) -> None:
    """No rows, no columns, and a number that is not finite are refused with a sentence."""
    cloud = _cloud().matrix
    endless, missing = cloud.copy(), cloud.copy()
    endless[3, 0], missing[3, 0] = np.inf, np.nan
    for wrong in (cloud[:0], cloud[:, :0], endless, missing):
        assert _refusal(partial(_fit, learner, Observations.of(wrong))).hint


def check_deadline_is_kept(learner: DetectorLearner) -> None:
    """A fit that would take long ends near its deadline with what it has, or says that the time was too short."""
    matrix = np.random.default_rng(0).normal(size=(50_000, 8)).astype(np.float32)
    took = _answer_or_sentence(partial(_fit, learner, Observations.of(matrix), deadline=_Countdown(_SECONDS)))
    assert took < _SECONDS + _GRACE


def check_no_time_at_all(learner: DetectorLearner) -> None:
    """With no time left there is a quick answer or a BudgetError."""
    assert _answer_or_sentence(partial(_fit, learner, _cloud(), deadline=_Countdown(0.0))) < _GRACE


def check_warnings_stay_inside(learner: DetectorLearner) -> None:
    """No warning of a library escapes, whatever the rows are like; a note may tell of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows in (_cloud(), _with_flags(), Observations.of(np.eye(6, dtype=np.float32))):
            _scores(_fit(learner, rows), rows.matrix)


CHECKS: tuple[Callable[[DetectorLearner], None], ...] = (
    check_is_a_detector_learner,
    check_parameters_are_declared,
    check_wrong_settings_are_refused,
    check_finds_what_is_planted,
    check_terms_name_the_planted_column,
    check_few_rows,
    check_constant_columns,
    check_equal_rows,
    check_more_columns_than_rows,
    check_far_rows_are_finite,
    check_large_offsets,
    check_inputs_are_untouched,
    check_same_seed_same_answer,
    check_rows_are_judged_alone,
    check_order_of_rows,
    check_wrong_rows_are_refused,
    check_deadline_is_kept,
    check_no_time_at_all,
    check_warnings_stay_inside,
)
"""Every check; a test should assert their number, so that none is lost in silence."""


def _fit(
    learner: DetectorLearner,
    observations: Observations,
    *,
    reference: Reference = "contaminated",
    settings: dict[str, Value] | None = None,
    deadline: Deadline | None = None,
) -> Detection:
    return learner.fit(
        observations, reference=reference, seed=7, deadline=deadline or NoDeadline(), settings=settings or {}
    )


def _scores(found: Detection, matrix: NDArray[np.float32]) -> Doubles:
    """Return the blended scores of rows, which are finite always."""
    raw = detection_scores(found, matrix)
    assert raw.shape == (len(matrix), len(found.members))
    scales = tuple(member.scale for member in found.members)
    scores = blended(raw, scales, np.array([member.weight for member in found.members]))
    assert np.isfinite(scores).all()
    return scores


def _cloud() -> Observations:
    return Observations.of(np.random.default_rng(1).normal(size=(400, 4)).astype(np.float32))


def _with(rows: Observations, more: NDArray[np.float32]) -> Observations:
    return Observations.of(np.append(rows.matrix, more, axis=0))


def _with_flags() -> Observations:
    """Return a number beside a category of three levels, as columns of which one is set."""
    chance = np.random.default_rng(3)
    level = chance.integers(0, 3, 150)
    return Observations.of(np.column_stack([chance.normal(size=150), *(level == one for one in range(3))]))


def _ranks(scores: Doubles) -> Doubles:
    return np.argsort(np.argsort(scores, kind="stable"), kind="stable").astype(np.float64)


def _answer_or_sentence(fit: Callable[[], Detection]) -> float:
    """Return the seconds that it took: of the clock, or of the processor where others were busy on it."""
    began, worked = time.monotonic(), time.process_time()
    try:
        assert fit().members
    except BudgetError as error:
        assert error.hint  # noqa: PT017 - pytest is not there for users of the checks
    return min(time.monotonic() - began, time.process_time() - worked)


def _wrong(parameter: Parameter) -> Value:
    """Return a value that the parameter does not allow."""
    return 1.5 if isinstance(parameter.default, str) else "no such value"


def _refusal(act: Callable[[], object]) -> MainstayError:
    try:
        act()
    except UsageError as error:
        return error
    raise AssertionError("this was taken, and should have been refused with a UsageError")

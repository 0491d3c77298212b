"""The proofs that a clustering algorithm keeps its contract, and the small tables that it groups.

A plugin author runs them over an algorithm of their own::

    for name, check in check_cluster_learner(MyLearner()):
        check()
"""

from __future__ import annotations

import time
import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres, Clustering, ClusterLearner, Mixture, Points, assign
from mainstay.contracts.errors import BudgetError, MainstayError, UsageError
from mainstay.contracts.learner import NoDeadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline, Parameter, Value

__all__ = [
    "CHECKS",
    "check_cluster_learner",
    "check_constant_columns",
    "check_deadline_is_kept",
    "check_equal_rows",
    "check_few_rows",
    "check_finds_plain_groups",
    "check_inputs_are_untouched",
    "check_is_a_cluster_learner",
    "check_k_is_honoured",
    "check_labels_are_those_of_the_body",
    "check_no_time_at_all",
    "check_order_of_rows",
    "check_parameters_are_declared",
    "check_same_seed_same_answer",
    "check_too_many_groups_are_refused",
    "check_warnings_stay_inside",
    "check_weights_are_taken",
    "check_wrong_rows_are_refused",
    "check_wrong_settings_are_refused",
]

_SECONDS, _GRACE = 0.5, 4.0
"""A deadline, and how much later a busy machine may be: one step of a method is not broken off."""

_EQUAL = 10_000


class _Countdown:
    """A deadline so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


def check_cluster_learner(learner: ClusterLearner) -> list[tuple[str, Callable[[], None]]]:
    """Return every check with its name, ready to be called; a check raises AssertionError where it fails."""
    return [(check.__name__, partial(check, learner)) for check in CHECKS]


def check_is_a_cluster_learner(learner: ClusterLearner) -> None:
    """It has a name, parameters and a fit whose clustering has a body, labels, and notes of plain values."""
    assert isinstance(learner, ClusterLearner)
    assert learner.name.isidentifier()
    assert isinstance(learner.finds_k, bool)
    found = _fit(learner, _three_groups(), 3)
    assert isinstance(found, Clustering)
    assert isinstance(found.body, (Centres, Mixture))
    assert all(isinstance(value, (bool, int, float, str)) for value in found.notes.values())


def check_parameters_are_declared(learner: ClusterLearner) -> None:
    """Each parameter has a meaning, a default that it allows itself, and a search inside its range."""
    names = [parameter.name for parameter in learner.parameters]
    assert len(set(names)) == len(names)
    for one in learner.parameters:
        assert one.meaning.endswith("."), one.name
        assert one.check(one.default, learner.name) == one.default, one.name
        for bound in one.search or ():
            one.check(int(bound) if isinstance(one.default, int) else bound, learner.name)


def check_wrong_settings_are_refused(learner: ClusterLearner) -> None:
    """An unknown name and a value that does not fit are refused before any work, with a sentence."""
    points = _three_groups()
    unknown: dict[str, Value] = {"no_such_parameter": 1}
    for settings in (unknown, *({one.name: _wrong(one)} for one in learner.parameters)):
        error = _refusal(partial(_fit, learner, points, 3, settings=settings))
        assert learner.name in str(error)
        assert error.hint


def check_finds_plain_groups(learner: ClusterLearner) -> None:
    """Three groups far apart are found, given their number; and without it where it claims to find that."""
    points = _three_groups()
    truth = np.repeat([0, 1, 2], points.rows // 3)
    for k in (3, None) if learner.finds_k else (3,):
        found = _fit(learner, points, k)
        assert _same_partition(found.labels, truth), k


def check_labels_are_those_of_the_body(learner: ClusterLearner) -> None:
    """The labels are what the body says of the rows, all rows and each alone, and every cluster has rows."""
    for points in (_three_groups(), _overlapping(), _with_flags()):
        found = _fit(learner, points, 3)
        assert found.labels.dtype == np.int64
        assert found.labels.shape == (points.rows,)
        assert np.array_equal(found.labels, assign(found.body, points.matrix))
        assert set(found.labels.tolist()) == set(range(found.body.clusters))
        assert np.isfinite(found.body.distances(points.matrix)).all()
        if found.stray is not None:
            assert found.stray.shape == (points.rows,)


def check_k_is_honoured(learner: ClusterLearner) -> None:
    """As many groups come back as were asked for, up to the number of different rows."""
    points = _overlapping()
    for k in (1, 2, 5, 12):
        assert _fit(learner, points, k).body.clusters == k, k
    doubled = Points(np.repeat(points.matrix[:7], 3, axis=0), points.names)
    for k in (1, 3, 7):
        found = _fit(learner, doubled, k)
        assert found.body.clusters == k, k
        assert (found.labels.reshape(7, 3) == found.labels.reshape(7, 3)[:, :1]).all()


def check_too_many_groups_are_refused(learner: ClusterLearner) -> None:
    """More groups than different rows, or fewer than one, are refused with a sentence."""
    doubled = Points(np.repeat(_overlapping().matrix[:4], 5, axis=0), ("a", "b"))
    for k in (5, 20, 0, -1):
        error = _refusal(partial(_fit, learner, doubled, k))
        assert str(k) in str(error)


def check_few_rows(learner: ClusterLearner) -> None:
    """One row, two rows and three rows are grouped."""
    for rows in (1, 2, 3):
        points = Points(_overlapping().matrix[:rows], ("a", "b"))
        for k in (1, rows) + ((None,) if learner.finds_k else ()):
            found = _fit(learner, points, k)
            assert len(found.labels) == rows
            assert k is None or found.body.clusters == k


def check_constant_columns(learner: ClusterLearner) -> None:
    """Columns of one value each, beside others and alone, do no harm."""
    rows = _three_groups().matrix
    beside = Points(
        np.column_stack([rows, np.full(len(rows), 7, np.float32), np.zeros(len(rows), np.float32)]), tuple("abcd")
    )
    assert _same_partition(_fit(learner, beside, 3).labels, np.repeat([0, 1, 2], len(rows) // 3))
    alone = Points(np.full((50, 2), 3.5, np.float32), ("a", "b"))
    for k in (1, None) if learner.finds_k else (1,):
        found = _fit(learner, alone, k)
        assert found.body.clusters == 1
        assert not found.labels.any()


def check_equal_rows(learner: ClusterLearner) -> None:
    """Ten thousand equal rows are one group; with one other row they are two."""
    matrix = np.full((_EQUAL, 3), 1.25, np.float32)
    assert _fit(learner, Points(matrix, tuple("abc")), 1).body.clusters == 1
    matrix[17] = 9.0
    found = _fit(learner, Points(matrix, tuple("abc")), 2)
    assert np.bincount(found.labels).tolist() in ([_EQUAL - 1, 1], [1, _EQUAL - 1])


def check_inputs_are_untouched(learner: ClusterLearner) -> None:
    """Rows and weights are as before; the arrays here cannot even be written."""
    points = _overlapping()
    matrix, weight = points.matrix.copy(), np.linspace(1, 2, points.rows)
    matrix.flags.writeable = weight.flags.writeable = False
    _fit(learner, Points(matrix, points.names, weight), 3)
    assert np.array_equal(matrix, points.matrix)


def check_same_seed_same_answer(learner: ClusterLearner) -> None:
    """Two fits with one seed give the same labels and distances; a deadline that does not bind changes nothing."""
    points = _overlapping()
    first = _fit(learner, points, 4)
    second = _fit(learner, points, 4, deadline=_Countdown(3600))
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.body.distances(points.matrix), second.body.distances(points.matrix))


def check_order_of_rows(learner: ClusterLearner) -> None:
    """Rows in another order give the same partition, where ``order_free`` says so."""
    if not getattr(learner, "order_free", False):
        return
    points = _overlapping()
    order = np.random.default_rng(5).permutation(points.rows)
    assert _same_partition(_fit(learner, points.take(order), 4).labels, _fit(learner, points, 4).labels[order])


def check_weights_are_taken(learner: ClusterLearner) -> None:
    """Weights do no harm; where the method cannot use them, its notes say so under ``weights``."""
    points = _three_groups()
    weighted = Points(points.matrix, points.names, np.random.default_rng(3).uniform(0.5, 3, points.rows))
    found = _fit(learner, weighted, 3)
    assert _same_partition(found.labels, np.repeat([0, 1, 2], points.rows // 3))


def check_wrong_rows_are_refused(learner: ClusterLearner) -> None:
    """No rows, no columns, a number that is not finite, and a weight of 0 are refused with a sentence."""
    points = _three_groups()
    endless, missing = points.matrix.copy(), points.matrix.copy()
    endless[3, 0], missing[3, 0] = np.inf, np.nan
    for wrong in (
        Points(points.matrix[:0], points.names),
        Points(points.matrix[:, :0], ()),
        Points(endless, points.names),
        Points(missing, points.names),
        Points(points.matrix, points.names, np.zeros(points.rows)),
    ):
        _refusal(partial(_fit, learner, wrong, 1))


def check_deadline_is_kept(learner: ClusterLearner) -> None:
    """A fit that would take long ends near its deadline with what it has, or says that the time was too short."""
    matrix = np.random.default_rng(0).normal(size=(20_000, 4)).astype(np.float32)
    began = time.monotonic()
    _answer_or_sentence(partial(_fit, learner, Points(matrix, tuple("abcd")), 8, deadline=_Countdown(_SECONDS)))
    assert time.monotonic() - began < _SECONDS + _GRACE


def check_no_time_at_all(learner: ClusterLearner) -> None:
    """With no time left there is a quick answer or a BudgetError."""
    began = time.monotonic()
    _answer_or_sentence(partial(_fit, learner, _overlapping(), 3, deadline=_Countdown(0.0)))
    assert time.monotonic() - began < _GRACE


def check_warnings_stay_inside(learner: ClusterLearner) -> None:
    """No warning of a library escapes, whatever the rows are like; a note may tell of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for points in (_overlapping(), _with_flags(), Points(np.eye(6, dtype=np.float32), tuple("abcdef"))):
            _fit(learner, points, 5)


CHECKS: tuple[Callable[[ClusterLearner], None], ...] = (
    check_is_a_cluster_learner,
    check_parameters_are_declared,
    check_wrong_settings_are_refused,
    check_finds_plain_groups,
    check_labels_are_those_of_the_body,
    check_k_is_honoured,
    check_too_many_groups_are_refused,
    check_few_rows,
    check_constant_columns,
    check_equal_rows,
    check_inputs_are_untouched,
    check_same_seed_same_answer,
    check_order_of_rows,
    check_weights_are_taken,
    check_wrong_rows_are_refused,
    check_deadline_is_kept,
    check_no_time_at_all,
    check_warnings_stay_inside,
)
"""Every check; a test should assert their number, so that none is lost in silence."""


def _fit(
    learner: ClusterLearner,
    points: Points,
    k: int | None,
    *,
    settings: dict[str, Value] | None = None,
    deadline: Deadline | None = None,
) -> Clustering:
    return learner.fit(points, k, seed=7, deadline=deadline or NoDeadline(), settings=settings or {})


def _three_groups() -> Points:
    chance = np.random.default_rng(1)
    middles = np.repeat(np.array([[0, 0], [20, 0], [0, 20]]), 40, axis=0)
    return Points((middles + chance.normal(size=(120, 2))).astype(np.float32), ("a", "b"))


def _overlapping() -> Points:
    chance = np.random.default_rng(2)
    middles = np.repeat(np.array([[0, 0], [3, 0], [0, 3], [3, 3]]), 50, axis=0)
    return Points((middles + chance.normal(size=(200, 2))).astype(np.float32), ("a", "b"))


def _with_flags() -> Points:
    """Return a number beside a category of three levels, as columns of which one is set."""
    chance = np.random.default_rng(3)
    level = chance.integers(0, 3, 150)
    matrix = np.column_stack([chance.normal(size=150), *(level == one for one in range(3))]).astype(np.float32)
    return Points(matrix, ("a", "red", "green", "blue"), None, ((1, 4),))


def _same_partition(one: NDArray[np.int64], two: NDArray[np.int64]) -> bool:
    pairs = set(zip(one.tolist(), two.tolist(), strict=True))
    return len(pairs) == len({first for first, _ in pairs}) == len({second for _, second in pairs})


def _answer_or_sentence(fit: Callable[[], Clustering]) -> None:
    try:
        found = fit()
    except BudgetError as error:
        assert error.hint  # noqa: PT017 - pytest is not there for users of the checks
        return
    assert set(found.labels.tolist()) == set(range(found.body.clusters))


def _wrong(parameter: Parameter) -> Value:
    """Return a value that the parameter does not allow."""
    return 1.5 if isinstance(parameter.default, str) else "no such value"


def _refusal(act: Callable[[], object]) -> MainstayError:
    try:
        act()
    except UsageError as error:
        return error
    raise AssertionError("this was taken, and should have been refused with a UsageError")

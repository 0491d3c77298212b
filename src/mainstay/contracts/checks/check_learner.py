"""The proofs that a learner keeps its contract, and the small tables that they learn from.

A plugin author runs them over a learner of their own::

    for name, check in check_learner(MyLearner(), evaluate):
        check()

where ``evaluate`` answers with a model as data; :func:`mainstay.graph.evaluate_trees.evaluate` does.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.arrays import Features
from mainstay.contracts.checks.check_unseen_rows import (
    check_far_and_sparse_rows,
    check_unseen_rows_are_answered_better_than_by_chance,
)
from mainstay.contracts.checks.lessons import CLOSE, fit, gap, quick, tables
from mainstay.contracts.checks.tables import amounts, classes, feature_rows
from mainstay.contracts.errors import BudgetError, MainstayError, UsageError
from mainstay.contracts.learner import Fitted, Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Learner, Parameter
    from mainstay.contracts.model import ModelGraph

    Evaluate = Callable[[ModelGraph, NDArray[np.float32]], NDArray[np.float64]]

__all__ = [
    "CHECKS",
    "answer_digest",
    "check_answers_have_their_shape",
    "check_classes_without_rows",
    "check_deadline_is_kept",
    "check_far_and_sparse_rows",
    "check_graph_answers_as_predict",
    "check_inputs_are_untouched",
    "check_is_a_learner",
    "check_learner",
    "check_missing_values",
    "check_no_time_at_all",
    "check_parameters_are_declared",
    "check_poor_tables",
    "check_rows_are_answered_alone",
    "check_same_answer_in_another_process",
    "check_same_seed_same_answer",
    "check_scale_of_amounts",
    "check_unseen_rows_are_answered_better_than_by_chance",
    "check_weights_count",
    "check_wrong_rows_are_refused",
    "check_wrong_settings_are_refused",
]

_SECONDS, _GRACE = 0.5, 1.5
"""A deadline, and how much later a busy machine may be."""


def check_learner(learner: Learner, evaluate: Evaluate) -> list[tuple[str, Callable[[], None]]]:
    """Return every check with its name, ready to be called; a check raises AssertionError where it fails.

    Parameters
    ----------
    learner : Learner
    evaluate : callable
        Model and float32 (n, d) rows -> float64 (n, outputs) answers.
    """
    return [(check.__name__, partial(check, learner, evaluate)) for check in CHECKS]


def answer_digest(path: str) -> str:
    """Return a digest of what the learner at a dotted path answers; another process must give the same."""
    module, _, name = path.rpartition(".")
    learner: Learner = getattr(import_module(module), name)()
    mark = sha256()
    for features, target in tables(learner):
        mark.update(fit(learner, features, target).predict(features).tobytes())
    return mark.hexdigest()


class _Countdown:
    """A deadline so many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())


def check_is_a_learner(learner: Learner, evaluate: Evaluate) -> None:
    """It has a name, tasks and parameters; what it fits has answers, a graph and notes of plain values."""
    del evaluate
    assert learner.name.isidentifier()
    assert set(learner.tasks) <= {"classification", "regression"}
    assert learner.tasks
    for features, target in tables(learner):
        fitted = fit(learner, features, target)
        assert isinstance(fitted, Fitted)
        assert all(isinstance(value, (bool, int, float, str)) for value in fitted.notes().values())


def check_parameters_are_declared(learner: Learner, evaluate: Evaluate) -> None:
    """Each parameter has a meaning, a default that it allows itself, and a search inside its range."""
    del evaluate
    names = [parameter.name for parameter in learner.parameters]
    assert len(set(names)) == len(names)
    for one in learner.parameters:
        assert one.meaning.endswith("."), one.name
        assert one.check(one.default, learner.name) == one.default, one.name
        for bound in one.search or ():
            one.check(int(bound) if isinstance(one.default, int) else bound, learner.name)


def check_wrong_settings_are_refused(learner: Learner, evaluate: Evaluate) -> None:
    """An unknown name and a value that does not fit are refused before any work, with a sentence."""
    del evaluate
    features, target = next(tables(learner))
    for settings in ({"no_such_parameter": 1}, *({one.name: _wrong(one)} for one in learner.parameters)):
        error = _refusal(UsageError, partial(fit, learner, features, target, settings=dict(settings)))
        assert learner.name in str(error)
        assert error.hint


def check_inputs_are_untouched(learner: Learner, evaluate: Evaluate) -> None:
    """Features, target and weights are as before; the arrays here cannot even be written."""
    del evaluate
    for features, target in tables(learner):
        weighted = Target(target.task, target.values, target.classes, np.ones(len(target.values)))
        for array in (features.matrix, weighted.values, weighted.weight):
            if array is not None:
                array.flags.writeable = False
        fit(learner, features, weighted).predict(features)


def check_same_seed_same_answer(learner: Learner, evaluate: Evaluate) -> None:
    """Two fits with one seed answer with the same bits; a deadline that does not bind changes nothing."""
    del evaluate
    for features, target in tables(learner):
        first = fit(learner, features, target).predict(features)
        second = fit(learner, features, target, deadline=_Countdown(3600)).predict(features)
        assert np.array_equal(first, second)


def check_same_answer_in_another_process(learner: Learner, evaluate: Evaluate) -> None:
    """Another process answers with the same bits."""
    del evaluate
    path = f"{type(learner).__module__}.{type(learner).__qualname__}"
    program = f"from {__name__} import answer_digest; import sys; sys.stdout.write(answer_digest({path!r}))"
    done = subprocess.run(  # noqa: S603 - our own interpreter with our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == answer_digest(path)


def check_deadline_is_kept(learner: Learner, evaluate: Evaluate) -> None:
    """A fit that would take long ends near its deadline with what it has, or says that the time was too short."""
    del evaluate
    long = {"n_estimators": 100_000} if quick(learner) else {}
    for features, target in tables(learner, rows=4000):
        began = time.monotonic()
        try:
            fitted = fit(learner, features, target, settings=dict(long), deadline=_Countdown(_SECONDS))
        except BudgetError:
            fitted = None
        assert time.monotonic() - began < _SECONDS + _GRACE
        assert fitted is None or np.isfinite(fitted.predict(features)).all()


def check_no_time_at_all(learner: Learner, evaluate: Evaluate) -> None:
    """With no time left there is an immediate answer or a BudgetError."""
    del evaluate
    features, target = next(tables(learner))
    try:
        fit(learner, features, target, deadline=_Countdown(0.0)).predict(features)
    except BudgetError as error:
        assert error.hint  # noqa: PT017 - pytest is not there for users of the checks


def check_answers_have_their_shape(learner: Learner, evaluate: Evaluate) -> None:
    """Probabilities are (n, classes), from 0 to 1, and sum to 1; amounts are (n,); no rows give no answers."""
    del evaluate
    for features, target in tables(learner):
        fitted = fit(learner, features, target)
        for rows in (features, features.take(slice(0, 1)), features.take(slice(0, 0))):
            answers = fitted.predict(rows)
            assert answers.dtype == np.float64
            assert answers.shape == (len(rows.matrix), target.classes)[: 1 + (target.classes > 0)]
            assert np.isfinite(answers).all()
            if target.classes:
                assert ((answers >= 0) & (answers <= 1 + CLOSE)).all()
                assert np.allclose(answers.sum(axis=1), 1.0, atol=CLOSE)


def check_classes_without_rows(learner: Learner, evaluate: Evaluate) -> None:
    """A class that the rows lack has its column, of zeros, in the answers and in the graph."""
    if "classification" not in learner.tasks:
        return
    features = feature_rows(200, missing=learner.takes_missing, codes=learner.takes_codes)
    for present in ([0, 2], [1], [1, 2, 4]):
        values = np.asarray(present)[classes(features, len(present)).values]
        fitted = fit(learner, features, Target("classification", values, 5))
        answers = fitted.predict(features)
        assert answers.shape == (200, 5)
        assert not answers[:, [code for code in range(5) if code not in present]].any()
        assert gap(evaluate(fitted.graph(), features.matrix), answers) <= CLOSE


def check_weights_count(learner: Learner, evaluate: Evaluate) -> None:
    """Heavy weights on some rows draw the answers towards them."""
    del evaluate
    for features, target in tables(learner):
        heavy = target.values > np.median(target.values) if not target.classes else target.values == 1
        weight = np.where(heavy, 20.0, 1.0)
        plain = fit(learner, features, target).predict(features)
        drawn = fit(learner, features, Target(target.task, target.values, target.classes, weight)).predict(features)
        gain = drawn - plain if not target.classes else drawn[:, 1] - plain[:, 1]
        assert gain.mean() > 0


def check_wrong_rows_are_refused(learner: Learner, evaluate: Evaluate) -> None:
    """Negative weights, a target of another length, and infinite or surplus features are refused with a sentence."""
    del evaluate
    features, target = next(tables(learner))
    if learner.name != "baseline":
        short = Target(target.task, target.values[:-1], target.classes)
        negative = Target(target.task, target.values, target.classes, np.full(len(target.values), -1.0))
        for wrong in (short, negative):
            _refusal(UsageError, partial(fit, learner, features, wrong))
        _refusal(UsageError, partial(fit, learner, features.take(slice(0, 0)), target.take(np.arange(0))))
        _refusal(UsageError, partial(fit, learner, _only(features, []), target))
        endless = features.matrix.copy()
        endless[3, 0] = np.inf
        _refusal(UsageError, partial(fit, learner, Features(endless, features.names, features.categorical), target))
        fitted = fit(learner, features, target)
        _refusal(UsageError, partial(fitted.predict, _only(features, [0, 1])))


def check_missing_values(learner: Learner, evaluate: Evaluate) -> None:
    """Missing values are taken, also where training had none; or refused with the column's name."""
    features = feature_rows(200, missing=False, codes=False)
    holed = feature_rows(200, missing=True, codes=False)
    target = classes(features, 2) if "classification" in learner.tasks else amounts(features)
    if not learner.takes_missing:
        error = _refusal(UsageError, partial(fit, learner, holed, target))
        assert any(repr(name) in str(error) for name in holed.names)
        _refusal(UsageError, partial(fit(learner, features, target).predict, holed))
        return
    for seen in (features, holed):
        fitted = fit(learner, seen, target)
        for rows in (features, holed):
            assert gap(evaluate(fitted.graph(), rows.matrix), fitted.predict(rows)) <= CLOSE


def check_graph_answers_as_predict(learner: Learner, evaluate: Evaluate) -> None:
    """The model as data answers as the library does, on rows it has not seen too, unseen codes included."""
    other = feature_rows(500, missing=learner.takes_missing, codes=learner.takes_codes, seed=9)
    for features, target in tables(learner):
        fitted = fit(learner, features, target)
        for rows in (features, other):
            assert gap(evaluate(fitted.graph(), rows.matrix), fitted.predict(rows)) <= CLOSE


def check_rows_are_answered_alone(learner: Learner, evaluate: Evaluate) -> None:
    """A row's answer does not depend on the other rows or their order."""
    del evaluate
    for features, target in tables(learner):
        fitted = fit(learner, features, target)
        whole = fitted.predict(features)
        order = np.random.default_rng(3).permutation(len(whole))
        assert gap(fitted.predict(features.take(order)), whole[order]) <= CLOSE
        alone = np.concatenate([fitted.predict(features.take(np.array([row]))) for row in range(20)])
        assert gap(alone, whole[:20]) <= CLOSE


def check_poor_tables(learner: Learner, evaluate: Evaluate) -> None:
    """One feature, constant features, two rows, and a target without variation have answers."""
    for features, target in tables(learner):
        constant = Features(np.ones_like(features.matrix), features.names)
        still = target.take(np.zeros(len(target.values), np.int64))
        two = np.array([int(np.argmin(target.values)), int(np.argmax(target.values))])
        for rows, wanted in (
            (_only(features, [0]), target),
            (constant, target),
            (features, still),
            (features.take(two), target.take(two)),
        ):
            fitted = fit(learner, rows, wanted)
            answers = fitted.predict(rows)
            assert np.isfinite(answers).all()
            assert gap(evaluate(fitted.graph(), rows.matrix), answers) <= CLOSE


def check_scale_of_amounts(learner: Learner, evaluate: Evaluate) -> None:
    """Tiny amounts and large ones with little variation are learned as well as plain ones."""
    if "regression" not in learner.tasks:
        return
    features = feature_rows(240, missing=learner.takes_missing, codes=learner.takes_codes)
    target = amounts(features)
    plain = fit(learner, features, target).predict(features)
    for factor, shift in ((1e-12, 0.0), (1.0, 1e9), (1e12, 0.0)):
        moved = fit(learner, features, Target("regression", target.values.astype(np.float64) * factor + shift))
        answers = (moved.predict(features) - shift) / factor
        lost = float(np.var(answers - plain)) / max(float(np.var(plain)), 1e-12)
        assert lost < 0.05  # not zero: near ties may be split otherwise
        graph = evaluate(moved.graph(), features.matrix)
        assert gap(graph, moved.predict(features)) <= CLOSE


CHECKS: tuple[Callable[[Learner, Evaluate], None], ...] = (
    check_is_a_learner,
    check_parameters_are_declared,
    check_wrong_settings_are_refused,
    check_inputs_are_untouched,
    check_same_seed_same_answer,
    check_same_answer_in_another_process,
    check_deadline_is_kept,
    check_no_time_at_all,
    check_answers_have_their_shape,
    check_classes_without_rows,
    check_weights_count,
    check_wrong_rows_are_refused,
    check_missing_values,
    check_graph_answers_as_predict,
    check_rows_are_answered_alone,
    check_poor_tables,
    check_scale_of_amounts,
    check_unseen_rows_are_answered_better_than_by_chance,
    check_far_and_sparse_rows,
)
"""Every check; a test should assert their number, so that none is lost in silence."""


def _refusal(kind: type[MainstayError], call: Callable[[], object]) -> MainstayError:
    """Return the error that a call ends in."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{call} was expected to end in {kind.__name__}")


def _wrong(parameter: Parameter) -> Any:
    """Return a value that the parameter cannot take."""
    if isinstance(parameter.default, bool):
        return "perhaps"
    if isinstance(parameter.default, str):
        return "no such word"
    return parameter.low - 1 if parameter.low is not None else "a word"


def _only(features: Features, columns: list[int]) -> Features:
    return Features(features.matrix[:, columns], tuple(features.names[column] for column in columns))

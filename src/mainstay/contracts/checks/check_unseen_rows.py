"""The proofs that a learner learns, and that rows unlike those it has seen cannot break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.arrays import Features
from mainstay.contracts.checks.lessons import CLOSE, fit, gap
from mainstay.contracts.checks.tables import amounts, classes, feature_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Learner, Target
    from mainstay.contracts.model import ModelGraph

    Evaluate = Callable[[ModelGraph, NDArray[np.float32]], NDArray[np.float64]]

__all__ = ["check_far_and_sparse_rows", "check_unseen_rows_are_answered_better_than_by_chance"]

_YARDSTICK = "baseline"
_WORTH = 0.95
"""The part of the baseline's squared error that a learner may have at most on unseen rows of an easy table."""


def check_unseen_rows_are_answered_better_than_by_chance(learner: Learner, evaluate: Evaluate) -> None:
    """On rows it has not seen its answers are nearer than the mean amount, or the class shares, would be."""
    del evaluate
    if learner.name == _YARDSTICK:
        return
    features = _known(feature_rows(600, missing=learner.takes_missing, codes=learner.takes_codes))
    taught, unseen = np.arange(400), np.arange(400, 600)
    for target in _targets(learner, features):
        answers = fit(learner, features.take(taught), target.take(taught)).predict(features.take(unseen))
        truth = np.eye(target.classes)[target.values] if target.classes else target.values[:, None]
        error = ((answers.reshape(len(unseen), -1) - truth[unseen]) ** 2).mean()
        assert error < _WORTH * ((truth[taught].mean(axis=0) - truth[unseen]) ** 2).mean()


def check_far_and_sparse_rows(learner: Learner, evaluate: Evaluate) -> None:
    """Columns of 0 and 1, one of them with a lone 1, are learned; numbers far outside have finite answers."""
    plain = feature_rows(240, missing=False, codes=False)
    city = plain.matrix[:, 5]
    flags = np.column_stack([city == level for level in range(9)] + [np.arange(240) == 17]).astype(np.float32)
    names = (*plain.names[:5], *(f"city {level}" for level in range(9)), "rare")
    features = Features(np.column_stack([plain.matrix[:, :5], flags]), names)
    other = features.matrix[:60].copy()
    other[:20, 5:] = 0.0  # a level that was not seen
    other[20:40, :5] *= 1e6
    other[40:60, :5] = 3e38
    unseen = Features(other, names)
    for target in _targets(learner, plain):
        fitted = fit(learner, features, target)
        for rows in (features, unseen):
            answers = fitted.predict(rows)
            assert np.isfinite(answers).all()
            assert gap(evaluate(fitted.graph(), rows.matrix), answers) <= CLOSE


def _targets(learner: Learner, features: Features) -> list[Target]:
    many = [classes(features, 2), classes(features, 3)] if "classification" in learner.tasks else []
    return many + ([amounts(features)] if "regression" in learner.tasks else [])


def _known(features: Features) -> Features:
    """Return the features with the column of large numbers brought to the size of the others."""
    matrix = features.matrix.copy()
    matrix[:, 2] /= 1000
    return Features(matrix, features.names, features.categorical)

"""What every check of a learner does: fit it quickly to small tables, and measure how far two answers are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.checks.tables import amounts, classes, feature_rows
from mainstay.contracts.learner import NoDeadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Learner, Target, Value

__all__ = ["CLOSE", "fit", "gap", "quick", "tables"]

CLOSE = 1e-9


def fit(
    learner: Learner,
    features: Features,
    target: Target,
    *,
    settings: dict[str, Value] | None = None,
    deadline: Deadline | None = None,
) -> Fitted:
    """Return the learner fitted with the seed 7, quickly where no settings are given."""
    chosen = quick(learner) if settings is None else settings
    return learner.fit(features, target, seed=7, deadline=deadline or NoDeadline(), settings=chosen)


def quick(learner: Learner) -> dict[str, Value]:
    """Return settings that make a fit short."""
    return {"n_estimators": 20} if any(one.name == "n_estimators" for one in learner.parameters) else {}


def tables(learner: Learner, rows: int = 240) -> Iterator[tuple[Features, Target]]:
    """Yield a table for each task: two classes, three classes, amounts."""
    features = feature_rows(rows, missing=learner.takes_missing, codes=learner.takes_codes)
    if "classification" in learner.tasks:
        yield features, classes(features, 2)
        yield features, classes(features, 3)
    if "regression" in learner.tasks:
        yield features, amounts(features)


def gap(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Return the largest difference, relative where the answers are larger than 1."""
    if not theirs.size:
        return 0.0
    difference = np.abs(ours.reshape(theirs.shape) - theirs)
    return float((difference / np.maximum(1.0, np.abs(theirs))).max())

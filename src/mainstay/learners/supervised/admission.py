"""What every supervised learner asks of its input before it starts, so that bad input gets one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import BudgetError, UsageError
from mainstay.contracts.learner import check_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Learner, Target, Value

__all__ = ["NO_TIME", "Amounts", "Classes", "admit", "admit_rows", "amounts_of", "classes_of"]

NO_TIME = "no time is left to begin"
"""What a learner says when its deadline is over before it has begun."""


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that the rows really hold; a fold may lack some.

    Parameters
    ----------
    count : int
        How many columns of probabilities must come back.
    present : int64 array of shape (k,)
        The classes with at least one row, ascending.
    codes : int64 array of shape (n,)
        Each row's position in ``present``.
    """

    count: int
    present: NDArray[np.int64]
    codes: NDArray[np.int64]

    def widen(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, count) probabilities from (n, k): zero for each class without a row.

        Examples
        --------
        >>> classes = Classes(3, np.array([0, 2]), np.array([0, 1]))
        >>> classes.widen(np.array([[0.25, 0.75]])).tolist()
        [[0.25, 0.0, 0.75]]
        """
        if len(self.present) == self.count:
            return probabilities
        wide = np.zeros((len(probabilities), self.count))
        wide[:, self.present] = probabilities
        return wide


@dataclass(frozen=True, slots=True)
class Amounts:
    """A target of amounts, brought to mean 0 and deviation 1.

    Tree libraries keep targets in float32 and call a variance below 1e-16 pure: targets such as 1.7e9 + small or
    1e-10 would be lost without this.

    Parameters
    ----------
    values : float64 array of shape (n,)
    centre, spread : float
        ``values * spread + centre`` are the amounts; spread is 0 where all rows have the same amount.
    """

    values: NDArray[np.float64]
    centre: float
    spread: float


def admit(
    learner: Learner, features: Features, target: Target, settings: Mapping[str, Value], deadline: Deadline
) -> dict[str, Value]:
    """Return the checked settings, or say why the learner cannot start.

    Raises
    ------
    UsageError
        When the task is not the learner's, shapes do not fit, there is no row or no column, a value is missing or
        infinite where that is not allowed, a weight is negative, or a setting does not fit.
    BudgetError
        When no time is left.
    """
    settings = check_parameters(learner.name, learner.parameters, settings)
    if target.task not in learner.tasks:
        raise UsageError(
            f"it learns {' and '.join(learner.tasks)}, and the task is {target.task}",
            where=learner.name,
            hint="Choose another learner for this target.",
        )
    _check_shapes(learner.name, features, target)
    _check_target(learner.name, target)
    admit_rows(learner, features, features.matrix.shape[1])
    if deadline.left() <= 0:
        raise BudgetError(NO_TIME, where=learner.name, hint="Give a larger time budget or fewer candidates.")
    return settings


def admit_rows(learner: Learner, features: Features, width: int) -> None:
    """Check rows to learn from or to answer.

    Raises
    ------
    UsageError
        When there are more or fewer columns than ``width``, or a value is infinite, or missing where the learner
        does not take that.
    """
    matrix = features.matrix
    if matrix.ndim != 2 or matrix.shape[1] != width:
        raise UsageError(
            f"rows of {width} features were expected, and an array of shape {matrix.shape} came", where=learner.name
        )
    if np.isfinite(matrix).all():
        return
    missing = np.flatnonzero(np.isnan(matrix).any(axis=0))
    endless = np.flatnonzero(np.isinf(matrix).any(axis=0))
    if len(endless):
        raise UsageError(
            f"finite numbers were expected, and the feature {_name(features, endless)} holds an infinite one",
            where=learner.name,
            hint="Treat it as missing.",
        )
    if len(missing) and not learner.takes_missing:
        raise UsageError(
            f"it does not take missing values, and the feature {_name(features, missing)} has some",
            where=learner.name,
            hint="Use a recipe that fills them, such as missing = median.",
        )


def classes_of(target: Target) -> Classes:
    """Return the classes that the rows hold."""
    present, codes = np.unique(target.values, return_inverse=True)
    return Classes(target.classes, present.astype(np.int64), codes.astype(np.int64))


def amounts_of(target: Target) -> Amounts:
    """Return the target at mean 0 and deviation 1, weights counted."""
    values = np.asarray(target.values, np.float64)
    if values.min() == values.max():
        return Amounts(np.zeros_like(values), float(values[0]), 0.0)
    centre = float(np.average(values, weights=target.weight))
    spread = float(np.sqrt(np.average((values - centre) ** 2, weights=target.weight)))
    if spread == 0.0:  # all the weight is on one amount
        return Amounts(np.zeros_like(values), centre, 0.0)
    return Amounts((values - centre) / spread, centre, spread)


def _check_shapes(owner: str, features: Features, target: Target) -> None:
    rows, width = features.matrix.shape
    if rows == 0 or width == 0:
        raise UsageError(
            f"at least one row and one feature are needed, and {rows} rows with {width} features came",
            where=owner,
            hint="Only the baseline learns without features.",
        )
    if len(target.values) != rows or (target.weight is not None and len(target.weight) != rows):
        raise UsageError(
            f"a target (and weight) for each of {rows} rows was expected, and {len(target.values)} came", where=owner
        )


def _check_target(owner: str, target: Target) -> None:
    values, weight = target.values, target.weight
    if not np.isfinite(values).all():
        raise UsageError("a finite target in every row was expected, and some are not", where=owner)
    if target.task == "classification" and (values.min() < 0 or values.max() >= target.classes):
        raise UsageError(
            f"class codes from 0 to {target.classes - 1} were expected, and {values.min()} to {values.max()} came",
            where=owner,
        )
    if weight is not None and not (np.isfinite(weight).all() and (weight >= 0).all() and (weight > 0).any()):
        raise UsageError(
            "weights of at least 0, some above 0, were expected", where=owner, hint="Look at the weight column."
        )


def _name(features: Features, marked: NDArray[np.intp]) -> str:
    position = int(marked[0])
    return repr(features.names[position]) if position < len(features.names) else f"number {position + 1}"

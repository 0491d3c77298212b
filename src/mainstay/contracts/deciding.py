"""How probabilities and amounts become answers: thresholds, costs, prediction sets and intervals, in one place.

Training chooses these, the bundle keeps them and the server applies them; all three must do the same sums, and the
same bits for one row as for many. So everything here works element by element, in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["Costs", "PredictionIntervals", "PredictionSets", "decide", "decision_gap", "expected_costs"]

Costs = tuple[tuple[float, ...], ...]
"""What an answer costs: a row for each true class, in it a number for each class that may be answered."""


class PredictionSets(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sets", tag_field="kind"
):
    """Which classes are in a row's prediction set: those whose probability reaches what their class needs.

    Sets of least ambiguous classes, with a limit for each class (Sadinle, Lei and Wasserman 2019,
    doi:10.1080/01621459.2017.1395341). A set may be empty: no class is probable enough.

    Parameters
    ----------
    level : float
        The share of the truths that the sets are made to hold, above 0 and below 1.
    least : tuple of float
        The least probability of each class, in the order of the labels.

    Examples
    --------
    >>> sets = PredictionSets(level=0.9, least=(0.4, 0.2))
    >>> sets.members(np.array([[0.7, 0.3], [0.9, 0.1]])).tolist()
    [[True, True], [True, False]]
    """

    level: float
    least: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_level(self.level)
        if not self.least or not all(0 <= value <= 1 for value in self.least):
            raise UsageError("the limits of prediction sets must be probabilities", where="intervals")

    def members(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return, for probabilities of shape (n, classes), which classes are in the set of each row."""
        return np.asarray(probabilities.astype(np.float64) >= np.array(self.least), np.bool_)


class PredictionIntervals(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="intervals", tag_field="kind"
):
    """How far below and above a predicted amount its interval reaches, as lines between points.

    Parameters
    ----------
    level : float
        The share of the truths that the intervals are made to hold, above 0 and below 1.
    at : tuple of float
        Predicted amounts, rising.
    below, above : tuple of float
        How far the interval reaches to each side there, at least 0; between two points in a straight line, outside as
        at the nearest.
    floor : float, optional
        No limit is below this: 0 for an amount that never was negative.

    Examples
    --------
    >>> intervals = PredictionIntervals(level=0.9, at=(0.0, 10.0), below=(1.0, 2.0), above=(1.0, 4.0), floor=0.0)
    >>> [limit.tolist() for limit in intervals.limits(np.array([0.5, 5.0, 20.0]))]
    [[0.0, 3.5, 18.0], [1.65, 7.5, 24.0]]
    """

    level: float
    at: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    floor: float | None = None

    def __post_init__(self) -> None:
        _check_level(self.level)
        points = np.array([self.at, self.below, self.above]) if self._even() else np.full((3, 1), np.nan)
        if not np.isfinite(points).all() or (np.diff(points[0]) <= 0).any() or (points[1:] < 0).any():
            raise UsageError(
                "intervals need rising amounts, and a reach of at least 0 to each side for each of them",
                where="intervals",
            )

    def _even(self) -> bool:
        return len(self.at) == len(self.below) == len(self.above) > 0

    def limits(self, amounts: Doubles) -> tuple[Doubles, Doubles]:
        """Return the lower and the upper limits for predicted amounts of shape (n,)."""
        low = amounts - _between(amounts, self.at, self.below)
        high = amounts + _between(amounts, self.at, self.above)
        if self.floor is not None:  # a prediction below the floor keeps its place in its own interval
            low = np.minimum(np.maximum(low, self.floor), amounts)
        return low, high


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UsageError(f"a level must be above 0 and below 1, and {level} came", where="intervals")


def _between(values: Doubles, at: tuple[float, ...], heights: tuple[float, ...]) -> Doubles:
    """Interpolate as ``numpy.interp`` does, with the same steps for one value and for many."""
    x, y = np.array(at), np.array(heights)
    if len(x) == 1:
        return np.full(len(values), y[0])
    inside = np.clip(values, x[0], x[-1])
    place = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, len(x) - 2)
    share = (inside - x[place]) / (x[place + 1] - x[place])
    return np.asarray(y[place] + share * (y[place + 1] - y[place]), np.float64)


def expected_costs(probabilities: NDArray[np.floating], costs: Costs) -> Doubles:
    """Return what each possible answer is expected to cost, of shape (n, classes).

    Examples
    --------
    >>> expected_costs(np.array([[0.8, 0.2]]), ((0.0, 1.0), (8.0, 0.0))).tolist()
    [[1.6, 0.8]]
    """
    shares, table = probabilities.astype(np.float64), np.array(costs, np.float64)
    total = np.zeros((len(shares), table.shape[1]))
    for true in range(len(table)):  # a product of matrices takes other steps for one row than for many
        total += shares[:, true, None] * table[true]
    return total


def decide(
    probabilities: NDArray[np.floating], *, positive: int | None, threshold: float, costs: Costs | None
) -> NDArray[np.int64]:
    """Return the class that is answered for each row of probabilities.

    Parameters
    ----------
    probabilities : array of shape (n, classes)
    positive : int, optional
        With two classes, the position of the positive one.
    threshold : float
        With two classes: the positive one is answered where its probability is at least this.
    costs : Costs, optional
        With more: the answer of the least expected cost; without costs the most probable class. Of equal ones the
        first.

    Examples
    --------
    >>> decide(np.array([[0.7, 0.3], [0.9, 0.1]]), positive=1, threshold=0.25, costs=None).tolist()
    [1, 0]
    """
    if positive is not None:
        return np.where(probabilities[:, positive].astype(np.float64) >= threshold, positive, 1 - positive)
    if costs is None:
        return np.asarray(probabilities.argmax(axis=1), np.int64)
    return np.asarray(expected_costs(probabilities, costs).argmin(axis=1), np.int64)


def decision_gap(
    probabilities: NDArray[np.floating], *, positive: int | None, threshold: float, costs: Costs | None
) -> Doubles:
    """Return how far the probabilities of each row may move, all of them, before its answer can change.

    Examples
    --------
    >>> decision_gap(np.array([[0.5, 0.25, 0.25]]), positive=None, threshold=0.5, costs=None).tolist()
    [0.25]
    """
    if positive is not None:
        return np.abs(probabilities[:, positive].astype(np.float64) - threshold)
    if costs is None:
        best = np.sort(probabilities.astype(np.float64), axis=1)
        return np.asarray(best[:, -1] - best[:, -2], np.float64)
    table = np.array(costs, np.float64)
    reach = len(table) * max(float(np.ptp(table)), np.finfo(np.float64).tiny)
    best = np.sort(expected_costs(probabilities, costs), axis=1)
    return np.asarray((best[:, 1] - best[:, 0]) / reach, np.float64)

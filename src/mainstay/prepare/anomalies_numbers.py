"""Numbers and dates for the detection of anomalies: filled, and measured from their median in robust units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.prepare.clusters_numbers import plan_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.clusters_columns import Source
    from mainstay.prepare.clusters_numbers import NumberPlan
    from mainstay.prepare.cyclic import Cyclic

    Doubles = NDArray[np.float64]

__all__ = ["plan_for_anomalies", "robust_spread"]

_FARTHEST = 1e6
"""Units beyond which a number is held: its square and a sum of many stay finite."""
_RANGES = ((25.0, 75.0, 1.349), (5.0, 95.0, 3.290), (0.5, 99.5, 5.152))
"""Percentiles, and how many deviations of a normal column lie between them."""


def plan_for_anomalies(numbers: NDArray[np.float32], sources: list[Source], circles: Cyclic | None) -> NumberPlan:
    """Decide what is done with every number column.

    Parameters
    ----------
    numbers : float32 array of shape (n, p)
        Of training, or a sample; NaN is missing. Those of circles stand last.
    sources : list of Source
    circles : Cyclic, optional
        The step that made the circles.
    """
    plan = plan_numbers(numbers, sources, circles, scale="robust")
    for source in sources:
        column = source.numbers[0] if source.numbers else -1
        if source.kind == "number" and column in plan.kept:
            values = numbers[:, column]
            _measure(plan, column, source, values[np.isfinite(values)].astype(np.float64))
    return plan


def _measure(plan: NumberPlan, column: int, source: Source, known: Doubles) -> None:
    middle, spread = float(np.median(known)), robust_spread(known)
    plan.centre[column] = plan.fill[column] = _single(middle)
    plan.spread[column] = max(_single(spread), float(np.finfo(np.float32).tiny))
    plan.low[column], plan.high[column] = _single(middle - _FARTHEST * spread), _single(middle + _FARTHEST * spread)
    plan.said[source.name] = f"from the median {middle:.4g}, in units of {spread:.4g}"


def robust_spread(known: Doubles) -> float:
    """Return the deviation of a column as its middle half tells it; of a wider part where that is all equal.

    Examples
    --------
    >>> values = np.arange(101.0)
    >>> round(robust_spread(values), 2), robust_spread(np.append(np.zeros(999), 5.0)) > 0
    (37.06, True)
    """
    smallest = 1e-7 * float(np.abs(known).max())
    for low, high, deviations in _RANGES:
        ends = np.percentile(known, [low, high])
        spread = float(ends[1] - ends[0]) / deviations
        if spread > smallest:
            return spread
    return float(known.std())


def _single(value: float) -> float:
    return float(np.float32(np.clip(value, -3e38, 3e38)))

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
_INNER = (1.0, 99.0)
"""Percentiles to which a column is drawn in before its deviation is taken."""


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
    """Return the deviation of a column with its outer hundredths drawn in; the plain one where that is 0.

    Measured on 40 sets, this told anomalies better than the middle half of a column, and as well as the plain
    deviation, which a single number of 10^6 would blow up (docs/log.md).

    Examples
    --------
    >>> values = np.arange(101.0)
    >>> round(robust_spread(values), 2), robust_spread(np.append(np.zeros(999), 5.0)) > 0
    (29.12, True)
    """
    spread = float(np.clip(known, *np.percentile(known, _INNER)).std())
    return spread if spread > 1e-7 * float(np.abs(known).max()) else float(known.std())


def _single(value: float) -> float:
    return float(np.float32(np.clip(value, -3e38, 3e38)))

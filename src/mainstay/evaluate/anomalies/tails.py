"""How far usual rows reach, estimated from rows among which anomalies are: the middle is seen, the tail carried on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.alarms import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["usual_tail"]


def usual_tail(scores: Doubles, members: Doubles, weights: Doubles) -> Calibration:
    """Return the p-values of usual rows, as lines between points."""
    rising = np.unique(scores)
    if len(rising) == 1:
        return Calibration(kind="tail", scores=(float(rising[0]),), p_values=(1.0,), rows=len(scores))
    del members, weights
    middle, start = np.quantile(scores, [0.5, 0.9])
    if start <= middle:
        start = rising[-1]
        return Calibration(kind="tail", scores=(float(rising[0]),), p_values=(1.0,), rows=len(scores))
    points = np.unique(np.quantile(scores, np.linspace(0, 0.9, 91)))
    order = np.sort(scores)
    shares = (len(order) - np.searchsorted(order, points)) / len(order)
    slope = np.log(5.0) / (start - middle)
    end = points[-1] + np.log(10.0) / slope
    return Calibration(
        kind="tail",
        scores=(*points.tolist(), float(end)),
        p_values=(*shares.tolist(), shares[-1] / 10),
        rows=len(order),
    )

"""The golden rows of an anomaly detector: what is kept of an answer, and what a new one may differ by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.bundle.another_answer import another_answer, stored_number
from mainstay.bundle.records import GoldenRow
from mainstay.contracts.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.detectors import DetectorAnswers
    from mainstay.bundle.records import Cell, DetectorOutputs

__all__ = ["compare_detectors", "detector_row"]


def detector_row(row: dict[str, Cell], answers: DetectorAnswers, at: int) -> GoldenRow:
    """Return a row with the answer that it got."""
    return GoldenRow(
        row=row,
        score=stored_number(answers.score[at]),
        p_value=stored_number(answers.p_value[at]),
        flagged=bool(answers.flagged[at]),
    )


def compare_detectors(
    outputs: DetectorOutputs, stored: Sequence[GoldenRow], answers: DetectorAnswers, *, tolerance: float, place: str
) -> None:
    """Hold the answers of the golden rows that have one to those stored.

    Parameters
    ----------
    outputs : DetectorOutputs
    stored : sequence of GoldenRow
        All rows, the refused ones too.
    answers : DetectorAnswers
        Of the same rows.
    tolerance : float
        Allowed of a score, relative to the larger of itself and the root mean square of all golden scores. A p-value
        must be one of a score that near, and an alarm may differ only where the score is that near to the cut.
    place : str
        For messages.

    Raises
    ------
    ReplayError
        When a score, a p-value or an alarm is another.
    """
    kept = np.array([at for at, row in enumerate(stored) if not row.rejected], np.int64)
    rows = [stored[at] for at in kept]
    if any(msgspec.UNSET in (row.score, row.p_value, row.flagged) for row in rows):
        raise ReplayError("each golden row needs a score, a p-value, and whether it is flagged", where=place)
    score, p_value = _column([row.score for row in rows]), _column([row.p_value for row in rows])
    flagged = np.array([row.flagged is True for row in rows], np.bool_)
    allowed = tolerance * np.maximum(np.abs(score), _spread(score))
    _hold("score", score, answers.score[kept], (score - allowed, score + allowed), (kept, place))
    # A p-value falls in steps as the score rises, so what it may be is told by the scores at both ends.
    ends = outputs.calibration.of(score + allowed), outputs.calibration.of(score - allowed)
    bounds = ends[0] * (1 - tolerance), ends[1] * (1 + tolerance)
    _hold("p-value", p_value, answers.p_value[kept], bounds, (kept, place))
    now = answers.flagged[kept]
    near = np.abs(score - (math.inf if outputs.alarm.cut is None else outputs.alarm.cut)) <= allowed
    for at in np.flatnonzero((flagged != now) & ~near).tolist():
        raise another_answer(f"whether golden row {kept[at]} is flagged", flagged[at], now[at], place)


def _hold(
    name: str,
    was: NDArray[np.float64],
    now: NDArray[np.float64],
    bounds: tuple[NDArray[np.float64], NDArray[np.float64]],
    told: tuple[NDArray[np.int64], str],
) -> None:
    """Refuse a number that is outside of what it may be, or that is one where none was stored."""
    rows, place = told
    with np.errstate(invalid="ignore"):
        same = ((bounds[0] <= now) & (now <= bounds[1])) | (was == now)
        same &= (bounds[0] <= was) & (was <= bounds[1]) | (was == now)
    for at in np.flatnonzero(~(same | (np.isnan(was) & np.isnan(now)))).tolist():
        raise another_answer(f"the {name} of golden row {rows[at]}", was[at], now[at], place)


def _spread(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(finite**2))) if len(finite) else 0.0


def _column(values: Sequence[float | msgspec.UnsetType | None]) -> NDArray[np.float64]:
    return np.array([value if isinstance(value, float | int) else math.nan for value in values], np.float64)

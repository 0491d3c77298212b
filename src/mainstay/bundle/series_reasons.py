"""Why a stretch of a series was flagged, in a sentence: the value that is furthest from usual, and the shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.bundle.anomaly_phrases import figure

if TYPE_CHECKING:
    from mainstay.contracts.series import SeriesPlan

__all__ = ["Moment", "duration", "stretch_reason"]

_FAR = 3.0
_USUAL = 2.0
_SPEAKS = 1.0
"""A member is named where its level says: odder than nine in ten."""

_UNITS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_WEEK = 604_800.0
_NEAR = 0.01


@dataclass(frozen=True, slots=True)
class Moment:
    """The value that is furthest from usual in a stretch.

    Parameters
    ----------
    column : str
    value : float
    usual, spread : float
        What is usual at that time, and how far values usually lie from it.
    """

    column: str
    value: float
    usual: float
    spread: float

    @property
    def surprise(self) -> float:
        """How far it is from usual, in usual spreads."""
        return abs(self.value - self.usual) / self.spread


def duration(points: int, step: float, *, dated: bool) -> str:
    """Return how long so many points last, in words.

    Examples
    --------
    >>> duration(48, 1800.0, dated=True), duration(90, 60.0, dated=True), duration(5, 1.0, dated=False)
    ('1 day', '1.5 hours', '5 points')
    """
    if dated:
        seconds = points * step
        for size, name in _UNITS:
            if seconds >= size:
                count = round(seconds / size, 1)
                return f"{count:g} {name}{'' if count == 1 else 's'}"
    return f"{points:,} point{'' if points == 1 else 's'}"


def _when(plan: SeriesPlan, *, dated: bool) -> str:
    """Return in which part of the rhythm a value is usual."""
    if plan.period == 1:
        return ""
    seconds = plan.period * plan.step if dated else 0.0
    if abs(seconds - _UNITS[0][0]) <= _NEAR * _UNITS[0][0]:
        return " at this time of day"
    if abs(seconds - _WEEK) <= _NEAR * _WEEK:
        return " at this time of the week"
    return f" at this point of its rhythm of {duration(plan.period, plan.step, dated=dated)}"


def stretch_reason(
    plan: SeriesPlan, moment: Moment, levels: dict[str, float], *, columns: int, dated: bool, named: str
) -> str:
    """Return the sentence.

    Parameters
    ----------
    plan : SeriesPlan
    moment : Moment
    levels : dict of member to level
        At the peak.
    columns : int
        How many columns the series has.
    dated : bool
        Whether times are dates.
    named : str
        The column that has the largest part in it.

    Examples
    --------
    >>> from mainstay.contracts.series import SeriesPlan
    >>> plan = SeriesPlan(step=300.0, origin=0.0, stride=4, bins=72, season=((25.0,) * 288,), spread=((3.5,) * 288,),
    ...     slope=(0.0,), level=(1.0,), floor=(0.1,))
    >>> said = {"seasonal_residual": 2.0, "matrix_profile": 3.0}
    >>> stretch_reason(plan, Moment("value", 0.2, 25.0, 3.5), said, columns=1, dated=True, named="value")
    'value 0.2: usually 18 to 32 at this time of day; shape unlike any other 1 day'
    """
    parts = []
    if moment.surprise >= _FAR:
        low, high = moment.usual - _USUAL * moment.spread, moment.usual + _USUAL * moment.spread
        low_said, high_said = (figure(_short(one, moment.spread)) for one in (low, high))
        when = _when(plan, dated=dated)
        parts.append(f"{moment.column} {figure(moment.value)}: usually {low_said} to {high_said}{when}")
    shapes = {name: level for name, level in levels.items() if name != "seasonal_residual"}
    strongest = max(shapes, key=lambda name: shapes[name], default="")
    if strongest and (shapes[strongest] >= _SPEAKS or not parts):
        parts.append(_shape(strongest, duration(plan.window, plan.step, dated=dated), columns, named))
    if not parts:
        parts.append(f"{moment.column} {figure(moment.value)}: unusual at this time")
    return "; ".join(parts)


def _shape(member: str, length: str, columns: int, named: str) -> str:
    which = "" if columns == 1 else f" of {named}"
    if member == "matrix_profile":
        return f"shape{which} unlike any other {length}"
    if member == "sub_pca" and columns > 1:
        return f"{named} does not move with the other columns as usual in {length}"
    if member == "sub_pca":
        return f"the course of {length} departs from what is usual"
    return f"movement{which} unlike the usual kinds of {length}"


def _short(value: float, spread: float) -> float:
    """Return a number without digits that say nothing beside its usual spread."""
    places = 1 - int(np.floor(np.log10(max(spread, 1e-300))))
    return float(round(value, max(-12, min(12, places)))) if np.isfinite(value) else value

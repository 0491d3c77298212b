"""What is fixed about a time series before any of it is scored: the step, the period, the window, what is usual.

It is plain data, kept in the bundle, so that a stretch of new rows is laid out exactly as the rows that taught.
"""

from __future__ import annotations

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["SeriesPlan"]


class SeriesPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How stretches of a series become windows.

    Parameters
    ----------
    step : float
        The usual time between two points, in the unit of the times; above 0.
    origin : float
        A time of the grid; the phase of the season counts from it.
    longest_gap : int, default 5
        Up to so many points in a row that are missing are interpolated; longer gaps divide the series.
    stride : int
        How many points are averaged to one number of a window.
    bins : int
        How many numbers a window has, for each column.
    season : tuple of tuples of float
        For each column the usual value at each place of the period; one place where there is no period.
    spread : tuple of tuples of float
        For each column and place how far values usually lie from it; above 0.
    slope : tuple of float
        For each column how much the usual value grows in one step; 0 where there is no trend.
    level : tuple of float
        For each column the size of its usual movement inside a window; above 0.
    floor : tuple of float
        For each column the least movement that a shape is measured by; above 0.

    Raises
    ------
    UsageError
        When the numbers do not fit each other.

    Examples
    --------
    >>> plan = SeriesPlan(step=60.0, origin=0.0, stride=2, bins=10, season=((5.0,),), spread=((1.0,),),
    ...     slope=(0.0,), level=(1.0,), floor=(0.1,))
    >>> plan.window, plan.period, plan.columns
    (20, 1, 1)
    """

    step: float
    origin: float
    longest_gap: int = 5
    stride: int
    bins: int
    season: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]
    slope: tuple[float, ...]
    level: tuple[float, ...]
    floor: tuple[float, ...]

    def __post_init__(self) -> None:
        each = (self.season, self.spread, self.slope, self.level, self.floor)
        places = {len(places) for places in (*self.season, *self.spread)}
        if not self.season or len({len(one) for one in each}) != 1 or len(places) != 1 or places == {0}:
            raise UsageError("each column of a series needs its season, spread, slope, level and floor", where="series")
        sizes = (self.step, *self.level, *self.floor, *(one for places in self.spread for one in places))
        if not min(sizes) > 0 or min(self.stride, self.bins) < 1 or self.longest_gap < 0:
            raise UsageError("step, spread, level and floor of a series are above 0", where="series")

    @property
    def window(self) -> int:
        """How many points of the grid a window has."""
        return self.stride * self.bins

    @property
    def period(self) -> int:
        """How many points of the grid the season has; 1 where there is none."""
        return len(self.season[0])

    @property
    def columns(self) -> int:
        """How many columns of values there are."""
        return len(self.season)

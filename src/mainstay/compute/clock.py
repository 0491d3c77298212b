"""One clock for a whole run: every loop asks it, so that a time budget is a promise."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from mainstay.contracts.errors import UsageError

__all__ = ["Clock", "parse_seconds"]

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


@dataclass(frozen=True, slots=True)
class Clock:
    """A budget of seconds that began at a moment.

    Parameters
    ----------
    seconds : float, default infinity
    started : float, optional
        A reading of ``time.monotonic()``; now, when not given.

    Examples
    --------
    >>> clock = Clock(60)
    >>> 59 < clock.left() <= 60
    True
    >>> clock.earlier(50).left() <= 10
    True
    """

    seconds: float = float("inf")
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def since_start(cls, seconds: float) -> Clock:
        """Return a clock that began with this process, as nearly as its processor time tells.

        Examples
        --------
        >>> Clock.since_start(60).elapsed() > 0
        True
        """
        return cls(seconds, time.monotonic() - time.process_time())

    def elapsed(self) -> float:
        """Return the seconds since the clock began."""
        return time.monotonic() - self.started

    def left(self) -> float:
        """Return the seconds that are left, never below zero."""
        return max(0.0, self.seconds - self.elapsed())

    def earlier(self, seconds: float) -> Clock:
        """Return a clock that ends so many seconds before this one."""
        return Clock(max(0.0, self.seconds - seconds), self.started)

    def at_most(self, seconds: float) -> Clock:
        """Return a clock that ends after so many seconds from now, or with this one if that is sooner."""
        return Clock(min(self.seconds, self.elapsed() + seconds), self.started)


def parse_seconds(duration: str | float | None) -> float:
    """Return a duration in seconds; None is no limit.

    Parameters
    ----------
    duration : str, float or None
        ``"90"``, ``"90s"``, ``"1.5min"``, ``"2h"`` or a number of seconds.

    Raises
    ------
    UsageError
        When it is not a positive duration.

    Examples
    --------
    >>> parse_seconds("1.5min"), parse_seconds(20), parse_seconds(None)
    (90.0, 20.0, inf)
    """
    if duration is None:
        return float("inf")
    match = _DURATION.fullmatch(str(duration).lower())
    seconds = float(match[1]) * _UNITS[match[2]] if match and match[2] in _UNITS else 0.0
    if seconds <= 0:
        raise UsageError(
            f"a time budget must be a positive duration, and {duration!r} came",
            where="time budget",
            hint="Write for example 60s, 10min or 2h.",
        )
    return seconds

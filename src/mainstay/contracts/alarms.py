"""When a score is an alarm: p-values, the cut, and what is guaranteed of it; numpy and msgspec only, row by row."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - methods only, but msgspec reads the module

from mainstay.contracts.errors import UsageError

__all__ = ["Alarm", "Calibration", "Rule"]

Rule = Literal["fdr", "top", "rate", "cost"]

_SMALLEST = -1000.0
"""The logarithm, of base 2, of the smallest p-value that a line may reach: still above 0 in float64."""
_TERMS = 16


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """From a score to a p-value: the share of usual rows that look at least as odd.

    Parameters
    ----------
    kind : {"conformal", "tail"}
        "conformal": ``(1 + number of scores >= s) / (1 + number of scores)``, of scores that no fit has seen (Bates et
        al. 2023, doi:10.1214/22-AOS2244). "tail": lines between the points, in the logarithm of p; the last line goes
        on. The points are an estimate of how the usual rows among contaminated ones are spread.
    scores : tuple of float
        Rising; for "tail" strictly.
    p_values : tuple of float, default ()
        For "tail": falling, one for each score, above 0. For "conformal" where only some of the scores were kept: the
        p-value of whatever lies above each score and not above the next.
    rows : int, default 0
        How many rows it was made from; 0 where that is as many as there are scores.

    Raises
    ------
    UsageError
        When the points do not fit each other.

    Examples
    --------
    >>> Calibration(kind="conformal", scores=(0.1, 0.2, 0.3)).of(np.array([0.25, 0.0, 9.0])).tolist()
    [0.5, 1.0, 0.25]
    """

    kind: Literal["conformal", "tail"]
    scores: tuple[float, ...]
    p_values: tuple[float, ...] = ()
    rows: int = 0

    def __post_init__(self) -> None:
        known, shares = np.array(self.scores, np.float64), np.array(self.p_values, np.float64)
        if not len(known) or (len(shares) or int(self.kind == "tail")) not in {0, len(known)}:
            raise UsageError("a calibration needs scores, and a p-value for each where it is a tail", where="alarm")
        rising = np.diff(known) > 0 if self.kind == "tail" else np.diff(known) >= 0
        falling = (np.diff(shares) <= 0).all() and ((shares > 0) & (shares <= 1)).all()
        if not np.isfinite(known).all() or not rising.all() or not falling or self.rows < 0:
            raise UsageError("the scores of a calibration must rise and its p-values fall, above 0", where="alarm")

    @property
    def size(self) -> int:
        """How many rows the p-values rest on."""
        return self.rows or len(self.scores)

    @property
    def least(self) -> float:
        """The smallest p-value that there can be; 0 where a tail goes on without end."""
        if self.kind == "conformal":
            return float(self._steps[-1])
        return 0.0 if len(self.p_values) > 1 and self.p_values[-1] < self.p_values[-2] else self.p_values[-1]

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the p-value of each score, above 0 and at most 1, NaN of NaN; the same bits for one as for many."""
        given = np.asarray(scores, np.float64)
        if self.kind == "conformal":
            found = self._steps[np.searchsorted(self._known, given, side="left")]
        else:
            found = _power_of_two(_along(given, self._known, self._heights))
        return np.asarray(np.where(np.isnan(given), np.nan, found), np.float64)

    def score_at(self, p_value: float) -> float | None:
        """Return the lowest score whose p-value is at most the given one; None where no score has one so small.

        Examples
        --------
        >>> known = Calibration(kind="conformal", scores=(0.1, 0.2, 0.3))
        >>> 0.2 < known.score_at(0.5) < 0.2000001, known.score_at(0.1)
        (True, None)
        """
        if self.kind == "conformal":
            steps = self._steps
            first = int(np.searchsorted(-steps, -p_value, side="left"))
            if first == len(steps):
                return None
            return float(np.nextafter(self.scores[first - 1], np.inf) if first else np.finfo(np.float64).min)
        low, high = self.scores[0], self._end(p_value)
        if self._reaches(low, p_value):
            return low
        if high is None:
            return None
        # Halving what is left between the two until nothing is: the very score at which `of` says so.
        while low < (middle := (low + high) / 2) < high:
            low, high = (low, middle) if self._reaches(middle, p_value) else (middle, high)
        return high

    def _end(self, p_value: float) -> float | None:
        """Return a score beyond the points whose p-value is small enough, if there is one."""
        step = max(self.scores[-1] - self.scores[0], 1e-9 * max(abs(self.scores[-1]), 1.0))
        for doubling in range(64):
            far = self.scores[-1] + step * (2.0**doubling - 1.0)
            if self._reaches(far, p_value):
                return far
        return None

    def _reaches(self, score: float, p_value: float) -> bool:
        return bool(self.of(np.array([score]))[0] <= p_value)

    @cached_property
    def _known(self) -> NDArray[np.float64]:
        return np.array(self.scores, np.float64)

    @cached_property
    def _steps(self) -> NDArray[np.float64]:
        """Return the p-value below the first score, and above each."""
        count = len(self.scores)
        if self.p_values:
            return np.array([1.0, *self.p_values])
        return np.asarray((1.0 + np.arange(count, -1, -1)) / (1.0 + count), np.float64)

    @cached_property
    def _heights(self) -> NDArray[np.float64]:
        return np.array([math.log2(share) for share in self.p_values])


def _along(
    scores: NDArray[np.float64], known: NDArray[np.float64], heights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the heights of lines between points; flat below the first, going on after the last."""
    if len(known) == 1:
        return np.full(scores.shape, heights[0], np.float64)
    at = np.clip(np.searchsorted(known, scores, side="right") - 1, 0, len(known) - 2)
    slope = ((heights[1:] - heights[:-1]) / (known[1:] - known[:-1]))[at]
    reach = np.minimum(np.maximum(scores - known[at], 0.0), 1e300)
    with np.errstate(over="ignore"):
        found = heights[at] + slope * np.where(slope < 0, reach, 0.0)
    return np.asarray(np.maximum(found, _SMALLEST), np.float64)


def _power_of_two(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 2 to the heights, at most 0, by sums and products alone: a library's exp may round by the batch's size."""
    whole = np.floor(np.nan_to_num(heights))
    rest = (heights - whole) * math.log(2.0)
    total = np.ones_like(rest)
    for term in range(_TERMS, 0, -1):
        total = 1.0 + total * rest / term
    return np.asarray(np.minimum(np.ldexp(total, whole.astype(np.int64)), 1.0), np.float64)


class Alarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rule by which rows are flagged, and the cut that it came to.

    Parameters
    ----------
    rule : {"fdr", "top", "rate", "cost"}
    amount : float
        The rate, the number of rows, or the cost of a missed anomaly over that of a false alarm.
    cut : float
        A row is flagged where its score is at least this; None flags none. Fixed, so that a row's answer does not
        depend on the rows beside it.
    share : float, default 0.05
        With "fdr" or "cost" and a clean reference: the share of anomalies among new rows that the cut assumes.
    guarantee : str
        In one sentence what holds for the flagged rows, and under which condition.
    power : str, default ""
        In one sentence how many of the anomalies the cut finds, as far as that can be said.
    notes : tuple of str, default ()
        What happened on the way: ties at the border, all rows flagged, none flagged and why.
    """

    rule: Rule
    amount: float
    cut: float | None = None
    share: float = 0.05
    guarantee: str = ""
    power: str = ""
    notes: tuple[str, ...] = ()

    def flagged(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are flagged; None as a cut flags none, and a score that is no number is never flagged."""
        return np.asarray(scores >= (np.inf if self.cut is None else self.cut), np.bool_)

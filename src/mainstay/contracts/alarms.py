"""When a score is an alarm: p-values, the cut, and what is guaranteed of it; numpy and msgspec only, row by row."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - methods only, but msgspec reads the module

from mainstay.contracts.errors import UsageError

__all__ = ["Alarm", "Calibration", "Rule"]

Rule = Literal["fdr", "top", "rate", "cost"]


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a score to a p-value: the share of usual rows that look at least as odd.

    Parameters
    ----------
    kind : {"conformal", "tail"}
        "conformal": ``(1 + number of scores >= s) / (1 + number of scores)``, of scores that no fit has seen (Bates et
        al. 2023, doi:10.1214/22-AOS2244). "tail": lines between the points, in the logarithm of p; the last line goes
        on. The points are an estimate of how the usual rows among contaminated ones are spread.
    scores : tuple of float
        Rising.
    p_values : tuple of float, default ()
        For "tail": falling, one for each score, above 0.

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

    def __post_init__(self) -> None:
        wanted = len(self.scores) if self.kind == "tail" else 0
        if not self.scores or len(self.p_values) != wanted:
            raise UsageError("a calibration needs scores, and a p-value for each where it is a tail", where="alarm")

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the p-value of each score, above 0 and at most 1; the same bits for one as for many."""
        known = np.array(self.scores)
        if self.kind == "conformal":
            beyond = len(known) - np.searchsorted(known, scores, side="left")
            return np.asarray((1.0 + beyond) / (1.0 + len(known)), np.float64)
        heights = np.log(np.array(self.p_values))
        found = np.interp(scores, known, heights)
        if len(known) > 1:
            fall = (heights[-1] - heights[-2]) / (known[-1] - known[-2])
            found = np.where(scores > known[-1], heights[-1] + (scores - known[-1]) * fall, found)
        return np.asarray(np.exp(np.maximum(found, -700.0)), np.float64)


class Alarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rule by which rows are flagged, and the cut that it came to.

    Parameters
    ----------
    rule : {"fdr", "top", "rate", "cost"}
    amount : float
        The rate, the number of rows, or the cost of a missed anomaly over that of a false alarm.
    cut : float
        A row is flagged where its score is at least this; infinity flags none. Fixed, so that a row's answer does not
        depend on the rows beside it.
    share : float, default 0.05
        With "fdr" and a clean reference: the share of anomalies among new rows that the cut assumes.
    guarantee : str
        In one sentence what holds for the flagged rows, and under which condition.
    """

    rule: Rule
    amount: float
    cut: float | None = None
    share: float = 0.05
    guarantee: str = ""

    def flagged(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are flagged; None as a cut flags none."""
        return np.asarray(scores >= (np.inf if self.cut is None else self.cut), np.bool_)

"""What may be asked beside the model, as records: the score that noise gets, and that of the whole procedure."""

from __future__ import annotations

from math import sqrt

import msgspec
import numpy as np

from mainstay.evaluate.resampled import compare_folds

__all__ = ["Nested", "NoiseDraw", "OuterFold", "Proof"]

_Z99 = 2.576


class NoiseDraw(msgspec.Struct, frozen=True):
    """What one run on shuffled targets came to.

    Parameters
    ----------
    model : str
        The best in validation but for the baseline: what noise made look best.
    shipped : str
        What would have been shipped: mostly the baseline.
    value, low, high : float
        Its score on held-out rows, with its 95 % interval.
    chance : float
        The score of the baseline on the same rows.
    """

    model: str
    shipped: str
    value: float
    low: float
    high: float
    chance: float


class Proof(msgspec.Struct, frozen=True):
    """The score that noise gets.

    Parameters
    ----------
    metric : str
        What noise is scored by: ROC-AUC, log-loss for more than two classes, R2 for amounts.
    sign : float
        -1 where smaller is better.
    draws : tuple of NoiseDraw
    ended : str, default ""
        Why no more were drawn, where it was not the time.
    """

    metric: str
    sign: float
    draws: tuple[NoiseDraw, ...]
    ended: str = ""

    def noise(self) -> tuple[float, float, float] | None:
        """Return the mean score of noise with its 95 % interval; None without a draw."""
        return self._mean([draw.value for draw in self.draws], 1.96)

    def above_chance(self) -> tuple[float, float, float] | None:
        """Return by how much noise beats the baseline, greater is better, with a 99 % interval."""
        return self._mean([self.sign * (draw.value - draw.chance) for draw in self.draws], _Z99)

    def p_value(self, real: float) -> float | None:
        """Return the share of draws that are as good as the real score, the real one counted in."""
        if not self.draws:
            return None
        as_good = sum(self.sign * draw.value >= self.sign * real for draw in self.draws)
        return (1 + as_good) / (1 + len(self.draws))

    def _mean(self, values: list[float], width: float) -> tuple[float, float, float] | None:
        if not values:
            return None
        inside = float(np.mean([((draw.high - draw.low) / 3.92) ** 2 for draw in self.draws]))
        between = float(np.var(values, ddof=1)) if len(values) > 2 else 0.0
        reach = width * sqrt(max(inside, between) / len(values))
        middle = float(np.mean(values))
        return middle, middle - reach, middle + reach


class OuterFold(msgspec.Struct, frozen=True):
    """What the run inside one outer fold came to.

    Parameters
    ----------
    shipped : str
        What would have been shipped.
    rows : int
        Outer rows that were scored.
    value, low, high : float or None
        Its score on them with the 95 % interval over these rows.
    """

    shipped: str
    rows: int
    value: float | None
    low: float | None
    high: float | None


class Nested(msgspec.Struct, frozen=True):
    """The score of the procedure.

    Parameters
    ----------
    metric : str
    folds : tuple of OuterFold
        Those that came to an end.
    wanted : int
        How many were asked for.
    ended : str
        Why there are fewer; empty where all came to an end.
    """

    metric: str
    folds: tuple[OuterFold, ...]
    wanted: int
    ended: str = ""

    def score(self) -> tuple[float, float | None, float | None] | None:
        """Return the mean over the folds with its corrected 95 % interval; None without a fold."""
        values = np.array([one.value for one in self.folds if one.value is not None], np.float64)
        if not len(values):
            return None
        found = compare_folds(values, np.zeros(len(values)), test_share=1.0 / max(1, self.wanted - 1))
        return found.difference, found.low, found.high

"""How far promised probabilities are from what happens, and how far they would seem to be by chance alone.

The expected calibration error is never 0: shares of a few rows differ from any promise. So it is told together with
what a perfect model would show on as many rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.intervals import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.resample import Draws

    Floats = NDArray[np.float64]

__all__ = ["calibration_error"]

_BINS = 10
_ROWS_PER_BIN = 25


def calibration_error(evidence: Evidence, draws: Draws) -> tuple[Score, float | None]:
    """Return the expected calibration error over bins of equal rows with its 95 % interval, and that of chance alone.

    Of the positive class of two; of more, of the most probable class. The interval is the basic bootstrap's, which
    takes the bias of resampling off (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    evidence : Evidence
        With probabilities.
    draws : Draws
        The resamplings of its rows.

    Returns
    -------
    tuple of Score and float or None
        The second is what probabilities that are right would show.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> from mainstay.evaluate.resample import draw
    >>> generator = np.random.default_rng(0)
    >>> chance = generator.random(2000)
    >>> truth = (generator.random(2000) < chance).astype(np.int64)
    >>> evidence = gather("classification", truth, np.stack([1 - chance, chance], axis=1))
    >>> found, alone = calibration_error(evidence, draw(2000, 0))
    >>> found.value < 0.04, 0.01 < alone < 0.03
    (True, True)
    """
    if evidence.probabilities is None:
        return Score(None), None
    if evidence.positive is None:
        promised = evidence.probabilities.max(axis=1)
        happened = evidence.truth == evidence.probabilities.argmax(axis=1)
    else:
        promised, happened = evidence.probabilities[:, evidence.positive], evidence.truth == evidence.positive
    bins = int(np.clip(evidence.rows // _ROWS_PER_BIN, 1, _BINS))
    edges = np.unique(np.quantile(promised, np.linspace(0, 1, bins + 1)[1:-1]))
    place, count = np.searchsorted(edges, promised, side="right"), len(edges) + 1
    apart = evidence.weight * (promised - happened)
    parts = np.bincount(draws.unit * count + place, apart, minlength=draws.units * count).reshape(draws.units, -1)
    sizes = np.bincount(draws.unit, evidence.weight, minlength=draws.units)
    value = float(np.abs(parts.sum(axis=0)).sum() / sizes.sum())
    drawn = np.abs(draws.weights @ parts).sum(axis=1) / (draws.weights @ sizes)
    low, high = 2 * value - np.quantile(drawn, [0.975, 0.025])
    spread = np.bincount(place, np.square(evidence.weight) * promised * (1 - promised), minlength=count)
    alone = float(np.sqrt(2 / np.pi * spread).sum() / sizes.sum())  # the mean size of a normal error
    return Score(value, min(max(float(low), 0.0), value), max(float(high), value)), alone

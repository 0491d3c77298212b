"""How far promised probabilities are from what happens, less what chance alone would show.

The plain expected calibration error is never 0: shares of a few rows differ from any promise. Resampling says by how
much, and that is taken off.
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


def calibration_error(evidence: Evidence, draws: Draws) -> Score:
    """Return the expected calibration error over bins of equal rows, bias taken off, with its 95 % interval.

    Of the positive class of two; of more, of the most probable class. The interval is the basic bootstrap's, so it is
    centred on the value (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    evidence : Evidence
        With probabilities.
    draws : Draws
        The resamplings of its rows.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> from mainstay.evaluate.resample import draw
    >>> generator = np.random.default_rng(0)
    >>> chance = generator.random(2000)
    >>> truth = (generator.random(2000) < chance).astype(np.int64)
    >>> found = calibration_error(gather("classification", truth, np.stack([1 - chance, chance], 1)), draw(2000, 0))
    >>> found.value < 0.015
    True
    """
    if evidence.probabilities is None:
        return Score(None)
    if evidence.positive is None:
        promised = evidence.probabilities.max(axis=1)
        happened = evidence.truth == evidence.probabilities.argmax(axis=1)
    else:
        promised, happened = evidence.probabilities[:, evidence.positive], evidence.truth == evidence.positive
    bins = int(np.clip(evidence.rows // _ROWS_PER_BIN, 1, _BINS))
    edges = np.unique(np.quantile(promised, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, promised, side="right")
    apart = evidence.weight * (promised - happened)
    flat = draws.unit * (len(edges) + 1) + place
    parts = np.bincount(flat, apart, minlength=draws.units * (len(edges) + 1)).reshape(draws.units, -1)
    sizes = np.bincount(draws.unit, evidence.weight, minlength=draws.units)
    value = float(np.abs(parts.sum(axis=0)).sum() / sizes.sum())
    drawn = np.abs(draws.weights @ parts).sum(axis=1) / (draws.weights @ sizes)
    low, high = 2 * value - np.quantile(drawn, [0.975, 0.025])
    centre = max(2 * value - float(drawn.mean()), 0.0)
    return Score(centre, max(float(low), 0.0), max(float(high), centre))

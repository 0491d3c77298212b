"""Scores of several targets taken together: how often all are right, how often one is, and F1 over all labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["score_labels", "score_together"]

_DRAWS = 1000


def score_together(right: NDArray[np.bool_], *, seed: int = 0) -> dict[str, Score]:
    """Return how often all targets of a row are answered rightly, and what share of all answers is wrong.

    Parameters
    ----------
    right : bool array of shape (n, targets)
        Whether each answer is right.
    seed : int, default 0

    Returns
    -------
    dict of str to Score
        ``subset_accuracy`` and ``hamming_loss``, each with its 95 % interval.

    Raises
    ------
    UsageError
        When there is no row.

    Examples
    --------
    >>> scores = score_together(np.array([[True, True], [True, False], [True, True], [False, False]]))
    >>> scores["subset_accuracy"].value, scores["hamming_loss"].value
    (0.5, 0.375)
    """
    if right.ndim != 2 or not right.size:
        raise UsageError(f"rows of several answers are needed, and an array of shape {right.shape} came")
    whole = np.asarray(right.all(axis=1))
    low, high = wilson(float(whole.sum()), float(len(whole)))
    wrong = 1.0 - right.mean(axis=1)
    draws = _drawn(len(wrong), seed)
    ends = np.quantile(draws @ wrong / len(wrong), [0.025, 0.975])
    return {
        "subset_accuracy": Score(float(whole.mean()), float(low), float(high)),
        "hamming_loss": Score(float(wrong.mean()), float(ends[0]), float(ends[1])),
    }


def score_labels(truth: NDArray[np.bool_], answers: NDArray[np.bool_], *, seed: int = 0) -> dict[str, Score]:
    """Return F1 over labels that are each there or not: over all of them at once (micro) and averaged (macro).

    A label that is never there and never answered has no F1 and is left out of the average; where all are, the score
    does not apply.

    Parameters
    ----------
    truth, answers : bool arrays of shape (n, labels)
    seed : int, default 0

    Examples
    --------
    >>> truth = np.array([[True, False], [True, True], [False, False]])
    >>> score_labels(truth, np.array([[True, False], [True, False], [False, False]]))["f1_micro"].value
    0.8
    """
    hits, false, missed = truth & answers, ~truth & answers, truth & ~answers
    draws = np.vstack([np.ones(len(truth)), _drawn(len(truth), seed)])
    counts = [draws @ part.astype(np.float64) for part in (hits, false, missed)]
    with np.errstate(invalid="ignore"):
        single = 2 * counts[0] / (2 * counts[0] + counts[1] + counts[2])
        sums = [part.sum(axis=1) for part in counts]
        micro = 2 * sums[0] / (2 * sums[0] + sums[1] + sums[2])
        known = np.isfinite(single)
        macro = np.where(known, single, 0.0).sum(axis=1) / known.sum(axis=1)
    return {"f1_micro": _score(micro), "f1_macro": _score(macro)}


def _drawn(rows: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.stack([np.bincount(rng.integers(0, rows, rows), minlength=rows) for _ in range(_DRAWS)]).astype(float)


def _score(values: NDArray[np.float64]) -> Score:
    """Return the first value with the reach of the others."""
    if not np.isfinite(values[0]):
        return Score(None, None, None)
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return Score(float(values[0]), float(min(low, values[0])), float(max(high, values[0])))

"""The confusion matrix, and the intervals of the metrics that are formulas over it.

All limits come from the matrix alone, so they cost the same for a hundred rows and a hundred million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.proportions import jaccard_to_f1, mean_of_shares, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.evidence import Evidence

    Floats = NDArray[np.float64]

__all__ = ["count_confusion", "share_limits"]

_REPLICATES = 1000


def count_confusion(evidence: Evidence) -> Floats:
    """Return the weight of rows of each true class (rows) that got each answer (columns).

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> count_confusion(gather("classification", [0, 1, 1], [0, 1, 0], labels=("No", "Yes"))).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    classes = len(evidence.labels)
    flat = np.bincount(evidence.truth * classes + evidence.predicted, evidence.weight, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.float64)


def share_limits(name: str, evidence: Evidence, share: float = 1.0) -> tuple[float, float] | None:
    """Return the 95 % interval of accuracy, balanced accuracy, precision, recall or F1.

    ``share`` is the effective share of the rows, below one where rows of a group resemble each other.
    """
    counts = count_confusion(evidence)
    counts *= evidence.effective_rows * share / counts.sum()
    right, predicted, true = np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)
    if name == "accuracy":
        return _pair(wilson(right.sum(), counts.sum()))
    if name == "balanced_accuracy":
        return mean_of_shares(right[true > 0], true[true > 0], int((true > 0).sum()))
    if evidence.positive is not None:
        code = evidence.positive
        below = {"precision": predicted, "recall": true, "f1": predicted + true - right}[name][code]
        low, high = wilson(right[code], below)
        return _pair((jaccard_to_f1(low), jaccard_to_f1(high)) if name == "f1" else (low, high))
    seen = int(((true > 0) | (predicted > 0)).sum())
    if name == "f1":
        return _mean_f1(counts)
    below = predicted if name == "precision" else true
    return mean_of_shares(right[below > 0], below[below > 0], seen)


def _mean_f1(counts: Floats) -> tuple[float, float]:
    """Return limits for the mean F1, whose parts are correlated: draws of the matrix from its posterior.

    A small prior (half a row, spread over the classes) keeps a perfect matrix from being certain. The draws need no
    seed from outside: they are a numeric integral, the same for the same matrix.
    """
    classes = len(counts)
    prior = np.full_like(counts, 0.5 / classes / max(classes - 1, 1))
    np.fill_diagonal(prior, 0.5 / classes)
    seen = (counts.sum(axis=0) > 0) | (counts.sum(axis=1) > 0)
    table = (counts + prior)[np.ix_(seen, seen)]
    drawn = np.random.default_rng(0).standard_gamma(table, (_REPLICATES, *table.shape))
    right = np.diagonal(drawn, axis1=1, axis2=2)
    means = (2 * right / (drawn.sum(axis=1) + drawn.sum(axis=2))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _pair(limits: tuple[Floats, Floats]) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])

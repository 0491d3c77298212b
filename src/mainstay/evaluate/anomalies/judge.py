"""How good scores and alarms are where labels say so, each figure with its 95 % interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.evidence import Evidence
from mainstay.evaluate.intervals import Score, score_evidence
from mainstay.evaluate.measured import ratio
from mainstay.evaluate.proportions import wilson
from mainstay.evaluate.resample import draw, studentised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["MEANINGS", "judge_scores"]

MEANINGS = {
    "roc_auc": "The chance that a random anomaly has a higher score than a random usual row; 0.5 is guessing.",
    "average_precision": "The area under the precision-recall curve; guessing gives the share of anomalies.",
    "precision": "Of the flagged rows, the share that are anomalies.",
    "recall": "Of the anomalies, the share that is flagged.",
    "false_discovery_rate": "Of the flagged rows, the share that are false alarms.",
    "precision_at_k": "Of the k oddest rows, the share that are anomalies.",
    "recall_at_k": "Of the anomalies, the share among the k oddest rows.",
    "cost": "The mean cost per row, in false alarms, a missed anomaly counting as the cost rule says.",
}
"""What each figure of :func:`judge_scores` says, in the order in which they are shown."""

_LABELS = ("usual", "anomaly")


def judge_scores(
    labels: NDArray[np.int64],
    scores: Doubles,
    flagged: Flags,
    *,
    capacity: int | None = None,
    seed: int = 0,
    cost: float | None = None,
) -> dict[str, dict[str, float | None]]:
    """Return what labels say of scores and flags.

    Parameters
    ----------
    labels : int64 or bool array of shape (n,)
        1 for an anomaly, 0 for a usual row, -1 where it is not known (such rows are left out).
    scores : float64 array of shape (n,)
        Higher is odder; NaN is a refused row, which is left out.
    flagged : bool array of shape (n,)
    capacity : int, optional
        The k of ``precision_at_k`` and ``recall_at_k``: how many rows people can look at. As many as there are
        anomalies where left out. Of rows with equal scores at the border each counts in part.
    seed : int, default 0
    cost : float, optional
        What a missed anomaly costs, in false alarms; ``cost`` is blank without it.

    Returns
    -------
    dict of str to dict
        For each name of ``MEANINGS`` "value", "low" and "high"; None where a figure does not apply to the rows (no
        anomaly among the labels, nothing flagged), or its interval cannot be told.

    Raises
    ------
    UsageError
        When the arrays do not fit each other.

    Examples
    --------
    >>> labels, scores = np.array([0, 0, 0, 1]), np.array([0.1, 0.7, 0.3, 0.9])
    >>> found = judge_scores(labels, scores, scores > 0.5)
    >>> found["roc_auc"]["value"], found["precision"]["value"], found["cost"]["value"]
    (1.0, 0.5, None)
    """
    if not labels.shape == scores.shape == flagged.shape:
        raise UsageError("a label, a score and a flag for each row were expected", where="labels")
    known = (np.asarray(labels, np.int64) >= 0) & ~np.isnan(scores)
    odd, score, flag = np.asarray(labels)[known] == 1, scores[known], flagged[known]
    found = {name: Score(None) for name in MEANINGS}
    if len(odd):
        found |= _ranked(odd, score, flag, seed)
        found |= _at_capacity(odd, score, capacity or int(odd.sum()))
        found["cost"] = _cost(odd, flag, cost, seed)
    return {name: found[name].to_dict() for name in MEANINGS}


def _ranked(odd: Flags, score: Doubles, flag: Flags, seed: int) -> dict[str, Score]:
    """Return the figures that classification has as well: a row's rank stands for its probability."""
    _, place = np.unique(score, return_inverse=True)
    chance = (place + 0.5) / (place.max() + 1.0)
    evidence = Evidence(
        "classification",
        odd.astype(np.int64),
        flag.astype(np.int64),
        np.stack([1.0 - chance, chance], axis=1),
        np.ones(len(odd)),
        _LABELS,
        1,
    )
    found = score_evidence(evidence, seed=seed, metrics=("roc_auc", "average_precision", "precision", "recall"))
    return found | {"false_discovery_rate": _turned(found["precision"])}


def _turned(share: Score) -> Score:
    if share.value is None or share.low is None or share.high is None:
        return Score(None if share.value is None else 1.0 - share.value)
    return Score(1.0 - share.value, 1.0 - share.high, 1.0 - share.low)


def _at_capacity(odd: Flags, score: Doubles, capacity: int) -> dict[str, Score]:
    """Return precision and recall among the oddest rows, equal scores at the border in part."""
    count = min(capacity, len(odd))
    if not odd.any() or count < 1:
        return {}
    border = np.sort(score)[::-1][count - 1]
    above, equal = score > border, score == border
    hits = float(odd[above].sum() + odd[equal].sum() * (count - above.sum()) / equal.sum())
    return {"precision_at_k": _share(hits, count), "recall_at_k": _share(hits, int(odd.sum()))}


def _share(hits: float, rows: int) -> Score:
    low, high = wilson(hits, float(rows))
    return Score(hits / rows, float(low), float(high))


def _cost(odd: Flags, flag: Flags, missed: float | None, seed: int) -> Score:
    if missed is None or not odd.any():
        return Score(None)
    measured = ratio(np.ones(len(odd)), np.where(flag, ~odd, odd * missed).astype(np.float64))
    limits = studentised(measured, draw(len(odd), seed), (0.0, np.inf)) if len(odd) > 1 else None
    return Score(measured.value, *(limits or (None, None)))

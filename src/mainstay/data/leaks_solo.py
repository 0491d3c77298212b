"""Scores each column alone: how well it tells the target by itself, on rows that its table of means has not seen.

A column that needs no others deserves a question. The model is a table of target means by level or by quantile bin,
fitted out of fold: it is as good as a small tree on one column, and ten times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.data.quality_values import as_codes, as_numbers

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column

__all__ = [
    "Goal",
    "SoloScore",
    "answer_bins",
    "answer_line",
    "auc",
    "bin_column",
    "quantile_bins",
    "r2",
    "rank_agreement",
    "score_bins",
    "score_column",
]

_FOLDS = 3
_PRIOR_ROWS = 5.0
_BINS = (5, 64)
_ROWS_PER_BIN = 30
_MOST_CLASSES = 20


class SoloScore(msgspec.Struct, frozen=True):
    """How well one column tells the target by itself.

    Parameters
    ----------
    column : str
    score : float
        0.5 (ROC-AUC) or 0 (R2) is chance, 1 is perfect; slightly below chance happens by chance.
    metric : str
        "roc_auc" (the mean over classes, weighted by their rows) or "r2".
    low, high : float, optional
        The 95 % interval of the score.
    """

    column: str
    score: float
    metric: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Goal:
    """The target on the rows that are looked at, with their folds.

    Parameters
    ----------
    values : int64 codes or float64 amounts, shape (n,)
    classes : int
        How many classes there are; 0 for amounts.
    folds : int64 array of shape (n,)
    """

    values: NDArray[np.int64] | NDArray[np.float64]
    classes: int
    folds: NDArray[np.int64]

    @classmethod
    def of(
        cls, target: NDArray[np.int64] | NDArray[np.float64], *, seed: int, most_classes: int = _MOST_CLASSES
    ) -> Goal:
        """Draw folds, and give the most frequent classes their own number and all others one."""
        folds = np.random.default_rng(seed).permutation(len(target)) % _FOLDS
        if np.issubdtype(target.dtype, np.floating):
            return cls(target.astype(np.float64), 0, folds)
        codes, counts = np.unique(target, return_inverse=True, return_counts=True)[1:]
        rank = np.empty(len(counts), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(counts)), most_classes)
        return cls(rank[codes].astype(np.int64), min(len(counts), most_classes + 1), folds)

    @property
    def metric(self) -> str:
        """The metric of all scores on this target."""
        return "roc_auc" if self.classes else "r2"

    def score(self, predicted: NDArray[np.float64]) -> float:
        """Return the ROC-AUC of (n, classes) probabilities, or the R2 of (n, 1) amounts."""
        if not self.classes:
            return r2(self.values.astype(np.float64), predicted[:, 0])
        places = [1] if self.classes == 2 else range(self.classes)
        shares = np.bincount(self.values.astype(np.int64), minlength=self.classes)
        scores = [auc(self.values == place, predicted[:, place]) for place in places]
        return float(np.average(scores, weights=shares[list(places)]))

    def error(self, predicted: NDArray[np.float64], score: float) -> float:
        """Return the standard error of a score: by Hanley and McNeil's formula, or by the influence of each row.

        Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747; of many classes, that of the most frequent.
        """
        rows = len(self.values)
        if self.classes:
            few = int((self.values == 1).sum())
            area = max((score * rows + 0.5) / (rows + 1), 0.5)
            first, second = area / (2 - area), 2 * area**2 / (1 + area)
            spread = area * (1 - area) + (few - 1) * (first - area**2) + (rows - few - 1) * (second - area**2)
            return float(np.sqrt(max(spread, 0.0) / max(few * (rows - few), 1)))
        truth = self.values.astype(np.float64)
        missed, about = (truth - predicted[:, 0]) ** 2, (truth - truth.mean()) ** 2
        if about.mean() == 0:
            return 0.0
        return float((missed - (1 - score) * about).std() / about.mean() / np.sqrt(rows))


def bin_column(series: pl.Series, column: Column) -> NDArray[np.int64]:
    """Return the bin of each cell, 0 for missing: its level, or its quantile where it is a number.

    Identifiers that are numbers are binned as numbers, for a row number tells by its size.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> bin_column(pl.Series(["b", None, "a"]), Column(name="a", kind="category")).tolist()
    [2, 0, 1]
    """
    if column.kind in ("number", "datetime"):
        return quantile_bins(as_numbers(series, column))
    codes, levels = as_codes(series, column)
    if column.kind == "identifier":
        numbers = as_numbers(series, msgspec.structs.replace(column, kind="number"))
        return quantile_bins(numbers if np.isfinite(numbers).any() else np.where(codes < 0, np.nan, codes))
    return codes + 1 if len(levels) else np.zeros(len(codes), np.int64)


def quantile_bins(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the quantile of each number, from 1; 0 where it is missing."""
    known = np.isfinite(values)
    bins = np.zeros(len(values), np.int64)
    most = int(np.clip(known.sum() // _ROWS_PER_BIN, *_BINS))
    distinct = np.unique(values[known])
    if len(distinct) > most:
        distinct = np.unique(np.quantile(values[known], np.arange(1, most) / most))
    bins[known] = np.searchsorted(distinct, values[known], side="right") + 1
    return bins


def score_bins(bins: NDArray[np.int64], goal: Goal) -> float:
    """Return how well the target means of bins tell the target of other rows.

    Examples
    --------
    >>> goal = Goal.of(np.tile([0, 1], 50), seed=0)
    >>> score_bins(np.tile([0, 1], 50), goal)
    1.0
    """
    return goal.score(answer_bins(bins, goal))


def answer_bins(bins: NDArray[np.int64], goal: Goal) -> NDArray[np.float64]:
    """Return the target means of bins, each row's from other folds: shape (n, classes), or (n, 1) of amounts."""
    outputs = max(goal.classes, 1)
    count = int(bins.max()) + 1
    truth = np.eye(goal.classes)[goal.values.astype(np.int64)] if goal.classes else goal.values[:, None]
    predicted = np.empty((len(bins), outputs))
    for fold in range(_FOLDS):
        inside = goal.folds == fold
        prior = truth[~inside].mean(axis=0)
        rows = np.bincount(bins[~inside], minlength=count)
        for output in range(outputs):
            sums = np.bincount(bins[~inside], weights=truth[~inside, output], minlength=count)
            means = (sums + _PRIOR_ROWS * prior[output]) / (rows + _PRIOR_ROWS)
            predicted[inside, output] = means[bins[inside]]
    return predicted


def answer_line(values: NDArray[np.float64], goal: Goal) -> NDArray[np.float64] | None:
    """Return a straight line's answers, out of fold: for a copy on another scale, bins are too coarse.

    None where the target has classes, or where values are missing or all the same.
    """
    if goal.classes or not np.isfinite(values).all():
        return None
    truth = goal.values.astype(np.float64)
    predicted = np.empty(len(values))
    for fold in range(_FOLDS):
        inside = goal.folds == fold
        centre, spread = values[~inside].mean(), values[~inside].std()
        if spread == 0 or not np.isfinite(spread):
            return None
        scaled = (values - centre) / spread
        slope = float(np.mean(scaled[~inside] * (truth[~inside] - truth[~inside].mean())))
        predicted[inside] = truth[~inside].mean() + slope * scaled[inside]
    return predicted[:, None]


def score_column(name: str, bins: NDArray[np.int64], values: NDArray[np.float64] | None, goal: Goal) -> SoloScore:
    """Return the better of the scores by bins and by a straight line, with its interval."""
    answers = [answer_bins(bins, goal)]
    line = None if values is None else answer_line(values, goal)
    answers += [] if line is None else [line]
    scores = [goal.score(answer) for answer in answers]
    best = int(np.argmax(scores))
    reach = 1.96 * goal.error(answers[best], scores[best])
    low, high = max(scores[best] - reach, 0.0 if goal.classes else -1.0), min(scores[best] + reach, 1.0)
    return SoloScore(name, round(scores[best], 4), goal.metric, round(low, 4), round(high, 4))


def auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve, ties counting half; 0.5 where there is one class only.

    Examples
    --------
    >>> auc(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    count = int(positive.sum())
    if count in (0, len(positive)):
        return 0.5
    places, ties = np.unique(score, return_inverse=True, return_counts=True)[1:]
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[places]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def r2(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return the share of the variance that is told; 0 where there is none.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - predicted) ** 2).sum()) / spread if spread > 0 else 0.0


def rank_agreement(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the absolute rank correlation of two columns without missing values."""
    ranks = []
    for values in (first, second):
        places, ties = np.unique(values, return_inverse=True, return_counts=True)[1:]
        ranks.append((np.cumsum(ties) - (ties - 1) / 2)[places])
    if min(rank.std() for rank in ranks) == 0:
        return 0.0
    return float(abs(np.corrcoef(ranks[0], ranks[1])[0, 1]))

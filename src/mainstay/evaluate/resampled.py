"""How sure a difference of cross-validation scores is, though the folds share most of their training rows.

A plain t-test takes the folds for independent and finds differences that are not there. The corrected variance of
Nadeau and Bengio ("Inference for the generalization error", Machine Learning 2003, doi:10.1023/A:1024068626366) allows
for the shared rows; read as a posterior it says how likely one model is better (Corani and Benavoli, "A Bayesian
approach for comparing cross-validated algorithms on multiple data sets", 2015, doi:10.1007/s10994-015-5486-z).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["FoldComparison", "compare_folds"]


class FoldComparison(msgspec.Struct, frozen=True):
    """A difference of two models' scores over the same folds.

    Parameters
    ----------
    difference : float
        The mean of first minus second; greater scores are better.
    low, high : float or None
        The 95 % interval; None with a single fold.
    probability_better, probability_alike : float or None
        That the first is better by more than the margin, and that the two differ by less.
    """

    difference: float
    low: float | None
    high: float | None
    probability_better: float | None
    probability_alike: float | None


def compare_folds(
    first: ArrayLike, second: ArrayLike, *, test_share: float | None = None, margin: float = 0.0
) -> FoldComparison:
    """Return how sure the difference of two models over the same folds is, by the corrected resampled t-test.

    Parameters
    ----------
    first, second : arrays of shape (folds,)
        Scores of each fold; greater is better.
    test_share : float, optional
        Validation rows over training rows of a fold; default ``1 / (folds - 1)``, that of cross-validation.
    margin : float, default 0.0
        Differences up to this count as alike, in the unit of the scores.

    Raises
    ------
    UsageError
        When the folds do not match.

    Examples
    --------
    >>> found = compare_folds([0.81, 0.83, 0.80, 0.82, 0.84], [0.80, 0.81, 0.80, 0.80, 0.82])
    >>> round(found.difference, 3), found.low < 0.014 < found.high, found.probability_better > 0.9
    (0.014, True, True)
    """
    ours, theirs = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if ours.shape != theirs.shape or ours.ndim != 1 or not len(ours):
        raise UsageError(f"scores of the same folds are needed, and {ours.shape} and {theirs.shape} came")
    difference, folds = ours - theirs, len(ours)
    mean = float(difference.mean())
    if folds < 2:
        return FoldComparison(mean, None, None, None, None)
    share = 1.0 / (folds - 1) if test_share is None else test_share
    spread = float(np.sqrt((1.0 / folds + share) * difference.var(ddof=1)))
    return _posterior(mean, spread, folds - 1, margin)


def _posterior(mean: float, spread: float, freedom: int, margin: float) -> FoldComparison:
    from scipy.stats import t

    if spread == 0.0:
        return FoldComparison(mean, mean, mean, float(mean > margin), float(abs(mean) <= margin))
    reach = float(t.ppf(0.975, freedom)) * spread
    better = float(t.sf((margin - mean) / spread, freedom))
    worse = float(t.cdf((-margin - mean) / spread, freedom))
    return FoldComparison(mean, mean - reach, mean + reach, better, max(0.0, 1.0 - better - worse))

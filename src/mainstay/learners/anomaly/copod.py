"""How far out each value of a row lies, column by column, as the empirical copula sees it.

As ECOD, with a value on the longer side of its column counted in full, and both sides at half otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.anomaly.step_trees import step_trees
from mainstay.learners.anomaly.tails import MOST, TailDetector, tails_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import TreeSum

__all__ = ["COPODDetector", "fit_copod"]


class COPODDetector(TailDetector):
    """The sum of tail probabilities, on the longer side or both (Li et al. 2020, doi:10.1109/ICDM50108.2020.00135).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> found = COPODDetector().fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    >>> len(found.members[0].body.trees.roots)
    2
    """

    name = "copod"

    def body_of(self, matrix: NDArray[np.floating], *, most: int, seed: int) -> TreeSum:
        """Return the tails of each column, from up to ``most`` rows."""
        return fit_copod(matrix, most=most, seed=seed)


def fit_copod(matrix: NDArray[np.floating], *, most: int = MOST, seed: int) -> TreeSum:
    """Return the sum over features of the larger of two: the minus log tail on the longer side, and the mean of both.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    most : int, default 50000
        So many rows are counted.
    seed : int
        Draws them.

    Returns
    -------
    TreeSum
        One tree for each feature; its terms are the largest of what the feature adds.

    References
    ----------
    Li, Zhao, Botta, Ionescu and Hu (2020), doi:10.1109/ICDM50108.2020.00135.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_scores
    >>> body = fit_copod(np.random.default_rng(0).normal(size=(1000, 2)), seed=0)
    >>> usual, odd = member_scores(body, np.array([[0.0, 0.0], [5.0, 0.0]], np.float32))
    >>> bool(odd > usual + 3)
    True
    """
    tails = tails_of(matrix, most=most, seed=seed)
    steps = [np.maximum(one.corrected, (one.left + one.right) / 2.0)[:, None] for one in tails]
    return step_trees([one.edges for one in tails], steps, combined="sum")

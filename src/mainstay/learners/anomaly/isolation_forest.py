"""How few random splits part a row from the others: the detector that is good on most data, and the fastest.

Splits of one feature alone draw ghosts where usual rows lie askew; splits over sums of two features (Hariri, Carrasco
Kind and Brunner 2019, doi:10.1109/TKDE.2019.2947676) see those. The sums come from one pool for the whole forest, so
that a model graph computes each once, and stay sums of two, so that a reason can still name features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Directions, TreeSum
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.isolation_trees import grown_forest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

    Floats = NDArray[np.float32]
    Places = NDArray[np.int64]

__all__ = ["IsolationForestDetector", "fit_isolation_forest"]

_TREES, _ROWS = 100, 256
_TWO_FEATURES = 0.15
_POOL = 16
_SECONDS = 5e-3
"""What growing a tree, and scoring the rows that say the levels with it, takes."""


class IsolationForestDetector:
    """How few random splits isolate a row (Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> found = IsolationForestDetector().fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    >>> found.members[0].name, len(found.members[0].body.trees.roots)
    ('isolation_forest', 100)
    """

    name = "isolation_forest"
    parameters: tuple[Parameter, ...] = (
        Parameter("trees", _TREES, "How many trees are grown.", low=1, high=10_000, log=True, search=(50, 400)),
        Parameter("rows", _ROWS, "How many rows each tree isolates.", low=2, high=65_536, log=True, search=(64, 1024)),
        Parameter("two_features", _TWO_FEATURES, "The share of splits over sums of two features.", low=0, high=1),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,  # noqa: ARG002 - the same trees either way
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Grow the trees; it takes some tens of milliseconds, whatever the number of rows.

        Raises
        ------
        UsageError
            When a setting does not fit or a number is not finite.
        """
        checked = admit(self, observations, settings)
        body = fit_isolation_forest(
            observations.matrix,
            trees=affordable(int(checked["trees"]), deadline, seconds=_SECONDS),
            rows=int(checked["rows"]),
            two_features=float(checked["two_features"]),
            seed=seed,
        )
        return alone(self.name, body, observations, seed=seed)


def fit_isolation_forest(
    matrix: NDArray[np.floating],
    *,
    trees: int = _TREES,
    rows: int = _ROWS,
    two_features: float = _TWO_FEATURES,
    seed: int,
) -> TreeSum:
    """Return an isolation forest: the score is by how much a row's way is shorter than expected, in splits.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    trees : int, default 100
    rows : int, default 256
        How many rows each tree isolates, drawn without repetition; all where there are fewer.
    two_features : float, default 0.15
        The share of splits over sums of two features.
    seed : int

    Returns
    -------
    TreeSum
        Its terms are ``2 ** saved - 1`` of each split on the way, added up by feature: for a node of n rows and a child
        of m of them a split saved ``c(n) - 1 - c(m)`` where that is above 0, with c the mean depth of Liu et al.

    References
    ----------
    Liu, Ting and Zhou (2008), doi:10.1109/ICDM.2008.17; Hariri, Carrasco Kind and Brunner (2019),
    doi:10.1109/TKDE.2019.2947676; for the terms Carletti, Terzi and Susto (2023), doi:10.1016/j.engappai.2022.105730.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_scores
    >>> rows = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    >>> body = fit_isolation_forest(rows, seed=0)
    >>> usual, odd = member_scores(body, np.array([[0, 0, 0], [9, 0, 0]], np.float32))
    >>> bool(odd > usual + 2)
    True
    """
    given = np.asarray(matrix, np.float32)
    chance = np.random.default_rng([seed, 0xF0])
    drawn = _drawn(len(given), trees, min(rows, len(given)), chance)
    pool = _directions(given, drawn, chance) if two_features > 0 and given.shape[1] > 1 else None
    grown = grown_forest(given, drawn, directions=pool, two_features=two_features, chance=chance)
    return TreeSum(grown.trees, pool, "sum", grown.path_features, grown.path_values)


def _drawn(count: int, trees: int, rows: int, chance: np.random.Generator) -> Places:
    """Draw the rows of each tree, each row at most once in a tree."""
    if rows == count:
        return np.tile(np.arange(count), (trees, 1))
    return np.stack([chance.choice(count, rows, replace=False, shuffle=False) for _ in range(trees)])


def _directions(matrix: Floats, drawn: Places, chance: np.random.Generator) -> Directions | None:
    """Draw pairs of different features that vary, weighted so that both count alike."""
    sample = matrix[np.unique(drawn)]
    spread = _spread(sample)
    varying = np.flatnonzero(spread > 0)
    if len(varying) < 2:
        return None
    first = chance.integers(len(varying), size=_POOL)
    second = (first + chance.integers(1, len(varying), size=_POOL)) % len(varying)
    angles = chance.random(_POOL) * np.pi
    one, other = varying[first], varying[second]
    return Directions(one, other, np.cos(angles) / spread[one], np.sin(angles) / spread[other])


def _spread(sample: Floats) -> NDArray[np.float64]:
    """Return how wide each feature spreads, from float64 so that large numbers do not overflow."""
    return np.asarray(sample.astype(np.float64).std(axis=0), np.float64)

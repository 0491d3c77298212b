"""K-means for one k: the walk of the K-means path up to k, then Lloyd's algorithm on all rows until it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres, Clustering, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Parameter, check_parameters
from mainstay.learners.cluster.kmeans_path import kmeans_fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.clusters import Points
    from mainstay.contracts.learner import Deadline, Value

__all__ = ["KMeans"]


class KMeans:
    """Centres that minimise the sum of squared distances of rows to the nearest.

    The start is the best of several walks over k = 1, 2, ... on samples, which mend groups that a random start misses:
    see :mod:`mainstay.learners.cluster.kmeans_path`.

    References
    ----------
    Lloyd (1982), "Least squares quantization in PCM", doi:10.1109/TIT.1982.1056489.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> points = Points(np.array([[0.0], [1.0], [2.0], [10.0], [11.0]], np.float32), ("x",))
    >>> KMeans().fit(points, 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [0, 0, 0, 1, 1]
    """

    name: str = "kmeans"
    parameters: tuple[Parameter, ...] = (
        Parameter("max_iter", 300, "The most passes over all rows.", low=1, high=100_000),
    )
    finds_k: bool = False

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] | None = None,
    ) -> Clustering:
        """Group the rows into k clusters, numbered by falling size.

        Raises
        ------
        UsageError
            When no k is given or there are fewer different rows, a value is missing or a setting does not fit.
        """
        chosen = check_parameters(self.name, self.parameters, settings or {})
        if k is None:
            raise UsageError("a number of clusters was expected, and none came", where=self.name)
        rounds = int(chosen["max_iter"])
        fit = kmeans_fit(points.matrix, k, sample_weight=points.weight, seed=seed, deadline=deadline, rounds=rounds)
        body = Centres.of(fit.centres, np.arange(k))
        notes: dict[str, Value] = {"inertia": fit.inertia, "silhouette": fit.silhouette if k > 1 else 0.0}
        return Clustering(body, assign(body, points.matrix), notes if k > 1 else {"inertia": fit.inertia})

"""Which clustering algorithms there are: a table of names and dotted paths, so that naming one imports nothing else.

Adding one is one file and one line here (or one entry point in the group ``mainstay.clusterers`` of another package);
the checks in :mod:`mainstay.contracts.checks.check_cluster_learner` then run over it.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from mainstay.contracts.clusters import ClusterLearner
from mainstay.contracts.errors import UsageError
from mainstay.learners.plugins import load, with_plugins

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GROUP", "LEARNERS", "learner", "paths"]

GROUP = "mainstay.clusterers"
"""The entry-point group by which another package adds algorithms: name = "package.module.Class"."""

_NEEDS = "a clustering algorithm with name, parameters, finds_k and fit"

LEARNERS: dict[str, str] = {
    "kmeans": "mainstay.learners.cluster.kmeans.KMeans",
    "mini_batch_kmeans": "mainstay.learners.cluster.mini_batch_kmeans.MiniBatchKMeans",
    "gaussian_mixture": "mainstay.learners.cluster.gaussian_mixture.GaussianMixture",
    "ward": "mainstay.learners.cluster.ward.Ward",
    "hdbscan": "mainstay.learners.cluster.hdbscan.HDBSCAN",
    "genie": "mainstay.learners.cluster.genie.Genie",
    "density_peaks": "mainstay.learners.cluster.density_peaks.DensityPeaks",
    "spectral": "mainstay.learners.cluster.spectral.Spectral",
    "birch": "mainstay.learners.cluster.birch.Birch",
    "mean_shift": "mainstay.learners.cluster.mean_shift.MeanShift",
    "k_prototypes": "mainstay.learners.cluster.k_prototypes.KPrototypes",
}
"""The built-in algorithms."""


def paths() -> Mapping[str, str]:
    """Return every algorithm's name with its dotted path: the built-in ones, then those of installed plugins.

    Raises
    ------
    UsageError
        When a plugin takes a name that is taken.

    Examples
    --------
    >>> paths()["genie"]
    'mainstay.learners.cluster.genie.Genie'
    """
    return with_plugins(LEARNERS, GROUP, entry_points)


def learner(name: str) -> ClusterLearner:
    """Return the clustering algorithm of that name.

    Raises
    ------
    UsageError
        When there is none of that name, or a plugin's class is not a clustering algorithm.

    Examples
    --------
    >>> learner("genie").finds_k
    True
    """
    known = paths()
    if name not in known:
        raise UsageError(f"there is no clustering algorithm {name!r}", hint=f"There are: {', '.join(known)}.")
    found: ClusterLearner = load(known[name], ClusterLearner, _NEEDS, GROUP)
    return found

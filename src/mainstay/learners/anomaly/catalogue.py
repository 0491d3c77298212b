"""Which detectors of anomalies there are: a table of names and dotted paths, so that naming one imports nothing else.

Adding one is one file and one line here (or one entry point in the group ``mainstay.detectors`` of another package);
the checks in :mod:`mainstay.contracts.checks.check_detector_learner` then run over it.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from mainstay.contracts.anomalies import DetectorLearner
from mainstay.contracts.errors import UsageError
from mainstay.learners.plugins import load, with_plugins

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GROUP", "LEARNERS", "learner", "paths"]

GROUP = "mainstay.detectors"
"""The entry-point group by which another package adds detectors: name = "package.module.Class"."""

_NEEDS = "a detector of anomalies with name, parameters and fit"

LEARNERS: dict[str, str] = {
    "ensemble": "mainstay.learners.anomaly.ensemble.EnsembleDetector",
    "isolation_forest": "mainstay.learners.anomaly.isolation_forest.IsolationForestDetector",
    "robust_mahalanobis": "mainstay.learners.anomaly.robust_mahalanobis.RobustMahalanobisDetector",
    "kmeans_distance": "mainstay.learners.anomaly.kmeans_distance.KMeansDistanceDetector",
    "knn": "mainstay.learners.anomaly.knn.KNNDetector",
    "histogram": "mainstay.learners.anomaly.histogram.HistogramDetector",
    "lof": "mainstay.learners.anomaly.lof.LOFDetector",
    "one_class_svm": "mainstay.learners.anomaly.one_class_svm.OneClassSVMDetector",
    "ecod": "mainstay.learners.anomaly.ecod.ECODDetector",
    "copod": "mainstay.learners.anomaly.copod.COPODDetector",
    "pca": "mainstay.learners.anomaly.pca.PCADetector",
    "autoencoder": "mainstay.learners.anomaly.autoencoder.AutoencoderDetector",
}
"""The built-in detectors; the first is the default."""


def paths() -> Mapping[str, str]:
    """Return every detector's name with its dotted path: the built-in ones, then those of installed plugins.

    Raises
    ------
    UsageError
        When a plugin takes a name that is taken.

    Examples
    --------
    >>> paths()["knn"]
    'mainstay.learners.anomaly.knn.KNNDetector'
    """
    return with_plugins(LEARNERS, GROUP, entry_points)


def learner(name: str) -> DetectorLearner:
    """Return the detector of that name.

    Raises
    ------
    UsageError
        When there is none of that name, or a plugin's class is not a detector.

    Examples
    --------
    >>> learner("knn").name
    'knn'
    """
    known = paths()
    if name not in known:
        raise UsageError(f"there is no detector {name!r}", hint=f"There are: {', '.join(known)}.")
    found: DetectorLearner = load(known[name], DetectorLearner, _NEEDS, GROUP)
    return found

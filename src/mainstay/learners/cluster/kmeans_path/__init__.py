"""The whole K-means curve, k = 1 to ``k_max``, in one call: a loop of single fits does the same work many times over.

:func:`kmeans_path` is for data of any size, :func:`quick_path` for the dozens of small curves that a resampling needs,
and :func:`kmeans_fit` for one k.
"""

from mainstay.learners.cluster.kmeans_path.path import kmeans_fit, kmeans_path, quick_path
from mainstay.learners.cluster.kmeans_path.records import KMeansFit, KMeansPath

__all__ = ["KMeansFit", "KMeansPath", "kmeans_fit", "kmeans_path", "quick_path"]

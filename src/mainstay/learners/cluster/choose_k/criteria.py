"""What the criteria of the path itself say: each is best at some k, and none of them but BIC can say that it is 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k.knee import knee_of
from mainstay.learners.cluster.choose_k.records import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path import KMeansPath

    Doubles = NDArray[np.float64]

__all__ = ["path_evidence"]

_CRITERIA = (
    ("silhouette", "The simplified silhouette", 1.0),
    ("calinski_harabasz", "The Calinski-Harabasz index", 1.0),
    ("davies_bouldin", "The Davies-Bouldin index", -1.0),
    ("bic", "BIC of round Gaussians of one size", -1.0),
)


def path_evidence(path: KMeansPath) -> tuple[Evidence, ...]:
    """Return the evidence of silhouette, Calinski-Harabasz, Davies-Bouldin, BIC and the knee of the inertia."""
    knee = knee_of(path.inertia)
    words = "The curve of the inertia has no knee." if knee is None else f"The inertia bends at k = {knee}."
    last = Evidence("knee", knee, words + " It decides nothing, for uniform rows have a knee too.", path.inertia)
    return (*(_best(path, name, words, sign) for name, words, sign in _CRITERIA), last)


def _best(path: KMeansPath, name: str, words: str, sign: float) -> Evidence:
    curve = np.array([float(getattr(fit, name)) for fit in path.fits])
    finite = np.isfinite(curve)
    if finite.sum() < 2:
        return Evidence(name, None, f"{words} has no opinion.", curve)
    k = int(np.where(finite, sign * curve, -np.inf).argmax()) + 1
    way = "highest" if sign > 0 else "lowest"
    return Evidence(name, k, f"{words} is {way} at k = {k}: {curve[k - 1]:.4g}.", curve)

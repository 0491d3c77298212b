"""What comes out of the K-means path: one record per k, and the curve that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["KMeansFit", "KMeansPath"]

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class KMeansFit:
    """One partition into k clusters.

    Parameters
    ----------
    k : int
    centres : float64 array of shape (k, d)
        In the place and units of the rows; by falling size.
    inertia : float
        Sum over all rows of weight times squared distance to the nearest of these very centres.
    sizes : float64 array of shape (k,)
        Sum of the weights of each cluster's rows.
    silhouette : float
        Simplified silhouette: the mean of ``1 - a / b``, distances to the nearest and the second nearest centre
        (Hruschka, de Castro, Campello 2004); NaN for k = 1. Over the rows of ``KMeansPath.silhouette_rows``.
    calinski_harabasz : float
        Between over within variance per degree of freedom (Calinski, Harabasz 1974, doi:10.1080/03610927408827101);
        NaN for k = 1, infinite where the inertia is 0.
    davies_bouldin : float
        Mean over clusters of the worst ratio of spreads to the distance of centres (Davies, Bouldin 1979,
        doi:10.1109/TPAMI.1979.4766909), lower is better; NaN for k = 1.
    bic : float
        Bayesian information criterion of equal round Gaussians (Pelleg, Moore 2000), lower is better; minus infinity
        where the inertia is 0.
    """

    k: int
    centres: Doubles
    inertia: float
    sizes: Doubles
    silhouette: float
    calinski_harabasz: float
    davies_bouldin: float
    bic: float


@dataclass(frozen=True, slots=True)
class KMeansPath:
    """The fits of k = 1 up to ``k_max`` or the number of different rows, whichever comes first.

    Parameters
    ----------
    fits : tuple of KMeansFit
        The inertia falls from one to the next.
    rows : int
        How many rows were clustered.
    weight : float
        The sum of their weights.
    silhouette_rows : int
        Over how many of the rows, drawn by the seed, silhouette and Davies-Bouldin were taken.
    finished : bool, default True
        False where the deadline cut the polishing short; the fits are valid, only not as good as they could be.
    """

    fits: tuple[KMeansFit, ...]
    rows: int
    weight: float
    silhouette_rows: int
    finished: bool = True

    def __len__(self) -> int:
        return len(self.fits)

    def __iter__(self) -> Iterator[KMeansFit]:
        return iter(self.fits)

    def __getitem__(self, k: int) -> KMeansFit:
        """Return the fit of k clusters.

        Raises
        ------
        KeyError
            When the path holds none for k.
        """
        if not 1 <= k <= len(self.fits):
            raise KeyError(f"the path holds fits of 1 to {len(self.fits)} clusters, and none of {k!r}")
        return self.fits[k - 1]

    @property
    def inertia(self) -> Doubles:
        """The curve: the inertia of each fit, k = 1 first."""
        return np.array([fit.inertia for fit in self.fits])

    def labels(self, X: NDArray[np.floating | np.integer], k: int) -> NDArray[np.int64]:
        """Return for each row the nearest centre of the fit of k, the first of equally near ones, int64 (n,)."""
        centres = self[k].centres
        middle = centres.mean(axis=0)
        moved = centres - middle
        squares = (moved**2).sum(axis=1)
        step = max(1, _BLOCK_CELLS // (k + X.shape[1]))
        labels = np.empty(len(X), np.int64)
        for start in range(0, len(X), step):
            rows = np.asarray(X[start : start + step], np.float64) - middle
            labels[start : start + step] = (squares - 2.0 * (rows @ moved.T)).argmin(axis=1)
        return labels

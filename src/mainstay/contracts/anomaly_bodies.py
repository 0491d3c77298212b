"""What a fitted anomaly detector is, as data: a few kinds of body that score rows and say which features did it.

Every algorithm ends in one of these, so that new rows are scored by the very rule that scored the training rows. A
score grows with how odd a row is. ``terms`` are shares of a row's oddness by feature, never below 0: exact where the
algorithm has them in closed form, else as each class says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.formulas import Kernel, Layers
    from mainstay.contracts.model import Trees

    Doubles = NDArray[np.float64]

__all__ = [
    "AnomalyBody",
    "Deviation",
    "Directions",
    "KernelSum",
    "LocalDensity",
    "Nearest",
    "Reconstruction",
    "Stacked",
    "TreeSum",
]


@dataclass(frozen=True, slots=True)
class Directions:
    """Sums of two features: ``first_weight * x[first] + second_weight * x[second]``, one for each direction.

    Parameters
    ----------
    first, second : int64 array of shape (p,)
        Positions of features.
    first_weight, second_weight : float64 array of shape (p,)
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    first_weight: Doubles
    second_weight: Doubles

    def values(self, matrix: NDArray[np.float32]) -> Doubles:
        """Return the sums of each row, float64 of shape (n, p): two products and a sum, the same bits in any batch."""
        rows = matrix.astype(np.float64)
        return rows[:, self.first] * self.first_weight + rows[:, self.second] * self.second_weight


@dataclass(frozen=True, slots=True)
class TreeSum:
    """A sum of trees: an isolation forest, or histograms, of which each is a tree over one feature.

    Parameters
    ----------
    trees : Trees
        Over the d features, and behind them the p directions; with one output, or several of which ``combined`` makes
        one score. Leaf values are multiples of 2^-20, so that their sum is exact in any order. Isolation forests take
        leaves of less depth for odder: value = -depth, base = deepest, or the like.
    directions : Directions, optional
    combined : {"sum", "largest"}, default "sum"
        What becomes of several outputs (ECOD and COPOD take the largest of three).
    path_features : int32 array of shape (nodes, longest)
        For each leaf which features its terms belong to (positions among the d features; a direction gives both of
        its own), -1 where there are no more.
    path_values : float32 array of shape (nodes, longest)
        The terms of each leaf; a row's terms are the sums over the leaves that it reaches.
    """

    trees: Trees
    directions: Directions | None = None
    combined: Literal["sum", "largest"] = "sum"
    path_features: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 0), np.int32))
    path_values: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class Deviation:
    """The length of ``(x - centre) @ root``: a Mahalanobis distance, or what principal components leave over.

    The term of a feature is what the squared length would lose if that feature might have any value, with the others
    as they are: with ``P = root @ root.T`` and ``z = x - centre`` it is ``(P z)_j^2 / P_jj`` (0 where P_jj is 0).

    Parameters
    ----------
    centre : float64 array of shape (d,)
    root : float64 array of shape (d, r)
    """

    centre: Doubles
    root: Doubles


@dataclass(frozen=True, slots=True)
class Nearest:
    """How far the nearest points are: the mean over bags of the mean distance to the ``count`` nearest of each bag.

    A distance is Euclidean times the point's ``scale``; smallest after that. With one bag, count 1 and scales it is
    the distance to the nearest cluster in units of the cluster's own spread. The term of a feature is its share of the
    squared distances to those points, averaged.

    Parameters
    ----------
    centre : float64 array of shape (d,)
        Taken off features and points first, so that large offsets cost no digits.
    points : float64 array of shape (m, d)
        With ``centre`` taken off already; the points of a bag stand side by side, every bag has as many.
    bags : int
        m is a multiple of it.
    count : int
        1 to m / bags.
    scale : float64 array of shape (m,)
        Above 0.
    """

    centre: Doubles
    points: Doubles
    bags: int
    count: int
    scale: Doubles


@dataclass(frozen=True, slots=True)
class LocalDensity:
    """The local outlier factor against reference points (Breunig et al. 2000, doi:10.1145/335191.335388).

    ``mean(density_j) / (1 / mean(max(reach_j, distance_j)))`` over the ``count`` nearest points j and all that are as
    far as the last of them, for a choice among equals would be settled by rounding. Terms are the mean squared
    differences to these points.

    Parameters
    ----------
    centre : float64 array of shape (d,)
    points : float64 array of shape (m, d)
        With ``centre`` taken off already.
    count : int
    reach : float64 array of shape (m,)
        The distance of each point to its own count-th neighbour; above 0.
    density : float64 array of shape (m,)
        The local reachability density of each point.
    """

    centre: Doubles
    points: Doubles
    count: int
    reach: Doubles
    density: Doubles


@dataclass(frozen=True, slots=True)
class KernelSum:
    """A one-class support vector machine: minus the weighted sum of Gaussian kernels.

    The term of a feature is its share of the squared distances to the points, weighted by coefficient times kernel,
    the kernels divided by the row's largest so that they do not all vanish far away.

    Parameters
    ----------
    kernel : Kernel
        With one output; the score is minus its sum.
    """

    kernel: Kernel


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """An autoencoder: the root of the mean squared difference between the features and what the layers make of them.

    The term of a feature is its squared difference.

    Parameters
    ----------
    layers : Layers
        From d features to d outputs, in the units of ``layers.scaling``.
    """

    layers: Layers


@dataclass(frozen=True, slots=True)
class Stacked:
    """Trees that were taught by labels, over the features and what the other members say; one at most, the last.

    Parameters
    ----------
    trees : Trees
        Over the d features, and behind them the raw scores of the members before it; with one output, the log-odds.
    path_features, path_values
        As those of :class:`TreeSum`; where a score of a member was asked there is no term.
    """

    trees: Trees
    path_features: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 0), np.int32))
    path_values: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))


AnomalyBody = TreeSum | Deviation | Nearest | LocalDensity | KernelSum | Reconstruction | Stacked

"""What flows between the parts of a clustering: points, a body that assigns them, and the algorithm that finds it.

Every algorithm ends in one of two bodies, so that new rows are assigned by the very rule that labelled the training
rows: points that each belong to a cluster (a centre, a micro-centre, a row), or a mixture of Gaussians. The labels of
a clustering are always what its body says of the rows; an algorithm whose own labels differ gives them up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline, Parameter, Value

    Doubles = NDArray[np.float64]

__all__ = ["Centres", "ClusterBody", "ClusterLearner", "Clustering", "Measure", "Mixture", "Points", "assign"]

Measure = Literal["euclidean distance", "negative log density"]

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Points:
    """Prepared rows, as a clustering algorithm sees them.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        Scaled, without missing values.
    names : tuple of str
        The d names.
    weight : float64 array of shape (n,), optional
        How many rows each one stands for; above 0.
    blocks : tuple of (int, int), default ()
        For each category column the positions, first and one past the last, of its columns of which one is set and
        the others are 0; all other columns are numbers.
    """

    matrix: NDArray[np.float32]
    names: tuple[str, ...]
    weight: Doubles | None = None
    blocks: tuple[tuple[int, int], ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.matrix)

    def take(self, rows: NDArray[np.int64] | slice) -> Points:
        """Return the given rows, by position."""
        weight = None if self.weight is None else self.weight[rows]
        return Points(self.matrix[rows], self.names, weight, self.blocks)


@dataclass(frozen=True, slots=True)
class Centres:
    """Points that each belong to a cluster; a row belongs to the cluster of the nearest, the first of equal ones.

    Parameters
    ----------
    centre : float64 array of shape (d,)
        Taken off features and points first, so that large offsets cost no digits.
    points : float64 array of shape (m, d)
        With ``centre`` taken off already; sorted by owner.
    owner : int64 array of shape (m,)
        The cluster of each point, 0 to clusters - 1, none of them without a point.
    """

    centre: Doubles
    points: Doubles
    owner: NDArray[np.int64]

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.owner[-1]) + 1

    @property
    def measure(self) -> Measure:
        """What the distances are."""
        return "euclidean distance"

    @classmethod
    def of(cls, points: NDArray[np.floating], owner: NDArray[np.integer] | None = None) -> Centres:
        """Return the body for points in the features' own place; each its own cluster where no owner is given.

        Examples
        --------
        >>> Centres.of(np.array([[0.0], [10.0]])).distances(np.array([[1.0]], np.float32)).tolist()
        [[1.0, 9.0]]
        """
        whole = np.asarray(points, np.float64)
        owners = np.arange(len(whole)) if owner is None else np.asarray(owner, np.int64)
        order = np.argsort(owners, kind="stable")
        centre = whole.mean(axis=0)
        return cls(centre, whole[order] - centre, owners[order].astype(np.int64))

    def distances(self, matrix: NDArray[np.float32]) -> Doubles:
        """Return the Euclidean distance of each row to the nearest point of each cluster, shape (n, clusters)."""
        return np.concatenate([self._block(block) for block in _blocks(matrix, len(self.points))])

    def _block(self, matrix: NDArray[np.float32]) -> Doubles:
        moved = matrix.astype(np.float64) - self.centre
        squares = (moved**2).sum(axis=1)[:, None] - 2.0 * (moved @ self.points.T) + (self.points**2).sum(axis=1)
        first = np.searchsorted(self.owner, np.arange(self.clusters))
        nearest: Doubles = np.minimum.reduceat(squares, first, axis=1)
        return np.sqrt(np.maximum(nearest, 0.0))


@dataclass(frozen=True, slots=True)
class Mixture:
    """Gaussians; a row belongs to the one of the highest density times share.

    ``distances`` are ``offset + 0.5 * |(x - mean) @ precision_root|^2``, the negative log of share times density.

    Parameters
    ----------
    means : float64 array of shape (clusters, d)
    precision_roots : float64 array of shape (clusters, d, d)
        The Cholesky factor of each precision matrix, as scikit-learn writes it: ``root @ root.T`` is the precision.
    offset : float64 array of shape (clusters,)
        ``0.5 * d * log(2 pi) - log det(root) - log(share)``.
    """

    means: Doubles
    precision_roots: Doubles
    offset: Doubles

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.means)

    @property
    def measure(self) -> Measure:
        """What the distances are."""
        return "negative log density"

    def distances(self, matrix: NDArray[np.float32]) -> Doubles:
        """Return the negative log of share times density of each row in each cluster, shape (n, clusters)."""
        return np.concatenate([self._block(block) for block in _blocks(matrix, 4 * matrix.shape[1])])

    def _block(self, matrix: NDArray[np.float32]) -> Doubles:
        rows = matrix.astype(np.float64)
        parts = [
            offset + 0.5 * (((rows - mean) @ root) ** 2).sum(axis=1)
            for mean, root, offset in zip(self.means, self.precision_roots, self.offset, strict=True)
        ]
        return np.column_stack(parts)


ClusterBody = Centres | Mixture


@dataclass(frozen=True, slots=True)
class Clustering:
    """What an algorithm found.

    Parameters
    ----------
    body : Centres or Mixture
        Assigns rows, those of training and new ones.
    labels : int64 array of shape (n,)
        The cluster of each training row, 0 to clusters - 1, as the body says.
    notes : mapping, default {}
        What a person may want to know: k tried, BIC, how many micro-clusters stood in for rows.
    stray : bool array of shape (n,), optional
        Rows that the algorithm itself called noise; they have a label all the same.
    """

    body: ClusterBody
    labels: NDArray[np.int64]
    notes: Mapping[str, Value] = field(default_factory=dict)
    stray: NDArray[np.bool_] | None = None


@runtime_checkable
class ClusterLearner(Protocol):
    """A clustering algorithm.

    Attributes
    ----------
    name : str
        As in the catalogue.
    parameters : tuple of Parameter
    finds_k : bool
        Whether it finds the number of clusters by itself when none is given; the others are given one.
    """

    name: str
    parameters: tuple[Parameter, ...]
    finds_k: bool

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = ...,
    ) -> Clustering:
        """Group the rows into k clusters; stop before the deadline with the best so far.

        Raises
        ------
        UsageError
            When a setting does not fit, or k is more than there are different rows.
        """
        ...


def assign(body: ClusterBody, matrix: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the cluster of each row, the first where several are equally near.

    Examples
    --------
    >>> assign(Centres.of(np.array([[0.0], [10.0]])), np.array([[1.0], [7.0]], np.float32)).tolist()
    [0, 1]
    """
    nearest: NDArray[np.int64] = body.distances(matrix).argmin(axis=1).astype(np.int64)
    return nearest


def _blocks(matrix: NDArray[np.float32], width: int) -> list[NDArray[np.float32]]:
    """Cut the rows so that a block's distances to ``width`` points stay small; one block where there are no rows."""
    step = max(1, _BLOCK_CELLS // max(1, width))
    return [matrix[start : start + step] for start in range(0, len(matrix), step)] or [matrix]

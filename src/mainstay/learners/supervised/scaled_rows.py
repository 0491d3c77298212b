"""Rows as distance and penalty learners need them: standardised, without weights of zero, and not too many.

A kernel method compares every row with every other, so rows beyond a cap are left out by a seeded draw that keeps the
shares of the classes. A smaller draw of the same seed is part of a larger one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.formulas import Scaling
from mainstay.contracts.learner import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features

    Doubles = NDArray[np.float64]

__all__ = ["LIMIT", "ScaledRows", "affordable_rows", "chunks", "deal", "draw", "scaled_rows", "scaling_of"]

LIMIT = 64.0
"""Standard deviations beyond which a feature counts no further: an outlier cannot drown every distance."""

_CHUNK = 8_192
_CELLS, _LEAST = 1_000_000, 100


@dataclass(frozen=True, slots=True)
class ScaledRows:
    """Standardised rows.

    Parameters
    ----------
    scaling : Scaling
        What made them, learned from all rows.
    matrix : float64 array of shape (m, d)
    target : Target
        Of the same rows; weights are above 0 with mean 1, and None where they are all equal.
    of : int
        How many rows there were.
    """

    scaling: Scaling
    matrix: Doubles
    target: Target
    of: int

    def notes(self) -> dict[str, float | int | str | bool]:
        """Return how many rows were used, of how many."""
        return {"rows_used": len(self.matrix), "rows_given": self.of}

    def take(self, rows: NDArray[np.int64]) -> ScaledRows:
        """Return some of the rows, by position."""
        return ScaledRows(self.scaling, self.matrix[rows], self.target.take(rows), self.of)


def scaled_rows(features: Features, target: Target, *, most: int, seed: int, limit: float = LIMIT) -> ScaledRows:
    """Return at most so many rows, standardised.

    Parameters
    ----------
    features : Features
        Finite.
    target : Target
    most : int
        The cap on rows.
    seed : int
    limit : float, default 64
        Standard deviations beyond which values are clipped; infinity does not clip.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> features = Features(np.arange(6, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("regression", np.arange(6.0), weight=np.array([0, 1, 1, 1, 1, 1.0]))
    >>> rows = scaled_rows(features, target, most=3, seed=0)
    >>> rows.matrix.shape, rows.notes()
    ((3, 1), {'rows_used': 3, 'rows_given': 6})
    """
    scaling = scaling_of(features.matrix, target.weight, limit=limit)
    kept = np.arange(len(target.values)) if target.weight is None else np.flatnonzero(target.weight > 0)
    if len(kept) > most:
        kept = kept[draw(target.take(kept), most, seed)]
    taken = target.take(kept)
    if taken.weight is not None:
        even = bool((taken.weight == taken.weight[0]).all())
        weight = None if even else taken.weight / taken.weight.mean()
        taken = Target(taken.task, taken.values, taken.classes, weight)
    return ScaledRows(scaling, scaling.apply(features.matrix[kept]), taken, len(target.values))


def affordable_rows(wanted: int, width: int) -> int:
    """Return how many rows a model that holds its rows may keep: those wanted, up to a million cells, at least 100.

    Examples
    --------
    >>> affordable_rows(5000, 20), affordable_rows(5000, 1000)
    (5000, 1000)
    """
    return min(wanted, max(_LEAST, _CELLS // width))


def scaling_of(matrix: NDArray[np.float32], weight: Doubles | None, *, limit: float) -> Scaling:
    """Return the standardisation of rows, weights counted; a constant feature gets the factor 0."""
    weight = np.ones(len(matrix)) if weight is None else weight / weight.max()
    total = weight.sum()
    centre, square = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1])
    for part in chunks(len(matrix)):
        centre += weight[part] @ matrix[part].astype(np.float64)
    centre /= total
    for part in chunks(len(matrix)):
        square += weight[part] @ (matrix[part].astype(np.float64) - centre) ** 2
    spread = np.sqrt(square / total)
    constant = spread <= 1e-12 * np.abs(centre)  # what is left of a constant column after rounding
    return Scaling(centre, np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, spread)), np.array(limit))


def draw(target: Target, most: int, seed: int) -> NDArray[np.int64]:
    """Return the positions of at most so many rows, ascending; classes keep their shares, and each keeps a row.

    Examples
    --------
    >>> target = Target("classification", np.repeat([0, 1], [90, 10]), 2)
    >>> np.bincount(target.values[draw(target, 20, 0)]).tolist()
    [18, 2]
    """
    order = np.random.default_rng(seed).permutation(len(target.values))
    if target.task == "classification":
        codes = target.values[order].astype(np.int64)
        _, rank, count = _ranks(codes)
        order = order[np.argsort(rank / count, kind="stable")]
    return np.sort(order[:most])


def deal(target: Target, folds: int, seed: int) -> NDArray[np.int64]:
    """Return a fold for each row, 0..folds-1, like cards: by class, or by order of the amount, so that folds are alike.

    Examples
    --------
    >>> target = Target("classification", np.repeat([0, 1], [6, 3]), 2)
    >>> fold = deal(target, 3, 0)
    >>> [np.bincount(target.values[fold == part]).tolist() for part in range(3)]
    [[2, 1], [2, 1], [2, 1]]
    """
    order = np.random.default_rng(seed).permutation(len(target.values))
    dealt = np.empty(len(order), np.int64)
    dealt[order[np.argsort(target.values[order], kind="stable")]] = np.arange(len(order)) % folds
    return dealt


def chunks(rows: int) -> Iterator[slice]:
    """Yield slices that cover the rows, so that only a part is ever held in float64."""
    return (slice(start, start + _CHUNK) for start in range(0, rows, _CHUNK))


def _ranks(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return for each row its class's first place in sorted order, its rank in the class, and the class's size."""
    by_class = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    first = (np.cumsum(counts) - counts)[codes]
    rank = np.empty(len(codes), np.int64)
    rank[by_class] = np.arange(len(codes))
    return first, rank - first, counts[codes]

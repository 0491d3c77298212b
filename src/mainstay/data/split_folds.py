"""Divides the training part into folds, so that every row gets one answer from a model that has not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.split_deal import deal
from mainstay.data.split_strata import number_units, stratify

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Fold", "folds"]


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the training part.

    Parameters
    ----------
    train, validation : int64 array
        Row positions from 0, in rising order; together all rows, and none twice.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def folds(
    target: NDArray[np.int64] | NDArray[np.float64],
    *,
    count: int = 5,
    seed: int = 0,
    fingerprints: NDArray[np.uint64] | None = None,
    groups: NDArray[np.int64] | None = None,
    order: NDArray[np.float64] | NDArray[np.int64] | None = None,
) -> tuple[Fold, ...]:
    """Divide rows into folds of nearly equal size; each row is in the validation part of exactly one.

    Without ``order`` the folds are drawn by chance with the same share of each class (or tenth of an amount); equal
    rows, or rows of one group, stay in one fold. A class that has at least two such sets is in the training part of
    every fold; a class with fewer sets than folds is absent from some validation parts.

    With ``order`` each fold is a stretch of time without gaps, and its model learns from all other rows, the later ones
    too. Forward chaining, where a model sees earlier rows only, would leave the first stretch without an
    answer, and a blend needs one for every row. Stretches keep neighbours in time together, which is where most of
    the leak would be; the final test part still lies after everything that was learned from.

    Parameters
    ----------
    target : array of shape (n,)
        int64 class codes, or float64 amounts.
    count : int, default 5
        How many folds, at least 2.
    seed : int, default 0
    fingerprints : uint64 array of shape (n,), optional
        Equal numbers for equal rows; not asked where ``groups`` or ``order`` is given.
    groups : int64 array of shape (n,), optional
        The group of each row; a row with a negative number stands alone.
    order : array of shape (n,), optional
        The time of each row; rows without one (NaN) count as the earliest. Equal times stay together.

    Returns
    -------
    tuple of Fold

    Raises
    ------
    UsageError
        When fewer than two folds are asked for, or both groups and an order are given.
    DataError
        When there are fewer rows, groups or times than folds.

    Examples
    --------
    >>> [fold.validation.tolist() for fold in folds(np.zeros(6), count=3, order=np.array([5, 4, 3, 2, 1, 0]))]
    [[4, 5], [2, 3], [0, 1]]
    >>> sorted(len(fold.validation) for fold in folds(np.repeat([0, 1], [90, 10]), count=5))
    [20, 20, 20, 20, 20]
    """
    if count < 2:
        raise UsageError(f"at least 2 folds are needed, and {count} came", where="folds")
    if groups is not None and order is not None:
        raise UsageError("folds are made by group or by time, and both came", where="folds")
    _enough(len(target), count, "rows")
    if order is not None:
        parts = _stretches(order.astype(np.float64), count)
    else:
        parts = _dealt(target, count, seed=seed, fingerprints=fingerprints, groups=groups)
    return tuple(Fold(np.flatnonzero(parts != part), np.flatnonzero(parts == part)) for part in range(count))


def _enough(have: int, count: int, noun: str) -> None:
    if have < count:
        raise DataError(
            f"{count} folds need at least {count} {noun}, and there are {have}",
            where="folds",
            hint="Use fewer folds, or give more data.",
        )


def _dealt(
    target: NDArray[np.generic],
    count: int,
    *,
    seed: int,
    fingerprints: NDArray[np.uint64] | None,
    groups: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    strata, shares = stratify(target), (1 / count,) * count
    if groups is not None:
        units = number_units(len(target), groups, alone_below_zero=True)
        _enough(int(units.max()) + 1, count, "groups")
        return deal(units, strata, shares, seed=seed)
    parts = deal(number_units(len(target), fingerprints), strata, shares, seed=seed)
    sizes = np.bincount(parts, minlength=count) * count / len(target)
    if fingerprints is not None and (sizes.min() < 0.5 or sizes.max() > 1.5):
        # So few different rows that equal ones cannot be kept together; the split has said so already.
        return deal(np.arange(len(target)), strata, shares, seed=seed)
    return parts


def _stretches(times: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Cut time into stretches, at the times that are nearest to equal sizes; return the stretch of each row."""
    times = np.where(np.isnan(times), -np.inf, times)
    places, counts = np.unique(times, return_inverse=True, return_counts=True)[1:]
    _enough(len(counts), count, "different times")
    middles = np.cumsum(counts) - counts / 2
    stretch = np.minimum((middles * count / len(times)).astype(np.int64), count - 1)
    # Where many rows share a time a stretch may come out empty: then each takes at least one of the times.
    least = np.arange(len(counts)) - (len(counts) - count)
    stretch = np.maximum.accumulate(np.maximum(stretch, least))
    first = np.unique(stretch, return_index=True)[1]
    if len(first) < count:
        stretch = np.minimum(np.arange(len(counts)) * count // len(counts), count - 1)
    return stretch[places]

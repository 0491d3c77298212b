"""How answers move with one column, all others left as they are: partial dependence and single rows (ICE).

Friedman, "Greedy function approximation", 2001 (doi:10.1214/aos/1013203451); Goldstein et al., "Peeking inside the
black box", 2015 (doi:10.1080/10618600.2014.907095). Rows are moved to values that they do not have: where columns hang
together some of these rows cannot exist, and the curve says nothing about causes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays

__all__ = ["Effect", "effect_of_category", "effect_of_number"]

_POINTS = 16


@dataclass(frozen=True, slots=True)
class Effect:
    """The answers of some rows as one column moves.

    Parameters
    ----------
    column : str
    values : tuple of float or tuple of str
        Where the column was put; numbers in order, or the words of levels.
    single : float64 array of shape (rows, points)
        The answer of each row at each value.
    """

    column: str
    values: tuple[float, ...] | tuple[str, ...]
    single: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """The partial dependence: the mean answer at each value, shape (points,)."""
        return np.asarray(self.single.mean(axis=0), np.float64)

    @property
    def limits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The 95 % interval of the mean over rows, at each value."""
        error = self.single.std(axis=0, ddof=1) / np.sqrt(len(self.single)) if len(self.single) > 1 else 0.0
        return self.mean - 1.96 * error, self.mean + 1.96 * error


def effect_of_number(predict: Callable[[Arrays], NDArray[np.float64]], arrays: Arrays, place: int) -> Effect | None:
    """Return the effect of a number column; None where it has fewer than two values.

    Parameters
    ----------
    predict : callable
        From decoded rows to one answer each, shape (n,).
    arrays : Arrays
        The rows that are moved.
    place : int
        The column's position among the numbers.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> numbers = np.arange(20, dtype=np.float32).reshape(10, 2)
    >>> arrays = Arrays(numbers, ("a", "b"), np.zeros((10, 0), np.int64), (), ())
    >>> effect = effect_of_number(lambda rows: 3.0 * rows.numbers[:, 0].astype(float), arrays, 0)
    >>> np.allclose(effect.mean, 3.0 * np.array(effect.values))
    True
    """
    known = arrays.numbers[:, place][~np.isnan(arrays.numbers[:, place])]
    values = np.unique(known)
    if len(values) > _POINTS:
        # From the 2nd to the 98th of a hundred: beyond are too few rows to say anything.
        values = np.unique(np.quantile(known, np.linspace(0.02, 0.98, _POINTS), method="nearest"))
    if len(values) < 2:
        return None

    def moved(value: float) -> Arrays:
        numbers = arrays.numbers.copy()
        numbers[:, place] = value
        return replace(arrays, numbers=numbers)

    single = np.column_stack([predict(moved(value)) for value in values])
    return Effect(arrays.number_names[place], tuple(float(value) for value in values), single)


def effect_of_category(
    predict: Callable[[Arrays], NDArray[np.float64]],
    arrays: Arrays,
    place: int,
    words: Sequence[str],
    *,
    most: int = 12,
) -> Effect | None:
    """Return the effect of a category column's most frequent levels; None where it has fewer than two.

    Parameters
    ----------
    predict, arrays
        As for :func:`effect_of_number`.
    place : int
        The column's position among the categories.
    words : sequence of str
        Its levels.
    most : int, default 12
    """
    codes = arrays.categories[:, place]
    counts = np.bincount(codes[(codes >= 0) & (codes < len(words))], minlength=len(words))
    levels = [int(code) for code in np.argsort(-counts, kind="stable")[:most] if counts[code]]
    if len(levels) < 2:
        return None

    def moved(code: int) -> Arrays:
        categories = arrays.categories.copy()
        categories[:, place] = code
        return replace(arrays, categories=categories)

    single = np.column_stack([predict(moved(code)) for code in levels])
    return Effect(arrays.category_names[place], tuple(words[code] for code in levels), single)

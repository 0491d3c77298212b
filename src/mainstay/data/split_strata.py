"""Numbers for the two things a fair split looks at: the bin of the target, and the set of rows that stays together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["number_units", "stratify"]

_BINS = 10
_ROWS_PER_BIN = 10


def stratify(target: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return the bin of each row: its class, or the tenth of the amounts that it belongs to.

    Amounts have at most ten bins, with at least ten rows in each; equal amounts share a bin.

    Examples
    --------
    >>> np.bincount(stratify(np.arange(100.0))).tolist()
    [10, 10, 10, 10, 10, 10, 10, 10, 10, 10]
    >>> stratify(np.array([7, 3, 7])).tolist()
    [1, 0, 1]
    """
    if not np.issubdtype(target.dtype, np.floating):
        return _numbered(target)
    amounts = target.astype(np.float64)
    bins = min(_BINS, max(1, len(target) // _ROWS_PER_BIN))
    inner = np.unique(np.quantile(amounts, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
    return _numbered(np.searchsorted(inner, amounts, side="right"))


def _numbered(values: NDArray[np.generic]) -> NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)


def number_units(rows: int, marks: NDArray[np.generic] | None, *, alone_below_zero: bool = False) -> NDArray[np.int64]:
    """Return the number of the set each row belongs to: 0, 1, ..., the same for equal marks.

    Parameters
    ----------
    rows : int
    marks : array of shape (rows,), optional
        Without marks each row is a set of its own.
    alone_below_zero : bool, default False
        Whether a row with a negative mark is a set of its own.

    Examples
    --------
    >>> number_units(4, np.array([5, 2, 5, 9])).tolist()
    [1, 0, 1, 2]
    >>> number_units(4, np.array([5, -1, 5, -1]), alone_below_zero=True).tolist()
    [0, 1, 0, 2]
    """
    if marks is None:
        return np.arange(rows)
    units = np.empty(rows, np.int64)
    alone = marks.astype(np.int64) < 0 if alone_below_zero else np.zeros(rows, np.bool_)
    known, units[~alone] = np.unique(marks[~alone], return_inverse=True)
    units[alone] = len(known) + np.arange(int(alone.sum()))
    return units

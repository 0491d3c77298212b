"""The rows as the passes want them: centred and scaled float32, with what a distance needs standing beside each row."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.learners.cluster.kmeans_path.workers import over_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["SHORT", "Table", "finished", "numbers", "table_of"]

SHORT = 1 << 14
"""Tables of so many rows and fewer are worked on as a whole, and start-up counts."""

_LEAST_SCALE = 1e-30
_BLOCK_CELLS = 1 << 19
_WHERE = "K-means"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows ready for distances.

    Parameters
    ----------
    augmented : float32 array of shape (n, d + 2)
        The centred and scaled row, a 1, and its squared norm: one matrix product with a centre's
        ``(-2 c, |c|^2, 1)`` is the squared distance.
    weight : float32 array of shape (n,), optional
    centre : float64 array of shape (d,)
    scale : float
        What the centred values were divided by, so that the mean squared norm is 1.
    mass : float
        Sum of the weights.
    spread : float
        Sum of weight times squared norm, in scaled units.
    cuts : tuple of int, default ()
        Where runs of rows that lie close together end; the blocks of a pass end there too.
    """

    augmented: Floats
    weight: Floats | None
    centre: Doubles
    scale: float
    mass: float
    spread: float
    cuts: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.augmented)

    @property
    def width(self) -> int:
        """How many columns the data has."""
        return int(self.augmented.shape[1]) - 2

    @property
    def points(self) -> Floats:
        """The centred and scaled rows, (n, d); a view."""
        return self.augmented[:, :-2]

    @property
    def norms(self) -> Floats:
        """The squared norm of each row; a view."""
        return self.augmented[:, -1]

    def take(self, rows: NDArray[np.int64], weight: Doubles | None) -> Table:
        """Return some rows, in rising order, in the same place and scale, with new weights."""
        cuts = tuple(np.searchsorted(rows, self.cuts).tolist()) if self.cuts else ()
        return finished(self.augmented[rows], weight, self.centre, self.scale, cuts=cuts)


def finished(
    augmented: Floats, weight: Doubles | None, centre: Doubles, scale: float, *, cuts: tuple[int, ...] = ()
) -> Table:
    """Return the table with its sums."""
    norms = augmented[:, -1].astype(np.float64)
    mass = float(len(norms)) if weight is None else float(weight.sum())
    spread = float(norms.sum() if weight is None else norms @ weight)
    light = None if weight is None else weight.astype(np.float32)
    return Table(augmented, light, centre, scale, mass, spread, cuts)


def table_of(X: NDArray[np.floating | np.integer], sample_weight: Doubles | None) -> Table:
    """Check the rows and bring them into form; equal rows are drawn together where there are many.

    Raises
    ------
    UsageError
        When a value is missing, infinite or too large, or weights do not fit.
    """
    matrix = numbers(X)
    weight = _weights(sample_weight, len(matrix))
    step = max(1, _BLOCK_CELLS // matrix.shape[1])
    mass = float(len(matrix)) if weight is None else float(weight.sum())
    centre = _total(matrix, weight, step) / mass
    if not np.isfinite(centre).all():
        raise UsageError(
            "finite numbers were expected, and a value is missing, infinite or too large for a sum",
            where=_WHERE,
            hint="Fill or drop missing values first; a prepared table has none.",
        )
    augmented = np.empty((len(matrix), matrix.shape[1] + 2), np.float32)
    norms = _centred(matrix, centre, augmented, step)
    spread = float(norms.sum() if weight is None else norms @ weight)
    scale = float(np.sqrt(spread / mass))
    if scale < _LEAST_SCALE:  # float32 would take it for nothing, and the rows for equal
        scale = 1.0
    _scaled(augmented, norms, scale, step)
    return finished(augmented, weight, centre, scale)


def numbers(X: NDArray[np.floating | np.integer]) -> NDArray[np.floating | np.integer]:
    """Return X as an array.

    Raises
    ------
    UsageError
        When it is no table of numbers with at least one row and column.
    """
    matrix = X if isinstance(X, np.ndarray) else np.asarray(X)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise UsageError(
            f"a table of at least one row and one column was expected, and shape {matrix.shape} came", where=_WHERE
        )
    if matrix.dtype.kind not in "fiub":
        raise UsageError(f"numbers were expected, and values of type {matrix.dtype} came", where=_WHERE)
    return matrix


def _weights(weight: Doubles | None, rows: int) -> Doubles | None:
    if weight is None:
        return None
    given = np.asarray(weight, np.float64)
    if given.shape != (rows,):
        raise UsageError(f"one weight for each of {rows} rows was expected, and shape {given.shape} came", where=_WHERE)
    if not np.isfinite(given).all() or (given < 0).any() or not given.sum() > 0:
        raise UsageError("weights must be finite and at least 0, and not all of them 0", where=_WHERE)
    return given


def _total(matrix: NDArray[np.floating | np.integer], weight: Doubles | None, step: int) -> Doubles:
    def part(first: int, last: int) -> Doubles:
        block = np.asarray(matrix[first:last], np.float64)
        total: Doubles = block.sum(axis=0) if weight is None else weight[first:last] @ block
        return total

    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(sum(over_blocks(part, len(matrix), step)), np.float64)


def _centred(matrix: NDArray[np.floating | np.integer], centre: Doubles, into: Floats, step: int) -> Doubles:
    """Write the centred rows and return their squared norms, in float64."""

    def part(first: int, last: int) -> Doubles:
        block = np.subtract(matrix[first:last], centre, dtype=np.float64)
        into[first:last, :-2] = block
        norms: Doubles = np.einsum("ij,ij->i", block, block)
        return norms

    return np.concatenate(list(over_blocks(part, len(matrix), step)))


def _scaled(augmented: Floats, norms: Doubles, scale: float, step: int) -> None:
    def part(first: int, last: int) -> None:
        block = augmented[first:last]
        block[:, :-2] /= np.float32(scale)
        block[:, -2] = 1.0
        block[:, -1] = norms[first:last] / scale**2

    deque(over_blocks(part, len(augmented), step), maxlen=0)

"""What anomaly detectors say of rows, computed by NumPy alone from the definitions of ``contracts.anomaly_bodies``.

Learners use it to scale what they found, and it is the second opinion beside the model graph. Rows go through in
blocks, so that memory stays bounded whatever their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import (
    Deviation,
    KernelSum,
    LocalDensity,
    Nearest,
    Reconstruction,
    Stacked,
    TreeSum,
)
from mainstay.contracts.anomaly_distances import (
    density_rounding,
    density_scores,
    density_terms,
    nearest_rounding,
    nearest_scores,
    nearest_terms,
    squared_distances,
)
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.formulas import Layers
    from mainstay.contracts.model import Trees

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Places = NDArray[np.int64]

__all__ = ["detection_scores", "leaves_of", "member_scores", "member_terms", "rounding_of"]

_CELLS = 1 << 20  # distances, or leaves, that are held at once: 8 MB for each step of the arithmetic
_DEEPEST = 1000


def detection_scores(detection: Detection, matrix: Floats, given: Doubles | None = None) -> Doubles:
    """Return the raw scores of all members, each behind those it may build on.

    Parameters
    ----------
    detection : Detection
        With M members.
    matrix : float32 array of shape (n, d)
    given : float64 array of shape (n, M), optional
        Raw scores that are known already, in place of its own for members that build on others: trees over scores that
        differ by rounding may differ by a whole leaf.

    Returns
    -------
    float64 array of shape (n, M)
    """
    raw = np.empty((len(matrix), len(detection.members)))
    for at, member in enumerate(detection.members):
        raw[:, at] = member_scores(member.body, matrix, (raw if given is None else given)[:, :at])
    return raw


def member_scores(body: AnomalyBody, matrix: Floats, before: Doubles | None = None) -> Doubles:
    """Return how odd one detector finds each row.

    Parameters
    ----------
    body : AnomalyBody
    matrix : float32 array of shape (n, d)
    before : float64 array of shape (n, members), optional
        The raw scores of the members before it; a :class:`Stacked` needs them.

    Returns
    -------
    float64 array of shape (n,)
        Higher is odder, in a unit of the detector's own.

    Examples
    --------
    >>> body = Deviation(np.zeros(2), np.eye(2))
    >>> member_scores(body, np.array([[3.0, 4.0]], np.float32)).tolist()
    [5.0]
    """
    answer, rows = _scorer(body, matrix.shape[1]), _block_rows(body)
    given = np.empty((len(matrix), 0)) if before is None else np.asarray(before, np.float64)
    parts = [answer(matrix[at : at + rows], given[at : at + rows]) for at in range(0, len(matrix), rows)]
    return np.concatenate(parts) if parts else np.empty(0)


def member_terms(body: AnomalyBody, matrix: Floats, before: Doubles | None = None) -> Doubles:
    """Return how much each feature adds to a row's oddness, as the body's class defines it.

    Parameters
    ----------
    body : AnomalyBody
    matrix : float32 array of shape (n, d)
    before : float64 array of shape (n, members), optional
        As for :func:`member_scores`.

    Returns
    -------
    float64 array of shape (n, d)
        At least 0, in a unit of the detector's own: shares of a row's sum are what compares.

    Examples
    --------
    >>> body = Deviation(np.zeros(2), np.eye(2))
    >>> member_terms(body, np.array([[3.0, 4.0]], np.float32)).tolist()
    [[9.0, 16.0]]
    """
    explain, rows = _explainer(body, matrix.shape[1]), max(1, _block_rows(body) // max(1, matrix.shape[1]))
    given = np.empty((len(matrix), 0)) if before is None else np.asarray(before, np.float64)
    parts = [explain(matrix[at : at + rows], given[at : at + rows]) for at in range(0, len(matrix), rows)]
    return np.concatenate(parts) if parts else np.empty(matrix.shape)


def rounding_of(body: AnomalyBody, matrix: Floats) -> Doubles:
    """Return how far the score of each row may be off by rounding alone, beside what any sum of float64 loses.

    Parameters
    ----------
    body : AnomalyBody
    matrix : float32 array of shape (n, d)

    Returns
    -------
    float64 array of shape (n,)
        0 for bodies that take no small differences of large numbers.

    Examples
    --------
    >>> body = Nearest(np.zeros(1), np.array([[0.0], [1e6]]), bags=1, count=1, scale=np.ones(2))
    >>> rounding_of(body, np.array([[0.0], [1e6]], np.float32)).tolist()
    [0.0, 0.1]
    """
    found, rows = np.zeros(len(matrix)), _block_rows(body)
    for at in range(0, len(matrix), rows):
        block = slice(at, at + rows)
        if isinstance(body, Nearest):
            found[block] = nearest_rounding(body, matrix[block] - body.centre)
        elif isinstance(body, LocalDensity):
            found[block] = density_rounding(body, matrix[block] - body.centre)
    return found


def _block_rows(body: AnomalyBody) -> int:
    if isinstance(body, TreeSum | Stacked):
        cells = max(1, len(body.trees.roots)) * max(1, body.path_features.shape[1] if body.path_features.size else 1)
    elif isinstance(body, KernelSum):
        cells = len(body.kernel.points)
    elif isinstance(body, Nearest | LocalDensity):
        cells = len(body.points)
    else:
        cells = 256
    return max(1, min(_CELLS // max(1, cells), 1 << 16))


def _scorer(body: AnomalyBody, width: int) -> Callable[[Floats, Doubles], Doubles]:
    if isinstance(body, TreeSum | Stacked):
        descend = _Descent(body.trees, _width_of(body, width))
        return lambda rows, before: _tree_scores(body, descend, _asked(body, rows, before))
    if isinstance(body, Deviation):
        return lambda rows, _: np.sqrt((((rows - body.centre) @ body.root) ** 2).sum(axis=1))
    if isinstance(body, Nearest):
        return lambda rows, _: nearest_scores(body, rows - body.centre)
    if isinstance(body, LocalDensity):
        return lambda rows, _: density_scores(body, rows - body.centre)
    if isinstance(body, KernelSum):
        return lambda rows, _: _kernel_scores(body, rows)
    return lambda rows, _: np.sqrt((_left_over(body, rows) ** 2).mean(axis=1))


def _explainer(body: AnomalyBody, width: int) -> Callable[[Floats, Doubles], Doubles]:
    if isinstance(body, TreeSum | Stacked):
        descend = _Descent(body.trees, _width_of(body, width))
        return lambda rows, before: _path_terms(body, descend(_asked(body, rows, before)), width)
    if isinstance(body, Deviation):
        return lambda rows, _: _deviation_terms(body, rows - body.centre)
    if isinstance(body, Nearest):
        return lambda rows, _: nearest_terms(body, rows - body.centre)
    if isinstance(body, LocalDensity):
        return lambda rows, _: density_terms(body, rows - body.centre)
    if isinstance(body, KernelSum):
        return lambda rows, _: _kernel_terms(body, rows)
    return lambda rows, _: _left_over(body, rows) ** 2


# trees


def leaves_of(trees: Trees, values: NDArray[np.floating]) -> Places:
    """Return the leaf of each tree that each row ends in, as positions in the pool.

    Parameters
    ----------
    trees : Trees
        Without member sets.
    values : float array of shape (n, width)
        Finite; all rows at once, so a caller of many rows takes blocks of them.

    Returns
    -------
    int64 array of shape (n, trees)

    Raises
    ------
    UsageError
        When a tree asks what the rows do not have, or never ends.

    Examples
    --------
    >>> from mainstay.contracts.model import Trees
    >>> stump = Trees(
    ...     roots=np.array([0]), feature=np.array([0, -1, -1], np.int32), threshold=np.zeros(3),
    ...     missing_left=np.zeros(3, np.bool_), left=np.array([1, -1, -1], np.int32),
    ...     right=np.array([2, -1, -1], np.int32), value=np.zeros((3, 1)), base=np.zeros(1),
    ... )
    >>> leaves_of(stump, np.array([[-1.0], [1.0]])).ravel().tolist()
    [1, 2]
    """
    return _Descent(trees, values.shape[1])(values)


class _Descent:
    """All trees at once, a level at a time; a leaf leads to itself, so no row has to be looked for."""

    def __init__(self, trees: Trees, width: int) -> None:
        inner = np.asarray(trees.feature >= 0)
        if len(trees.members) or np.max(trees.feature, initial=-1) >= width:
            raise UsageError(f"trees over {width} numbers ask for another, or for categories", where="detector")
        here = np.arange(len(inner))
        self._roots = np.asarray(trees.roots, np.int64)
        self._feature = np.where(inner, trees.feature, 0).astype(np.int64)
        self._threshold = np.asarray(trees.threshold, np.float64)
        ways = [np.where(inner, way, here) for way in (trees.right, trees.left)]
        self._ways = np.stack(ways, axis=1).ravel().astype(np.int64)
        self._levels = self._depth(inner)

    def _depth(self, inner: NDArray[np.bool_]) -> int:
        ways, frontier = self._ways.reshape(-1, 2), self._roots
        for level in range(_DEEPEST + 1):
            frontier = frontier[inner[frontier]]
            if not len(frontier):
                return level
            frontier = ways[frontier].ravel()
        raise UsageError(f"a tree is deeper than {_DEEPEST} levels", where="detector")

    def __call__(self, values: NDArray[np.floating]) -> Places:
        rows, width = values.shape
        flat = np.ascontiguousarray(values).ravel()
        start = np.arange(rows)[:, None] * width
        at = np.repeat(self._roots[None, :], rows, axis=0)
        for _ in range(self._levels):
            left = flat.take(start + self._feature.take(at)) <= self._threshold.take(at)
            at = self._ways.take(2 * at + left)
        return at


def _width_of(body: TreeSum | Stacked, width: int) -> int:
    if isinstance(body, Stacked):
        return int(np.max(body.trees.feature, initial=width - 1)) + 1
    return width + (0 if body.directions is None else len(body.directions.first))


def _asked(body: TreeSum | Stacked, rows: Floats, before: Doubles) -> NDArray[np.floating]:
    """Return what the trees may ask: the features, and what stands behind them."""
    if isinstance(body, Stacked):
        return np.concatenate([rows.astype(np.float64), before], axis=1)
    return rows if body.directions is None else np.concatenate([rows, body.directions.values(rows)], axis=1)


def _tree_scores(body: TreeSum | Stacked, descend: _Descent, asked: NDArray[np.floating]) -> Doubles:
    if asked.shape[1] <= np.max(body.trees.feature, initial=-1):
        raise UsageError("the scores of the members before this one are missing", where="detector")
    leaves, values = descend(asked), np.asarray(body.trees.value, np.float64)
    outputs = [values[:, at].take(leaves).sum(axis=1) + body.trees.base[at] for at in range(values.shape[1])]
    table = np.stack(outputs, axis=1)
    largest = isinstance(body, TreeSum) and body.combined == "largest"
    return np.asarray(table.max(axis=1) if largest else table.sum(axis=1), np.float64)


def _path_terms(body: TreeSum | Stacked, leaves: Places, width: int) -> Doubles:
    if not body.path_features.size:
        return np.zeros((len(leaves), width))
    features = body.path_features[leaves].reshape(len(leaves), -1).astype(np.int64)
    places = np.where(features < 0, width, features) + np.arange(len(leaves))[:, None] * (width + 1)
    values = body.path_values[leaves].astype(np.float64)
    summed = np.bincount(places.ravel(), weights=values.ravel(), minlength=len(leaves) * (width + 1))
    return np.asarray(summed.reshape(len(leaves), width + 1)[:, :width], np.float64)


# formulas


def _deviation_terms(body: Deviation, moved: Doubles) -> Doubles:
    matrix = body.root @ body.root.T
    own = np.diag(matrix)
    return np.asarray((moved @ matrix) ** 2 * np.divide(1.0, own, out=np.zeros_like(own), where=own > 0))


def _kernel_scores(body: KernelSum, rows: Floats) -> Doubles:
    kernel = body.kernel
    kernels = np.exp(-float(kernel.gamma) * squared_distances(kernel.scaling.apply(rows), kernel.points))
    return np.asarray(-(kernels @ kernel.coefficients[:, 0] + kernel.intercept[0]), np.float64)


def _kernel_terms(body: KernelSum, rows: Floats) -> Doubles:
    kernel = body.kernel
    standard, points = kernel.scaling.apply(rows), kernel.points
    squares = squared_distances(standard, points)
    near = np.exp(-float(kernel.gamma) * (squares - squares.min(axis=1, keepdims=True)))
    weights = near * np.maximum(kernel.coefficients[:, 0], 0.0)
    total = weights.sum(axis=1, keepdims=True) * standard**2 - 2.0 * standard * (weights @ points)
    return np.asarray(np.maximum(total + weights @ points**2, 0.0), np.float64)


def _left_over(body: Reconstruction, rows: Floats) -> Doubles:
    standard = body.layers.scaling.apply(rows)
    return np.asarray(standard - _rebuilt(body.layers, standard), np.float64)


def _rebuilt(layers: Layers, values: Doubles) -> Doubles:
    last = len(layers.weights) - 1
    for at, (weights, biases) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        values = values @ weights + biases
        if at < last:
            values = _activated(values, layers.activation)
    return values


def _activated(sums: Doubles, activation: str) -> Doubles:
    if activation == "relu":
        return np.maximum(sums, 0.0)
    if activation == "tanh":
        return np.asarray(np.tanh(sums), np.float64)
    if activation == "identity":
        return sums
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-sums)), np.float64)

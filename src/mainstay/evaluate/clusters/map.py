"""Rows and clusters in two dimensions, so that a person sees how they lie: the first two principal components.

Two columns are shown as they are.

A straight map keeps distances honest: what is far apart on it is far apart. How much of all variance it shows is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.records import ClusterMap, MapCentre
from mainstay.evaluate.clusters.sample import row_weights, stratified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["map_of"]

_FITTED, _SHOWN, _NAMED = 20_000, 3_000, 3
_HEAVY = 0.35
"""A column names a direction when its part in it is at least this share of the largest."""


def map_of(
    matrix: NDArray[np.floating], labels: Ints, names: Sequence[str], *, seed: int = 0, most: int = _SHOWN
) -> ClusterMap:
    """Return a map of a sample of the rows, and of the middles of all clusters.

    Parameters
    ----------
    matrix : array of shape (n, d)
        Prepared rows, without missing values.
    labels : int64 array of shape (n,)
    names : sequence of d str
        Names of the prepared columns.
    seed : int, default 0
        Of the samples.
    most : int, default 3000
        Rows on the map.

    Examples
    --------
    >>> rows = np.array([[0.0, 0.0], [1.0, 0.1], [9.0, 0.0], [10.0, 0.1]])
    >>> found = map_of(rows, np.array([0, 0, 1, 1]), ("income", "age"))
    >>> found.directions[0], found.explained[0] > 0.99, len(found.x)
    ('more income', True, 4)
    """
    rows = stratified(labels, _FITTED, seed)
    weight = row_weights(labels[rows], np.bincount(labels))
    sample = np.asarray(matrix[rows], np.float64)
    middle = weight @ sample / weight.sum()
    axes, explained = _axes((sample - middle) * np.sqrt(weight / weight.sum())[:, None], seed)
    shown = stratified(labels, most, seed + 1)
    places = (np.asarray(matrix[shown], np.float64) - middle) @ axes
    return ClusterMap(
        x=_told(places[:, 0]),
        y=_told(places[:, 1]),
        cluster=tuple(labels[shown].tolist()),
        row=tuple(shown.tolist()),
        centres=_centres((sample - middle) @ axes, labels[rows]),
        explained=explained,
        directions=(_direction(axes[:, 0], names), _direction(axes[:, 1], names)),
        rows=len(labels),
    )


def _axes(weighted: Floats, seed: int) -> tuple[Floats, tuple[float, float]]:
    """Return the two directions as columns, each pointing where its largest part is positive, and their shares."""
    total = float(np.square(weighted).sum())
    width = weighted.shape[1]
    axes = np.zeros((width, 2))
    if total <= 0 or not width:
        axes[: min(width, 2), : min(width, 2)] = np.eye(min(width, 2))
        return axes, (0.0, 0.0)
    if width <= 2:  # as they are: turned, two columns that a person knows are harder to read and show no more
        axes[:width, :width] = np.eye(width)
        shares = np.square(weighted).sum(axis=0) / total
        return axes, (float(shares[0]), float(shares[1:].sum()))
    if width <= 1_000:
        spread, directions = np.linalg.eigh(weighted.T @ weighted)
        strength, found = spread[::-1][:2], directions[:, ::-1][:, :2]
    else:
        from sklearn.utils.extmath import randomized_svd  # here: it takes a second to load

        _, singular, rows = randomized_svd(weighted, n_components=2, random_state=seed)
        strength, found = singular**2, rows.T
    turn = np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    axes[:, : found.shape[1]] = found * np.where(turn == 0, 1.0, turn)
    shares = np.zeros(2)
    shares[: len(strength)] = np.clip(strength / total, 0.0, 1.0)
    return axes, (float(shares[0]), float(shares[1]))


def _centres(places: Floats, labels: Ints) -> tuple[MapCentre, ...]:
    sizes = np.bincount(labels)
    x, y = (np.bincount(labels, part) / np.maximum(sizes, 1) for part in places.T)
    return tuple(MapCentre(int(place), *_told(np.array([x[place], y[place]]))) for place in np.flatnonzero(sizes))


def _told(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values)


def _direction(axis: Floats, names: Sequence[str]) -> str:
    heaviest = np.abs(axis).max(initial=0.0)
    if heaviest <= 0:
        return "nothing"
    order = np.argsort(-np.abs(axis), kind="stable")[:_NAMED]
    kept = [place for place in order if abs(axis[place]) >= _HEAVY * heaviest]
    return ", ".join(f"{'more' if axis[place] > 0 else 'less'} {names[place]}" for place in kept)

"""Whether a way of rows joins two hills: a bent cluster has empty places on the straight line between two of its parts.

A ring, a banana or a rolled band takes several Gaussians, and next to nothing lies on the line from one to another. So
the rows themselves are followed: from neighbour to neighbour, never through a place much thinner than the lower hill.
Neighbours tell near from far in few dimensions only, counted along the rows and not by columns; in many none is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.choose_k.look import Look

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Ways", "ways_of"]

_NEIGHBOURS, _FEW, _LINKS = 24, 12, 8
"""At least so many neighbours for a density, and the root of the rows where that is more; what small
hills are given, and how many are linked."""
_FEWEST_ROWS = 60
_MOST_DIMENSIONS = 2.5
_PASSABLE = 0.6
"""Of the usual density in the core of the lower hill. Gaussians four deviations apart reach 0.30 to 0.55, parts of a
ring or a band 0.55 to 0.95."""
_PASSABLE_TO_FEW = 0.55
_CORE = 0.5
_JOINED = 0.5
_ROWS_PER_NEIGHBOUR = 4.5
"""A hill of fewer rows is no larger than the places at which density is measured, and blurs into the next."""
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Ways:
    """Links between neighbouring rows, with the lowest density on each.

    Parameters
    ----------
    density : float64 array of shape (m,)
        Of the rows, up to a factor.
    source, target : int64 arrays of shape (links,)
    lowest : float64 array of shape (links,)
        The density of the thinnest place on a link: its ends or its middle.
    neighbours : int
        On how many a density rests.
    """

    density: Doubles
    source: Whole
    target: Whole
    lowest: Doubles
    neighbours: int

    def suit(self, low: Whole, high: Whole) -> bool:
        """Say whether the hills are large enough for this view."""
        return min(len(low), len(high)) >= _ROWS_PER_NEIGHBOUR * self.neighbours

    def join(self, low: Whole, high: Whole) -> bool:
        """Say whether most rows in the core of a hill are joined with those in the core of a higher one.

        Parameters
        ----------
        low, high : int64 arrays
            The rows of the two hills.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        cores = [rows[self.density[rows] >= np.quantile(self.density[rows], 1.0 - _CORE)] for rows in (low, high)]
        level = (_PASSABLE if self.neighbours > _FEW else _PASSABLE_TO_FEW) * float(np.median(self.density[cores[0]]))
        kept = self.lowest >= level
        rows = len(self.density)
        links = csr_array((np.ones(int(kept.sum()), np.int8), (self.source[kept], self.target[kept])), (rows, rows))
        part = connected_components(links, directed=False)[1]
        shares = [np.bincount(part[core], minlength=rows) / len(core) for core in cores]
        return bool(np.minimum(*shares).max() >= _JOINED)


def ways_of(look: Look) -> tuple[Ways, ...]:
    """Return the ways along rows that spread in few dimensions, the coarse view first; none where none is seen.

    Parameters
    ----------
    look : Look

    References
    ----------
    Levina, Bickel (2004), "Maximum likelihood estimation of intrinsic dimension"; Chazal, Guibas, Oudot, Skraba (2013),
    "Persistence-based clustering in Riemannian manifolds", doi:10.1145/2535927.
    """
    from scipy.spatial import KDTree

    rows, width = look.rows.shape
    if rows < _FEWEST_ROWS or not width:
        return ()
    tree = KDTree(look.rows)
    count = max(_NEIGHBOURS, int(np.sqrt(rows)))
    distances, positions = tree.query(look.rows, count + 1)
    if np.median(distances[:, _LINKS]) <= 0.0:
        return ()
    dimension = _dimension(distances[:, 1:], width)
    if dimension > _MOST_DIMENSIONS:
        return ()
    source = np.repeat(np.arange(rows), _LINKS)
    target = positions[:, 1 : _LINKS + 1].ravel()
    middle = (look.rows[source] + look.rows[target]) / 2
    between, around = tree.query(middle, count + 1)
    views = []
    for some in (count, _FEW):
        density = _density(look, (distances[:, : some + 1], positions[:, : some + 1]), dimension)
        halfway = _density(look, (between[:, : some + 1], around[:, : some + 1]), dimension)
        lowest = np.minimum(halfway, np.minimum(density[source], density[target]))
        views.append(Ways(density, source, target, lowest, some))
    return tuple(views)


def _density(look: Look, found: tuple[Doubles, Whole], dimension: float) -> Doubles:
    distances, positions = found
    inside: Doubles = look.weight[positions].sum(axis=1) / np.maximum(distances[:, -1], _TINY) ** dimension
    return inside


def _dimension(distances: Doubles, most: int) -> float:
    """Return in how many dimensions the rows spread, from 1 to the number of columns."""
    known = distances[distances[:, 0] > 0.0, :_NEIGHBOURS]
    if not len(known):
        return float(most)
    half = _NEIGHBOURS // 2
    ratio = np.log(known[:, -1:] / known[:, half:-1])
    expected = np.mean([(1.0 / np.arange(one, _NEIGHBOURS)).sum() for one in range(half + 1, _NEIGHBOURS)])
    return float(np.clip(expected / max(float(ratio.mean()), 1e-9), 1.0, most))

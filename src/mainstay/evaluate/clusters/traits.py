"""Which rows a trait is about, so that a name does not say the same thing twice in the words of two columns.

"InternetService No" and "StreamingTV No internet service" hold for the same rows: the second is no news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.contrasts import contrasts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.evaluate.clusters.columns import ColumnView
    from mainstay.evaluate.clusters.records import Contrast

    Ints = NDArray[np.int64]

__all__ = ["Traits"]

_SAME = 0.95
"""From which share of common rows, among those of either, two traits are one."""


class Traits:
    """The rows behind the traits of some clusters.

    Parameters
    ----------
    views : sequence of ColumnView
        The columns, n rows each.
    labels : int64 array of shape (n,)
    sizes : int64 array of shape (clusters,)
        In the whole table.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> line = ColumnView("line", "category", np.repeat([0.0, 1.0], 50), ("none", "fibre"))
    >>> films = ColumnView("films", "category", np.repeat([0.0, 1.0], 50), ("no line", "yes"))
    >>> labels, sizes = np.repeat([0, 1], 50), np.array([50, 50])
    >>> first, second = contrasts_of([line, films], labels, sizes)[0]
    >>> Traits([line, films], labels, sizes).same(first, second)
    True
    """

    def __init__(self, views: Sequence[ColumnView], labels: Ints, sizes: Ints) -> None:
        self.views = list(views)
        self.by_name = {view.name: view for view in views}
        self.labels, self.sizes = labels, sizes
        self.known: dict[tuple[str, str, str], NDArray[np.bool_]] = {}

    def same(self, first: Contrast, second: Contrast) -> bool:
        """Return whether two traits of one cluster hold for nearly the same rows."""
        one, other = self._rows(first), self._rows(second)
        either = int((one | other).sum())
        return either > 0 and int((one & other).sum()) >= _SAME * either

    def apart(self, clusters: Sequence[int]) -> list[tuple[Contrast, ...]]:
        """Return what tells some clusters from each other, for each of them, with the other rows left out."""
        from dataclasses import replace

        place = np.full(len(self.sizes), -1)
        place[list(clusters)] = np.arange(len(clusters))
        rows = np.flatnonzero(place[self.labels] >= 0)
        views = [replace(view, values=view.values[rows]) for view in self.views]
        return contrasts_of(views, place[self.labels[rows]], self.sizes[list(clusters)])

    def _rows(self, trait: Contrast) -> NDArray[np.bool_]:
        key = (trait.column, trait.aspect, trait.level)
        if key not in self.known:
            self.known[key] = _rows_of(self.by_name[trait.column], trait)
        return self.known[key]


def _rows_of(view: ColumnView, trait: Contrast) -> NDArray[np.bool_]:
    """Return the rows that a trait speaks of; of ranked values those beyond the middle, or beyond the quartiles."""
    there = np.isfinite(view.values)
    if trait.aspect in ("absent", "present"):
        return ~there if trait.aspect == "absent" else there
    if trait.level:
        inside = view.values == view.levels.index(trait.level)
        return np.asarray(inside if trait.aspect == "mostly" else there & ~inside, np.bool_)
    low, middle, high = np.quantile(view.values[there], [0.25, 0.5, 0.75]) if there.any() else (0.0, 0.0, 0.0)
    with np.errstate(invalid="ignore"):
        if trait.aspect in ("high", "low"):
            return np.asarray(view.values > middle if trait.aspect == "high" else view.values < middle, np.bool_)
        central = (view.values >= low) & (view.values <= high)
    return np.asarray(central if trait.aspect == "middle" else there & ~central, np.bool_)

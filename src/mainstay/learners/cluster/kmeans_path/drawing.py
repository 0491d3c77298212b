"""Samples that keep small groups far away: half of the rows by weight, half by their error under a coarse fit.

Each drawn row has the weight that makes sums over the sample right on average (Lucic, Bachem, Krause 2016, "Strong
coresets for hard and soft Bregman clustering", arXiv:1508.05243, in its light form).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import nearest
from mainstay.learners.cluster.kmeans_path.seeding import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["Drawing"]

_COARSE = 12
_FIRST = 4096


class Drawing:
    """Draws samples of a table."""

    def __init__(self, table: Table, generator: np.random.Generator) -> None:
        self.table = table
        self.generator = generator
        self._shares: Doubles | None = None

    def rows(self, most: int) -> Table:
        """Return the table itself, or a weighted sample where it has more than ``most`` rows."""
        table = self.table
        if table.rows <= most:
            return table
        if self._shares is None:
            self._shares = self._weighed()
        cumulated = np.cumsum(self._shares)
        places = (np.arange(most) + self.generator.random(most)) / most * cumulated[-1]
        chosen = np.minimum(np.searchsorted(cumulated, places, side="right"), table.rows - 1)
        weight = 1.0 if table.weight is None else table.weight[chosen].astype(np.float64)
        return table.take(chosen, weight / (most * self._shares[chosen] / cumulated[-1]))

    def _weighed(self) -> Doubles:
        table = self.table
        weight = np.ones(table.rows) if table.weight is None else table.weight.astype(np.float64)
        plain = weight / weight.sum()
        few = np.searchsorted(np.cumsum(plain), np.sort(self.generator.random(_FIRST)))
        few = np.minimum(few, table.rows - 1)
        near = nearest(table, [seeds(table.take(few, None), _COARSE, self.generator)])[0].first
        error = near * weight
        total = error.sum()
        shares: Doubles = 0.5 * plain + 0.5 * error / total if total > 0 else plain
        return shares

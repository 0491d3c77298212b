"""What a text is about, as a direction: the main components of its TF-IDF, brought to length one.

Two texts are then as far apart as their topics are, however long they are (K-means on the sphere; Dhillon and Modha
2001, doi:10.1023/A:1007612920971).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.prepare.text import Documents, components_of, sample_rows, written_by

if TYPE_CHECKING:
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Block, Names, Seen
    from mainstay.prepare.text import TextFeatures

__all__ = ["UnitRows", "fit_topics"]

Tensor = TypeVar("Tensor")

_FEWEST_ROWS = 10
_MOST_ROWS = 50_000
_TINY = 1e-6


class UnitRows(msgspec.Struct, frozen=True, tag=True):
    """Bring groups of the columns that texts became to length one; what has no length stays 0.

    Parameters
    ----------
    widths : tuple of int
        How many columns each group has, in their order.
    """

    widths: tuple[int, ...]

    def rename(self, names: Names) -> Names:
        """Keep the names."""
        return names

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Divide each group by the root of its sum of squares."""
        if block.written is None:
            return block
        made, first = [], 0
        for width in self.widths:
            group = run.as_double(run.take(block.written, list(range(first, first + width))))
            length = run.do("Sqrt", _row_sums(run, run.do("Mul", group, group), width))
            some = run.do("Max", length, run.constant(np.full((1, 1), _TINY)))
            made.append(run.as_float(run.do("Div", group, some)))
            first += width
        return replace(block, written=run.join(made))


def _row_sums(run: Operations[Tensor], columns: Tensor, width: int) -> Tensor:
    """Add up columns, half to half, so that the order is the same everywhere."""
    while width > 1:
        half = width // 2
        added = run.do("Add", run.take(columns, list(range(half))), run.take(columns, list(range(half, 2 * half))))
        columns = run.join([added, run.take(columns, [width - 1])]) if width % 2 else added
        width = half + width % 2
    return columns


def fit_topics(seen: Seen, column: int, *, components: int, vocabulary: int = 16_384) -> TextFeatures | None:
    """Learn the main components of one text column, not yet of length one; None where its texts share no terms.

    Of more than 50,000 rows so many are drawn to learn from.

    Parameters
    ----------
    seen : Seen
    column : int
        Which text column.
    components : int
        The most there are.
    vocabulary : int, default 16384
        The most terms that are used: those in most rows.
    """
    if seen.rows < _FEWEST_ROWS:
        return None
    rows = sample_rows(seen, column)
    if (seen.rows if rows is None else len(rows)) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seen.seed).choice(seen.rows, _MOST_ROWS, replace=False))
    some = seen if rows is None else seen.take(rows)
    document = Documents.of(some, column, vocabulary)
    if document is None:
        return None
    found = components_of(document.matrix, components, seen.seed)
    if not found.shape[1]:
        return None
    name = seen.names.texts[column]
    labels = [f"{name} topic {number}" for number in range(1, found.shape[1] + 1)]
    zeros = np.zeros(found.shape[1])
    return written_by(document, found, zeros, document.matrix @ found, labels, standard=False).step

"""Which records of a scanned text are rows, and which are titles, blank lines, comments or broken.

The scan counts fields; this file says what the counts mean. A record that does not fit is never dropped in silence:
it has a class here, and each class has its finding or its error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.text_scan import Scan

__all__ = ["Layout", "lay_out"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a text table.

    Parameters
    ----------
    width : int
        How many fields a row has.
    top : int
        The record with which the table begins: the first that has that many fields.
    blank, comment : bool arrays of shape (records,)
        Lines without any sign, and lines that begin with "#" and do not fit.
    uneven : int64 array
        The records below the top, neither blank nor comment, that have another number of fields.
    last : int
        The last record that is not blank.
    """

    width: int
    top: int
    blank: NDArray[np.bool_]
    comment: NDArray[np.bool_]
    uneven: NDArray[np.int64]
    last: int

    @property
    def left_out(self) -> int:
        """How many lines are no rows though something stands in them: titles above the table, and comments."""
        return int((~self.blank & ~self.comment)[: self.top].sum() + self.comment.sum())

    @property
    def even(self) -> bool:
        """Whether every line is a row, of two or more fields."""
        return self.width > 1 and not len(self.uneven)


def lay_out(data: bytes, found: Scan) -> Layout | None:
    r"""Class the records, or return None where there is no text at all.

    Examples
    --------
    >>> from mainstay.data.text_scan import scan
    >>> text = b"A title\n\na,b\n1,2\n# later\n3,4,5\n"
    >>> layout = lay_out(text, scan(text, b",", None))
    >>> layout.width, layout.top, layout.uneven.tolist(), layout.comment.tolist().index(True)
    (2, 2, [5], 4)
    """
    blank = _blank(data, found)
    filled = np.flatnonzero(~blank)
    if not len(filled):
        return None
    width = _usual_width(found.counts[filled])
    comment = _comments(data, found, filled, width)
    rows = np.flatnonzero(~blank & ~comment & (found.counts == width))
    top = int(rows[0]) if len(rows) else int(filled[0])
    outside = ~blank & ~comment & (found.counts != width)
    uneven = np.flatnonzero(outside)
    return Layout(width, top, blank, comment, uneven[uneven > top], int(filled[-1]))


def _blank(data: bytes, found: Scan) -> NDArray[np.bool_]:
    lengths = found.ends - found.starts
    blank: NDArray[np.bool_] = np.asarray(lengths == 0)
    for record in np.flatnonzero((found.counts == 1) & (lengths > 0)):
        start, end = int(found.starts[record]), int(found.ends[record])
        blank[record] = data[start : min(end, start + 1)].isspace() and not data[start:end].strip()
    return blank


def _usual_width(counts: NDArray[np.int64]) -> int:
    """Return the number of fields that most of the table has; lines of one field (titles) hardly count.

    The weight is the same as in the choice of the delimiter, so that both mean the same rows.
    """
    widths, times = np.unique(counts, return_counts=True)
    weights = times * (widths - 1) / widths
    return int(widths[np.argmax(weights)])


def _comments(data: bytes, found: Scan, filled: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Find the lines that begin with "#"; in a table of one column only those above the first other line."""
    comment = np.zeros(len(found.starts), np.bool_)
    if b"#" not in data:
        return comment
    first = np.frombuffer(data, np.uint8)[np.minimum(found.starts, max(0, len(data) - 1))]
    marked = first == ord("#")
    if width > 1:
        comment[filled] = (marked & (found.counts != width))[filled]
        return comment
    others = filled[~marked[filled]]
    if len(others):
        head = filled[filled < others[0]]
        comment[head] = marked[head]
    return comment

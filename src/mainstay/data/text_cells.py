"""What a cell of text looks like at a glance: enough to tell a table from prose and a header from a row.

This is not the inference of kinds, which reads whole columns and belongs to ``infer``; it only weighs evidence on a
sample, before there are columns.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Look", "look"]

Look = Literal["empty", "marker", "number", "date", "word", "text"]

_NUMBER = re.compile(
    r"[-+(]?\s?[$€£¥]?\s?(\d+([.,]\d*)?|[.,]\d+|\d{1,3}([.,' _\u00a0\u202f]\d{3})+([.,]\d+)?)([eE][-+]?\d+)?\s?[%€$£)]?"
)
_DATE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})([T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
    r"\s?([AaPp][Mm]|Z|[-+]\d{2}:?\d{2})?)?|\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?"
)
_MARKERS = frozenset({"?", "-", "--", ".", "na", "n/a", "nan", "null", "none", "#n/a", "nil", "missing", "inf", "-inf"})
_WORD = re.compile(r"[^\W\d][\w .()/&'+<>=%$#-]{0,39}|<?[\w.+@-]{1,40}>?")


def look(cell: str) -> Look:
    """Say what one cell looks like.

    Examples
    --------
    >>> [look(cell) for cell in ("", "n/a", "1.234,5", "2011-01-31 10:00", "Bern", "Oh well, that is it!")]
    ['empty', 'marker', 'number', 'date', 'word', 'text']
    """
    cell = cell.strip()
    if not cell:
        return "empty"
    if cell.lower() in _MARKERS:
        return "marker"
    if len(cell) <= 40:
        if _NUMBER.fullmatch(cell):
            return "number"
        if _DATE.fullmatch(cell):
            return "date"
        if _WORD.fullmatch(cell):
            return "word"
    return "text"

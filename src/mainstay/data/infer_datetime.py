"""Finding the formats of dates written as text, and the order of day and month, once for the whole column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.contracts.schema import Column
from mainstay.data.decode_columns import read_column
from mainstay.data.decode_datetime import DatetimeReader, compile_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.infer_distinct import Distinct
    from mainstay.data.infer_guess import DateOrder

__all__ = ["DateText", "date_text_of"]

_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y"),
    *(
        "%d %b %Y",
        "%d. %b %Y",
        "%d-%b-%Y",
        "%d %b %y",
        "%d-%b-%y",
        "%b %d, %Y",
        "%b %d %Y",
        "%a, %d %b %Y",
        "%a, %b %d, %Y",
    ),
    "%A, %d %B %Y",
)
_TIMES = (
    *("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", " %H:%M:%S.%f", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"),
    *("T%H:%M:%S%z", " %H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M:%S.%f%z", " %H:%M:%S %z", " %H:%M:%S UTC", ", %H:%M"),
)
_OTHERS = ("%Y-%m", "%Y/%m", "%b %Y", "%b-%Y", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z")
_CANDIDATES = tuple(date + time for date, time in product(_DATES, _TIMES)) + _OTHERS
_SAMPLE = 60
_MOST_FORMATS = 6


@dataclass(frozen=True, eq=False)
class DateText:
    """How the texts of a column read as datetimes.

    Parameters
    ----------
    formats : tuple of str
        The most frequent first.
    reads : bool array
        Which of the different texts they read.
    proves : {"day", "month"}, optional
        Which comes first, where some cell can be read in one order only.
    ambiguous : bool
        Whether every cell can be read in either order.
    conflict : bool array
        Texts that can only be read in the order that was not chosen.
    """

    formats: tuple[str, ...]
    reads: NDArray[np.bool_]
    proves: DateOrder | None
    ambiguous: bool
    conflict: NDArray[np.bool_]


def date_text_of(found: Distinct, order: DateOrder | None = None) -> DateText | None:
    """Return how the texts read as datetimes; None where no format reads half of a sample.

    Parameters
    ----------
    found : Distinct
    order : {"day", "month"}, optional
        What other columns prove of the order of day and month.
    """
    looks = found.values.str.contains("[0-9]") & found.values.str.len_chars().is_between(6, 40)
    if int(looks.head(_SAMPLE).sum()) * 2 < min(_SAMPLE, len(found)):
        return None
    formats = _formats_of(found)
    if not formats:
        return None
    swapped = tuple(_swapped(form) for form in formats)
    reads = _reads(found.values, formats)
    if swapped == formats:
        return DateText(formats, reads, None, ambiguous=False, conflict=np.zeros(len(found), dtype=np.bool_))
    return _settle(found, order, (formats, reads), (swapped, _reads(found.values, swapped)))


def _formats_of(found: Distinct) -> tuple[str, ...]:
    """Return the formats that are needed to read the texts, day before month; first by a sample, then by the rest."""
    formats: list[str] = []
    rest = found.values
    while rest.len() and len(formats) < _MOST_FORMATS:
        sample = rest.gather(np.linspace(0, rest.len() - 1, min(_SAMPLE, rest.len())).astype(np.int64)).to_list()
        best = max(_CANDIDATES, key=lambda form: _count(form, sample))
        if _count(best, sample) * 2 < len(sample) and (not formats or _count(best, sample) == 0):
            break
        formats.append(best)
        both = _reads(rest, (best,)) | _reads(rest, (_swapped(best),))
        rest = rest.filter(pl.Series(~both))
    return tuple(formats)


def _count(form: str, sample: list[str]) -> int:
    """Return how many texts have the shape of a format; the order of day and month is not looked at here."""
    expression = compile_format(form).expression
    return sum(expression.fullmatch(text) is not None for text in sample)


def _swapped(form: str) -> str:
    """Return a format of numbers with day and month in the other order; one that starts with the year as it is."""
    day, month, year = form.find("%d"), form.find("%m"), max(form.find("%Y"), form.find("%y"))
    if not 0 <= day < month < year:
        return form
    return form.replace("%d", "%#").replace("%m", "%d").replace("%#", "%m")


def _reads(texts: pl.Series, formats: tuple[str, ...]) -> NDArray[np.bool_]:
    # ISO 8601 is read by every datetime column, so it must not count for or against an order.
    reader = DatetimeReader(Column(name="value", kind="datetime", formats=formats, on_bad="missing"))
    reader.formats = reader.formats[:-1]
    series = texts.alias("value").cast(pl.String)
    reads: NDArray[np.bool_] = ~np.isnan(read_column(reader, series, 6)[0][:, 0])
    return reads


_Reading = tuple[tuple[str, ...], "NDArray[np.bool_]"]


def _settle(found: Distinct, order: DateOrder | None, day: _Reading, month: _Reading) -> DateText:
    """Choose between day first and month first: by proof, then by other columns; else day."""
    only_day, only_month = day[1] & ~month[1], month[1] & ~day[1]
    proven = found.weight(only_day) - found.weight(only_month)
    doubtful = not only_day.any() and not only_month.any()
    first: DateOrder = "day"
    if proven < 0 or (proven == 0 and order == "month"):
        first = "month"
    formats, reads = day if first == "day" else month
    return DateText(
        formats,
        reads,
        proves=None if doubtful or proven == 0 else first,
        ambiguous=doubtful and order is None,
        conflict=only_month if first == "day" else only_day,
    )

"""Finding the marks of numbers written as text: decimal mark, thousands mark, and a unit on every number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.decode_cell import BLANKS
from mainstay.data.decode_number import NumberStyle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.infer_distinct import Distinct

__all__ = ["NumberText", "number_text_of"]

_MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (",", "'"), (".", " "), (",", " "), (".", "_"))
_UNIT = (
    r"^[+\-]?([^\d+\-.,'\s]{1,4})\s*[\d.,'\s\u00a0\u202f]*\d|^[+\-]?[\d.,'\s\u00a0\u202f]*\d[.,]?\s*([^\d.,'\s]{1,5})$"
)
_UNITS = frozenset(
    {
        *("$", "€", "£", "¥", "₹", "₽", "₩", "₺", "kr", "zł", "USD", "EUR", "GBP", "CHF", "JPY", "CNY"),
        *("INR", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "BRL", "Rs", "Rs.", "US$", "R$", "%", "‰"),
        *("°", "°C", "°F", "kg", "g", "mg", "lb", "lbs", "oz", "km", "m", "cm", "mm", "mi", "ft", "in", "l"),
        *("L", "ml", "cl", "h", "hr", "hrs", "min", "s", "sec", "ms", "kWh", "kW", "W", "hp", "bhp", "PS"),
        *("GB", "MB", "KB", "TB", "GHz", "MHz", "px", "days", "months", "years", "yrs"),
    }
)
_SAMPLE = 300


@dataclass(frozen=True, eq=False)
class NumberText:
    """How the texts of a column read as numbers.

    Parameters
    ----------
    style : NumberStyle
    reads : bool array
        Which of the different texts do.
    values : float64 array
        The numbers, NaN elsewhere.
    ambiguous : str
        Texts that can be read in another way, for a message; empty where there is no doubt.
    """

    style: NumberStyle
    reads: NDArray[np.bool_]
    values: NDArray[np.float64]
    ambiguous: str = ""


def number_text_of(found: Distinct) -> NumberText:
    """Return the style that reads most cells as numbers."""
    plain = _read(found.values, NumberStyle())
    if plain.reads.all():
        return NumberText(plain.style, plain.reads, plain.values, _doubtful_points(found))
    sample = found.values.filter(~_series(plain.reads)).head(_SAMPLE)
    if not sample.str.contains("[0-9]").any():
        return plain
    unit = _unit_of(sample)
    styles = [NumberStyle(decimal, thousands, unit) for decimal, thousands in _MARKS]
    read = [_read(found.values, style) for style in (*styles, NumberStyle())]
    weights = [found.weight(one.reads) for one in read]
    best = read[int(np.argmax(weights))]
    return _settle_commas(found, best, read[2]) if best.style.decimal == "," and not best.style.thousands else best


def _read(texts: pl.Series, style: NumberStyle) -> NumberText:
    if style.unit:
        # The unit goes, in front (after a sign) or behind; the reader of cells does the same.
        unit, blanks = _escape(style.unit), f"[{BLANKS}]*"
        texts = texts.str.replace(f"^([+-]?){blanks}{unit}{blanks}", "$1").str.replace(f"{blanks}{unit}$", "")
    if not style.plain:
        bare = texts.str.replace_all(style.gap, "") if style.thousands else texts
        bare = bare.str.replace_all(style.decimal, ".", literal=True) if style.decimal != "." else bare
        texts = bare.set(~texts.str.contains(f"^(?:{style.pattern})$"), None)
    values = texts.cast(pl.Float64, strict=False).to_numpy()
    reads = np.isfinite(values)
    return NumberText(style, reads, np.where(reads, values, np.nan))


def _escape(text: str) -> str:
    return "".join(f"\\{character}" if character in ".$^*+?()[]{}|\\" else character for character in text)


def _series(mask: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(mask)


def _unit_of(sample: pl.Series) -> str:
    """Return the one known unit that stands on the numbers of a sample, or nothing."""
    found = sample.str.extract(_UNIT, 1).fill_null(sample.str.extract(_UNIT, 2)).drop_nulls().str.strip_chars(BLANKS)
    units = found.unique().to_list()
    return str(units[0]) if len(units) == 1 and units[0] in _UNITS else ""


def _settle_commas(found: Distinct, as_decimal: NumberText, as_thousands: NumberText) -> NumberText:
    """Decide what the comma of "1,234" is: thousands, unless some cell proves a decimal comma."""
    if not (as_thousands.reads | ~as_decimal.reads).all():
        return as_decimal
    with_comma = found.values.filter(_series(as_decimal.reads) & found.values.str.contains(",", literal=True))
    if not with_comma.str.contains(r"^[^0-9]*[1-9][0-9]{0,2},[0-9]{3}[^0-9]*$").all():
        return as_decimal
    return NumberText(as_thousands.style, as_thousands.reads, as_thousands.values, ", ".join(with_comma.head(3)))


def _doubtful_points(found: Distinct) -> str:
    """Return texts such as "1.234" where every point has three digits behind it and others have no point at all."""
    pointed = found.values.filter(found.values.str.contains(".", literal=True))
    if not 3 <= pointed.len() < len(found) or not pointed.str.contains(r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$").all():
        return ""
    others = found.values.filter(~found.values.str.contains(".", literal=True))
    return ", ".join(pointed.head(3)) if others.str.contains(r"^[+-]?[0-9]{1,3}$").all() else ""

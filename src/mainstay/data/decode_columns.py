"""The executor for whole tables: a Polars frame in, arrays out.

Each kind has a quick way, in Polars, for the cells that are plain sailing: numbers in range, known words, usual
dates. Every other cell goes through the reader of the row executor, once per distinct value. So the two executors
agree by construction, and the property tests have only the quick ways to prove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import SchemaError
from mainstay.data.decode_cell import Flaw, Reader
from mainstay.data.decode_datetime import DAY, FIRST, LAST, DatetimeReader
from mainstay.data.decode_number import NumberReader
from mainstay.data.decode_plan import problems_of
from mainstay.data.decode_record import Decoded
from mainstay.data.decode_terms import terms_of
from mainstay.data.decode_word import BooleanReader, CategoryReader, OrderedReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Terms
    from mainstay.data.decode_plan import Plan
    from mainstay.data.decode_text import TextReader

__all__ = ["decode_columns", "parts_of_instants", "read_column"]

_Flaws = list[tuple[int, Flaw]]
_FIXED_SHAPE = {"Y": "[0-9]{4}", "m": "[0-9]{2}", "d": "[0-9]{2}", "H": "[0-9]{2}", "M": "[0-9]{2}", "S": "[0-5][0-9]"}
_EPOCHS = {"%s": ("^[0-9]{1,12}$", 1_000_000), "%s%3f": ("^[0-9]{4,15}$", 1_000)}
_ISO_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def decode_columns(plan: Plan, frame: pl.DataFrame) -> Decoded:
    """Return a frame as arrays.

    Raises
    ------
    SchemaError
        When columns of the plan are not in the frame.
    """
    _check_columns(plan, frame)
    numbers = np.full((frame.height, len(plan.number_names)), np.nan, dtype=np.float32)
    codes = np.full((frame.height, len(plan.category_names)), -1, dtype=np.int64)
    rejected = np.zeros(frame.height, dtype=np.bool_)
    flaws: list[tuple[int, int, Flaw]] = []
    for position, step in enumerate(plan.steps):
        values, found = read_column(step.reader, frame.get_column(step.name), step.width)
        block = codes if step.block == "categories" else numbers
        block[:, step.start : step.start + step.width] = values
        for row, flaw in found:
            flaws.append((row, position, flaw))
            rejected[row] |= flaw.action == "reject"
    numbers += 0.0  # what is too small for float32 has become 0, which has one sign
    texts = tuple(_terms(reader, frame.get_column(reader.column.name)) for reader in plan.texts)
    arrays = Arrays(
        numbers, plan.number_names, codes, plan.category_names, plan.category_levels,
        texts, plan.text_names, plan.text_terms,
    )  # fmt: skip
    extra = tuple(name for name in frame.columns if name not in plan.known)
    return Decoded(arrays, problems_of(plan.steps, flaws), rejected, extra)


def read_column(reader: Reader, series: pl.Series, width: int = 1) -> tuple[NDArray[Any], _Flaws]:
    """Return the values of a column, shape (n, width), and its flaws by row.

    Values are float64, or int64 for codes. Missing is NaN, or -1.
    """
    codes = isinstance(reader, CategoryReader)
    values: NDArray[Any] = np.full(
        (series.len(), width), -1 if codes else np.nan, dtype=np.int64 if codes else np.float64
    )
    series = _plain(series)
    done = _quick(reader, series, values)
    if reader.absent is None:
        done |= series.is_null().to_numpy()
    return values, _read_rest(reader, series, values, np.flatnonzero(~done))


def _plain(series: pl.Series) -> pl.Series:
    """Return missing numbers as null and stored levels as their words."""
    if series.dtype.is_float():
        return series.fill_nan(None)
    return series.cast(pl.String) if isinstance(series.dtype, pl.Categorical | pl.Enum) else series


def _terms(reader: TextReader, series: pl.Series) -> Terms:
    return terms_of(map(reader.text, _python_values(_plain(series))), reader.column.terms)


def _quick(reader: Reader, series: pl.Series, values: NDArray[Any]) -> NDArray[np.bool_]:
    """Fill in the cells that need no second look, and return which ones these are."""
    if isinstance(reader, NumberReader):
        return _quick_numbers(reader, series, values)
    if isinstance(reader, BooleanReader | CategoryReader | OrderedReader) and series.dtype == pl.String:
        return _quick_words(reader.table, series, values)
    if isinstance(reader, DatetimeReader):
        return _quick_datetimes(reader, series, values)
    return np.zeros(series.len(), dtype=np.bool_)


def _read_rest(reader: Reader, series: pl.Series, values: NDArray[Any], rows: NDArray[np.int64]) -> _Flaws:
    """Read the remaining cells one by one, each distinct value once."""
    if rows.size == 0:
        return []
    rest = series.gather(rows)
    cells = _python_values(rest)
    # Values of nested and object columns need not be hashable, and 1 equals True among objects.
    memory: dict[Any, Any] | None = None if rest.dtype.is_nested() or rest.dtype == pl.Object else {}
    flaws: _Flaws = []
    missing = values.dtype.type(-1 if isinstance(reader, CategoryReader) else np.nan)
    outcomes: list[Any] = []
    for row, cell in zip(rows.tolist(), cells, strict=True):
        reading = _remembered(reader, cell, memory)
        if type(reading) is Flaw:
            flaws.append((row, reading))
            reading = reading.value
        outcomes.append(missing if reading is None else reading)
    if values.shape[1] > 1:
        outcomes = [(missing,) * values.shape[1] if outcome is missing else outcome for outcome in outcomes]
    values[rows] = np.array(outcomes, dtype=values.dtype).reshape(rows.size, values.shape[1])
    return flaws


def _python_values(series: pl.Series) -> list[Any]:
    try:
        return series.to_list()
    except (OverflowError, ValueError):  # a date outside the years that Python knows; its text is a bad value
        return series.cast(pl.String).to_list()


def _remembered(reader: Reader, cell: Any, memory: dict[Any, Any] | None) -> Any:
    if memory is None:
        return reader.read(cell.to_list() if isinstance(cell, pl.Series) else cell)
    if cell not in memory:
        memory[cell] = reader.read(cell)
    return memory[cell]


def _quick_numbers(reader: NumberReader, series: pl.Series, values: NDArray[Any]) -> NDArray[np.bool_]:
    if series.dtype == pl.String:
        # The cast reads the very texts that the plain grammar allows, and infinities and NaN, which fail below.
        parsed = (series if reader.style.plain else _without_marks(reader, series)).cast(pl.Float64, strict=False)
    elif series.dtype.is_integer() or series.dtype.is_float():
        parsed = series.cast(pl.Float64)
    else:
        return np.zeros(series.len(), dtype=np.bool_)
    array = parsed.to_numpy()
    done: NDArray[np.bool_] = (array >= reader.low) & (array <= reader.high)
    for number in reader.missing_numbers:
        done &= array != number
    values[done, 0] = array[done] + 0.0  # turns -0.0 into 0.0
    return done


def _without_marks(reader: NumberReader, series: pl.Series) -> pl.Series:
    """Return the texts that keep the style, as plain numbers; null for the others."""
    style = reader.style
    text = pl.col(series.name)
    bare = text.str.replace_all(style.gap, "") if style.thousands else text
    bare = bare.str.replace_all(style.decimal, ".", literal=True) if style.decimal != "." else bare
    kept = pl.when(text.str.contains(f"^(?:{style.pattern})$")).then(bare)
    return series.to_frame().select(kept.alias(series.name)).to_series()


def _quick_words(table: dict[str, Any], series: pl.Series, values: NDArray[Any]) -> NDArray[np.bool_]:
    known = {word: value for word, value in table.items() if value >= 0}
    words = pl.Enum(list(known))
    found = series.cast(words, strict=False).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    done: NDArray[np.bool_] = found >= 0
    values[done, 0] = np.array(list(known.values()), dtype=values.dtype)[found[done]]
    return done


def _quick_datetimes(reader: DatetimeReader, series: pl.Series, values: NDArray[Any]) -> NDArray[np.bool_]:
    if series.dtype in (pl.Datetime, pl.Date):
        instants = series.cast(pl.Datetime("us")) if series.dtype == pl.Date else series
        known = instants.dt.timestamp("us")
    elif series.dtype == pl.String or series.dtype.is_integer():
        known = _quick_instants(reader, series.cast(pl.String))
    else:
        return np.zeros(series.len(), dtype=np.bool_)
    array = known.fill_null(LAST + 1).to_numpy()
    done: NDArray[np.bool_] = (array >= FIRST) & (array <= LAST)
    for instant in reader.missing_instants:
        done &= array != instant
    values[done] = parts_of_instants(array[done])
    return done


def _quick_instants(reader: DatetimeReader, series: pl.Series) -> pl.Series:
    """Return microseconds since 1970-01-01 of texts that have the fixed shape of the first format; null for others."""
    formats = reader.column.formats[:1] or _ISO_FORMATS
    if formats[0] in _EPOCHS:
        digits, scale = _EPOCHS[formats[0]]
        kept = series.set(~series.str.contains(digits), None)
        return kept.cast(pl.Int64) * scale
    shapes = [(text, shape) for text in formats if (shape := _fixed_shape(text)) is not None]
    text = pl.col(series.name)
    known = [
        pl.when(text.str.contains(f"^{shape}$")).then(text.str.strptime(pl.Datetime("us"), form, strict=False))
        for form, shape in shapes
    ]
    if not known:
        return pl.Series(series.name, [None] * series.len(), dtype=pl.Int64)
    return series.to_frame().select(pl.coalesce(known).dt.timestamp("us").alias(series.name)).to_series()


def _fixed_shape(text: str) -> str | None:
    """Return a regular expression for the texts that our reading and Polars' cannot disagree on, or None."""
    pieces = text.split("%")
    if {piece[:1] for piece in pieces[1:]} < {"Y", "m", "d"} or not all(
        piece[:1] in _FIXED_SHAPE for piece in pieces[1:]
    ):
        return None
    if any(not character.isascii() or character in ".^$*+?()[]{}|\\" for character in "".join(pieces)):
        return None
    return pieces[0] + "".join(_FIXED_SHAPE[piece[0]] + piece[1:] for piece in pieces[1:])


def parts_of_instants(instants: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the numbers of ``DATETIME_PARTS``, shape (n, 6), for microseconds since 1970-01-01.

    Examples
    --------
    >>> parts_of_instants(np.array([36 * 3_600_000_000])).tolist()
    [[1.5, 1970.0, 1.0, 2.0, 4.0, 12.0]]
    """
    days = np.floor_divide(instants, DAY)
    rest = (instants - days * DAY).astype(np.float64)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years = months.astype("datetime64[Y]")
    return np.column_stack(
        [
            days + rest / 86_400_000_000.0,
            years.astype(np.int64) + 1970.0,
            (months - years).astype(np.int64) + 1.0,
            (dates - months).astype(np.int64) + 1.0,
            (days + 3) % 7,  # 1970-01-01 was a Thursday
            rest / 3_600_000_000.0,
        ]
    )


def _check_columns(plan: Plan, frame: pl.DataFrame) -> None:
    from difflib import get_close_matches

    absent = [step.name for step in plan.steps if step.name not in frame.columns]
    if not absent:
        return
    near = {name: get_close_matches(name, frame.columns, n=1, cutoff=0.7) for name in absent}
    renamed = ", ".join(f"{match[0]!r} for {name!r}" for name, match in near.items() if match)
    hint = f"The table has {renamed}: rename." if renamed else "Add these columns; empty cells are allowed."
    count = (
        "1 column that the schema needs is" if len(absent) == 1 else f"{len(absent)} columns that the schema needs are"
    )
    raise SchemaError(f"{count} not in the table: {', '.join(map(repr, absent))}", hint=hint)

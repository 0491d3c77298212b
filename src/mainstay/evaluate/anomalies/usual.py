"""What is usual of each column: taken from the rows that were kept as usual, in the table's own units and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.usual import UsualColumn, UsualPart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column, Schema

    Floats = NDArray[np.float64]

__all__ = ["usual_columns", "usual_range"]

_OUTSIDE = 0.01
"""The share of the usual rows beyond each end of a usual range."""
_FEW_LEVELS = 31
_WORDS = frozenset({"boolean", "category"})
_SAMPLE = 200_000


def usual_columns(
    schema: Schema, arrays: Arrays, kept: NDArray[np.bool_] | NDArray[np.int64]
) -> tuple[UsualColumn, ...]:
    """Return what is usual of each feature of a table.

    Parameters
    ----------
    schema : Schema
    arrays : Arrays
        The decoded rows.
    kept : bool array of shape (n,) or int64 array
        Which rows are usual, as a mask or by position: all of a clean reference, those that are not flagged of a
        contaminated one. All rows where none is left.

    Returns
    -------
    tuple of UsualColumn
        In the order of the schema. Of more than 200,000 rows as many are looked at, evenly spread.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> from mainstay.contracts.schema import Column, Schema
    >>> schema = Schema(columns=(Column(name="amount", kind="number", unit="EUR"),))
    >>> numbers = np.arange(1000, dtype=np.float32)[:, None]
    >>> arrays = Arrays(numbers, ("amount",), np.empty((1000, 0), np.int64), (), ())
    >>> (amount,) = usual_columns(schema, arrays, np.ones(1000, np.bool_))
    >>> amount.parts[0].low, amount.parts[0].high
    (9.0, 989.0)
    """
    rows = np.flatnonzero(kept) if np.asarray(kept).dtype == np.bool_ else np.asarray(kept, np.int64)
    rows = np.arange(arrays.rows) if not len(rows) else rows
    usual = arrays.take(rows[:: max(1, -(-len(rows) // _SAMPLE))])
    return tuple(_usual(column, usual) for column in schema.features)


def usual_range(values: Floats) -> tuple[float, float]:
    """Return the central 98 % of finite values, rounded outwards to three digits of its width.

    Examples
    --------
    >>> usual_range(np.array([3.14159, 5.0, 118.7, 119.6]))
    (3.0, 120.0)
    """
    low, high = (float(end) for end in np.quantile(values, [_OUTSIDE, 1.0 - _OUTSIDE], method="inverted_cdf"))
    if not high > low:
        return low, high
    places = 2 - int(np.floor(np.log10(high - low)))
    step = 10.0**-places
    return _tidy(np.floor(low / step + 1e-9) * step, places), _tidy(np.ceil(high / step - 1e-9) * step, places)


def _tidy(value: float, places: int) -> float:
    return round(float(value), min(places, 300)) + 0.0


def _usual(column: Column, arrays: Arrays) -> UsualColumn:
    if column.name in arrays.category_names:
        codes = arrays.categories[:, arrays.category_names.index(column.name)]
        return _of_words(column, np.where(codes < 0, np.nan, codes.astype(np.float64)))
    places = [
        at
        for at, name in enumerate(arrays.number_names)
        if name == column.name or (column.kind in {"datetime", "text"} and name.startswith(f"{column.name}."))
    ]
    values = arrays.numbers[:, places].astype(np.float64)
    if column.kind in _WORDS:
        return _of_words(column, values[:, 0] if places else np.full(arrays.rows, np.nan))
    parts = tuple(_part(arrays.number_names[at], values[:, place]) for place, at in enumerate(places))
    terms, known = _known_terms(column.name, arrays)
    return UsualColumn(
        name=column.name,
        kind="text" if column.kind == "text" else "datetime" if column.kind == "datetime" else "number",
        unit=column.unit,
        missing=_share(np.asarray(np.isnan(values).all(axis=1))) if places else 0.0,
        parts=parts,
        terms=terms,
        known_terms=known,
    )


def _of_words(column: Column, codes: Floats) -> UsualColumn:
    """Return a column of words; a code past the known ones is an unseen word."""
    known = codes[~np.isnan(codes)].astype(np.int64)
    counts = np.bincount(known[known < len(column.categories)], minlength=len(column.categories))
    shares = counts / max(len(codes), 1)
    return UsualColumn(
        name=column.name,
        kind="boolean" if column.kind == "boolean" else "category",
        unit=column.unit,
        missing=_share(np.isnan(codes)),
        levels=column.categories,
        shares=tuple(shares.tolist()),
    )


def _share(where: NDArray[np.bool_]) -> float:
    return float(where.mean()) if len(where) else 0.0


def _part(name: str, values: Floats) -> UsualPart:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return UsualPart(name=name, low=0.0, high=0.0, middle=0.0)
    low, high = usual_range(finite)
    levels, counts = np.unique(finite, return_counts=True)
    few = len(levels) <= min(_FEW_LEVELS, len(finite) // 10)
    return UsualPart(
        name=name,
        low=low,
        high=high,
        middle=float(np.median(finite)),
        levels=tuple(levels.tolist()) if few else (),
        shares=tuple((counts / len(values)).tolist()) if few else (),
    )


def _known_terms(name: str, arrays: Arrays) -> tuple[int, bytes]:
    """Return how many terms a text has, and a bit for each, set where a row has it."""
    if name not in arrays.text_names:
        return 0, b""
    at = arrays.text_names.index(name)
    met = np.zeros(arrays.text_terms[at], np.bool_)
    met[arrays.texts[at].ids] = True
    return len(met), np.packbits(met).tobytes()

"""One 64-bit number for each row, the same for equal rows, so that repeats can be found and kept together.

Polars' own ``hash_rows`` may change between versions and machines, and a split must come out the same for the same
seed wherever it is run again. So the hash is ours: a polynomial over the bytes of each cell, in whole columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["cell_hashes", "fingerprints", "mix"]

_PRIME = np.uint64(0x100000001B3)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MISSING = np.uint64(0x2545F4914F6CDD1D)
_CHUNK_BYTES = 4_000_000
_PROBE_ROWS = 10_000


def fingerprints(frame: pl.DataFrame, columns: Sequence[str] | None = None) -> NDArray[np.uint64]:
    """Return one number for each row; rows that are equal in all the columns have the same.

    Two different rows share a number with a chance of about 5e-20 for each pair.

    Parameters
    ----------
    frame : polars.DataFrame with n rows
    columns : sequence of str, optional
        The columns compared, in any order; all of them by default.

    Returns
    -------
    uint64 array of shape (n,)

    Examples
    --------
    >>> import polars as pl
    >>> marks = fingerprints(pl.DataFrame({"a": ["x", "x", "y"], "b": [1.0, 1.0, 1.0]}))
    >>> bool(marks[0] == marks[1]), bool(marks[0] == marks[2])
    (True, False)
    """
    names = sorted(frame.columns if columns is None else columns)
    total = np.full(frame.height, _GOLDEN, np.uint64)
    for name in names:
        total = mix(total * _PRIME + cell_hashes(frame.get_column(name)))
    return total


def cell_hashes(series: pl.Series) -> NDArray[np.uint64]:
    """Return one number for each cell: of its text, its number or its instant; missing cells share one.

    Examples
    --------
    >>> import polars as pl
    >>> cells = cell_hashes(pl.Series(["a", None, "a"]))
    >>> bool(cells[0] == cells[2]), bool(cells[0] == cells[1])
    (True, False)
    """
    import polars as pl

    kind = series.dtype
    if kind.is_float():
        values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy() + 0.0  # -0.0 becomes 0.0
        bits = np.ascontiguousarray(values).view(np.uint64)
        return np.where(np.isnan(values), _MISSING, mix(bits))
    if kind.is_integer() or kind.is_temporal() or kind == pl.Boolean:
        whole = series.to_physical().cast(pl.Int64, strict=False)
        return np.where(series.is_null().to_numpy(), _MISSING, mix(whole.fill_null(0).to_numpy().astype(np.uint64)))
    return np.where(series.is_null().to_numpy(), _MISSING, _text_hashes(_as_text(series)))


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of each number over all 64 places, by the last step of splitmix64.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014, doi:10.1145/2660193.2660195.
    """
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _as_text(series: pl.Series) -> pl.Series:
    import polars as pl

    if series.dtype == pl.String:
        return series.fill_null("")
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        return pl.Series([repr(value) for value in series.to_list()], dtype=pl.String)
    return series.cast(pl.String).fill_null("")


def _text_hashes(text: pl.Series) -> NDArray[np.uint64]:
    """Hash each different text once where texts repeat: most columns have few."""
    probe = text.head(_PROBE_ROWS)
    if len(text) <= _PROBE_ROWS or probe.n_unique() * 2 > len(probe):
        return _hash_all(text)
    frame = text.rename("text").to_frame()
    levels = frame.unique()
    numbered = levels.with_columns(code=np.arange(levels.height))
    codes = frame.join(numbered, on="text", how="left", maintain_order="left").get_column("code")
    hashes = _hash_all(levels.get_column("text"))
    return np.take(hashes, np.asarray(codes.to_numpy(), np.int64))


def _hash_all(text: pl.Series) -> NDArray[np.uint64]:
    lengths = text.str.len_bytes().to_numpy().astype(np.int64)
    hashes = np.empty(len(text), np.uint64)
    for first, last in _chunks(lengths):
        hashes[first:last] = _hash_chunk(text.slice(first, last - first), lengths[first:last])
    return hashes


def _chunks(lengths: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows of about four million bytes, so that memory stays small for long texts."""
    ends = np.cumsum(lengths)
    first = 0
    while first < len(lengths):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + _CHUNK_BYTES, side="right")), first + 1)
        yield first, last
        first = last


def _hash_chunk(text: pl.Series, lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    joined = np.frombuffer(text.str.join("").item().encode(), np.uint8)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    powers = np.cumprod(np.full(int(lengths.max(initial=0)) + 1, _PRIME, np.uint64), dtype=np.uint64)
    places = np.arange(len(joined)) - np.repeat(starts, lengths)
    running = np.zeros(len(joined) + 1, np.uint64)
    np.cumsum((mix(joined.astype(np.uint64)) + _GOLDEN) * powers[places], out=running[1:])
    sums = running[ends] - running[starts]
    return mix(sums + lengths.astype(np.uint64) * _GOLDEN)

"""The identity of data: the same rows give the same digest in every process and on every machine.

A library's own file format would be shorter to hash, but its bytes change with its version and with how the rows
are cut into chunks in memory. So the values are hashed themselves.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__ = ["file_digest", "frame_digest"]

_ROWS_AT_ONCE = 65_536


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, without holding the file in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def frame_digest(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of a table's names, types and values in hexadecimal.

    Examples
    --------
    >>> import polars as pl
    >>> one, other = pl.DataFrame({"a": [1, None]}), pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [None]})])
    >>> frame_digest(one) == frame_digest(other.select(pl.col("a").cast(pl.Int64)))
    True
    """
    state = hashlib.sha256()
    for series in frame.get_columns():
        state.update(f"{series.name!r} {series.dtype} {len(series)}\n".encode("utf-8", "surrogatepass"))
        for start in range(0, len(series), _ROWS_AT_ONCE):
            for part in _value_bytes(series.slice(start, _ROWS_AT_ONCE)):
                state.update(part)
    return state.hexdigest()


def _value_bytes(series: pl.Series) -> tuple[bytes, ...]:
    """Return which values are there, and then the values, missing ones as zero or nothing."""
    import numpy as np
    import polars as pl

    present = np.packbits(series.is_not_null().to_numpy()).tobytes()
    if series.dtype.is_temporal():
        series = series.to_physical()
    if series.dtype.is_numeric() and series.dtype not in {pl.Int128, pl.UInt128} and not series.dtype.is_decimal():
        values = series.fill_null(0).to_numpy()
        return present, values.astype(values.dtype.newbyteorder("<")).tobytes()
    if series.dtype == pl.Boolean:
        return present, np.packbits(series.fill_null(value=False).to_numpy()).tobytes()
    texts = [value.encode() for value in series.cast(pl.String).fill_null("").to_list()]
    return present, np.array([len(text) for text in texts], "<i8").tobytes(), b"".join(texts)

"""Read files that keep their columns and types: Parquet and Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError
from mainstay.data.read_names import clean_names
from mainstay.data.read_values import tidy_frame

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from mainstay.contracts.findings import Finding

__all__ = ["read_arrow", "read_parquet"]


def read_parquet(path: Path) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the rows of a Parquet file with their types.

    Raises
    ------
    DataError
        When the file is damaged.
    """
    import polars as pl

    try:
        return _named(pl.read_parquet(path, glob=False))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged("Parquet", path, error) from error


def read_arrow(path: Path) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the rows of an Arrow file (Feather 2) or of an Arrow stream with their types.

    Raises
    ------
    DataError
        When the file is damaged.
    """
    import polars as pl

    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    try:
        frame = pl.read_ipc(path) if is_file else pl.read_ipc_stream(path)
        return _named(frame)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged("Arrow", path, error) from error


def _named(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    names, notes = clean_names(frame.columns)
    tidy, findings = tidy_frame(frame.rename(dict(zip(frame.columns, names, strict=True))))
    return tidy, (*notes, *findings)


def _damaged(kind: str, path: Path, error: Exception) -> DataError:
    reason = str(error).partition("\n")[0][:200]
    return DataError(
        f"a whole {kind} file was expected, and it cannot be read ({reason})",
        where=path.name,
        hint="It may have been cut off; write or fetch it again.",
        code="data.damaged",
    )

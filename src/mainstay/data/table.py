"""One shape for whatever was read, so that inference, quality and training never ask where the rows came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Kind, Role

__all__ = ["Table"]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows as they were read, before anything is known about their meaning.

    Parameters
    ----------
    frame : polars.DataFrame of shape (rows, columns)
        From text every column is String and every cell the text that stood there, without the blanks around it;
        null is a cell with nothing in it, ``""`` one that was quoted or held blanks only. Typed sources keep
        their types.
    source : str
        What to call the table in a message: a path, an address without its password, or the kind of object.
    digest : str
        SHA-256, in hexadecimal, of the file's bytes; of the rows themselves for databases and objects.
    notes : tuple of Finding, default ()
        What reading noticed.
    kinds, roles : mapping from column to kind and to role, default {}
        What the reader knows of columns that it made itself; inference takes them unless told otherwise.

    Examples
    --------
    >>> from mainstay.data.read import read
    >>> table = read({"age": [31, 42], "city": ["Bern", "Rome"]})
    >>> table.rows, table.columns
    (2, ('age', 'city'))
    """

    frame: pl.DataFrame
    source: str
    digest: str
    notes: tuple[Finding, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names, in their order."""
        return tuple(self.frame.columns)

"""Rows in the caller's own kind of table: taken apart, and put together again with other cells.

A fitted estimator must be asked with what it was fitted on: pandas stays pandas, and a column keeps its type. So the
rows that the decoder reads (numbers rounded to float32, words as their levels) are put back into the same container
before the library is asked, and single cells are changed there to find out what a step does with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mainstay.contracts.errors import DataError
from mainstay.data.decode_cell import native
from mainstay.data.read_names import clean_names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CellKind", "Sample"]

CellKind = Literal["number", "boolean", "word", "other"]


class Sample:
    """Rows as an estimator takes them.

    Parameters
    ----------
    data : pandas.DataFrame, polars.DataFrame or NumPy array of shape (n, p)

    Attributes
    ----------
    names : tuple of str
        The columns, under the names by which a bundle knows them.
    rows : int

    Raises
    ------
    DataError
        When it is another kind of object, or has no rows.

    Examples
    --------
    >>> sample = Sample(np.array([[1.0, 2.0]]))
    >>> sample.names, sample.kind(0), sample.rebuilt([[3.0, 4.0], [5.0, 6.0]]).tolist()
    (('column_1', 'column_2'), 'number', [[3.0, 5.0], [4.0, 6.0]])
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self.library = type(data).__module__.partition(".")[0]
        shape: tuple[int, ...] = getattr(data, "shape", ())
        if self.library not in ("pandas", "polars", "numpy") or len(shape) != 2 or not shape[0]:
            raise DataError(
                f"the rows must be a pandas or Polars table or a NumPy array of two dimensions, with at least one row, "
                f"and {type(data).__name__}{f' of shape {shape}' if shape else ''} came",
                where="X",
                hint="Give rows of the kind that the estimator was fitted on.",
            )
        self.rows = len(data)
        given = [f"column_{at + 1}" for at in range(data.shape[1])] if self.library == "numpy" else list(data.columns)
        self.given_names: tuple[Any, ...] = tuple(given)
        self.names: tuple[str, ...] = tuple(clean_names(given)[0])
        self._values: dict[int, list[Any]] = {}

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.names)

    def values(self, at: int) -> list[Any]:
        """Return the cells of a column as plain Python values, None where there is none."""
        if at not in self._values:
            if self.library == "numpy":
                cells = self.data[:, at].tolist()
            elif self.library == "pandas":
                cells = self.data.iloc[:, at].tolist()
            else:
                cells = self.data.to_series(at).to_list()
            self._values[at] = [None if _absent(cell) else native(cell) for cell in cells]
        return self._values[at]

    def marker(self, at: int) -> Any:
        """Return what stands for "no value" in a column: what is there, else what the table's library uses."""
        if self.library == "polars":
            return None
        cells = self.data[:, at].tolist() if self.library == "numpy" else self.data.iloc[:, at].tolist()
        found = next((cell for cell in cells if _absent(cell)), float("nan"))
        return None if found is None else float("nan") if isinstance(found, float) else found

    def kind(self, at: int) -> CellKind:
        """Return what the cells of a column are."""
        if self._fixed_levels(at) is not None:
            return "word"
        dtype = self._dtype(at)
        if dtype == "O" or dtype is None:
            return _kind_of(self.values(at))
        return {"b": "boolean", "i": "number", "u": "number", "f": "number"}.get(dtype, "other")  # type: ignore[return-value]

    def levels(self, at: int) -> list[Any]:
        """Return the different values of a column: those that its type names, then those of its cells."""
        fixed = self._fixed_levels(at)
        if fixed is not None:
            return fixed
        found = {cell for cell in self.values(at) if cell is not None}
        return sorted(found, key=lambda cell: (isinstance(cell, str), cell))

    def rebuilt(self, columns: Sequence[Sequence[Any]]) -> Any:
        """Return a table of the same kind with these cells, column by column, in the columns' own types."""
        if self.library == "numpy":
            return self._rebuilt_array(columns)
        if self.library == "pandas":
            return self._rebuilt_pandas(columns)
        import polars as pl

        dtypes = [
            pl.Float64 if dtype.is_integer() and _has_fractions(cells) else dtype
            for dtype, cells in zip(self.data.dtypes, columns, strict=True)
        ]
        series = [
            pl.Series(name, cells if isinstance(cells, np.ndarray) else list(cells), strict=False).cast(
                dtype, strict=False
            )
            for name, cells, dtype in zip(self.given_names, columns, dtypes, strict=True)
        ]
        return pl.DataFrame(series)

    def taken(self, columns: Sequence[int]) -> Sample:
        """Return the rows with these columns alone."""
        places = list(columns)
        if self.library == "numpy":
            return _renamed(Sample(self.data[:, places]), self, places)
        if self.library == "pandas":
            return _renamed(Sample(self.data.iloc[:, places]), self, places)
        return _renamed(Sample(self.data[:, places]), self, places)

    def first(self, rows: int) -> Any:
        """Return the first rows, in the same kind of table."""
        return self.data.iloc[:rows] if self.library == "pandas" else self.data[:rows]

    def _rebuilt_array(self, columns: Sequence[Sequence[Any]]) -> Any:
        wide = np.empty((len(columns[0]) if columns else 0, len(columns)), object)
        for at, cells in enumerate(columns):
            wide[:, at] = list(cells)
        dtype = self.data.dtype
        if dtype.kind in "iub" and any(_has_fractions(cells) for cells in columns):
            dtype = np.dtype(np.float64)
        return wide if dtype.kind == "O" else wide.astype(dtype)

    def _rebuilt_pandas(self, columns: Sequence[Sequence[Any]]) -> Any:
        import pandas as pd

        series = {}
        for at, cells in enumerate(columns):
            dtype: Any = self.data.dtypes.iloc[at]
            kind = getattr(dtype, "kind", "O")
            if kind in "iub" and _has_fractions(cells):
                dtype = "float64" if kind in "iu" else object
            if isinstance(dtype, pd.CategoricalDtype):
                known = set(dtype.categories.tolist())
                kept: Any = [cell if _hashable_in(cell, known) else None for cell in cells]
            else:
                kept = cells if isinstance(cells, np.ndarray) else list(cells)
            series[at] = pd.Series(kept, dtype=dtype)
        frame = pd.DataFrame(series)
        frame.columns = self.data.columns
        return frame

    def _dtype(self, at: int) -> str | None:
        """Return the one-letter kind of a column's type; None where it has no such letter."""
        if self.library == "numpy":
            return str(self.data.dtype.kind)
        if self.library == "pandas":
            dtype = self.data.dtypes.iloc[at]
            return "O" if str(dtype) in ("str", "string", "object") else str(getattr(dtype, "kind", "")) or None
        dtype = self.data.dtypes[at]
        if dtype.is_numeric():
            return "f"
        return {"Boolean": "b", "String": "O", "Object": "O"}.get(str(dtype), "M")

    def _fixed_levels(self, at: int) -> list[Any] | None:
        """Return the levels of a column whose type lists them."""
        if self.library == "pandas":
            categories = getattr(self.data.dtypes.iloc[at], "categories", None)
            return None if categories is None else [native(level) for level in categories.tolist()]
        if self.library == "polars" and str(self.data.dtypes[at]).startswith(("Enum", "Categorical")):
            return [str(level) for level in self.data.to_series(at).cat.get_categories().to_list()]
        return None


def _renamed(sample: Sample, whole: Sample, places: list[int]) -> Sample:
    sample.names = tuple(whole.names[at] for at in places)
    return sample


def _absent(cell: Any) -> bool:
    if cell is None:
        return True
    try:
        return bool(cell != cell)  # noqa: PLR0124 - NaN and NaT differ from themselves
    except TypeError:  # pandas.NA has no truth
        return True


def _has_fractions(cells: Sequence[Any]) -> bool:
    """Whether a column of whole numbers can no longer be one: a cell is missing or has a fraction."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iub":
        return False
    return any(cell is None or not float(cell).is_integer() for cell in cells)


def _hashable_in(cell: Any, known: set[Any]) -> bool:
    return cell is not None and cell in known


def _kind_of(cells: list[Any]) -> CellKind:
    kinds = {type(cell) for cell in cells if cell is not None}
    if not kinds or str in kinds:
        return "word"
    if kinds == {bool}:
        return "boolean"
    return "number" if kinds <= {int, float} else "other"

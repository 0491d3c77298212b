"""From what scikit-learn's callers hand over to a table with a schema: what came as numbers is taken as numbers.

A table from a file must be guessed at: a whole number may be a code, or tell rows apart. Who calls an estimator has
settled that, so that an array and a data frame of the same numbers give the same model where their names are the same;
of a frame's other columns the kinds are inferred as for any table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from mainstay.contracts.errors import DataError
from mainstay.contracts.schema import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["Cells", "Classes", "class_column", "feature_columns", "free_name", "is_frame", "read_cells"]


@dataclass(frozen=True, slots=True)
class Cells:
    """The features of some rows.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n, columns)
    numeric : frozenset of str
        Columns that came as numbers: they stay numbers, whatever they look like.
    """

    frame: pl.DataFrame
    numeric: frozenset[str]


@dataclass(frozen=True, slots=True)
class Classes:
    """How the classes of a target stand in a table.

    Parameters
    ----------
    column : Column
        The target in the schema.
    cells : polars.Series
        The target of all rows.
    keys : list
        What stands for each class, in the order of scikit-learn's ``classes_``.
    """

    column: Column
    cells: pl.Series
    keys: list[Any]

    def places(self, labels: Sequence[Any]) -> NDArray[np.int64]:
        """Return, for labels as a bundle tells them, their places among the classes."""
        return np.array([self.keys.index(_key(label, self.keys[0])) for label in labels], np.int64)

    def category(self, place: int) -> str:
        """Return the word in the schema for the class of that place."""
        from mainstay.train.labels import own_labels

        found = self.places(own_labels(self.column.categories, self.cells)).tolist()
        return str(self.column.categories[found.index(place)])


def is_frame(X: Any) -> bool:
    """Say whether columns have names and kinds of their own.

    Examples
    --------
    >>> is_frame(np.zeros((2, 2)))
    False
    """
    return hasattr(X, "__dataframe__") or (hasattr(X, "columns") and hasattr(X, "__arrow_c_stream__"))


def read_cells(X: Any, names: Sequence[str] | None = None) -> Cells:
    """Return the features of an array or a data frame.

    Parameters
    ----------
    X : array of shape (n, columns) or data frame
        An array has passed scikit-learn's own checks.
    names : sequence of str, optional
        Names for the columns of an array; x0, x1, ... where there are none.

    Raises
    ------
    DataError
        When the frame has no rows, no column that can be used, or infinite cells.

    Examples
    --------
    >>> read_cells(np.array([[1.0, np.nan], [2.0, 3.0]])).frame.columns
    ['x0', 'x1']
    """
    from mainstay.data.read_objects import read_object

    if is_frame(X):
        return _with_numbers(read_object(X)[0])
    named = [f"x{place}" for place in range(X.shape[1])] if names is None else list(names)
    columns = {name: _as_numbers(X[:, place]) for place, name in enumerate(named)}
    numeric = frozenset(name for name, values in columns.items() if values.dtype == np.float64)
    return Cells(read_object(columns)[0], numeric)


def _with_numbers(frame: pl.DataFrame) -> Cells:
    """Return the cells of a frame, its numbers as scikit-learn's arrays would hold them."""
    import polars as pl

    if not frame.height:
        raise DataError("the frame has no rows", where="X")
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    cast = frame.cast(dict.fromkeys(numbers, pl.Float64))
    infinite = [name for name in numbers if cast.get_column(name).is_infinite().any()]
    if infinite:
        raise DataError(f"X contains infinity in the column {infinite[0]!r}", where="X", hint="NaN is a missing value.")
    return Cells(cast, frozenset(numbers))


def _as_numbers(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers where every cell is one; cells of other kinds stay as they are."""
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return values


def feature_columns(cells: Cells) -> tuple[Column, ...]:
    """Return the schema's columns: numbers as such, the others as they are inferred.

    A value may be missing in any of them: scikit-learn knows no refused row.

    Examples
    --------
    >>> [column.kind for column in feature_columns(read_cells(np.array([[1, "a"], [2, "b"], [3, "a"]], object)))]
    ['number', 'category']
    """
    from mainstay.data.infer import infer
    from mainstay.data.table import Table

    others = [name for name in cells.frame.columns if name not in cells.numeric]
    found = infer(Table(cells.frame.select(others), "X", "")).schema if others else Schema(columns=())
    known = {column.name: replace(column, nullable=True) for column in found.columns}
    return tuple(known.get(name) or Column(name=name, kind="number") for name in cells.frame.columns)


def class_column(codes: NDArray[np.int64], classes: NDArray[Any], name: str) -> Classes:
    """Return the target in the words of the user, or as numbers of the classes where the words would not survive.

    A table cannot tell "a" from "a " or "NA" from nothing; scikit-learn's arrays can.

    Parameters
    ----------
    codes : int64 array of shape (n,)
        The place of each row's class.
    classes : array of shape (classes,)
    name : str

    Examples
    --------
    >>> class_column(np.array([0, 1, 0]), np.array(["no", "yes"]), "left").keys
    ['no', 'yes']
    >>> class_column(np.array([0, 1, 0]), np.array(["NA", "yes"]), "left").keys
    [0.0, 1.0]
    """
    import polars as pl

    plain = classes.tolist() if classes.dtype.kind in "biuf" else [str(one) for one in classes]
    for values in (plain, list(range(len(classes)))):
        cells = pl.Series(name, values).gather(codes)
        column = _inferred(cells)
        keys = [_key(value, values[0]) for value in values]
        made = Classes(column, cells, keys)
        if _is_whole(made):
            break
    return made


def _inferred(cells: pl.Series) -> Column:
    from mainstay.data.infer import infer
    from mainstay.data.table import Table

    try:
        return infer(Table(cells.to_frame(), "y", ""), target=cells.name, task="classification").schema[cells.name]
    except DataError:  # such words are read as no value at all
        return Column(name=cells.name, kind="category", role="target")


def _is_whole(classes: Classes) -> bool:
    """Say whether each class has one word in the schema, and each row its class."""
    from mainstay.data.decode import decode_target
    from mainstay.train.labels import own_labels

    column = classes.column
    if len(column.categories) != len(classes.keys) or column.kind == "number":
        return False
    try:
        told = [_key(label, classes.keys[0]) for label in own_labels(column.categories, classes.cells)]
    except ValueError:
        return False
    usable = decode_target(Schema(columns=(column,)), classes.cells.to_frame()).usable
    return sorted(told) == sorted(classes.keys) and bool(usable.all())


def _key(label: Any, example: Any) -> Any:
    return str(label) if isinstance(example, str) else float(label)


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """Return a name that no column has.

    Examples
    --------
    >>> free_name("target", ["age", "target"])
    'target_'
    """
    name = wanted
    while name in taken:
        name += "_"
    return name

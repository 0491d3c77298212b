"""From a table and its schema to what the search works on, with the test part set aside first.

Levels and ranges of the contract come from the training rows alone, so that the held-out rows may bring something
new, as production will.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.learner import Target, TaskName
from mainstay.contracts.schema import Schema
from mainstay.data.decode import Decoder, decode_target
from mainstay.data.infer import freeze
from mainstay.data.split import Split
from mainstay.data.split_table import Ties, find_ties
from mainstay.train.labels import order_classes
from mainstay.train.material import Material

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column
    from mainstay.data.split import Fold
    from mainstay.data.table import Table

__all__ = ["Intake", "fold_count", "take_in"]


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that is fixed before the search begins.

    Parameters
    ----------
    task : {"classification", "regression"}
    schema : Schema
        Frozen on the training rows; the target's classes in the order of their codes.
    train, test : int64 arrays
        Positions in the table.
    material : Material
        The training rows, the folds, and the held-out rows without target.
    groups : int64 array, optional
        The group of each training row, where the split is by group.
    test_frame : polars.DataFrame
        The held-out rows, raw.
    test_target : array
        Their target; opened once, at the end.
    test_groups : int64 array, optional
        The group of each held-out row, where the split is by group: rows of one group are not independent.
    findings : tuple of Finding
    row_weight, test_weight : float64 arrays, optional
        The weight of each training and of each held-out row, where a column says it; the material's target may hold
        weights of classes as well.
    """

    task: TaskName
    schema: Schema
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    material: Material
    groups: NDArray[np.int64] | None
    test_frame: pl.DataFrame
    test_target: NDArray[np.int64] | NDArray[np.float64]
    test_groups: NDArray[np.int64] | None
    findings: tuple[Finding, ...]
    row_weight: NDArray[np.float64] | None = None
    test_weight: NDArray[np.float64] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names in the order of their codes; empty for regression."""
        return _labels(self.schema, self.task)


def take_in(
    table: Table,
    schema: Schema,
    *,
    how: str,
    positive: str | None,
    seed: int,
    cells_per_second: float,
    share: float = 0.2,
    given: int = 0,
) -> Intake:
    """Split, freeze the schema on the training rows, decode and divide into folds.

    Parameters
    ----------
    table : Table
    schema : Schema
        With a target and at least one feature.
    how : str
        "random", "time:COLUMN" or "group:COLUMN".
    positive : str, optional
        The positive class of two.
    seed : int
    cells_per_second : float
        Cells of the table per second of budget, which decides the number of folds.
    share : float, default 0.2
        The share of rows that is held out.
    given : int, default 0
        How many rows at the end of the table are the held-out ones; then none is drawn.

    Raises
    ------
    DataError
        When there is no feature, or too few rows with a target.
    """
    schema = _with_roles(schema, how)
    if not schema.features:
        raise DataError(
            "no column is left to learn from", where=table.source,
            hint="Give the columns that matter the role feature in a schema file; profile says why each was left out.",
        )  # fmt: skip
    task: TaskName = "regression" if _target_column(schema).kind == "number" else "classification"
    if task == "regression" and positive is not None:
        raise UsageError("a positive class is named, and the target is a number", where="positive")
    values, usable = _usable_target(schema, table)
    ties = find_ties(table, schema, how=how).take(usable)
    split = _given(usable, table, given, how) if given else ties.split(values[usable], test_share=share, seed=seed)
    schema = freeze(schema, table, usable[split.train])
    if task == "classification":
        schema = _ordered(schema, table, usable[split.train], positive)
        values = decode_target(schema, table.frame).values
    train, arrays, refused = _admitted(schema, table, usable, split.train)
    test, holdout, refused_test = _admitted(schema, table, usable, _known(values, usable, split.test, task))
    drawn = _as_given(ties, train, test) if given else ties.take(train)
    folds = _folds(drawn, values[usable[train]], cells_per_second, seed)
    fitted = folds[:1] if cells_per_second > _HOLDOUT_LOAD else folds
    notes = (
        *split.notes,
        *_left_out(refused + refused_test),
        *_unseen(len(split.test) - len(test) - refused_test),
        *_weighted(schema),
    )
    weight, test_weight = (_weights(schema, table, usable[places]) for places in (train, test))
    target = Target(task, values[usable[train]], len(_labels(schema, task)), weight)
    return Intake(
        task=task, schema=schema, train=usable[train], test=usable[test],
        material=Material(arrays, target, fitted, holdout, tuple(fold.validation for fold in folds)),
        groups=_each_alone(ties.take(train).groups),
        test_frame=table.frame[usable[test]], test_target=values[usable[test]],
        test_groups=_each_alone(ties.take(test).groups), findings=notes,
        row_weight=weight, test_weight=test_weight,
    )  # fmt: skip


def _given(usable: NDArray[np.int64], table: Table, count: int, how: str) -> Split:
    """Take the last rows of the table as the held-out ones."""
    begin = int(np.searchsorted(usable, table.frame.height - count))
    train, test = np.arange(begin), np.arange(begin, len(usable))
    if len(train) < 2 or not len(test):
        raise DataError(
            f"{len(train):,} rows to learn from and {len(test):,} held-out rows have a target", where=table.source,
            hint="Both parts need rows with a target.",
        )  # fmt: skip
    return Split(train, test, how)


def _as_given(ties: Ties, train: NDArray[np.int64], test: NDArray[np.int64]) -> Ties:
    """Return what ties the training rows in drawing folds, so that folds differ as the user's own two parts do.

    Equal rows stay in one fold, for otherwise what remembers rows would look good. Where the user's held-out rows
    repeat rows to learn from, that is what remembering is worth in his use, and folds may do the same.
    """
    taken = ties.take(train)
    if ties.groups is not None or ties.order is not None:
        return taken
    repeated = float(np.isin(ties.fingerprints[test], taken.fingerprints).mean())
    if repeated < _REPEATED:
        return taken
    return Ties(ties.how, np.arange(len(train), dtype=np.uint64))


def _admitted(
    schema: Schema, table: Table, usable: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Arrays, int]:
    """Return the places of the rows that the schema does not refuse, their arrays, and how many it refuses."""
    decoded = Decoder(schema).from_frame(table.frame[usable[places]])
    kept = np.flatnonzero(~decoded.rejected)
    return places[kept], decoded.arrays.take(kept), len(places) - len(kept)


def _known(
    values: NDArray[np.int64] | NDArray[np.float64],
    usable: NDArray[np.int64],
    places: NDArray[np.int64],
    task: TaskName,
) -> NDArray[np.int64]:
    """Return the places whose class occurs in the training part."""
    return places[values[usable[places]] >= 0] if task == "classification" else places


def _folds(
    ties: Ties, target: NDArray[np.int64] | NDArray[np.float64], cells_per_second: float, seed: int
) -> tuple[Fold, ...]:
    """Divide the training rows, into fewer folds where there are few groups or times."""
    tied = ties.groups if ties.groups is not None else ties.order
    units = len(target) if tied is None else len(np.unique(tied))
    count = max(2, min(fold_count(len(target), cells_per_second), units))
    return ties.folds(target, count=count, seed=seed)


def _each_alone(groups: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Return groups in which every row without one is a group of its own."""
    if groups is None:
        return None
    return np.where(groups < 0, groups.max(initial=0) + 1 + np.arange(len(groups)), groups)


def _left_out(refused: int) -> tuple[Finding, ...]:
    if not refused:
        return ()
    finding = Finding(
        severity="warning",
        code="rows.refused",
        message=f"{refused:,} rows break the schema's own rules and were left out of training and test",
        advice="Mend these rows, or let the schema warn where it refuses",
    )
    return (finding,)


def _weighted(schema: Schema) -> tuple[Finding, ...]:
    column = schema.with_role("weight")
    if column is None:
        return ()
    finding = Finding(
        severity="info",
        code="weights",
        column=column.name,
        message="rows are weighted: in learning, in calibration and in all scores on held-out rows",
        advice="The report shows the unweighted scores beside; candidates were compared with every row counted once",
    )
    return (finding,)


def _unseen(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    finding = Finding(
        severity="warning",
        code="rows.unseen_class",
        message=f"{count:,} held-out rows have a class that no training row has; no model can know it, and they are "
        "not part of the scores",
        advice="Read the scores as those of the other classes, or split in another way",
    )
    return (finding,)


_HOLDOUT_LOAD = 400_000.0
_REPEATED = 0.02  # of the held-out rows, from which on it is no accident


def fold_count(rows: int, cells_per_second: float) -> int:
    """Return how many folds are worth their time.

    More folds make better bags and surer scores, and cost more; with much data in a short time a few must do.

    Examples
    --------
    >>> fold_count(500, 100), fold_count(20_000, 5_000), fold_count(80_000, 120_000)
    (8, 5, 3)
    """
    if cells_per_second > 50_000:
        return 5 if cells_per_second > _HOLDOUT_LOAD else 3
    return 8 if rows < 2_000 else 5


def _with_roles(schema: Schema, how: str) -> Schema:
    """Give the column of a split by group its role: a group tells rows apart and is nothing to learn from."""
    way, _, name = how.partition(":")
    target = schema.target
    if target is not None and name == target.name:
        raise UsageError("the target itself cannot say how rows are split", where="split", hint="Name another column.")
    if way != "group":
        return schema
    return _replace(schema, msgspec.structs.replace(schema[name], role="group"))


def _target_column(schema: Schema) -> Column:
    if schema.target is None:
        raise UsageError("no column is the target", where="target", hint="Name it with --target.")
    return schema.target


def _replace(schema: Schema, column: Column) -> Schema:
    return Schema(columns=tuple(column if other.name == column.name else other for other in schema.columns))


def _ordered(schema: Schema, table: Table, train: NDArray[np.int64], positive: str | None) -> Schema:
    """Give the classes their order from the training rows alone."""
    target = _target_column(schema)
    values = decode_target(schema, table.frame[train]).values
    counts = np.bincount(values[values >= 0].astype(np.int64), minlength=len(target.categories))
    named = {name: int(count) for name, count in zip(target.categories, counts, strict=True)}
    present = tuple(name for name in target.categories if named[name])
    if len(present) < 2:
        raise DataError(
            f"the training rows have one class only ({', '.join(present) or 'none'})",
            where=f"{table.source}, column {target.name!r}",
            hint="A model needs at least two classes to tell apart: check the target, or split in another way.",
        )
    return _replace(schema, order_classes(msgspec.structs.replace(target, categories=present), named, positive))


def _usable_target(schema: Schema, table: Table) -> tuple[NDArray[np.int64] | NDArray[np.float64], NDArray[np.int64]]:
    """Return the target of all rows, and the positions where there is one; a row of weight zero counts for nothing."""
    decoded = decode_target(schema, table.frame)
    weights = _weights(schema, table, np.arange(table.frame.height))
    usable = decoded.usable if weights is None else decoded.usable & (weights > 0)
    return decoded.values, np.flatnonzero(usable)


def _weights(schema: Schema, table: Table, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return the weight of each row, from the column of that role; a missing or negative weight is refused."""
    column = schema.with_role("weight")
    if column is None:
        return None
    if column.kind not in ("number", "boolean"):
        raise UsageError(
            f"a weight must be a number, and the column is of kind {column.kind}", where=f"column {column.name!r}"
        )
    alone = Schema(columns=(msgspec.structs.replace(column, role="feature"),))
    weights = Decoder(alone).from_frame(table.frame[rows]).arrays.numbers[:, 0].astype(np.float64)
    bad = np.flatnonzero(~(weights >= 0) | np.isinf(weights))
    if len(bad):
        raise DataError(
            f"a weight must be a number of at least 0, and {len(bad):,} rows have none",
            where=f"{table.source}, column {column.name!r}, row {int(rows[bad[0]]) + 1}",
            hint="Fill in the weight, or remove these rows.",
        )
    return weights


def _labels(schema: Schema, task: TaskName) -> tuple[str, ...]:
    return schema.target.categories if schema.target is not None and task == "classification" else ()

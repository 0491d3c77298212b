"""Profiles a table: what each column holds, how columns are related, and what a person should know before training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mainstay.contracts.errors import SchemaError
from mainstay.data.quality_columns import describe
from mainstay.data.quality_findings import gravest_first, join_alike, judge_column, judge_pairs
from mainstay.data.quality_records import (
    Association,
    ColumnProfile,
    Histogram,
    Level,
    NumberSummary,
    Profile,
    TargetSummary,
    TextSummary,
)
from mainstay.data.quality_related import find_related
from mainstay.data.quality_table import count_repeats, judge_repeats, judge_size, judge_target, sum_up_target

if TYPE_CHECKING:
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table

__all__ = [
    "Association",
    "ColumnProfile",
    "Histogram",
    "Level",
    "NumberSummary",
    "Profile",
    "TargetSummary",
    "TextSummary",
    "choose_target",
    "profile",
]


def profile(
    table: Table,
    schema: Schema,
    *,
    target: str | None = None,
    seed: int = 0,
    findings: tuple[Finding, ...] = (),
) -> Profile:
    """Describe a table.

    Parameters
    ----------
    table : Table
    schema : Schema
        Its columns that are in the table are described; their kinds say how cells are read.
    target : str, optional
        The column to be predicted; the schema's own target by default.
    seed : int, default 0
        Draws the rows on which pairs of columns are compared (at most 20,000).
    findings : tuple of Finding, default ()
        What reading and inference have found already; it is shown with the rest, and said once.

    Returns
    -------
    Profile

    Raises
    ------
    SchemaError
        When the target is not in the table.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> from mainstay.data.table import Table
    >>> table = Table(pl.DataFrame({"size": ["1", "2", "2"]}), source="boxes", digest="")
    >>> about = profile(table, Schema(columns=(Column(name="size", kind="number"),)))
    >>> about.rows, about.columns[0].numbers.mean, about.findings[0].code
    (3, 1.6666666666666667, 'few_rows')
    """
    schema = choose_target(schema, target)
    frame = table.frame
    known = [column for column in schema.columns if column.name in frame.columns]
    columns = tuple(describe(frame.get_column(column.name), column) for column in known)
    repeats = count_repeats(frame, columns)
    pairs = find_related(frame, schema, seed=seed)
    found = [*findings, *judge_size(frame.height, len(schema.features))]
    summary, goal = None, schema.target
    if goal is not None:
        if goal.name not in frame.columns:
            raise SchemaError(f"the target {goal.name!r} is not in the table", where=table.source)
        summary = sum_up_target(frame, goal, schema)
        found += judge_target(summary, frame.height)
    found += judge_repeats(repeats)
    judged = [finding for about in columns for finding in judge_column(about, frame.height)]
    found += join_alike((*judged, *judge_pairs(pairs, goal.name if goal else None)))
    return Profile(
        source=table.source,
        rows=frame.height,
        columns=columns,
        findings=gravest_first(found),
        associations=pairs,
        target=summary,
        duplicates=int(repeats.sum()),
    )


def choose_target(schema: Schema, target: str | None) -> Schema:
    """Return the schema with that column as its target and no other; as it is where None is given.

    Raises
    ------
    SchemaError
        When there is no such column.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column, Schema
    >>> schema = Schema(columns=(Column(name="a", kind="number"), Column(name="b", kind="category", role="target")))
    >>> [column.role for column in choose_target(schema, "a").columns]
    ['target', 'feature']
    """
    if target is None or schema[target].role == "target":
        return schema
    former = [column.name for column in schema.columns if column.role == "target"]
    changed = [replace(column, role="feature") if column.name in former else column for column in schema.columns]
    chosen = [replace(column, role="target") if column.name == target else column for column in changed]
    return replace(schema, columns=tuple(chosen))

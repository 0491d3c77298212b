"""The verb that looks before anything is learned, and the contract that it and training start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.results import ProfileResult

if TYPE_CHECKING:
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.data.table import Table

__all__ = ["given_schema", "known_schema", "profile"]

_AUDIT_SECONDS = 30.0
"""Enough on a machine that is busy with other things; on an idle one it takes a few."""


def profile(
    data: Any,
    *,
    target: str | None = None,
    schema: Schema | str | Path | None = None,
    **reading: Unpack[Reading],
) -> ProfileResult:
    """Say what is in a table, and what looks wrong.

    Parameters
    ----------
    data : path, SQL URL or data frame
    target : str, optional
        The column to be predicted; the audit of leaks needs it.
    schema : Schema or path, optional
        Your own contract; inferred when not given.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Raises
    ------
    InputError
        A sentence for everything that a table can have wrong.

    Examples
    --------
    >>> import mainstay
    >>> result = mainstay.profile("later.csv", target="left")
    >>> [(column["name"], column["kind"]) for column in result.to_dict()["columns"]]
    [('age', 'number'), ('city', 'category'), ('left', 'category')]
    """
    from mainstay.data.leaks import audit
    from mainstay.data.quality import profile as describe
    from mainstay.data.read import read
    from mainstay.evaluate.report import profile_report

    table = read(data, **reading)
    known, findings = known_schema(table, schema, target, task="auto")
    if known.target is not None:
        findings += audit(table, known, seconds=_AUDIT_SECONDS).findings
    found = describe(table, known, findings=(*table.notes, *findings))
    return ProfileResult(found.to_dict(), known, profile_report(found.to_dict()))


def known_schema(
    table: Table, schema: Schema | str | Path | None, target: str | None, *, task: str
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the given or the inferred schema, with the target in its role."""
    from mainstay.data.infer import infer
    from mainstay.data.quality import choose_target

    if task not in ("auto", "classification", "regression"):
        raise UsageError(f"a task is auto, classification or regression, and {task!r} came", where="task")
    if schema is None:
        found = infer(table, target=target, task=None if task == "auto" else task)  # type: ignore[arg-type]
        return found.schema, found.findings
    known = choose_target(given_schema(schema, table), target)
    if known.target is not None and task != "auto" and (known.target.kind == "number") != (task == "regression"):
        raise UsageError(
            f"the task is {task}, and the schema's target is of kind {known.target.kind}", where="task",
            hint="Change the kind of the target in the schema, or leave the task out.",
        )  # fmt: skip
    return known, ()


def given_schema(schema: Schema | str | Path, table: Table) -> Schema:
    """Return the user's own schema, read where it is a file, with the levels of the table where it lists none.

    Raises
    ------
    UsageError
        When the file cannot be read.
    SchemaError
        When it is no schema.
    """
    from mainstay.contracts.schema import Schema as Known
    from mainstay.data.infer import with_levels
    from mainstay.data.schema_file import from_toml

    known = schema if isinstance(schema, Known) else from_toml(_text(schema), where=str(schema))
    return with_levels(known, table)


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the schema could not be read ({error})", where=str(path)) from error

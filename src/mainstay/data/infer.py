"""From a table to its schema: what kind each column is, with the evidence, and what a person should look at.

Inference looks at every cell, through the different values of a column and their counts. Where cells leave a choice
it follows these rules, and each choice is told as evidence or as a finding.

- Blanks and "?", "NA", "N/A", "NaN", "null" are missing in any column. "-", "none", "unknown" and the like are
  missing only where the other cells are numbers or dates; among words they stay a category.
- A column is a number when 90 % of its cells read as one and the rest do not look like codes ("C536379"). Marks
  (1.234,5 or 1,234.5 or 1'234) and one unit on every number ("$", "%", "kg") are found; a per cent stays per cent:
  45 % is 45, with the unit "%".
- Only 0 and 1, or a usual pair of words (yes and no), is a boolean. Leading zeros make a code. A whole number is a
  code when its name says so ("zip code", "Region"). Codes that repeat are categories; codes that do not, and
  numbers that count the rows, are identifiers, which a model never sees.
- Dates keep one order of day and month for the whole column: the one that a cell proves, else the one that another
  column proves, else the day first, with a finding.
- Words are free text when they are many, long and nearly all different; a category otherwise, with 1,000 levels at
  most.
- Columns without values, with one value only, and identifiers get the role "ignored".
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Kind, Role, Schema
from mainstay.data.infer_column import guess_column
from mainstay.data.infer_guess import Ask, Guess
from mainstay.data.infer_level import freeze, with_levels
from mainstay.data.infer_target import guess_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from mainstay.contracts.learner import TaskName
    from mainstay.contracts.schema import Column
    from mainstay.data.infer_guess import DateOrder
    from mainstay.data.table import Table

__all__ = ["Inference", "freeze", "infer", "with_levels"]


@dataclass(frozen=True, slots=True)
class Inference:
    """A schema and what was noticed on the way.

    Parameters
    ----------
    schema : Schema
    findings : tuple of Finding
    """

    schema: Schema
    findings: tuple[Finding, ...]


def infer(
    table: Table,
    *,
    target: str | None = None,
    task: TaskName | None = None,
    overrides: Mapping[str, Kind] | None = None,
    roles: Mapping[str, Role] | None = None,
) -> Inference:
    """Return the schema of a table, from all of its cells.

    Parameters
    ----------
    table : Table
    target : str, optional
        The column to predict.
    task : {"classification", "regression"}, optional
        Found from the target where it is not given: words, booleans and few whole numbers are classes.
    overrides : mapping from column to kind, optional
        Kinds that you know better.
    roles : mapping from column to role, optional
        "feature" keeps a column that would be ignored; also "ignored", "group", "time", "weight", "target".

    Returns
    -------
    Inference

    Raises
    ------
    DataError
        When the table has no rows, the target is not in it, holds no value or one value only, or does not fit the task.
    UsageError
        When an option names a column, kind or role that does not exist.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.data.table import Table
    >>> frame = pl.DataFrame({"age": ["31", "42", "NA"], "member": ["yes", "no", "yes"]})
    >>> found = infer(Table(frame, "people.csv", ""), target="member")
    >>> for column in found.schema.columns:
    ...     print(column.name, column.kind, column.role, "-", column.evidence)
    age number feature - 2 of 3 cells read as numbers; 1 cell with 'NA' read as missing
    member category target - two values: no (once) and yes (2 times)
    """
    kinds = {**table.kinds, **(overrides or {})}
    given = {name: role for name, role in table.roles.items() if name != target} | dict(roles or {})
    target = _target_name(table, target, given)
    _check_options(table, kinds, given)
    if table.rows == 0:
        raise DataError("the table has columns but no rows", where=table.source, hint="Give one row at least.")
    columns: list[Column] = []
    findings: list[Finding] = []
    guesses = _guess_features(table, target, kinds, given)
    for name in table.columns:
        if name == target:
            column, said = guess_target(table.frame.get_column(name), task, kinds.get(name), table.source)
        else:
            column, said = _with_role(guesses[name], given.get(name), table.frame.get_column(name))
        columns.append(column)
        findings += said
    findings += _few_whole(guess for name, guess in guesses.items() if name not in kinds)
    return Inference(Schema(columns=tuple(columns)), tuple(findings))


def _target_name(table: Table, target: str | None, roles: Mapping[str, Role]) -> str | None:
    named = [name for name, role in roles.items() if role == "target" and name != target]
    if target is None and len(named) == 1:
        target = named[0]
    elif named:
        raise UsageError(f"one column can be the target, and {[*([target] if target else []), *named]} are given")
    if target is not None and target not in table.columns:
        raise DataError(
            f"there is no column {target!r} to be the target", where=table.source, hint=_names(table, target)
        )
    return target


def _names(table: Table, name: str) -> str:
    """Return a hint with the names that come near, or all of them."""
    folded = {column.casefold(): column for column in table.columns}
    near = [folded[match] for match in get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)]
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}?"
    more = f" and {len(table.columns) - 40} more" if len(table.columns) > 40 else ""
    return f"The columns are: {', '.join(table.columns[:40])}{more}."


def _check_options(table: Table, kinds: Mapping[str, str], roles: Mapping[str, str]) -> None:
    for what, given, known in (("kind", kinds, get_args(Kind)), ("role", roles, get_args(Role))):
        for name, value in given.items():
            if name not in table.columns:
                raise UsageError(f"a {what} is given for {name!r}, which is no column", hint=_names(table, name))
            if value not in known or value == "image":
                words = ", ".join(word for word in known if word != "image")
                raise UsageError(f"the {what} of {name!r} cannot be {value!r}", hint=f"A {what} is one of: {words}.")
    for name, role in roles.items():
        if role == "feature" and kinds.get(name) == "identifier":
            raise UsageError(
                f"{name!r} is to be an identifier and a feature",
                hint="A model never sees an identifier: give it another kind.",
            )


def _guess_features(
    table: Table, target: str | None, kinds: Mapping[str, Kind], roles: Mapping[str, Role]
) -> dict[str, Guess]:
    """Return a guess for every column but the target; dates in doubt are read again as other columns prove."""
    asks = {
        name: Ask(kinds.get(name, "number" if roles.get(name) == "weight" else None), keep=roles.get(name) == "feature")
        for name in table.columns
        if name != target
    }
    guesses = {name: guess_column(table.frame.get_column(name), ask) for name, ask in asks.items()}
    proven = {guess.proves for guess in guesses.values()} - {None}
    if len(proven) == 1:
        order: DateOrder | None = proven.pop()
        for name in [name for name, guess in guesses.items() if guess.ambiguous]:
            guesses[name] = guess_column(table.frame.get_column(name), _with_order(asks[name], order))
    return guesses


def _with_order(ask: Ask, order: DateOrder | None) -> Ask:
    """Return a question with what is now known of the order of day and month."""
    return Ask(ask.kind, ask.keep, order)


def _with_role(guess: Guess, role: Role | None, series: pl.Series) -> tuple[Column, tuple[Finding, ...]]:
    """Return the column with its role, given or found, and its findings."""
    column = guess.column
    if role is not None:
        return replace(column, role=role), guess.findings
    if column.kind == "identifier":
        finding = _note(column.name, "identifier", f"it is an identifier ({column.evidence}), so no model sees it")
        return replace(column, role="ignored"), (*guess.findings, finding)
    if column.role == "feature" and _is_constant(column, series):
        finding = _note(column.name, "constant", "every cell holds the same value, so it tells nothing")
        return replace(column, role="ignored"), (*guess.findings, finding)
    return column, guess.findings


def _is_constant(column: Column, series: pl.Series) -> bool:
    if column.nullable:
        return False
    if column.kind in {"number", "datetime"}:
        return column.low == column.high
    return len(column.categories) == 1 or (column.kind == "boolean" and series.n_unique() == 1)


def _note(name: str, code: str, message: str) -> Finding:
    advice = "It is ignored. Give it the role 'feature' to keep it all the same."
    if code == "identifier":
        advice = "Give it the role 'group' if rows of one value belong together, or another kind to use it."
    return Finding(severity="info", code=code, column=name, message=message, advice=advice)


def _few_whole(guesses: Iterable[Guess]) -> list[Finding]:
    """Return one finding for all numbers with few whole values, which may be codes."""
    found = [f"{guess.column.name} ({guess.few_whole})" for guess in guesses if guess.few_whole]
    if not found:
        return []
    more = f" and {len(found) - 12} more" if len(found) > 12 else ""
    return [
        Finding(
            severity="info",
            code="codes",
            message=f"columns with few different whole numbers are kept as numbers: {', '.join(found[:12])}{more}",
            advice="Where such numbers are codes without an order, give the column the kind 'category'.",
        )
    ]

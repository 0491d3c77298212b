"""The tables that more than one command shows: columns, findings, scores and the leaderboard."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mainstay.apps.cli.figures import count, figure, interval, seconds, share

__all__ = ["columns", "findings", "key_values", "leaderboard", "metrics", "schema"]

Row = Mapping[str, Any]
_SEVERITY = {"error": ("error  ", "bold red"), "warning": ("warning", "yellow"), "info": ("note   ", "cyan")}
_SHOWN_ROWS = 5


def _table(*headings: str, right: Sequence[int] = (), title: str | None = None) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="bold", header_style="dim",
        show_edge=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position in right else "left", no_wrap=position == 0)
    return table


def _spaced(part: RenderableType) -> Padding:
    return Padding(part, (1, 0, 0, 0))


def columns(rows: Sequence[Row], total: int) -> Padding:
    """Return one line per column of a table: what it is, what is missing, what it holds."""
    table = _table("column", "kind", "role", "missing", "distinct", "holds", right=(3, 4))
    for row in rows:
        table.add_row(
            Text(str(row["name"])),
            str(row["kind"]),
            Text(str(row["role"]), style="bold green" if row["role"] == "target" else ""),
            share(row.get("missing") or 0, total),
            count(row.get("distinct")),
            Text(_holds(row), overflow="ellipsis", no_wrap=True),
        )
    return _spaced(table)


def _holds(row: Row) -> str:
    """Say in a few words what values a column has: its range, or its most frequent values."""
    low, high = row.get("low"), row.get("high")
    if low is not None and high is not None:
        middle = f", median {figure(row['median'])}" if row.get("median") is not None else ""
        ends = [end if isinstance(end, str) else figure(end) for end in (low, high)]
        return f"{ends[0]} to {ends[1]}{middle}"
    values = row.get("top") or row.get("categories") or ()
    return ", ".join(str(value["value"]) if isinstance(value, Mapping) else str(value) for value in values)


def findings(rows: Iterable[Row]) -> list[RenderableType]:
    """Return one paragraph per finding, the gravest first: what, where, the evidence, what to do."""
    order = list(_SEVERITY)
    listed = sorted(rows, key=lambda row: order.index(row["severity"]))
    parts: list[RenderableType] = []
    for row in listed:
        word, style = _SEVERITY[row["severity"]]
        place = f"{row['column']}: " if row.get("column") else ""
        shown = row.get("rows") or ()
        lines = ", ".join(str(number) for number in shown[:_SHOWN_ROWS])
        where = f" (rows {lines}{' ...' if len(shown) > _SHOWN_ROWS else ''})" if shown else ""
        text = Text.assemble((place, "bold"), row["message"], where, "  ", (row["advice"], "dim"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_row(Text(word, style=style), text)
        parts.append(grid)
    return [Text(), *parts] if parts else []


def metrics(scores: Mapping[str, Row]) -> Padding:
    """Return one line per score with its 95 % interval; a score that does not apply is blank."""
    table = _table("score", "value", "95 % interval", right=(1,))
    for name, score in scores.items():
        if isinstance(score, Mapping):
            table.add_row(name, figure(score.get("value")), interval(score.get("low"), score.get("high")))
    return _spaced(table)


def leaderboard(rows: Sequence[Row], metric: str) -> Padding:
    """Return one line per model that was tried, failures with their reasons."""
    table = _table("model", f"{metric}", "95 % interval", "seconds", "", right=(1, 3))
    for row in rows:
        status = str(row.get("status", ""))
        chosen = status in {"chosen", "best", "winner"}
        remark = "" if status == "done" else status
        if row.get("reason"):
            remark = f"{remark}: {row['reason']}" if remark else str(row["reason"])
        table.add_row(
            Text(str(row["name"]), style="bold green" if chosen else ""),
            figure(row.get("value")),
            interval(row.get("low"), row.get("high")),
            seconds(row.get("seconds")).removesuffix(" s"),
            Text(remark, style="green" if chosen else "dim"),
        )
    return _spaced(table)


def schema(contract: Mapping[str, Any]) -> Padding:
    """Return one line per column of the input contract."""
    table = _table("column", "kind", "role", "missing allowed", "values")
    for row in contract["columns"]:
        role = str(row.get("role", "feature"))
        allowed = "yes" if row.get("nullable", True) else "no"
        table.add_row(
            Text(str(row["name"])),
            str(row["kind"]),
            role,
            allowed,
            Text(_holds(row), no_wrap=True, overflow="ellipsis"),
        )
    return _spaced(table)


def key_values(facts: Mapping[str, object]) -> Table:
    """Return facts as two columns without lines."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts.items():
        grid.add_row(Text(name, style="dim"), Text(str(value)))
    return grid

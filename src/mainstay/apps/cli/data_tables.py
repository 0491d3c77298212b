"""What a person sees of data in the terminal: the columns, the target, what is related, and the findings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mainstay.apps.cli.figures import amount, count, share
from mainstay.apps.cli.plain_table import plain_table, spaced

__all__ = ["bars", "columns", "findings", "related", "schema", "target_line"]

Row = Mapping[str, Any]
_SEVERITY = {"error": ("error  ", "bold red"), "warning": ("warning", "yellow"), "info": ("note   ", "cyan")}
_BARS = "▁▂▃▄▅▆▇█"
_BAR_COUNT = 12
_SHOWN = 5


def columns(rows: Sequence[Row], total: int) -> Padding:
    """Return one line per column of a table: what it is, what is missing, what it holds."""
    table = plain_table("column", "kind", "role", "missing", "distinct", "shape", "holds", right=(3, 4))
    for row in rows:
        histogram = (row.get("numbers") or {}).get("histogram")
        table.add_row(
            Text(str(row["name"]), overflow="ellipsis"),
            str(row["kind"]),
            Text(str(row["role"]), style={"target": "bold green", "feature": ""}.get(row["role"], "dim")),
            share(row.get("missing") or 0, total),
            count(row.get("distinct")),
            Text(bars(histogram["counts"]) if histogram else "", style="cyan", no_wrap=True),
            _cell(_holds(row)),
        )
    return spaced(table)


def bars(counts: Sequence[int]) -> str:
    """Draw counts as a line of bars, neighbours put together where there are many; empty for no count.

    Examples
    --------
    >>> bars([1, 4, 8, 2, 0])
    '▁▄█▂ '
    """
    step = -(-len(counts) // _BAR_COUNT) or 1
    heights = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    tallest = max(heights, default=0)
    return "".join(_BARS[max(0, -(-height * len(_BARS) // tallest) - 1)] if height else " " for height in heights)


def _cell(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _holds(row: Row) -> str:
    """Say in a few words what values a column has: its range, or its most frequent values."""
    numbers = row.get("numbers") or {}
    ends = (row.get("first"), row.get("last")) if row.get("first") else (numbers.get("minimum"), numbers.get("maximum"))
    if ends[0] is None:
        ends = (row.get("low"), row.get("high"))
        if row.get("kind") == "datetime":  # a schema keeps days since 1970
            ends = (_date(ends[0]), _date(ends[1]))
    if ends[0] is not None and ends[1] is not None:
        first, last = (end if isinstance(end, str) else amount(end) for end in ends)
        middle = numbers.get("median") if row.get("kind") == "number" else None
        return f"{first} to {last}" + (f", median {amount(middle)}" if middle is not None else "")
    return ", ".join(_level(level) for level in row.get("levels") or row.get("categories") or ())


def _date(days: float | None) -> str | None:
    """Return days since 1970 as a date, with the time where it is not midnight; as a number outside the calendar."""
    if days is None:
        return None
    try:
        moment = datetime(1970, 1, 1) + timedelta(seconds=round(days * 86_400))  # noqa: DTZ001 - a schema has no zone
    except OverflowError:
        return amount(days)
    return moment.strftime("%Y-%m-%d" if moment.time() == time() else "%Y-%m-%d %H:%M")


def _level(level: Row | str) -> str:
    """Say a value and its share; a value that is rare or unique goes without."""
    if isinstance(level, str):
        return level
    percent = share(level["share"], 1)
    return f"{level['value']} {percent}" if percent and level["rows"] > 1 else str(level["value"])


def target_line(target: Row | None) -> list[RenderableType]:
    """Return one line on what is to be predicted; nothing where no target was named."""
    if not target:
        return []
    levels = target.get("classes") or ()
    classes = ", ".join(_level(level) for level in levels[:_SHOWN]) + (" ..." if len(levels) > _SHOWN else "")
    numbers = target.get("numbers")
    spread = (
        f"{amount(numbers['minimum'])} to {amount(numbers['maximum'])}, mean {amount(numbers['mean'])}"
        if numbers
        else ""
    )
    return [Text.assemble("target ", (str(target["name"]), "bold green"), f"  {target['task']}: {classes or spread}")]


def related(pairs: Sequence[Row]) -> list[RenderableType]:
    """Return the most strongly related pairs of columns, in one line each."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for pair in pairs[:_SHOWN]:
        same = {"identical": "identical", "one_to_one": "one to one"}.get(pair["same"], "")
        grid.add_row(
            f"{pair['value']:.2f}", Text(f"{pair['first']} and {pair['second']}"), Text(same or pair["measure"], "dim")
        )
    return [Text("\nRelated columns", style="dim"), grid] if pairs else []


def findings(rows: Iterable[Row]) -> list[RenderableType]:
    """Return one paragraph per finding, the gravest first: where, the evidence, what to do."""
    order = list(_SEVERITY)
    listed = sorted(rows, key=lambda row: order.index(row["severity"]))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for row in listed:
        word, style = _SEVERITY[row["severity"]]
        place = f"{row['column']}: " if row.get("column") else ""
        text = Text.assemble(
            (place, "bold"), _sentence(row["message"]), _lines(row.get("rows") or ()), " ", (row["advice"], "dim")
        )
        grid.add_row(Text(word, style=style), text)
    return [Text(), grid] if listed else []


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _lines(rows: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in rows[:_SHOWN])
    more = ", ..." if len(rows) > _SHOWN else ""
    return f" (row{'s' if len(rows) > 1 else ''} {listed}{more})" if rows else ""


def schema(contract: Sequence[Row]) -> Padding:
    """Return one line per column of the input contract."""
    table = plain_table("column", "kind", "role", "missing", "values")
    for row in contract:
        role = str(row.get("role", "feature"))
        empty = "allowed" if row.get("nullable", True) else row.get("on_missing", "reject")
        table.add_row(
            Text(str(row["name"])), str(row["kind"]), role, empty if role == "feature" else "", _cell(_holds(row))
        )
    return spaced(table)

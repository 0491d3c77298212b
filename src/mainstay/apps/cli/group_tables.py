"""What a person sees of groups in the terminal: the verdict, the groups with their rules, the curve, the colours."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mainstay.apps.cli.data_tables import findings
from mainstay.apps.cli.figures import count, figure, interval, seconds
from mainstay.apps.cli.plain_table import plain_table, spaced
from mainstay.apps.cli.score_tables import metrics
from mainstay.evaluate.words import percent

__all__ = ["assigned", "cluster", "confusion", "curve_lines", "defined", "segment", "shares"]

Figures = Mapping[str, Any]
_LEVELS = "▁▂▃▄▅▆▇█"
_SHOWN_K = 40
_SHOWN_GROUPS = 60
_MEASURES = {"inertia": "inertia", "silhouette": "silhouette", "stability": "stability"}


def cluster(figures: Figures) -> list[RenderableType]:
    """Return the page of ``mainstay cluster``."""
    rows = sum(one["rows"] for one in figures["clusters"])
    head = Text.assemble(
        (f"{figures['k']} groups" if figures["k"] != 1 else "1 group", "bold green"),
        f" of {count(rows)} rows, by {figures['method']}",
    )
    parts: list[RenderableType] = [head, Text.assemble((figures["verdict"], "bold"), f": {figures['sentence']}")]
    sure = figures.get("stability")
    if sure and sure["value"] is not None:
        parts.append(Text(_stability(sure)))
    parts += [spaced(_groups(figures["clusters"]))]
    parts += _reasons(figures)
    parts += curve_lines(figures["curve"], figures["k"])
    if figures.get("agreement"):
        parts.append(metrics(figures["agreement"], f"Beside the known groups in {figures['labels']}"))
    parts += findings([finding for finding in figures["findings"] if finding["severity"] != "info"])
    return [*parts, Text(), Text(f"Took {seconds(figures['seconds'])}"), *_written(figures)]


def _stability(sure: Figures) -> str:
    spread = interval(sure["low"], sure["high"])
    return f"Found again on parts of the rows: agreement {figure(sure['value'])} ({spread}); 1 is the same groups"


def _groups(groups: Sequence[Figures]) -> Table:
    table = plain_table("group", "rows", "share", "name", "found by", right=(1, 2))
    for one in groups[:_SHOWN_GROUPS]:
        table.add_row(
            str(one["cluster"]),
            count(one["rows"]),
            percent(one["share"]),
            Text(one["name"]),
            Text(one["rule"] or "no short rule"),
        )
    if len(groups) > _SHOWN_GROUPS:
        table.add_row("...", f"{count(len(groups) - _SHOWN_GROUPS)} more", "", "", "")
    return table


def _reasons(figures: Figures) -> list[RenderableType]:
    """Say why this method was taken, where several were compared."""
    methods = figures.get("methods")
    if not methods:
        return []
    table = plain_table("method", "groups", "stability", "", right=(1, 2))
    for one in methods["tried"]:
        mark = ("taken", "bold green") if one["name"] == figures["method"] else (one.get("note", ""), "dim")
        groups = "" if one.get("k") is None else str(one["k"])
        table.add_row(one["name"], groups, figure(one.get("stability")), Text(mark[0], style=mark[1]))
    reasons = [Text(f"  {reason}", style="dim") for reason in methods["reasons"]]
    return [spaced(table, "The methods that were compared"), *reasons]


def curve_lines(curve: Sequence[Figures], k: int) -> list[RenderableType]:
    """Return the curve as lines of bars, from one group on, with a mark under the number that was taken.

    Examples
    --------
    >>> curve = [{"k": k, "inertia": 1 / k, "silhouette": None} for k in (1, 2, 3, 4)]
    >>> [str(line) for line in curve_lines(curve, 2)[1:]]
    ['  inertia     █▃▂▁', '               2']
    """
    shown = [one for one in curve if one["k"] <= _SHOWN_K]
    if len(shown) < 3:
        return []
    parts: list[RenderableType] = [Text(f"\nThe curve of K-means, 1 to {shown[-1]['k']} groups", style="bold")]
    for key, name in _MEASURES.items():
        bars = _bars([one.get(key) for one in shown])
        if bars.strip():
            parts.append(Text.assemble(f"  {name:<12}", (bars, "cyan")))
    if k <= shown[-1]["k"]:
        parts.append(Text(f"{'':<{13 + k}}{k}", style="dim"))
    return parts


def _bars(values: Sequence[float | None]) -> str:
    known = [value for value in values if _is_there(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high <= low:
        return ""
    step = (high - low) / (len(_LEVELS) - 1)
    return "".join(_LEVELS[round((value - low) / step)] if _is_there(value) else " " for value in values)


def _is_there(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _written(figures: Figures) -> Iterable[Text]:
    digest = figures["digest"]
    for path in figures["outputs"]:
        extra = f"  digest {digest[:16]}" if path == figures["bundle"] else ""
        yield Text.assemble("Wrote ", (str(path), "bold"), extra)
    if not figures["outputs"]:
        yield Text("Nothing was written; -o FILE.mainstay keeps the groups, -o FILE.csv the rows.", style="dim")


def segment(figures: Figures) -> list[RenderableType]:
    """Return the page of ``mainstay segment``."""
    size = f"{count(figures['width'])} x {count(figures['height'])} pixels"
    different = f"{count(figures['different_colours'])} different colours"
    head = Text.assemble((f"{figures['k']} colours", "bold green"), f" in {size}, {different}")
    table = plain_table("colour", "share", "", right=(1,))
    for one in figures["colours"]:
        table.add_row(one["colour"], percent(one["share"]), Text("     ", style=f"on {one['colour']}"))
    verdict = Text(figures["sentence"])
    parts: list[RenderableType] = [head, verdict, spaced(table), *curve_lines(figures["curve"], figures["k"])]
    wrote = [Text.assemble("Wrote ", (str(path), "bold")) for path in figures["outputs"]]
    wrote = wrote or [Text("Nothing was written; -o FILE.png writes the picture in these colours.", style="dim")]
    return [*parts, Text(), Text(f"Took {seconds(figures['seconds'])}"), *wrote]


def shares(figures: Figures) -> list[RenderableType]:
    """Return how the groups share the rows, beside their shares in training; nothing for other tasks."""
    if "clusters" not in figures:
        return []
    table = plain_table("group", "name", "rows", "share", "in training", "mean distance", right=range(2, 6))
    for one in figures["clusters"][:_SHOWN_GROUPS]:
        table.add_row(
            str(one["cluster"]), Text(one["name"]), count(one["rows"]), percent(one["share"]),
            "" if one["training_share"] is None else percent(one["training_share"]), figure(one["mean_distance"]),
        )  # fmt: skip
    fits = figures["fits_none"]
    words = f"{count(fits['rows'])} rows fit none of the groups ({percent(fits['share'])})"
    return [spaced(table), Text(words), *confusion(figures.get("confusion"))]


def assigned(figures: Figures) -> list[RenderableType]:
    """Return how many new rows each group got, and how many fit none."""
    table = plain_table("group", "name", "rows", "share", right=(2, 3))
    for one in figures["clusters"][:_SHOWN_GROUPS]:
        share = "" if one["share"] is None else percent(one["share"])
        table.add_row(str(one["cluster"]), Text(one["name"]), count(one["rows"]), share)
    fits = figures["fits_none"]
    part = "" if fits["share"] is None else f" ({percent(fits['share'])})"
    words = "row fits" if fits["rows"] == 1 else "rows fit"
    return [spaced(table), Text(f"{count(fits['rows'])} {words} none of the groups{part}")]


def defined(figures: Figures) -> list[RenderableType]:
    """Return the groups of a model file, with the distance beyond which a row fits none."""
    table = plain_table("group", "name", "rows in training", "limit", right=(2, 3))
    for one in figures["clusters"][:_SHOWN_GROUPS]:
        rows = "" if one["rows"] is None else count(one["rows"])
        table.add_row(str(one["cluster"]), Text(one["name"]), rows, figure(one["limit"]))
    return [spaced(table, f"Groups, by {figures['measure']}")]


def confusion(found: Figures | None) -> list[RenderableType]:
    """Return how known groups and groups meet; nothing where none are known."""
    if not found:
        return []
    table = plain_table(f"{found['column']}", *map(str, found["clusters"]), right=range(1, len(found["clusters"]) + 1))
    for name, row in zip(found["labels"], found["counts"], strict=True):
        table.add_row(Text(str(name)), *map(count, row))
    return [spaced(table, "Known groups (lines) and groups (columns)")]

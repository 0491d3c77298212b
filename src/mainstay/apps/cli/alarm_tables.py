"""What a person sees of alarms in the terminal: how many, what holds for them, the oddest rows and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mainstay.apps.cli.data_tables import findings
from mainstay.apps.cli.figures import count, figure, seconds
from mainstay.apps.cli.plain_table import plain_table, spaced
from mainstay.apps.cli.score_tables import metrics
from mainstay.evaluate.words import percent

__all__ = ["alarms", "detect", "detector", "shares"]

Figures = Mapping[str, Any]
_SHOWN_ROWS = 10
_SHOWN_WINDOWS = 30
_SHOWN_COLUMNS = 8


def detect(figures: Figures) -> list[RenderableType]:
    """Return the page of ``mainstay detect``."""
    parts: list[RenderableType] = [
        Text.assemble(
            (f"{count(figures['flagged'])} of {count(figures['rows'])} rows flagged", "bold green"),
            f" ({figures['alarm']}), by {figures['method']}",
        ),
        Text(figures["guarantee"]),
        Text(_reference(figures)),
    ]
    if figures.get("windows"):
        parts.append(spaced(_windows(figures["windows"]), "The windows"))
    elif figures["top"]:
        parts.append(spaced(_oddest(figures["top"]), "The oddest rows"))
    if figures["columns"]:
        parts.append(spaced(_columns(figures["columns"]), "The columns that drive the alarms"))
    if figures.get("metrics"):
        parts.append(metrics(figures["metrics"], f"Against the labels in {figures['labels']}"))
        parts.append(Text(figures.get("judged_how", ""), style="dim"))
    if figures.get("metrics_untaught"):
        parts.append(metrics(figures["metrics_untaught"], "Before it was taught by the labels"))
    parts += findings([finding for finding in figures["findings"] if finding["severity"] != "info"])
    return [*parts, Text(), Text(f"Took {seconds(figures['seconds'])}"), *_written(figures)]


def _reference(figures: Figures) -> str:
    """Say what was taken as usual, and how to say it otherwise."""
    if figures.get("assumed"):
        return (
            "Assumed: contaminated, anomalies may be among the rows learned from. Say --reference clean where the rows "
            "are known to hold none, or --reference FILE with clean rows."
        )
    source = figures.get("reference_source")
    return f"Reference: {figures['reference']}" + (f", the rows of {source}" if source else "")


def _windows(windows: Sequence[Figures]) -> Table:
    """Return the flagged stretches of a series, in the order of time."""
    table = plain_table("from", "to", "rows", "score", "p-value", "reason", right=(2, 3, 4))
    for one in windows[:_SHOWN_WINDOWS]:
        table.add_row(
            str(one["start"]).replace("T", " "), str(one["end"]).replace("T", " "), count(one["rows"]),
            figure(one["score"]), f"{one['p_value']:.2g}", Text(one["reason"]),
        )  # fmt: skip
    return table


def _oddest(rows: Sequence[Figures]) -> Table:
    table = plain_table("row", "score", "p-value", "", "reason", right=(0, 1, 2))
    for one in rows[:_SHOWN_ROWS]:
        mark = Text("flagged", style="bold red") if one["flagged"] else Text("")
        p_value = "" if one["p_value"] is None else f"{one['p_value']:.2g}"
        table.add_row(count(one["row"]), figure(one["score"]), p_value, mark, Text(one.get("reason") or ""))
    return table


def _columns(columns: Sequence[Figures]) -> Table:
    table = plain_table("column", "share of the oddness", "oddest of rows", right=(1, 2))
    for one in columns[:_SHOWN_COLUMNS]:
        table.add_row(Text(one["column"]), percent(one["share"]), count(one["first"]))
    if len(columns) > _SHOWN_COLUMNS:
        table.add_row("...", f"{count(len(columns) - _SHOWN_COLUMNS)} more", "")
    return table


def _written(figures: Figures) -> Iterable[Text]:
    digest, asked = figures["digest"], figures.get("ask") or []
    for path in figures["outputs"]:
        extra = f"  digest {digest[:16]}" if path == figures["bundle"] else ""
        if path == figures.get("feedback"):
            extra = f"  {count(len(asked))} rows to be labelled in the column 'label': 1 an anomaly, 0 usual"
        yield Text.assemble("Wrote ", (str(path), "bold"), extra)
    if figures.get("feedback"):
        yield Text(f"Next: fill it in, then the same command with --labels {figures['feedback']}", style="dim")
    elif asked:
        rows = ", ".join(count(one["row"]) for one in asked[:_SHOWN_ROWS])
        yield Text(f"Labels of these rows would help most: {rows}; -o feedback.csv writes them.", style="dim")
    if not figures["outputs"]:
        yield Text("Nothing was written; -o FILE.mainstay keeps the detector, -o FILE.csv the rows.", style="dim")


def alarms(figures: Figures) -> list[RenderableType]:
    """Return how many new rows are flagged, and by which rule."""
    told = figures["alarms"]
    part = f" ({percent(told['share'])})" if told["share"] is not None else ""
    return [Text(f"{count(told['flagged'])} rows flagged{part}, by {told['alarm']}"), Text(told["guarantee"])]


def shares(figures: Figures) -> list[RenderableType]:
    """Return how many rows a detector flags, beside the rows of training; nothing for other tasks."""
    if figures["task"] != "anomaly_detection":
        return []
    known = figures["training_share"]
    before = "" if known is None else f"; of the rows that it was calibrated with {percent(known)}"
    meaning = figures.get("meaning") or {}
    guessed = [Text(f"Labels: {meaning['guessed']}.", style="dim")] if meaning.get("guessed") else []
    return [Text(f"{count(figures['flagged'])} rows are flagged ({percent(figures['share'])}){before}"), *guessed]


def detector(figures: Figures) -> list[RenderableType]:
    """Return the members of a detector in a model file, and when it flags a row."""
    table = plain_table("member", "weight", right=(1,))
    for one in figures["detectors"]:
        table.add_row(one["name"], percent(one["weight"]))
    alarm = figures["alarm"]
    cut = "no row is flagged" if alarm["cut"] is None else f"flagged from a score of {figure(alarm['cut'])} on"
    words = Text(f"Reference {figures['reference']}; {alarm['rule']}={alarm['amount']:g}: {cut}")
    return [spaced(table, "Detectors"), words, Text(alarm["guarantee"])]

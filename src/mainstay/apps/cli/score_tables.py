"""What a person sees of scores in the terminal: each with its interval, and every model that was tried."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.padding import Padding
from rich.text import Text

from mainstay.apps.cli.figures import figure, interval, seconds
from mainstay.apps.cli.plain_table import plain_table, spaced

__all__ = ["differences", "leaderboard", "metrics", "sides", "worth"]

Row = Mapping[str, Any]


def metrics(scores: Mapping[str, Row], title: str = "") -> Padding:
    """Return one line per score with its 95 % interval; a score that does not apply is blank."""
    table = plain_table("score", "value", "95 % interval", right=(1,))
    for name, score in scores.items():
        table.add_row(name, figure(score.get("value")), interval(score.get("low"), score.get("high")))
    return spaced(table, title)


def leaderboard(rows: Sequence[Row], metric: str) -> Padding:
    """Return one line per model that was tried, failures with their reasons."""
    table = plain_table("model", metric, "95 % interval", "seconds", "", right=(1, 3))
    for row in rows:
        chosen = bool(row.get("chosen"))
        table.add_row(
            Text(str(row["name"]), style="bold green" if chosen else ""),
            figure(row.get("value")),
            interval(row.get("low"), row.get("high")),
            seconds(row.get("seconds") or None).removesuffix(" s"),
            Text(_remark(row), style="green" if chosen else "dim"),
        )
    return spaced(table, "Every model that was tried, on the same held-out rows")


def sides(models: Sequence[Row], metric: str) -> Padding:
    """Return the two models that are compared: score, interval and size."""
    table = plain_table("model", metric, "95 % interval", "graph", right=(1, 3))
    for one in models:
        size = f"{one['cost'] / 1e6:.2f} MB"
        table.add_row(str(one["name"]), figure(one["value"]), interval(one.get("low"), one.get("high")), size)
    return spaced(table)


def differences(scores: Mapping[str, Row], title: str) -> Padding:
    """Return one line per metric: the paired difference with its interval, and how likely the first is better."""
    table = plain_table("score", "difference", "95 % interval", "first is better", right=(1, 3))
    for name, one in scores.items():
        better = "" if one["probability_better"] is None else f"{one['probability_better']:.3f}"
        table.add_row(name, figure(one["difference"]), interval(one["low"], one["high"]), better)
    return spaced(table, title)


def _remark(row: Row) -> str:
    """Say what became of a model: taken, as good as the one taken, or why it has no score."""
    status = "" if row.get("status") in (None, "done") else str(row["status"])
    words = ["in the file" if row.get("chosen") else "", "tied" if row.get("tied") else ""]
    return ", ".join(filter(None, [*words, ": ".join(filter(None, [status, row.get("reason") or ""]))]))


def worth(figures: Mapping[str, Any]) -> list[Padding]:
    """Return what answers cost, how good the first k are, and what sets or intervals held, where that is known."""
    found: dict[str, Row] = {}
    if "cost" in figures:
        found["cost per row"] = figures["cost"]
    for one in figures.get("at_k", ()):
        found[f"precision of the first {one['k']:,}"] = one["precision"]
        found[f"recall of the first {one['k']:,}"] = one["recall"]
    if "coverage" in figures:
        coverage, sets = figures["coverage"], figures["task"] == "classification"
        found[f"held by {'sets' if sets else 'intervals'} of {coverage['level']:.0%}"] = coverage["share"]
        found["classes in a set" if sets else "width of an interval"] = coverage["width"]
    tables = [metrics(found, "What the answers are worth")] if found else []
    return [*tables, *([metrics(figures["unweighted"], "Every row counted once")] if "unweighted" in figures else [])]

"""What a person sees of scores in the terminal: each with its interval, and every model that was tried."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.padding import Padding
from rich.text import Text

from mainstay.apps.cli.figures import figure, interval, seconds
from mainstay.apps.cli.plain_table import plain_table, spaced

__all__ = ["leaderboard", "metrics"]

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
        status = str(row.get("status", ""))
        chosen = status == "chosen"
        remark = ": ".join(part for part in ("" if status == "done" else status, str(row.get("reason") or "")) if part)
        table.add_row(
            Text(str(row["name"]), style="bold green" if chosen else ""),
            figure(row.get("value")),
            interval(row.get("low"), row.get("high")),
            seconds(row.get("seconds")).removesuffix(" s"),
            Text(remark, style="green" if chosen else "dim"),
        )
    return spaced(table, "What was tried, by its answers to training rows that it had not seen")

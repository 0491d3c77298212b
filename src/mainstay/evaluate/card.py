"""The model card: the report's answers as markdown, for people who read in a repository or a terminal.

The sections follow Mitchell et al. 2019 (doi:10.1145/3287560.3287596), as far as a machine can know the answers; what
only a person knows is asked for in plain words.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mainstay.evaluate import verdict, words
from mainstay.evaluate.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.evaluate.report_data import Candidate, ReportData

__all__ = ["markdown_table", "model_card", "plain"]

_MARKS = re.compile(r"([\\`*_{}\[\]|~$])")


def model_card(data: ReportData) -> str:
    """Return the model card of a training run as markdown.

    Examples
    --------
    >>> from mainstay.evaluate.intervals import Score
    >>> from mainstay.evaluate.report_data import ReportData, RowCounts
    >>> rows, scores = RowCounts(total=500, train=400, test=100), {"rmse": Score(2.0, 1.8, 2.3)}
    >>> card = model_card(ReportData(task="regression", target="price", metric="rmse", scores=scores, rows=rows))
    >>> card.splitlines()[0]
    '# A model that answers price'
    """
    parts = [
        [f"# A model that answers {plain(data.target)}", "", f"**{plain(verdict.headline(data))}.**"],
        _verdict(data),
        _facts(data),
        _scores(data),
        _columns(data),
        _findings(data),
        _board(data.leaderboard, data.metric),
        _limits(data),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _verdict(data: ReportData) -> list[str]:
    found = [plain(verdict.standing(data))] if verdict.standing(data) else []
    if verdict.beats_baseline(data) is False:
        found = ["> **No model beats the baseline.** Do not use this model to decide anything.", "", *found]
    return found


def _facts(data: ReportData) -> list[str]:
    facts = {
        "Task": data.task,
        "Classes": ", ".join(data.labels),
        "Positive class": data.positive or "",
        "Data": data.source,
        "Rows": f"{words.count(data.rows.total)} {data.packed}"
        if data.packed
        else f"{words.count(data.rows.total)}, of which {words.count(data.rows.test)} were held out",
        "Split": data.split,
        "Held-out rows opened": "once" if data.test_openings == 1 else f"{data.test_openings} times",
        "Models": ", ".join(f"{member.name} {words.percent(member.weight)}" for member in data.members),
        "Made": data.created,
        "Data digest": data.data_digest,
        "Bundle digest": data.digest,
        "Parity": data.parity,
        "Versions": ", ".join(f"{name} {version}" for name, version in data.versions.items()),
    }
    return ["## What it is", "", *(f"- {name}: {plain(value)}" for name, value in facts.items() if value)]


def _scores(data: ReportData) -> list[str]:
    rows = []
    for name, score in data.scores.items():
        value, low, high = words.together(score.value, score.low, score.high)
        title = METRICS[name].title if name in METRICS else name
        rows.append((title, "does not apply" if score.value is None else value, _interval(low, high)))
    return [
        f"## Scores on the rows {'given' if data.packed else 'held out'}",
        "",
        *markdown_table(("Metric", "Value", "95 % interval"), rows),
    ]


def _columns(data: ReportData) -> list[str]:
    if not data.columns:
        return []
    rows = [(column.name, column.kind, column.role, column.detail) for column in data.columns]
    return ["## Columns it expects", "", *markdown_table(("Column", "Kind", "Role", "Values"), rows)]


def _findings(data: ReportData) -> list[str]:
    if not data.findings:
        return []
    lines = []
    for finding in data.findings:
        column = "" if finding.column is None else f"{plain(finding.column)}: "
        lines.append(f"- **{finding.severity}** {column}{plain(finding.message)} {plain(finding.advice)}")
    return ["## What the data inspection found", "", *lines]


def _board(board: Iterable[Candidate], metric: str) -> list[str]:
    rows = []
    for entry in board:
        value, low, high = words.together(entry.value, entry.low, entry.high)
        state = "tied with the best" if entry.tied else entry.status if entry.status != "done" else ""
        rows.append((entry.name, value, _interval(low, high), " ".join(part for part in (state, entry.reason) if part)))
    if not rows:
        return []
    head = ("Candidate", f"{METRICS[metric].title} (validation)", "95 % interval", "")
    return ["## What was tried", "", *markdown_table(head, rows)]


def _limits(data: ReportData) -> list[str]:
    again = plain(f"mainstay evaluate {data.bundle} later.csv")
    return [
        "## Limits",
        "",
        f"- The intervals hold for rows of the same kind as the data above. Measure again where that changes: {again}.",
        "- Nothing here says what the model is meant for, or whom it may harm. That is for a person to add.",
    ]


def _interval(low: str, high: str) -> str:
    return words.NOTHING if words.NOTHING in (low, high) else f"{low} to {high}"


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table, every cell made harmless.

    Examples
    --------
    >>> markdown_table(("Column",), [("age",)])
    ['| Column |', '| --- |', '| age |']
    """
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]


def plain(text: str) -> str:
    """Return a text on one line in which markdown sees no mark and HTML no tag."""
    return _MARKS.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))

"""All parts of the report of an anomaly detection, in the order in which a person asks; charts are data here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.anomalies.members import MEMBERS, title_of
from mainstay.evaluate.anomalies.sections_judged import judged_section
from mainstay.evaluate.anomalies.sections_series import series_section
from mainstay.evaluate.anomalies.verdict import alarm_in_words, for_new_rows, judged_together
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import count, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.anomalies.report_data import AnomalyReport, Case, ScoreSpread
    from mainstay.evaluate.sections import Cell

__all__ = ["anomaly_sections"]

_SHOWN, _COLUMNS = 25, 10
_AGREE, _APART = 0.5, 0.1
_LEVELS = (
    "A member's level says how few rows of the reference look at least as odd, on the scale of a logarithm; the score "
    "is the weighted mean of the levels."
)
_LEVELS_OF_POINTS = (
    "A point in time is judged by all windows that it lies in. A member's level says how few points look at least as "
    "odd; the score is the root of the levels' weighted mean square. P-values are of stretches as long as a window, "
    "not of points: neighbours are no fresh evidence."
)
_BLEND = "A row's score is the weighted mean of its members' levels."
_AGREEMENT = (
    "Agreement is the mean rank correlation with the "
    "others: one that agrees with nobody is either the only one to see something, or looks at noise."
)


def anomaly_sections(data: AnomalyReport) -> tuple[Section, ...]:
    """Return every part that there is something to say in, with its tables and its charts as data."""
    found: list[Section] = []
    if data.series is not None:
        found.append(series_section(data.series))
    if data.cases:
        found.append(_cases(data))
    if data.spread is not None:
        found.append(_spread(data, data.spread))
    if len(data.drivers) > 1:
        found.append(_drivers(data))
    if data.judged is not None:
        found.append(judged_section(data.judged, data.labels, flagged=data.flagged))
    if data.ask:
        found.append(_ask(data.ask))
    found.append(_members(data))
    return (*found, *data.sections)


def _cases(data: AnomalyReport) -> Section:
    """Return the oddest rows with their reasons, and what the members say of them."""
    cases = data.cases[:_SHOWN]
    flagged = sum(case.flagged for case in data.cases)
    usual = "usual rows" if data.series is None else "usual stretches, each as long as a window,"
    text = f"The oddest first. A p-value is the share of {usual} that look at least as odd."
    if data.flagged > flagged:
        text += f" {count(data.flagged - flagged)} more flagged rows are in the answers."
    table = Grid(columns=_heads(cases), rows=tuple(_case(case, cases) for case in cases))
    return Section(key="cases", title="The oddest rows", text=(text,), tables=(table,))


def _heads(cases: Sequence[Case]) -> tuple[str, ...]:
    known = ("Label",) if any(case.label for case in cases) else ()
    return ("Row", "Score", "p-value", "Flagged", *known, "Reason", "Also odd in")


def _case(case: Case, cases: Sequence[Case]) -> tuple[Cell, ...]:
    known = (case.label,) if any(other.label for other in cases) else ()
    named = {name for name in case.values if f"{name} " in case.reason or f"{name}:" in case.reason}
    values = ", ".join(f"{name} {value or 'missing'}" for name, value in case.values.items() if name not in named)
    flagged = "yes" if case.flagged else "no"
    # Two digits of a p-value are more than it deserves.
    p_value = float(f"{case.p_value:.2g}")
    return (case.row + 1, case.score, p_value, flagged, *known, case.reason, values)


def _case_parts(data: AnomalyReport, cases: Sequence[Case]) -> Plot:
    """Return what each member adds to the scores of the oddest rows."""
    cut = None if judged_together(data) else data.alarm.cut
    columns: dict[str, list[Cell]] = {"row": [], "member": [], "part": []}
    for case in cases:
        for name, weight, level in zip(data.members.names, data.members.weights, case.levels, strict=False):
            columns["row"].append(f"row {count(case.row + 1)}")
            columns["member"].append(title_of(name))
            columns["part"].append(level * weight)
    return Plot(
        kind="case_parts", title="What the members say of the oddest rows", data=columns,
        words="A score is the sum of its members' parts: the level times the weight of each."
        + ("" if cut is None else " Rows that reach the dashed line are flagged."),
        options={"wide": "yes"} | _cut_of(cut),
    )  # fmt: skip


def _cut_of(cut: float | None) -> dict[str, str]:
    return {} if cut is None else {"cut": repr(cut)}


def _spread(data: AnomalyReport, spread: ScoreSpread) -> Section:
    """Return how scores are spread, and where the cut stands."""
    columns: dict[str, list[Cell]] = {
        "left": list(spread.edges[:-1]),
        "right": list(spread.edges[1:]),
        "usual": list(spread.usual),
        "flagged": list(spread.flagged),
    }
    if spread.anomalies:
        columns["anomalies"] = list(spread.anomalies)
    words = (
        f"{'Rows' if data.series is None else 'Points'} by score; each step of the upright axis is ten times as many."
    )
    if spread.highest is not None and spread.highest > spread.edges[-1] * (1 + 1e-9):
        words += f" The last bar holds all beyond it, up to {number(spread.highest)}."
    plot = Plot(kind="score_spread", title="Scores and the cut", data=columns, words=words,
                options={"wide": "yes"} | _cut_of(spread.cut))  # fmt: skip
    levels = _LEVELS if data.series is None else _LEVELS_OF_POINTS
    text = [levels, f"The alarm: {alarm_in_words(data)}.", for_new_rows(data), *data.alarm.notes]
    return Section(key="scores", title="Scores and the cut", text=tuple(filter(None, text)), plots=(plot,))


def _drivers(data: AnomalyReport) -> Section:
    """Return which columns drive the alarms."""
    columns: dict[str, list[Cell]] = {
        "column": [one.column for one in data.drivers],
        "share": [one.share for one in data.drivers],
        "first": [one.first for one in data.drivers],
    }
    shown = data.drivers[:_COLUMNS]
    rest = len(data.drivers) - len(shown)
    plot = Plot(
        kind="alarm_drivers", title="Columns by their part in the alarms", data=columns,
        words=f"Mean over {count(data.explained)} flagged rows; every row counts the same.", options={"wide": "yes"},
    )  # fmt: skip
    table = Grid(
        columns=("Column", "Part of the oddness", "Oddest column in so many rows"),
        rows=tuple((one.column, percent(one.share), count(one.first)) for one in shown),
        note=f"And {count(rest)} more columns." if rest else "",
    )
    text = (
        "Every flagged row's score is divided among its columns. A column that drives most alarms is either where the "
        "anomalies are, or one that should not be watched: a counter, a unit that changed, a default value."
    )
    return Section(key="drivers", title="Which columns drive the alarms", text=(text,), plots=(plot,), tables=(table,))


def _members(data: AnomalyReport) -> Section:
    """Return the members, what each looks for, and how far they agree."""
    members = data.members
    rows = tuple(
        (
            title_of(name),
            percent(weight, 0),
            *((_mean(members.correlation, at),) if len(members.names) > 1 else ()),
            "" if name not in MEMBERS else MEMBERS[name].looks_for,
            "" if name not in MEMBERS else MEMBERS[name].source,
        )
        for at, (name, weight) in enumerate(zip(members.names, members.weights, strict=True))
    )
    several = ("Agreement",) if len(members.names) > 1 else ()
    table = Grid(columns=("Member", "Weight", *several, "Looks for", "Source"), rows=rows)
    plots = [_correlation(data)] if several and members.correlation else []
    cases = [case for case in data.cases[:_SHOWN] if case.levels]
    if several and cases:
        plots.append(_case_parts(data, cases))
    # How far members agree stands in the table.
    notes = [note for note in members.notes if not note.startswith(("agreement of ", "doubles: 0"))]
    text = (f"Notes of the detector: {'; '.join(notes)}.",) if notes else ()
    if several:
        text = (f"{_BLEND if data.series is None else ''} {_AGREEMENT}".strip(), *text)
    title = "How far the members agree" if several else "The detector"
    return Section(key="members", title=title, text=text, tables=(table,), plots=tuple(plots))


def _mean(correlation: tuple[tuple[float | None, ...], ...], at: int) -> str:
    if not correlation:
        return ""
    others = [value for place, value in enumerate(correlation[at]) if place != at and value is not None]
    if not others:
        return "says the same of all rows"
    mean = sum(others) / len(others)
    words = "with the others" if mean >= _AGREE else "in part" if mean >= _APART else "with nobody"
    return f"{mean:.2f}, {words}"


def _correlation(data: AnomalyReport) -> Plot:
    members = data.members
    titles = [title_of(name) for name in members.names]
    cells = [(one, other) for one in range(len(titles)) for other in range(len(titles))]
    values = [members.correlation[one][other] for one, other in cells]
    return Plot(
        kind="cells", title="Rank correlation of the members",
        data={
            "row": [titles[one] for one, _ in cells],
            "column": [titles[other] for _, other in cells],
            "value": [0.0 if value is None else value for value in values],
            "text": ["" if value is None else f"{value:.2f}" for value in values],
        },
        words=f"Spearman's, over {count(members.rows)} rows: 1 is the same order of the rows, 0 is none in common.",
        options={"wide": "yes"},
    )  # fmt: skip


def _ask(cases: Sequence[Case]) -> Section:
    """Return the rows whose labels would help most."""
    rows = tuple((case.row + 1, case.score, "yes" if case.flagged else "no", case.reason) for case in cases)
    table = Grid(columns=("Row", "Score", "Flagged", "Reason"), rows=rows)
    text = "Say of these rows whether they are anomalies, in the column of labels, and run again: they teach most."
    return Section(key="ask", title="Rows to label next", text=(text,), tables=(table,))

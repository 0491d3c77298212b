"""Shows a result to a person in a terminal: the answer first, then what it rests on, then what to do next.

It reads the same plain data that ``--json`` writes, so both faces say the same.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from mainstay.apps.cli import alarm_tables, group_tables
from mainstay.apps.cli.data_tables import columns, findings, related, schema, target_line
from mainstay.apps.cli.figures import count, figure, interval, seconds
from mainstay.apps.cli.plain_table import key_values, plain_table
from mainstay.apps.cli.score_tables import differences, leaderboard, metrics, sides, worth

__all__ = ["show", "show_frame"]

Figures = Mapping[str, Any]
_WIDTH_OF_A_PIPE = 120
_SHOWN_ROWS = 10
_MEASURED_ON = ("On the rows held out in training", "On the rows that were grouped")


def show(verb: str, figures: Figures, *, written: Sequence[str] = (), stream: TextIO | None = None) -> None:
    """Write the tables of a verb to standard output, or to another stream.

    Examples
    --------
    >>> show("predict", {"rows": 2, "rejected": 0, "outputs": ["scored.csv"]})
    2 rows answered, none refused
    Wrote scored.csv
    """
    _print([*_PAGES[verb](figures), *map(_wrote, written)], stream or sys.stdout)


def show_frame(frame: Any) -> None:
    """Write the first rows of a Polars frame to standard output.

    Examples
    --------
    >>> import polars as pl
    >>> show_frame(pl.DataFrame({"prediction": [3.25], "kind": ["b"]}))
    prediction   kind
    ─────────────────
    3.25            b
    """
    table = plain_table(*frame.columns, right=range(1, len(frame.columns)))
    for row in frame.head(_SHOWN_ROWS).iter_rows():
        table.add_row(*(figure(cell) if isinstance(cell, float) else "" if cell is None else str(cell) for cell in row))
    more = f"... and {count(frame.height - _SHOWN_ROWS)} more; -o FILE.csv writes all"
    _print([table, *([Text(more, style="dim")] if frame.height > _SHOWN_ROWS else [])], sys.stdout)


def _print(parts: Iterable[RenderableType], stream: TextIO) -> None:
    """Write to a terminal in colour; elsewhere as plain lines without blanks at their ends."""
    page = stream if stream.isatty() else StringIO()
    console = Console(file=page, highlight=False, width=None if stream.isatty() else _WIDTH_OF_A_PIPE)
    for part in parts:
        console.print(part)
    if isinstance(page, StringIO):
        stream.write("".join(f"{line.rstrip()}\n" for line in page.getvalue().splitlines()))


def _profile(figures: Figures) -> list[RenderableType]:
    repeated = figures.get("duplicates")
    head = Text.assemble(
        (f"{count(figures['rows'])} rows, {len(figures['columns'])} columns", "bold"),
        f", {count(repeated)} rows repeat an earlier one" if repeated else "",
    )
    table = columns(figures["columns"], figures["rows"])
    tail = [*related(figures.get("associations") or ()), *findings(figures["findings"])]
    return [head, *target_line(figures.get("target")), table, *tail]


def _train(figures: Figures) -> list[RenderableType]:
    rows = figures["rows"]
    head = Text.assemble(
        (f"{figures['target']}", "bold"),
        f"  {figures['task']}, {count(rows['train'])} rows to learn from, {count(rows['test'])} held out",
    )
    parts: list[RenderableType] = [head, _headline(figures["metric"], rows["test"])]
    parts += [leaderboard(figures["leaderboard"], figures["metric"]["name"])]
    parts.append(metrics(figures["metrics"], "The written model file, on the rows held out"))
    parts += findings([finding for finding in figures["findings"] if finding["severity"] != "info"])
    parts += [Text(), _spent(figures)]
    bundle = figures.get("bundle")
    outputs = figures.get("outputs") or [bundle]
    parts += [_wrote(path, figures["digest"] if path == bundle else None) for path in outputs if path]
    advice = f"Next: mainstay report {bundle}" if bundle else "Nothing was written; -o FILE.mainstay keeps the model."
    return parts if outputs[0] and not bundle else [*parts, Text(advice, style="dim")]


def _train_each(figures: Figures) -> list[RenderableType]:
    runs = figures["runs"]
    head = f"{len(runs)} models, scored on the same {count(figures['rows']['test'])} rows held out"
    scores = {f"{name}, {run['metric']['name']}": run["metric"] for name, run in runs.items()}
    parts: list[RenderableType] = [Text(head, style="bold"), metrics(scores, "Each target by itself")]
    if figures["together"]:
        parts.append(metrics(figures["together"], "All classes taken together"))
    parts.append(Text(f"Took {seconds(figures['seconds'])}"))
    return parts + [_wrote(run["bundle"], run["digest"]) for run in runs.values() if run.get("bundle")]


def _headline(metric: Figures, rows: int) -> Text:
    sure = interval(metric.get("low"), metric.get("high"))
    return Text.assemble(
        f"{metric['name']} ",
        (figure(metric["value"]), "bold green"),
        f"  (95 % interval {sure})" if sure else "",
        f"\nof the written model file, on {count(rows)} rows that no choice has seen",
    )


def _spent(figures: Figures) -> Text:
    memory = figures.get("peak_memory_mb")
    return Text(f"Took {seconds(figures.get('seconds'))}" + (f", at most {count(memory)} MB" if memory else ""))


def _wrote(path: str | Path, digest: str | None = None) -> Text:
    return Text.assemble("Wrote ", (str(path), "bold"), f"  digest {digest[:16]}" if digest else "")


def _predict(figures: Figures) -> list[RenderableType]:
    refused = f"{count(figures['rejected'])} refused" if figures["rejected"] else "none refused"
    answered = figures["rows"] - figures["rejected"]
    parts: list[RenderableType] = [Text(f"{count(answered)} rows answered, {refused}")]
    if "clusters" in figures:
        parts += group_tables.assigned(figures)
    if "alarms" in figures:
        parts += alarm_tables.alarms(figures)
    problems = figures.get("problems") or []
    for problem in problems[:_SHOWN_ROWS]:
        place = f"row {problem['row'] + 1}, {problem['column']}: "
        parts.append(Text.assemble((place, "bold"), problem["message"]))
    more = figures.get("problem_count", len(problems)) - len(problems[:_SHOWN_ROWS])
    if more > 0:
        parts.append(Text(f"... and {count(more)} more like these", style="dim"))
    return parts + [_wrote(path) for path in figures["outputs"]]


def _evaluate(figures: Figures) -> list[RenderableType]:
    without = [f"{count(figures[key])} {key.replace('_', ' ')}" for key in ("rejected", "left_out") if figures.get(key)]
    head = f"{figures['task']}, {count(figures['rows'])} rows" + (f" ({', '.join(without)})" if without else "")
    scores = [metrics(figures["metrics"])] if figures["metrics"] else []
    tables = [*group_tables.shares(figures), *alarm_tables.shares(figures)]
    return [Text(head, style="bold"), *scores, *worth(figures), *tables]


def _adds_up(figures: Figures, base: str) -> str:
    """Return what the base and a row's contributions come to."""
    if figures["task"] == "anomaly_detection":
        return "A row's contributions are its score: they say in which columns it is odd."
    if figures["task"] != "clustering":
        return f"Base {base} and a row's contributions are its answer."
    if figures["scale"] == "distance":
        return f"Base {base} and a row's contributions are its distance to the one group."
    return (
        f"Base {base} and a row's contributions are its distance to the second nearest group minus that to its own: "
        "what adds to it speaks for the row's own group."
    )


def _explain(figures: Figures) -> list[RenderableType]:
    without = f", {count(figures['rejected'])} refused" if figures["rejected"] else ""
    head = Text.assemble((f"{count(figures['rows'])} rows explained", "bold"), f"{without}, by {figures['method']}")
    table = plain_table("column", "mean size", "95 % interval", "mean", right=range(1, 4))
    for one in figures["columns"][:_SHOWN_ROWS]:
        sure = interval(one["low"], one["high"])
        table.add_row(one["name"], figure(one["mean_absolute"]), sure, figure(one["mean"]))
    base = figure(figures["base"]) if figures["base"] is not None else "none"
    words = Text(_adds_up(figures, base), style="dim")
    return [head, table, words, *(_wrote(path) for path in figures["outputs"])]


def _compare(figures: Figures) -> list[RenderableType]:
    first, second = figures["models"]
    found = figures["comparison"]
    left_out = f" ({count(figures['left_out'])} left out)" if figures.get("left_out") else ""
    head = Text(f"{figures['task']} of {figures['target']}, {count(figures['rows'])} rows{left_out}", style="bold")
    parts: list[RenderableType] = [head, sides(figures["models"], figures["metric"])]
    if found["probability_better"] is not None:
        parts.append(
            Text(
                f"{first['name']} is better with probability {found['probability_better']:.3f}; the two differ by less "
                f"than {figures['margin']:.1%} of the error with probability {found['probability_alike']:.3f}"
            )
        )
    parts.append(differences(figures["metrics"], f"{first['name']} minus {second['name']}"))
    why = "they cannot be told apart, and it is the cheaper" if found["tied"] else "it is the better"
    return [*parts, Text.assemble("Take ", (figures["recommended"], "bold green"), f": {why}.")]


def _inspect(figures: Figures) -> list[RenderableType]:
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    task = f"{figures['task']} of {figures['target']}" if figures.get("target") else figures["task"]
    facts = {"task": task, "format": figures["format"], "digest": figures["digest"], "written by": versions}
    if "detectors" in figures:
        scores = [metrics(figures["metrics"], "On the labelled rows")] if figures["metrics"] else []
        return [key_values(facts), schema(figures["schema"]), *alarm_tables.detector(figures), *scores]
    groups = group_tables.defined(figures) if "clusters" in figures else []
    rows = "On the rows that were grouped" if groups else "On the rows held out in training"
    return [key_values(facts), schema(figures["schema"]), *groups, metrics(figures["metrics"], rows)]


def _verify(figures: Figures) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for check in figures["checks"]:
        mark = ("ok      ", "green") if check["ok"] else ("refused ", "bold red")
        message = f"  {check['message']}" if check.get("message") else ""
        parts.append(Text.assemble(mark, check["name"], message))
    verdict = ("The file is whole and true.", "bold green") if figures["ok"] else ("Do not use this file.", "bold red")
    return [*parts, Text.assemble(verdict, f"  digest {figures['digest']}" if figures.get("digest") else "")]


def _replay(figures: Figures) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text(f"{count(figures['same'])} of {count(figures['checked'])} logged answers are the same bytes", style="bold")
    ]
    if figures["differences"]:
        table = plain_table("id", "logged", "answered now")
        for one in figures["differences"][:_SHOWN_ROWS]:
            table.add_row(one["id"], one["stored"], one["recomputed"])
        parts.append(table)
    left = {"other_model": "of models that were not given", "unreadable": "cannot be read"}
    parts += [Text(f"{count(figures[key])} entries {words}") for key, words in left.items() if figures[key]]
    parts += [Text(f"not in the log: {one}") for one in figures["missing"][:_SHOWN_ROWS]]
    lost = sum(gap["missing"] for gap in figures["gaps"])
    words = f"{count(lost)} numbers are missing within the runs: these answers were lost"
    return [*parts, *([Text(words)] if lost else [])]


def _report(figures: Figures) -> list[RenderableType]:
    return [_wrote(figures["report"])]


_PAGES: dict[str, Callable[[Figures], list[RenderableType]]] = {
    "profile": _profile,
    "cluster": group_tables.cluster,
    "detect": alarm_tables.detect,
    "segment": group_tables.segment,
    "train": _train,
    "train_each": _train_each,
    "predict": _predict,
    "evaluate": _evaluate,
    "explain": _explain,
    "compare": _compare,
    "inspect": _inspect,
    "verify": _verify,
    "replay": _replay,
    "report": _report,
}

"""What the verbs return: figures as plain data, with a face for the terminal and one for the notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from mainstay.contracts.schema import Schema

__all__ = [
    "CompareResult",
    "EvaluateResult",
    "InspectResult",
    "PredictResult",
    "ProfileResult",
    "ReportResult",
    "Result",
    "VerifyResult",
    "in_words",
    "write_text",
]

_LINES = 12


def write_text(text: str, path: str | Path) -> Path:
    """Write a text file, with its folders.

    Raises
    ------
    UsageError
        When it cannot be written there.
    """
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the file could not be written ({error.strerror})", where=str(place), hint="Choose another place with -o."
        ) from error
    return place


@dataclass(frozen=True, repr=False)
class Result:
    """The figures of a verb.

    Parameters
    ----------
    figures : dict
        The same object that ``--json`` prints.
    """

    figures: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return dict(self.figures)

    def headline(self) -> str:
        """Return the answer in one line."""
        return type(self).__name__

    def table(self) -> list[tuple[str, ...]]:
        """Return the lines that are worth seeing at once; the first is the header."""
        return []

    def __repr__(self) -> str:
        rows = self.table()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.headline(), *lines])

    def _repr_html_(self) -> str:
        rows = self.table()
        cells = [
            "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)
            for row, tag in zip(rows, ["th", *["td"] * len(rows)], strict=False)
        ]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<div><p><b>{html.escape(self.headline())}</b></p><table>{body}</table></div>"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def in_words(score: dict[str, Any]) -> str:
    """Return a score with its interval, as a person reads it."""
    if score["value"] is None:
        return "does not apply"
    if score["low"] is None:
        return _number(score["value"])
    return f"{_number(score['value'])} ({_number(score['low'])} to {_number(score['high'])})"


@dataclass(frozen=True, repr=False)
class ProfileResult(Result):
    """What a table holds.

    Parameters
    ----------
    figures : dict
        ``{rows, columns, findings, ...}``.
    schema : Schema
        The input contract that was inferred.
    report : str
        The profile as an HTML page.
    """

    schema: Schema
    report: str

    def headline(self) -> str:
        """Return rows, columns and how many findings there are."""
        found = len(self.figures["findings"])
        return f"{self.figures['rows']:,} rows, {len(self.figures['columns'])} columns, {found} findings"

    def table(self) -> list[tuple[str, ...]]:
        """Return the findings."""
        findings = self.figures["findings"][:_LINES]
        rows = [(one["severity"], one["column"] or "", one["message"]) for one in findings]
        return [("severity", "column", "finding"), *rows] if rows else []

    def save(self, path: str | Path) -> Path:
        """Write the page (``.html``), the schema (``.toml``) or the figures (``.json``)."""
        ending = Path(path).suffix.lower()
        if ending == ".html":
            return write_text(self.report, path)
        if ending == ".toml":
            from mainstay.data.schema_file import to_toml

            return write_text(to_toml(self.schema), path)
        if ending == ".json":
            import msgspec

            return write_text(msgspec.json.encode(self.figures).decode(), path)
        raise UsageError(f"a profile is written as .html, .toml or .json, and {str(path)!r} came", where="out")


@dataclass(frozen=True, repr=False)
class PredictResult(Result):
    """Answers for rows.

    Parameters
    ----------
    figures : dict
        ``{rows, rejected, outputs, problems, digest}``; of a model that groups rows also ``{clusters, fits_none}``.
    answers : polars or pandas data frame
        ``prediction`` and, for classes, ``probability_<label>``; of a model that groups rows ``cluster``,
        ``cluster_name``, ``distance``, ``second_cluster``, ``second_distance`` and ``fits_none``.
    """

    answers: Any = field(default=None)

    def headline(self) -> str:
        """Return how many rows were answered and refused."""
        figures = self.figures
        return (
            f"{figures['rows']:,} rows, {figures['rejected']:,} refused, written to {figures['outputs'] or 'nothing'}"
        )


@dataclass(frozen=True, repr=False)
class EvaluateResult(Result):
    """The scores of a bundle on given rows; ``figures`` is ``{task, rows, metrics, ...}``."""

    def headline(self) -> str:
        """Return the task and the rows."""
        return f"{self.figures['task']} on {self.figures['rows']:,} rows"

    def table(self) -> list[tuple[str, ...]]:
        """Return the metrics with their intervals."""
        rows = [(name, in_words(score)) for name, score in self.figures["metrics"].items()]
        return [("metric", "value (95 % interval)"), *rows]


@dataclass(frozen=True, repr=False)
class CompareResult(Result):
    """Two models on the same rows; ``figures`` is ``{metric, rows, models, comparison, metrics, recommended, ...}``."""

    def headline(self) -> str:
        """Say how likely the first is better, and what to take."""
        figures, found = self.figures, self.figures["comparison"]
        first, second = figures["models"]
        if found["probability_better"] is None:
            return f"{figures['rows']:,} rows cannot tell {first['name']} from {second['name']}"
        verdict = "cannot be told apart; the cheaper is" if found["tied"] else "the better is"
        return (
            f"{first['name']} is better than {second['name']} with probability {found['probability_better']:.3f} "
            f"({figures['metric']}, {figures['rows']:,} rows); {verdict} {figures['recommended']}"
        )

    def table(self) -> list[tuple[str, ...]]:
        """Return each metric's difference, first minus second."""
        rows = [
            (name, in_words({**one, "value": one["difference"]}), _number(one["probability_better"]))
            for name, one in self.figures["metrics"].items()
        ]
        return [("metric", "first minus second (95 % interval)", "first is better"), *rows]


@dataclass(frozen=True, repr=False)
class InspectResult(Result):
    """What a bundle says of itself; ``figures`` is ``{format, digest, task, schema, metrics, versions, ...}``."""

    def headline(self) -> str:
        """Return task, target and digest."""
        figures = self.figures
        target = "" if figures.get("target") is None else f" of {figures['target']!r}"
        task = figures["task"].replace("_", " ")
        return f"{task}{target}, format {figures['format']}, digest {figures['digest'][:12]}"

    def table(self) -> list[tuple[str, ...]]:
        """Return the columns of its contract."""
        rows = [(one["name"], one["kind"], one.get("role", "feature")) for one in self.figures["schema"]]
        return [("column", "kind", "role"), *rows]


@dataclass(frozen=True, repr=False)
class VerifyResult(Result):
    """Whether a bundle holds; ``figures`` is ``{digest, ok, checks}``."""

    def headline(self) -> str:
        """Return the verdict."""
        return "the bundle holds" if self.figures["ok"] else "the bundle is refused"

    def table(self) -> list[tuple[str, ...]]:
        """Return the checks."""
        rows = [(one["name"], "ok" if one["ok"] else "failed", one["message"]) for one in self.figures["checks"]]
        return [("check", "", "message"), *rows]


@dataclass(frozen=True, repr=False)
class ReportResult(Result):
    """Where the report was written; ``figures`` is ``{report, digest}``."""

    def headline(self) -> str:
        """Return the path."""
        return str(self.figures["report"])

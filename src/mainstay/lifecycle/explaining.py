"""The verb that says why: what each column of a row added to its answer, from the model file alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.explained import explainer_of, figures_of, frame_of, sections_of
from mainstay.lifecycle.model import Model, like, load
from mainstay.lifecycle.outputs import check_outputs, write_frame
from mainstay.lifecycle.results import Result, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.bundle.records import Label
    from mainstay.data.read import Reading
    from mainstay.evaluate.sections import Section

__all__ = ["ExplainResult", "explain"]


@dataclass(frozen=True, repr=False)
class ExplainResult(Result):
    """Contributions of every column to the answers of some rows.

    Parameters
    ----------
    figures : dict
        ``{rows, rejected, base, method, scale, columns, outputs, digest, ...}``; ``columns`` holds name,
        mean_absolute, low, high and mean.
    frame : polars or pandas data frame
        ``prediction`` as predict gives it, ``answer`` (what is explained: the amount, or the probability of a class),
        for classes ``class``, ``base``, and a column per feature: base and contributions add up to the answer.
    sections : tuple of Section
        The same as words, tables and pictures: all rows together, then the first ones.
    """

    frame: Any = field(default=None)
    sections: tuple[Section, ...] = ()

    @property
    def report(self) -> str:
        """The explanation as one HTML page."""
        from mainstay.evaluate.report import sections_page

        figures = self.figures
        sums = f"Base {figures['base']:.6g} and a row's contributions are its answer, to {figures['largest_gap']:.1g}."
        lead = (f"{figures['rows']:,} rows, explained with the model file {figures['digest'][:12]}.", sums)
        return sections_page("Why these answers", self.sections, lead=lead, kicker="explanation")

    def headline(self) -> str:
        """Return how many rows were explained, and how."""
        figures = self.figures
        return f"{figures['rows']:,} rows explained ({figures['method']}), base {figures['base']:.4g}"

    def table(self) -> list[tuple[str, ...]]:
        """Return the columns that push most."""
        rows = [
            (one["name"], f"{one['mean_absolute']:.4g}", f"{one['mean']:+.4g}") for one in self.figures["columns"][:12]
        ]
        return [("column", "mean size", "mean"), *rows]

    def save(self, path: str | Path) -> Path:
        """Write the rows (``.csv``, ``.parquet``) or the page (``.html``)."""
        (place,) = check_outputs(path, (".csv", ".parquet", ".html"))
        if place.suffix.lower() == ".html":
            return write_text(self.report, place)
        frame = self.frame
        if type(frame).__module__.partition(".")[0] == "pandas":
            import polars as pl

            frame = pl.from_pandas(frame)
        write_frame(frame, place)
        return place


def explain(
    model: Model | str | Path,
    data: Any,
    *,
    label: Label | None = None,
    scale: Literal["answer", "margin"] = "answer",
    top: int = 0,
    out: str | Path | Sequence[str | Path] = (),
    seed: int = 0,
    **reading: Unpack[Reading],
) -> ExplainResult:
    """Say what each column of each row added to its answer; of a detector, to its score.

    Parameters
    ----------
    model : Model or path
    data : path, SQL URL or data frame
    label : label, optional
        The class whose probability is explained. Default: of two classes the positive one, of more the one answered.
    scale : {"answer", "margin"}
        What is explained: the probability or amount, or the sum before the model's only link (log-odds).
    top : int, default 0
        With more than 0 a column ``reason`` names so many of the largest contributions; of a detector it is the
        sentence that an alarm has, for every row.
    out : path or sequence of paths
        ``.csv`` or ``.parquet``: base and contributions by row; ``.html``: a page.
    seed : int, default 0
        Draws the orders of columns, where a model is asked.
    **reading
        How to read the data, as in :func:`mainstay.data.read.read`.

    Returns
    -------
    ExplainResult

    Raises
    ------
    SchemaError
        When a feature is missing.
    UsageError
        When there is no such class or no margin.
    BundleError
        When the model file is refused.

    Examples
    --------
    >>> import mainstay
    >>> why = mainstay.explain("left.mainstay", "new.csv", top=1)
    >>> row = why.frame.row(0, named=True)
    >>> abs(row["base"] + row["age"] + row["city"] - row["answer"]) < 1e-6
    True
    """
    from mainstay.data.read import read

    places = check_outputs(out, (".csv", ".parquet", ".html"))
    if top < 0:
        raise UsageError(f"top must be 0 or more, and {top} came", where="top")
    bundle = (model if isinstance(model, Model) else load(model)).bundle
    frame = read(data, **reading).frame
    found = explainer_of(bundle, seed).explain_frame(frame, label=label, scale=scale)
    table = frame_of(found, frame, top, bundle.detector)
    result = ExplainResult(
        figures_of(found, bundle) | {"outputs": [str(place) for place in places]},
        like(data, table),
        sections_of(found, frame, bundle, seed),
    )
    for place in places:
        if place.suffix.lower() == ".html":
            write_text(result.report, place)
        else:
            write_frame(table, place)
    return result

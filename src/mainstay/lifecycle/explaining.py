"""The verb that says why: what each column of a row added to its answer, from the model file alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from mainstay.bundle.explain import Explainer, background_rows
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.contributions import pushes_of, pushes_section, reason, row_section, value_levels
from mainstay.lifecycle.model import Model, like, load
from mainstay.lifecycle.outputs import check_outputs, write_frame
from mainstay.lifecycle.results import Result, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from mainstay.bundle.explain import Explanation
    from mainstay.bundle.open import Bundle
    from mainstay.bundle.records import Label
    from mainstay.data.read import Reading
    from mainstay.evaluate.sections import Section

__all__ = ["ExplainResult", "explain"]

_ROWS_SHOWN = 8
_REASONS = 3
_HOW = {
    "trees": "trees by exact path-dependent Shapley values, against their own training rows",
    "linear": "weighted sums by exact Shapley values, against the mean of background rows",
    "link": "links along the straight way from the base to the row",
    "sampling": "what is neither trees nor a sum by asking it about mixtures of the row and background rows",
}


@dataclass(frozen=True, repr=False)
class ExplainResult(Result):
    """Contributions of every column to the answers of some rows.

    Parameters
    ----------
    figures : dict
        ``{rows, rejected, base, method, scale, columns, outputs, digest, ...}``; ``columns`` holds name,
        mean_absolute, low, high and mean.
    frame : polars or pandas data frame
        ``prediction``, for classes ``class``, ``base``, and a column per feature: base and contributions add up to the
        prediction.
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
    """Say what each column of each row added to its answer.

    Parameters
    ----------
    model : Model or path
    data : path, SQL URL or data frame
    label : label, optional
        The class whose probability is explained. Default: of two classes the positive one, of more the one answered.
    scale : {"answer", "margin"}
        What is explained: the probability or amount, or the sum before the model's only link (log-odds).
    top : int, default 0
        With more than 0 a column ``reason`` names so many of the largest contributions.
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
    >>> abs(row["base"] + row["age"] + row["city"] - row["prediction"]) < 1e-6
    True
    """
    from mainstay.data.read import read

    places = check_outputs(out, (".csv", ".parquet", ".html"))
    if top < 0:
        raise UsageError(f"top must be 0 or more, and {top} came", where="top")
    bundle = (model if isinstance(model, Model) else load(model)).bundle
    frame = read(data, **reading).frame
    found = explainer_of(bundle, seed).explain_frame(frame, label=label, scale=scale)
    table = _frame(found, frame, top)
    result = ExplainResult(
        _figures(found, bundle) | {"outputs": [str(place) for place in places]},
        like(data, table),
        _sections(found, frame, bundle, seed),
    )
    for place in places:
        if place.suffix.lower() == ".html":
            write_text(result.report, place)
        else:
            write_frame(table, place)
    return result


def explainer_of(bundle: Bundle, seed: int = 0) -> Explainer:
    """Return what explains a bundle's answers."""
    return Explainer(bundle.predictor, background_rows(bundle.reference, bundle.golden), seed=seed)


def _figures(found: Explanation, bundle: Bundle) -> dict[str, Any]:
    kept = ~found.rejected
    labels = {label for label in found.labels or () if label is not None}
    gap = np.abs(found.base + found.contributions.sum(axis=1) - found.prediction)[kept]
    columns = [
        {"name": one.name, "mean_absolute": one.mean_absolute, "low": one.low, "high": one.high, "mean": one.mean}
        for one in pushes_of(found.columns, found.contributions)
    ]
    figures = {
        "task": bundle.outputs.task,
        "target": bundle.outputs.target,
        "rows": len(found.base),
        "rejected": int(found.rejected.sum()),
        "base": float(found.base[kept].mean()) if kept.any() else None,
        "method": " + ".join(found.methods) or "constant",
        "how": [_HOW[one] for one in found.methods],
        "scale": found.scale,
        "class": next(iter(labels)) if len(labels) == 1 else None,
        "columns": columns,
        "largest_gap": float(gap.max(initial=0.0)),
        "digest": bundle.digest,
    }
    if found.error is not None:
        figures["standard_error"] = float(found.error[kept].mean()) if kept.any() else None
    return figures


def _frame(found: Explanation, frame: pl.DataFrame, top: int) -> pl.DataFrame:
    """Return prediction, class, base and contributions; null where a row was refused."""
    import polars as pl

    own = {"prediction", "base"} | ({"class"} if found.labels is not None else set()) | ({"reason"} if top else set())
    columns: dict[str, Any] = {"prediction": pl.Series(found.prediction, dtype=pl.Float64)}
    if found.labels is not None:
        columns["class"] = pl.Series(list(found.labels), strict=False)
    columns["base"] = pl.Series(found.base, dtype=pl.Float64)
    for place, name in enumerate(found.columns):
        free = next(one for one in _names(name) if one not in own and one not in columns)
        columns[free] = pl.Series(found.contributions[:, place], dtype=pl.Float64)
    if top:
        rows = frame.select(found.columns).iter_rows(named=True)
        columns["reason"] = [
            None if refused else reason(found.columns, row, pushes, top)
            for row, pushes, refused in zip(rows, found.contributions, found.rejected, strict=True)
        ]
    return pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))


def _names(name: str) -> list[str]:
    """Return what a contribution's column may be called: its own name, unless a column of the answer has it."""
    return [name, f"{name} (contribution)", *(f"{name} (contribution {number})" for number in range(2, 100))]


def _sections(found: Explanation, frame: pl.DataFrame, bundle: Bundle, seed: int) -> tuple[Section, ...]:
    what = told(found, bundle)
    notes = ["How: " + "; ".join(_HOW[one] for one in found.methods) + "."] if found.methods else []
    if found.error is not None:
        notes.append(
            f"Contributions that were estimated have a standard error of {np.nanmean(found.error):.2g} on average."
        )
    sections = [
        pushes_section(
            found.columns,
            found.contributions,
            value_levels(bundle.predictor.decoder.from_frame(frame).arrays, found.columns),
            what=what,
            notes=notes,
            seed=seed,
        )
    ]
    rows = frame.head(_ROWS_SHOWN).select(found.columns).iter_rows(named=True)
    for place, row in enumerate(rows):
        if not found.rejected[place]:
            label = (
                "" if found.labels is None or what.endswith(str(found.labels[place])) else f": {found.labels[place]}"
            )
            sections.append(
                row_section(
                    f"Row {place + 1}{label}", found.columns, row, found.contributions[place],
                    base=float(found.base[place]), prediction=float(found.prediction[place]), what=what,
                    key=f"row-{place + 1}",
                )
            )  # fmt: skip
    return tuple(sections)


def told(found: Explanation, bundle: Bundle) -> str:
    """Return what is explained, in words."""
    outputs = bundle.outputs
    if found.labels is None:
        return outputs.target if not outputs.unit else f"{outputs.target} ({outputs.unit})"
    labels = sorted({str(label) for label in found.labels if label is not None})
    scale = "probability" if found.scale == "answer" else "margin"
    return f"the {scale} of {labels[0]}" if len(labels) == 1 else f"the {scale} of the class explained"

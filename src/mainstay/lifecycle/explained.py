"""Explanations as a person reads them: a frame, figures and sections, made from what a bundle's explainer returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.explain import background_rows
from mainstay.bundle.explain_detectors import explainer_of as explainer_for
from mainstay.evaluate.contributions import pushes_of, pushes_section, reason, row_section, value_levels

if TYPE_CHECKING:
    import polars as pl

    from mainstay.bundle.detectors import DetectorPredictor
    from mainstay.bundle.explain import Explainer, Explanation
    from mainstay.bundle.explain_detectors import DetectorExplainer
    from mainstay.bundle.open import Bundle
    from mainstay.evaluate.sections import Section

__all__ = ["explainer_of", "figures_of", "frame_of", "sections_of"]

_ROWS_SHOWN = 8
_HOW = {
    "trees": "trees by exact path-dependent Shapley values, against their own training rows",
    "linear": "weighted sums by exact Shapley values, against the mean of background rows",
    "link": "links along the straight way from the base to the row",
    "terms": "the members' own terms of each column, weighted by what each member adds to the score",
    "sampling": "what is neither trees nor a sum by asking it about mixtures of the row and background rows",
}


def explainer_of(bundle: Bundle, seed: int = 0) -> Explainer | DetectorExplainer:
    """Return what explains a bundle's answers."""
    return explainer_for(bundle.asked, background_rows(bundle.reference, bundle.golden), seed=seed)


def figures_of(found: Explanation, bundle: Bundle) -> dict[str, Any]:
    """Return what ``--json`` shows of an explanation, but for the files written."""
    kept = ~found.rejected
    labels = {label for label in found.labels or () if label is not None}
    gap = np.abs(found.base + found.contributions.sum(axis=1) - found.prediction)[kept]
    columns = [
        {"name": one.name, "mean_absolute": one.mean_absolute, "low": one.low, "high": one.high, "mean": one.mean}
        for one in pushes_of(found.columns, found.contributions)
    ]
    figures = {
        "task": bundle.task,
        "target": bundle.outputs.target if bundle.clusters is None and bundle.detector is None else None,
        "rows": len(found.base),
        "rejected": int(found.rejected.sum()),
        "base": float(found.base[kept].mean()) if kept.any() else None,
        "method": " + ".join(found.methods) or "constant",
        "how": [_HOW[one] for one in found.methods],
        "scale": found.scale if bundle.clusters is None else bundle.clusters.outputs.explained,
        "class": next(iter(labels)) if len(labels) == 1 else None,
        "columns": columns,
        "largest_gap": float(gap.max(initial=0.0)),
        "digest": bundle.digest,
    }
    if found.error is not None:
        figures["standard_error"] = float(found.error[kept].mean()) if kept.any() else None
    return figures


def frame_of(
    found: Explanation, frame: pl.DataFrame, top: int, detector: DetectorPredictor | None = None
) -> pl.DataFrame:
    """Return prediction, answer, class, base and contributions; null where a row was refused.

    ``prediction`` is what predict gives for the row; ``answer`` is what is explained, such as a probability. Of a model
    that groups rows ``prediction`` is the cluster, ``class`` its name, and ``answer`` how much further the second is;
    of a detector ``prediction`` is the flag, ``answer`` the score, and a reason the sentence that an alarm has.
    """
    import polars as pl

    own = (
        {"prediction", "answer", "base"}
        | ({"class"} if found.labels is not None else set())
        | ({"reason"} if top else set())
    )
    given = [None if refused else cell for cell, refused in zip(found.predicted.tolist(), found.rejected, strict=True)]
    columns: dict[str, Any] = {
        "prediction": pl.Series(given, dtype=_kind(found), strict=False),
        "answer": pl.Series(found.prediction, dtype=pl.Float64),
    }
    if found.labels is not None:
        columns["class"] = pl.Series(list(found.labels), strict=False)
    columns["base"] = pl.Series(found.base, dtype=pl.Float64)
    for place, name in enumerate(found.columns):
        free = next(one for one in _names(name) if one not in own and one not in columns)
        columns[free] = pl.Series(found.contributions[:, place], dtype=pl.Float64)
    if top and detector is not None:
        decoded = detector.decoder.from_frame(frame)
        told = detector.reasons(decoded.arrays, decoded.problems)
        columns["reason"] = [None if no else words for words, no in zip(told, found.rejected, strict=True)]
    elif top:
        rows = frame.select(found.columns).iter_rows(named=True)
        columns["reason"] = [
            None if refused else reason(found.columns, row, pushes, top)
            for row, pushes, refused in zip(rows, found.contributions, found.rejected, strict=True)
        ]
    return pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))


def _kind(found: Explanation) -> Any:
    """Return the type of the predictions; None where their own is kept."""
    import polars as pl

    if found.predicted.dtype == np.bool_:
        return pl.Boolean
    return pl.Float64 if found.labels is None else None


def _names(name: str) -> list[str]:
    """Return what a contribution's column may be called: its own name, unless a column of the answer has it."""
    return [name, f"{name} (contribution)", *(f"{name} (contribution {number})" for number in range(2, 100))]


def sections_of(found: Explanation, frame: pl.DataFrame, bundle: Bundle, seed: int) -> tuple[Section, ...]:
    """Return an explanation as sections: all rows together, then the first ones, one by one."""
    what = _told(found, bundle)
    notes = ["How: " + "; ".join(_HOW[one] for one in found.methods) + "."] if found.methods else []
    if found.error is not None:
        notes.append(
            f"Contributions that were estimated have a standard error of {np.nanmean(found.error):.2g} on average."
        )
    sections = [
        pushes_section(
            found.columns,
            found.contributions,
            value_levels(bundle.asked.decoder.from_frame(frame).arrays, found.columns),
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


def _told(found: Explanation, bundle: Bundle) -> str:
    """Return what is explained, in words."""
    if bundle.clusters is not None:
        lone = bundle.clusters.outputs.clusters == 1
        return "the distance" if lone else "the distance to the second nearest cluster minus that to its own"
    if bundle.detector is not None:
        return "the score"
    outputs = bundle.outputs
    if found.labels is None:
        return outputs.target if not outputs.unit else f"{outputs.target} ({outputs.unit})"
    labels = sorted({str(label) for label in found.labels if label is not None})
    scale = "probability" if found.scale == "answer" else "margin"
    return f"the {scale} of {labels[0]}" if len(labels) == 1 else f"the {scale} of the class explained"

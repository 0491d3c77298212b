"""Where rows are odd, as a detector says: the share of every column in a row's oddness, and the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.detectors import DetectorPredictor
    from mainstay.evaluate.sections import Section

__all__ = ["OddShares", "alarm_sections", "explain_alarms", "figures_of_shares", "refuse_other_scales"]

_ROWS_SHOWN = 8
_OWN = ("score", "p_value", "flagged", "reason")


@dataclass(frozen=True, slots=True)
class OddShares:
    """Where rows are odd.

    Parameters
    ----------
    columns : tuple of str
    shares : float64 array of shape (n, columns)
        They sum to 1 by row; NaN where a row is refused.
    rejected : bool array of shape (n,)
    frame : polars.DataFrame
        score, p_value, flagged, the share of each column and, where asked for, the reason.
    """

    columns: tuple[str, ...]
    shares: NDArray[np.float64]
    rejected: NDArray[np.bool_]
    frame: pl.DataFrame


def refuse_other_scales(label: object, scale: str) -> None:
    """Refuse what only a model with a target can be asked.

    Raises
    ------
    UsageError
        When a class or the margin is asked for.
    """
    if label is not None or scale != "answer":
        raise UsageError(
            "a class and a margin belong to models that answer a target, and this one finds anomalies", where="explain",
            hint="Leave them out: the shares of the columns in a row's oddness are shown.",
        )  # fmt: skip


def explain_alarms(predictor: DetectorPredictor, frame: pl.DataFrame, *, top: int = 0) -> OddShares:
    """Return the share of each column in the oddness of each row.

    Parameters
    ----------
    predictor : DetectorPredictor
    frame : polars.DataFrame of shape (n, columns)
    top : int, default 0
        With more than 0 every row has its reason in words, flagged or not.

    Raises
    ------
    SchemaError
        When a column that is watched is missing.
    """
    import polars as pl

    from mainstay.bundle.anomaly_reasons import reasons

    outputs = predictor.outputs
    decoded = predictor.checked(predictor.decoder.from_frame(frame))
    answers = predictor.predict_arrays(decoded.arrays)
    shares = predictor.explained(decoded.arrays)
    columns: dict[str, Any] = {
        "score": pl.Series(answers.score, dtype=pl.Float64),
        "p_value": pl.Series(answers.p_value, dtype=pl.Float64),
        "flagged": pl.Series(answers.flagged, dtype=pl.Boolean),
    }
    for at, name in enumerate(outputs.columns):
        free = name if name not in (*_OWN, *columns) else f"{name} (share)"
        columns[free] = pl.Series(shares[:, at], dtype=pl.Float64)
    if top:
        columns["reason"] = reasons(outputs.usual, outputs.columns, decoded.arrays, shares)
    answered = pl.Series(~decoded.rejected)
    made = pl.select(pl.when(answered).then(pl.Series(name, values)).alias(name) for name, values in columns.items())
    shares[decoded.rejected] = np.nan
    return OddShares(outputs.columns, shares, decoded.rejected, made)


def figures_of_shares(found: OddShares, digest: str) -> dict[str, Any]:
    """Return what ``--json`` shows, but for the files written."""
    from mainstay.evaluate.contributions import pushes_of

    kept = found.shares[~found.rejected]
    gap = np.abs(kept.sum(axis=1) - 1.0)[kept.any(axis=1)] if len(kept) else np.zeros(0)
    return {
        "task": "anomaly_detection",
        "target": None,
        "rows": len(found.shares),
        "rejected": int(found.rejected.sum()),
        "base": 0.0,
        "method": "terms of the detectors",
        "how": ["what each detector says of each column, weighted by what it adds to the score"],
        "scale": "share of the oddness",
        "class": None,
        "columns": [
            {"name": one.name, "mean_absolute": one.mean_absolute, "low": one.low, "high": one.high, "mean": one.mean}
            for one in pushes_of(found.columns, found.shares)
        ],
        "largest_gap": float(gap.max(initial=0.0)),
        "digest": digest,
    }


def alarm_sections(
    predictor: DetectorPredictor, found: OddShares, frame: pl.DataFrame, seed: int
) -> tuple[Section, ...]:
    """Return the shares as sections: all rows together, then the oddest ones, one by one."""
    from mainstay.evaluate.contributions import pushes_section, row_section, value_levels

    arrays = predictor.decoder.from_frame(frame).arrays
    levels = value_levels(arrays, found.columns)
    notes = ["The shares of a row's columns sum to 1; each detector's own, weighted by what it adds to the score."]
    sections = [pushes_section(found.columns, found.shares, levels, what="the oddness", notes=notes, seed=seed)]
    scores = found.frame.get_column("score").fill_null(-np.inf).to_numpy()
    for row in np.argsort(-scores, kind="stable")[:_ROWS_SHOWN].tolist():
        if not found.rejected[row]:
            cells = frame.select(found.columns).row(row, named=True)
            title = f"Row {row + 1}: score {scores[row]:.3g}"
            sections.append(
                row_section(
                    title, found.columns, cells, found.shares[row], base=0.0, prediction=1.0, what="the oddness",
                    key=f"row-{row + 1}",
                )
            )  # fmt: skip
    return tuple(sections)

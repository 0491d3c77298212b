"""The rows that a bundle must answer the same for as long as it lives, and what monitoring compares new rows with."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.records import Golden, GoldenRow

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.predict import Predictor
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column

__all__ = ["golden_rows", "reference"]

_ROWS = 24
_BINS = 20


def golden_rows(predictor: Predictor, frame: pl.DataFrame, seed: int) -> Golden:
    """Return some held-out rows with the model's own answers.

    Rows with a missing value and with words that training did not know are added, for these paths through the graph
    must keep their answers too.

    Parameters
    ----------
    predictor : Predictor
    frame : polars.DataFrame
        Held-out rows, raw.
    seed : int
        Draws the rows.
    """
    features = predictor.schema.features
    count = min(_ROWS, frame.height)
    chosen = np.sort(np.random.default_rng(seed).choice(frame.height, count, replace=False))
    known = frame.select(column.name for column in features)[chosen]
    rows = [{name: _plain(value) for name, value in row.items()} for row in known.iter_rows(named=True)]
    rows += [_altered(rows[i % len(rows)], column) for i, column in enumerate(features[:_ROWS])]
    rows.append({})
    answers = predictor.predict_rows(rows)
    probabilities = answers.probabilities
    return Golden(
        tuple(
            GoldenRow(row=row, rejected=True)
            if answers.rejected[i]
            else GoldenRow(
                row=row,
                prediction=answers.prediction[i],
                probabilities=None if probabilities is None else tuple(float(p) for p in probabilities[i]),
            )
            for i, row in enumerate(rows)
        )
    )


def _altered(row: dict[str, Any], column: Column) -> dict[str, Any]:
    """Return a copy in which one column has an unknown word, or nothing."""
    unknown = "a word that training did not know" if column.kind == "category" else None
    return {**row, column.name: unknown}


def _plain(value: object) -> bool | int | float | str | None:
    """Return a cell as a client would send it in JSON."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)


def reference(arrays: Arrays, answers: NDArray[np.float64]) -> dict[str, Any]:
    """Return the distributions of the training rows and of the model's answers.

    Parameters
    ----------
    arrays : Arrays
        The training rows.
    answers : float64 array
        The bundle's answers for the held-out rows: (n, classes) or (n,).
    """
    numbers = {
        name: {**_histogram(arrays.numbers[:, i]), "missing": int(np.isnan(arrays.numbers[:, i]).sum())}
        for i, name in enumerate(arrays.number_names)
    }
    categories = {
        name: {"counts": np.bincount(arrays.categories[:, i] + 1, minlength=levels + 2).tolist()}
        for i, (name, levels) in enumerate(zip(arrays.category_names, arrays.category_levels, strict=True))
    }
    columns = answers.reshape(len(answers), -1)
    given = [_histogram(columns[:, i].astype(np.float32)) for i in range(columns.shape[1])]
    return {"rows": arrays.rows, "numbers": numbers, "categories": categories, "answers": given}


def _histogram(values: NDArray[np.float32]) -> dict[str, list[float] | list[int]]:
    """Return counts between quantiles; equal quantiles are joined, so a column of one value has one bin."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return {"edges": [], "counts": []}
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    if len(edges) == 1:
        return {"edges": [float(edges[0]), float(edges[0])], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}

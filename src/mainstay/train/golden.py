"""The rows that a bundle must answer the same for as long as it lives, and what monitoring compares new rows with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.replay import plain_cells

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column, Schema

__all__ = ["background", "golden_rows", "reference"]

_ROWS = 24
_BINS = 20
_BACKGROUND, _BACKGROUND_CELLS = 100, 50_000


def golden_rows(schema: Schema, frame: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return some held-out rows, raw, to be kept with their answers.

    Rows with a missing value and with words that training did not know are added, for these paths through the graph
    must keep their answers too.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame
        Held-out rows, raw.
    seed : int
        Draws the rows.
    """
    features = schema.features
    chosen = np.sort(np.random.default_rng(seed).choice(frame.height, min(_ROWS, frame.height), replace=False))
    rows = frame.select(column.name for column in features)[chosen].to_dicts()
    altered = [_altered(rows[i % len(rows)], column) for i, column in enumerate(features[:_ROWS])]
    return [*rows, *altered, {}]


def background(schema: Schema, frame: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return some training rows, raw, that explanations compare other rows with.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame
        Training rows, raw.
    seed : int
        Draws the rows: 100, fewer of tables with more than 500 columns.
    """
    features = [column.name for column in schema.features]
    count = min(frame.height, _BACKGROUND, max(_ROWS, _BACKGROUND_CELLS // max(1, len(features))))
    chosen = np.random.default_rng(seed).choice(frame.height, count, replace=False)
    return [dict(plain_cells(row)) for row in frame.select(features)[chosen].to_dicts()]


def _altered(row: dict[str, Any], column: Column) -> dict[str, Any]:
    """Return a copy in which one column has an unknown word, or nothing."""
    unknown = "a word that training did not know" if column.kind == "category" else None
    return {**row, column.name: unknown}


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

"""The rows that a bundle must answer the same for as long as it lives, and the distributions that monitoring needs.

Models of a target, of groups and of anomalies keep the same; only which rows are drawn is each run's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.replay import plain_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column, Schema

__all__ = ["altered", "background", "distributions", "golden_rows", "histogram"]

_ROWS = 24
_BINS = 20
_BACKGROUND, _BACKGROUND_CELLS = 100, 50_000


def golden_rows(schema: Schema, frame: pl.DataFrame, labels: NDArray[np.int64], seed: int) -> list[dict[str, Any]]:
    """Return some training rows, raw, every kind among them, and rows with unknown words and gaps.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame of shape (n, columns)
        The rows, raw.
    labels : int64 array of shape (n,)
        What kind each row is of, such as its group; one of each comes first.
    seed : int
        Draws the rows.
    """
    features = schema.features
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    firsts = order[np.unique(labels[order], return_index=True)[1]][:_ROWS]
    others = order[~np.isin(order, firsts)][: max(0, _ROWS - len(firsts))]
    chosen = np.sort(np.concatenate([firsts, others]))
    rows = frame.select(column.name for column in features)[chosen].to_dicts()
    return [*rows, *altered(rows, features[:_ROWS]), {}]


def altered(rows: list[dict[str, Any]], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return a copy of a row for each column, which has an unknown word there, or nothing.

    Parameters
    ----------
    rows : list of dict
        One at least; they are taken in turn.
    columns : sequence of Column
    """
    unknown = {column.name: "a word that training did not know" for column in columns if column.kind == "category"}
    return [{**rows[at % len(rows)], column.name: unknown.get(column.name)} for at, column in enumerate(columns)]


def background(schema: Schema, frame: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return some rows, raw, that stand for all: 100, fewer of tables with more than 500 columns.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame
        The rows, raw.
    seed : int
        Draws the rows.
    """
    features = [column.name for column in schema.features]
    count = min(frame.height, _BACKGROUND, max(_ROWS, _BACKGROUND_CELLS // max(1, len(features))))
    chosen = np.random.default_rng(seed).choice(frame.height, count, replace=False)
    return [dict(plain_cells(row)) for row in frame.select(features)[chosen].to_dicts()]


def distributions(arrays: Arrays) -> dict[str, Any]:
    """Return how the columns of some rows are spread.

    Parameters
    ----------
    arrays : Arrays

    Returns
    -------
    dict
        ``rows``; ``numbers`` with edges, counts and missing; ``categories`` with counts (missing first, unseen last).
    """
    numbers = {
        name: {**histogram(arrays.numbers[:, i]), "missing": int(np.isnan(arrays.numbers[:, i]).sum())}
        for i, name in enumerate(arrays.number_names)
    }
    categories = {
        name: {"counts": np.bincount(arrays.categories[:, i] + 1, minlength=levels + 2).tolist()}
        for i, (name, levels) in enumerate(zip(arrays.category_names, arrays.category_levels, strict=True))
    }
    return {"rows": arrays.rows, "numbers": numbers, "categories": categories}


def histogram(values: NDArray[np.floating]) -> dict[str, list[float] | list[int]]:
    """Return counts between quantiles; equal quantiles are joined, so a column of one value has one bin."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return {"edges": [], "counts": []}
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    if len(edges) == 1:
        return {"edges": [float(edges[0]), float(edges[0])], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}

"""The rows that a bundle of groups must answer the same for as long as it lives, and what monitoring compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.replay import plain_cells

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column, Schema

__all__ = ["background", "golden_rows", "reference"]

_ROWS = 24
_BINS = 20
_BACKGROUND, _BACKGROUND_CELLS = 100, 50_000


def golden_rows(schema: Schema, frame: pl.DataFrame, labels: NDArray[np.int64], seed: int) -> list[dict[str, Any]]:
    """Return some training rows, raw, every group among the first of them, and rows with unknown words and gaps.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame of shape (n, columns)
        The rows that were grouped, raw.
    labels : int64 array of shape (n,)
        Their groups.
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
    altered = [_altered(rows[i % len(rows)], column) for i, column in enumerate(features[:_ROWS])]
    return [*rows, *altered, {}]


def _altered(row: dict[str, Any], column: Column) -> dict[str, Any]:
    """Return a copy in which one column has an unknown word, or nothing."""
    unknown = "a word that training did not know" if column.kind == "category" else None
    return {**row, column.name: unknown}


def background(schema: Schema, frame: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return some rows, raw, that stand for all: 100, fewer of tables with more than 500 columns.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame
        The rows that were grouped, raw.
    seed : int
        Draws the rows.
    """
    features = [column.name for column in schema.features]
    count = min(frame.height, _BACKGROUND, max(_ROWS, _BACKGROUND_CELLS // max(1, len(features))))
    chosen = np.random.default_rng(seed).choice(frame.height, count, replace=False)
    return [dict(plain_cells(row)) for row in frame.select(features)[chosen].to_dicts()]


def reference(arrays: Arrays, answers: ClusterAnswers, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the distributions of the rows that were grouped, and how the groups shared them.

    Parameters
    ----------
    arrays : Arrays
        The rows that were grouped.
    answers : ClusterAnswers
        The bundle's answers for them.
    names : tuple of str
        Of the groups.

    Returns
    -------
    dict
        ``rows``; ``numbers`` with edges, counts and missing; ``categories`` with counts (missing first, unseen last);
        ``clusters`` with name, rows, share, mean_distance, fits_none and the histogram of distances of each.
    """
    numbers = {
        name: {**_histogram(arrays.numbers[:, i]), "missing": int(np.isnan(arrays.numbers[:, i]).sum())}
        for i, name in enumerate(arrays.number_names)
    }
    categories = {
        name: {"counts": np.bincount(arrays.categories[:, i] + 1, minlength=levels + 2).tolist()}
        for i, (name, levels) in enumerate(zip(arrays.category_names, arrays.category_levels, strict=True))
    }
    clusters = [_share(answers, cluster, name) for cluster, name in enumerate(names)]
    return {"rows": arrays.rows, "numbers": numbers, "categories": categories, "clusters": clusters}


def _share(answers: ClusterAnswers, cluster: int, name: str) -> dict[str, Any]:
    inside = answers.cluster == cluster
    distances = answers.distance[inside]
    return {
        "name": name,
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "mean_distance": float(distances.mean()) if len(distances) else None,
        "fits_none": int(answers.fits_none[inside].sum()),
        "distances": _histogram(distances),
    }


def _histogram(values: NDArray[np.floating]) -> dict[str, list[float] | list[int]]:
    """Return counts between quantiles; equal quantiles are joined, so a column of one value has one bin."""
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return {"edges": [], "counts": []}
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    if len(edges) == 1:
        return {"edges": [float(edges[0]), float(edges[0])], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}

"""All that can be said of each cluster in one call: the portraits, the map and the silhouettes.

What needs every row is counted on every row; what compares rows or columns is computed on samples in which every
cluster is seen, and the records say how many rows that were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.columns import columns_of, raw_row, row_values
from mainstay.evaluate.clusters.contrasts import contrasts_of
from mainstay.evaluate.clusters.map import map_of
from mainstay.evaluate.clusters.names import name_clusters
from mainstay.evaluate.clusters.profiles import neighbours, shares, typical_rows
from mainstay.evaluate.clusters.records import ClusterPortraits, Portrait
from mainstay.evaluate.clusters.rules import rules_of
from mainstay.evaluate.clusters.sample import stratified
from mainstay.evaluate.clusters.silhouettes import silhouettes
from mainstay.evaluate.clusters.traits import Traits
from mainstay.evaluate.clusters.words import cluster_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points
    from mainstay.contracts.schema import Schema
    from mainstay.evaluate.clusters.columns import ColumnView
    from mainstay.evaluate.clusters.records import Rule

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Words = Callable[[pl.Series, Ints, int, int], Sequence[Sequence[tuple[str, float, int]]]]

__all__ = ["describe_clusters"]

_DESCRIBED, _RULED, _WORDED = 20_000, 5_000, 20_000
_WORDS = 8


def describe_clusters(
    frame: pl.DataFrame,
    schema: Schema,
    labels: Ints,
    points: Points,
    distances: Floats | None = None,
    *,
    seed: int,
    words: Words | None = None,
) -> ClusterPortraits:
    """Return what a person can know of each cluster.

    Parameters
    ----------
    frame : polars.DataFrame of n rows
        The raw rows that were clustered.
    schema : Schema
        Its features are described. More than the columns that were clustered may be features here.
    labels : int64 array of shape (n,)
        The cluster of each row, 0 to clusters - 1.
    points : Points
        The same rows, prepared.
    distances : float64 array of shape (n, clusters), optional
        Of each row to each cluster; without, no cluster has a nearest one.
    seed : int
        Of the samples.
    words : callable (texts, labels, clusters, top) -> sequence of (word, score, rows) per cluster, optional
        Finds the words of text columns; default :func:`cluster_words`.

    Returns
    -------
    ClusterPortraits

    Raises
    ------
    UsageError
        When the rows do not match, or there are none.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.schema import Column, Schema
    >>> income = [15.0, 16.0, 17.0, 18.0] * 10 + [80.0, 82.0, 84.0, 88.0] * 10
    >>> schema = Schema(columns=(Column(name="income", kind="number"),))
    >>> points = Points(np.array(income, np.float32)[:, None], ("income",))
    >>> found = describe_clusters(pl.DataFrame({"income": income}), schema, np.repeat([0, 1], 40), points, seed=0)
    >>> found.names, str(found.portraits[1].rule)
    (('low income', 'high income'), 'income > 50: 100 % pure, finds 100 % of it')
    """
    _check(frame, labels, points, distances)
    clusters = int(labels.max()) + 1 if distances is None else distances.shape[1]
    sizes = np.bincount(labels, minlength=clusters)
    rows = stratified(labels, _DESCRIBED, seed)
    views = columns_of(frame[rows], schema)
    contrasts = contrasts_of(views, labels[rows], sizes)
    told = _words(frame, schema, labels, words, clusters=clusters, seed=seed)
    traits = Traits(views, labels[rows], sizes)
    names = name_clusters(contrasts, told, same=traits.same, apart=traits.apart)
    typical = typical_rows(points.matrix, labels, clusters)
    rules = _rules(views, labels[rows], sizes, seed)
    nearest = [None] * clusters if distances is None else neighbours(distances, labels)
    share = shares(sizes)
    portraits = tuple(
        Portrait(
            cluster=place, name=names[place], rows=int(sizes[place]), share=share[place], contrasts=contrasts[place],
            typical=raw_row(frame, schema, int(typical[place])) if sizes[place] else {},
            typical_values=row_values(frame, schema, int(typical[place])) if sizes[place] else {},
            typical_row=int(typical[place]), rule=rules[place], words=told[place], nearest=nearest[place],
        )
        for place in range(clusters)
    )  # fmt: skip
    return ClusterPortraits(
        portraits=portraits,
        map=map_of(points.matrix, labels, points.names, seed=seed),
        silhouettes=silhouettes(points.matrix, labels, seed=seed),
        rows=len(labels),
        described=len(rows),
        seed=seed,
    )


def _check(frame: pl.DataFrame, labels: Ints, points: Points, distances: Floats | None) -> None:
    counts = {"rows of the table": frame.height, "labels": len(labels), "points": points.rows}
    if distances is not None:
        counts["distances"] = len(distances)
    if len(set(counts.values())) > 1 or not frame.height:
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        raise UsageError(
            f"a description needs one label and one prepared row for each row, and {told} came",
            where="describe_clusters",
            hint="Give the rows that were clustered, all of them, in their order.",
        )


def _rules(views: Sequence[ColumnView], labels: Ints, sizes: Ints, seed: int) -> list[Rule | None]:
    from dataclasses import replace

    rows = stratified(labels, _RULED, seed)
    return rules_of([replace(view, values=view.values[rows]) for view in views], labels[rows], sizes, seed=seed)


def _words(
    frame: pl.DataFrame, schema: Schema, labels: Ints, words: Words | None, *, clusters: int, seed: int
) -> list[dict[str, tuple[str, ...]]]:
    """Return for each cluster the words of each text column."""
    names = [column.name for column in schema.features if column.kind == "text" and column.name in frame.columns]
    if not names:
        return [{} for _ in range(clusters)]
    import polars as pl

    rows = stratified(labels, _WORDED, seed)
    sample = frame.select(names)[rows]
    found = {}
    for name in names:
        told = (words or cluster_words)(sample.get_column(name).cast(pl.String), labels[rows], clusters, _WORDS)
        found[name] = [tuple(word for word, *_ in some) for some in told]
    return [{name: found[name][place] for name in names} for place in range(clusters)]

"""From centres to records: exact inertia and sizes over all rows, and the criteria that speak about each k."""

from __future__ import annotations

from math import log, pi
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import nearest
from mainstay.learners.cluster.kmeans_path.records import KMeansFit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.drawing import Drawing
    from mainstay.learners.cluster.kmeans_path.passes import Near, Sums
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["fits_of"]

_ROWS = 16_384
"""Rows over which silhouette and Davies-Bouldin are taken where there are more."""


def fits_of(table: Table, answers: list[Sums], drawing: Drawing) -> tuple[tuple[KMeansFit, ...], int]:
    """Return the records of the given answers, and over how many rows silhouette and Davies-Bouldin were taken."""
    some = drawing.rows(_ROWS)
    near = nearest(some, [answer.centres for answer in answers], second=True)
    return tuple(_fit(table, some, answer, seen) for answer, seen in zip(answers, near, strict=True)), some.rows


def _fit(table: Table, some: Table, answer: Sums, seen: Near) -> KMeansFit:
    k = len(answer.centres)
    order = np.lexsort((*answer.centres.T[::-1], -answer.mass))  # clusters of one size by where they lie
    inertia = answer.inertia * table.scale**2
    alone = k == 1
    return KMeansFit(
        k=k,
        centres=answer.centres[order] * table.scale + table.centre,
        inertia=inertia,
        sizes=answer.mass[order],
        silhouette=float("nan") if alone else _silhouette(some, seen),
        calinski_harabasz=float("nan") if alone else _calinski_harabasz(table, answer),
        davies_bouldin=float("nan") if alone else _davies_bouldin(some, seen, answer.centres),
        bic=_bic(table, answer, inertia),
    )


def _silhouette(some: Table, seen: Near) -> float:
    second = np.maximum(seen.second, np.finfo(np.float32).tiny)
    return float(np.average(1.0 - np.sqrt(seen.first / second), weights=some.weight))


def _calinski_harabasz(table: Table, answer: Sums) -> float:
    k = len(answer.centres)
    if answer.inertia <= 0 or table.mass <= k:
        return float("inf") if table.mass > k else float("nan")
    return (table.spread - answer.inertia) / (k - 1) / (answer.inertia / (table.mass - k))


def _davies_bouldin(some: Table, seen: Near, centres: Doubles) -> float:
    k = len(centres)
    weight = np.ones(some.rows) if some.weight is None else some.weight.astype(np.float64)
    mass = np.bincount(seen.label, weight, k)
    far = np.bincount(seen.label, weight * np.sqrt(seen.first), k) / np.maximum(mass, 1e-300)
    apart = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (far[:, None] + far[None, :]) / apart
    worst: Doubles = np.nan_to_num(ratios, nan=0.0, posinf=np.inf).max(axis=1)
    return float(worst.mean())


def _bic(table: Table, answer: Sums, inertia: float) -> float:
    """Round Gaussians of one variance: k d means, k - 1 shares and the variance are free."""
    k, d = answer.centres.shape
    if inertia <= 0:
        return float("-inf")
    n = table.mass
    deviance = n * d * (log(2.0 * pi * inertia / (n * d)) + 1.0)
    shares: float = sum(share * log(share / n) for share in answer.mass.tolist() if share > 0)
    return float(deviance - 2.0 * shares + (k * d + k) * log(n))

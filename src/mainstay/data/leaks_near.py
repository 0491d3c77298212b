"""Finds rows that are nearly the same: the same thing twice, slightly changed, on both sides of a split.

Near is not a distance but a surprise. Among rows drawn from one population the ratio of the distances to the fifth and
to the first neighbour follows a law that depends on their dimension alone (Facco and others 2017,
doi:10.1038/s41598-017-11873-y); copies have a first neighbour that is far nearer than this law allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.quality_findings import share
from mainstay.data.quality_values import as_codes, as_numbers

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["judge_near_copies"]

_QUERIES, _REFERENCE = 2500, 20_000
_NEIGHBOURS = 5
_LEVELS, _DIMENSIONS = 12, 8
_LEAST_SHARE = 0.01
_LEAST_COPIES = 5
_SOME = 0.025  # of the rows; a few near copies are in many tables, and move no score
_SURPRISES = (1e-4, 1e-7, 1e-10)
_NEAR = 0.1
_SAME, _BY_CHANCE, _MANY, _TIED = 0.95, 1e-3, 0.05, 0.3
_NAMED = 5


def judge_near_copies(
    frame: pl.DataFrame,
    schema: Schema,
    target: Floats | None,
    *,
    train: Rows | None,
    test: Rows | None,
    seed: int,
) -> tuple[Finding, ...]:
    """Return a finding where rows come back slightly changed.

    Parameters
    ----------
    frame : polars.DataFrame with n rows
    schema : Schema
    target : float64 array of shape (n,), optional
        Class codes or amounts; NaN where missing. Only what the rows have in common with their copies is told.
    train, test : int64 arrays, optional
        Where given, copies of test rows are looked for among training rows; else copies of any row among all.
    seed : int
        Draws at most 2,500 rows that are looked up among at most 20,000.
    """
    rng = np.random.default_rng(seed)
    everything = np.arange(frame.height)
    reference = everything if train is None else train
    queries = everything if test is None else test
    reference = np.sort(rng.permutation(reference)[:_REFERENCE])
    queries = np.sort(rng.permutation(queries if test is not None else reference)[:_QUERIES])
    if len(queries) < 30 or len(reference) < 100:
        return ()
    features = _features(frame, schema, np.concatenate([reference, queries]))
    if features is None:
        return ()
    near, where = _neighbours(features[len(reference) :], features[: len(reference)], queries, reference)
    return _judge(near, queries, where, target, split=train is not None)


def _judge(near: Floats, queries: Rows, where: Rows, target: Floats | None, *, split: bool) -> tuple[Finding, ...]:
    """Return the first finding that is a warning, from the nearer copies to the nearest ones, or the first of all."""
    found: list[Finding] = []
    for surprise in _SURPRISES:
        copies = _surprising(near, surprise)
        count = int(copies.sum())
        if count >= max(_LEAST_COPIES, _LEAST_SHARE * len(queries)):
            found.append(_finding(count, queries, copies, where, target, split=split))
    return tuple([*(one for one in found if one.severity == "warning"), *found][:1])


def _features(frame: pl.DataFrame, schema: Schema, rows: Rows) -> NDArray[np.float32] | None:
    """Return numbers in units of their spread, and each of the frequent levels as a column."""
    parts = []
    some = frame[rows]
    for column in schema.features:
        if column.name not in frame.columns:
            continue
        if column.kind in ("number", "boolean", "datetime"):
            values = as_numbers(some.get_column(column.name), column)
            low, middle, high = np.nanquantile(values, [0.1, 0.5, 0.9]) if np.isfinite(values).any() else (0, 0, 0)
            spread = (high - low) / 2.56 or (np.nanstd(values) if np.isfinite(values).any() else 0.0)
            if spread > 0:
                filled = np.where(np.isfinite(values), values, middle)
                parts.append(np.clip((filled - middle) / spread, -5, 5))
        elif column.kind in ("category", "text"):
            codes, levels = as_codes(some.get_column(column.name), column)
            if len(levels) > 1:
                parts += list(_places(len(levels))[codes].T)
    return np.column_stack(parts).astype(np.float32) if len(parts) > 1 else None


def _places(levels: int) -> Floats:
    """Return a point for each level, any two about one apart; many levels share few dimensions, at random points.

    The last one is for missing cells.
    """
    if levels <= _LEVELS:
        return np.eye(levels + 1) * 0.7071
    return np.random.default_rng(levels).normal(0, (2 * _DIMENSIONS) ** -0.5, (levels + 1, _DIMENSIONS))


def _neighbours(
    queries: NDArray[np.float32], reference: NDArray[np.float32], query_rows: Rows, reference_rows: Rows
) -> tuple[Floats, Rows]:
    """Return the distances to the five nearest rows other than itself, and the row of the nearest."""
    near = np.empty((len(queries), _NEIGHBOURS))
    first = np.empty(len(queries), np.int64)
    squares = np.square(reference).sum(axis=1)
    for start in range(0, len(queries), 250):
        part = queries[start : start + 250]
        distance = squares - 2 * part @ reference.T + np.square(part).sum(axis=1)[:, None]
        distance[query_rows[start : start + 250, None] == reference_rows[None, :]] = np.inf
        places = np.argpartition(distance, _NEIGHBOURS, axis=1)[:, : _NEIGHBOURS + 1]
        exact = ((part[:, None, :].astype(np.float64) - reference[places]) ** 2).sum(axis=2)
        exact[query_rows[start : start + 250, None] == reference_rows[places]] = np.inf
        order = np.argsort(exact, axis=1)[:, :_NEIGHBOURS]
        near[start : start + 250] = np.sqrt(np.take_along_axis(exact, order, axis=1))
        first[start : start + 250] = reference_rows[np.take_along_axis(places, order, axis=1)[:, 0]]
    return near, first


def _surprising(near: Floats, surprise: float) -> NDArray[np.bool_]:
    """Say which rows have a neighbour that is nearer than one population would have it; equal rows aside."""
    apart = near[:, 0] > 0
    if apart.sum() < 30:
        return np.zeros(len(near), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = near[:, -1] / near[:, 0]
    usual = np.median(ratio[apart])
    if not np.isfinite(usual) or usual <= 1:
        return np.zeros(len(near), np.bool_)
    # P(ratio > x) = 1 - (1 - x^-d)^4, so the median gives the dimension d, and d the ratio of a given surprise.
    dimension = np.log(1 / (1 - 0.5 ** (1 / (_NEIGHBOURS - 1)))) / np.log(usual)
    limit = ((_NEIGHBOURS - 1) / surprise) ** (1 / dimension)
    return np.asarray(apart & (ratio > limit) & (near[:, 0] < _NEAR * np.median(near[:, -1])), np.bool_)


def _finding(count: int, queries: Rows, copies: NDArray[np.bool_], where: Rows, target: Floats | None, *,
             split: bool) -> Finding:  # fmt: skip
    looked = (
        f"{count:,} of {len(queries):,} {'test rows' if split else 'rows looked at'} ({share(count, len(queries))})"
    )
    message = f"{looked} are nearly the same as {'a training row' if split else 'another row'}"
    alike = None if target is None else _alike(target, queries, where, copies)
    if alike is not None:
        message += f"; the two share the target in {alike[0]:.0%} of cases, other neighbours in {alike[1]:.0%}"
    tied = alike is None or _is_tied(count, count / len(queries), *alike)
    return Finding(
        severity="warning" if tied else "info",
        code="leak.near_copies",
        message=message,
        advice="If they are the same thing measured twice, keep one of them, or split by group and keep both together.",
        rows=tuple(int(row) + 1 for row in queries[copies][:_NAMED]),
    )


def _is_tied(count: int, part: float, copies: float, others: float) -> bool:
    """Say whether the copies share the target as only the same thing does.

    Honest rows come near each other too: two people of one age in one job. Their targets agree no more than those of
    other neighbours; where all neighbours agree, only many copies are a sign.
    """
    from scipy.stats import binom

    if part < _SOME:
        return False
    if others >= _SAME:
        return copies >= _SAME and part >= _MANY
    by_chance = float(binom.sf(round(copies * count) - 1, count, others))
    return by_chance < _BY_CHANCE and copies - others > _TIED * (1 - others)


def _alike(target: Floats, queries: Rows, where: Rows, copies: NDArray[np.bool_]) -> tuple[float, float] | None:
    known = np.isfinite(target[queries]) & np.isfinite(target[where])
    if (known & copies).sum() < _LEAST_COPIES or (known & ~copies).sum() < _LEAST_COPIES:
        return None
    spread = float(np.nanstd(target))
    same = np.abs(target[queries] - target[where]) <= 0.01 * spread
    return float(same[known & copies].mean()), float(same[known & ~copies].mean())

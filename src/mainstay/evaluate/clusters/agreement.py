"""How well clusters agree with labels that are known: the usual indices, each with its interval, and the table.

All of them follow from the counts of clusters by labels, so rows are resampled by drawing whole tables from the
multinomial law: a million rows cost as much as a hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.proportions import Z, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Agreement", "ClusterMatch", "agreement"]

_REPLICATES, _FEWEST = 1_000, 40
_CELLS, _WORK = 1_000_000, 15_000_000
"""Cells of tables that are held at once, and in all."""
_MOST_LABELS = 1_000


class ClusterMatch(msgspec.Struct, frozen=True):
    """A cluster and the label that is most frequent in it.

    Parameters
    ----------
    cluster : int
    label : str
    purity : Score
        The share of the cluster's rows that have the label.
    coverage : Score
        The share of the label's rows that are in the cluster.
    matched : str or None
        Its partner where each label goes to one cluster at most and the most rows agree; None where none is left.
    """

    cluster: int
    label: str
    purity: Score
    coverage: Score
    matched: str | None = None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Clusters against known labels.

    Parameters
    ----------
    metrics : dict of str to Score
        ``adjusted_rand`` (Hubert and Arabie 1985, doi:10.1007/BF01908075), ``adjusted_mutual_info`` (Vinh et al. 2010),
        ``v_measure``, ``homogeneity``, ``completeness`` (Rosenberg and Hirschberg 2007), and ``matched_accuracy``,
        the share of rows in the cluster that is matched to their label.
    labels : tuple of str
        The known labels.
    counts : tuple of tuples of float
        Weight of rows by cluster (first) and label.
    matches : tuple of ClusterMatch
        One per cluster that has rows.
    rows, left_out : int
        Rows with a label, and without.
    """

    metrics: dict[str, Score]
    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]
    matches: tuple[ClusterMatch, ...]
    rows: int
    left_out: int = 0


def agreement(labels: Ints, truth: Sequence[object], *, weight: ArrayLike | None = None, seed: int = 0) -> Agreement:
    """Return how well clusters agree with known labels, each index with its 95 % bootstrap interval over rows.

    Parameters
    ----------
    labels : int64 array of shape (n,)
        The cluster of each row, from 0.
    truth : sequence of length n
        The known label of each row; None, NaN or "" where there is none: such rows are left out.
    weight : array of shape (n,), optional
        How many rows each one stands for.
    seed : int, default 0
        Of the bootstrap.

    Raises
    ------
    UsageError
        When the lengths differ, no row has a label, or there are more than 1,000 labels.

    Examples
    --------
    >>> found = agreement(np.repeat([0, 1, 2], 30), ["a"] * 30 + ["b"] * 60)
    >>> round(found.metrics["adjusted_rand"].value, 3), found.metrics["homogeneity"].value, found.matches[1].label
    (0.566, 1.0, 'b')
    """
    if len(labels) != len(truth):
        raise UsageError(f"each row needs one label, and {len(labels)} clusters and {len(truth)} labels came")
    known = np.array([value is not None and value == value and value != "" for value in truth], np.bool_)  # noqa: PLR0124 - NaN
    if not known.any():
        raise UsageError("no row has a label", where="labels", hint="Name the column that holds the known groups.")
    names, codes = np.unique(np.array([str(value) for value in truth])[known], return_inverse=True)
    if len(names) > _MOST_LABELS:
        raise UsageError(
            f"{len(names)} different labels came, and at most {_MOST_LABELS} can be groups",
            hint="Name a column whose values repeat.",
        )
    weights = np.ones(int(known.sum())) if weight is None else np.asarray(weight, np.float64)[known]
    clusters = np.asarray(labels, np.int64)[known]
    width = int(labels.max()) + 1
    cells = np.bincount(clusters * len(names) + codes, weights, width * len(names)).astype(np.float64)
    table = cells.reshape(width, len(names))
    effective = float(weights.sum() ** 2 / np.square(weights).sum())
    return Agreement(
        metrics=_metrics(table, effective, seed),
        labels=tuple(names.tolist()),
        counts=tuple(tuple(row) for row in table.tolist()),
        matches=_matches(table, names.tolist(), effective),
        rows=int(known.sum()),
        left_out=int((~known).sum()),
    )


def _metrics(table: Floats, effective: float, seed: int) -> dict[str, Score]:
    table = table[table.sum(axis=1) > 0]
    ways: dict[str, Callable[[Floats], Floats]] = {
        "adjusted_rand": _adjusted_rand,
        "adjusted_mutual_info": _adjusted_mutual_info(table),
        "v_measure": _v_measure,
        "homogeneity": _homogeneity,
        "completeness": lambda tables: _homogeneity(np.swapaxes(tables, -1, -2)),
    }
    drawn = _redrawn(table, ways, effective, seed)
    found = {name: _scored(way, table, drawn[name], effective) for name, way in ways.items()}
    right = float(table[_partners(table)].sum())
    low, high = wilson(right / table.sum() * effective, effective)
    found["matched_accuracy"] = Score(right / float(table.sum()), float(low), float(high))
    return found


def _redrawn(
    table: Floats, ways: dict[str, Callable[[Floats], Floats]], effective: float, seed: int
) -> dict[str, Floats]:
    """Return each index of tables as other rows of the same kind would give them, a few tables at a time."""
    filled = np.argwhere(table > 0)
    cells = table[tuple(filled.T)]
    rows = max(round(effective), 1)
    replicates = int(np.clip(_WORK // max(table.size, 1), _FEWEST, _REPLICATES))
    at_once = max(_CELLS // max(table.size, 1), 1)
    generator = np.random.default_rng(seed)
    parts: dict[str, list[Floats]] = {name: [] for name in ways}
    for start in range(0, replicates, at_once):
        some = min(at_once, replicates - start)
        tables = np.zeros((some, *table.shape))
        counts = generator.multinomial(rows, cells / cells.sum(), size=some)
        tables[:, filled[:, 0], filled[:, 1]] = counts * (table.sum() / rows)
        for name, way in ways.items():
            parts[name].append(way(tables))
    return {name: np.concatenate(values) for name, values in parts.items()}


def _scored(way: Callable[[Floats], Floats], table: Floats, others: Floats, effective: float) -> Score:
    """Return an index with limits on the logit scale; where rows show no disagreement, what Wilson's share allows."""
    value = float(way(table))
    if min(table.shape) < 1 or not np.isfinite(value):
        return Score(None)
    if value > 1 - 1e-9:
        return Score(1.0, min(float(way(_spoiled(table, effective))), 1.0), 1.0)
    if table.shape[0] == 1 or table.shape[1] == 1:
        return Score(value)
    # Rows drawn twice agree with themselves: only the spread of the replicates is used, not their place.
    error = float(others.std(ddof=1))
    if value < 0.05 or error <= 0:
        return Score(value, value - Z * error, min(value + Z * error, 1.0))
    middle, half = np.log(value / (1 - value)), Z * error / (value * (1 - value))
    return Score(value, float(1 / (1 + np.exp(half - middle))), float(1 / (1 + np.exp(-half - middle))))


def _spoiled(table: Floats, effective: float) -> Floats:
    """Return the table with as many rows astray as may be without one being seen."""
    astray = Z**2 / (effective + Z**2)
    return np.asarray((1 - astray) * table + astray * table.sum() / table.size, np.float64)


def _pairs(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def _adjusted_rand(tables: Floats) -> Floats:
    together = _pairs(tables).sum(axis=(-1, -2))
    first, second = _pairs(tables.sum(axis=-1)).sum(axis=-1), _pairs(tables.sum(axis=-2)).sum(axis=-1)
    every = _pairs(tables.sum(axis=(-1, -2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = first * second / every
        found = (together - chance) / ((first + second) / 2 - chance)
    # One group against one group, or rows all alone on both sides, agree in full.
    return np.asarray(np.where(np.isfinite(found), found, 1.0), np.float64)


def _entropy(counts: Floats) -> Floats:
    share = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1e-300)
    return np.asarray(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1), np.float64)


def _mutual(tables: Floats) -> Floats:
    both = _entropy(tables.reshape(*tables.shape[:-2], -1))
    found: Floats = np.maximum(_entropy(tables.sum(axis=-1)) + _entropy(tables.sum(axis=-2)) - both, 0.0)
    return found


def _homogeneity(tables: Floats) -> Floats:
    whole = _entropy(tables.sum(axis=-2))
    return np.asarray(
        np.where(whole > 1e-12, np.minimum(_mutual(tables) / np.maximum(whole, 1e-12), 1.0), 1.0), np.float64
    )


def _v_measure(tables: Floats) -> Floats:
    first, second = _homogeneity(tables), _homogeneity(np.swapaxes(tables, -1, -2))
    total = first + second
    return np.asarray(np.where(total > 0, 2 * first * second / np.maximum(total, 1e-300), 0.0), np.float64)


def _adjusted_mutual_info(table: Floats) -> Callable[[Floats], Floats]:
    """Return the index with what chance gives for this table's own margins, which hardly move when rows are redrawn."""
    from sklearn.metrics.cluster import expected_mutual_information

    counts = np.rint(table).astype(np.int64)
    chance = float(expected_mutual_information(counts, int(counts.sum()))) if counts.sum() else 0.0

    def index(tables: Floats) -> Floats:
        mean = (_entropy(tables.sum(axis=-1)) + _entropy(tables.sum(axis=-2))) / 2
        room = mean - chance
        plain = np.where(
            np.abs(room) > 1e-12, (_mutual(tables) - chance) / np.where(np.abs(room) > 1e-12, room, 1.0), 1.0
        )
        return np.asarray(np.minimum(plain, 1.0), np.float64)

    return index


def _partners(table: Floats) -> tuple[Ints, Ints]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    return rows, columns


def _matches(table: Floats, names: list[str], effective: float) -> tuple[ClusterMatch, ...]:
    partner = {int(row): names[column] for row, column in zip(*_partners(table), strict=True) if table[row, column] > 0}
    scale = effective / table.sum()
    found = []
    for cluster in np.flatnonzero(table.sum(axis=1)).tolist():
        label = int(table[cluster].argmax())
        hits = float(table[cluster, label])
        purity, coverage = _share(hits, table[cluster].sum(), scale), _share(hits, table[:, label].sum(), scale)
        found.append(ClusterMatch(cluster, names[label], purity, coverage, partner.get(cluster)))
    return tuple(found)


def _share(hits: float, rows: float, scale: float) -> Score:
    low, high = wilson(hits * scale, rows * scale)
    return Score(float(hits / rows), float(low), float(high))

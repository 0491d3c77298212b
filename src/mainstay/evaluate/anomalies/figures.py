"""The parts of the report of an anomaly detection, made from arrays: the run only calls these.

Pure functions: arrays and a frame in, records of ``report_data.py`` out. What a chart draws is in the records, so that
it can be had as a table too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.report_data import Case, Driver, Judged, MemberAgreement, ScoreSpread
from mainstay.evaluate.curves import Curve, falling_steps, thinned
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["alarm_drivers", "judged", "member_agreement", "score_spread", "top_cases"]

_BINS, _TAIL, _ROOM = 60, 0.999, 1.5
_COMPARED = 20_000
_LEAST_PART = 0.1
"""A column with less of a row's oddness is not one that it is odd in."""
_LONG_NUMBER = re.compile(r"-?[0-9]{1,15}\.[0-9]{4,}")
_CELL = 60
"""A raw value is shown up to so many letters."""


def score_spread(
    scores: Floats, flagged: Flags, *, cut: float | None = None, truth: Flags | None = None, bins: int = _BINS
) -> ScoreSpread:
    """Return how scores are spread, with the cut at the edge of a bar.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Rows without one (NaN) are left out.
    flagged : bool array of shape (n,)
    cut : float, optional
        None or infinity where no row is flagged.
    truth : bool array of shape (n,), optional
        Which rows are known to be anomalies.
    bins : int, default 60
        About how many bars.

    Examples
    --------
    >>> found = score_spread(np.array([0.0, 0.5, 1.0, 4.0]), np.array([False, False, False, True]), cut=2.0, bins=4)
    >>> found.edges, found.usual, found.flagged
    ((0.0, 1.0, 2.0, 3.0, 4.0), (2, 1, 0, 0), (0, 0, 0, 1))
    """
    there = None if cut is None or not np.isfinite(cut) else float(cut)
    known = np.isfinite(scores)
    scores, flagged, truth = scores[known], flagged[known], None if truth is None else truth[known]
    if not len(scores):
        return ScoreSpread(edges=(0.0, 1.0), usual=(0,), flagged=(0,), cut=there)
    edges = _edges(scores, there, bins)
    inside = np.clip(scores, edges[0], edges[-1])

    def counted(rows: Flags) -> tuple[int, ...]:
        return tuple(np.histogram(inside[rows], edges)[0].tolist())

    return ScoreSpread(
        edges=tuple(edges.tolist()),
        usual=counted(~flagged),
        flagged=counted(flagged),
        anomalies=() if truth is None else counted(truth),
        cut=there,
        highest=float(scores.max()),
    )


def _edges(scores: Floats, cut: float | None, bins: int) -> Floats:
    """Return edges of bars; a few scores far beyond all others do not squeeze these."""
    low, high = float(scores.min()), float(scores.max())
    # The nearest score, not one between two: what lies between two may be far from both.
    tail = float(np.quantile(scores, _TAIL, method="nearest"))
    wanted = max(tail, cut if cut is not None and cut <= high else low)
    high = max(min(high, low + _ROOM * (wanted - low)), low + 1e-9 * max(1.0, abs(low)))
    width = (high - low) / bins
    if cut is None or not low < cut < high:
        return np.linspace(low, high, bins + 1)
    before, behind = int(np.ceil((cut - low) / width - 1e-9)), int(np.ceil((high - cut) / width - 1e-9))
    return np.asarray(cut + width * np.arange(-before, behind + 1), np.float64)


def top_cases(
    frame: pl.DataFrame,
    scores: Floats,
    p_values: Floats,
    flagged: Flags,
    *,
    levels: Floats | None = None,
    reasons: Sequence[str | None] = (),
    explained: NDArray[np.int64] | None = None,
    shares: Floats | None = None,
    columns: Sequence[str] = (),
    rows: NDArray[np.int64] | None = None,
    labels: Sequence[str] = (),
    most: int = 20,
    named: int = 4,
) -> tuple[Case, ...]:
    """Return the oddest rows with what there is to say of each.

    Parameters
    ----------
    frame : polars.DataFrame of n rows
        As read.
    scores, p_values : float64 array of shape (n,)
    flagged : bool array of shape (n,)
    levels : float64 array of shape (n, members), optional
    reasons : sequence of n str or None
        None or empty where there is none.
    explained : int64 array of shape (f,), optional
        The positions of the rows that ``shares`` is about; best all that are flagged and the ``most`` highest scores.
    shares : float64 array of shape (f, C), optional
        How odd each of these rows is in each column, 0 or more.
    columns : sequence of C str
    rows : int64 array, optional
        The positions to show, in this order; default the ``most`` highest scores, the earlier of equal ones first.
    labels : sequence of n str
        What is known of each row; empty where nothing is.
    most : int, default 20
    named : int, default 4
        Of how many columns the raw values are shown; only of those with a tenth of the row's oddness at least.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"amount": [3, 4980, 7], "country": ["NL", "NG", "NL"]})
    >>> top_cases(frame, np.array([0.1, 4.0, 0.2]), np.array([0.9, 1e-4, 0.7]), np.array([False, True, False]),
    ...           explained=np.array([1]), shares=np.array([[3.0, 1.0]]), columns=("amount", "country"), most=1,
    ... )[0].values
    {'amount': '4980', 'country': 'NG'}
    """
    order = np.lexsort((np.arange(len(scores)), -scores))[:most] if rows is None else rows
    parts = _parts(explained, shares, columns, named)
    found = []
    for row in order.tolist():
        part = parts.get(row, {})
        found.append(
            Case(
                row=row,
                score=float(scores[row]),
                p_value=float(p_values[row]),
                flagged=bool(flagged[row]),
                reason=(reasons[row] or "") if len(reasons) else "",
                levels=() if levels is None else tuple(levels[row].tolist()),
                values={name: _told(frame.get_column(name)[row]) for name in part if name in frame.columns},
                shares=part,
                label=str(labels[row] or "") if len(labels) else "",
            )
        )
    return tuple(found)


def _parts(
    explained: NDArray[np.int64] | None, shares: Floats | None, columns: Sequence[str], named: int
) -> dict[int, dict[str, float]]:
    """Return of each explained row the columns that it is oddest in, each with its part."""
    if explained is None or shares is None:
        return {}
    found = {}
    for row, part in zip(explained.tolist(), _normed(shares), strict=True):
        best = np.argsort(-part, kind="stable")[:named].tolist()
        found[row] = {columns[at]: float(part[at]) for at in best if part[at] >= _LEAST_PART}
    return found


def _normed(shares: Floats) -> Floats:
    """Return shares so that each row sums to 1, or is 0 everywhere where it was."""
    clean = np.clip(np.nan_to_num(np.asarray(shares, np.float64), nan=0.0, posinf=1e300), 0.0, 1e300)
    clean /= np.maximum(clean.max(axis=1, keepdims=True, initial=0.0), 1e-300)
    total = clean.sum(axis=1, keepdims=True)
    return np.asarray(clean / np.where(total > 0, total, 1.0), np.float64)


def _told(value: object) -> str:
    """Return a raw value as it is shown: without a value nothing, long texts cut off."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value) if np.isfinite(value) else str(value)
    text = str(value)
    if _LONG_NUMBER.fullmatch(text):
        return number(float(text))
    return text if len(text) <= _CELL else text[: _CELL - 1] + "\u2026"


def alarm_drivers(shares: Floats, columns: Sequence[str]) -> tuple[Driver, ...]:
    """Return how far each column drives the alarms, the strongest first.

    Parameters
    ----------
    shares : float64 array of shape (f, C)
        How odd each flagged row is in each column, 0 or more. Every row counts the same.
    columns : sequence of C str

    Examples
    --------
    >>> [(one.column, one.share, one.first) for one in alarm_drivers(np.array([[1.0, 3.0], [0.0, 8.0]]), ("a", "b"))]
    [('b', 0.875, 2), ('a', 0.125, 0)]
    """
    parts = _normed(shares)
    parts = parts[parts.any(axis=1)]
    if not len(parts):
        return ()
    mean = parts.mean(axis=0)
    first = np.bincount(parts.argmax(axis=1), minlength=len(columns))
    return tuple(
        Driver(column=columns[at], share=float(mean[at]), first=int(first[at]))
        for at in np.argsort(-mean, kind="stable").tolist()
    )


def member_agreement(
    levels: Floats,
    names: Sequence[str],
    weights: Sequence[float],
    *,
    notes: Sequence[str] = (),
    most: int = _COMPARED,
    seed: int = 0,
) -> MemberAgreement:
    """Return how far members agree: Spearman's rank correlation of each two, ties at their mean rank.

    Parameters
    ----------
    levels : float64 array of shape (n, members)
    names : sequence of str
    weights : sequence of float
    notes : sequence of str
        What the detector has to say of its members.
    most : int, default 20,000
        Of more rows as many are drawn by chance.
    seed : int, default 0

    Examples
    --------
    >>> found = member_agreement(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]), ("knn", "pca"), (0.5, 0.5))
    >>> found.correlation
    ((1.0, -1.0), (-1.0, 1.0))
    """
    from scipy.stats import rankdata

    if levels.shape[1] != len(names):
        raise UsageError(f"levels of {len(names)} members were expected, and {levels.shape[1]} came", where="report")
    kept = levels[np.isfinite(levels).all(axis=1)]
    if len(kept) > most:
        kept = kept[np.sort(np.random.default_rng(seed).choice(len(kept), most, replace=False))]
    ranks = rankdata(kept, axis=0) if len(kept) else np.zeros(kept.shape)
    centred = ranks - ranks.mean(axis=0) if len(ranks) else ranks
    length = np.sqrt(np.square(centred).sum(axis=0))
    products = centred.T @ centred
    matrix = tuple(
        tuple(_ratio(products[one, other], length[one] * length[other]) for other in range(len(names)))
        for one in range(len(names))
    )
    return MemberAgreement(
        names=tuple(names), weights=tuple(float(weight) for weight in weights), correlation=matrix, rows=len(kept),
        notes=tuple(notes),
    )  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return None if whole <= 0 else round(float(np.clip(part / whole, -1.0, 1.0)), 12)


def judged(
    truth: Flags,
    scores: Floats,
    metrics: Mapping[str, Score | Mapping[str, float | None]],
    *,
    capacity: int | None = None,
    used: str = "",
) -> Judged:
    """Return how good scores are, with the curves.

    Parameters
    ----------
    truth : bool array of shape (n,)
        Which rows are anomalies; only rows whose label is known.
    scores : float64 array of shape (n,)
        Of the same rows.
    metrics : mapping of str to Score, or to value, low and high
        What :func:`mainstay.evaluate.anomalies.judge.judge_scores` found.
    capacity : int, optional
        The k of its figures at k.
    used : str
        Whether and how labels were used, where they were.

    Examples
    --------
    >>> found = judged(np.array([False, True, False]), np.array([0.1, 2.0, 0.3]), {"roc_auc": Score(1.0)})
    >>> found.anomalies, found.recall_by_capacity.x, found.recall_by_capacity.y
    (1, (0.0, 1.0, 2.0, 3.0), (0.0, 1.0, 1.0, 1.0))
    """
    made = {name: one if isinstance(one, Score) else Score(**one) for name, one in metrics.items()}
    whole = Judged(metrics=made, rows=len(truth), anomalies=int(truth.sum()), capacity=capacity)
    curves = _curves(np.asarray(truth, np.bool_), scores) if 0 < whole.anomalies < whole.rows else {}
    return Judged(
        metrics=made, rows=whole.rows, anomalies=whole.anomalies, capacity=capacity, used=used or whole.used, **curves
    )


def _curves(truth: Flags, scores: Floats) -> dict[str, Curve]:
    hits, alarms = falling_steps(truth, scores, np.ones(len(scores)))
    precision = hits[1:] / (hits[1:] + alarms[1:])
    points = {
        "roc": (alarms / alarms[-1], hits / hits[-1]),
        "precision_recall": (hits / hits[-1], np.concatenate([precision[:1], precision])),
    }
    made = {name: _curve(*thinned(x, y)) for name, (x, y) in points.items()}
    looked, share = hits + alarms, hits / hits[-1]
    # Evenly along the logarithm: the first rows are those that somebody looks at.
    places = np.searchsorted(looked, np.unique(np.geomspace(1, looked[-1], 200).round()))
    keep = np.unique(np.concatenate([[0], np.minimum(places, len(looked) - 1)]))
    return made | {"recall_by_capacity": _curve(looked[keep], share[keep])}


def _curve(x: Floats, y: Floats) -> Curve:
    return Curve("anomalies", tuple(x.tolist()), tuple(y.tolist()))

"""The conditions that a rule may be made of: cuts that people would write, and levels that are there.

A condition that a person can remember has a round number in it; among all numbers between two neighbouring values the
roundest is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.columns import date_words
from mainstay.evaluate.clusters.records import Condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.evaluate.clusters.columns import ColumnView

    Floats = NDArray[np.float64]

__all__ = ["Candidate", "candidates_of", "fits", "joined", "roundest"]

_MOST, _MOST_CUTS, _LEAST_CUTS = 1_000, 40, 4
_MOST_LEVELS = 40
_GAPS, _WIDE = 3, 0.1
"""How many of the widest gaps get a cut, and from which part of the column's reach on a gap is wide."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A condition on the column at a position, and the side that it bounds: a column takes one of each side."""

    column: int
    side: str
    condition: Condition


def candidates_of(
    views: Sequence[ColumnView], rows: NDArray[np.int64], labels: NDArray[np.int64] | None = None
) -> list[Candidate]:
    """Return the conditions to choose from, with cuts at the quantiles of the given rows.

    With labels, small clusters count as much as large ones in half of the quantiles, so that cuts lie where they are.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> age = ColumnView("age", "number", np.array([18.0, 31.0, np.nan]))
    >>> [found.condition.words for found in candidates_of([age], np.arange(3))]
    ['age > 25', 'age <= 25', 'age is missing']
    """
    cuts = int(np.clip(_MOST // (2 * max(len(views), 1)), _LEAST_CUTS, _MOST_CUTS))
    found: list[Candidate] = []
    for place, view in enumerate(views):
        values = view.values[rows]
        there = np.isfinite(values)
        known = values[there]
        owners = None if labels is None else labels[rows][there]
        found += _cuts(view, place, known, owners, cuts) if view.ranked else _levels(view, place, known)
        if len(known) < len(values):
            found.append(Candidate(place, "missing", _worded(view, Condition(column=view.name, missing=True))))
    return found


def _balanced(labels: NDArray[np.int64] | None, rows: int) -> Floats:
    """Return weights by which half of the total is dealt out by rows and half by clusters."""
    if labels is None or not rows:
        return np.ones(rows)
    sizes = np.bincount(labels)
    weights: Floats = 1 / rows + (1 / (np.maximum(sizes, 1) * (sizes > 0).sum()))[labels]
    return weights


def _cuts(view: ColumnView, place: int, values: Floats, owners: NDArray[np.int64] | None, most: int) -> list[Candidate]:
    edges = np.unique(values)
    if len(edges) < 2:
        return []
    lower = edges[:-1]
    if len(lower) > most:
        weight = _balanced(owners, len(values))
        order = np.argsort(values, kind="stable")
        reached = np.searchsorted(np.cumsum(weight[order]) / weight.sum(), np.arange(1, most + 1) / (most + 1))
        lower = values[order][np.minimum(reached, len(values) - 1)]
        lower = np.unique(np.concatenate([lower, _gaps(edges), _ends(edges, values, owners, most)]))
    lower = lower[lower < edges[-1]]
    upper = edges[np.searchsorted(edges, lower, side="right")]
    found = []
    for low, high in zip(lower.tolist(), upper.tolist(), strict=True):
        cut = low if view.levels else _date(low, high) if view.kind == "datetime" else _between(low, high, edges)
        found += [
            Candidate(place, "above", _worded(view, Condition(column=view.name, above=cut))),
            Candidate(place, "up_to", _worded(view, Condition(column=view.name, up_to=cut))),
        ]
    return found


def _gaps(edges: Floats) -> Floats:
    """Return the values below the widest gaps: where values leave a gap, a cut belongs into it."""
    return edges[:-1][np.argsort(-np.diff(edges), kind="stable")[:_GAPS]]


def _ends(edges: Floats, values: Floats, owners: NDArray[np.int64] | None, most: int) -> Floats:
    """Return the largest value of each cluster, and the last value before its smallest."""
    if owners is None or 2 * len(np.unique(owners)) > most:
        return edges[:0]
    lowest, highest = np.full(owners.max() + 1, np.inf), np.full(owners.max() + 1, -np.inf)
    np.minimum.at(lowest, owners, values)
    np.maximum.at(highest, owners, values)
    seen = np.isfinite(lowest)
    before = np.searchsorted(edges, lowest[seen]) - 1
    return np.concatenate([highest[seen], edges[before[before >= 0]]])


def _between(low: float, high: float, edges: Floats) -> float:
    """Return a round cut: near the middle of a wide gap, so that it holds for other rows too; else anywhere in it."""
    wide = (high - low) > _WIDE * (edges[-1] - edges[0])
    whole = high - low <= 1 and low.is_integer() and high.is_integer()
    quarter = (high - low) / 4
    return roundest(low + quarter, high - quarter) if wide and not whole else roundest(low, high)


def _levels(view: ColumnView, place: int, values: Floats) -> list[Candidate]:
    codes, counts = np.unique(values.astype(np.int64), return_counts=True)
    kept = codes[np.argsort(-counts, kind="stable")][:_MOST_LEVELS]
    return [
        Candidate(place, "levels", _worded(view, Condition(column=view.name, levels=(view.levels[code],))))
        for code in sorted(kept.tolist())
        if code < len(view.levels)
    ]


def joined(view: ColumnView, first: Condition, second: Condition) -> Condition:
    """Return one condition for two on the same column: both bounds, or the levels of both.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> age = ColumnView("age", "number", np.array([18.0, 31.0]))
    >>> joined(age, Condition(column="age", above=20.0), Condition(column="age", up_to=30.0)).words
    'age > 20 and <= 30'
    """
    either = Condition(
        column=first.column,
        above=second.above if first.above is None else first.above,
        up_to=second.up_to if first.up_to is None else first.up_to,
        levels=tuple(level for level in view.levels if level in first.levels + second.levels) if first.levels else (),
        missing=first.missing or second.missing,
    )
    return _worded(view, either)


def fits(view: ColumnView, condition: Condition) -> NDArray[np.bool_]:
    """Return which rows fulfil a condition; a row without a value only where the condition says so."""
    values = view.values
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(values)
        if condition.above is not None:
            inside = inside & (values > condition.above)
        if condition.up_to is not None:
            inside = inside & (values <= condition.up_to)
    if condition.levels:
        inside = inside & np.isin(values, [view.levels.index(level) for level in condition.levels])
    elif condition.missing and condition.above is None and condition.up_to is None:
        return ~np.isfinite(values)
    return np.asarray(inside | ~np.isfinite(values) if condition.missing else inside, np.bool_)


def _worded(view: ColumnView, condition: Condition) -> Condition:
    import msgspec

    told = view.levels or view.kind == "datetime"
    above, up_to = (_told(view, cut) if told and cut is not None else "" for cut in (condition.above, condition.up_to))
    return msgspec.structs.replace(condition, words=_words(view, condition), above_word=above, up_to_word=up_to)


def _words(view: ColumnView, condition: Condition) -> str:
    name = condition.column
    if condition.levels:
        levels = condition.levels
        said = f"{name} is {levels[0]}" if len(levels) == 1 else f"{name} in {{{', '.join(levels)}}}"
    elif condition.above is None and condition.up_to is None:
        return f"{name} is missing"
    else:
        dated = view.kind == "datetime"
        signs = ("after", "up to") if dated else (">", "<=")
        bounds = zip(signs, (condition.above, condition.up_to), strict=True)
        said = f"{name} " + " and ".join(f"{sign} {_told(view, cut)}" for sign, cut in bounds if cut is not None)
    return f"{said} or missing" if condition.missing else said


def _told(view: ColumnView, cut: float) -> str:
    """Return a cut with all its digits: a rule must mean what it says."""
    if view.levels:
        return view.said(cut)
    if view.kind == "datetime":
        days = int(np.ceil(cut)) - 1  # the cut is the end of that day
        return date_words(days)
    return f"{cut:,.0f}" if float(cut).is_integer() and abs(cut) >= 10_000 else f"{cut:.12g}"


def _date(low: float, high: float) -> float:
    """Return the end of a day between two instants: of a year or a month where one ends there."""
    first, last = np.datetime64("1970-01-01") + np.array([np.floor(low) + 1, np.floor(high)]).astype("timedelta64[D]")
    if last < first:
        return low
    for unit in ("Y", "M"):
        turn = last.astype(f"datetime64[{unit}]").astype("datetime64[D]")
        if turn >= first:
            return float((turn - np.datetime64("1970-01-01")).astype(np.int64)) - 1e-4
    return float((first - np.datetime64("1970-01-01")).astype(np.int64)) - 1e-4


def roundest(low: float, high: float) -> float:
    """Return the number of fewest digits that is at least ``low`` and below ``high``; the nearest to their middle.

    Examples
    --------
    >>> roundest(68.3, 71.9), roundest(3.0, 4.0), roundest(0.1234, 0.1256), roundest(-2.0, 3.0)
    (70.0, 3.0, 0.125, 0.0)
    """
    if low <= 0 < high:
        return 0.0
    middle = (low + high) / 2
    top = int(np.floor(np.log10(max(abs(low), abs(high)))))
    for power in range(top + 1, top - 17, -1):
        for step in (5.0 * 10.0**power, 10.0**power):
            guess = float(f"{round(middle / step) * step:.15g}")
            for cut in (
                guess,
                float(f"{np.floor(middle / step) * step:.15g}"),
                float(f"{np.ceil(middle / step) * step:.15g}"),
            ):
                if low <= cut < high:
                    return cut
    return low

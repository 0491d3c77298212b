"""What sets each cluster apart, column by column: effects with intervals, in the column's own units.

A column counts as telling only where its effect is surely more than negligible, with all columns of the cluster taken
into account, so that noise is not read as a trait. The intervals hold for these clusters as they are: clusters were
made to differ in the columns that they were made from, so no test of "any difference" would mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.evaluate.clusters.columns import shortest
from mainstay.evaluate.clusters.effects import folded, ranked_effects, share_effects
from mainstay.evaluate.clusters.records import Contrast, LevelContrast, Spread
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.words import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.evaluate.clusters.columns import ColumnView
    from mainstay.evaluate.clusters.effects import Effects
    from mainstay.evaluate.clusters.records import Aspect

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["contrasts_of"]

_BINS = 256
_NEGLIGIBLE, _NEGLIGIBLE_SHARE = 0.147, 0.1
"""Cliff's delta below 0.147 is negligible by the usual reading (Romano et al. 2006); of shares, ten points."""
_CLEARER = 0.1
"""By how much the distance from the middle must tell more than high and low."""
_LEVELS = 5
_QUARTERS = (0.25, 0.5, 0.75)


def contrasts_of(views: Sequence[ColumnView], labels: Ints, sizes: Ints) -> list[tuple[Contrast, ...]]:
    """Return for each cluster how it differs from all other rows in each column, what tells most first.

    Parameters
    ----------
    views : sequence of ColumnView
        The columns, n rows each.
    labels : int64 array of shape (n,)
        The cluster of each row of the sample.
    sizes : int64 array of shape (clusters,)
        The sizes of the clusters in the whole table.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> income = ColumnView("income", "number", np.arange(100.0))
    >>> found = contrasts_of([income], np.repeat([0, 1], 50), np.array([50, 50]))
    >>> found[1][0].aspect, found[1][0].words
    ('high', 'high income: half of the rows from 62.25 to 86.75, elsewhere from 12 to 37')
    """
    strict = _strict(len(views))
    columns = [_of_column(view, labels, sizes.astype(np.float64), strict) for view in views]
    return [tuple(sorted(found, key=_strength)) for found in zip(*columns, strict=True)] or [()] * len(sizes)


def _strict(columns: int) -> float:
    """Return the reach at which 5 % hold for all columns of a cluster together (two aspects each)."""
    from scipy.special import ndtri  # scipy.stats takes a second to load

    return float(-ndtri(0.025 / max(2 * columns, 1)))


def _strength(contrast: Contrast) -> tuple[bool, float]:
    return not contrast.tells, -abs(contrast.effect.value or 0.0)


def _of_column(view: ColumnView, labels: Ints, sizes: Floats, strict: float) -> list[Contrast]:
    known = np.isfinite(view.values)
    here = np.stack([np.bincount(labels[mask], minlength=len(sizes)) for mask in (known, ~known)], axis=1)
    present = sizes * here[:, 0] / np.maximum(here.sum(axis=1), 1)
    describe = _ranked if view.ranked else _levels
    found = describe(view, labels, present, strict)
    if known.all():
        return found
    inside, outside, effects = share_effects(here.astype(np.float64), sizes, strict)
    absent = effects[1].beyond(_NEGLIGIBLE_SHARE)
    return [
        _with_missing(contrast, effects[1], place, (inside[place, 1], outside[place, 1], bool(absent[place])))
        for place, contrast in enumerate(found)
    ]


def _with_missing(contrast: Contrast, effects: Effects, place: int, missing: tuple[float, float, bool]) -> Contrast:
    """Add the shares of missing values; where they tell more than the values do, they are the trait."""
    import msgspec

    inside, outside, tells = missing
    shares = {"missing_inside": _share(inside), "missing_outside": _share(outside)}
    effect = _score(effects, place)
    if not tells or (contrast.tells and abs(contrast.effect.value or 0.0) >= abs(effect.value or 0.0)):
        return msgspec.structs.replace(contrast, **shares)
    words = f"{contrast.column} is missing in {percent(shares['missing_inside'])} of the rows"
    words += f", elsewhere in {percent(shares['missing_outside'])}"
    aspect = "absent" if (effect.value or 0.0) > 0 else "present"
    return msgspec.structs.replace(contrast, aspect=aspect, effect=effect, tells=True, words=words, level="", **shares)


def _ranked(view: ColumnView, labels: Ints, sizes: Floats, strict: float) -> list[Contrast]:
    counts, edges = _binned(view.values, labels, len(sizes))
    plain = ranked_effects(counts, sizes, strict)
    away = ranked_effects(folded(counts, sizes), sizes, strict)
    rest = _rest(counts, sizes)
    quartiles = _quartiles(view, labels, rest, edges)
    with np.errstate(invalid="ignore"):
        use_away = away.beyond(_NEGLIGIBLE) & (np.abs(away.value) > np.abs(plain.value) + _CLEARER)
        use_away &= np.where(away.value > 0, _at_both_ends(*quartiles), _inside(*quartiles, edges))
    tells = np.where(use_away, True, plain.beyond(_NEGLIGIBLE))
    found = []
    for place in range(len(sizes)):
        inside, outside = (_spread(view, side[place]) for side in quartiles)
        effect = _score(away if use_away[place] else plain, place)
        rising = (effect.value or 0.0) > 0
        aspect: Aspect = ("extreme" if rising else "middle") if use_away[place] else ("high" if rising else "low")
        words = _ranked_words(view, aspect, inside, outside)
        if inside is not None and outside is not None and _reach(inside) == _reach(outside):
            words = _cut_words(view, aspect, edges, (counts[place], rest[place]))
        found.append(
            Contrast(
                column=view.name, kind=view.kind, aspect=aspect, effect=effect, tells=bool(tells[place]),
                words=words, inside=inside, outside=outside,
            )
        )  # fmt: skip
    return found


def _inside(inside: Floats, outside: Floats, edges: Floats) -> NDArray[np.bool_]:
    """Return which clusters have their middle inside the middle half of the others, and not at an end of the column."""
    middle = inside[:, 1]
    central = (outside[:, 0] < middle) & (middle < outside[:, 2])
    return np.asarray(central & (middle > edges[0]) & (middle < edges[-1]), np.bool_)


def _at_both_ends(inside: Floats, outside: Floats) -> NDArray[np.bool_]:
    """Return which clusters reach beyond the middle half of the others on both sides."""
    return np.asarray((inside[:, 0] <= outside[:, 0]) & (inside[:, 2] >= outside[:, 2]), np.bool_)


def _binned(values: Floats, labels: Ints, clusters: int) -> tuple[Floats, Floats]:
    """Return the rows of each cluster in each bin, and the largest value of each bin."""
    known = np.isfinite(values)
    amounts = values[known]
    edges = np.unique(amounts)
    if len(edges) > _BINS:
        edges = np.unique(np.quantile(amounts, np.arange(1, _BINS + 1) / _BINS, method="inverted_cdf"))
    if not len(edges):
        return np.zeros((clusters, 1)), np.array([np.nan])
    place = labels[known] * len(edges) + np.searchsorted(edges, amounts)
    counts = np.bincount(place, minlength=clusters * len(edges)).reshape(clusters, len(edges))
    return counts.astype(np.float64), edges


def _rest(counts: Floats, sizes: Floats) -> Floats:
    """Return for each cluster how many rows of the others are in each bin."""
    per_row = sizes / np.maximum(counts.sum(axis=1), 1)
    return np.asarray(np.maximum(per_row @ counts - per_row[:, None] * counts, 0.0), np.float64)


def _quartiles(view: ColumnView, labels: Ints, rest: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Return the quartiles inside each cluster, exact in the sample, and outside, to a bin; NaN where no row is."""
    inside, outside = (np.full((len(rest), 3), np.nan) for _ in range(2))
    for cluster, others in enumerate(rest):
        mine = view.values[(labels == cluster) & np.isfinite(view.values)]
        if len(mine):
            inside[cluster] = np.quantile(mine, _QUARTERS, method=_method(view))
        if others.sum() > 1e-9:
            reached = np.searchsorted(np.cumsum(others) / others.sum(), _QUARTERS)
            outside[cluster] = edges[np.minimum(reached, len(edges) - 1)]
    return inside, outside


def _method(view: ColumnView) -> Literal["inverted_cdf", "linear"]:
    return "inverted_cdf" if view.levels or view.kind == "datetime" else "linear"


def _spread(view: ColumnView, quartiles: Floats) -> Spread | None:
    if not np.isfinite(quartiles).all():
        return None
    low, middle, high = (view.said(float(value)) for value in quartiles)
    plain = view.levels or view.kind == "datetime"
    first, second, third = (shortest(float(value)) for value in quartiles)
    return Spread(low, middle, high, None if plain else (first, second, third))


def _ranked_words(view: ColumnView, aspect: Aspect, inside: Spread | None, outside: Spread | None) -> str:
    if inside is None:
        return f"no {view.name}"
    told = _ADJECTIVES[view.kind == "datetime"][aspect]
    here = f"{told} {view.name}: half of the rows {_reach(inside)}"
    return here if outside is None else f"{here}, elsewhere {_reach(outside)}"


def _cut_words(view: ColumnView, aspect: Aspect, edges: Floats, counts: tuple[Floats, Floats]) -> str:
    """Say where quartiles are alike how many rows lie beyond the value at which both sides differ most."""
    inside, outside = (np.cumsum(side) / max(float(side.sum()), 1e-9) for side in counts)
    if len(edges) < 2:
        return f"{view.name} is alike everywhere"
    at = int(np.abs(inside - outside)[:-1].argmax())
    below = inside[at] > outside[at]
    shares = [float(side[at]) if below else float(1 - side[at]) for side in (inside, outside)]
    sign = "up to" if below else "after" if view.kind == "datetime" else "above"
    told = _ADJECTIVES[view.kind == "datetime"][aspect]
    here = f"{told} {view.name}: {sign} {view.said(float(edges[at]))} in {percent(shares[0])} of the rows"
    return f"{here}, elsewhere in {percent(shares[1])}"


_ADJECTIVES: tuple[dict[str, str], ...] = (
    {"high": "high", "low": "low", "middle": "middling", "extreme": "very high or very low"},
    {"high": "late", "low": "early", "middle": "middling", "extreme": "very early or very late"},
)


def _reach(spread: Spread) -> str:
    return f"at {spread.low}" if spread.low == spread.high else f"from {spread.low} to {spread.high}"


def _levels(view: ColumnView, labels: Ints, sizes: Floats, strict: float) -> list[Contrast]:
    known = np.isfinite(view.values)
    width = max(len(view.levels), 1)
    place = labels[known] * width + view.values[known].astype(np.int64)
    counts = np.bincount(place, minlength=len(sizes) * width).reshape(len(sizes), width).astype(np.float64)
    inside, outside, effects = share_effects(counts, sizes, strict)
    beyond = np.stack([effect.beyond(_NEGLIGIBLE_SHARE) for effect in effects], axis=1)
    overall = (sizes @ np.nan_to_num(inside)) / max(float(sizes.sum()), 1.0)
    found = []
    for cluster in range(len(sizes)):
        difference = np.nan_to_num(inside[cluster] - outside[cluster])
        order = np.lexsort((-difference, -np.round(np.abs(difference), 12)))[:_LEVELS]
        levels = tuple(
            LevelContrast(
                view.levels[level], _share(inside[cluster, level]), _share(outside[cluster, level]),
                _score(effects[level], cluster),
                float(inside[cluster, level] / overall[level]) if overall[level] > 0 and sizes[cluster] else None,
            )
            for level in order if level < len(view.levels)
        )  # fmt: skip
        found.append(_level_contrast(view, levels, bool(beyond[cluster, order[0]])))
    return found


def _level_contrast(view: ColumnView, levels: tuple[LevelContrast, ...], tells: bool) -> Contrast:
    if not levels:
        return Contrast(
            column=view.name, kind=view.kind, aspect="mostly", effect=Score(None), tells=False, words=f"no {view.name}"
        )
    first = levels[0]
    words = f"{view.name} is {first.level} in {percent(first.inside)} of the rows"
    if first.difference.value is not None:
        words += f", elsewhere in {percent(first.outside)}"
    return Contrast(
        column=view.name, kind=view.kind, aspect="mostly" if (first.difference.value or 0.0) >= 0 else "rarely",
        effect=first.difference, tells=tells, words=words, level=first.level, levels=levels,
    )  # fmt: skip


def _score(effects: Effects, place: int) -> Score:
    value, low, high = (float(part[place]) for part in (effects.value, effects.low, effects.high))
    if not np.isfinite(value):
        return Score(None)
    return Score(value, min(low, value), max(high, value)) if np.isfinite([low, high]).all() else Score(value)


def _share(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0

"""How far usual rows reach, estimated from rows among which anomalies are: the middle is seen, the tail carried on.

An empirical null (Efron 2004, doi:10.1198/016214504000000089) for one-sided scores. What is odd beyond the middle may
be a usual row or an anomaly. Of each member a curve is laid through the scores from the median to the 85 % point and
carried on, with caution: a tail that is too light makes false alarms and one that is too heavy only silence. The
members' levels are averaged, and the same is done once more with the average, which knows how the members agree. That
begins without the oddest tenth. Rows that are then found are left out, and all is estimated again from the others,
whose own tail now counts as well, until the same rows are found: anomalies that lie apart stay out, and a tail that is
merely long comes back and is believed.

No far extrapolation is believed: no member's beyond 1e-6 (1e-4 where more than a twentieth of the rows would be found),
so that one that sees a row very far off cannot flag it alone; that of the average is as heavy as a Pareto tail where
the rows say so; and no p-value is below that of a row which ten such tables hold once. A wide gap needs no curve: few
rows that all lie many times as far as the next one are apart under any tail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.alarms import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["usual_tail"]

_START, _END = 0.5, 0.85
"""The part of the scores that a tail is carried on from: few anomalies have such scores, and usual rows many."""
_TRIPLES = ((0.5, 0.7, 0.85), (0.4, 0.65, 0.85), (0.3, 0.6, 0.85))
"""Shares of rows between which it is seen how the curve bends."""
_FIRST = 0.01
_BENDS = np.linspace(-1.0, 3.0, 81)
_CAUTION, _MOST_BEND = 10.0, 0.75
"""So much over the root of the rows is taken off the bend; 1 is an exponential tail, 0 one like Pareto's."""
_FURTHER, _LEAST_BEYOND = (0.95, 0.98), 10
"""Shares of rows at which a tail must not have fallen faster than the rows themselves, with so many rows beyond."""
_RATE, _ROUNDS, _BEGUN_WITHOUT, _MOST_LEFT_OUT = 0.1, 12, 0.1, 0.125
"""More than an eighth of the rows apart is another kind of usual rows: nothing tells it from that."""
_POINTS, _HUGE = 200, 1e100

_ONE_MEMBER, _OF_MANY, _MANY_FOUND = float(np.log(1e-6)), float(np.log(1e-4)), 0.05
"""The least p-value that one member may say, and the stricter one where more than a twentieth of the rows is found: a
value that few rows have, such as an amount that is mostly 0, sets as many rows apart for one member, not for all."""
_PARETO = ((0.7, 0.95), (0.8, 0.97), (0.9, 0.98))
"""Between these shares of rows the shape of a Pareto tail is looked for; the most cautious of them counts."""
_LEAST_BETWEEN = 30
_SHAPES = np.linspace(0.0, 1.5, 61)
_INDEX = 1.5
_ROWS_EXPECTED = 0.1
"""No p-value is below this over the rows: with n usual rows nothing beyond 1 / n can be seen, and ten times further is
as far as a curve is believed. One row can then still be flagged alone at fdr=0.1; at smaller rates it takes several."""


def usual_tail(scores: Doubles, members: Doubles, weights: Doubles) -> Calibration:
    """Return the p-values of usual rows, as lines between points.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Of all rows, finite.
    members : float64 array of shape (n, m)
        The raw scores of the members; higher is odder.
    weights : float64 array of shape (m,)

    Returns
    -------
    Calibration
        Up to the 85 % point p-values are shares of rows; none is below 0.1 / n (``benchmarks/false_alarms.py``).

    Examples
    --------
    >>> from mainstay.evaluate.anomalies.alarm import benjamini_hochberg
    >>> generator = np.random.default_rng(0)
    >>> scores = np.concatenate([generator.exponential(size=2000), generator.uniform(25, 30, 40)])
    >>> p_values = usual_tail(scores, scores[:, None], np.ones(1)).of(scores)
    >>> flags = benjamini_hochberg(p_values, 0.1)
    >>> int(flags[:2000].sum()), int(flags[2000:].sum())
    (2, 40)
    """
    heights = _settled(scores, members, weights, _ONE_MEMBER)
    if _discoveries(heights).mean() > _MANY_FOUND:
        heights = _settled(scores, members, weights, _OF_MANY)
    if _discoveries(heights).mean() > _MOST_LEFT_OUT:
        heights = np.maximum(heights, np.log(np.searchsorted(np.sort(heights), heights, side="right") / len(heights)))
    heights = np.minimum(heights, _set_apart(members, weights))
    return _points(scores, heights, ~_discoveries(heights))


def _set_apart(members: Doubles, weights: Doubles) -> Doubles:
    """Return the logarithm of a p-value for the rows beyond a gap, 0 for the others.

    Where the k oddest rows are all r times as far as the next one, usual rows with a tail like Pareto's of index a
    would do that with probability r^(-a k) (Rényi 1953, doi:10.1007/BF02127580). An index of 1.5 is cautious: no
    variance. Every k is looked at, so each has its part of the error, 1 / (k (k + 1)); r is 2 at least, for many rows
    that are only a little apart are another kind of usual ones.
    """
    reach = _reach(members, weights)
    order = np.argsort(-reach, kind="stable")
    falling = reach[order]
    most = int(_MOST_LEFT_OUT * len(reach))
    k = np.arange(1, most + 1)
    heights = np.zeros(len(reach))
    if not most:
        return heights
    gap = falling[:most] - falling[1 : most + 1]
    error = np.where(gap >= np.log(2.0), np.log(k * (k + 1.0)) - _INDEX * k * gap, 0.0)
    best = int(np.argmin(error))
    if error[best] <= np.log(_RATE):
        heights[order[: best + 1]] = error[best] + np.log((best + 1) / len(reach))
    return heights


def _reach(members: Doubles, weights: Doubles) -> Doubles:
    """Return the logarithm of how far each row is, in units of how far many rows are.

    The members' mean, without the one that finds the row farthest: one alone sets no row apart from others.
    """
    parts, counted = np.zeros(members.shape), np.where(weights > 0, weights, 0.0)
    for at, raw in enumerate(np.clip(members, -_HUGE, _HUGE).T):
        first, end = np.quantile(raw, [_FIRST, _END])
        if end > first:
            parts[:, at] = counted[at] * np.log(np.maximum((raw - first) / (end - first), 1.0))
        else:
            counted[at] = 0.0
    if np.count_nonzero(counted) < 2:
        return np.asarray(parts.sum(axis=1) / max(counted.sum(), 1e-300), np.float64)
    most = parts.argmax(axis=1)
    rest = counted.sum() - counted[most]
    return np.asarray((parts.sum(axis=1) - parts.max(axis=1)) / np.maximum(rest, 1e-300), np.float64)


def _settled(scores: Doubles, members: Doubles, weights: Doubles, least: float) -> Doubles:
    """Return the logarithm of each row's p-value, when the rows left out are those that are found."""
    usual = scores <= np.quantile(scores, 1.0 - _BEGUN_WITHOUT)
    heights = _straight(_blended(members, weights, usual, (), least), usual, ())
    for _ in range(_ROUNDS):
        found = _discoveries(heights)
        if found.sum() > _MOST_LEFT_OUT * len(scores):
            found[:] = False
        if (found == ~usual).all():
            break
        usual = ~found
        blend = _blended(members, weights, usual, _FURTHER, least)
        heights = np.maximum(_straight(blend, usual, _FURTHER), _pareto(blend, np.sort(blend[usual])))
    return heights


def _discoveries(heights: Doubles) -> Flags:
    """Return what Benjamini and Hochberg find, from logarithms of p-values."""
    rising = np.sort(heights)
    passing = np.flatnonzero(rising <= np.log(_RATE * np.arange(1, len(rising) + 1) / len(rising)))
    return np.asarray(heights <= (rising[passing[-1]] if len(passing) else -np.inf), np.bool_)


def _blended(members: Doubles, weights: Doubles, usual: Flags, further: tuple[float, ...], least: float) -> Doubles:
    """Return how odd the members find each row: the mean of the negative logarithms of their p-values."""
    blend = np.zeros(len(members))
    for raw, weight in zip(np.clip(members, -_HUGE, _HUGE).T, (weights / weights.sum()).tolist(), strict=True):
        if weight > 0:
            blend -= weight * np.maximum(_carried_on(raw, usual, further), least)
    return blend


def _straight(blend: Doubles, usual: Flags, further: tuple[float, ...]) -> Doubles:
    return _carried_on(blend, usual, further, bend=1.0)


def _pareto(blend: Doubles, known: Doubles) -> Doubles:
    """Return the logarithm of the p-values after a generalised Pareto tail (Pickands 1975, doi:10.1214/aos/1176343003).

    Its shape is that of the rows between two shares, and a standard error more.
    """
    heights = np.full(len(blend), -np.inf)
    for low, high in _PARETO:
        start = _quantile(known, low)
        shares = np.geomspace(1.0 - low, 1.0 - high, 12)[1:]
        beyond = np.array([_quantile(known, 1.0 - share) for share in shares]) - start
        if beyond[-1] <= 0 or len(known) * (high - low) < _LEAST_BETWEEN:
            continue
        ratios = np.log((1.0 - low) / shares)
        errors = [_misfit(_grown(ratios, shape), beyond) for shape in _SHAPES.tolist()]
        shape = float(_SHAPES[int(np.argmin(errors))]) + 1.0 / np.sqrt(len(known) * (high - low))
        scale = beyond[-1] / _grown(ratios[-1:], shape)[0]
        tail = np.log(1.0 - low) - np.log1p(shape * np.maximum(blend - start, 0.0) / scale) / shape
        heights = np.maximum(heights, np.where(blend > start, tail, -np.inf))
    return heights


def _grown(logarithms: Doubles, shape: float) -> Doubles:
    """Return how far a Pareto tail of scale 1 reaches where so much, in logarithms, is left of it."""
    return np.asarray(np.expm1(shape * logarithms) / shape if shape > 0 else logarithms, np.float64)


def _misfit(grown: Doubles, beyond: Doubles) -> float:
    scale = (grown @ beyond) / (grown @ grown)
    return float(((beyond - scale * grown) ** 2).sum())


def _carried_on(raw: Doubles, usual: Flags, further: tuple[float, ...], bend: float | None = None) -> Doubles:
    """Return the logarithm of the share of usual rows that are at least as odd, the tail carried on."""
    known = np.sort(raw[usual])
    beyond = (len(known) - np.searchsorted(known, raw, side="left")) / len(known)
    seen = np.log(np.maximum(beyond, 0.5 / len(known)))
    spread = known if _quantile(known, _END) > _quantile(known, _START) else np.unique(known)
    first, start, end = (_quantile(spread, share) for share in (_FIRST, _START, _END))
    if not first <= start < end:
        return seen
    amounts = (spread - first) / (end - first)
    if bend is None:
        bend = float(np.clip(_bend(amounts) - _CAUTION / np.sqrt(len(known)), 0.0, _MOST_BEND))
    slope = _slope(amounts, bend, further)
    tail = np.log(1.0 - _END) - slope * _bent(np.maximum((raw - first) / (end - first), 1.0), bend)
    return np.where(raw > end, tail, np.maximum(seen, np.log(1.0 - _END)))


def _slope(amounts: Doubles, bend: float, further: tuple[float, ...]) -> float:
    """Return how fast the tail falls from the end of the middle on: as it did there, or slower if the rows do."""
    slope = np.log((1.0 - _START) / (1.0 - _END)) / -_bent(max(_quantile(amounts, _START), 1e-9), bend)
    for share in further:
        reach = _bent(_quantile(amounts, share), bend)
        if len(amounts) * (1.0 - share) >= _LEAST_BEYOND and reach > 0:
            slope = min(slope, np.log((1.0 - _END) / (1.0 - share)) / reach)
    return float(slope)


def _quantile(rising: Doubles, share: float) -> float:
    return float(rising[min(int(share * len(rising)), len(rising) - 1)])


def _bent(amounts: Doubles | float, bend: float) -> Doubles:
    """Return the power transformation of Box and Cox: the logarithm at 0, straight at 1."""
    logarithm = np.log(amounts)
    return np.asarray(logarithm if abs(bend) < 1e-6 else np.expm1(np.minimum(bend * logarithm, 700.0)) / bend)


def _bend(amounts: Doubles) -> float:
    """Return the power after which rising amounts have an exponential tail, as far as the middle tells."""
    found = []
    for low, middle, high in _TRIPLES:
        first, second, third = (_quantile(amounts, share) for share in (low, middle, high))
        if not 0 < first < second < third:
            continue
        wanted = np.log((1 - middle) / (1 - high)) / np.log((1 - low) / (1 - middle))
        powers = np.where(np.abs(_BENDS) < 1e-6, 1e-6, _BENDS)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # points that are all but equal bend anyhow
            ratio = ((third / second) ** powers - 1.0) / (1.0 - (first / second) ** powers)
        misses = np.abs(np.log(np.clip(np.nan_to_num(ratio, nan=1e300), 1e-300, 1e300) / wanted))
        found.append(float(_BENDS[np.argmin(misses)]))
    return float(np.mean(found)) if found else 0.0


def _points(scores: Doubles, heights: Doubles, usual: Flags) -> Calibration:
    """Return the lines: the shares of rows in the middle, a falling fit of the tail beyond it.

    A score that is blended of ranks may set a row that is not odd by its distances above some that are. So p is never
    below the share of such rows with scores as high: where they stand among the odd ones, these are not told apart.
    """
    levels, counts = np.unique(scores, return_counts=True)
    if len(levels) == 1:
        return Calibration(kind="tail", scores=(float(levels[0]),), p_values=(1.0,), rows=len(scores))
    shares = np.log((len(scores) - np.cumsum(counts) + counts) / len(scores))
    among = np.sort(scores[usual])
    above = (len(among) - np.searchsorted(among, levels, side="left")) / max(len(among), 1)
    fitted = np.maximum(_falling(scores, heights, levels), np.log(np.maximum(above, 1e-300)))
    edge = np.log(1.0 - _END)
    known = np.where(shares >= edge, shares, np.minimum(fitted, edge))
    floor = float(np.log(_ROWS_EXPECTED * (1.0 - 1e-9) / len(scores)))
    known = np.maximum(np.minimum.accumulate(known), floor)
    kept = _kept(known)
    levels, known = _carried_to(floor, levels[kept], known[kept])
    return Calibration(
        kind="tail", scores=tuple(levels.tolist()), p_values=tuple(np.exp(known).tolist()), rows=len(scores)
    )


def _carried_to(floor: float, levels: Doubles, known: Doubles) -> tuple[Doubles, Doubles]:
    """Return the lines with what comes beyond the oddest row: p falls as it did over the tail, then no more.

    The last two rows alone would be chance.
    """
    start = min(int(np.searchsorted(-known, -np.log(1.0 - _END))), len(known) - 2)
    rise, fall = levels[-1] - levels[start], known[start] - known[-1]
    further = rise * (known[-1] - floor) / fall if fall > 0 else 0.0
    for step, height in ((further, floor), (rise, floor if fall > 0 else known[-1])):
        if levels[-1] + step > levels[-1]:
            levels, known = np.append(levels, levels[-1] + step), np.append(known, height)
    return levels, known


def _falling(scores: Doubles, heights: Doubles, levels: Doubles) -> Doubles:
    """Return the heights as the falling function of the score that fits them best."""
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(scores, heights)
    return np.asarray(fit.predict(levels), np.float64)


def _kept(heights: Doubles) -> NDArray[np.int64]:
    """Return the positions of the points to keep: even in rank and in height, both ends among them."""
    if len(heights) <= _POINTS:
        return np.arange(len(heights))
    by_rank = np.linspace(0, len(heights) - 1, _POINTS // 2).astype(np.int64)
    by_height = np.searchsorted(-heights, np.linspace(-heights[0], -heights[-1], _POINTS))
    return np.unique(np.concatenate([by_rank, by_height]).clip(0, len(heights) - 1)).astype(np.int64)

"""Finds columns that were computed from the target of all rows: means by level, and values of later rows.

Both leave exact traces. A mean of the target by level is nearer to the mean that is seen here than chance allows for
anything that was known beforehand; a column of later rows' targets is told without a rest by the rows that follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_solo import auc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["judge_encoded", "judge_later", "judge_left_out"]

_LEAST_LEVELS = 8
_LEAST_ROWS_OF_LEVEL = 2
_BY_CHANCE = 1e-5
_BETWEEN = 0.9
_LAGS = 6
_EXACT = 0.9999


def judge_encoded(numbers: Mapping[str, Floats], target: Floats, classes: int) -> tuple[Finding, ...]:
    """Return findings on columns that are means of the target of their own rows.

    For each value of a column the mean of the target is held against a straight line over the values. Were the column
    known beforehand, the squared distances in standard errors would add up to chi-square with two degrees fewer than
    values (or more); a sum as small as comes about once in 100,000 times means that the rows themselves were used.

    Parameters
    ----------
    numbers : mapping from column to float64 array of shape (n,)
    target : float64 array of shape (n,)
        Class codes or amounts; NaN where it is missing or not to be seen.
    classes : int
        0 for amounts; of more than two classes each is tried.
    """
    found = []
    seen = np.isfinite(target)
    goals = [target] if classes <= 2 else [np.where(seen, target == place, np.nan) for place in range(min(classes, 6))]
    for name, values in numbers.items():
        for goal in goals:
            evidence = _closeness(values, goal)
            if evidence is not None:
                message = (
                    f"is the mean of the target over the rows of the same value: {evidence[0]:,} means agree with it "
                    f"{evidence[1]:.0f} times as closely as chance allows for what was known before"
                )
                advice = (
                    "It was computed from the rows that it is to predict: leave it out, or compute it within folds."
                )
                found.append(
                    Finding(severity="warning", code="leak.encoded", column=name, message=message, advice=advice)
                )
                break
    return tuple(found)


def _encoded(column: str, message: str) -> Finding:
    return Finding(
        severity="warning",
        code="leak.encoded",
        column=column,
        message=message,
        advice="It was computed from the rows that it is to predict: leave it out, or compute it within folds.",
    )


def _closeness(values: Floats, target: Floats) -> tuple[int, float] | None:
    from scipy.stats import chi2

    rows = np.isfinite(values) & np.isfinite(target)
    if rows.sum() < 100:
        return None
    places, counts = np.unique(values[rows], return_inverse=True, return_counts=True)[1:]
    if not (counts >= _LEAST_ROWS_OF_LEVEL).sum() >= _LEAST_LEVELS or len(counts) > 0.7 * rows.sum():
        return None
    goal = target[rows]
    means = np.bincount(places, goal) / counts
    used = counts >= _LEAST_ROWS_OF_LEVEL
    free = int(counts[used].sum() - used.sum())
    rest = float(((goal - means[places]) ** 2)[used[places]].sum() / max(free, 1))
    if rest <= 0:
        return None
    level = np.unique(values[rows])[used]
    weight = counts[used] / rest
    slope, cut = np.polyfit(level, means[used], 1, w=np.sqrt(weight))
    if slope == 0 or np.corrcoef(level, means[used])[0, 1] < 0.5:
        return None
    distance = float((weight * (means[used] - cut - slope * level) ** 2).sum())
    degrees = int(used.sum()) - 2
    if chi2.cdf(distance, degrees) > _BY_CHANCE:
        return None
    return int(used.sum()), float(np.sqrt(degrees / max(distance, 1e-9 * degrees)))


def judge_left_out(numbers: Mapping[str, Floats], codes: Mapping[str, NDArray[np.int64]], target: Floats,
                   classes: int) -> tuple[Finding, ...]:  # fmt: skip
    """Return findings on means by level that leave out the row itself: within a level they tell the target exactly.

    Such a column is nearly constant within the levels of a category, and what is left falls where the target is high.
    """
    found = []
    seen = np.isfinite(target)
    if classes > 2 or seen.sum() < 100:
        return ()
    high = target[seen] > (0.5 if classes else np.median(target[seen]))
    for name, values in numbers.items():
        for by, groups in codes.items():
            rest = _within(values[seen], groups[seen])
            if rest is None:
                continue
            area = auc(high[rest != 0], rest[rest != 0])
            if max(area, 1 - area) >= 0.995 and (rest != 0).mean() > 0.5 and high[rest != 0].sum() > 10:
                message = (
                    f"is a mean over the other rows of the same {by!r}: within one of its levels it tells the target "
                    f"(ROC-AUC {max(area, 1 - area):.4g})"
                )
                advice = "It was computed from the target: leave it out, or compute it within folds."
                found.append(
                    Finding(severity="warning", code="leak.encoded", column=name, message=message, advice=advice)
                )
                break
    return tuple(found)


def _within(values: Floats, groups: NDArray[np.int64]) -> Floats | None:
    """Return the distance from the mean of the group; None where groups do not make the values."""
    rows = (groups >= 0) & np.isfinite(values)
    spread = values[rows].var() if rows.sum() > 50 else 0.0
    if rows.mean() < 0.8 or spread == 0 or len(np.unique(values[rows])) < 10:
        return None
    counts = np.bincount(groups[rows])
    means = np.bincount(groups[rows], values[rows]) / np.maximum(counts, 1)
    rest = np.zeros(len(values))
    rest[rows] = values[rows] - means[groups[rows]]
    rest[np.abs(rest) < 1e-9 * np.sqrt(spread)] = 0.0
    if not 0 < (rest[rows] ** 2).mean() < (1 - _BETWEEN) * spread or (counts > 1).sum() < 5:
        return None
    return rest


def judge_later(numbers: Mapping[str, Floats], target: Floats, order: NDArray[np.int64]) -> tuple[Finding, ...]:
    """Return findings on columns that hold the targets of later rows, or means or sums of them.

    Parameters
    ----------
    numbers : mapping from column to float64 array of shape (n,)
    target : float64 array of shape (n,)
        NaN where it is missing or not to be seen.
    order : int64 array
        The rows in the order of time.
    """
    goal = target[order]
    lags = list(range(-_LAGS, _LAGS + 1))
    inner = slice(_LAGS, len(goal) - _LAGS)
    if len(goal) < 100:
        return ()
    matrix = np.column_stack([np.roll(goal, lag)[inner] for lag in lags] + [np.ones(len(goal) - 2 * _LAGS)])
    usable = np.asarray(np.isfinite(matrix).all(axis=1), np.bool_)
    if usable.sum() < 100 or goal[np.isfinite(goal)].std() == 0:
        return ()
    found = []
    for name, values in numbers.items():
        for what, series in (("holds", values[order]), ("grows by", np.diff(values[order], prepend=np.nan))):
            ahead = _ahead(matrix, series[inner], usable, lags)
            if ahead is not None:
                message = f"{what} the target of {ahead}, in the order of time"
                advice = "That is not known when a prediction is made: leave it out."
                found.append(Finding(severity="error", code="leak.later", column=name, message=message, advice=advice))
                break
    return tuple(found)


def _ahead(matrix: Floats, values: Floats, usable: NDArray[np.bool_], lags: list[int]) -> str | None:
    """Say which rows' targets make a column: None where none, or only earlier ones, do."""
    rows = usable & np.isfinite(values)
    if rows.sum() < 100 or values[rows].std() == 0:
        return None
    factors = np.linalg.lstsq(matrix[rows], values[rows], rcond=None)[0]
    rest = values[rows] - matrix[rows] @ factors
    if rest.var() > (1 - _EXACT) * values[rows].var():
        return None
    sizes = np.abs(factors[:-1])
    used = [-lag for lag, size in zip(lags, sizes, strict=True) if size > 0.01 * sizes.max()]
    if max(used) < 0 or used == [0]:  # earlier rows are known; the row's own target is found as a copy
        return None
    return "its own row and rows around it" if min(used) <= 0 else "rows that come later"

"""The sums behind the calibration maps: small convex fits that need no solver and end in a few steps.

Each is drawn a little towards doing nothing, by as much as one row would: with few rows, or classes that part without
an error, the numbers stay finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["fit_beta", "fit_isotonic", "fit_quadratic", "fit_temperature"]

_STEPS = 40
_RIDGE = 1.0
_POWERS = (0.05, 20.0)
_GAP = 5e-3
"""The least distance of two points of an isotonic map, so that no line between them is steep."""


def fit_temperature(logs: Floats, truth: NDArray[np.int64], weight: Floats) -> float:
    """Return the power of the probabilities at which the log-loss is least; it is convex in the power.

    Parameters
    ----------
    logs : float64 array of shape (n, classes)
        Logarithms of probabilities.
    truth : int64 array of shape (n,)
    weight : float64 array of shape (n,)
    """
    power, own = 1.0, logs[np.arange(len(truth)), truth]
    for _ in range(_STEPS):
        shares = np.exp(power * logs - (power * logs).max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        mean = (shares * logs).sum(axis=1)
        slope = float((weight * (mean - own)).sum()) + _RIDGE * (power - 1.0)
        bend = float((weight * ((shares * np.square(logs)).sum(axis=1) - np.square(mean))).sum()) + _RIDGE
        # Half or double at most: far from the optimum the bend says little about where it is.
        following = float(np.clip(power - slope / bend, 0.5 * power, 2.0 * power))
        if abs(following - power) < 1e-9:
            break
        power = following
    return float(np.clip(power, *_POWERS))


def fit_beta(chance: Floats, happened: Floats, weight: Floats) -> tuple[float, ...]:
    """Return a, b and c of the beta map; a and b are never below 0, so the order of rows is kept."""
    sides = np.stack([np.log(chance), -np.log(1.0 - chance), np.ones(len(chance))], axis=1)
    numbers = _logistic(sides, happened, weight, np.array([1.0, 1.0, 0.0]))
    for side in (0, 1):
        if numbers[side] < 0:
            kept = [place for place in range(3) if place != side]
            rest = _logistic(sides[:, kept], happened, weight, np.array([1.0, 0.0]))
            numbers = np.zeros(3)
            numbers[kept] = np.maximum(rest, [0.0, -np.inf])
    return tuple(numbers.tolist())


def fit_quadratic(chance: Floats, happened: Floats, weight: Floats) -> tuple[float, ...]:
    """Return c0, c1, c2 and the logits seen; c2 is 0 where the parabola would turn round among them."""
    logit = np.log(chance) - np.log(1.0 - chance)
    low, high = float(logit.min()), float(logit.max())
    terms = np.stack([np.ones(len(logit)), logit, np.square(logit)], axis=1)
    numbers = _logistic(terms, happened, weight, np.array([0.0, 1.0, 0.0]))
    if min(numbers[1] + 2 * numbers[2] * end for end in (low, high)) <= 0:
        line = _logistic(terms[:, :2], happened, weight, np.array([0.0, 1.0]))
        numbers = np.array([line[0], max(line[1], 0.0), 0.0])
    return (*numbers.tolist(), low, high)


def fit_isotonic(chance: Floats, happened: Floats, weight: Floats) -> tuple[float, ...]:
    """Return the points of a rising line: the centres of the blocks of isotonic regression.

    Lines between centres instead of steps (Oron and Flournoy 2017, doi:10.1080/19466315.2017.1286256): a step would
    part two answers that differ by a rounding. Every block has half a row of each class more than it has.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(chance, kind="stable")
    levels = isotonic_regression(happened[order], weights=weight[order]).x
    block = np.unique(levels, return_inverse=True)[1]
    # Blocks nearer than the least gap are one: their centres are counted in whole gaps.
    centre = np.bincount(block, (weight * chance)[order]) / np.bincount(block, weight[order])
    joined = np.unique(np.floor(centre / _GAP), return_inverse=True)[1][block]
    rows = np.bincount(joined, weight[order])
    at = np.bincount(joined, (weight * chance)[order]) / rows
    heights = (np.bincount(joined, (weight * happened)[order]) + 0.5) / (rows + 1.0)
    return _rising(at, np.maximum.accumulate(heights))


def _rising(at: Floats, heights: Floats) -> tuple[float, ...]:
    """Leave out points that are nearer than the gap to the one before."""
    kept = [0]
    for place in range(1, len(at)):
        if at[place] - at[kept[-1]] >= _GAP:
            kept.append(place)
    return (*at[kept].tolist(), *heights[kept].tolist())


def _logistic(terms: Floats, happened: Floats, weight: Floats, start: Floats) -> Floats:
    """Return the coefficients of a logistic regression that is drawn to the start, by damped Newton steps."""
    numbers, known = start.copy(), _loss(terms, happened, weight, start, start)
    for _ in range(_STEPS):
        share = 0.5 * (1.0 + np.tanh(0.5 * (terms @ numbers)))
        slope = terms.T @ (weight * (share - happened)) + _RIDGE * (numbers - start)
        bend = (terms * (weight * share * (1.0 - share))[:, None]).T @ terms + _RIDGE * np.eye(len(start))
        step = np.linalg.solve(bend, slope)
        for _ in range(30):
            reached = _loss(terms, happened, weight, start, numbers - step)
            if reached <= known:
                break
            step = 0.5 * step
        gain, known = known - reached, min(reached, known)
        numbers = numbers - step
        if gain < 1e-9 * max(1.0, abs(known)):
            break
    return numbers


def _loss(terms: Floats, happened: Floats, weight: Floats, start: Floats, numbers: Floats) -> float:
    sums = terms @ numbers
    rows = np.logaddexp(0.0, sums) - happened * sums
    return float(weight @ rows + 0.5 * _RIDGE * np.square(numbers - start).sum())

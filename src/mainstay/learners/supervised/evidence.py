"""How far a Gaussian process sees: reach, height and noise of the kernel by the evidence of the rows.

The evidence (marginal likelihood) of a kernel is the probability of the targets under all functions that it allows.
It needs no rows set aside. For classes Laplace's approximation stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline

    Doubles = NDArray[np.float64]

__all__ = ["Sight", "amounts_sight", "classes_sight", "squared_distances"]

_LOW, _HIGH = np.log([1e-3, 1e-5, 1e-4]), np.log([1e2, 1e1, 1e1])
"""The range of height, gamma times the features, and noise."""
_NEWTON = 25
_MOST_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """``height * exp(-gamma * squared distance)``, and the variance of the noise.

    Parameters
    ----------
    height, gamma, noise : float
    """

    height: float
    gamma: float
    noise: float


def squared_distances(rows: Doubles, points: Doubles) -> Doubles:
    """Return the squared distances of rows to points, (n, m)."""
    squared: Doubles = (rows**2).sum(axis=1)[:, None] - 2.0 * rows @ points.T + (points**2).sum(axis=1)
    return np.asarray(np.maximum(squared, 0.0))


def amounts_sight(matrix: Doubles, values: Doubles, noise_of: Doubles, fixed: Sight, deadline: Deadline) -> Sight:
    """Return the kernel under which standardised amounts are most probable.

    Parameters
    ----------
    matrix : float64 array of shape (n, d)
    values : float64 array of shape (n,)
        With mean 0 and deviation 1.
    noise_of : float64 array of shape (n,)
        What the noise of each row is multiplied with: one over its weight.
    fixed : Sight
        Numbers above 0 are kept.
    deadline : Deadline
        When it is over, the best so far is returned.

    References
    ----------
    Rasmussen, Williams (2006), "Gaussian Processes for Machine Learning", equations 5.8 and 5.9.
    """
    squared = squared_distances(matrix, matrix)
    scale = matrix.shape[1]

    def loss(place: Doubles) -> tuple[float, Doubles]:
        return _amounts_loss(squared / scale, values, noise_of, place)

    return _learned(loss, np.log([1.0, 0.3, 0.1]), fixed, scale, deadline)


def classes_sight(
    matrix: Doubles, codes: NDArray[np.int64], weight: Doubles, fixed: Sight, deadline: Deadline
) -> Sight:
    """Return the kernel under which the classes, each against the rest, are most probable by Laplace.

    At most the five largest classes are asked.

    References
    ----------
    Rasmussen, Williams (2006), "Gaussian Processes for Machine Learning", algorithms 3.1 and 5.1.
    """
    squared = squared_distances(matrix, matrix)
    scale = matrix.shape[1]
    counts = np.bincount(codes)
    asked = [1] if len(counts) == 2 else np.argsort(-counts, kind="stable")[:_MOST_CLASSES].tolist()

    def loss(place: Doubles) -> tuple[float, Doubles]:
        total, slope, step = 0.0, np.zeros(3), 1e-4
        for code in asked:
            sign = np.where(codes == code, 1.0, -1.0)
            here = _classes_loss(squared / scale, sign, weight, place)
            total += here
            for axis in range(2):
                ahead = place.copy()
                ahead[axis] += step
                slope[axis] += (_classes_loss(squared / scale, sign, weight, ahead) - here) / step
        return total, slope

    return _learned(loss, np.log([4.0, 0.3, 1e-2]), fixed, scale, deadline)


def _learned(
    loss: Callable[[Doubles], tuple[float, Doubles]], start: Doubles, fixed: Sight, scale: int, deadline: Deadline
) -> Sight:
    """Minimise over height, gamma and noise on a log scale, within bounds, until the time is over."""
    from scipy.optimize import minimize

    given = np.array([fixed.height, fixed.gamma * scale, fixed.noise])
    start = np.where(given > 0, np.log(np.maximum(given, 1e-300)), start)
    bounds = [
        (place, place) if known > 0 else (low, high)
        for place, known, low, high in zip(start, given, _LOW, _HIGH, strict=True)
    ]
    best: list[Any] = [np.inf, start]

    def watched(place: Doubles) -> tuple[float, Doubles]:
        value, slope = loss(place)
        if value < best[0]:
            best[:] = [value, place.copy()]
        return value, slope

    def late(_: Doubles) -> None:
        if deadline.left() <= 0:
            raise StopIteration

    minimize(watched, start, jac=True, method="L-BFGS-B", bounds=bounds, callback=late, options={"maxiter": 40})
    height, reach, noise = np.exp(best[1])
    return Sight(float(height), float(reach / scale), float(noise))


def _amounts_loss(squared: Doubles, values: Doubles, noise_of: Doubles, place: Doubles) -> tuple[float, Doubles]:
    from scipy.linalg import cho_factor, cho_solve

    height, gamma, noise = np.exp(place)
    near = height * np.exp(-gamma * squared)
    factor = cho_factor(near + np.diag(noise * noise_of), lower=True)
    pull = cho_solve(factor, values)
    inverse = cho_solve(factor, np.eye(len(values)))
    value = 0.5 * float(values @ pull) + float(np.log(np.diag(factor[0])).sum())
    outer = inverse - np.outer(pull, pull)
    slopes = [(outer * near).sum(), -(outer * near * gamma * squared).sum(), noise * (np.diag(outer) * noise_of).sum()]
    return value, 0.5 * np.array(slopes)


def _classes_loss(squared: Doubles, sign: Doubles, weight: Doubles, place: Doubles) -> float:
    """Return minus the log of Laplace's evidence for two classes, by Newton's steps to the most probable function."""
    from scipy.linalg import cho_factor, cho_solve

    height, gamma = np.exp(place[:2])
    near = height * np.exp(-gamma * squared)
    share = float(np.clip(np.average(sign > 0, weights=weight), 1e-6, 1 - 1e-6))
    level = np.log(share / (1 - share))
    moved, pull, last = np.zeros(len(sign)), np.zeros(len(sign)), -np.inf
    for _ in range(_NEWTON):
        likely = 1.0 / (1.0 + np.exp(-sign * (level + moved)))
        slope, bend = weight * sign * (1 - likely), np.sqrt(weight * likely * (1 - likely))
        factor = cho_factor(np.eye(len(sign)) + bend[:, None] * near * bend, lower=True)
        wanted = bend**2 * moved + slope
        pull = wanted - bend * cho_solve(factor, bend * (near @ wanted))
        moved = near @ pull
        fit = float((-weight * np.logaddexp(0.0, -sign * (level + moved))).sum()) - 0.5 * float(pull @ moved)
        if fit - last < 1e-6 * max(1.0, abs(fit)):
            break
        last = fit
    return -fit + float(np.log(np.diag(factor[0])).sum())

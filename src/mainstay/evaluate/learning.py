"""What more rows would buy: a power law through the errors at several numbers of training rows.

Errors of learners fall about as ``a + b * n ** -c`` (Hestness et al., "Deep learning scaling is predictable,
empirically", arXiv 1712.00409; Viering and Loog, "The shape of learning curves", doi:10.1109/TPAMI.2022.3220744). The
curve is fitted to each resampling of the folds, so that the forecast comes with an interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Forecast", "forecast"]

_DRAWS = 200
_EXPONENTS = np.linspace(0.1, 1.5, 29)


class Forecast(msgspec.Struct, frozen=True):
    """The error that is expected with a number of training rows.

    Parameters
    ----------
    rows : int
    error, low, high : float
        With the 95 % interval over resamplings of the folds.
    """

    rows: int
    error: float
    low: float
    high: float


def forecast(rows: ArrayLike, errors: ArrayLike, wanted: ArrayLike, *, seed: int = 0) -> tuple[Forecast, ...]:
    """Return the expected error at other numbers of training rows.

    Parameters
    ----------
    rows : array of shape (points,)
        Numbers of training rows that were tried; at least three.
    errors : array of shape (points, folds)
        The error of each fold; less is better.
    wanted : array of shape (m,)
        Numbers of rows to tell the error for.
    seed : int, default 0

    Examples
    --------
    >>> rows = np.array([100, 200, 400, 800, 1600])
    >>> errors = 0.1 + 2.0 * rows[:, None] ** -0.5 + np.random.default_rng(0).normal(0, 0.001, (5, 4))
    >>> (later,) = forecast(rows, errors, [3200])
    >>> bool(abs(later.error - (0.1 + 2.0 * 3200**-0.5)) < 0.004), later.low <= later.error <= later.high
    (True, True)
    """
    tried, found = np.asarray(rows, np.float64), np.asarray(errors, np.float64)
    asked = np.asarray(wanted, np.float64)
    rng = np.random.default_rng(seed)
    best = _fit(tried, found.mean(axis=1), asked)
    # Folds and points are drawn at once: the scatter about the curve is what the forecast does not know.
    draws = np.stack(
        [
            _fit(tried, found[:, rng.integers(0, found.shape[1], found.shape[1])].mean(axis=1), asked)
            for _ in range(_DRAWS)
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return tuple(
        Forecast(int(n), float(e), float(min(a, e)), float(max(b, e)))
        for n, e, a, b in zip(asked, best, low, high, strict=True)
    )


def _fit(rows: NDArray[np.float64], errors: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit floor and slope by non-negative least squares for each exponent, and take the exponent that fits best."""
    from scipy.optimize import nnls

    best, chosen = np.inf, np.full(len(wanted), errors[-1])
    weight = np.sqrt(rows / rows.max())  # errors at many rows scatter less
    scale = rows.max()
    for exponent in _EXPONENTS:
        design = np.column_stack([np.ones(len(rows)), (rows / scale) ** -exponent])
        (floor, slope), residual = nnls(design * weight[:, None], errors * weight)
        if residual < best - 1e-12:
            best, chosen = residual, floor + slope * (wanted / scale) ** -exponent
    return np.asarray(chosen, np.float64)

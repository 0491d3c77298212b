"""How scores become p-values: exactly where clean rows were kept back, by a cautious estimate where none are known.

Clean reference: split-conformal p-values of rows that no fit has seen (Bates et al. 2023, doi:10.1214/22-AOS2244);
whatever the detector, the share of usual rows with a p-value up to t is at most t. Contaminated reference: conformal
p-values of the rows against themselves could never be rejected, so the spread of the usual rows beyond the middle is
estimated (:mod:`mainstay.evaluate.anomalies.tails`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.alarms import Calibration
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.tails import usual_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Reference

    Doubles = NDArray[np.float64]

__all__ = ["calibrate", "split_for_clean"]

_MOST = 2_000
"""The most scores that a calibration keeps, about; p-values grow by half a percent at most where some are left out."""
_STEP = 0.005
_MOST_KEPT_BACK, _FEW_KEPT_BACK, _PART = 20_000, 2_000, 0.3


def calibrate(
    scores: Doubles,
    reference: Reference,
    *,
    members: Doubles | None = None,
    weights: Doubles | None = None,
    seed: int = 0,
) -> Calibration:
    """Return how scores become p-values.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Clean: of rows that no fit has seen. Contaminated: of all rows, anomalies among them. NaN is a refused row.
    reference : {"contaminated", "clean"}
    members : float64 array of shape (n, m), optional
        Contaminated: the raw scores of the members. Scores that are blended of ranks have lost how far the odd rows
        lie from the others; the members still know.
    weights : float64 array of shape (m,), optional
        Of the members in the blend; all alike where left out.
    seed : int, default 0
        Nothing is drawn so far; the same scores give the same calibration.

    Returns
    -------
    Calibration
        Of about 2,000 scores at most. What is left out makes p-values larger, never smaller.

    Raises
    ------
    UsageError
        When there is no score, or one is infinite.

    Examples
    --------
    >>> calibrate(np.arange(9.0), "clean").of(np.array([8.5, 4.0])).tolist()
    [0.1, 0.6]
    """
    del seed
    known = ~np.isnan(scores)
    judged = np.asarray(scores, np.float64)[known]
    if not len(judged) or not np.isfinite(judged).all():
        raise UsageError("p-values need the finite score of one row at least", where="alarm")
    if reference == "clean":
        return _conformal(np.sort(judged))
    raw = judged[:, None] if members is None else np.asarray(members, np.float64)[known]
    heavy = np.ones(raw.shape[1]) if weights is None else np.asarray(weights, np.float64)
    return usual_tail(judged, raw, heavy)


def split_for_clean(rows: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which clean rows a detector is fitted on, and which are kept back for the p-values.

    Half and half up to 4,000 rows, then 2,000 kept back and more from 30 % of the rows on, 20,000 at most: the noise
    of a p-value falls with the rows kept back, and from some thousands on a detector gains little by more rows.

    Parameters
    ----------
    rows : int
        Two at least.
    seed : int

    Raises
    ------
    UsageError
        When there are fewer than two rows.

    Examples
    --------
    >>> [len(part) for part in split_for_clean(1_000, 0)], [len(part) for part in split_for_clean(20_000, 0)]
    ([500, 500], [14000, 6000])
    """
    if rows < 2:
        raise UsageError(f"a clean reference needs two rows at least, and {rows} came", where="reference")
    kept_back = min(rows // 2, max(_FEW_KEPT_BACK, int(_PART * rows)), _MOST_KEPT_BACK)
    order = np.random.default_rng(seed).permutation(rows)
    return np.sort(order[kept_back:]), np.sort(order[:kept_back])


def _conformal(rising: Doubles) -> Calibration:
    """Return the calibration; of many scores those whose p-values are apart, each with the p-value above it."""
    rows = len(rising)
    if rows <= _MOST:
        return Calibration(kind="conformal", scores=tuple(rising.tolist()))
    beyond = np.unique(np.floor(np.exp(np.arange(0.0, np.log(rows), _STEP))).astype(np.int64))
    kept = np.unique(np.concatenate([[0], beyond[beyond < rows], [rows - 1]]))
    above = kept[::-1]  # how many rows lie above the score that is kept
    shares = (1.0 + above) / (1.0 + rows)
    scores = rising[rows - 1 - above]
    return Calibration(kind="conformal", scores=tuple(scores.tolist()), p_values=tuple(shares.tolist()), rows=rows)

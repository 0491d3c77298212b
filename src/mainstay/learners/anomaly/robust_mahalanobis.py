"""The distance from the bulk of the rows, in units of their own spread and correlation.

Anomalies would pull an ordinary covariance towards themselves and so hide. The minimum covariance determinant takes the
half of the rows that lies closest together instead (Rousseeuw 1984). The search starts from fixed estimates, not from
chance (DetMCD: Hubert, Rousseeuw and Verdonck 2012, doi:10.1080/10618600.2012.672100), and each covariance is shrunk
towards a round one, so that many columns, equal columns and columns of one value do no harm (as in MRCD: Boudt,
Rousseeuw, Vanduffel and Verdonck 2020, doi:10.1007/s11222-019-09869-x).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Deviation
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["RobustMahalanobisDetector", "fit_robust_mahalanobis", "robust_units"]

_MOST = 6_000
_SECONDS = 2e-4
"""What one more row takes, about."""

_USUAL, _CLEAN = 0.6, 0.9
_CELLS = 1_200_000
"""Rows times columns that are looked at, at most: a fit takes about a second at any width."""

_STEPS = 30
_FIRST_STEPS = 2
_WIDE = 60
"""From so many columns on a single start is followed: the others end in the same half as good as always."""

_ROWS_EACH = 5
"""With more rows than so many for each column a covariance is shrunk less."""

_CONDITION = 1e4
"""The longest axis of the spread is at most the root of so many times the shortest: no direction counts for ever."""

_STEP = 0.05
"""A value that so large a share of the rows has is a step: of a category's rarity, or of a count."""

_INNER = (0.01, 0.99)
"""Quantiles to which a feature of steps is drawn in before its spread over all rows is taken."""

_KEPT = 0.975
"""In the last step all rows count that lie within this quantile of a Gaussian (Rousseeuw and Van Driessen 1999)."""


class RobustMahalanobisDetector:
    """The distance from the bulk of the rows, in units of its own spread and correlation (minimum covariance).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> found = RobustMahalanobisDetector().fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    >>> found.members[0].body.root.shape
    (2, 2)
    """

    name = "robust_mahalanobis"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "support", 0.0, "The share of rows taken as usual, from half; 0: 0.6, or 0.9 for clean rows.", low=0, high=1
        ),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Find the rows that lie closest together."""
        checked = admit(self, observations, settings)
        support = float(checked["support"]) or (_CLEAN if reference == "clean" else _USUAL)
        notes: dict[str, Value] = {"support": support}
        with quiet(notes):
            most = affordable(_MOST, deadline, seconds=_SECONDS)
            body = fit_robust_mahalanobis(observations.matrix, seed=seed, support=support, most=most)
            return alone(self.name, body, observations, seed=seed, notes=notes)


def fit_robust_mahalanobis(
    matrix: NDArray[np.floating], *, seed: int, support: float = _USUAL, most: int = _MOST
) -> Deviation:
    """Return the robust Mahalanobis distance.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Draws the rows where there are more than are looked at.
    support : float, default 0.6
        The share of rows that lies closest together and is taken as usual, 0.5 to 1. Half bears most anomalies; a
        little more knows the correlations better; rows known to be clean are used best by 0.9.
    most : int, default 6000
        So many rows are looked at.

    Returns
    -------
    Deviation
        Its root is scaled so that Gaussian rows have distances whose squares are chi-squared.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> rows[:50] = 9
    >>> body = fit_robust_mahalanobis(rows, seed=0)
    >>> bool(np.abs(body.centre).max() < 0.2)
    True
    """
    looked = min(most, max(200, _CELLS // max(1, matrix.shape[1])))
    rows = np.asarray(matrix[drawn_rows(matrix, looked, seed=seed, copies=True)], np.float64)
    middle, unit = robust_units(rows)
    used = unit > 0
    factor = np.divide(1.0, unit, out=np.ones_like(unit), where=used)
    centre, root = _concentrated((rows - middle)[:, used] * factor[used], support)
    # A column of one value here may have another in rows that are not looked at: each counts in its own unit.
    whole = np.zeros((len(unit), len(unit)))
    whole[np.ix_(used, np.arange(root.shape[1]))] = root * factor[used, None]
    whole[np.flatnonzero(~used), np.arange(root.shape[1], len(unit))] = 1.0
    place = middle.copy()
    place[used] += centre * unit[used]
    return Deviation(place, whole)


def robust_units(rows: Doubles) -> tuple[Doubles, Doubles]:
    """Return middle and spread of each column: median and scaled absolute deviation, else the standard deviation.

    Parameters
    ----------
    rows : float64 array of shape (n, d)

    Returns
    -------
    middle, unit : float64 arrays of shape (d,)
        The unit is 0 for a column of one value.

    Examples
    --------
    >>> robust_units(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))[1].round(2).tolist()
    [1.48, 0.0]
    """
    middle = np.median(rows, axis=0)
    away = np.abs(rows - middle)
    unit = 1.4826 * np.median(away, axis=0)
    widest = away.max(axis=0)
    unit = np.where(unit > 1e-9 * widest, unit, np.sqrt((away**2).mean(axis=0)))
    return middle, np.where(widest > 1e-12 * np.maximum(np.abs(middle), 1e-25), unit, 0.0)


def _concentrated(z: Doubles, support: float) -> tuple[Doubles, Doubles]:
    """Return centre and root of the inverse scatter of the rows that lie closest together."""
    count, width = z.shape
    if width == 0 or count < 2:
        return np.zeros(width), np.eye(width)
    half = min(count, max(int(np.ceil(support * count)), (count + 1) // 2, 2))
    least = _least_variances(z)
    best: tuple[float, NDArray[np.int64]] | None = None
    for start in _starts(z):
        kept, size = _narrowed(z, start, least, half=half, steps=_FIRST_STEPS)
        if best is None or size < best[0]:
            best = (size, kept)
    assert best is not None
    kept, _ = _narrowed(z, best[1], least, half=half, steps=_STEPS)
    return _reweighted(z, _scatter(z[kept], least), least)


def _least_variances(z: Doubles) -> Doubles:
    """Return what variance each feature has at the least; 0 where its values seldom repeat.

    The half of the rows that lies closest together may hold one level of a category alone: in that half the rarity of
    the level does not vary, and each row of another level, a third of all it may be, would lie far from the bulk.
    """
    often = np.array([_has_steps(column) for column in z.T], np.bool_)
    least = np.zeros(z.shape[1])
    if often.any():
        low, high = np.quantile(z[:, often], _INNER, axis=0)
        least[often] = np.clip(z[:, often], low, high).var(axis=0)
    return least


def _has_steps(column: Doubles) -> bool:
    """Return whether most rows that have not the commonest value have one of a few others."""
    counts = np.sort(np.unique(column, return_counts=True)[1])[:-1]
    return bool(counts[counts >= _STEP * len(column)].sum() > 0.5 * counts.sum())


def _starts(z: Doubles) -> list[NDArray[np.int64]]:
    """Return several sets of rows in the middle, each by a correlation that outliers hardly move."""
    length = np.sqrt((z**2).sum(axis=1))
    half = (len(z) + 1) // 2
    starts = [np.argsort(length, kind="stable")[:half]]
    if z.shape[1] >= _WIDE or z.shape[1] == 1:
        return starts
    ranks = np.argsort(np.argsort(z, axis=0, kind="stable"), axis=0, kind="stable") / len(z) - 0.5
    signs = z / np.maximum(length, 1e-300)[:, None]
    for like in (np.tanh(z), ranks, signs):
        axes = np.linalg.eigh(like.T @ like)[1]
        middle, unit = robust_units(z @ axes)
        along = (z @ axes - middle) / np.maximum(unit, 1e-3 * max(float(unit.max()), 1e-300))
        starts.append(np.argsort((along**2).sum(axis=1), kind="stable")[:half])
    return starts


def _narrowed(
    z: Doubles, kept: NDArray[np.int64], least: Doubles, *, half: int, steps: int
) -> tuple[NDArray[np.int64], float]:
    """Take the rows nearest to the kept ones, again and again: the determinant of their scatter only falls."""
    size = np.inf
    for _ in range(steps):
        centre, values, axes = _scatter(z[kept], least)
        now = float(np.log(values).sum())
        if now >= size - 1e-9 * abs(now):
            break
        size = now
        kept = np.argsort(_squared(z, centre, axes / np.sqrt(values)), kind="stable")[:half]
    return kept, size


def _scatter(rows: Doubles, least: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return the mean, and the shrunk covariance as axes with variances; no feature varies less than given.

    How much it is shrunk the oracle approximating estimator says (Chen et al. 2010, doi:10.1109/TSP.2010.2053029), and
    less the more rows there are than are needed: a little would already blur columns that go together closely.
    """
    count, width = rows.shape
    centre = rows.mean(axis=0)
    moved = rows - centre
    covariance = moved.T @ moved / count
    covariance[np.diag_indices(width)] += np.maximum(least - covariance.diagonal(), 0.0)
    values, axes = np.linalg.eigh(covariance)
    values = np.maximum(values, 0.0)
    mean = float(values.mean())
    if mean <= 0:
        return centre, np.ones(width), axes
    spread = float((values**2).mean())
    below = (count + 1) * (spread - mean**2 / width)
    share = 1.0 if below <= 0 else min(1.0, (spread + mean**2) / below)
    share *= min(1.0, _ROWS_EACH * width / count)
    values = (1 - share) * values + share * mean
    return centre, np.maximum(values, values.max() / _CONDITION), axes


def _reweighted(z: Doubles, found: tuple[Doubles, Doubles, Doubles], least: Doubles) -> tuple[Doubles, Doubles]:
    """Use all rows that are not far; then bring the distances to the length that Gaussian rows have."""
    from scipy.stats import chi2

    width = z.shape[1]
    centre, values, axes = found
    usual = float(chi2.ppf(0.5, width))
    squared = _squared(z, centre, axes / np.sqrt(values))
    near = squared <= _unit(squared, usual) * float(chi2.ppf(_KEPT, width))
    centre, values, axes = _scatter(z[near], least)
    root = axes / np.sqrt(values)
    return centre, root / np.sqrt(_unit(_squared(z, centre, root), usual))


def _unit(squared: Doubles, usual: float) -> float:
    """Return by how much the middle squared distance is larger than that of Gaussian rows."""
    middle = float(np.median(squared))
    return middle / usual if middle > 0 else 1.0


def _squared(z: Doubles, centre: Doubles, root: Doubles) -> Doubles:
    return np.asarray((((z - centre) @ root) ** 2).sum(axis=1), np.float64)

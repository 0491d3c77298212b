"""How far a row is from where the columns go together: along the directions in which usual rows vary most and least.

A row that breaks a relation between columns stands out along a direction in which nothing varies, though each of its
values is usual (Shyu, Chen, Sarinnapakorn and Chang 2003). The directions are those of the rows that lie closest to the
middle, so that anomalies do not turn them.
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

__all__ = ["PCADetector", "fit_pca"]

_MOST = 20_000
_SECONDS = 5e-5
"""What one more row takes, about."""

_MAJOR = 0.5
"""The first components that explain so much of the variance are major ..."""

_MINOR = 0.2
"""... and those whose variance is below this part of a column's are minor (both as in Shyu et al.)."""

_LEAST = 1e-3
"""No component counts as narrower than this part of a column's variance: rounding is no relation."""

_TRIMMED, _CLEAN_TRIMMED = 0.25, 0.005
"""The share of rows that are left out as the farthest; of clean rows as in Shyu et al."""


class PCADetector:
    """The distance along the major and the minor principal components, each in units of its own spread.

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 3)))
    >>> PCADetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline()).notes["components"]
    2
    """

    name = "pca"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "trimmed",
            -1.0,
            "The share of rows left out as the farthest; -1: 0.25, or 0.005 if clean.",
            low=-1,
            high=0.5,
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
        """Find the components of the rows in the middle."""
        checked = admit(self, observations, settings)
        trimmed = float(checked["trimmed"])
        if trimmed < 0:
            trimmed = _CLEAN_TRIMMED if reference == "clean" else _TRIMMED
        notes: dict[str, Value] = {"trimmed": trimmed}
        with quiet(notes):
            most = affordable(_MOST, deadline, seconds=_SECONDS)
            body = fit_pca(observations.matrix, seed=seed, trimmed=trimmed, most=most)
            notes["components"] = body.root.shape[1]
            return alone(self.name, body, observations, seed=seed, notes=notes)


def fit_pca(matrix: NDArray[np.floating], *, seed: int, trimmed: float = _TRIMMED, most: int = _MOST) -> Deviation:
    """Return the distance along major and minor components.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite, and scaled: what varies most depends on the units.
    seed : int
        Draws the rows where there are more than are looked at.
    trimmed : float, default 0.25
        The share of rows that are farthest from the middle and left out.
    most : int, default 20000
        So many rows are looked at.

    Returns
    -------
    Deviation

    Examples
    --------
    >>> along = np.random.default_rng(0).normal(size=500)
    >>> body = fit_pca(np.column_stack([along, along]), seed=0)
    >>> away = np.array([[2.0, 2.0], [1.0, -1.0]]) - body.centre
    >>> (np.linalg.norm(away @ body.root, axis=1) > 10).tolist()
    [False, True]
    """
    rows = np.asarray(matrix[drawn_rows(matrix, most, seed=seed, copies=True)], np.float64)
    middle = np.median(rows, axis=0)
    used = np.ptp(rows, axis=0) > 0
    centre, values, axes = _components((rows - middle)[:, used], trimmed)
    kept = _major(values) | (values < _MINOR * values.mean()) if len(values) else np.zeros(0, bool)
    root = np.zeros((len(middle), int(kept.sum())))
    root[used] = axes[:, kept] / np.sqrt(values[kept])
    middle[used] += centre
    return Deviation(middle, root)


def _components(z: Doubles, trimmed: float) -> tuple[Doubles, Doubles, Doubles]:
    """Return middle, variances and axes of the rows without the farthest, by their own Mahalanobis distance."""
    width = z.shape[1]
    if width == 0:
        return np.zeros(0), np.zeros(0), np.zeros((0, 0))
    kept = np.argsort((z**2).sum(axis=1), kind="stable")[: max(1, len(z) - int(trimmed * len(z)))]
    for _ in range(2):
        centre, values, axes = _spectrum(z[kept])
        squared = (((z - centre) @ axes) ** 2 / values).sum(axis=1)
        kept = np.argsort(squared, kind="stable")[: max(1, len(z) - int(trimmed * len(z)))]
    return _spectrum(z[kept])


def _spectrum(z: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    centre = z.mean(axis=0)
    moved = z - centre
    values, axes = np.linalg.eigh(moved.T @ moved / len(z))
    values = np.maximum(values[::-1], 0.0)
    mean = float(values.mean())
    return centre, np.maximum(values, _LEAST * mean) if mean > 0 else np.ones_like(values), axes[:, ::-1]


def _major(values: Doubles) -> NDArray[np.bool_]:
    """Say which of the falling variances are needed to explain half of the whole."""
    before = np.cumsum(values) - values
    return np.asarray(before < _MAJOR * values.sum())

"""How rare each value is in its own column, added up: blind to how columns go together, and hard to beat when many.

Equal bins over the whole range see far outliers and blur the middle when there are some; equal bins over the middle 98
percent see the middle. The mean of both logarithms of density does better than either (docs/log.md has the figures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.anomaly.step_trees import edge_below, float32_edges, step_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.anomaly_bodies import TreeSum
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["HistogramDetector", "fit_histogram"]

_MOST = 50_000
_SECONDS = 2e-5
_FEWEST_BINS, _MOST_BINS = 5, 30
_BINS_EACH = 0.6
"""Bins are so many times the cube root of the rows."""

_MIDDLE = (0.01, 0.99)
_NONE = 0.5
"""An empty bin counts as half a row."""

_BEYOND = 2.0 ** np.arange(12) - 1.0
"""How far beyond the range seen, in widths of a bin, each further step begins."""


class HistogramDetector:
    """Minus the logarithms of the densities of single columns, added up (as Goldstein and Dengel 2012).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> found = HistogramDetector().fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    >>> len(found.members[0].body.trees.roots)
    2
    """

    name = "histogram"
    parameters: tuple[Parameter, ...] = (
        Parameter("bins", 0, "How many bins; 0 goes by the number of rows, from 5 to 30.", low=0, high=1000),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,  # noqa: ARG002 - the same bins either way
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Count the rows of each bin.

        Raises
        ------
        UsageError
            When a setting does not fit or a number is not finite.
        """
        checked = admit(self, observations, settings)
        most = affordable(_MOST, deadline, seconds=_SECONDS)
        body = fit_histogram(observations.matrix, bins=int(checked["bins"]), most=most, seed=seed)
        return alone(self.name, body, observations, seed=seed)


def fit_histogram(matrix: NDArray[np.floating], *, bins: int = 0, most: int = _MOST, seed: int) -> TreeSum:
    """Return the sum over features of how much less dense its value is than the densest, as a logarithm.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    bins : int, default 0
        How many bins; 0 takes 0.6 times the cube root of the rows, at least 5 and at most 30.
    most : int, default 50000
        So many rows are counted.
    seed : int
        Draws them.

    Returns
    -------
    TreeSum
        One tree for each feature, whose terms are what it says. Beyond the range seen a value is odder still, the
        further the odder, in steps that double.

    References
    ----------
    Goldstein and Dengel (2012), "Histogram-based outlier score (HBOS)", KI-2012.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_terms
    >>> body = fit_histogram(np.random.default_rng(0).normal(size=(1000, 2)), seed=0)
    >>> member_terms(body, np.array([[0.0, 3.0], [50.0, 0.0]], np.float32)).round(0).tolist()
    [[0.0, 3.0], [12.0, 0.0]]
    """
    given = np.asarray(matrix, np.float32)
    if len(given) > most:
        given = given[drawn_rows(given, most, seed=seed, copies=True)]
    rows = np.sort(given, axis=0)
    number = bins or int(np.clip(round(_BINS_EACH * len(rows) ** (1 / 3)), _FEWEST_BINS, _MOST_BINS))
    steps = [_feature_steps(rows[:, at].astype(np.float64), number) for at in range(rows.shape[1])]
    return step_trees([edges for edges, _ in steps], [said[:, None] for _, said in steps], combined="sum")


def _feature_steps(values: Doubles, bins: int) -> tuple[Doubles, Doubles]:
    """Return the edges of one feature and what is said between them; ``values`` are sorted."""
    low, high = values[0], values[-1]
    middle = np.quantile(values, _MIDDLE)
    if low == high:
        return _with_beyond(values, np.array([low]), np.zeros(0), 1.0)
    inner = middle if middle[0] < middle[1] else np.array([low, high])
    whole = _edges(low, high, np.linspace(low, high, bins + 1))
    robust = _edges(low, high, np.linspace(inner[0], inner[1], bins + 1))
    edges = np.union1d(whole, robust)
    said = (_log_density(values, whole, edges) + _log_density(values, robust, edges)) / 2.0
    return _with_beyond(values, edges, said.max() - said, float((inner[1] - inner[0]) / bins))


def _edges(low: float, high: float, between: Doubles) -> Doubles:
    """Return edges from the least value to the largest, as float32 values."""
    edges = float32_edges(between)
    return np.unique(np.concatenate([[low], edges[(edges > low) & (edges < high)], [high]]))


def _log_density(values: Doubles, own: Doubles, edges: Doubles) -> Doubles:
    """Return the logarithm of the density of each bin between ``edges``, from the histogram over its ``own`` edges."""
    reached = np.searchsorted(values, own, side="right")
    reached[0] = 0
    density = (np.diff(reached) + _NONE) / len(values) / np.diff(own)
    bin_of = np.clip(np.searchsorted(own, edges[1:], side="left") - 1, 0, len(density) - 1)
    return np.asarray(np.log(density[bin_of]), np.float64)


def _with_beyond(values: Doubles, edges: Doubles, said: Doubles, width: float) -> tuple[Doubles, Doubles]:
    """Return edges and steps with those beyond the range: as an empty bin, and more with each doubling of the way."""
    empty = max(float(np.log((len(values) + _NONE) / _NONE)), float(said.max(initial=0.0)))
    further = empty + np.log(2.0) * np.arange(1, len(_BEYOND) + 1)
    lower = float32_edges(edges[0] - width * _BEYOND)
    lower = np.minimum(lower, edge_below(float(edges[0])))
    upper = float32_edges(edges[-1] + width * _BEYOND)
    within = said if len(edges) > 1 else np.zeros(1)
    places = np.concatenate([lower[::-1], edges[1:-1], upper])
    steps = np.concatenate([further[::-1], within, further])
    kept = np.concatenate([[True], np.diff(np.maximum.accumulate(places)) > 0])
    return places[kept], np.concatenate([steps[:-1][kept], steps[-1:]])

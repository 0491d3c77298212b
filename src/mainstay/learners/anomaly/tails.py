"""How far out in its column a value lies, from below and from above: what ECOD and COPOD have in common.

Edges stand at ranks that are dense towards both ends, where tails change; between edges a tail is that of the bin, so
that a body stays small however many rows there were.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.anomaly.step_trees import edge_below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.anomaly_bodies import TreeSum
    from mainstay.contracts.learner import Deadline, Parameter, Value

    Doubles = NDArray[np.float64]

__all__ = ["MOST", "TailDetector", "Tails", "tails_of"]

MOST = 50_000
"""So many rows are counted."""

_SECONDS = 2e-5
_EDGES = 512


@dataclass(frozen=True, slots=True)
class Tails:
    """The tails of one feature, bin by bin, as minus natural logarithms.

    Parameters
    ----------
    edges : float64 array of shape (bins - 1,)
    left, right : float64 array of shape (bins,)
        Of the share of rows at or below the bin's upper edge, and of that above its lower edge.
    corrected : float64 array of shape (bins,)
        The tail on the longer side: left where the skewness is below 0, right where it is above; both where it is 0.
    """

    edges: Doubles
    left: Doubles
    right: Doubles
    corrected: Doubles


class TailDetector(ABC):
    """A detector that adds up the tails of a row's values; which tails count is what its kinds differ in."""

    name: str
    parameters: tuple[Parameter, ...] = ()

    @abstractmethod
    def body_of(self, matrix: NDArray[np.floating], *, most: int, seed: int) -> TreeSum:
        """Return what is learned from up to ``most`` rows."""

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,  # noqa: ARG002 - the same tails either way
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Learn the tails of each column.

        Raises
        ------
        UsageError
            When a setting does not fit or a number is not finite.
        """
        admit(self, observations, settings)
        body = self.body_of(observations.matrix, most=affordable(MOST, deadline, seconds=_SECONDS), seed=seed)
        return alone(self.name, body, observations, seed=seed)


def tails_of(matrix: NDArray[np.floating], *, most: int, seed: int) -> list[Tails]:
    """Return the tails of each feature, from up to ``most`` rows.

    Examples
    --------
    >>> tails_of(np.array([[0.0], [1.0], [2.0], [3.0]]), most=10, seed=0)[0].left.round(2).tolist()
    [2.2, 1.1, 0.59, 0.25, 0.0, 0.0]
    """
    given = np.asarray(matrix, np.float32)
    if len(given) > most:
        given = given[drawn_rows(given, most, seed=seed, copies=True)]
    rows = np.sort(given, axis=0)
    places = _places(len(rows))
    return [_feature_tails(rows[:, at].astype(np.float64), places) for at in range(rows.shape[1])]


def _places(count: int) -> NDArray[np.int64]:
    """Return ranks at which edges stand: half evenly, and a quarter at each end, ever closer towards it."""
    even = np.linspace(0, count - 1, _EDGES // 2)
    ends = np.geomspace(1, max(count, 2), _EDGES // 4) - 1
    every = np.concatenate([even, ends, count - 1 - ends])
    return np.unique(np.clip(np.rint(every), 0, count - 1).astype(np.int64))


def _feature_tails(values: Doubles, places: NDArray[np.int64]) -> Tails:
    edges = np.unique(np.concatenate([[edge_below(float(values[0]))], values[places]]))
    reached = np.searchsorted(values, edges, side="right")
    count = len(values)
    at_most = np.append(reached, count) + 0.5
    above = count - np.concatenate([[0], reached]) + 0.5
    left, right = (-np.log(np.minimum(part / (count + 0.5), 1.0)) + 0.0 for part in (at_most, above))
    skew = _skewness(values)
    corrected = left + right if skew == 0 else (left if skew < 0 else right)
    return Tails(edges, left, right, corrected)


def _skewness(values: Doubles) -> float:
    """Return the third moment, of values scaled so that it does not overflow; its sign is what matters."""
    moved = values - values.mean()
    largest = float(np.abs(moved).max())
    return float(((moved / largest) ** 3).mean()) if largest > 0 else 0.0

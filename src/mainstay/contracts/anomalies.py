"""What flows between the parts of anomaly detection: prepared rows, members that score them, and how scores blend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.learner import Deadline, Parameter, Value

    Doubles = NDArray[np.float64]

__all__ = ["TAUGHT", "Detection", "DetectorLearner", "Member", "Observations", "Reference", "Scale", "blended"]

TAUGHT = "taught"
"""The name of the member that labels made: trees over the features and what the other members say."""

Reference = Literal["contaminated", "clean"]
"""Whether the rows that a detector is fitted on may hold anomalies, or are known to hold none."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Prepared rows, as a detector sees them.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        Robustly scaled, finite, without missing values.
    names : tuple of str
        The d names of the features.
    source : int64 array of shape (d,)
        For each feature the position of the table's column that it was made from, in ``columns``.
    columns : tuple of str
        The columns of the table that features were made from.
    """

    matrix: NDArray[np.float32]
    names: tuple[str, ...]
    source: NDArray[np.int64]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, matrix: NDArray[np.floating]) -> Observations:
        """Return plain numbers as observations; each feature is a column of its own."""
        names = tuple(f"x{i}" for i in range(matrix.shape[1]))
        return cls(np.asarray(matrix, np.float32), names, np.arange(len(names)), names)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.matrix)

    def take(self, rows: NDArray[np.int64] | slice) -> Observations:
        """Return the given rows, by position."""
        return Observations(self.matrix[rows], self.names, self.source, self.columns)


@dataclass(frozen=True, slots=True)
class Scale:
    """From a member's raw scores to levels that can be blended: straight lines between points, element by element.

    Below the first point the level is the first one; above the last the last line goes on, so that what is odder than
    anything seen has a higher level.

    Parameters
    ----------
    scores : float64 array of shape (points,)
        Rising strictly; two at least, or one where all scores were the same.
    levels : float64 array of shape (points,)
        Rising.

    Examples
    --------
    >>> Scale(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 2.0])).level(np.array([-5.0, 2.0, 5.0])).tolist()
    [0.0, 1.5, 3.0]
    """

    scores: Doubles
    levels: Doubles

    def __post_init__(self) -> None:
        fits = self.scores.shape == self.levels.shape and self.scores.ndim == 1 and len(self.scores) > 0
        if not fits or not (np.diff(self.scores) > 0).all() or not (np.diff(self.levels) >= 0).all():
            raise UsageError("the points of a scale must rise, one level for each score", where="detector")

    def level(self, raw: Doubles) -> Doubles:
        """Return the level of each raw score, of any shape; the same bits for one as for many."""
        inside = np.interp(raw, self.scores, self.levels)
        if len(self.scores) < 2:
            return inside
        rise = (self.levels[-1] - self.levels[-2]) / (self.scores[-1] - self.scores[-2])
        return np.where(raw > self.scores[-1], self.levels[-1] + (raw - self.scores[-1]) * rise, inside)


@dataclass(frozen=True, slots=True)
class Member:
    """One detector of a blend.

    Parameters
    ----------
    name : str
        As in the catalogue.
    body : AnomalyBody
    scale : Scale
        From its raw scores to levels.
    weight : float
        Its part of the blend, 0 or more; the weights of a detection sum to 1.
    """

    name: str
    body: AnomalyBody
    scale: Scale
    weight: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector learned: its members, one at least.

    Parameters
    ----------
    members : tuple of Member
    notes : mapping, default {}
        What a person may want to know: rows that were left out as doubles, members that were trusted less and why.
    first : tuple of Member, default ()
        The members as they were before odd rows were set aside, where that was done. The rows set aside look odder
        afterwards than they are, be they anomalies or not; how odd usual rows get is told by these.
    """

    members: tuple[Member, ...]
    notes: Mapping[str, Value] = field(default_factory=dict)
    first: tuple[Member, ...] = ()


@runtime_checkable
class DetectorLearner(Protocol):
    """An anomaly detection algorithm, a single member or a whole ensemble.

    Attributes
    ----------
    name : str
        As in the catalogue.
    parameters : tuple of Parameter
    """

    name: str
    parameters: tuple[Parameter, ...]

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = ...,
    ) -> Detection:
        """Learn what is usual; stop before the deadline with the best so far.

        Raises
        ------
        UsageError
            When a setting does not fit.
        """
        ...


def blended(raw: Doubles, scales: tuple[Scale, ...], weights: Doubles) -> Doubles:
    """Return the score of each row: the weighted mean of its members' levels.

    Parameters
    ----------
    raw : float64 array of shape (n, members)
    scales : tuple of Scale
    weights : float64 array of shape (members,)

    Returns
    -------
    float64 array of shape (n,)
        Added up member by member, so that a row has the same bits in every batch.

    Examples
    --------
    >>> one = Scale(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    >>> blended(np.array([[0.5, 1.0]]), (one, one), np.array([0.5, 0.5])).tolist()
    [0.75]
    """
    total = np.zeros(len(raw))
    for at, (scale, weight) in enumerate(zip(scales, weights.tolist(), strict=True)):
        total += scale.level(raw[:, at]) * weight
    return total

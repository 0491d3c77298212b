"""What every single detector asks of its input before it starts, and how what it learned becomes a detection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Detection, Member
from mainstay.contracts.anomaly_scores import member_scores
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import check_parameters
from mainstay.learners.anomaly.levels import scale_of
from mainstay.learners.anomaly.reference_rows import drawn_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import DetectorLearner, Observations
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["admit", "affordable", "alone"]

_SCALED = 20_000
"""So many rows say what levels the raw scores have."""

_FEWEST = 200


def admit(learner: DetectorLearner, observations: Observations, settings: Mapping[str, Value]) -> dict[str, Value]:
    """Return the checked settings.

    Raises
    ------
    UsageError
        When a setting does not fit, there are no rows or columns, or a number is not finite.
    """
    checked = check_parameters(learner.name, learner.parameters, settings)
    matrix = observations.matrix
    if matrix.ndim != 2 or not matrix.size:
        raise UsageError(
            f"rows and columns were expected, and {' x '.join(map(str, matrix.shape))} came",
            where=learner.name,
            hint="Give at least one row and one column.",
        )
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise UsageError(
            "finite numbers were expected, and a missing or infinite one came",
            where=f"{learner.name}, row {row}",
            hint="Prepare the rows first; that fills what is missing.",
        )
    return checked


def affordable(most: int, deadline: Deadline, *, seconds: float) -> int:
    """Return how many rows there is time for: ``most``, or fewer where the time is short, but 200 at least.

    Parameters
    ----------
    most : int
    deadline : Deadline
        Half of what is left of it is spent.
    seconds : float
        What a row takes.

    Examples
    --------
    >>> from mainstay.contracts.learner import NoDeadline
    >>> affordable(5000, NoDeadline(), seconds=1e-3)
    5000
    """
    left = deadline.left()
    return most if not np.isfinite(left) else max(min(most, _FEWEST), min(most, int(left / 2 / seconds)))


def alone(
    name: str,
    body: AnomalyBody,
    observations: Observations,
    *,
    seed: int,
    notes: Mapping[str, Value] | None = None,
    scores: Callable[[NDArray[np.float32]], Doubles] | None = None,
) -> Detection:
    """Return the detection of one member that says everything.

    Parameters
    ----------
    name : str
    body : AnomalyBody
    observations : Observations
        The rows that it was learned from; some of them say what levels its scores have.
    seed : int
    notes : mapping, optional
    scores : callable, optional
        The raw scores of those rows, where the body's own would be too low because it knows them.
    """
    matrix = observations.matrix
    if len(matrix) > _SCALED:
        matrix = matrix[drawn_rows(matrix, _SCALED, seed=seed, copies=True)]
    raw = member_scores(body, matrix) if scores is None else scores(matrix)
    return Detection((Member(name, body, scale_of(raw), 1.0),), dict(notes or {}))

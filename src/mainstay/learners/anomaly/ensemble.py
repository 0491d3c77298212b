"""The default detector: a few fast members that look at rows in different ways, and one score made of them all.

No single method is safe on every table, and choosing one per table does not work either (Ma et al. 2021, arXiv
2104.01422); a mean of levels over members of different kinds loses little to the best of them and nothing to the worst.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Detection, Member
from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, quiet
from mainstay.learners.anomaly.ensemble_members import FITTERS, Case, own_scores
from mainstay.learners.anomaly.ensemble_weights import agreement, trust, usual_weights
from mainstay.learners.anomaly.levels import scale_of
from mainstay.learners.anomaly.reference_rows import different_rows, drawn_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Observations, Reference
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["EnsembleDetector"]

_SCALED = 20_000
"""So many rows say what levels the members' scores have."""

_AUTO = "auto"


@dataclass(slots=True)
class _Fitting:
    """What came of the members so far.

    Parameters
    ----------
    case : Case
    bodies : dict
        The members that learned, by name.
    left_out : dict
        Those that did not, with the reason.
    """

    case: Case
    bodies: dict[str, AnomalyBody] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def try_member(self, name: str, matrix: Floats) -> None:
        """Fit a member, or note why it is left out."""
        if self.bodies and self.case.deadline.left() <= 0:
            self.left_out[name] = "the time was over"
            return
        try:
            self.bodies[name] = FITTERS[name](matrix, self.case)
        except Exception as error:  # noqa: BLE001 - a member's library may raise anything; it is reported, not lost
            self.left_out[name] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class EnsembleDetector:
    """Several detectors blended by the mean of their levels, with weights that fit the reference and the columns.

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(300, 2)))
    >>> found = EnsembleDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline())
    >>> [member.name for member in found.members]
    ['knn', 'isolation_forest']
    """

    name = "ensemble"
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "members",
            _AUTO,
            f"Which members, with commas between: {', '.join(FITTERS)}; auto takes those that suit the reference.",
        ),
        Parameter("listen", True, "Whether a member whose ranks are unlike those of all others counts for less."),
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
        """Learn what is usual, member by member; one that fails is left out and named in the notes.

        Raises
        ------
        UsageError
            When a setting does not fit, there are no rows or columns, or a number is not finite.
        MainstayError
            When every member failed.
        """
        checked = admit(self, observations, settings)
        weights = _wanted(str(checked["members"]), reference)
        notes: dict[str, Value] = {"doubles": observations.rows - len(different_rows(observations.matrix)[0])}
        fitting = _Fitting(Case(reference, seed, deadline))
        with quiet(notes):
            for name in weights:
                fitting.try_member(name, observations.matrix)
            if not fitting.bodies:
                raise MainstayError(_all_failed(fitting.left_out), where=self.name)
            return _blend(fitting, weights, observations.matrix, listen=bool(checked["listen"]), notes=notes)


def _wanted(members: str, reference: Reference) -> Mapping[str, float]:
    """Return the members to fit with their weights."""
    usual = usual_weights(reference)
    if members == _AUTO:
        return usual
    names = [name.strip() for name in members.split(",") if name.strip()]
    unknown = [name for name in names if name not in FITTERS]
    if unknown or not names:
        raise UsageError(
            f"there is no member {unknown[0] if unknown else members!r}",
            where="ensemble",
            hint=f"There are: {', '.join(FITTERS)}; or {_AUTO}.",
        )
    return {name: usual.get(name, 1.0) for name in names}


def _all_failed(left_out: Mapping[str, str]) -> str:
    return "every member failed: " + "; ".join(f"{name}: {why}" for name, why in left_out.items())


def _blend(
    fitting: _Fitting, weights: Mapping[str, float], matrix: Floats, *, listen: bool, notes: dict[str, Value]
) -> Detection:
    """Return the members that learned, each with the scale of its scores and its part of the blend."""
    rows = drawn_rows(matrix, _SCALED, seed=fitting.case.seed, copies=True) if len(matrix) > _SCALED else slice(None)
    raw = np.stack(
        [own_scores(name, body, matrix[rows], fitting.case) for name, body in fitting.bodies.items()], axis=1
    )
    agreed = agreement(raw)
    trusted = trust(agreed) if listen else np.ones(len(fitting.bodies))
    parts = trusted * [weights[name] for name in fitting.bodies]
    members = tuple(
        Member(name, body, scale_of(raw[:, at]), float(parts[at] / parts.sum()))
        for at, (name, body) in enumerate(fitting.bodies.items())
    )
    return Detection(members, notes | _said(fitting, agreed, trusted))


def _said(fitting: _Fitting, agreed: Doubles, trusted: Doubles) -> dict[str, Value]:
    """Return what a person may want to know of the members."""
    notes: dict[str, Value] = {f"left out: {name}": why for name, why in fitting.left_out.items()}
    names = list(fitting.bodies)
    for at, name in enumerate(names):
        others = [float(agreed[at, other]) for other in range(len(names)) if other != at]
        if others:
            notes[f"agreement of {name}"] = round(float(np.mean(others)), 3)
        if trusted[at] < 1:
            share = round(float(trusted[at]), 3)
            notes[f"trust in {name}"] = f"{share}: its ranks are unlike those of every other member"
    return notes

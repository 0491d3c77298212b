"""The default detector: a few fast members that look at rows in different ways, and one score made of them all.

No single method is safe on every table, and choosing one per table does not work either (Ma et al. 2021, arXiv
2104.01422); a mean of levels over members of different kinds loses little to the best of them and nothing to the worst.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Detection, Member
from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit
from mainstay.learners.anomaly.ensemble_members import FITTERS, Case, own_scores
from mainstay.learners.anomaly.ensemble_weights import agreement, trust, usual_weights
from mainstay.learners.anomaly.levels import levels_of, scale_of
from mainstay.learners.anomaly.reference_rows import different_rows, drawn_rows
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Observations, Reference
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["EnsembleDetector"]

_LOOKED_AT = 20_000
"""So many rows are looked at twice, and say what levels the members' scores have."""

_AUTO = "auto"


_SUSPECTS = 0.1
"""The part of contaminated rows that the second look leaves aside."""

_SOFTNESS = 0.2
"""Of the levels where rows are contaminated, to which the reach of scores is added; with clean rows plain levels say
more, and go on in a straight line."""

_DOUBTED = 0.5
"""Trust below it is told."""

_MANY = 100_000
_POINTS = {"contaminated": 2048, "clean": 4096}
_POINTS_OF_MANY = 1024
"""How many rows neighbours are sought among; of more than 100,000 rows each comparison costs seconds."""


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
        """Fit a member, or note why it is left out; what it learned before stays then."""
        again = " at the second look" if name in self.bodies else ""
        if self.bodies and self.case.deadline.left() <= 0:
            self.left_out[name + again] = "the time was over"
            return
        try:
            self.bodies[name] = FITTERS[name](matrix, self.case)
        except Exception as error:  # noqa: BLE001 - a member's library may raise anything; it is reported, not lost
            self.left_out[name + again] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

    def raw(self, matrix: Floats) -> Doubles:
        """Return how odd the members find reference rows, float64 of shape (n, members)."""
        found = [own_scores(name, body, matrix, self.case) for name, body in self.bodies.items()]
        return np.stack(found, axis=1)


class EnsembleDetector:
    """Several detectors blended by the mean of their levels, with weights that fit the reference and the columns.

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(300, 2)))
    >>> found = EnsembleDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline())
    >>> [member.name for member in found.members]
    ['knn', 'nearest', 'isolation_forest', 'robust_mahalanobis', 'histogram']
    """

    name = "ensemble"
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "members",
            _AUTO,
            f"Which members, with commas between: {', '.join(FITTERS)}; auto takes those that suit the reference.",
        ),
        Parameter(
            "second_look",
            True,
            "Whether members learn anew without the oddest tenth of the rows, where these may hold anomalies.",
        ),
        Parameter("listen", True, "Whether, of contaminated rows, members that rank unlike the others count for less."),
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
        matrix = observations.matrix
        notes: dict[str, Value] = {"doubles": len(matrix) - len(different_rows(matrix)[0])}
        points = _POINTS[reference] if len(matrix) <= _MANY else _POINTS_OF_MANY
        fitting = _Fitting(Case(reference, seed, deadline, points))
        some = matrix if len(matrix) <= _LOOKED_AT else matrix[_some(matrix, seed)]
        with quiet(notes):
            for name in weights:
                fitting.try_member(name, matrix if reference == "clean" else some)
            if not fitting.bodies:
                raise MainstayError(_all_failed(fitting.left_out), where=self.name)
            listen = bool(checked["listen"])
            if reference != "contaminated" or not checked["second_look"]:
                return _blend(fitting, weights, some, listen=listen, notes=notes)
            first = dict(fitting.bodies)
            notes["set aside at the second look"] = _look_again(fitting, some)
            found = _blend(fitting, weights, some, listen=listen, notes=notes)
            before = tuple(replace(member, body=first[member.name]) for member in found.members)
            return replace(found, first=before)


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


def _some(matrix: Floats, seed: int) -> NDArray[np.int64]:
    """Return rows by chance, and the ends of each column of which these know one value alone."""
    drawn = drawn_rows(matrix, _LOOKED_AT, seed=seed, copies=True)
    alike = np.flatnonzero(np.ptp(matrix[drawn], axis=0) <= 0)
    ends = [end(matrix[:, column]) for column in alike for end in (np.argmin, np.argmax)]
    return np.concatenate([drawn, np.unique(ends)]).astype(np.int64) if ends else drawn


def _look_again(fitting: _Fitting, matrix: Floats) -> int:
    """Fit the members anew without the rows that they find oddest together; return how many these are.

    Anomalies among the rows that it learns from are what spoils a member; a first opinion of all is good enough to
    leave most of them out, and usual rows that go with them are missed little.
    """
    kept = _usual(fitting.raw(matrix))
    if kept.all():
        return 0
    usual = matrix[kept]
    # what alone told rows apart may have been set aside: whoever is blind without it keeps the first opinion
    narrowed = bool(((np.ptp(usual, axis=0) <= 0) & (np.ptp(matrix, axis=0) > 0)).any())
    for name, body in list(fitting.bodies.items()):
        fitting.try_member(name, usual)
        if narrowed and np.ptp(own_scores(name, fitting.bodies[name], matrix, fitting.case)) <= 0:
            fitting.bodies[name] = body
    return int((~kept).sum())


def _usual(raw: Doubles) -> NDArray[np.bool_]:
    """Return which rows are not of the tenth that all members together find oddest."""
    odd = np.mean([levels_of(column) for column in raw.T], axis=0)
    cut = np.quantile(odd, 1 - _SUSPECTS)
    # a large group of equal rows stands at the cut as one: it goes where more than half of the rows is left
    return np.asarray(odd < cut if (odd < cut).mean() > 0.5 else odd <= cut, np.bool_)


def _blend(
    fitting: _Fitting, weights: Mapping[str, float], matrix: Floats, *, listen: bool, notes: dict[str, Value]
) -> Detection:
    """Return the members that learned, each with the scale of its scores and its part of the blend."""
    raw = fitting.raw(matrix)
    agreed = agreement(raw)
    clean = fitting.case.reference == "clean"
    trusted = trust(agreed) if listen and not clean else np.ones(len(fitting.bodies))
    parts = trusted * [weights[name] for name in fitting.bodies]
    softness, usual = (0.0, None) if clean else (_SOFTNESS, _usual(raw))
    members = tuple(
        Member(name, body, scale_of(raw[:, at], softness=softness, usual=usual), float(parts[at] / parts.sum()))
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
        if trusted[at] < _DOUBTED:
            notes[f"trust in {name}"] = f"{trusted[at]:.2f} of its weight: it ranks the rows unlike the other members"
    return notes

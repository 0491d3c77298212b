"""Labels for some rows teach the detector: what was learned, and how good it is on labels that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.prepare.anomalies import observations_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.intake import Intake
    from mainstay.compute.around import Around
    from mainstay.contracts.anomalies import Detection
    from mainstay.prepare.anomalies import AnomalyRecipe

__all__ = ["Taught", "not_taught", "taught_by"]

_OTHERS = 40_000


@dataclass(frozen=True, slots=True)
class Taught:
    """A detector that labels have taught.

    Parameters
    ----------
    detection : Detection
        With the taught member as its last.
    before : Detection
        As it was without labels.
    rows : int64 array of shape (k,)
        The labelled rows, as positions among those that are judged.
    codes : int64 array of shape (k,)
        1 an anomaly, 0 usual.
    scores : float64 array of shape (k,), optional
        What a detector taught by the other labels says of each; None where there were too few labels or no time.
    """

    detection: Detection
    before: Detection
    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    scores: NDArray[np.float64] | None


def taught_by(
    detection: Detection, recipe: AnomalyRecipe, intake: Intake, *, seed: int, around: Around
) -> Taught | None:
    """Teach the detector what some labels say; None where there are none, all rows have one, or no anomaly is known.

    Parameters
    ----------
    detection : Detection
    recipe : AnomalyRecipe
    intake : Intake
    seed : int
    around : Around
    """
    known = intake.known
    if known is None or known.complete:
        return None
    codes = known.codes[intake.judged.places].astype(np.int64)
    if not (codes == 1).any():
        return None
    from mainstay.learners.anomaly.feedback import cross_taught, with_labels

    rows, others = np.flatnonzero(codes >= 0), np.flatnonzero(codes < 0)
    if len(others) > _OTHERS:
        others = np.random.default_rng([seed, 23]).choice(others, _OTHERS, replace=False)
    chosen = np.sort(np.concatenate([rows, others]))
    lesson = observations_of(recipe, intake.judged.arrays.take(chosen))
    found = with_labels(detection, lesson, codes[chosen], seed=seed, deadline=around.part(0.3))
    unseen = cross_taught(detection, lesson, codes[chosen], seed=seed, deadline=around)
    return Taught(found, detection, rows, codes[rows], unseen)


def not_taught(intake: Intake) -> tuple[Finding, ...]:
    """Say why labels did not teach the detector, where there are some."""
    known = intake.known
    if known is None:
        return ()
    if known.complete:
        return (
            Finding(
                severity="info",
                code="labels.complete",
                message="every row is labelled: the labels judge the detector and do not teach it, for then nothing "
                "would be left to judge it by",
                advice="To learn from all labels: mainstay train DATA --target COL. To teach the detector: leave some "
                "labels empty.",
            ),
        )
    if not (known.codes[intake.judged.places] == 1).any():
        return (
            Finding(
                severity="warning",
                code="labels.no_anomaly",
                message="no row that can be judged is labelled as an anomaly, so the labels teach the detector nothing",
                advice="Label one anomaly at least with 1.",
            ),
        )
    return ()

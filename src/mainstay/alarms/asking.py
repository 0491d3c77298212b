"""Which rows a person is asked about: those whose labels would teach the detector most, each with the reason to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.alarms.feedback_file import Asked
from mainstay.prepare.anomalies import observations_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.judging import Alarms
    from mainstay.alarms.run import Learned
    from mainstay.alarms.settings import Settings

__all__ = ["rows_asked"]

_CANDIDATES, _EACH = 20_000, 200


def rows_asked(learned: Learned, alarms: Alarms, settings: Settings) -> Asked:
    """Return the rows to ask about, as positions in the table, the most helpful first.

    Parameters
    ----------
    learned : Learned
    alarms : Alarms
    settings : Settings
        How many.
    """
    from mainstay.learners.anomaly.queries import rows_to_ask

    intake, members = learned.intake, learned.detection.members
    codes = np.full(len(alarms.scores), -1, np.int64)
    if intake.known is not None:
        codes = intake.known.codes[intake.judged.places].astype(np.int64)
    levels = np.stack([one.scale.level(alarms.members[:, at]) for at, one in enumerate(members)], axis=1)
    spread = levels.max(axis=1) - levels.mean(axis=1)
    rows = _candidates(alarms.scores, spread, codes, settings.ask)
    matrix = observations_of(learned.recipe, intake.judged.arrays.take(rows)).matrix
    asked = rows[rows_to_ask(matrix, alarms.scores[rows], levels[rows], codes[rows], settings.ask)]
    why = tuple(
        "the detectors disagree about it" if disputed else "it is among the oddest, and unlike the others asked about"
        for disputed in _place(spread, asked) < _place(alarms.scores, asked)
    )
    return Asked(intake.judged.places[asked], why)


def _candidates(
    scores: NDArray[np.float64], spread: NDArray[np.float64], codes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Return the rows that may be asked about, and those that have a label: of many only the odd and disputed ones."""
    most = max(_CANDIDATES, _EACH * count)
    if len(scores) <= 2 * most:
        return np.arange(len(scores))
    free = np.where(codes < 0, 0.0, -np.inf)
    parts = [np.argpartition(-(value + free), most)[:most] for value in (scores, spread)]
    return np.unique(np.concatenate([*parts, np.flatnonzero(codes >= 0)]))


def _place(values: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many rows have a higher value than each of these."""
    rising = np.sort(values)
    return np.asarray(len(rising) - np.searchsorted(rising, values[rows], side="right"), np.int64)

"""The golden rows of a clustering: what is kept of an answer, and what a new one may differ by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.bundle.another_answer import another_answer, stored_number
from mainstay.bundle.records import GoldenRow
from mainstay.contracts.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.records import Cell, ClusterOutputs

__all__ = ["cluster_row", "compare_clusters"]


def cluster_row(row: dict[str, Cell], answers: ClusterAnswers, at: int) -> GoldenRow:
    """Return a row with the answer that it got."""
    return GoldenRow(
        row=row,
        prediction=int(answers.cluster[at]),
        distance=stored_number(answers.distance[at]),
        second_distance=msgspec.UNSET if answers.second[at] < 0 else stored_number(answers.second_distance[at]),
        fits_none=bool(answers.fits_none[at]),
    )


def compare_clusters(
    outputs: ClusterOutputs, stored: Sequence[GoldenRow], answers: ClusterAnswers, *, tolerance: float, place: str
) -> None:
    """Hold the answers of the golden rows that have one to those stored.

    Parameters
    ----------
    outputs : ClusterOutputs
    stored : sequence of GoldenRow
        All rows, the refused ones too.
    answers : ClusterAnswers
        Of the same rows.
    tolerance : float
        Allowed of a distance, relative to the larger of itself and the root mean square of all golden distances and
        limits. A cluster may differ only where the two nearest are within twice that, and whether a row fits only
        where its distance is that near to the limit.
    place : str
        For messages.

    Raises
    ------
    ReplayError
        When a distance, a cluster or a fit is another.
    """
    kept = np.array([at for at, row in enumerate(stored) if not row.rejected], np.int64)
    rows = [stored[at] for at in kept]
    if any(_broken(row, outputs) for row in rows):
        raise ReplayError("each golden row needs a cluster, its distances, and whether it fits none", where=place)
    first = np.array([_given(row.distance) for row in rows], np.float64)
    second = np.array([_given(row.second_distance) for row in rows], np.float64)
    limits = np.array([math.inf if limit is None else limit for limit in outputs.limits])
    spread = _spread(np.concatenate([first, second, limits]))
    for name, was, now in (
        ("distance", first, answers.distance[kept]),
        ("second distance", second, answers.second_distance[kept]),
    ):
        with np.errstate(invalid="ignore"):
            same = (np.abs(was - now) <= _allowed(was, spread, tolerance)) | (was == now)
        for at in np.flatnonzero(~(same | (np.isnan(was) & np.isnan(now)))).tolist():
            raise another_answer(f"the {name} of golden row {kept[at]}", was[at], now[at], place)
    near = 2 * _allowed(first, spread, tolerance)
    ties = second - first <= near
    for at, row in enumerate(rows):
        place_now = kept[at]
        given, fits_none = int(answers.cluster[place_now]), bool(answers.fits_none[place_now])
        if row.prediction != given and not ties[at]:
            raise another_answer(f"the cluster of golden row {place_now}", row.prediction, given, place)
        if row.fits_none != fits_none and not ties[at] and abs(first[at] - limits[given]) > near[at]:
            raise another_answer(f"whether golden row {place_now} fits none", row.fits_none, fits_none, place)


def _allowed(distance: NDArray[np.float64], spread: float, tolerance: float) -> NDArray[np.float64]:
    sizes = np.where(np.isfinite(distance), np.abs(distance), 0.0)
    return np.asarray(tolerance * np.maximum(sizes, spread), np.float64)


def _broken(row: GoldenRow, outputs: ClusterOutputs) -> bool:
    """Return whether a stored answer is not one of a clustering."""
    cluster = row.prediction
    whole = isinstance(cluster, int) and not isinstance(cluster, bool) and 0 <= cluster < outputs.clusters
    parts = (row.distance, row.fits_none, *([row.second_distance] if outputs.clusters > 1 else []))
    return not whole or any(isinstance(part, msgspec.UnsetType) for part in parts)


def _spread(values: NDArray[np.float64]) -> float:
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    return largest * float(np.sqrt(np.mean((finite / largest) ** 2))) if largest > 0 else 0.0


def _given(value: float | msgspec.UnsetType | None) -> float:
    return math.nan if value is None or isinstance(value, msgspec.UnsetType) else value

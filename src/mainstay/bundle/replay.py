"""Golden rows: a few rows with their answers, asked again whenever a bundle is opened.

They find what digests cannot: a runtime, a processor or a decoder that gives other answers than those the model was
judged by.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.records import Cell, Golden, GoldenRow
from mainstay.bundle.replay_clusters import cluster_row, compare_clusters
from mainstay.bundle.replay_detectors import compare_detectors, detector_row
from mainstay.contracts.errors import ParityError, ReplayError
from mainstay.graph.parity import check_parity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.asking import AnyPredictor
    from mainstay.bundle.predict import Answers, Predictor

__all__ = ["TOLERANCE", "plain_cells", "record_golden", "replay_golden"]

TOLERANCE = 1e-6
"""Allowed between a stored answer and the one given: absolute for a probability, relative for amounts and scores."""


def record_golden(predictor: AnyPredictor, rows: Sequence[Mapping[str, object]]) -> Golden:
    """Return rows with the answers that they get now.

    Parameters
    ----------
    predictor : Predictor, ClusterPredictor or DetectorPredictor
    rows : sequence of mappings
        Raw values by column name; dates become ISO 8601 text, NaN becomes None.
    """
    cells = [plain_cells(row) for row in rows]
    if isinstance(predictor, ClusterPredictor):
        grouped = predictor.predict_rows(cells)
        return _answered(cells, grouped.rejected, lambda row, at: cluster_row(row, grouped, at))
    if isinstance(predictor, DetectorPredictor):
        judged = predictor.predict_rows(cells)
        return _answered(cells, judged.rejected, lambda row, at: detector_row(row, judged, at))
    answers = predictor.predict_rows(cells)
    return Golden(tuple(_golden_row(row, answers, at) for at, row in enumerate(cells)))


def _answered(
    cells: list[dict[str, Cell]], rejected: NDArray[np.bool_], told: Callable[[dict[str, Cell], int], GoldenRow]
) -> Golden:
    rows = enumerate(zip(cells, rejected.tolist(), strict=True))
    return Golden(tuple(GoldenRow(row=row, rejected=True) if refused else told(row, at) for at, (row, refused) in rows))


def replay_golden(predictor: AnyPredictor, golden: Golden, where: str = "bundle") -> int:
    """Ask the golden rows again and return how many there are.

    Raises
    ------
    ReplayError
        When a row is refused that was not, or answered that was refused, or its answer differs by more than
        :data:`TOLERANCE`. A class may differ only where its probability is that near to another's, a cluster only
        where its distance is, and an alarm only where its score is that near to the cut.
    """
    place = f"{where} > golden.json"
    if not golden.rows:
        return 0
    if isinstance(predictor, ClusterPredictor):
        grouped = predictor.predict_rows([row.row for row in golden.rows])
        _check_refused(golden, grouped.rejected, place)
        compare_clusters(predictor.outputs, golden.rows, grouped, tolerance=TOLERANCE, place=place)
        return len(golden.rows)
    if isinstance(predictor, DetectorPredictor):
        judged = predictor.predict_rows([row.row for row in golden.rows])
        _check_refused(golden, judged.rejected, place)
        compare_detectors(predictor.outputs, golden.rows, judged, tolerance=TOLERANCE, place=place)
        return len(golden.rows)
    answers = predictor.predict_rows([row.row for row in golden.rows])
    _check_refused(golden, answers.rejected, place)
    kept = np.flatnonzero(~answers.rejected)
    if len(kept):
        _compare(predictor, golden, answers, kept.tolist(), place)
    return len(golden.rows)


def _check_refused(golden: Golden, rejected: NDArray[np.bool_], place: str) -> None:
    stored = [row.rejected for row in golden.rows]
    for at in np.flatnonzero(rejected != np.array(stored)):
        said = "was refused" if stored[at] else "was answered"
        raise ReplayError(f"golden row {at} {said} when the model was written, and is not now", where=place)


def plain_cells(row: Mapping[str, object]) -> dict[str, Cell]:
    """Return a row as JSON can hold it.

    Examples
    --------
    >>> plain_cells({"day": dt.date(2024, 2, 29), "amount": float("nan")})
    {'day': '2024-02-29', 'amount': None}
    """
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Cell:
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _golden_row(row: dict[str, Cell], answers: Answers, at: int) -> GoldenRow:
    if answers.rejected[at]:
        return GoldenRow(row=row, rejected=True)
    if answers.probabilities is None:
        return GoldenRow(row=row, prediction=float(answers.prediction[at]))
    shares = tuple(float(share) for share in answers.probabilities[at])
    return GoldenRow(row=row, prediction=answers.prediction[at], probabilities=shares)


def _compare(predictor: Predictor, golden: Golden, answers: Answers, kept: list[int], place: str) -> None:
    outputs = predictor.outputs
    rows = [golden.rows[at] for at in kept]
    try:
        if answers.probabilities is None:
            amounts = np.array([_amount(row, at, place) for row, at in zip(rows, kept, strict=True)])
            check_parity(amounts, answers.prediction[kept], task="regression", limit=TOLERANCE)
            return
        if any(row.probabilities is None or len(row.probabilities) != len(outputs.labels) for row in rows):
            raise ReplayError("each golden row needs one probability per label", where=place)
        shares = np.array([row.probabilities for row in rows], np.float64)
        check_parity(shares, answers.probabilities[kept], task="classification", limit=TOLERANCE)
    except ParityError as error:
        raise ReplayError(
            f"the model does not answer as it did when it was written; 'library' below is what is stored, row "
            f"numbers count the golden rows that have an answer: {error.message}",
            where=place,
            hint="Do not use it here; open it with the versions that its manifest names and compare.",
        ) from error
    for row, gap, at in zip(rows, outputs.gap(shares), kept, strict=True):
        given = answers.prediction[at]
        if gap > 2 * TOLERANCE and (row.prediction != given or type(row.prediction) is not type(given)):
            raise ReplayError(f"golden row {at} was {row.prediction!r}, and is {given!r} now", where=place)


def _amount(row: GoldenRow, at: int, place: str) -> float:
    if isinstance(row.prediction, (bool, str)) or row.prediction is None:
        raise ReplayError(f"golden row {at} needs a number as its answer, and {row.prediction!r} came", where=place)
    return float(row.prediction)

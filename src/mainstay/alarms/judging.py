"""From a detector to alarms: the graph is written, its scores are calibrated, the cut is decided, and reasons are told.

Nothing here looks at a row but through the graph that goes into the bundle, and each row passes through it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.alarms.gate import check_detector, drawn_rows
from mainstay.bundle.anomaly_reasons import reasons
from mainstay.bundle.detector_outputs import DetectorMember, DetectorOutputs
from mainstay.bundle.detectors import DetectorPredictor
from mainstay.contracts.anomalies import TAUGHT, Detection, blended
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.errors import ParityError
from mainstay.evaluate.anomalies.alarm import batch_flags, decide_alarm, read_alarm
from mainstay.evaluate.anomalies.calibrate import calibrate
from mainstay.evaluate.anomalies.label_cut import by_labels
from mainstay.evaluate.anomalies.promises import batch_guarantee
from mainstay.evaluate.anomalies.usual import usual_columns
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.write_detectors import write_members, write_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.intake import Intake
    from mainstay.alarms.run import Learned
    from mainstay.alarms.settings import Settings
    from mainstay.contracts.alarms import Alarm, Calibration
    from mainstay.contracts.arrays import Arrays
    from mainstay.graph.parity import Parity
    from mainstay.prepare.anomalies import AnomalyRecipe

    Doubles = NDArray[np.float64]

__all__ = ["TOP", "Alarms", "judge", "write_graph"]

TOP = 20
"""So many of the oddest rows are explained whether they are flagged or not."""

_PROVED = 200
_TOLD = 20_000
"""So many contaminated rows say how odd usual rows get."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """What a detector says of the m rows that it judged.

    Parameters
    ----------
    predictor : DetectorPredictor
        What answers; its scores, p-values and cut are those below.
    members : float64 array of shape (m, members)
        Raw scores.
    scores, p_values : float64 array of shape (m,)
    flagged : bool array of shape (m,)
        By the cut, or over all rows together where clean rows came in a table of their own.
    guarantee : str
        What holds for the flagged rows.
    explained : int64 array of shape (f,)
        Positions of the rows that have reasons: the flagged ones and the oddest.
    shares : float64 array of shape (f, columns)
        How odd each of them is in each column.
    reasons : tuple of str
        Of each of them.
    reference_scores : float64 array
        Of the rows that calibrate.
    parity : Parity
    """

    predictor: DetectorPredictor
    members: Doubles
    scores: Doubles
    p_values: Doubles
    flagged: NDArray[np.bool_]
    guarantee: str
    explained: NDArray[np.int64]
    shares: Doubles
    reasons: tuple[str, ...]
    reference_scores: Doubles
    parity: Parity


def write_graph(recipe: AnomalyRecipe, detection: Detection, arrays: Arrays) -> bytes:
    """Return the graph of a detector: the members' scores, and terms by column."""
    builder = GraphBuilder.over(arrays)
    features = recipe.write(builder)
    bodies = [member.body for member in detection.members]
    members = write_members(builder, bodies, features, len(recipe.names))
    terms = write_terms(builder, bodies, recipe.source, len(recipe.columns), features)
    return builder.build({"members": members, "terms": terms})


def judge(learned: Learned, settings: Settings) -> Alarms:
    """Score all rows with the graph, calibrate, decide and explain.

    Parameters
    ----------
    learned : Learned
    settings : Settings

    Raises
    ------
    ParityError
        When the graph does not answer as the detector was learned.
    """
    intake, detection = learned.intake, learned.detection
    model = write_graph(learned.recipe, detection, intake.learned.arrays)
    session = Session(model, threads=2)
    members = _members(session, intake.judged.arrays)
    scores = _blend(detection, members)
    rows = drawn_rows(scores, len(learned.recipe.names), settings.seed)
    drawn = intake.judged.arrays.take(rows)
    parity = check_detector(detection, learned.recipe, drawn, members[rows], where=settings.method)
    reference = _reference(session, intake, members)
    usual = _blend(detection, reference)
    calibration = _calibrated(learned, usual, reference, settings)
    alarm = _alarm(intake, settings, scores, calibration, usual)
    if alarm.rule == "fdr" and settings.reference != "clean" and learned.taught and learned.taught.scores is not None:
        alarm = by_labels(alarm, learned.taught.scores, learned.taught.codes)
    flagged, guarantee = alarm.flagged(scores), alarm.guarantee
    if intake.apart:
        wish = read_alarm(settings.alarm)
        flagged = batch_flags(wish, scores, calibration)
        guarantee = batch_guarantee(wish.rule, wish.amount, settings.reference)
    outputs = _outputs(learned, settings, calibration, alarm, flagged)
    predictor = DetectorPredictor(intake.schema, outputs, model, threads=2)
    explained = np.union1d(np.flatnonzero(flagged), np.argsort(-scores, kind="stable")[:TOP])
    arrays = intake.judged.arrays.take(explained)
    shares = predictor.explained(arrays)
    read = predictor.decoder.from_frame(intake.judged.table.frame[intake.judged.places[explained]])
    told = reasons(outputs.usual, outputs.columns, arrays, shares, read.problems)
    _prove(predictor, drawn, scores[rows])
    return Alarms(
        predictor=predictor, members=members, scores=scores, p_values=calibration.of(scores), flagged=flagged,
        guarantee=guarantee, explained=explained, shares=shares, reasons=tuple(told), reference_scores=usual,
        parity=parity,
    )  # fmt: skip


def _members(session: Session, arrays: Arrays) -> Doubles:
    return np.asarray(session.run(arrays, ("members",))["members"], np.float64)


def _blend(detection: Detection, members: Doubles) -> Doubles:
    scales = tuple(member.scale for member in detection.members)
    return blended(members, scales, np.array([member.weight for member in detection.members]))


def _reference(session: Session, intake: Intake, members: Doubles) -> Doubles:
    """Return the raw scores of the rows that calibrate."""
    if intake.calibrate is None:
        return members
    if intake.apart:
        return _members(session, intake.learned.arrays.take(intake.calibrate))
    return members[intake.calibrate]


def _calibrated(learned: Learned, usual: Doubles, reference: Doubles, settings: Settings) -> Calibration:
    """Return how scores become p-values: of contaminated rows by members that set none aside and know no labels."""
    members = learned.detection.first
    if settings.reference == "clean" or not members:
        told = tuple(member for member in learned.detection.members if member.name != TAUGHT)
        weights = np.array([member.weight for member in told])
        return calibrate(usual, settings.reference, members=reference[:, : len(told)], weights=weights)
    rows = np.arange(len(usual))
    if len(rows) > _TOLD:
        rows = np.sort(np.random.default_rng([settings.seed, 29]).choice(len(rows), _TOLD, replace=False))
    matrix = learned.recipe.transform(learned.intake.judged.arrays.take(rows))
    weights = np.array([member.weight for member in members])
    raw = detection_scores(Detection(members), matrix)
    return calibrate(usual[rows], settings.reference, members=raw, weights=weights)


def _alarm(intake: Intake, settings: Settings, scores: Doubles, calibration: Calibration, usual: Doubles) -> Alarm:
    """Return the cut: the oddest rows and costs by labels are about the rows judged, the rest about usual ones."""
    wish = read_alarm(settings.alarm)
    labels = None if intake.known is None else intake.known.codes[intake.judged.places].astype(np.int64)
    told = wish.rule == "cost" and labels is not None and bool((labels == 1).any())
    judged = scores if told or wish.rule == "top" else usual
    return decide_alarm(wish, judged, calibration, settings.reference, labels=labels if told else None)


def _outputs(
    learned: Learned, settings: Settings, calibration: Calibration, alarm: Alarm, flagged: NDArray[np.bool_]
) -> DetectorOutputs:
    intake = learned.intake
    clean = settings.reference == "clean"
    kept = np.concatenate([intake.fit, _positions(intake.calibrate)]) if clean else ~flagged
    members = tuple(
        DetectorMember(
            name=member.name, weight=member.weight, scores=tuple(member.scale.scores.tolist()),
            levels=tuple(member.scale.levels.tolist()),
        )
        for member in learned.detection.members
    )  # fmt: skip
    return DetectorOutputs(
        members=members, columns=learned.recipe.columns, reference=settings.reference, calibration=calibration,
        alarm=alarm, usual=usual_columns(intake.schema, intake.learned.arrays, kept), rows=len(intake.fit),
    )  # fmt: skip


def _positions(rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return np.array([], np.int64) if rows is None else rows


def _prove(predictor: DetectorPredictor, drawn: Arrays, scores: Doubles) -> None:
    """Hold the scores that are shown to those that the bundle answers, bit by bit."""
    answered = predictor.predict_arrays(drawn.take(slice(0, _PROVED))).score
    if not np.array_equal(answered, scores[:_PROVED]):
        raise ParityError(
            "the bundle does not answer the scores that it was calibrated with", where="detector",
            hint="The model was not written. Please report this with the method and its settings.",
        )  # fmt: skip

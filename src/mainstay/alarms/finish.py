"""From a detector to a bundle that has been proved and described: what anyone sees are the bundle's own answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.alarms.asking import rows_asked
from mainstay.alarms.feedback_file import feedback_frame
from mainstay.alarms.figures import figures_of
from mainstay.alarms.judging import judge
from mainstay.alarms.tell import report_of
from mainstay.bundle.kept_rows import background, distributions, golden_rows, histogram
from mainstay.bundle.pack import seal
from mainstay.bundle.records import BundleContent
from mainstay.bundle.replay import record_golden

if TYPE_CHECKING:
    import polars as pl

    from mainstay.alarms.judging import Alarms
    from mainstay.alarms.run import Learned
    from mainstay.alarms.settings import Settings
    from mainstay.bundle.detector_outputs import DetectorOutputs
    from mainstay.bundle.open import Bundle
    from mainstay.compute.around import Around
    from mainstay.evaluate.anomalies.report_data import AnomalyReport

__all__ = ["Finished", "finish"]

_FOR_PICTURES = 9.0  # seconds; measured: the first picture starts a drawing engine, and the packing comes after it
_SPREAD = 50_000


@dataclass(frozen=True, slots=True)
class Finished:
    """A bundle, and what it says of the rows that were judged.

    Parameters
    ----------
    bundle : Bundle
        As it opens: read back from its bytes, audited, its golden rows replayed.
    answers : polars.DataFrame of shape (n, 4)
        score, p_value, flagged and reason of each row of the table; null where it could not be judged.
    asked : polars.DataFrame, optional
        The rows whose labels would help most, to be filled in.
    figures : dict
        What ``--json`` shows, without what only the caller knows.
    """

    bundle: Bundle
    answers: pl.DataFrame
    asked: pl.DataFrame | None
    figures: dict[str, Any]


def finish(learned: Learned, settings: Settings, around: Around) -> Finished:
    """Write, prove, describe and pack.

    Parameters
    ----------
    learned : Learned
    settings : Settings
    around : Around

    Raises
    ------
    ParityError
        When the graph does not answer as the detector was learned.
    """
    around.begin("judge")
    alarms = judge(learned, settings)
    answers = _answers(learned, alarms)
    around.begin("describe")
    asked = rows_asked(learned, alarms, settings) if settings.ask else None
    report = report_of(learned, alarms, asked, settings, around)
    around.begin("report")
    content = _content(learned, alarms, report, settings, drawn=around.left() > _FOR_PICTURES)
    around.begin("pack")
    bundle = seal(content)
    frame = learned.intake.judged.table.frame
    known = learned.intake.known
    sheet = None
    if asked is not None:
        carried = known if known is not None and not known.complete else None
        sheet = feedback_frame(frame, asked, answers, carried)
    return Finished(bundle, answers, sheet, figures_of(learned, alarms, report, settings))


def _answers(learned: Learned, alarms: Alarms) -> pl.DataFrame:
    """Return the answers for every row of the table, as columns; reasons where a row is flagged."""
    import polars as pl

    rows, places = learned.intake.judged.table.rows, learned.intake.judged.places
    scores, p_values = np.full(rows, np.nan), np.full(rows, np.nan)
    scores[places], p_values[places] = alarms.scores, alarms.p_values
    flagged, answered = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    flagged[places], answered[places] = alarms.flagged, True
    told = np.full(rows, None, object)
    told[places[alarms.explained]] = np.array([*alarms.reasons, None], object)[:-1]
    told[~flagged] = None
    return pl.DataFrame({
        "score": pl.Series(scores, dtype=pl.Float64).fill_nan(None),
        "p_value": pl.Series(p_values, dtype=pl.Float64).fill_nan(None),
        "flagged": pl.select(pl.when(pl.Series(answered)).then(pl.Series(flagged))).to_series(),
        "reason": pl.Series(told.tolist(), dtype=pl.String),
    })  # fmt: skip


def _content(
    learned: Learned, alarms: Alarms, report: AnomalyReport, settings: Settings, *, drawn: bool
) -> BundleContent[DetectorOutputs]:
    from mainstay.evaluate.anomalies.card import anomaly_card
    from mainstay.evaluate.anomalies.report import anomaly_report

    intake, predictor, seed = learned.intake, alarms.predictor, settings.seed
    source = intake.learned.table.frame
    frame = source if len(intake.learned.places) == source.height else source[intake.learned.places]
    kinds = predictor.outputs.alarm.flagged(alarms.scores) if not intake.apart else np.zeros(frame.height, np.bool_)
    plain = msgspec.to_builtins(report)
    scores = {} if report.judged is None else {name: one.to_dict() for name, one in report.judged.metrics.items()}
    return BundleContent(
        schema=intake.schema, model=predictor.model, outputs=predictor.outputs, recipe=_recipe(learned, settings),
        evaluation={**plain, "scores": scores, "model_digest": predictor.model_digest},
        golden=record_golden(predictor, golden_rows(intake.schema, frame, kinds.astype(np.int64), seed)),
        reference={**_spread(learned, alarms, seed), "background": background(intake.schema, frame, seed)},
        report=anomaly_report(report, drawn=drawn), card=anomaly_card(report),
    )  # fmt: skip


def _spread(learned: Learned, alarms: Alarms, seed: int) -> dict[str, Any]:
    """Return the distributions of the rows that were learned from, of many from some, and those of the scores."""
    arrays = learned.intake.learned.arrays
    rows = arrays.rows
    if rows > _SPREAD:
        arrays = arrays.take(np.sort(np.random.default_rng(seed).choice(rows, _SPREAD, replace=False)))
    scores = alarms.reference_scores
    return {
        **distributions(arrays),
        "rows": rows,
        "rows_looked_at": arrays.rows,
        "scores": histogram(scores),
        "flagged": float(alarms.predictor.outputs.alarm.flagged(scores).mean()),
    }


def _recipe(learned: Learned, settings: Settings) -> dict[str, Any]:
    """Return all that it takes to run it again; TOML knows no null, so what is not set is left out."""
    intake = learned.intake
    told = msgspec.to_builtins(settings)
    tables = {"data": intake.judged.table} | ({"reference": intake.learned.table} if intake.apart else {})
    return {
        **{
            name: {"source": table.source, "digest": table.digest, "rows": table.rows} for name, table in tables.items()
        },
        "settings": {
            # TOML reads lists back, never tuples.
            name: list(value) if isinstance(value, tuple) else value
            for name, value in told.items()
            if value not in (None, float("inf"))
        },
        "method": settings.method,
        "fitted_rows": len(intake.fit),
        "calibration_rows": len(intake.fit if intake.calibrate is None else intake.calibrate),
        "columns": [
            {"column": note.column, "kind": note.kind, "treatment": note.treatment} for note in learned.recipe.notes
        ],
    }

"""From a judged series to a bundle that has been proved and described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.alarms.finish import Finished
from mainstay.alarms.series_run import judge_series
from mainstay.alarms.series_tell import series_figures, series_report
from mainstay.bundle.kept_rows import histogram
from mainstay.bundle.pack import seal
from mainstay.bundle.records import BundleContent
from mainstay.bundle.replay import record_golden

if TYPE_CHECKING:
    import polars as pl

    from mainstay.alarms.known import Known
    from mainstay.alarms.series_run import SeriesAlarms
    from mainstay.alarms.settings import Settings
    from mainstay.bundle.detector_outputs import DetectorOutputs
    from mainstay.compute.around import Around
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.evaluate.anomalies.report_data import AnomalyReport

__all__ = ["find_in_series"]

_FOR_PICTURES = 9.0  # seconds; measured: the first picture starts a drawing engine, and the packing comes after it
_GOLDEN = 4_000


def find_in_series(
    table: Table,
    settings: Settings,
    around: Around,
    *,
    schema: Schema | None = None,
    known: Known | None = None,
    clean: Table | None = None,
) -> Finished:
    """Judge a series, prove, describe and pack what judged it.

    Parameters
    ----------
    table : Table
    settings : Settings
        With a time.
    around : Around
    schema : Schema, optional
        The user's own; inferred where None.
    known : Known, optional
        Labels of the table's rows; they judge and do not teach.
    clean : Table, optional
        Rows without anomalies.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong.
    """
    alarms = judge_series(table, settings, around, schema=schema, known=known, clean=clean)
    around.begin("describe")
    report = series_report(alarms, table, settings, around, known=known)
    figures = series_figures(alarms, report, table, settings, known=known)
    around.begin("report")
    content = _content(alarms, report, table, settings, drawn=around.left() > _FOR_PICTURES)
    around.begin("pack")
    return Finished(seal(content), _answers(alarms), None, figures)


def _answers(alarms: SeriesAlarms) -> pl.DataFrame:
    """Return the answers for every row, in the table's own order; null where a row has no place in the series."""
    import polars as pl

    answers = alarms.found.answers
    told = pl.Series(~answers.rejected)
    return pl.DataFrame({
        "score": pl.Series(answers.score, dtype=pl.Float64).fill_nan(None),
        "p_value": pl.Series(answers.p_value, dtype=pl.Float64).fill_nan(None),
        "flagged": pl.select(pl.when(told).then(pl.Series(answers.flagged))).to_series(),
        "reason": pl.Series(list(answers.reason), dtype=pl.String),
    })  # fmt: skip


def _content(
    alarms: SeriesAlarms, report: AnomalyReport, table: Table, settings: Settings, *, drawn: bool
) -> BundleContent[DetectorOutputs]:
    from mainstay.evaluate.anomalies.card import anomaly_card
    from mainstay.evaluate.anomalies.report import anomaly_report

    predictor = alarms.predictor
    scores = {} if report.judged is None else {name: one.to_dict() for name, one in report.judged.metrics.items()}
    told = msgspec.to_builtins(settings)
    outputs: DetectorOutputs = predictor.outputs
    return BundleContent(
        schema=predictor.schema,
        model=predictor.model,
        outputs=outputs,
        recipe={
            "data": {"source": table.source, "digest": table.digest, "rows": table.rows},
            "settings": {
                # TOML reads lists back, never tuples.
                name: list(value) if isinstance(value, tuple) else value
                for name, value in told.items()
                if value not in (None, float("inf"))
            },
            "method": "series",
        },
        evaluation={**msgspec.to_builtins(report), "scores": scores, "model_digest": predictor.model_digest},
        golden=record_golden(predictor, _golden_stretch(alarms, table)),
        reference={
            "rows": report.rows,
            "scores": histogram(alarms.found.scores),
            "flagged": float(alarms.found.answers.flagged.mean()),
        },
        report=anomaly_report(report, drawn=drawn),
        card=anomaly_card(report),
    )


def _golden_stretch(alarms: SeriesAlarms, table: Table) -> list[dict[str, Any]]:
    """Return the rows of about two windows around the oddest point, in the order in which they came."""
    grid, predictor = alarms.found.grid, alarms.predictor
    window = predictor.outputs.plan.window
    peak = int(np.argmax(alarms.found.scores))
    at = int(np.searchsorted(grid.starts, peak, side="right")) - 1
    first, length = int(grid.starts[at]), len(grid.pieces[at])
    wide = min(length, 2 * window)
    begin = first + min(max(peak - first - wide // 2, 0), length - wide)
    rows = np.flatnonzero((grid.point >= begin) & (grid.point < begin + wide))
    if len(rows) > _GOLDEN:  # times that repeat a lot: one row for each point is enough
        rows = rows[np.sort(np.unique(grid.point[rows], return_index=True)[1])]
    names = [predictor.outputs.time, *predictor.outputs.columns]
    stretch: list[dict[str, Any]] = table.frame.select(names)[rows].to_dicts()
    return stretch

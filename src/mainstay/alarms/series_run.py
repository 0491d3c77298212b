"""One detection run over a series: learned on a grid, judged by the graph, calibrated by blocks of windows.

What is shown of rows and windows are the bundle's answers for the very table, asked through the code that serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from mainstay.alarms.gate import LIMIT, member_gaps
from mainstay.alarms.series_alarm import block_scores, series_alarm
from mainstay.alarms.series_intake import fit_and_rest, schema_for_series, series_table
from mainstay.bundle.detector_outputs import DetectorMember
from mainstay.bundle.series import SeriesPredictor
from mainstay.bundle.series_outputs import SeriesOutputs
from mainstay.bundle.series_reasons import duration
from mainstay.contracts.alarms import Alarm, Calibration
from mainstay.contracts.errors import DataError, ParityError, UsageError
from mainstay.evaluate.anomalies.alarm import read_alarm
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.parity import Parity
from mainstay.graph.write_series import write_series
from mainstay.learners.series.blocks import block_tail
from mainstay.learners.series.learn import learn_series, long_enough, raw_scores
from mainstay.learners.series.windows import point_rows, view_places, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.alarms.known import Known
    from mainstay.alarms.settings import Settings
    from mainstay.bundle.series import SeriesFound
    from mainstay.compute.around import Around
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.learners.series.grid import Grid, Piece
    from mainstay.learners.series.learn import SeriesDetection

    Doubles = NDArray[np.float64]

__all__ = ["SeriesAlarms", "judge_series"]

_PROVED = 4_000
_FEWEST_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class SeriesAlarms:
    """A judged series.

    Parameters
    ----------
    predictor : SeriesPredictor
        As it will be packed.
    found : SeriesFound
        What it answers for the table.
    learned : Grid
        That it was learned from.
    blocks : float64 array
        The highest score of each block that the p-values were made of.
    parity : Parity
    findings : tuple of Finding
    apart : bool
        Whether clean rows came in a table of their own.
    """

    predictor: SeriesPredictor
    found: SeriesFound
    learned: Grid
    blocks: Doubles
    parity: Parity
    findings: tuple[Finding, ...]
    apart: bool


def judge_series(
    table: Table,
    settings: Settings,
    around: Around,
    *,
    schema: Schema | None = None,
    known: Known | None = None,
    clean: Table | None = None,
) -> SeriesAlarms:
    """Learn what is usual of a series, and judge it.

    Parameters
    ----------
    table : Table
        The rows to be judged, in any order.
    settings : Settings
        With a time.
    around : Around
    schema : Schema, optional
        The user's own; inferred where None.
    known : Known, optional
        Labels of the table's rows; they judge, and known anomalies are no clean reference.
    clean : Table, optional
        Rows without anomalies.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong: see the errors of each step.
    """
    _check(settings)
    source = table if clean is None else clean
    kept_out = (settings.labels,) if known is not None else ()
    taken, findings = schema_for_series(source, settings, schema, kept_out=kept_out)
    barred = np.flatnonzero(known.codes == 1) if _is_barred(settings, known, clean) and known else np.empty(0, np.int64)
    series = series_table(source, taken, settings, barred=barred)
    around.begin("learn")
    is_clean = settings.reference == "clean"
    fit, rest = fit_and_rest(series.grid) if is_clean else (series.grid, ())
    detection = learn_series(fit, clean=is_clean, seed=settings.seed, deadline=around)
    around.begin("judge")
    model = _graph(detection)
    draft = SeriesPredictor(series.schema, _outputs(detection, series.schema, settings, len(source.frame)), model)
    parity = _proved(draft, detection, fit)
    first = draft.judge_frame(table.frame)
    blocks = _blocks(draft, rest, first) if is_clean else block_scores(draft, first.scores, first.grid.pieces)
    calibration = _conformal(blocks) if is_clean else block_tail(blocks)
    alarm = series_alarm(
        draft, read_alarm(settings.alarm), first, blocks, reference=settings.reference, calibration=calibration
    )
    outputs = structs.replace(draft.outputs, calibration=calibration, alarm=alarm)
    predictor = SeriesPredictor(series.schema, outputs, model, threads=2)
    return SeriesAlarms(
        predictor, predictor.rejudged(first), fit, blocks, parity, (*source.notes, *findings, *series.findings),
        clean is not None,
    )  # fmt: skip


def _check(settings: Settings) -> None:
    if settings.ask:
        raise UsageError(
            "rows to ask about are not proposed for a series", where="ask", hint="Leave --ask out, or leave --time out."
        )
    if settings.method != "ensemble":
        raise UsageError(
            f"the detector {settings.method!r} judges rows by themselves, and a series has its own detectors",
            where="method", hint="Leave --method out, or leave --time out.",
        )  # fmt: skip


def _is_barred(settings: Settings, known: Known | None, clean: Table | None) -> bool:
    return known is not None and clean is None and settings.reference == "clean"


def _graph(detection: SeriesDetection) -> bytes:
    plan = detection.plan
    views = []
    for member in detection.members:
        places = view_places(plan, member.view)
        each = 1 if member.view == "own" else plan.bins
        views.append((member.body, places, np.repeat(np.arange(plan.columns), each)))
    builder = GraphBuilder(width_of(plan), 0)
    members, terms = write_series(builder, views, plan.columns, "numbers")
    return builder.build({"members": members, "terms": terms})


def _outputs(detection: SeriesDetection, schema: Schema, settings: Settings, rows: int) -> SeriesOutputs:
    """Return what answers mean, before the cut is known."""
    members = tuple(
        DetectorMember(
            name=member.name,
            weight=member.weight,
            scores=tuple(member.scale.scores.tolist()),
            levels=tuple(member.scale.levels.tolist()),
        )
        for member in detection.members
    )
    return SeriesOutputs(
        members=members, columns=tuple(column.name for column in schema.features), reference=settings.reference,
        calibration=Calibration(kind="conformal", scores=(0.0,)), alarm=Alarm(rule="fdr", amount=0.1), rows=rows,
        time=settings.time, views=tuple(member.view for member in detection.members), plan=detection.plan,
    )  # fmt: skip


def _proved(predictor: SeriesPredictor, detection: SeriesDetection, grid: Grid) -> Parity:
    """Hold the graph's scores of some windows to those of NumPy."""
    piece = max(long_enough(grid.pieces, detection.plan.window), key=len)
    rows = point_rows(detection.plan, [piece])
    rows = rows[:: -(-len(rows) // _PROVED)]
    ours, given = raw_scores(detection, rows), predictor.raw(rows)
    views = [view_places(detection.plan, member.view) for member in detection.members]
    seen = [(member.body, rows[:, places]) for member, places in zip(detection.members, views, strict=True)]
    gap = member_gaps(seen, ours, given)
    worst = float(gap.max(initial=0.0))
    if worst > LIMIT:
        member = detection.members[int(gap.max(axis=0).argmax())].name
        raise ParityError(
            f"the graph does not score windows as {member} does: {worst:.3g} of their size, allowed {LIMIT:g}",
            where="series", hint="The model was not written. Please report this with its settings.",
        )  # fmt: skip
    return Parity(len(rows), worst, 0, LIMIT)


def _blocks(predictor: SeriesPredictor, rest: Sequence[Piece], found: SeriesFound) -> Doubles:
    """Return the highest score of each block that no fit has seen."""
    kept = long_enough(rest, predictor.outputs.plan.window)
    blocks = block_scores(predictor, predictor.scores_of(kept), kept) if kept else np.empty(0)
    if len(blocks) < _FEWEST_BLOCKS:
        window = duration(predictor.outputs.plan.window, found.grid.step, dated=predictor.dated)
        raise DataError(
            f"a clean series is fitted on its first part and calibrated on the rest, and the rest holds {len(blocks)} "
            f"blocks of a window ({window})",
            where="reference", hint="Give more clean rows: hundreds of windows make p-values that can be small.",
        )  # fmt: skip
    return blocks


def _conformal(blocks: Doubles) -> Calibration:
    return Calibration(kind="conformal", scores=tuple(np.sort(blocks).tolist()))

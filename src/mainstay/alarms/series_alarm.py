"""When a window of a series is an alarm: rules count windows and blocks, for points side by side are one case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from mainstay.bundle.series_reasons import duration
from mainstay.contracts.alarms import Alarm
from mainstay.evaluate.anomalies.alarm import decide_alarm
from mainstay.learners.series.blocks import block_maxima
from mainstay.learners.series.stretches import flagged_stretches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.series import SeriesFound, SeriesPredictor
    from mainstay.contracts.alarms import Calibration
    from mainstay.contracts.anomalies import Reference
    from mainstay.evaluate.anomalies.alarm import AlarmWish
    from mainstay.learners.series.grid import Piece

    Doubles = NDArray[np.float64]

__all__ = ["block_scores", "judge_together", "series_alarm"]


def block_scores(predictor: SeriesPredictor, scores: Doubles, pieces: Sequence[Piece]) -> Doubles:
    """Return the highest score of each block of points as long as a window."""
    return block_maxima(scores, predictor.outputs.plan.window, [len(piece) for piece in pieces])


def judge_together(predictor: SeriesPredictor, frame: pl.DataFrame, wish: AlarmWish) -> SeriesFound:
    """Judge a table by a rule over its own windows, in place of the fixed cut.

    Parameters
    ----------
    predictor : SeriesPredictor
    frame : polars.DataFrame
    wish : AlarmWish
        "fdr" is Benjamini-Hochberg over the blocks of this table.

    Raises
    ------
    DataError
        When the table holds no window.
    """
    found = predictor.judge_frame(frame)
    blocks = block_scores(predictor, found.scores, found.grid.pieces)
    calibration = predictor.outputs.calibration
    alarm = series_alarm(predictor, wish, found, blocks, reference="contaminated", calibration=calibration)
    return predictor.with_alarm(alarm).rejudged(found)


def series_alarm(
    predictor: SeriesPredictor,
    wish: AlarmWish,
    found: SeriesFound,
    blocks: Doubles,
    *,
    reference: Reference,
    calibration: Calibration,
) -> Alarm:
    """Return the cut that a rule comes to for windows, and what may be promised of it.

    Parameters
    ----------
    predictor : SeriesPredictor
    wish : AlarmWish
    found : SeriesFound
        What is judged.
    blocks : float64 array
        The scores of the blocks that the p-values are made of.
    reference : {"contaminated", "clean"}
    calibration : Calibration
    """
    lengths = [len(piece) for piece in found.grid.pieces]
    window = predictor.outputs.plan.window
    judged = block_scores(predictor, found.scores, found.grid.pieces)
    if wish.rule == "top":
        cut = _cut_of_windows(found.scores, judged, int(wish.amount), window=window, lengths=lengths)
        alarm = Alarm(rule="top", amount=wish.amount, cut=cut, share=wish.share)
    else:
        alarm = decide_alarm(wish, blocks if reference == "clean" else judged, calibration, reference)
    promise = _promise(alarm, reference, len(blocks), duration(window, found.grid.step, dated=predictor.dated))
    return structs.replace(alarm, guarantee=promise, power="", notes=())


def _cut_of_windows(
    scores: Doubles, judged: Doubles, count: int, *, window: int, lengths: Sequence[int]
) -> float | None:
    """Return the lowest peak of a block from which on there are no more windows than asked for."""
    cut = None
    for peak in np.unique(judged)[::-1].tolist():
        if len(flagged_stretches(scores, peak, window=window, lengths=lengths)) > count:
            break
        cut = peak
    return cut


def _promise(alarm: Alarm, reference: str, blocks: int, length: str) -> str:
    """Return what holds for windows."""
    block = f"blocks of {length}"
    grounds = (
        f"p-values are split-conformal over {blocks:,} {block} that no fit has seen; blocks side by side are not fully "
        "independent"
        if reference == "clean"
        else f"p-values are estimated from the middle of {blocks:,} {block}, for some may hold anomalies; it is not "
        "guaranteed"
    )
    if alarm.rule == "top":
        which = "oddest window is" if alarm.amount == 1 else f"{alarm.amount:,.0f} oddest windows are"
        return f"The {which} flagged; nothing is promised of how many are false alarms."
    if alarm.rule == "rate":
        return f"Of usual {block}, an estimated {100 * alarm.amount:.4g} % at most are flagged: {grounds}."
    if alarm.rule == "cost":
        return f"A missed window counts as {alarm.amount:,.6g} false alarms: {grounds}."
    share = f", if {100 * alarm.share:.4g} % of new blocks or more are anomalies" if reference == "clean" else ""
    return (
        f"Of the flagged windows, an estimated {100 * alarm.amount:.4g} % at most are false alarms{share}: {grounds}."
    )

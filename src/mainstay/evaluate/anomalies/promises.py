"""What may be promised of an alarm, in one sentence each: never more than the case at hand allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.words import count, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.alarms import Alarm, Calibration
    from mainstay.contracts.anomalies import Reference

__all__ = ["batch_guarantee", "guarantee_of", "power_of"]


def batch_guarantee(rule: str, amount: float, reference: Reference) -> str:
    """Return what holds for the rows of a batch that were judged together.

    Examples
    --------
    >>> batch_guarantee("fdr", 0.1, "clean")
    'Of the flagged rows, 10 % at most are false alarms on average, whatever the share of anomalies, if the usual rows are like those of the clean reference (Benjamini-Hochberg on split-conformal p-values).'
    """  # noqa: E501 - one sentence
    if rule == "fdr" and reference == "clean":
        return (
            f"Of the flagged rows, {_share(amount)} at most are false alarms on average, whatever the share of "
            "anomalies, if the usual rows are like those of the clean reference (Benjamini-Hochberg on split-conformal "
            "p-values)."
        )
    if rule == "fdr":
        return _estimated(amount)
    if rule == "rate":
        return _rate(amount, reference)
    if rule == "top":
        return f"The {count(amount)} oddest rows of the batch are flagged; how many of them are false alarms is open."
    return f"{_costs(amount)} The cut costs least by the p-values of the batch; nothing is guaranteed."


def guarantee_of(
    alarm: Alarm, calibration: Calibration, reference: Reference, *, level: float, measured: bool = False
) -> str:
    """Return what holds for rows that are flagged by a fixed cut.

    Parameters
    ----------
    alarm : Alarm
    calibration : Calibration
    reference : {"contaminated", "clean"}
    level : float
        The p-value up to which the rule flags, with a clean reference.
    measured : bool, default False
        Whether the cut was found by labels.
    """
    if measured:
        return f"{_costs(alarm.amount)} The cut cost least on the labelled rows; on new rows it costs somewhat more."
    if alarm.rule == "top":
        return (
            f"The cut leaves the {count(alarm.amount)} oddest rows of those that it was made with; how many of them "
            "are false alarms is open."
        )
    if alarm.rule == "rate":
        said = _rate(alarm.amount, reference)
        return said if reference == "contaminated" or level >= calibration.least else said + _too_few(calibration)
    if alarm.rule == "cost":
        if reference == "contaminated":
            return f"{_costs(alarm.amount)} The cut costs least by an estimate of how the usual rows are spread."
        return f"{_costs(alarm.amount)} The cut assumes that {_share(alarm.share)} of new rows are anomalies."
    if reference == "contaminated":
        return _estimated(alarm.amount)
    return _assumed(alarm, calibration, level)


def power_of(alarm: Alarm, scores: NDArray[np.float64], calibration: Calibration, reference: Reference) -> str:
    """Return how many of the anomalies the cut finds, as far as that can be said.

    Parameters
    ----------
    alarm : Alarm
    scores : float64 array of shape (n,)
        Of the rows that are judged.
    calibration : Calibration
    reference : {"contaminated", "clean"}
    """
    flags = alarm.flagged(scores)
    if reference == "clean":
        return (
            f"With {count(calibration.size)} rows for the p-values none is below {calibration.least:.2g}: in a batch "
            f"judged at a false discovery rate of 0.1 at least {percent(calibration.least / 0.1)} of the rows must "
            "be as odd as that before any is flagged."
        )
    rising = np.sort(scores)
    excess = np.arange(len(rising), 0, -1) - len(rising) * calibration.of(rising)
    standing_out = float(max(excess.max(initial=0.0), 0.0))
    found = max(float(flags.sum() - len(scores) * _p_of_cut(alarm, calibration)), 0.0)
    if standing_out < 1.0:
        return "No rows stand out from the tail of the usual ones, so anomalies, if there are any, are not told apart."
    many = count(round(standing_out))
    told = f"By the p-values, which are estimates, about {many} rows are more than the usual ones explain"
    if alarm.rule == "top":  # as many as were asked for, whatever the p-values say
        return f"{told}; anomalies that look usual do not count."
    share = percent(min(found / standing_out, 1.0), 0)
    return f"{told}, and {share} of them are flagged; anomalies that look usual do not count."


def _p_of_cut(alarm: Alarm, calibration: Calibration) -> float:
    return 0.0 if alarm.cut is None else float(calibration.of(np.array([alarm.cut]))[0])


def _assumed(alarm: Alarm, calibration: Calibration, level: float) -> str:
    said = (
        f"Of the flagged rows, {_share(alarm.amount)} at most are false alarms on average, if {_share(alarm.share)} of "
        "new rows or more are anomalies beyond the cut and the usual rows are like those of the clean reference; a "
        "batch judged as a whole needs no such share."
    )
    return said if level >= calibration.least else said + _too_few(calibration)


def _too_few(calibration: Calibration) -> str:
    return (
        f" The {count(calibration.size)} clean rows for the p-values are too few for that: rows beyond all of them "
        f"are flagged, which {percent(calibration.least)} of the usual rows are, so more alarms may be false."
    )


def _estimated(amount: float) -> str:
    return (
        f"Of the flagged rows, an estimated {_share(amount)} at most are false alarms: the rows may hold anomalies, so "
        "the spread of the usual ones is estimated from the middle of the scores and carried on beyond it, with "
        "caution; it is not guaranteed as with a clean reference."
    )


def _rate(amount: float, reference: Reference) -> str:
    if reference == "clean":
        return f"Of usual rows like those of the clean reference, at most {_share(amount)} are flagged."
    return f"Of the usual rows, an estimated {_share(amount)} at most are flagged; it is not guaranteed."


def _costs(amount: float) -> str:
    return f"A missed anomaly counts as {amount:,.6g} false alarms."


def _share(share: float) -> str:
    return f"{100 * share:.4g} %"

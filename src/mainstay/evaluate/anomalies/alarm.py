"""From a wish such as "at most one alarm in ten is false" to the score from which rows are flagged, and its worth.

A rule comes to a fixed cut, so that a row's answer never depends on its neighbours, or is applied to a batch of rows
as a whole, where more can be promised (Benjamini-Hochberg).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from mainstay.contracts.alarms import Alarm, Rule
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.promises import guarantee_of, power_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.alarms import Calibration
    from mainstay.contracts.anomalies import Reference

    Doubles = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["AlarmWish", "batch_flags", "benjamini_hochberg", "clean_level", "decide_alarm", "read_alarm"]

_HINT = "For example fdr=0.1 (of the flagged rows at most a tenth are false alarms), top=20, rate=0.01 or cost=50."
_SHARE = 0.05
_MOST_P = math.exp(-1.0)


@dataclass(frozen=True, slots=True)
class AlarmWish:
    """Which rows a user wants to be told of.

    Parameters
    ----------
    rule : {"fdr", "top", "rate", "cost"}
        "fdr": of the flagged rows at most the share ``amount`` are false alarms. "top": the ``amount`` oddest rows.
        "rate": of the usual rows the share ``amount`` is flagged. "cost": a missed anomaly costs as much as ``amount``
        false alarms.
    amount : float
    share : float, default 0.05
        The share of anomalies that is expected among new rows; asked where a fixed cut needs it.
    """

    rule: Rule
    amount: float
    share: float = _SHARE

    def __str__(self) -> str:
        share = "" if self.share == _SHARE else f",share={self.share:g}"
        return f"{self.rule}={self.amount:g}{share}"


def read_alarm(wish: str | Mapping[str, float] | AlarmWish) -> AlarmWish:
    """Return an alarm rule that was written as text or as a mapping.

    Parameters
    ----------
    wish : str, mapping or AlarmWish
        "fdr=0.1", "fdr=0.1,share=0.02", "top=20", "rate=0.01", "cost=50", or ``{"top": 20}``.

    Raises
    ------
    UsageError
        When it cannot be read, names no rule or two, or an amount cannot work.

    Examples
    --------
    >>> read_alarm("fdr=0.1,share=0.02")
    AlarmWish(rule='fdr', amount=0.1, share=0.02)
    >>> str(read_alarm({"top": 20}))
    'top=20'
    """
    if isinstance(wish, AlarmWish):
        return wish
    parts = dict(_parts(wish)) if isinstance(wish, str) else {str(name): _amount(wish[name]) for name in wish}
    unknown = [name for name in parts if name not in (*get_args(Rule), "share")]
    rules = [name for name in get_args(Rule) if name in parts]
    if unknown or len(rules) != 1:
        what = f"expected one rule of {', '.join(get_args(Rule))}, and {' and '.join(rules) or 'none'} came"
        raise UsageError(_no_alarm(unknown[0]) if unknown else what, where="alarm", hint=_HINT)
    found = AlarmWish(rules[0], parts[rules[0]], parts.get("share", _SHARE))
    _check(found, "share" in parts)
    return found


def _no_alarm(name: str) -> str:
    return f"there is no alarm {name!r}; there are {', '.join(get_args(Rule))}"


def _parts(text: str) -> list[tuple[str, float]]:
    pieces = [piece.partition("=") for piece in text.split(",")]
    names = [name.strip().lower() for name, _, _ in pieces]
    for name in names:
        if name not in (*get_args(Rule), "share"):
            raise UsageError(_no_alarm(name), where="alarm", hint=_HINT)
    if len(set(names)) < len(names):
        raise UsageError(f"{text!r} says something twice", where="alarm", hint=_HINT)
    return [(name, _amount(amount)) for name, (_, _, amount) in zip(names, pieces, strict=True)]


def _amount(value: object) -> float:
    text = str(value).strip()
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise UsageError(
            f"an alarm is a name and a number, and {text!r} is no number", where="alarm", hint=_HINT
        ) from None


def _check(wish: AlarmWish, has_share: bool) -> None:
    amount = wish.amount
    if wish.rule in {"fdr", "rate"} and not 0 < amount < 1:
        raise UsageError(f"{wish.rule} is a share between 0 and 1, and {amount:g} came", where="alarm", hint=_HINT)
    if wish.rule == "top" and not (amount >= 1 and float(amount).is_integer()):
        raise UsageError(f"top is a number of rows, 1 or more, and {amount:g} came", where="alarm", hint=_HINT)
    if wish.rule == "cost" and not (0 < amount < math.inf):
        raise UsageError(
            f"cost is what a missed anomaly costs, in false alarms, above 0, and {amount:g} came",
            where="alarm", hint=_HINT,
        )  # fmt: skip
    if not 0 < wish.share < 1:
        raise UsageError(f"share is between 0 and 1, and {wish.share:g} came", where="alarm", hint=_HINT)
    if has_share and wish.rule not in {"fdr", "cost"}:
        raise UsageError(f"share goes with fdr and cost, and came with {wish.rule}", where="alarm", hint=_HINT)


def benjamini_hochberg(p_values: Doubles, rate: float) -> Flags:
    """Return which rows are discoveries, so that on average at most the share ``rate`` of them is false.

    Benjamini and Hochberg 1995 (doi:10.1111/j.2517-6161.1995.tb02031.x); with conformal p-values of one calibration
    set it holds as well (Bates et al. 2023, doi:10.1214/22-AOS2244).

    Parameters
    ----------
    p_values : float64 array of shape (n,)
        NaN is a row that was not judged; it is never flagged and does not count.
    rate : float

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.001, 0.03, 0.9, 0.02]), 0.1).tolist()
    [True, True, False, True]
    """
    rising = np.sort(p_values[~np.isnan(p_values)])
    allowed = rate * np.arange(1, len(rising) + 1) / max(len(rising), 1)
    passing = np.flatnonzero(rising <= allowed)
    return np.asarray(p_values <= (rising[passing[-1]] if len(passing) else -1.0), np.bool_)


def batch_flags(wish: AlarmWish, scores: Doubles, calibration: Calibration) -> Flags:
    """Return which rows of a batch are flagged, judged together.

    Parameters
    ----------
    wish : AlarmWish
    scores : float64 array of shape (n,)
        NaN is a row that was refused; it is never flagged.
    calibration : Calibration

    Returns
    -------
    bool array of shape (n,)
        "fdr": Benjamini-Hochberg, which needs no guess of the share of anomalies. "top": the oddest rows, fewer where
        rows at the border are equal. "rate": p-values up to it. "cost": the cut of least estimated cost.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Calibration
    >>> known = Calibration(kind="conformal", scores=tuple(np.linspace(0, 1, 99).tolist()))
    >>> batch_flags(AlarmWish("fdr", 0.1), np.array([0.3, 5.0, 0.5, 6.0]), known).tolist()
    [False, True, False, True]
    """
    if wish.rule == "fdr":
        return benjamini_hochberg(calibration.of(scores), wish.amount)
    if wish.rule == "rate":
        return np.asarray(calibration.of(scores) <= wish.amount, np.bool_)
    cut = _top_cut(scores, int(wish.amount)) if wish.rule == "top" else _batch_cost_cut(wish, scores, calibration)
    return np.asarray(scores >= (np.inf if cut is None else cut), np.bool_)


def decide_alarm(
    wish: AlarmWish,
    scores: Doubles,
    calibration: Calibration,
    reference: Reference,
    *,
    labels: NDArray[np.int64] | None = None,
) -> Alarm:
    """Return the fixed cut that a rule comes to, and what may be promised of it.

    Parameters
    ----------
    wish : AlarmWish
    scores : float64 array of shape (n,)
        Of the rows that are judged: those of the table itself where the reference is contaminated; of clean rows
        those that no fit has seen. NaN is a row that was refused.
    calibration : Calibration
    reference : {"contaminated", "clean"}
    labels : int64 array of shape (n,), optional
        1 for an anomaly, 0 for a usual row, -1 where it is not known. With "cost" and both kinds among the labels the
        cut is that of least measured cost.

    Returns
    -------
    Alarm

    Raises
    ------
    UsageError
        When no row has a score.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Calibration
    >>> scores = np.linspace(0.0, 1.0, 999)
    >>> known = Calibration(kind="conformal", scores=tuple(scores.tolist()))
    >>> alarm = decide_alarm(AlarmWish("rate", 0.01), scores, known, "clean")
    >>> int(alarm.flagged(scores).sum()), alarm.guarantee
    (9, 'Of usual rows like those of the clean reference, at most 1 % are flagged.')
    """
    judged = scores[~np.isnan(scores)]
    if not len(judged):
        raise UsageError("an alarm needs rows with a score, and there is none", where="alarm")
    measured = wish.rule == "cost" and labels is not None and {0, 1} <= set(np.unique(labels).tolist())
    if measured and labels is not None:
        cut = _measured_cost_cut(wish, scores, labels)
    elif wish.rule == "top":
        cut = _top_cut(judged, int(wish.amount))
    elif reference == "clean":
        cut = calibration.score_at(max(clean_level(wish), calibration.least))
    else:
        cut = _contaminated_cut(wish, judged, calibration)
    alarm = Alarm(rule=wish.rule, amount=wish.amount, cut=cut, share=wish.share)
    return Alarm(
        rule=wish.rule,
        amount=wish.amount,
        cut=cut,
        share=wish.share,
        guarantee=guarantee_of(alarm, calibration, reference, level=clean_level(wish), measured=measured),
        power=power_of(alarm, judged, calibration, reference),
        # of clean rows those that came calibrate: what is flagged of them says nothing of the rows that are judged
        notes=_notes(alarm, judged) if reference != "clean" or measured or wish.rule == "top" else (),
    )


def clean_level(wish: AlarmWish) -> float:
    """Return the p-value up to which a new row is flagged, with a clean reference.

    "fdr": with the share S of anomalies, all of them found, the false alarms are at most the share A of the alarms
    where p <= A / (1 - A) * S / (1 - S). "cost": where the odds against an anomaly are at most its cost, with the
    largest odds for one that a p-value can carry, 1 / (-e p log p) (Sellke, Bayarri and Berger 2001,
    doi:10.1198/000313001300339950).

    Examples
    --------
    >>> round(clean_level(AlarmWish("fdr", 0.1, 0.05)), 5), round(clean_level(AlarmWish("cost", 2.0, 0.05)), 4)
    (0.00585, 0.008)
    """
    odds = wish.share / (1.0 - wish.share)
    if wish.rule == "fdr":
        return min(wish.amount / (1.0 - wish.amount) * odds, 1.0)
    if wish.rule != "cost":
        return min(wish.amount, 1.0)
    low, high = 0.0, _MOST_P
    if wish.amount * odds >= 1.0:
        return high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if -math.e * middle * math.log(middle) <= wish.amount * odds else (low, middle)
    return low


def _top_cut(scores: Doubles, count: int) -> float | None:
    """Return the cut that flags the oddest rows: no more than asked for, however many are equal at the border."""
    falling = np.sort(scores[~np.isnan(scores)])[::-1]
    if len(falling) <= count:
        return float(falling[-1]) if len(falling) else None
    above = falling[falling > falling[count]]
    return float(above[-1]) if len(above) else None


def _contaminated_cut(wish: AlarmWish, scores: Doubles, calibration: Calibration) -> float | None:
    if wish.rule == "cost":
        return _batch_cost_cut(wish, scores, calibration)
    if wish.rule == "rate":
        return calibration.score_at(wish.amount)
    flags = benjamini_hochberg(calibration.of(scores), wish.amount)
    found = int(flags.sum())
    # One row more would be flagged from this p-value on: it is the cut for new rows, even where none is flagged here.
    cut = calibration.score_at(wish.amount * max(found, 1) / len(scores))
    if cut is not None and np.array_equal(scores >= cut, flags):
        return cut
    return float(scores[flags].min()) if found else None


def _batch_cost_cut(wish: AlarmWish, scores: Doubles, calibration: Calibration) -> float | None:
    """Return the cut of least estimated cost: false alarms are what p-values say, all other flagged rows are hits."""
    levels = np.unique(scores[~np.isnan(scores)])
    if not len(levels):
        return None
    flagged = np.sum(~np.isnan(scores)) - np.searchsorted(np.sort(scores[~np.isnan(scores)]), levels)
    cost = (1.0 + wish.amount) * calibration.of(levels) * np.sum(~np.isnan(scores)) - wish.amount * flagged
    best = int(np.argmin(cost))
    return float(levels[best]) if cost[best] < 0 else None


def _measured_cost_cut(wish: AlarmWish, scores: Doubles, labels: NDArray[np.int64]) -> float | None:
    """Return the cut between the labelled rows that costs least; of equal ones the one of fewer alarms."""
    known = (labels >= 0) & ~np.isnan(scores)
    order = np.argsort(-scores[known], kind="stable")
    falling, odd = scores[known][order], labels[known][order] == 1
    last_of_ties = np.append(falling[1:] != falling[:-1], True)
    cost = np.cumsum(np.where(odd, -wish.amount, 1.0))[last_of_ties]
    if not len(cost) or cost.min() >= 0:
        return None
    at = np.flatnonzero(last_of_ties)[int(np.argmin(cost))]
    after = falling[at + 1] if at + 1 < len(falling) else falling[at]
    middle = float((falling[at] + after) / 2)
    return middle if middle > after else float(falling[at])


def _notes(alarm: Alarm, scores: Doubles) -> tuple[str, ...]:
    """Return what a person should know of the cut: ties, all rows flagged, none flagged."""
    flagged = int(alarm.flagged(scores).sum())
    notes = []
    if alarm.rule == "top" and flagged < min(alarm.amount, len(scores)):
        equal = int((scores == np.sort(scores)[::-1][min(int(alarm.amount), len(scores)) - 1]).sum())
        notes.append(
            f"{flagged:,} rows are flagged in place of {alarm.amount:,.0f}: {equal:,} rows at the border have equal "
            "scores, and nothing sets them apart."
        )
    elif not flagged:
        notes.append("No row is flagged: none is odd enough for this rule.")
    if flagged == len(scores):
        notes.append("All rows are flagged: the rule asks for more than it leaves.")
    return tuple(notes)

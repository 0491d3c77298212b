"""What answers are worth: expected cost, thresholds, and how good the first k are that a team has time for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.measured import ratio
from mainstay.evaluate.proportions import wilson
from mainstay.evaluate.resample import draw, studentised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.deciding import Costs
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.measured import Measured
    from mainstay.evaluate.resample import Draws

    Floats = NDArray[np.float64]

__all__ = ["AtK", "ThresholdLine", "at_k", "cost_of", "read_k", "score_of", "threshold_lines"]


class AtK(msgspec.Struct, frozen=True, kw_only=True):
    """How good the rows with the highest probabilities are.

    Parameters
    ----------
    k : int
        How many rows were taken.
    share : float
        Of all rows.
    precision, recall : Score
        The share of them that is positive, and the share of the positives that is among them.
    """

    k: int
    share: float
    precision: Score
    recall: Score


class ThresholdLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one threshold gives.

    Parameters
    ----------
    threshold : float
    alarms : float
        The share of rows that get a yes.
    precision, recall : float or None
    cost : Score
        Expected per row; without a value where no costs are known.
    """

    threshold: float
    alarms: float
    precision: float | None
    recall: float | None
    cost: Score


def score_of(measured: Measured, draws: Draws) -> Score:
    """Return a mean or another formula over sums with its 95 % interval.

    Examples
    --------
    >>> found = score_of(ratio(np.ones(400), np.arange(400.0)), draw(400, 0))
    >>> found.value, found.low < 199.5 < found.high
    (199.5, True)
    """
    value, limits = measured.value, studentised(measured, draws)
    return Score(value) if limits is None else Score(value, min(limits[0], value), max(limits[1], value))


def cost_of(evidence: Evidence, costs: Costs, *, seed: int = 0, groups: NDArray[np.int64] | None = None) -> Score:
    """Return what the answers cost per row, with its 95 % interval.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> cost_of(gather("classification", [0, 0, 1, 1], [0, 1, 0, 1]), ((0, 1), (8, 0))).value
    2.25
    """
    amounts = np.array(costs, np.float64)[evidence.truth, evidence.predicted]
    return score_of(ratio(evidence.weight, amounts), draw(evidence.rows, seed, groups))


def threshold_lines(
    evidence: Evidence,
    thresholds: Floats,
    costs: Costs | None,
    *,
    draws: Draws | None = None,
) -> tuple[ThresholdLine, ...]:
    """Return what each threshold gives on rows of two classes.

    Parameters
    ----------
    evidence : Evidence
        With probabilities and a positive class.
    thresholds : float64 array of shape (t,)
    costs : Costs, optional
    draws : Draws, optional
        Gives the costs their intervals.
    """
    code = evidence.positive
    chance = None if code is None else evidence.chance(code)
    if code is None or chance is None:
        raise UsageError("thresholds part two classes by their probabilities", where="threshold")
    true, weight, found = evidence.truth == code, evidence.weight, []
    for threshold in thresholds.tolist():
        yes = chance >= threshold
        alarms, hits = float(weight[yes].sum()), float(weight[yes & true].sum())
        cost = Score(None)
        if costs is not None:
            answered = np.where(yes, code, 1 - code)
            measured = ratio(weight, np.array(costs, np.float64)[evidence.truth, answered])
            cost = Score(measured.value) if draws is None else score_of(measured, draws)
        found.append(
            ThresholdLine(
                threshold=threshold,
                alarms=alarms / float(weight.sum()),
                precision=hits / alarms if alarms else None,
                recall=hits / float(weight[true].sum()) if true.any() else None,
                cost=cost,
            )
        )
    return tuple(found)


def read_k(text: str | float, rows: int) -> int:
    """Return how many rows are taken: a count, or a share such as "5%" or 0.05.

    Raises
    ------
    UsageError
        When it is neither, or more than there are.

    Examples
    --------
    >>> read_k("100", 2000), read_k("5%", 2000), read_k(0.05, 2000)
    (100, 100, 100)
    """
    told = str(text).strip()
    try:
        number = float(told.removesuffix("%")) / (100 if told.endswith("%") else 1)
    except ValueError:
        number = float("nan")
    count = round(number * rows) if number < 1 or told.endswith("%") else number
    if not np.isfinite(number) or count != int(count) or not number > 0 or count > rows:
        raise UsageError(
            f"k is a number of rows up to {rows:,}, or a share of them, and {text!r} came", where="k",
            hint="For example: 100, or 5%.",
        )  # fmt: skip
    return max(1, int(count))


def at_k(evidence: Evidence, k: int, *, groups: NDArray[np.int64] | None = None) -> AtK | None:
    """Return precision and recall of the k rows with the highest probabilities, with 95 % intervals.

    The intervals hold that other rows would put the bound elsewhere: they are Wilson's, for as many rows as give the
    variance that the influence of each row says. Rows that tie at the bound count by the share of them that fits.

    Returns
    -------
    AtK or None
        None without a positive class of two, or where no row is positive.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> chance = np.linspace(0.99, 0.01, 100)
    >>> truth = (np.arange(100) < 20).astype(np.int64)
    >>> found = at_k(gather("classification", truth, np.stack([1 - chance, chance], axis=1)), 10)
    >>> found.precision.value, found.recall.value
    (1.0, 0.5)
    """
    code = evidence.positive
    chance = None if code is None else evidence.chance(code)
    true = (evidence.truth == code).astype(np.float64)
    if chance is None or not true.any():
        return None
    weight = evidence.weight / evidence.weight.mean()
    taken, bound = _taken(chance, weight, k)
    share, found, total = k / evidence.rows, float((taken * weight * true).mean()), float((weight * true).mean())
    near = np.argsort(np.abs(chance - bound), kind="stable")[: max(20, k // 5)]
    at_bound = float(np.average(true[near], weights=weight[near]))
    # The influence of a row on the hits: its own, less what it moves the bound by.
    hits = weight * (taken * true - at_bound * taken) - (found - at_bound * share) * weight
    precision, recall = found / share, found / total
    on_recall = (hits - recall * weight * (true - total)) / total
    return AtK(
        k=k,
        share=share,
        precision=_share_score(precision, _variance(hits / share, groups), float(k)),
        recall=_share_score(recall, _variance(on_recall, groups), float(true.sum())),
    )


def _taken(chance: Floats, weight: Floats, k: int) -> tuple[Floats, float]:
    """Return how much of each row is among the first k, by weight, and the probability at the bound."""
    order = np.argsort(-chance, kind="stable")
    room = k / len(chance) * weight.sum()
    reached = np.cumsum(weight[order])
    bound = float(chance[order[min(int(np.searchsorted(reached, room)), len(order) - 1)]])
    above, tied = chance > bound, chance == bound
    part = (room - weight[above].sum()) / weight[tied].sum()
    return above + np.clip(part, 0.0, 1.0) * tied, bound


def _variance(influence: Floats, groups: NDArray[np.int64] | None) -> float:
    if groups is not None:
        influence = np.bincount(np.unique(groups, return_inverse=True)[1], influence) * len(influence) / len(groups)
    return float(np.square(influence).sum()) / (len(groups) if groups is not None else len(influence)) ** 2


def _share_score(value: float, variance: float, most: float) -> Score:
    """Return Wilson's interval for as many rows as would give this variance; for the count itself at the ends."""
    value = min(max(value, 0.0), 1.0)
    rows = value * (1 - value) / variance if variance > 0 and 0 < value < 1 else most
    low, high = wilson(value * rows, max(rows, 1e-9))
    return Score(value, float(low), float(high))

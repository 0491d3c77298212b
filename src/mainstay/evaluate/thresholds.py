"""Where two classes part: chosen on out-of-fold answers, by a metric or by costs, and not by the luck of single rows.

The threshold that is best on given rows is a noisy number: its score there flatters, and near it many are as good.
So a threshold by a metric is the middle one of what resampled rows choose, and one by costs is the one that theory
names for true probabilities unless the rows plainly say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.costs import cost_threshold

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.deciding import Costs

    Floats = NDArray[np.float64]

__all__ = ["RULES", "check_rule", "choose_threshold"]

RULES = ("f1", "balanced_accuracy", "accuracy", "precision", "recall")
"""Metrics that a threshold can be chosen by; precision and recall with the share that must be reached."""

_CELLS = 400
_RESAMPLED = 100
_CLEAR = 2.0  # standard errors


def check_rule(rule: str) -> None:
    """Refuse a rule that cannot be read.

    Parameters
    ----------
    rule : str
        "auto", "cost", a probability, "f1", "balanced_accuracy", "accuracy", "precision=SHARE" (the highest recall
        with this precision) or "recall=SHARE" (the highest precision with this recall).

    Raises
    ------
    UsageError

    Examples
    --------
    >>> check_rule("recall=0.8")
    """
    name, _, share = rule.partition("=")
    if rule in ("auto", "cost", "f1", "balanced_accuracy", "accuracy") or _probability(rule) is not None:
        return
    if name in ("precision", "recall") and _probability(share) is not None:
        return
    raise UsageError(
        f"there is no rule {rule!r} for a threshold", where="threshold",
        hint="A probability, auto, cost, f1, balanced_accuracy, accuracy, precision=0.9 or recall=0.8.",
    )  # fmt: skip


def _probability(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def choose_threshold(
    rule: str,
    chance: Floats,
    positive: NDArray[np.bool_],
    *,
    weight: Floats | None = None,
    costs: Costs | None = None,
    seed: int = 0,
) -> tuple[float, str]:
    """Return the threshold and, in words, where it comes from.

    Parameters
    ----------
    rule : str
        As in :func:`check_rule`; "auto" is "cost" where there are costs, and 0.5 otherwise.
    chance : float64 array of shape (n,)
        Out-of-fold probabilities of the positive class, calibrated.
    positive : bool array of shape (n,)
    weight : float64 array of shape (n,), optional
    costs : Costs, optional
        With the positive class second.
    seed : int, default 0

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> chance = generator.random(4000)
    >>> happened = generator.random(4000) < chance
    >>> threshold, words = choose_threshold("cost", chance, happened, costs=((0.0, 1.0), (4.0, 0.0)))
    >>> threshold, words
    (0.2, 'the least expected cost')
    """
    weights = np.ones(len(chance)) if weight is None else weight
    given = _probability(rule)
    if given is not None:
        return given, "as given"
    if rule == "cost" or (rule == "auto" and costs is not None):
        if costs is None:
            raise UsageError("a threshold by cost needs costs", where="threshold", hint="Add --cost fp=1,fn=8.")
        return _by_cost(chance, positive, weights, costs)
    if rule == "auto":
        return 0.5, "the more probable class"
    check_rule(rule)
    if not positive.any() or positive.all():
        return 0.5, "the rows have one class only"
    name, _, share = rule.partition("=")
    words = f"the best {name}" if not share else f"{name} of at least {float(share):g}"
    return _by_metric(name, float(share or 0.0), chance, positive, weights, seed=seed), f"{words} on training rows"


def _by_cost(chance: Floats, positive: NDArray[np.bool_], weight: Floats, costs: Costs) -> tuple[float, str]:
    """Return the theoretical threshold, or the best one found where that costs plainly less."""
    theory = cost_threshold(costs, 1)
    table = np.array(costs)
    alarm = weight * (table[positive.astype(int), 1] - table[positive.astype(int), 0])
    order = np.argsort(-chance, kind="stable")
    falling, spent = chance[order], np.concatenate([[0.0], np.cumsum(alarm[order])])
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(falling) < 0) + 1, [len(falling)]])
    best = int(cuts[spent[cuts].argmin()])
    found = _between_rows(falling, best)
    moved = (chance >= found) != (chance >= theory)
    signed = np.where(chance >= found, alarm, -alarm) * moved
    gain, error = -signed.sum(), np.sqrt(np.square(signed - signed.sum() / len(signed)).sum())
    if gain > _CLEAR * error and gain > 0:
        return found, f"the least cost on training rows; {theory:.3g} would be right for true probabilities"
    return theory, "the least expected cost"


def _between_rows(falling: Floats, place: int) -> float:
    """Return a threshold between two rows, in the order of falling probability."""
    above = falling[place - 1] if place else 1.0
    below = falling[place] if place < len(falling) else 0.0
    return float((above + below) / 2)


def _by_metric(
    name: str, share: float, chance: Floats, positive: NDArray[np.bool_], weight: Floats, *, seed: int
) -> float:
    """Return the median of the best thresholds of resampled rows, counted in a few hundred cells of equal rows."""
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, _CELLS + 1)[1:-1]))
    cell = np.searchsorted(edges, chance, side="right")
    cells = len(edges) + 1
    sides = [np.bincount(cell[side], weight[side], minlength=cells) for side in (positive, ~positive)]
    generator = np.random.default_rng(seed)
    scale = len(weight) / weight.sum()
    drawn = [generator.poisson(side * scale, (_RESAMPLED, cells)).astype(np.float64) for side in sides]
    # Taking all cells from a place on, for each place: counts of hits and of false alarms.
    hits, alarms = (np.cumsum(side[:, ::-1], axis=1)[:, ::-1] for side in drawn)
    values = _MEASURES[name](hits, alarms, hits[:, :1], alarms[:, :1], share)
    places = np.nan_to_num(values, nan=-np.inf).argmax(axis=1)
    lower = np.concatenate([[0.0], edges])
    return float(np.median(lower[places]))


def _f1(hits: Floats, alarms: Floats, yes: Floats, no: Floats, share: float) -> Floats:
    del no, share
    return np.asarray(2 * hits / np.maximum(hits + alarms + yes, 1e-12), np.float64)


def _balanced(hits: Floats, alarms: Floats, yes: Floats, no: Floats, share: float) -> Floats:
    del share
    return np.asarray(hits / np.maximum(yes, 1e-12) - alarms / np.maximum(no, 1e-12), np.float64)


def _accuracy(hits: Floats, alarms: Floats, yes: Floats, no: Floats, share: float) -> Floats:
    del yes, no, share
    return hits - alarms


def _recall_at_precision(hits: Floats, alarms: Floats, yes: Floats, no: Floats, share: float) -> Floats:
    del yes, no
    precise = hits / np.maximum(hits + alarms, 1e-12)
    # Where the precision is out of reach the most precise place is taken.
    return np.asarray(np.where(precise >= share, 1.0 + hits, precise), np.float64)


def _precision_at_recall(hits: Floats, alarms: Floats, yes: Floats, no: Floats, share: float) -> Floats:
    del no
    reached = hits / np.maximum(yes, 1e-12) >= share
    return np.asarray(np.where(reached, 1.0 - alarms / (alarms.max() + 1.0), -1.0), np.float64)


_MEASURES: dict[str, Callable[[Floats, Floats, Floats, Floats, float], Floats]] = {
    "f1": _f1,
    "balanced_accuracy": _balanced,
    "accuracy": _accuracy,
    "precision": _recall_at_precision,
    "recall": _precision_at_recall,
}

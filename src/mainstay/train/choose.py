"""Decides what is shipped: the cheapest answer that cannot be told apart from the best, and is as good (law 3).

A table of some hundred rows can tell hardly anything apart: to ship the cheapest of all those would throw away what
was gained. So the cheaper one wins where it is tied with the best and its loss is at most half a percent greater.

The decision rests on out-of-fold answers of the training rows; the held-out rows are not opened for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import BudgetError
from mainstay.train.blend import blend as join
from mainstay.train.blend import mix
from mainstay.train.search import INTERRUPTED, PLAINLY_WORSE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.train.blend import Way
    from mainstay.train.material import Material
    from mainstay.train.search import Entry

__all__ = ["Choice", "choose", "out_of_fold", "validated_rows"]

_BLEND = "blend"
_AS_GOOD = 1.005  # times the loss of the best


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shipped, and why.

    Parameters
    ----------
    name : str
        A candidate's name, or "blend".
    weights : dict by candidate name
        Of the members that are shipped.
    blend_weights : dict by candidate name
        Of the blend, shipped or not; empty where one candidate alone is the best blend.
    scores : dict by name
        Validation score of each finished candidate and of the blend, greater is better.
    tied : tuple of str
        Names that cannot be told apart from the best, on the training rows.
    """

    name: str
    weights: dict[str, float]
    blend_weights: dict[str, float]
    scores: dict[str, float]
    tied: tuple[str, ...]


def validated_rows(material: Material) -> NDArray[np.int64]:
    """Return the training rows that have an out-of-fold answer."""
    return np.sort(np.concatenate([fold.validation for fold in material.folds]))


def out_of_fold(entry: Entry, material: Material) -> NDArray[np.float64]:
    """Return a finished candidate's answers for :func:`validated_rows`.

    A baseline answers the same for every row; that its folds differ by chance would only order rows against their
    target, so its answers are averaged.
    """
    shape = next(iter(entry.validation.values())).shape[1:]
    answers = np.full((material.arrays.rows, *shape), np.nan)
    for fold, given in entry.validation.items():
        answers[material.folds[fold].validation] = given
    answers = answers[validated_rows(material)]
    if entry.candidate.learner == "baseline":
        answers[:] = answers.mean(axis=0)
    return answers


def choose(
    entries: Sequence[Entry],
    material: Material,
    *,
    score: Callable[[NDArray[Any], NDArray[np.float64]], float],
    loss: Callable[[NDArray[Any], NDArray[np.float64]], float],
    tied: Callable[[NDArray[Any], NDArray[np.float64], NDArray[np.float64]], bool],
    seed: int,
    blend: str = "greedy",
) -> Choice:
    """Return what to ship.

    Parameters
    ----------
    entries : sequence of Entry
    material : Material
    score : callable
        ``(target, answers) -> float``; greater is better.
    loss : callable
        ``(target, answers) -> float``; above zero. Few rows tell nothing apart, but what has plainly more loss is
        not shipped for being cheap.
    tied : callable
        ``(target, best, other) -> bool``: whether the two cannot be told apart.
    seed : int
    blend : {"greedy", "voting", "stacking", "off"}, default "greedy"
        How candidates are joined.

    Raises
    ------
    BudgetError
        When no candidate was finished.
    """
    done = [entry for entry in entries if entry.status == "done"]
    if not done and any(entry.reason == INTERRUPTED for entry in entries):
        raise KeyboardInterrupt
    if not done:
        reasons = "; ".join(f"{entry.candidate.name}: {entry.reason}" for entry in entries if entry.reason)
        raise BudgetError(
            f"no model could be finished ({reasons})", where="train", hint="Give a longer time budget or more memory."
        )
    target = material.target.values[validated_rows(material)]
    answers = {entry.candidate.name: out_of_fold(entry, material) for entry in done}
    cost = {entry.candidate.name: entry.cost for entry in done}
    kinds = {entry.candidate.name: entry.candidate.learner for entry in done}
    members = {
        name: weight
        for name, weight in _blend(answers, target, score, seed, kinds=kinds, how=blend).items()
        if weight > 0
    }
    if len(members) > 1:
        answers[_BLEND] = mix([answers[name] for name in members], list(members.values()))
        cost[_BLEND] = sum(cost[name] for name in members)
    scores = {name: score(target, answer) for name, answer in answers.items()}
    best = max(scores, key=lambda name: scores[name])
    losses = {name: loss(target, answer) for name, answer in answers.items()}
    alike = tuple(
        name
        for name, answer in answers.items()
        if name == best or (losses[name] <= PLAINLY_WORSE * losses[best] and tied(target, answers[best], answer))
    )
    as_good = [name for name in alike if losses[name] <= _AS_GOOD * losses[best]]
    name = "baseline" if "baseline" in alike else min(as_good, key=lambda other: cost[other])
    weights = members if name == _BLEND else {name: 1.0}
    return Choice(name, weights, members if len(members) > 1 else {}, scores, alike)


def _blend(
    answers: dict[str, NDArray[np.float64]],
    target: NDArray[Any],
    score: Callable[[NDArray[Any], NDArray[np.float64]], float],
    seed: int,
    *,
    kinds: dict[str, str],
    how: str,
) -> dict[str, float]:
    names = [name for name in answers if name != "baseline"]
    if not names or how == "off":
        return {}
    way: Way = "voting" if how == "voting" else "stacking" if how == "stacking" else "greedy"
    weights = join(
        [answers[name] for name in names], target, score, seed=seed, way=way, learners=[kinds[name] for name in names]
    )
    return dict(zip(names, weights, strict=True))

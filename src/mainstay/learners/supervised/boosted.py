"""What all boosting libraries have in common here: the target in their terms, and their sums as our answers.

A fold may lack a class, an amount may be 1.7e9 plus a little, and validation rows may hold a class that was not seen.
Each library meets such things in a way of its own, or crashes; so none of them ever sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import Target
from mainstay.contracts.model import ModelGraph
from mainstay.learners.supervised.admission import Classes, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.logistic import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Value
    from mainstay.contracts.model import Trees
    from mainstay.learners.supervised.admission import Amounts

__all__ = ["Problem", "linked", "rounds_of"]

_ALONE = 8.0
"""Rounds times learning rate, where there are no validation rows to stop by."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The target in a library's own terms: codes without gaps, or amounts at mean 0 and deviation 1.

    Parameters
    ----------
    labels : float64 array of shape (n,)
    classes : Classes, optional
        For classification.
    amounts : Amounts, optional
        For regression.
    constant : ConstantModel, optional
        The answer already, where all rows have the same target.
    """

    labels: NDArray[np.float64]
    classes: Classes | None
    amounts: Amounts | None
    constant: ConstantModel | None

    @classmethod
    def of(cls, target: Target) -> Problem:
        """Return a target in these terms."""
        if target.task == "classification":
            classes = classes_of(target)
            lone = ConstantModel(shares(target), target.task) if len(classes.present) == 1 else None
            return cls(classes.codes.astype(np.float64), classes, None, lone)
        amounts = amounts_of(target)
        lone = ConstantModel(np.array([amounts.centre]), target.task) if amounts.spread == 0 else None
        return cls(amounts.values, None, amounts, lone)

    @property
    def outputs(self) -> int:
        """How many sums a booster makes."""
        return 1 if self.classes is None or len(self.classes.present) == 2 else len(self.classes.present)

    def still(self, target: Target) -> ConstantModel:
        """Return the answer where no feature tells rows apart: the shares of the classes, or the mean."""
        if self.amounts is None:
            return ConstantModel(shares(target), target.task)
        return ConstantModel(np.array([self.amounts.centre]), target.task)

    def held_out(self, features: Features, target: Target) -> tuple[Features, Target] | None:
        """Return the validation rows in the same terms, without rows of a class that was not seen; None if no row."""
        if self.amounts is not None:
            values = (np.asarray(target.values, np.float64) - self.amounts.centre) / self.amounts.spread
            return (features, Target("regression", values, 0, target.weight)) if len(values) else None
        if self.classes is None:  # pragma: no cover - one of the two is always there
            return None
        known = np.flatnonzero(np.isin(target.values, self.classes.present))
        if not len(known):
            return None
        if len(known) < len(target.values):
            features, target = features.take(known), target.take(known)
        codes = np.searchsorted(self.classes.present, target.values)
        return features, Target("classification", codes.astype(np.float64), len(self.classes.present), target.weight)

    def answers(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn a library's answers into ours.

        Parameters
        ----------
        found : float64 array of shape (n,) or (n, outputs)
            Amounts; probabilities of the second of two classes; or probabilities of each class.
        """
        if self.amounts is not None:
            amounts: NDArray[np.float64] = found.reshape(-1) * self.amounts.spread + self.amounts.centre
            return amounts
        if self.classes is None:  # pragma: no cover - one of the two is always there
            return np.empty(0)
        if self.outputs == 1:
            found = np.column_stack([1 - found.reshape(-1), found.reshape(-1)])
        return self.classes.widen(found)

    def from_sums(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn sums of shape (n, outputs), before the link, into our answers."""
        return self.answers(sums if self.amounts is not None else linked(sums))

    def model(self, trees: Trees) -> ModelGraph:
        """Return trees that give a library's sums as a model that gives our answers."""
        if self.amounts is not None:
            spread, centre = self.amounts.spread, self.amounts.centre
            return ModelGraph(replace(trees, value=trees.value * spread, base=trees.base * spread + centre), "identity")
        if self.classes is None or self.classes.count == 2:
            return ModelGraph(trees, "sigmoid")
        return ModelGraph(_widen(trees, self.classes), "softmax")


def linked(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of sums: the sigmoid of one column, the softmax of several.

    Examples
    --------
    >>> linked(np.zeros((1, 2))).tolist(), linked(np.array([[-1000.0]])).tolist()
    ([[0.5, 0.5]], [[0.0]])
    """
    with np.errstate(over="ignore"):
        if sums.shape[1] == 1:
            return np.asarray(1.0 / (1.0 + np.exp(-sums)), np.float64)
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def rounds_of(chosen: Mapping[str, Value], given: Mapping[str, Value], *, stops: bool) -> int:
    """Return the most rounds: as set, or ``8 / learning_rate`` where nothing was set and no validation stops them.

    Examples
    --------
    >>> rounds_of({"n_estimators": 1000, "learning_rate": 0.1}, {}, stops=False)
    80
    """
    rounds = int(chosen["n_estimators"])
    if stops or "n_estimators" in given:
        return rounds
    return min(rounds, max(1, round(_ALONE / float(chosen["learning_rate"]))))


def _widen(trees: Trees, classes: Classes) -> Trees:
    """Give every class a sum: zero for the first of two, and one that softmax makes nothing for an absent class."""
    if len(classes.present) == classes.count:
        return trees
    outputs = trees.value.shape[1]
    value = np.zeros((len(trees.value), classes.count))
    value[:, classes.present[-outputs:]] = trees.value
    base = np.full(classes.count, ABSENT)
    base[classes.present] = 0.0
    base[classes.present[-outputs:]] += trees.base
    return replace(trees, value=value, base=base)

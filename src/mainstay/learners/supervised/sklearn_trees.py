"""scikit-learn's trees, read into our own record, and what they have in common: size, affordable depth, answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.model import ModelGraph
from mainstay.learners.scikit_trees import read_trees
from mainstay.learners.supervised.admission import admit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Learner, Value
    from mainstay.learners.supervised.admission import Amounts, Classes

__all__ = ["TreeModel", "affordable_depth", "writable"]

_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class TreeModel:
    """A fitted decision tree or forest of scikit-learn.

    Parameters
    ----------
    learner : Learner
    model : scikit-learn estimator
    trees : sequence of scikit-learn trees
        The ``tree_`` of each member.
    classes : Classes, optional
        For classification.
    amounts : Amounts, optional
        For regression.
    remarks : mapping
        What :meth:`notes` adds.
    """

    learner: Learner
    model: Any
    trees: Sequence[Any]
    classes: Classes | None
    amounts: Amounts | None
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return scikit-learn's own answer."""
        admit_rows(self.learner, features, self.model.n_features_in_)
        matrix, rows = writable(features.matrix), len(features.matrix)
        if self.classes is not None:
            found = self.model.predict_proba(matrix) if rows else np.empty((0, len(self.classes.present)))
            return self.classes.widen(found)
        if self.amounts is None or not rows:
            return np.empty(0)
        answers: NDArray[np.float64] = self.model.predict(matrix) * self.amounts.spread + self.amounts.centre
        return answers

    def graph(self) -> ModelGraph:
        """Return the trees; the sum of their leaves is the answer."""
        share = 1.0 / len(self.trees)
        if self.classes is not None:
            wide = [self.classes.widen(tree.value[:, 0, :] * share) for tree in self.trees]
            return ModelGraph(read_trees(self.trees, wide, np.zeros(self.classes.count)), "identity")
        centre, spread = (self.amounts.centre, self.amounts.spread) if self.amounts else (0.0, 1.0)
        values = [tree.value[:, 0, :] * (spread * share) for tree in self.trees]
        return ModelGraph(read_trees(self.trees, values, np.array([centre])), "identity")

    def notes(self) -> Mapping[str, Value]:
        """Say how large the model is."""
        leaves = int(sum(tree.n_leaves for tree in self.trees))
        return {"trees": len(self.trees), "leaves": leaves, **self.remarks}


def writable(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy where it cannot be written: scikit-learn's trees refuse such arrays, unasked."""
    return array if array.flags.writeable and array.flags.c_contiguous else np.array(array, order="C")


def affordable_depth(stump: Any, matrix: NDArray[np.float32], target: Any, deadline: Deadline) -> int | None:
    """Return the depth that the time left allows, or None where it does not bind.

    A library's tree cannot be stopped half-way. A stump costs one level; no deeper level costs much more.

    Parameters
    ----------
    stump : scikit-learn tree with ``max_depth=1``, not fitted
    matrix : float32 array of shape (n, d)
    target : array of shape (n,)
    deadline : Deadline
    """
    if deadline.left() == float("inf"):
        return None
    began = time.perf_counter()
    stump.fit(matrix, target)
    level = time.perf_counter() - began
    depth = int(0.6 * deadline.left() / max(level, 1e-6))
    return None if depth >= _DEEPEST else max(depth, 1)

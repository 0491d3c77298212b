"""The model that gives every row the same answer: the baseline, and what any learner becomes on a lone class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.model import Constant, ModelGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Target, Value

__all__ = ["ConstantModel", "shares"]


@dataclass(frozen=True, slots=True)
class ConstantModel:
    """A fitted model without features.

    Parameters
    ----------
    value : float64 array of shape (outputs,)
        Probabilities that sum to 1, or one amount.
    task : str
        "classification" or "regression".

    Examples
    --------
    >>> ConstantModel(np.array([0.25, 0.75]), "classification").graph().body.value.tolist()
    [0.25, 0.75]
    """

    value: NDArray[np.float64]
    task: str

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return the same answer for each row."""
        rows = features.matrix.shape[0]
        return np.tile(self.value, (rows, 1)) if self.task == "classification" else np.full(rows, self.value[0])

    def graph(self) -> ModelGraph:
        """Return the constant."""
        return ModelGraph(Constant(self.value), "identity")

    def notes(self) -> Mapping[str, Value]:
        """Say that no feature is used."""
        return {"constant": True}


def shares(target: Target) -> NDArray[np.float64]:
    """Return the share of each class, weights counted, as float64 of shape (classes,).

    Examples
    --------
    >>> from mainstay.contracts.learner import Target
    >>> shares(Target("classification", np.array([0, 1, 1, 1]), 3)).tolist()
    [0.25, 0.75, 0.0]
    """
    counts = np.bincount(target.values.astype(np.int64), weights=target.weight, minlength=target.classes)
    part: NDArray[np.float64] = counts / counts.sum()
    return part

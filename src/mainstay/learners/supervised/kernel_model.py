"""A fitted kernel machine: what the support vector machine and the Gaussian process have in common once fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.formulas import Kernel
from mainstay.contracts.model import ModelGraph
from mainstay.learners.supervised.admission import admit_rows
from mainstay.learners.supervised.margins import likely, widened
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.formulas import Scaling
    from mainstay.contracts.learner import Learner, Value
    from mainstay.contracts.model import Link
    from mainstay.learners.supervised.admission import Classes

    Doubles = NDArray[np.float64]

__all__ = ["Expansion", "KernelModel"]

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Expansion:
    """``rbf(z, points) @ coefficients + intercept`` over standardised rows z.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    gamma : float
    coefficients : float64 array of shape (m, outputs)
    intercept : float64 array of shape (outputs,)
    """

    points: Doubles
    gamma: float
    coefficients: Doubles
    intercept: Doubles

    def sums(self, matrix: Doubles) -> Doubles:
        """Return the sums for standardised rows, (n, outputs), with scikit-learn's kernel."""
        from sklearn.metrics.pairwise import rbf_kernel

        total = np.empty((len(matrix), len(self.intercept)))
        for start in range(0, len(matrix), _BLOCK):
            block = matrix[start : start + _BLOCK]
            near = rbf_kernel(block, self.points, gamma=self.gamma)
            total[start : start + _BLOCK] = near @ self.coefficients + self.intercept
        return total

    def mapped(self, slopes: Doubles, intercepts: Doubles) -> Expansion:
        """Return the expansion of ``sums @ slopes + intercepts``."""
        return Expansion(self.points, self.gamma, self.coefficients @ slopes, self.intercept @ slopes + intercepts)


@dataclass(frozen=True, slots=True)
class KernelModel:
    """A fitted model whose logits, or amounts, are an expansion.

    Parameters
    ----------
    learner : Learner
    scaling : Scaling
    expansion : Expansion
        One output for amounts and for two classes, otherwise one for each class with rows.
    classes : Classes, optional
        For classification.
    remarks : mapping
        What :meth:`notes` says.
    """

    learner: Learner
    scaling: Scaling
    expansion: Expansion
    classes: Classes | None
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        """Return probabilities or amounts."""
        admit_rows(self.learner, features, len(self.scaling.centre))
        matrix = features.matrix
        with one_thread():
            parts = [
                self.expansion.sums(self.scaling.apply(matrix[start : start + _BLOCK]))
                for start in range(0, max(1, len(matrix)), _BLOCK)
            ]
        sums = np.concatenate(parts)
        return sums[:, 0] if self.classes is None else self.classes.widen(likely(sums))

    def graph(self) -> ModelGraph:
        """Return the expansion as data."""
        found = self.expansion
        link: Link = "identity"
        coefficients, intercept = found.coefficients, found.intercept
        if self.classes is not None:
            coefficients, intercept, link = widened(self.classes, coefficients, intercept)
        return ModelGraph(Kernel(self.scaling, found.points, np.array(found.gamma), coefficients, intercept), link)

    def notes(self) -> Mapping[str, Value]:
        """Return the remarks and how many points there are."""
        return {"points": len(self.expansion.points), **self.remarks}

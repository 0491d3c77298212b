"""A smooth boundary around the usual rows, by kernels (scikit-learn's one-class support vector machine).

Its cost grows with the square of the rows, so it learns from a few thousand; past that it says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import KernelSum
from mainstay.contracts.formulas import Kernel, Scaling
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

__all__ = ["OneClassSVMDetector", "fit_one_class_svm"]

_MOST = 3000
_SECONDS = 5e-4
"""What one more row takes, about."""

_OUTLIERS, _CLEAN_OUTLIERS = 0.5, 0.1
_LIMIT = 50.0
"""How many units from the middle a value counts, at most."""


class OneClassSVMDetector:
    """A boundary around the usual rows by Gaussian kernels (Scholkopf et al. 2001, doi:10.1162/089976601750264965).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(100, 2)))
    >>> OneClassSVMDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline()).notes["outside"]
    0.1
    """

    name = "one_class_svm"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "outside", 0.0, "The share of rows outside the boundary (nu); 0: 0.5, or 0.1 for clean rows.", low=0, high=1
        ),
        Parameter(
            "gamma",
            0.0,
            "How narrow a kernel is; 0: one over the sum of the variances of columns.",
            low=0,
            high=1e6,
        ),
        Parameter("points", _MOST, "How many rows it learns from, at most.", low=1, high=20_000),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Find the boundary."""
        checked = admit(self, observations, settings)
        outside = float(checked["outside"]) or (_CLEAN_OUTLIERS if reference == "clean" else _OUTLIERS)
        most = affordable(int(checked["points"]), deadline, seconds=_SECONDS)
        notes: dict[str, Value] = {"outside": outside}
        with quiet(notes):
            body = fit_one_class_svm(
                observations.matrix, seed=seed, outside=outside, gamma=float(checked["gamma"]), points=most
            )
            notes["points"] = len(body.kernel.points)
            return alone(self.name, body, observations, seed=seed, notes=notes)


def fit_one_class_svm(
    matrix: NDArray[np.floating], *, seed: int, outside: float = _OUTLIERS, gamma: float = 0.0, points: int = _MOST
) -> KernelSum:
    """Return the boundary as a sum of kernels.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite, and scaled: kernels are round.
    seed : int
        Draws the rows.
    outside : float, default 0.5
        The share of rows outside the boundary, above 0 and at most 1.
    gamma : float, default 0
        Of the kernels; 0 is one over the sum of the variances of columns.
    points : int, default 3000
        So many rows are learned from at most.

    Returns
    -------
    KernelSum

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_scores
    >>> rows = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    >>> scores = member_scores(fit_one_class_svm(rows, seed=0), np.array([[0, 0], [4, 4]], np.float32))
    >>> bool(scores[1] > scores[0])
    True
    """
    from sklearn.svm import OneClassSVM

    drawn, counts = np.unique(matrix[drawn_rows(matrix, points, seed=seed, copies=True)], axis=0, return_counts=True)
    drawn = np.asarray(drawn, np.float32)
    rows = drawn.astype(np.float64)
    used = np.ptp(rows, axis=0) > 0
    scaling = Scaling(np.median(rows, axis=0), used.astype(np.float64), np.array(_LIMIT))
    z = scaling.apply(drawn)
    gamma = gamma or 1 / max(float(z.var(axis=0).sum()), 1e-12)
    model = OneClassSVM(kernel="rbf", gamma=gamma, nu=outside).fit(z, sample_weight=counts)
    coefficients = np.asarray(model.dual_coef_, np.float64).reshape(-1, 1)
    kept = np.asarray(model.support_vectors_, np.float64)
    return KernelSum(Kernel(scaling, kept, np.array(gamma), coefficients, np.asarray(model.intercept_, np.float64)))

"""Gaussian processes for small data: a prior over smooth functions, with its reach learned from the rows.

Written out because the library's classifier averages its sigmoid with a variance that no small formula gives, keeps
one process for each class, and cannot weigh rows. Here the answer is the most probable function, which is a sum of
kernels over the rows and goes into the graph as it predicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.evidence import Sight, amounts_sight, classes_sight, squared_distances
from mainstay.learners.supervised.growing import grown
from mainstay.learners.supervised.kernel_model import Expansion, KernelModel
from mainstay.learners.supervised.margins import likely
from mainstay.learners.supervised.scaled_rows import affordable_rows, draw, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]

__all__ = ["GaussianProcess"]

_SIGHT_ROWS = 400
"""Rows from which the kernel is learned: each step costs their cube."""
_POWER = 3.0
_JITTER = 1e-6


class GaussianProcess:
    """The most probable function under a Gaussian prior with the kernel ``exp(-distance^2 / (2 length_scale^2))``.

    Reach, height and noise are those with the largest evidence on up to 400 rows. Amounts have Gaussian noise, larger
    where the weight is small; classes are a softmax (two: a sigmoid) of one function each, by Laplace's mode.
    Features are standardised and clipped at 64 deviations. More than ``max_rows`` rows, or more than 1,000,000 cells,
    are sampled (seeded, classes keep their shares), and fewer where a deadline needs it.

    References
    ----------
    Rasmussen, Williams (2006), "Gaussian Processes for Machine Learning", chapters 2, 3 and 5.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.linspace(-3, 3, 60, dtype=np.float32)[:, None]
    >>> target = Target("regression", np.sin(2 * matrix[:, 0].astype(np.float64)))
    >>> fitted = GaussianProcess().fit(Features(matrix, ("x",)), target, seed=0, deadline=NoDeadline())
    >>> bool(np.abs(fitted.predict(Features(matrix, ("x",))) - target.values).max() < 0.05)
    True
    """

    name: str = "gaussian_process"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("length_scale", 0.0, "How far a row reaches, in deviations; 0 learns it.", low=0, high=1e3, log=True,
                  search=(0.1, 30.0)),
        Parameter("noise", 0.0, "Variance of the noise of amounts, as a share of theirs; 0 learns it.", low=0,
                  high=1e3, log=True, search=(1e-4, 1.0)),
        Parameter("max_rows", 2000, "The most rows learned from; more are sampled.", low=10, high=5_000,
                  search=(2000, 2000)),
    )  # fmt: skip
    takes_missing: bool = False
    takes_codes: bool = False
    uses_validation: bool = False

    def fit(
        self,
        features: Features,
        target: Target,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] | None = None,
        validation: tuple[Features, Target] | None = None,
    ) -> Fitted:
        """Learn the kernel, then the function on as many rows as the deadline allows; the seed draws them.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        most = affordable_rows(int(chosen["max_rows"]), features.matrix.shape[1])
        rows = scaled_rows(features, target, most=most, seed=seed)
        classes = target.task == "classification"
        if classes and len(np.unique(rows.target.values)) == 1:
            return ConstantModel(shares(target), target.task)
        length = float(chosen["length_scale"])
        known = Sight(0.0, 0.5 / length**2 if length else 0.0, float(chosen["noise"]))
        make = _classifier if classes else _regressor

        with one_thread():
            few = rows.take(draw(rows.target, _SIGHT_ROWS, seed))
            sight = _sight(few, known, _Part(deadline))
            return grown(
                lambda size: make(
                    self, rows if size >= len(rows.matrix) else rows.take(draw(rows.target, size, seed)), sight
                ),
                len(rows.matrix),
                deadline,
                power=_POWER,
            )


def _sight(rows: ScaledRows, known: Sight, deadline: Deadline) -> Sight:
    weight = _weight(rows)
    if rows.target.task == "classification":
        return classes_sight(rows.matrix, classes_of(rows.target).codes, weight, known, deadline)
    return amounts_sight(rows.matrix, amounts_of(rows.target).values, 1.0 / weight, known, deadline)


def _regressor(learner: GaussianProcess, rows: ScaledRows, sight: Sight) -> KernelModel:
    from scipy.linalg import cho_factor, cho_solve

    amounts = amounts_of(rows.target)
    noise = np.diag((sight.noise + _JITTER * sight.height) / _weight(rows))
    pull = cho_solve(cho_factor(_near(rows, sight) + noise, lower=True), amounts.values)
    expansion = Expansion(rows.matrix, sight.gamma, sight.height * pull[:, None], np.zeros(1))
    expansion = expansion.mapped(np.array([[amounts.spread]]), np.array([amounts.centre]))
    return KernelModel(learner, rows.scaling, expansion, None, _remarks(rows, sight))


def _classifier(learner: GaussianProcess, rows: ScaledRows, sight: Sight) -> KernelModel:
    """Find the most probable functions, in coordinates in which their prior is round."""
    from scipy.linalg import cholesky, solve_triangular
    from scipy.optimize import minimize

    classes, weight = classes_of(rows.target), _weight(rows)
    member = np.eye(len(classes.present))[classes.codes]
    share = weight @ member / weight.sum()
    level = np.log(share[1:] / share[:1]) if len(share) == 2 else np.log(share)
    root = cholesky(_near(rows, sight) + _JITTER * sight.height * np.eye(len(member)), lower=True)

    def loss(place: Doubles) -> tuple[float, Doubles]:
        free = place.reshape(len(member), -1)
        found = likely(root @ free + level)
        own = np.maximum(found[np.arange(len(found)), classes.codes], 1e-300)
        wrong = weight[:, None] * (found - member)
        slope = root.T @ wrong[:, -len(level) :] + free
        return float(-(weight @ np.log(own)) + 0.5 * (place @ place)), slope.ravel()

    start = np.zeros(len(member) * len(level))
    found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    pull = solve_triangular(root.T, found.x.reshape(len(member), -1), lower=False)
    expansion = Expansion(rows.matrix, sight.gamma, sight.height * pull, level)
    return KernelModel(learner, rows.scaling, expansion, classes, _remarks(rows, sight))


def _near(rows: ScaledRows, sight: Sight) -> Doubles:
    squared = squared_distances(rows.matrix, rows.matrix)
    return np.asarray(sight.height * np.exp(-sight.gamma * squared))


def _weight(rows: ScaledRows) -> Doubles:
    return np.ones(len(rows.matrix)) if rows.target.weight is None else rows.target.weight


def _remarks(rows: ScaledRows, sight: Sight) -> dict[str, float | int | str | bool]:
    learned = {"height": sight.height, "length_scale": (0.5 / sight.gamma) ** 0.5}
    noise = {} if rows.target.task == "classification" else {"noise": sight.noise}
    return {**learned, **noise, **rows.notes()}


class _Part:
    """A deadline that leaves the larger part of the time of another one."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._kept = 0.6 * deadline.left()

    def left(self) -> float:
        """Return the seconds that are left of this part."""
        return self._kept if self._kept == float("inf") else max(0.0, self._deadline.left() - self._kept)

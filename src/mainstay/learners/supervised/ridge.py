"""Ridge regression: the linear learner for amounts, its penalty chosen by leave-one-out without refitting.

Written out here rather than taken from a library because the closed form needs only the d x d moments and one pass in
chunks: a library's version keeps two float64 copies of the whole matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import BudgetError
from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value

    Doubles = NDArray[np.float64]

__all__ = ["GRID", "Ridge"]

GRID = tuple(float(10.0 ** (step / 2)) for step in range(-6, 13))
"""The penalties among which leave-one-out chooses: 1e-3 to 1e6, two per decade."""

_CHUNK = 8_192


class Ridge:
    """Least squares with a squared penalty on the coefficients of the standardised features.

    With ``alpha = 0`` (the default) the penalty is the one of :data:`GRID` with the least leave-one-out squared
    error, which has a closed form: the error of each row divided by one minus its leverage.

    References
    ----------
    Hoerl, Kennard (1970), doi:10.1080/00401706.1970.10488634; Golub, Heath, Wahba (1979),
    doi:10.1080/00401706.1979.10489751.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.array([[0], [1], [2], [3]], np.float32), ("x",))
    >>> target = Target("regression", np.array([1.0, 3.0, 5.0, 7.0]))
    >>> Ridge().fit(features, target, seed=0, deadline=NoDeadline()).predict(features).round(2).tolist()
    [1.0, 3.0, 5.0, 7.0]
    """

    name: str = "ridge"
    tasks: tuple[TaskName, ...] = ("regression",)
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "alpha",
            0.0,
            "Strength of the squared penalty on standardised features; 0 chooses it by leave-one-out.",
            low=0,
            high=1e12,
            log=True,
            search=(1e-3, 1e6),
        ),
    )
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
        """Fit in closed form.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When the time ends before there is an answer.
        """
        del seed, validation
        chosen = admit(self, features, target, settings or {}, deadline)
        alpha = float(chosen["alpha"])
        grid = np.array([alpha] if alpha > 0 else GRID)
        with one_thread():
            rows = _Rows.of(features.matrix, target)
            axes = rows.axes(deadline)
            errors = rows.leave_one_out(axes, grid, deadline)
        best = int(np.argmin(errors))
        slopes = axes.directions @ (axes.moments / (axes.strengths + grid[best])) / rows.spread
        return _RidgeModel(
            self, slopes, rows.level - float(rows.centre @ slopes), float(grid[best]), float(errors[best])
        )


@dataclass(frozen=True, slots=True)
class _RidgeModel:
    learner: Ridge
    coefficients: Doubles
    intercept: float
    alpha: float
    error: float

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.coefficients))
        matrix, answers = features.matrix, np.empty(len(features.matrix))
        for start in range(0, len(matrix), _CHUNK):
            rows = slice(start, start + _CHUNK)
            answers[rows] = matrix[rows].astype(np.float64) @ self.coefficients + self.intercept
        return answers

    def graph(self) -> ModelGraph:
        return ModelGraph(Affine(self.coefficients[:, None].copy(), np.array([self.intercept])), "identity")

    def notes(self) -> Mapping[str, Value]:
        return {"alpha": self.alpha, "leave_one_out_rmse": self.error**0.5}


@dataclass(frozen=True, slots=True)
class _Axes:
    """The standardised rows seen along their principal directions: (d, k), (k,) squared lengths, (k,) moments."""

    directions: Doubles
    strengths: Doubles
    moments: Doubles


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows to be standardised chunk by chunk, so that only a chunk is ever held in float64."""

    matrix: NDArray[np.float32]
    values: Doubles
    weight: Doubles
    centre: Doubles
    spread: Doubles
    level: float

    @classmethod
    def of(cls, matrix: NDArray[np.float32], target: Target) -> _Rows:
        values = np.asarray(target.values, np.float64)
        weight = np.ones(len(values)) if target.weight is None else target.weight * (len(values) / target.weight.sum())
        total = weight.sum()
        centre, square = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1])
        for part in _chunks(len(values)):
            centre += weight[part] @ matrix[part].astype(np.float64)
        centre /= total
        for part in _chunks(len(values)):
            square += weight[part] @ (matrix[part].astype(np.float64) - centre) ** 2
        spread = np.sqrt(square / total)
        spread[spread <= 1e-12 * np.abs(centre)] = 0.0  # what is left of a constant column after rounding
        spread[spread == 0] = np.inf
        return cls(matrix, values, weight, centre, spread, float(weight @ values / total))

    def standard(self, part: slice) -> Doubles:
        scaled: Doubles = (self.matrix[part].astype(np.float64) - self.centre) / self.spread
        return scaled

    def axes(self, deadline: Deadline) -> _Axes:
        width = self.matrix.shape[1]
        moments, gram = np.zeros(width), np.zeros((width, width))
        for part in _chunks(len(self.values)):
            _keep(deadline)
            rows = self.standard(part)
            weighted = rows * self.weight[part, None]
            gram += weighted.T @ rows
            moments += weighted.T @ (self.values[part] - self.level)
        strengths, directions = np.linalg.eigh(gram)
        return _Axes(directions, np.maximum(strengths, 0.0), directions.T @ moments)

    def leave_one_out(self, axes: _Axes, grid: Doubles, deadline: Deadline) -> Doubles:
        """Return the weighted mean squared leave-one-out error for each penalty."""
        shrunk = 1.0 / (axes.strengths[:, None] + grid)
        slopes = axes.moments[:, None] * shrunk
        total, error = self.weight.sum(), np.zeros(len(grid))
        for part in _chunks(len(self.values)):
            _keep(deadline)
            rows, weight = self.standard(part) @ axes.directions, self.weight[part, None]
            leverage = weight * (rows**2 @ shrunk + 1.0 / total)
            residual = (self.values[part] - self.level)[:, None] - rows @ slopes
            error += (weight * (residual / np.maximum(1.0 - leverage, 1e-9)) ** 2).sum(axis=0)
        averaged: Doubles = error / total
        return averaged


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, rows, _CHUNK))


def _keep(deadline: Deadline) -> None:
    if deadline.left() <= 0:
        raise BudgetError("the time ended before there was an answer", where="ridge", hint="Give more time.")

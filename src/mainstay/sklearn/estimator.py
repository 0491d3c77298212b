"""What the two estimators have in common; what is fitted is a bundle and nothing else.

Predictions come from the code that serves the bundle, and what ``pickle`` keeps of a fitted estimator is the bundle's
bytes, which are checked, audited and replayed when they are read back.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from mainstay.compute.clock import parse_seconds
from mainstay.contracts.errors import InputError
from mainstay.contracts.schema import Column, Schema
from mainstay.sklearn.cells import feature_columns, free_name, is_frame, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.bundle.predict import Answers
    from mainstay.lifecycle import Model, TrainResult
    from mainstay.sklearn.cells import Cells

__all__ = ["Estimator", "as_value_errors", "one_column"]

_HERE_CELLS = 100_000  # a table of so many cells is learned sooner than worker processes start
_HERE_SECONDS = 5.0

_OWN = ("random_state", "workers", "class_weight", "positive")
"""Parameters that do not go to training by the same name."""


class Estimator(BaseEstimator):  # type: ignore[misc]
    """How a table is made of X, y and weights, how it is learned from, and how the bundle travels.

    Parameters are those of :class:`mainstay.sklearn.Regressor`.
    """

    model_: Model
    leaderboard_: list[dict[str, Any]]
    n_features_in_: int

    def __init__(
        self,
        *,
        time_budget: str | float = "60s",
        memory_budget: str | float | None = None,
        metric: str = "auto",
        models: Sequence[str] | None = None,
        holdout: float = 0.2,
        split: str = "random",
        blend: str = "greedy",
        tune: str = "off",
        grid: Mapping[str, Any] | str | Path | None = None,
        trials: int | None = None,
        missing: str = "auto",
        scale: str = "auto",
        encode: str = "auto",
        text: str = "auto",
        derive: Sequence[str] = (),
        polynomial: int = 1,
        rare: int = 0,
        monotone: Sequence[str] = (),
        intervals: float | None = None,
        workers: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.time_budget = time_budget
        self.memory_budget = memory_budget
        self.metric = metric
        self.models = models
        self.holdout = holdout
        self.split = split
        self.blend = blend
        self.tune = tune
        self.grid = grid
        self.trials = trials
        self.missing = missing
        self.scale = scale
        self.encode = encode
        self.text = text
        self.derive = derive
        self.polynomial = polynomial
        self.rare = rare
        self.monotone = monotone
        self.intervals = intervals
        self.workers = workers
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters and the bundle's bytes: no object of a library travels."""
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = state["model_"].bundle.data
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the bundle anew: check every byte, audit the graph, replay the golden rows."""
        from mainstay.lifecycle import load

        opened = {**state, "model_": load(state["model_"])} if "model_" in state else state
        super().__setstate__(opened)

    def _checked(self, X: Any, *, first: bool) -> Any:
        """Return X as scikit-learn wants it checked; data frames keep their columns as they are."""
        if is_frame(X):
            validate_data(self, X, reset=first, skip_check_array=True)
            return X
        return validate_data(
            self, X, reset=first, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2 if first else 1
        )

    def _weights(self, sample_weight: Any, rows: int) -> NDArray[np.float64]:
        """Return a weight for each row, with one row at least that counts."""
        if sample_weight is None:
            return np.ones(rows)
        weights = np.asarray(check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"))
        if weights.shape != (rows,):
            raise ValueError(f"sample_weight must have the shape ({rows},), and {weights.shape} came")
        if (weights < 0).any() or not (weights > 0).any():
            raise ValueError("sample_weight must be zero or above, and above zero for one row at least")
        return weights

    def _learn(
        self, cells: Cells, target: tuple[Column, Any], weights: NDArray[np.float64], **options: Any
    ) -> TrainResult:
        """Train on the rows, in this process where that is quicker."""
        import polars as pl

        from mainstay.compute.inline import InlineExecutor
        from mainstay.lifecycle import train

        column, values = target
        frame, columns = cells.frame.with_columns(pl.Series(column.name, values)), [*feature_columns(cells), column]
        if (weights != 1.0).any():
            name = free_name("sample_weight", frame.columns)
            frame = frame.with_columns(pl.Series(name, weights))
            columns.append(Column(name=name, kind="number", role="weight"))
        given = {name: value for name, value in self.get_params(deep=False).items() if name not in _OWN}
        with as_value_errors():
            return train(
                frame,
                target=column.name,
                schema=Schema(columns=tuple(columns)),
                seed=self._seed(),
                workers=InlineExecutor() if self._is_small(cells) else None,
                **{**given, **options},
            )

    def _keep(self, result: TrainResult, columns: Sequence[str]) -> None:
        self.model_, self.leaderboard_ = result.model, result.leaderboard
        self._columns = tuple(columns)

    def _seed(self) -> int:
        state = self.get_params(deep=False)["random_state"]
        if state is None:
            return 0
        return int(state) if isinstance(state, (int, np.integer)) else int(check_random_state(state).randint(2**31 - 1))

    def _is_small(self, cells: Cells) -> bool:
        """Say whether learning takes less time than worker processes need to start."""
        told = self.get_params(deep=False)
        if told["workers"] not in ("auto", "processes", "none"):
            raise ValueError(f"workers is one of auto, processes, none, and {told['workers']!r} came")
        if told["workers"] != "auto":
            return bool(told["workers"] == "none")
        if cells.frame.height * cells.frame.width > _HERE_CELLS or told["memory_budget"] is not None:
            return False
        named = told["models"] is not None and told["tune"] == "off"
        return named or parse_seconds(told["time_budget"]) <= _HERE_SECONDS

    def _answers(self, X: Any) -> Answers:
        check_is_fitted(self)
        given = self._checked(X, first=False)
        with as_value_errors():
            frame = read_cells(given, self._columns).frame
            if is_frame(given) and not hasattr(self, "feature_names_in_"):
                frame.columns = list(self._columns)
            answers = self.model_.bundle.predict_frame(frame)
        if answers.rejected.any():
            first = next(problem for problem in answers.problems if answers.rejected[problem.row])
            raise ValueError(f"row {first.row} cannot be answered: {first}")
        return answers


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raise what the caller gave wrong as scikit-learn's callers expect it."""
    try:
        yield
    except InputError as error:
        raise ValueError(str(error)) from error


def one_column(estimator: BaseEstimator, y: Any, dtype: Any) -> NDArray[Any]:
    """Return y as one column without missing values; with scikit-learn's words where it is none."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    checked = check_array(y, ensure_2d=False, dtype=dtype, input_name="y", ensure_min_samples=0)
    return np.asarray(column_or_1d(checked, warn=True))

"""Finds a column that no others can replace: without it the error of a model grows far more than without any other.

A leak need not tell the target by itself, and beside honest columns it removes a large part of their errors. So does an
honest cause, such as the hour of the day for the riders of a bicycle. What parts the two: a column that was made
*from* the target hangs on nothing else once the target is known, while causes hang together given their effect. Small
boosted trees on binned columns show both in a tenth of a second for each column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.leaks_solo import r2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.data.leaks_solo import Goal

__all__ = ["answers_of", "losses_without", "ties_given_target"]

_ROUNDS = 30
_CANDIDATES = 10
_LEAST_GAIN = 0.02  # of all; what is used less is not missed either
_MOST_INPUTS = 60
_SETTINGS: dict[str, float | int | str | bool] = {
    "num_leaves": 15,
    "learning_rate": 0.15,
    "min_data_in_leaf": 10,
    "max_bin": 70,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}


def losses_without(
    bins: Mapping[str, NDArray[np.int64]], goal: Goal, *, seed: int, deadline: Deadline
) -> dict[str, float]:
    """Return how many times as large the loss of a model becomes when a column is left out.

    The loss is the log-loss, or the squared error, on rows that the model has not seen. The ten columns that the
    full model gains most from are left out one by one; 1 means that the others make up for it.

    Parameters
    ----------
    bins : mapping from column to int64 array of shape (n,)
        Binned columns, with the number of its bin for each row.
    goal : Goal
    seed : int
    deadline : Deadline
        No further column is left out when it is over.

    Returns
    -------
    dict
        From column to ratio; empty where nothing can be told.
    """
    names = list(bins)
    if len(names) < 2 or len(goal.values) < 100 or deadline.left() <= 0:
        return {}
    matrix = np.column_stack([bins[name] for name in names]).astype(np.float32)
    everything = list(range(len(names)))
    loss, gains = _fit(matrix, everything, goal, seed)
    if loss <= 0:
        return {}
    ratios: dict[str, float] = {}
    least = _LEAST_GAIN * float(gains.sum())
    for place in np.argsort(-gains, kind="stable")[:_CANDIDATES].tolist():
        if deadline.left() <= 0 or (gains[place] < least and len(ratios) > 1):
            break
        rest, _ = _fit(matrix, [other for other in everything if other != place], goal, seed)
        ratios[names[place]] = rest / loss
    return ratios


def ties_given_target(
    bins: Mapping[str, NDArray[np.int64]], goal: Goal, names: Iterable[str], *, seed: int, deadline: Deadline
) -> dict[str, float]:
    """Return how much other columns tell of a column beyond what the target tells of it.

    0 is a column that hangs on nothing but the target, as one that was made from it does: given their common cause,
    things are independent, while causes of one effect are not (Pearl 1988, ISBN 978-1-55860-479-7, on d-separation).

    Parameters
    ----------
    bins : mapping from column to int64 array of shape (n,)
    goal : Goal
    names : iterable of str
        The columns asked about.
    seed : int
    deadline : Deadline

    Returns
    -------
    dict
        From column to the share of its variance, unexplained by the target, that the others explain; never below 0.
    """
    ties: dict[str, float] = {}
    told = goal.values[:, None].astype(np.float64)
    told = np.eye(goal.classes)[goal.values.astype(np.int64)] if goal.classes else told
    for name in names:
        if deadline.left() <= 0:
            break
        places = _places(bins[name])
        others = [other for other in bins if other != name][:_MOST_INPUTS]
        matrix = np.column_stack([bins[other] for other in others]).astype(np.float64)
        both = np.hstack([told, matrix])
        known = max(_tells(told, places, goal.folds, seed), _line(told, places, goal.folds))
        more = max(_tells(both, places, goal.folds, seed), _line(both, places, goal.folds))
        ties[name] = max(0.0, (more - known) / max(1 - known, 1e-9))
    return ties


def answers_of(matrix: NDArray[np.float64], target: NDArray[np.float64], folds: NDArray[np.int64], *, seed: int,
               binary: bool = False) -> NDArray[np.float64]:  # fmt: skip
    """Return the answers of small boosted trees for rows that they have not seen, by fold."""
    import lightgbm

    settings = {**_SETTINGS, "objective": "binary" if binary else "regression", "seed": seed}
    answers = np.empty(len(target))
    for fold in np.unique(folds):
        inside = folds == fold
        model = lightgbm.train(settings, lightgbm.Dataset(matrix[~inside], target[~inside]), _ROUNDS)
        answers[inside] = model.predict(matrix[inside])
    return answers


def _places(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the middle rank of each row's bin, from 0 to 1."""
    counts = np.bincount(bins)
    return np.asarray((np.cumsum(counts) - counts / 2)[bins] / len(bins), np.float64)


def _tells(matrix: NDArray[np.float64], places: NDArray[np.float64], folds: NDArray[np.int64], seed: int) -> float:
    return r2(places, answers_of(matrix, places, folds, seed=seed))


def _line(matrix: NDArray[np.float64], places: NDArray[np.float64], folds: NDArray[np.int64]) -> float:
    """Return the R2 of ridge regression out of fold: on few rows it sees more than trees do."""
    spread = matrix.std(axis=0)
    scaled = (matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1)
    answers = np.empty(len(places))
    for fold in np.unique(folds):
        inside = folds == fold
        seen, centre = scaled[~inside], places[~inside].mean()
        square = seen.T @ seen + np.eye(scaled.shape[1]) * (1 + 0.01 * len(seen))
        answers[inside] = centre + scaled[inside] @ np.linalg.solve(square, seen.T @ (places[~inside] - centre))
    return r2(places, answers)


def _fit(
    matrix: NDArray[np.float32], columns: Sequence[int], goal: Goal, seed: int
) -> tuple[float, NDArray[np.float64]]:
    """Return the loss out of fold, and what each column gained."""
    import lightgbm

    settings = {**_SETTINGS, **_objective(goal), "seed": seed}
    losses, gains = [], np.zeros(len(columns))
    for fold in np.unique(goal.folds):
        inside = goal.folds == fold
        train = lightgbm.Dataset(matrix[~inside][:, columns], goal.values[~inside])
        model = lightgbm.train(settings, train, _ROUNDS)
        losses.append(_losses(np.asarray(model.predict(matrix[inside][:, columns])), goal.values[inside], goal.classes))
        gains += model.feature_importance("gain")
    return float(np.concatenate(losses).mean()), gains


def _objective(goal: Goal) -> dict[str, float | int | str | bool]:
    if not goal.classes:
        return {"objective": "regression"}
    return {"objective": "binary"} if goal.classes == 2 else {"objective": "multiclass", "num_class": goal.classes}


def _losses(
    predicted: NDArray[np.float64], truth: NDArray[np.int64] | NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    if not classes:
        return np.asarray((predicted - truth) ** 2, np.float64)
    if classes == 2:
        chance = np.where(truth == 1, predicted, 1 - predicted)
    else:
        chance = predicted[np.arange(len(truth)), truth.astype(np.int64)]
    return np.asarray(-np.log(np.clip(chance, 1e-6, 1)), np.float64)

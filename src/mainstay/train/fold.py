"""The job of a worker process: fit one candidate on one fold, and bring back data, not objects.

What comes back: predictions for the fold's validation rows and for the held-out rows, the fitted recipe as JSON and
the fitted model as arrays. Preparation is fitted here, inside the fold, and so cannot have seen the validation rows.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.compute.clock import Clock
from mainstay.contracts.model import ModelGraph, from_arrays, operations, to_arrays
from mainstay.learners.catalogue import learner
from mainstay.prepare.fitted import FittedRecipe, fit, from_json
from mainstay.train.candidates import Candidate  # noqa: TC001 - msgspec reads the annotation at run time
from mainstay.train.material import SHARED, load_material
from mainstay.train.stopping import fit_stopped, probes_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.executor import Payload
    from mainstay.contracts.learner import Fitted
    from mainstay.data.split import Fold
    from mainstay.train.material import Material

__all__ = ["FoldJob", "FoldModel", "FoldResult", "fit_fold", "load_model", "load_result"]

_MODEL = "model."


class FoldJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker is told.

    Parameters
    ----------
    folder : str
        Where the material lies, and where the results go.
    candidate : Candidate
    fold : int
    seed : int
    rounds : int, optional
        How many rounds to learn; the job looks for the number where None.
    seconds : float, optional
        How long the fit may take; the learner stops itself with the best so far. None is no limit.
    """

    folder: str
    candidate: Candidate
    fold: int
    seed: int
    seconds: float | None
    rounds: int | None = None

    @property
    def file(self) -> Path:
        """Where the arrays of the result lie."""
        return Path(self.folder) / f"{self.candidate.name}-{self.fold}.npz"


class FoldResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker says; the arrays are in the job's file.

    Parameters
    ----------
    seconds : float
        Time of preparation, fit and prediction.
    predict_seconds : float
        Time that the library took per 1,000 held-out rows, preparation included.
    cost : float
        About how many operations an answer takes. Counted and not measured, so that a choice by cost is the same
        on a busy machine.
    size : int
        The bytes of the fitted model, as a graph holds it.
    notes : dict
        What the learner said: rounds kept, whether it converged.
    recipe : str
        The fitted recipe as JSON.
    rounds : int, optional
        How many rounds were set, where the learner counts them.
    """

    seconds: float
    predict_seconds: float
    cost: float
    size: int
    notes: dict[str, float | int | str | bool]
    recipe: str
    rounds: int | None = None


class FoldModel(msgspec.Struct, frozen=True):
    """A fitted recipe and a fitted model, as data."""

    recipe: FittedRecipe
    model: ModelGraph


def fit_fold(payload: Payload) -> Payload:
    """Fit a candidate on a fold; run by a worker process."""
    job = msgspec.convert(payload, FoldJob)
    clock = Clock(float("inf") if job.seconds is None else job.seconds)
    material = load_material(Path(job.folder), [job.fold])
    (fold,) = material.folds
    train, train_target = material.arrays.take(fold.train), material.target.take(fold.train)
    shared = Path(job.folder) / f"{SHARED}{job.fold}"
    recipe = fit(job.candidate.recipe, train, train_target, seed=job.seed, deadline=clock, memory=shared)
    if recipe.kept is not None:
        train, train_target = train.take(recipe.kept), train_target.take(recipe.kept)
    fitted, rounds = fit_stopped(
        learner(job.candidate.learner), recipe.transform_training(train), train_target,
        settings=job.candidate.settings, stops=_stops(material, job.fold, fold, recipe), rounds=job.rounds,
        seed=job.seed, deadline=Clock(0.75 * clock.seconds, clock.started),
    )  # fmt: skip
    unseen, began = material.arrays.take(fold.validation), time.monotonic()
    holdout = _answers(fitted, recipe, material.holdout)
    per_thousand = (time.monotonic() - began) * 1000.0 / max(1, material.holdout.rows)
    model = fitted.graph()
    arrays = {_MODEL + name: array for name, array in to_arrays(model).items()}
    validation = _answers(fitted, recipe, unseen)
    np.savez(job.file, validation=validation, holdout=holdout, **arrays)  # type: ignore[arg-type]
    result = FoldResult(
        seconds=clock.elapsed(),
        predict_seconds=per_thousand,
        cost=operations(model.body, len(recipe.names)),
        size=sum(_bytes(array) for array in arrays.values()),
        notes=dict(fitted.notes()),
        rounds=rounds,
        recipe=recipe.to_json().decode(),
    )
    return msgspec.to_builtins(result)  # type: ignore[no-any-return]


def _stops(material: Material, number: int, fold: Fold, recipe: FittedRecipe) -> list[NDArray[np.int64]]:
    """Return the places, among the rows that a fold learns from, of rows by which to stop."""
    learned = fold.train if recipe.kept is None else fold.train[recipe.kept]
    others = material.stops[number + 1 :] + material.stops[:number]
    places = [np.flatnonzero(np.isin(learned, stop)) for stop in others[: probes_for(len(learned))]]
    return [one for one in places if 0 < len(one) < len(learned)]


def _bytes(array: NDArray[np.generic]) -> int:
    """Return what an array takes in a graph: votes for many classes are mostly zeros, which are not written."""
    return array.itemsize * int(np.count_nonzero(array)) if array.ndim == 2 else array.nbytes


def _answers(fitted: Fitted, recipe: FittedRecipe, arrays: Arrays) -> NDArray[np.float64]:
    """Predict in blocks, so that a wide recipe never holds all rows at once."""
    block = 8_192
    parts = [
        fitted.predict(recipe.transform(arrays.take(slice(start, start + block))))
        for start in range(0, max(1, arrays.rows), block)
    ]
    return np.concatenate(parts)


def load_result(job: FoldJob, payload: Payload) -> tuple[FoldResult, NDArray[np.float64], NDArray[np.float64]]:
    """Return what a worker said, its validation answers and its answers for the held-out rows."""
    with np.load(job.file, allow_pickle=False) as arrays:
        return msgspec.convert(payload, FoldResult), arrays["validation"], arrays["holdout"]


def load_model(job: FoldJob, recipe: str) -> FoldModel:
    """Return the fitted recipe, given as JSON, and the fitted model of a finished job."""
    with np.load(job.file, allow_pickle=False) as arrays:
        model = {name.removeprefix(_MODEL): arrays[name] for name in arrays.files if name.startswith(_MODEL)}
    return FoldModel(from_json(recipe), from_arrays(model))

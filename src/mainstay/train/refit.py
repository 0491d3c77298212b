"""Fits candidates again on other parts of the training rows, for questions that are asked after the choice.

What more rows would buy and whether a model is too simple or too free are answered by fits that never reach a bundle.
They run through the very job that the search runs, on folds made for the question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from mainstay.compute.pool import ProcessPool
from mainstay.contracts.executor import Job
from mainstay.train.fold import FoldJob, load_result
from mainstay.train.material import save_material

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.data.split import Fold
    from mainstay.train.candidates import Candidate
    from mainstay.train.material import Material

__all__ = ["Refit", "Refitted", "refit"]

_PRELOAD = ("mainstay.train.fold", "lightgbm", "sklearn.ensemble", "sklearn.linear_model", "sklearn.tree")


@dataclass(frozen=True, slots=True)
class Refit:
    """A candidate to be fitted on given training rows.

    Parameters
    ----------
    candidate : Candidate
        Its name is unique among those of one call.
    fold : Fold
    """

    candidate: Candidate
    fold: Fold


@dataclass(frozen=True, slots=True)
class Refitted:
    """What it answered.

    Parameters
    ----------
    validation : float64 array
        For the fold's validation rows.
    train : float64 array
        For the fold's training rows.
    """

    validation: NDArray[np.float64]
    train: NDArray[np.float64]


def refit(wanted: Sequence[Refit], material: Material, *, seed: int, clock: Clock) -> dict[int, Refitted]:
    """Fit what is wanted, in its order, until the time is up; return what was finished, by position.

    Parameters
    ----------
    wanted : sequence of Refit
    material : Material
        Whose rows the folds name.
    seed : int
    clock : Clock
    """
    asked = replace(material, folds=tuple(one.fold for one in wanted), holdout=material.arrays)
    done: dict[int, Refitted] = {}
    with ProcessPool(2, preload=_PRELOAD) as pool:
        save_material(asked, pool.scratch)
        seconds = None if clock.left() == float("inf") else clock.left()
        jobs = {
            number: FoldJob(folder=str(pool.scratch), candidate=one.candidate, fold=number, seed=seed, seconds=seconds)
            for number, one in enumerate(wanted)
        }
        for number, job in jobs.items():
            pool.submit(Job(number, "mainstay.train.fold:fit_fold", msgspec.to_builtins(job), clock.left()))
        ended = 0
        while ended < len(jobs) and clock.left() > 0:
            for outcome in pool.wait(min(0.5, clock.left())):
                ended += 1
                if outcome.status == "done":
                    _, validation, everything = load_result(jobs[outcome.number], outcome.payload)
                    done[outcome.number] = Refitted(validation, everything[wanted[outcome.number].fold.train])
    return done

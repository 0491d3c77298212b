"""One training run, from a table with its schema to the graph of a chosen model, not yet proved or judged.

The order is the promise: the test part is set aside before anything is learned, and the choice is made on out-of-fold
answers. The held-out targets are opened afterwards, once, by ``judge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.events import StageBegun
from mainstay.contracts.executor import Job
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe
from mainstay.train.assemble import AssembleJob, Fitted, Member
from mainstay.train.blend import mix
from mainstay.train.candidates import portfolio
from mainstay.train.choose import choose
from mainstay.train.intake import take_in
from mainstay.train.material import save_material
from mainstay.train.search import Search
from mainstay.train.side_jobs import ASSEMBLY, AUDIT, await_job, findings_of, submit_audit
from mainstay.train.steering import steer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.compute.memory import MemoryWatch
    from mainstay.compute.pool import ProcessPool
    from mainstay.contracts.events import Listener
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.train.choose import Choice
    from mainstay.train.intake import Intake
    from mainstay.train.search import Entry
    from mainstay.train.settings import Settings
    from mainstay.train.steering import Steering

__all__ = ["Surroundings", "Trained", "train_model"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run works with and does not decide.

    Parameters
    ----------
    clock : Clock
    pool : ProcessPool
    watch : MemoryWatch
    listener : Listener
    """

    clock: Clock
    pool: ProcessPool
    watch: MemoryWatch
    listener: Listener


@dataclass(frozen=True, slots=True)
class Trained:
    """A chosen model, written as a graph.

    Parameters
    ----------
    intake : Intake
    steering : Steering
    entries : tuple of Entry
    choice : Choice
    model : bytes
        The graph.
    candidate_answers : dict of str to array
        The libraries' answers for the held-out rows, by finished candidate; the blend is not among them.
    findings : tuple of Finding
        What the audit of leaks found.
    interrupted : bool
    """

    intake: Intake
    steering: Steering
    entries: tuple[Entry, ...]
    choice: Choice
    model: bytes
    candidate_answers: dict[str, NDArray[np.float64]]
    findings: tuple[Finding, ...]
    interrupted: bool


def train_model(
    table: Table,
    schema: Schema,
    settings: Settings,
    around: Surroundings,
) -> Trained:
    """Search, choose and write the graph.

    Parameters
    ----------
    table : Table
    schema : Schema
    settings : Settings
    around : Surroundings

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong: see the errors of each step.
    """
    around.listener(StageBegun("split", around.clock.left()))
    cells = table.frame.height * max(1, len(schema.features))
    intake = take_in(
        table, schema, how=settings.split, positive=settings.positive, seed=settings.seed,
        cells_per_second=cells / min(settings.time_budget, 3600.0),
    )  # fmt: skip
    _check_derived(settings, intake)
    steering = steer(intake.task, settings.metric, len(intake.labels), settings.seed)
    search = _search(intake, steering, settings, around)
    submit_audit(
        around.pool, table, intake, how=settings.split, seed=settings.seed, seconds=min(5.0, 0.1 * around.clock.left())
    )
    entries = search.run()
    findings = findings_of(search.others.get(AUDIT))
    around.listener(StageBegun("blend", around.clock.left()))
    choice = choose(entries, intake.material, score=steering.score, tied=steering.tied, seed=settings.seed)
    model = _write(choice, entries, intake, around)
    answers = {entry.candidate.name: _mean(entry.holdout) for entry in entries if entry.status == "done"}
    return Trained(intake, steering, tuple(entries), choice, model, answers, findings, search.interrupted)


def _check_derived(settings: Settings, intake: Intake) -> None:
    """Refuse a derived column that cannot be computed before the search begins, and not once per candidate."""
    few = intake.material.arrays.take(slice(0, 50))
    fit(Recipe(derive=settings.preparation.derive, missing="none", scale="none", encode="none"), few)


def _search(intake: Intake, steering: Steering, settings: Settings, around: Surroundings) -> Search:
    around.listener(StageBegun("search", around.clock.left()))
    save_material(intake.material, around.pool.scratch)
    if settings.memory_budget != float("inf"):
        spare = settings.memory_budget - around.watch.sample()
        around.pool.bytes_per_job = max(spare, 0.1 * settings.memory_budget) / around.pool.slots
    return Search(
        portfolio(intake.task, settings.preparation, models=settings.models),
        intake.material,
        around.pool.scratch,
        around.pool,
        clock=around.clock,
        reserve=_reserve(around.clock.seconds, intake),
        seed=settings.seed,
        score=steering.score,
        loss=steering.loss,
        listener=around.listener,
    )


def _reserve(seconds: float, intake: Intake) -> float:
    """Return the seconds kept for choosing, writing, judging and reporting.

    Measured: about five seconds of which the charts take most, and a share that grows with the rows to be judged;
    the search adds what its own models need to answer them.
    """
    if seconds == float("inf"):
        return 0.0
    cells = intake.material.holdout.rows * (len(intake.schema.features) + 10)
    return min(0.55 * seconds, 5.0 + 0.03 * seconds + 2.5e-6 * cells)


def _write(choice: Choice, entries: list[Entry], intake: Intake, around: Surroundings) -> bytes:
    by_name = {entry.candidate.name: entry for entry in entries}
    arrays = intake.material.arrays
    job = AssembleJob(
        members=tuple(Member(weight, _fitted(by_name[name])) for name, weight in choice.weights.items()),
        numbers=arrays.numbers.shape[1],
        categories=arrays.categories.shape[1],
        classes=intake.task == "classification",
        file=str(around.pool.scratch / "model.onnx"),
    )
    writing = Job(ASSEMBLY, "mainstay.train.assemble:write_graph", msgspec.to_builtins(job))
    await_job(around.pool, writing, "the graph")
    return Path(job.file).read_bytes()


def _fitted(entry: Entry) -> tuple[Fitted, ...]:
    return tuple(Fitted(entry.jobs[fold], entry.results[fold].recipe) for fold in sorted(entry.results))


def _mean(parts: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average in the order of the folds, as the graph does."""
    return mix([parts[fold] for fold in sorted(parts)], [1.0 / len(parts)] * len(parts))

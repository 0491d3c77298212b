"""One training run, from a table with its schema to the graph of a chosen model, not yet proved or judged.

The order is the promise: the test part is set aside before anything is learned, and the choice is made on out-of-fold
answers. The held-out targets are opened afterwards, once, by ``judge``.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.compute.interrupt import hold_interrupts
from mainstay.contracts.errors import BudgetError
from mainstay.contracts.events import StageBegun
from mainstay.contracts.executor import Job
from mainstay.data.schema_file import to_toml
from mainstay.prepare.fitted import fit
from mainstay.prepare.monotone import check_monotone, read_monotone
from mainstay.prepare.recipe import Recipe
from mainstay.prepare.step import Names
from mainstay.train.assemble import AssembleJob, Fitted, Member
from mainstay.train.blend import mix
from mainstay.train.candidates import portfolio
from mainstay.train.choose import choose, validated_rows
from mainstay.train.decide import decide, weigh_classes
from mainstay.train.intake import take_in
from mainstay.train.material import save_material
from mainstay.train.portraits import portray
from mainstay.train.rescue import rescue
from mainstay.train.search import Search
from mainstay.train.side_jobs import ASSEMBLY, AUDIT, audit_of, await_audit, await_job, findings_of, submit_audit
from mainstay.train.steering import steer
from mainstay.train.trained import Trained
from mainstay.train.tuning import tuner
from mainstay.train.variants import Variants

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.train.candidates import Candidate
    from mainstay.train.choose import Choice
    from mainstay.train.decide import Decision
    from mainstay.train.intake import Intake
    from mainstay.train.search import Entry
    from mainstay.train.settings import Settings
    from mainstay.train.steering import Steering
    from mainstay.train.trained import Surroundings

__all__ = ["train_model"]


_MOST_KEPT = 0.6  # of the time budget
_DIAGNOSIS = 0.35  # of the time budget, for the learning curve and the picture of bias and variance
_SLOWEST = 2.0
_MOST_RESERVED = 0.4
_WRITING = 0.5  # seconds; of a rehearsal on shuffled targets no more than the graph is written
_LEAST_JOB = 80e6  # bytes; a fit of the smallest table, measured


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
    intake = _taken_in(table, schema, settings, around)
    steering = steer(intake.task, settings.metric, len(intake.labels), settings.seed, groups=_groups_compared(intake))
    search = _search(intake, steering, settings, around)
    if around.audited:
        seconds = min(5.0, 0.1 * around.clock.left())
        submit_audit(around.pool, table, intake, how=settings.split, seed=settings.seed, seconds=seconds)
    entries = search.run()
    intake = replace(intake, material=rescue(entries, intake.material))
    steering = replace(steering, groups=_groups_compared(intake))
    audited = await_audit(around.pool, search.others.get(AUDIT), around.clock) if around.audited else None
    findings, audit = findings_of(audited), audit_of(audited)
    around.listener(StageBegun("blend", around.clock.left()))
    with hold_interrupts() as held:
        choice = choose(
            entries, intake.material, score=steering.score, loss=steering.loss, tied=steering.tied, seed=settings.seed,
            blend=settings.blend,
        )  # fmt: skip
        decision = decide(choice, entries, intake, settings)
        model = _write(choice, decision, entries, intake, around)
        portraits = portray(choice, entries, intake.schema)
    interrupted = search.interrupted or held.count > 0
    answers = {entry.candidate.name: _mean(entry.holdout) for entry in entries if entry.status == "done"}
    return Trained(
        intake, steering, tuple(entries), choice, decision, model, answers, findings, interrupted, audit,
        portraits=portraits,
    )  # fmt: skip


def _taken_in(table: Table, schema: Schema, settings: Settings, around: Surroundings) -> Intake:
    """Set the held-out rows aside and refuse early what cannot be done."""
    around.listener(StageBegun("split", around.clock.left()))
    cells = table.frame.height * max(1, len(schema.features))
    intake = take_in(
        table, schema, how=settings.split, positive=settings.positive, seed=settings.seed,
        cells_per_second=cells / min(settings.time_budget, 3600.0), share=settings.holdout, given=settings.given,
    )  # fmt: skip
    _check_derived(settings, intake)
    return weigh_classes(intake, settings)


def _groups_compared(intake: Intake) -> NDArray[np.int64] | None:
    """Return the groups of the rows that have an out-of-fold answer."""
    return None if intake.groups is None else intake.groups[validated_rows(intake.material)]


def _check_derived(settings: Settings, intake: Intake) -> None:
    """Refuse what cannot be computed or kept before the search begins, and not once per candidate."""
    few, told = intake.material.arrays.take(slice(0, 50)), settings.preparation
    fit(Recipe(derive=told.derive, missing="none", scale="none", encode="none"), few)
    directed = Recipe(derive=told.derive, polynomial=told.polynomial, monotone=read_monotone(settings.monotone))
    check_monotone(directed, Names.of(few), intake.material.target)


def _search(intake: Intake, steering: Steering, settings: Settings, around: Surroundings) -> Search:
    around.listener(StageBegun("search", around.clock.left()))
    save_material(intake.material, around.pool.scratch)
    if settings.memory_budget != float("inf"):
        _share_memory(settings.memory_budget, around)
    preparation = msgspec.structs.replace(settings.preparation, monotone=read_monotone(settings.monotone))
    candidates = portfolio(
        intake.task, preparation, models=settings.models, rows=intake.material.arrays.rows, classes=len(intake.labels)
    )
    more = tuner(settings, candidates, identity=_identity(intake, steering))
    return Search(
        candidates if more is None else _one_each(candidates),
        intake.material,
        around.pool.scratch,
        around.pool,
        clock=around.clock,
        slower=_slower(around.clock),
        reserve=_kept_back(settings, intake, around) if around.audited else _WRITING,
        sign=steering.sign,
        seed=settings.seed,
        score=steering.score,
        loss=steering.loss,
        apart=steering.apart,
        listener=around.listener,
        more=_variants(settings, intake) if more is None else more,
    )


def _variants(settings: Settings, intake: Intake) -> Variants | None:
    """Fill what time is left with neighbours of the best; not where the user has named what is to be tried."""
    if settings.models is not None or settings.time_budget == float("inf"):
        return None
    return Variants(seed=settings.seed, rows=intake.material.arrays.rows)


def _one_each(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Keep the first candidate of each learner: the time of the others goes to the tuning."""
    first = {one.learner: one.name for one in reversed(candidates)}
    return tuple(one for one in candidates if first[one.learner] == one.name)


def _identity(intake: Intake, steering: Steering) -> str:
    """Return what a study of settings belongs to: the training rows, their folds and the metric."""
    told = hashlib.sha256(to_toml(intake.schema).encode())
    told.update(intake.material.target.values.tobytes())
    for fold in intake.material.folds:
        told.update(fold.validation.tobytes())
    return f"mainstay-{steering.name}-{told.hexdigest()[:16]}"


def _share_memory(budget: float, around: Surroundings) -> None:
    """Divide what is left of the memory among the workers; one alone where two would have too little."""
    spare = budget - around.watch.sample()
    if spare < _LEAST_JOB:
        raise BudgetError(
            f"{max(spare, 0) / 1e6:,.0f} of {budget / 1e6:,.0f} MB are left once the table is read, and a model needs "
            f"at least {_LEAST_JOB / 1e6:,.0f} MB",
            where="memory budget",
            hint="Give a larger budget, or fewer rows or columns.",
        )
    around.pool.slots = 1 if spare < 2 * _LEAST_JOB else around.pool.slots
    around.pool.bytes_per_job = spare / around.pool.slots


def _reserve(clock: Clock, intake: Intake) -> float:
    """Return the seconds kept for choosing, writing, judging and reporting.

    Measured: about five seconds of which the charts take most (a short run leaves them to ``mainstay report``), and a
    share that grows with the rows to be judged; the search adds what its own models need to answer them. All takes
    longer where other work is running, which the time until here tells.
    """
    seconds, slower = clock.seconds, _slower(clock)
    if seconds == float("inf"):
        return 0.0
    cells = intake.material.holdout.rows * (len(intake.schema.features) + 10)
    quiet = min(5.0, 0.4 + 0.14 * seconds) + 0.03 * seconds + 2.5e-6 * cells + 1.5e-3 * len(intake.schema.columns)
    return min(_MOST_RESERVED * seconds, math.sqrt(slower) * quiet)


def _kept_back(settings: Settings, intake: Intake, around: Surroundings) -> float:
    """Return the seconds kept for all that comes after the search; it has two fifths of the time in any case."""
    kept = _reserve(around.clock, intake) + _for_questions(settings)
    return min(kept, _MOST_KEPT * around.clock.seconds) if around.clock.seconds != float("inf") else kept


def _slower(clock: Clock) -> float:
    """Return how many times longer work takes than its processor time: other work may be running."""
    return min(_SLOWEST, max(1.0, clock.elapsed() / max(0.1, time.process_time())))


def _for_questions(settings: Settings) -> float:
    """Return the seconds kept for what the user asked beside the model."""
    return _DIAGNOSIS * settings.time_budget if settings.diagnose and settings.time_budget != float("inf") else 0.0


def _write(choice: Choice, decision: Decision, entries: list[Entry], intake: Intake, around: Surroundings) -> bytes:
    by_name = {entry.candidate.name: entry for entry in entries}
    arrays = intake.material.arrays
    job = AssembleJob(
        members=tuple(Member(weight, _fitted(by_name[name])) for name, weight in choice.weights.items()),
        numbers=arrays.numbers.shape[1],
        categories=arrays.categories.shape[1],
        texts=len(arrays.texts),
        classes=intake.task == "classification",
        stages=decision.calibration.stages,
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

"""Runs everything again on targets that mean nothing, and shows the score that noise gets.

An honest pipeline scores as well as chance on shuffled targets. One that leaks (rows seen twice, choices made on the
rows that are scored) does better, and so this is a test of the whole: intake, folds, preparation, search, blend and
choice run as for the real target (permutation test of Ojala and Garriga 2010, jmlr.org/papers/v11/ojala10a.html).
Noise is scored by ranks, or by log-loss where there are more than two classes, whatever the run steers by: a baseline
that never says yes has an F1 of 0, and any noise that sometimes does has more, without a leak.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import BudgetError, MainstayError
from mainstay.contracts.events import StageBegun, silent
from mainstay.contracts.findings import Finding
from mainstay.data.table import Table
from mainstay.evaluate.intervals import evaluate
from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.words import number
from mainstay.train.asides import NoiseDraw, Proof
from mainstay.train.blend import mix
from mainstay.train.run import train_model

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.contracts.executor import Workers
    from mainstay.contracts.learner import TaskName
    from mainstay.contracts.schema import Schema
    from mainstay.train.settings import Settings
    from mainstay.train.trained import Surroundings, Trained

__all__ = ["before_proof", "proof_metric", "prove_by_shuffle", "shuffle_target", "with_proof"]

_SHARE = 0.25
_SECONDS = 60.0  # for the proof where the budget has no end
_MOST_DRAWS = 20
_LEAST_SECONDS = 2.0
_FINISHING, _REPORTING = 2e-7, 6.0  # seconds for a byte of the graph, and for judging and drawing; measured


def before_proof(clock: Clock, settings: Settings) -> Clock:
    """Return the clock of the real run: a quarter of the time is kept where a proof is wanted."""
    wanted = settings.proof == "shuffle" and clock.seconds != float("inf")
    return clock.earlier(_SHARE * clock.seconds) if wanted else clock


def with_proof(trained: Trained, table: Table, schema: Schema, settings: Settings, around: Surroundings) -> Trained:
    """Return what was trained with the score that noise gets, within what the real run has left of the time."""
    after = min(0.5 * around.clock.left(), _FINISHING * len(trained.model) + _REPORTING)
    proof, findings = prove_by_shuffle(table, schema, settings, around, reserve=after)
    return replace(trained, proof=proof, findings=(*trained.findings, *findings))


def prove_by_shuffle(
    table: Table, schema: Schema, settings: Settings, around: Surroundings, *, reserve: float
) -> tuple[Proof, tuple[Finding, ...]]:
    """Run the whole training on shuffled targets as often as the time allows, and score what came out.

    Parameters
    ----------
    table : Table
    schema : Schema
    settings : Settings
        As of the real run.
    around : Surroundings
        Of the real run; its jobs must be over.
    reserve : float
        Seconds that are needed afterwards.

    Returns
    -------
    Proof
    tuple of Finding
        An error where noise scores above chance, for then the pipeline leaks.
    """
    around.listener(StageBegun("proof", around.clock.left()))
    clock = around.clock.earlier(reserve) if around.clock.seconds != float("inf") else around.clock.at_most(_SECONDS)
    draws: list[NoiseDraw] = []
    metric, ended = settings.metric, ""
    longest = 0.0
    while len(draws) < _MOST_DRAWS and clock.left() > max(_LEAST_SECONDS, longest):
        began = clock.elapsed()
        try:
            trained = _run(table, schema, settings, around, clock=clock, turn=len(draws))
        except BudgetError:
            break  # the time was up before a model was finished
        except MainstayError as error:
            ended = str(error)
            break
        draw = _score(trained)
        metric = proof_metric(trained.intake.task, len(trained.intake.labels))
        longest = max(longest, clock.elapsed() - began)
        if draw is not None:
            draws.append(draw)
        if draw is None or trained.interrupted:
            ended = "it was interrupted" if trained.interrupted else "no model but the baseline was finished"
            break
    sign = 1.0 if metric not in METRICS or METRICS[metric].greater_is_better else -1.0
    proof = Proof(metric, sign, tuple(draws), ended)
    return proof, _judge(proof)


def _run(table: Table, schema: Schema, settings: Settings, around: Surroundings, *, clock: Clock, turn: int) -> Trained:
    """Train on one shuffle; the first takes at most half of the time, so that there are two to compare."""
    _settle(around.pool)
    seed = (settings.seed + 7919 * (turn + 1)) % 2**32
    part = clock.at_most(clock.left() / 2 if turn == 0 else clock.left())
    alone = type(part)(part.left())
    noise = shuffle_target(table, schema, settings.split, seed)
    plain = msgspec.structs.replace(
        settings, proof="none", study="", nested=0, diagnose=False, intervals=None, time_budget=alone.seconds
    )
    return train_model(noise, schema, plain, replace(around, clock=alone, listener=silent, audited=False))


def _settle(pool: Workers) -> None:
    """Wait for jobs that were told to stop, so that none comes back under a new job's number."""
    while pool.wait(0.5):
        pass


def shuffle_target(table: Table, schema: Schema, how: str, seed: int) -> Table:
    """Return the table with its target shuffled as its rows hang together.

    Rows drawn by chance are shuffled one by one; things that come back keep theirs in one piece, so that the targets of
    one thing go to another; in time, blocks of rows are moved, so that what is near in time stays alike.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> table = Table(pl.DataFrame({"x": [1, 2, 3], "y": [4, 5, 6]}), source="t", digest="")
    >>> schema = Schema(columns=(Column(name="x", kind="number"), Column(name="y", kind="number", role="target")))
    >>> sorted(shuffle_target(table, schema, "random", 0).frame["y"].to_list())
    [4, 5, 6]
    """
    goal = schema.target
    if goal is None:
        return table
    rng, frame = np.random.default_rng(seed), table.frame
    kind, _, column = how.partition(":")
    rows = np.flatnonzero(frame.get_column(goal.name).is_not_null().to_numpy())
    if kind == "group" and column in frame.columns:
        taken, given = _by_group(frame.get_column(column), rows, rng), _by_group(frame.get_column(column), rows, rng)
    elif kind == "time" and column in frame.columns:
        given = rows[np.argsort(frame.get_column(column).gather(rows).rank("ordinal").to_numpy(), kind="stable")]
        taken = _moved_blocks(given, rng)
    else:
        given, taken = rows, rng.permutation(rows)
    source = np.arange(frame.height)
    source[given] = taken
    return Table(
        frame.with_columns(frame.get_column(goal.name).gather(source)), source=table.source, digest=table.digest,
        notes=table.notes,
    )  # fmt: skip


def _by_group(cells: pl.Series, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows, those of one group together, the groups in an order of chance."""
    codes = cells.gather(rows).rank("dense").fill_null(0).to_numpy().astype(np.int64)
    place = rng.permutation(int(codes.max()) + 1)
    return np.asarray(rows[np.argsort(place[codes], kind="stable")], np.int64)


def _moved_blocks(rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows in blocks of about the square root of their number, the blocks in another order and each turned."""
    count = max(2, round(sqrt(len(rows))))
    blocks = np.array_split(rows, count)
    turned = [np.roll(blocks[place], int(rng.integers(0, len(blocks[place])))) for place in rng.permutation(count)]
    return np.concatenate(turned)


def proof_metric(task: TaskName, classes: int) -> str:
    """Return what noise is scored by: a rank or a proper metric, whatever the run steers by.

    Examples
    --------
    >>> proof_metric("classification", 2), proof_metric("classification", 3), proof_metric("regression", 0)
    ('roc_auc', 'log_loss', 'r2')
    """
    if task == "regression":
        return "r2"
    return "roc_auc" if classes == 2 else "log_loss"


def _score(trained: Trained) -> NoiseDraw | None:
    """Score the best of the run on its own held-out rows; None where there was nothing beside the baseline."""
    scores, answers = trained.choice.scores, dict(trained.candidate_answers)
    weights = trained.choice.blend_weights
    if "blend" in scores and weights:
        answers["blend"] = mix([answers[name] for name in weights], list(weights.values()))
    names = [name for name in scores if name != "baseline" and name in answers]
    if not names or "baseline" not in answers:
        return None
    best = max(names, key=lambda name: scores[name])
    intake = trained.intake
    metric = proof_metric(intake.task, len(intake.labels))

    def score(name: str) -> tuple[float | None, float | None, float | None]:
        found = evaluate(
            intake.task, intake.test_target, answers[name], labels=intake.labels, metrics=[metric],
            seed=trained.steering.seed, groups=intake.test_groups, weight=intake.test_weight,
        )[metric]  # fmt: skip
        return found.value, found.low, found.high

    (value, low, high), chance = score(best), score("baseline")[0]
    if value is None or chance is None:
        return None
    return NoiseDraw(best, trained.choice.name, value, value if low is None else low, value if high is None else high,
                     chance)  # fmt: skip


def _judge(proof: Proof) -> tuple[Finding, ...]:
    noise, above = proof.noise(), proof.above_chance()
    if noise is None or above is None:
        message = f"noise could not be scored ({proof.ended or 'the time was up before one run was done'})"
        advice = "Give a longer time budget, or name fewer models."
        return (Finding(severity="info", code="proof.unfinished", message=message, advice=advice),)
    if above[1] <= 0:
        return ()
    chance = float(np.mean([draw.chance for draw in proof.draws]))
    message = (
        f"on shuffled targets the run still scores {proof.metric} {number(noise[0])} where chance is {number(chance)} "
        f"({len(proof.draws)} shuffles): held-out rows are known to the model in some way"
    )
    advice = "Look for rows that belong together on both sides of the split, and split by group or by time."
    return (Finding(severity="error", code="proof.noise", message=message, advice=advice),)

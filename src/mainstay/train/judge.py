"""Opens the held-out rows, once, and says how good the bundle is on them.

The scores are computed from the bundle that is written, through the code that serves it (law 1); the candidates that
were not shipped are shown beside it by their libraries' own answers on the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.compare import compare, ties
from mainstay.evaluate.curves import curves_of
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.importance import permutation_importance
from mainstay.evaluate.intervals import evaluate, score_evidence
from mainstay.evaluate.report_data import Candidate as Line
from mainstay.evaluate.report_data import Status as Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.contracts.arrays import Arrays
    from mainstay.evaluate.compare import Comparison
    from mainstay.evaluate.curves import Curves
    from mainstay.evaluate.importance import Importance
    from mainstay.evaluate.intervals import Score
    from mainstay.train.run import Trained
    from mainstay.train.search import Entry

__all__ = ["Judgement", "judge"]

_SHIPPED = "blend"
_ENDED: dict[str, Ended] = {"done": "done", "failed": "failed", "stopped": "stopped"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the held-out rows say.

    Parameters
    ----------
    scores : dict of str to Score
        All metrics of the bundle.
    leaderboard : tuple of Line
    curves : Curves
    importance : Importance
    baseline : Score or None
        The metric of the model that ignores the columns.
    against_baseline : Comparison or None
        The bundle minus that, paired.
    """

    scores: dict[str, Score]
    leaderboard: tuple[Line, ...]
    curves: Curves
    importance: Importance
    baseline: Score | None
    against_baseline: Comparison | None


def judge(
    trained: Trained, answers: NDArray[np.float64], predict: Callable[[Arrays], NDArray[np.float64]], clock: Clock
) -> Judgement:
    """Score the bundle's answers and hold the candidates beside them.

    Parameters
    ----------
    trained : Trained
    answers : float64 array
        The bundle's answers for the held-out rows: (n, classes) probabilities or (n,) amounts.
    predict : callable
        The bundle's answers for decoded rows, for the importance of columns.
    clock : Clock
        Bounds the time for importances.
    """
    intake, metric = trained.intake, trained.steering.name
    labels = intake.labels
    evidence = gather(intake.task, intake.test_target, answers, labels=labels)
    everything = {**trained.candidate_answers, trained.choice.name: answers}
    importance = permutation_importance(
        predict, intake.material.holdout, intake.test_target, task=intake.task, metric_name=metric,
        schema=intake.schema, labels=labels, seed=trained.steering.seed, deadline=clock,
    )  # fmt: skip
    baseline = trained.candidate_answers.get("baseline")
    return Judgement(
        scores=score_evidence(evidence, seed=trained.steering.seed, groups=intake.test_groups),
        leaderboard=_leaderboard(trained, everything),
        curves=curves_of(evidence),
        importance=importance,
        baseline=None if baseline is None else _one(trained, baseline),
        against_baseline=None if baseline is None else compare(
            intake.task, metric, intake.test_target, answers, baseline, labels=labels, seed=trained.steering.seed,
            groups=intake.test_groups,
        ),
    )  # fmt: skip


def _one(trained: Trained, answers: NDArray[np.float64]) -> Score:
    name, intake = trained.steering.name, trained.intake
    found = evaluate(
        intake.task,
        intake.test_target,
        answers,
        labels=intake.labels,
        metrics=[name],
        seed=trained.steering.seed,
        groups=intake.test_groups,
    )
    return found[name]


def _leaderboard(trained: Trained, answers: dict[str, NDArray[np.float64]]) -> tuple[Line, ...]:
    """Return a line for each candidate and for the blend, in the order of their scores; the unfinished last."""
    intake = trained.intake
    ranking = ties(
        intake.task,
        trained.steering.name,
        intake.test_target,
        answers,
        labels=intake.labels,
        seed=trained.steering.seed,
        groups=intake.test_groups,
    )
    lines = [_line(trained, entry, answers, ranking.tied) for entry in trained.entries]
    if trained.choice.name == _SHIPPED:
        lines.append(_blend_line(trained, answers, ranking.tied))
    worst = -np.inf
    return tuple(
        sorted(
            lines, key=lambda line: worst if line.value is None else trained.steering.sign * line.value, reverse=True
        )
    )


def _line(trained: Trained, entry: Entry, answers: dict[str, NDArray[np.float64]], tied: tuple[str, ...]) -> Line:
    name = entry.candidate.name
    score = _one(trained, answers[name]) if name in answers else None
    return Line(
        name=name,
        value=score.value if score else None,
        low=score.low if score else None,
        high=score.high if score else None,
        seconds=round(entry.seconds, 2),
        status=_ENDED.get(entry.status, "skipped"),
        reason=entry.reason,
        tied=name in tied,
        baseline=entry.candidate.learner == "baseline",
        chosen=name in trained.choice.weights,
        recipe=_in_words(entry),
    )


def _in_words(entry: Entry) -> str:
    recipe = entry.candidate.recipe
    prepared = ", ".join(
        f"{name} {value}"
        for name, value in (("missing", recipe.missing), ("scale", recipe.scale), ("encode", recipe.encode))
        if value != "none"
    )
    settings = ", ".join(f"{name} {value}" for name, value in entry.candidate.settings.items())
    return "; ".join(part for part in (prepared, settings) if part)


def _blend_line(trained: Trained, answers: dict[str, NDArray[np.float64]], tied: tuple[str, ...]) -> Line:
    score = _one(trained, answers[_SHIPPED])
    weights = trained.choice.weights
    entries = [entry for entry in trained.entries if entry.candidate.name in weights]
    return Line(
        name=_SHIPPED,
        value=score.value,
        low=score.low,
        high=score.high,
        seconds=round(sum(entry.seconds for entry in entries), 2),
        tied=_SHIPPED in tied,
        chosen=True,
        recipe=" + ".join(f"{weight:.2f} {name}" for name, weight in weights.items()),
    )

"""Opens the held-out rows, once, and says how good the bundle is on them.

The scores are computed from the bundle that is written, through the code that serves it (law 1); the candidates that
were not shipped are shown beside it by their libraries' own answers on the same rows.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.compare import compare, ties
from mainstay.evaluate.curves import curves_of
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.importance import permutation_importance
from mainstay.evaluate.intervals import evaluate, score_evidence
from mainstay.evaluate.metrics import metric
from mainstay.evaluate.report_data import Candidate as Line
from mainstay.evaluate.report_data import Status as Ended
from mainstay.train.shipped import decide_candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.bundle.records import Outputs
    from mainstay.compute.clock import Clock
    from mainstay.contracts.arrays import Arrays
    from mainstay.evaluate.compare import Comparison
    from mainstay.evaluate.curves import Curves
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.importance import Importance
    from mainstay.evaluate.intervals import Score
    from mainstay.train.search import Entry
    from mainstay.train.trained import Trained

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
    unweighted : dict of str to Score, optional
        All metrics with every row counted once, where rows have weights and the scores count them.
    """

    scores: dict[str, Score]
    leaderboard: tuple[Line, ...]
    curves: Curves
    importance: Importance
    baseline: Score | None
    against_baseline: Comparison | None
    unweighted: dict[str, Score] | None = None


def judge(
    trained: Trained,
    answers: NDArray[np.float64],
    predict: Callable[[Arrays], NDArray[np.float64]],
    clock: Clock,
    *,
    outputs: Outputs,
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
    outputs : Outputs
        How probabilities become answers.
    """
    intake, metric_name = trained.intake, trained.steering.name
    labels = intake.labels
    decided = outputs.decide(answers) if labels else None
    evidence = gather(
        intake.task, intake.test_target, answers, labels=labels, predicted=decided, weight=intake.test_weight
    )
    # A metric of answered classes is about what the bundle answers, which is not always the most probable class.
    by_class = decided is not None and metric(metric_name).needs == "labels"
    shipped: NDArray[Any] = decided if by_class and decided is not None else answers
    candidates: dict[str, NDArray[Any]] = dict(trained.candidate_answers)
    if by_class:
        candidates = {name: decide_candidate(trained, name) for name in candidates}
    everything = {**candidates, trained.choice.name: shipped}

    def said(rows: Arrays) -> NDArray[Any]:
        return outputs.decide(predict(rows)) if by_class else predict(rows)

    importance = permutation_importance(
        said, intake.material.holdout, intake.test_target, task=intake.task, metric_name=metric_name,
        schema=intake.schema, labels=labels, seed=trained.steering.seed, deadline=clock,
    )  # fmt: skip
    baseline = everything.get("baseline")
    return Judgement(
        scores=score_evidence(evidence, seed=trained.steering.seed, groups=intake.test_groups),
        leaderboard=_leaderboard(trained, everything),
        curves=curves_of(evidence),
        importance=importance,
        baseline=None if baseline is None else _one(trained, baseline),
        against_baseline=None if baseline is None else compare(
            intake.task, metric_name, intake.test_target, shipped, baseline, labels=labels, seed=trained.steering.seed,
            groups=intake.test_groups, weight=intake.test_weight,
        ),
        unweighted=_unweighted(trained, evidence),
    )  # fmt: skip


def _unweighted(trained: Trained, evidence: Evidence) -> dict[str, Score] | None:
    if trained.intake.test_weight is None:
        return None
    plain = replace(evidence, weight=np.ones(evidence.rows))
    return score_evidence(plain, seed=trained.steering.seed, groups=trained.intake.test_groups)


def _one(trained: Trained, answers: NDArray[Any]) -> Score:
    name, intake = trained.steering.name, trained.intake
    found = evaluate(
        intake.task,
        intake.test_target,
        answers,
        labels=intake.labels,
        metrics=[name],
        seed=trained.steering.seed,
        groups=intake.test_groups,
        weight=intake.test_weight,
    )
    return found[name]


def _leaderboard(trained: Trained, answers: dict[str, NDArray[Any]]) -> tuple[Line, ...]:
    """Return a line for each candidate and for the blend, in the order of their scores; the unfinished last."""
    intake = trained.intake
    tied: tuple[str, ...] = ()
    with suppress(UsageError):  # few held-out rows may all be of one class, and then no candidate has a ROC-AUC
        tied = ties(
            intake.task,
            trained.steering.name,
            intake.test_target,
            answers,
            labels=intake.labels,
            seed=trained.steering.seed,
            groups=intake.test_groups,
            weight=intake.test_weight,
        ).tied
    lines = [_line(trained, entry, answers, tied) for entry in trained.entries]
    if trained.choice.name == _SHIPPED:
        lines.append(_blend_line(trained, answers, tied))
    worst = -np.inf
    return tuple(
        sorted(
            lines, key=lambda line: worst if line.value is None else trained.steering.sign * line.value, reverse=True
        )
    )


def _line(trained: Trained, entry: Entry, answers: dict[str, NDArray[Any]], tied: tuple[str, ...]) -> Line:
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


def _blend_line(trained: Trained, answers: dict[str, NDArray[Any]], tied: tuple[str, ...]) -> Line:
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

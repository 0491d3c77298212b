"""The report's part about decisions: how honest the probabilities are, and what answers are worth on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.calibration_error import calibration_error
from mainstay.evaluate.compare import compare
from mainstay.evaluate.confusion import count_confusion
from mainstay.evaluate.curves import calibration_curve
from mainstay.evaluate.decisions import at_k, cost_of, read_k, threshold_lines
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.intervals import Score, score_evidence
from mainstay.evaluate.resample import draw
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number, percent
from mainstay.train.blend import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.deciding import Costs
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.sections import Cell
    from mainstay.train.tell.scene import Scene

__all__ = ["find_decisions", "find_probabilities", "find_weights"]

_THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_SHARES = ("1%", "2%", "5%", "10%", "20%", "50%")
_CURVE_POINTS = 41


def find_weights(scene: Scene) -> Section | None:
    """Say which scores count rows by their weight, and show the others beside."""
    plain = scene.judgement.unweighted
    column = scene.trained.intake.schema.with_role("weight")
    if plain is None or column is None:
        return None
    rows = tuple((name, str(score), str(plain[name])) for name, score in scene.judgement.scores.items())
    words = (
        f"Rows count by {column.name} in learning, in calibration, and in every score on held-out rows: the scores "
        "speak of the population that the weights stand for. Intervals count rows for as many as their weights are "
        "worth, and are wider than without. Candidates were compared in the search with every row counted once."
    )
    return Section(
        key="weights",
        title="Weighted rows",
        text=(words,),
        tables=(Grid(columns=("Score", "Weighted (95 % interval)", "Every row counted once"), rows=rows),),
    )


def find_probabilities(scene: Scene) -> Section | None:
    """Tell what was done to the probabilities, and how honest they are on held-out rows before and after."""
    trained, calibration = scene.trained, scene.trained.decision.calibration
    if trained.intake.task != "classification":
        return None
    sides = {"as learned": _evidence(scene, _unmended(scene))}
    if calibration.stages:
        sides = {"before": sides["as learned"], "after": _evidence(scene, scene.answers)}
    draws = draw(next(iter(sides.values())).rows, trained.steering.seed, trained.intake.test_groups)
    rows: list[tuple[Cell, ...]] = []
    for name, evidence in sides.items():
        found = score_evidence(
            evidence, seed=trained.steering.seed, metrics=["log_loss", "brier_score"], groups=trained.intake.test_groups
        )
        error, alone = calibration_error(evidence, draws)
        rows.append((name, *(str(score) for score in found.values()), str(error), number(alone)))
    columns = ("Probabilities", "Log-loss", "Brier score", "Calibration error", "By chance alone")
    note = (
        "On held-out rows, with 95 % intervals. The calibration error is the mean distance of promised from true "
        "shares in ten bins; the last column is what probabilities that are right would show."
    )
    tables = [Grid(columns=columns, rows=tuple(rows), note=note)]
    if calibration.trials:
        tried = tuple(
            (one.kind, *(number(value) for value in (one.before, one.after, one.gain, one.error)))
            for one in calibration.trials
        )
        heads = ("Map", "Log-loss before", "Log-loss after", "Gain", "Standard error")
        tables.append(Grid(title="Maps tried, cross-fitted on training rows", columns=heads, rows=tried))
    return Section(
        key="probabilities",
        title="How honest the probabilities are",
        text=_said_of_probabilities(scene, sides),
        tables=tuple(tables),
        plots=(_reliability(sides),),
    )


def _said_of_probabilities(scene: Scene, sides: dict[str, Evidence]) -> tuple[str, ...]:
    trained, decision = scene.trained, scene.trained.decision
    text = [f"Calibration: {decision.calibration.kind}; {decision.calibration.reason}."]
    if decision.factors:
        undone = any(stage.kind == "prior" for stage in decision.calibration.stages)
        text.append(
            "Rare classes counted more in learning, which distorts probabilities. "
            + (
                "That was undone: they are again those of the training rows."
                if undone
                else "It was not undone, so read them as scores and not as chances."
            )
        )
    if len(sides) > 1:
        before, after = sides.values()
        found = compare(
            "classification", "log_loss", after.truth, after.probabilities, before.probabilities,  # type: ignore[arg-type]
            labels=after.labels, weight=after.weight, groups=trained.intake.test_groups, seed=trained.steering.seed,
        )  # fmt: skip
        text.append(f"On held-out rows the log-loss changed by {Score(found.difference, found.low, found.high)}.")
    return tuple(text)


def _unmended(scene: Scene) -> NDArray[np.float64]:
    weights = scene.trained.choice.weights
    return mix([scene.trained.candidate_answers[name] for name in weights], list(weights.values()))


def _evidence(scene: Scene, answers: NDArray[np.float64]) -> Evidence:
    intake = scene.trained.intake
    return gather(
        "classification", intake.test_target, answers, labels=intake.labels, weight=intake.test_weight,
        predicted=scene.predictor.outputs.decide(answers),
    )  # fmt: skip


def _reliability(sides: dict[str, Evidence]) -> Plot:
    columns: dict[str, list[Cell]] = {name: [] for name in ("x", "y", "low", "high", "series")}
    for series, evidence in sides.items():
        for part in calibration_curve(evidence):
            values: tuple[Cell, ...] = (part.promised, part.happened, part.low, part.high, series)
            for name, value in zip(columns, values, strict=True):
                columns[name].append(value)
    for end in (0.0, 1.0):
        perfect: tuple[Cell, ...] = (end, end, end, end, "a perfect promise")
        for name, value in zip(columns, perfect, strict=True):
            columns[name].append(value)
    return Plot(
        kind="lines",
        title="Promised and kept",
        data=columns,
        words="Rows with like probabilities: what was promised, and the share that happened with its 95 % interval.",
        options={"x": "Probability promised", "y": "Share that happened"},
    )


def find_decisions(scene: Scene) -> Section | None:
    """Tell what the answers are worth on held-out rows, at this threshold and at others."""
    trained, decision = scene.trained, scene.trained.decision
    if trained.intake.task != "classification":
        return None
    evidence = _evidence(scene, scene.answers)
    two = evidence.positive is not None
    if not two and decision.costs is None:
        return None
    text = [_rule_in_words(scene)]
    tables, plots = [_confusion(evidence)], []
    costs = decision.costs if scene.settings.cost or not two else None
    if costs is not None:
        tables.insert(0, _alternatives(scene, evidence, costs))
        text.append("Costs are per row, on held-out rows that no choice has seen, with 95 % intervals.")
    if two:
        tables += [_thresholds(scene, evidence, costs), _first_rows(scene, evidence)]
        plots += [_curve(scene, evidence, costs)] if costs is not None else []
    return Section(key="decisions", title="Decisions", text=tuple(text), tables=tuple(tables), plots=tuple(plots))


def _rule_in_words(scene: Scene) -> str:
    decision, labels = scene.trained.decision, scene.trained.intake.labels
    if len(labels) == 2:
        return (
            f"{labels[1]} is answered from a probability of {number(decision.threshold)} on: {decision.rule}. It was "
            "chosen on out-of-fold answers of the training rows."
        )
    return f"The answer is the class of the least expected cost: {decision.rule}."


def _alternatives(scene: Scene, evidence: Evidence, costs: Costs) -> Grid:
    """Return what the chosen rule costs, against the most probable class and against always the same answer."""
    answered = {"as chosen": evidence.predicted}
    if evidence.probabilities is not None:
        answered["the most probable class"] = evidence.probabilities.argmax(axis=1)
    for code, label in enumerate(evidence.labels[:10]):
        answered[f"always {label}"] = np.full(evidence.rows, code)
    seed, groups = scene.trained.steering.seed, scene.trained.intake.test_groups
    rows = []
    for name, codes in answered.items():
        other = gather(
            "classification", evidence.truth, codes.astype(np.int64), labels=evidence.labels, weight=evidence.weight
        )
        rows.append((name, str(cost_of(other, costs, seed=seed, groups=groups))))
    return Grid(title="What answers cost", columns=("Answer", "Cost per row (95 % interval)"), rows=tuple(rows))


def _confusion(evidence: Evidence) -> Grid:
    counts = count_confusion(evidence)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (label, *(round(float(count), 1) for count in row)) for label, row in zip(evidence.labels, counts, strict=True)
    )
    return Grid(
        title="Answered and true", columns=("True", *(f"answered {label}" for label in evidence.labels)), rows=rows
    )


def _thresholds(scene: Scene, evidence: Evidence, costs: Costs | None) -> Grid:
    chosen = scene.trained.decision.threshold
    wanted = np.unique([*(one for one in _THRESHOLDS if abs(one - chosen) > 1e-3), chosen])
    draws = draw(evidence.rows, scene.trained.steering.seed, scene.trained.intake.test_groups)
    rows: list[tuple[Cell, ...]] = []
    for line in threshold_lines(evidence, wanted, costs, draws=draws):
        mark = "chosen" if line.threshold == chosen else ""
        shares = [None if one is None else percent(one) for one in (line.alarms, line.precision, line.recall)]
        cost = () if costs is None else (str(line.cost),)
        rows.append((number(line.threshold), *shares, *cost, mark))
    heads = ("Threshold", "Alarms", "Precision", "Recall", *(() if costs is None else ("Cost per row",)), "")
    return Grid(title="Other thresholds, on held-out rows", columns=heads, rows=tuple(rows))


def _first_rows(scene: Scene, evidence: Evidence) -> Grid:
    groups = scene.trained.intake.test_groups
    rows: list[tuple[Cell, ...]] = []
    for share in _SHARES:
        k = read_k(share, evidence.rows)
        found = at_k(evidence, k, groups=groups) if k >= 5 else None
        if found is not None:
            rows.append((share, k, str(found.precision), str(found.recall)))
    return Grid(
        title="The most probable rows first",
        columns=("First", "Rows", "Precision (95 % interval)", "Recall (95 % interval)"),
        rows=tuple(rows),
        note="For whoever can look at so many rows and no more.",
    )


def _curve(scene: Scene, evidence: Evidence, costs: Costs) -> Plot:
    draws = draw(evidence.rows, scene.trained.steering.seed, scene.trained.intake.test_groups)
    lines = threshold_lines(evidence, np.linspace(0.0, 1.0, _CURVE_POINTS), costs, draws=draws)
    return Plot(
        kind="lines",
        title="Expected cost over the threshold",
        data={
            "x": [line.threshold for line in lines],
            "y": [line.cost.value for line in lines],
            "low": [line.cost.low if line.cost.low is not None else line.cost.value for line in lines],
            "high": [line.cost.high if line.cost.high is not None else line.cost.value for line in lines],
        },
        words=f"On held-out rows, with 95 % intervals; {number(scene.trained.decision.threshold)} was chosen before.",
        options={"x": "Threshold", "y": "Cost per row"},
    )

"""What is scored beside a bundle answers as the bundle does; noise is scored by what rewards no habit of answering."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.evaluate.calibration import Stage
from mainstay.evaluate.intervals import evaluate
from mainstay.train.asides import Proof
from mainstay.train.describe import _leaderboard_rows
from mainstay.train.proof import _judge, _score, proof_metric
from mainstay.train.shipped import answer_as_shipped, decide_candidate, score_shipped
from mainstay.train.tell.slices import _grid

ROWS = 600
STAGE = Stage(kind="prior", classes=2, columns=((1.0, 0.5),))


def trained(metric="f1", *, weight=None, threshold=0.2, noise=False):
    """A run of one candidate whose probabilities are right before a class that counted twice is corrected."""
    rng = np.random.default_rng(0)
    chance = rng.beta(1, 4, ROWS)
    truth = (rng.random(ROWS) < (0.2 if noise else chance)).astype(np.int64)
    pair = np.stack([1 - chance, chance], axis=1)
    base = np.tile([0.8, 0.2], (ROWS, 1))
    intake = SimpleNamespace(
        task="classification", labels=("no", "yes"), test_target=truth, test_groups=None, test_weight=weight
    )
    decision = SimpleNamespace(
        threshold=threshold, costs=None, calibration=SimpleNamespace(stages=(STAGE,)), rule="the least expected cost"
    )
    choice = SimpleNamespace(
        name="model", weights={"model": 1.0}, scores={"model": 0.4, "baseline": 0.0}, blend_weights={}
    )
    return SimpleNamespace(
        intake=intake, decision=decision, choice=choice, entries=(), interrupted=False,
        candidate_answers={"model": pair, "baseline": base}, steering=SimpleNamespace(name=metric, sign=1.0, seed=0),
    )  # fmt: skip


def test_the_nested_score_is_that_of_the_calibrated_blend_at_its_threshold():
    run = trained()
    mended = STAGE.apply(run.candidate_answers["model"])
    assert answer_as_shipped(run) == pytest.approx(mended)
    yes, true = mended[:, 1] >= 0.2, run.intake.test_target == 1
    expected = 2 * (yes & true).sum() / (yes.sum() + true.sum())
    assert score_shipped(run).value == pytest.approx(expected)
    plain = evaluate("classification", run.intake.test_target, run.candidate_answers["model"], metrics=["f1"])["f1"]
    assert abs(plain.value - expected) > 0.05


def test_the_nested_score_counts_weights():
    weight = np.random.default_rng(1).choice([1.0, 20.0], ROWS)
    one, other = score_shipped(trained("log_loss", weight=weight)), score_shipped(trained("log_loss"))
    assert one.value != pytest.approx(other.value)


def test_an_amount_is_scored_as_it_is():
    run = trained("rmse")
    run.intake.task, run.intake.labels, run.intake.test_target = "regression", (), np.arange(float(ROWS))
    run.candidate_answers = {"model": np.arange(float(ROWS)) + 2.0}
    assert score_shipped(run).value == pytest.approx(2.0)


def test_candidates_answer_by_the_rule_of_the_bundle():
    run = trained()
    mended = STAGE.apply(run.candidate_answers["model"])
    assert decide_candidate(run, "model").tolist() == (mended[:, 1] >= 0.2).astype(int).tolist()
    assert "by the rule of the bundle (the least expected cost, from 0.2 on)" in _leaderboard_rows(run)
    assert "rule" not in _leaderboard_rows(trained("roc_auc"))


@pytest.mark.parametrize("metric", ["f1", "recall", "precision", "accuracy", "roc_auc"])
def test_honest_noise_raises_no_alarm_whatever_is_steered_by(metric):
    draw = _score(trained(metric, noise=True))
    assert abs(draw.value - 0.5) < 0.1
    assert draw.chance == 0.5
    assert _judge(Proof("roc_auc", 1.0, (draw, draw, draw))) == ()


def test_noise_is_scored_by_ranks_or_a_proper_loss():
    assert [proof_metric("classification", 2), proof_metric("classification", 5)] == ["roc_auc", "log_loss"]
    assert proof_metric("regression", 0) == "r2"


def test_slices_count_the_answers_that_are_given():
    run = trained()
    decided = decide_candidate(run, "model")
    scene = SimpleNamespace(
        trained=run, answers=run.candidate_answers["model"],
        predictor=SimpleNamespace(outputs=SimpleNamespace(decide=lambda _: decided)),
    )  # fmt: skip
    part = SimpleNamespace(rows=np.ones(ROWS, np.bool_), words="all", loss=1.0, rest=0.5, p_value=0.01)
    right = 100 * (decided == run.intake.test_target).mean()
    grid = _grid(scene, (part,), "log-loss")
    assert grid.rows[0][4] == f"{right:.1f} %"
    assert grid.note == ""
    run.intake.test_weight = np.ones(ROWS)
    assert "counts once" in _grid(scene, (part,), "log-loss").note


def test_the_leaderboard_holds_the_baseline_to_the_threshold_of_the_bundle():
    """At the most probable class a baseline of a rarer yes has an F1 of 0; by costs it says yes to every row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    frame = pl.DataFrame({"a": x, "y": np.where(x + rng.logistic(size=500) > 1.2, "yes", "no")})
    told = mainstay.train(
        frame, target="y", models=["logistic"], metric="f1", cost="fp=1,fn=8", time_budget=30
    ).model.report_data
    lines = {line.name: line for line in told.leaderboard}
    share = told.class_counts["yes"] / 500
    assert lines["baseline"].value == pytest.approx(2 * share / (1 + share), abs=0.05)
    assert told.baseline.value == lines["baseline"].value
    assert "by the rule of the bundle" in told.leaderboard_rows

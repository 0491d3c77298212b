"""Decisions on a small table, from the options of train to the columns of predict and the parts of the report."""

import msgspec
import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.schema import Schema

BUDGET = 60


def table(rows=900, seed=0):
    generator = np.random.default_rng(seed)
    age, fee = generator.normal(size=rows), generator.normal(size=rows)
    score = 1.2 * age - fee - 1.5 + generator.logistic(size=rows)
    kind = np.where(score > 1, "leaves", np.where(score > -1, "wavers", "stays"))
    amount = 50 + 10 * age + generator.normal(size=rows) * np.exp(1 + 0.5 * age)
    return pl.DataFrame(
        {
            "age": age, "fee": fee, "left": np.where(score > 0, "yes", "no"), "kind": kind, "amount": amount,
            "worth": generator.choice([0.5, 1.0, 4.0], rows),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def churn():
    return mainstay.train(
        table().select("age", "fee", "left"), target="left", models=["logistic"], time_budget=BUDGET,
        cost="fp=1,fn=8", class_weight="balanced", calibrate="beta", intervals=90,
    )  # fmt: skip


def parts(made):
    return {section.key: section for section in made.model.report_data.sections}


def test_the_threshold_comes_from_the_costs_and_decides(churn):
    outputs = churn.model.bundle.outputs
    assert outputs.threshold == pytest.approx(1 / 9)
    answers = churn.model.predict(table(300, 1))
    yes = answers["probability_yes"] >= outputs.threshold
    assert answers["prediction"].to_list() == ["yes" if one else "no" for one in yes]


def test_weighted_classes_do_not_distort_the_probabilities(churn):
    fresh = table(20_000, 2)
    answers = churn.model.predict(fresh)
    assert answers["probability_yes"].mean() == pytest.approx((fresh["left"] == "yes").mean(), abs=0.04)
    assert "undone" in " ".join(parts(churn)["probabilities"].text)


def test_answers_have_sets_that_hold_what_they_promise(churn):
    fresh = table(20_000, 3)
    answers = churn.model.predict(fresh)
    inside = [true in held.split("|") for true, held in zip(fresh["left"], answers["prediction_set"], strict=True)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)
    assert answers["set_size"].to_list() == [len(held.split("|")) if held else 0 for held in answers["prediction_set"]]
    figures = churn.model.evaluate(fresh).to_dict()["coverage"]
    assert figures["share"]["value"] == pytest.approx(np.mean(inside))
    assert figures["level"] == 0.9


def test_evaluate_tells_the_cost_and_the_first_k(churn):
    fresh = table(2000, 4)
    figures = churn.model.evaluate(fresh, cost={"fp": 1, "fn": 2}, at_k=[100, "5%"]).to_dict()
    answered, true = churn.model.predict(fresh)["prediction"] == "yes", fresh["left"] == "yes"
    cost = ((answered & ~true).sum() + 2 * (~answered & true).sum()) / 2000
    assert figures["cost"]["value"] == pytest.approx(cost)
    assert figures["cost"]["low"] < cost < figures["cost"]["high"]
    assert [one["k"] for one in figures["at_k"]] == [100, 100]
    told = churn.model.evaluate(fresh).to_dict()["cost"]["value"]
    assert told == pytest.approx(((answered & ~true).sum() + 8 * (~answered & true).sum()) / 2000)
    with pytest.raises(UsageError, match="no cost"):
        churn.model.evaluate(fresh, cost="fx=1")


def test_the_report_says_what_was_decided(churn):
    found = parts(churn)
    assert {"probabilities", "decisions", "uncertainty"} <= set(found)
    titles = [grid.title for grid in found["decisions"].tables]
    assert titles == [
        "What answers cost", "Answered and true", "Other thresholds, on held-out rows", "The most probable rows first",
    ]  # fmt: skip
    marks = [row[-1] for row in found["decisions"].tables[2].rows]
    assert marks.count("chosen") == 1
    for title in titles:
        assert title in churn.model.report
    assert churn.model.report_data.threshold == pytest.approx(1 / 9)


def test_several_classes_get_the_answer_of_the_least_cost():
    made = mainstay.train(
        table().select("age", "fee", "kind"), target="kind", models=["logistic"], time_budget=BUDGET,
        cost="leaves>*=20", calibrate="temperature",
    )  # fmt: skip
    answers = made.model.predict(table(500, 1))
    shares = answers.select(f"probability_{label}" for label in ("leaves", "stays", "wavers")).to_numpy()
    costs = np.array([[0, 20, 20], [1, 0, 1], [1, 1, 0]])
    cheapest = (shares.astype(np.float64) @ costs).argmin(axis=1)
    assert answers["prediction"].to_list() == [("leaves", "stays", "wavers")[code] for code in cheapest]
    assert (answers["prediction"] == "leaves").mean() > 0.4
    assert "cost" in made.model.evaluate(table(500, 1)).to_dict()


def test_amounts_have_intervals_that_widen_where_errors_do():
    made = mainstay.train(
        table(2500).select("age", "fee", "amount"), target="amount", models=["ridge"], time_budget=BUDGET, intervals=90
    )
    fresh = table(20_000, 5)
    answers = made.model.predict(fresh)
    inside = (answers["low"] <= fresh["amount"]) & (fresh["amount"] <= answers["high"])
    assert inside.mean() == pytest.approx(0.9, abs=0.03)
    width = (answers["high"] - answers["low"]).to_numpy()
    order = np.argsort(answers["prediction"].to_numpy())
    assert width[order[-2000:]].mean() > 2 * width[order[:2000]].mean()
    assert "uncertainty" in parts(made)


def test_weighted_rows_are_weighted_in_the_scores():
    frame = table(1200).select("age", "fee", "left", "worth")
    schema = mainstay.profile(frame, target="left").schema
    columns = tuple(
        msgspec.structs.replace(one, role="weight") if one.name == "worth" else one for one in schema.columns
    )
    made = mainstay.train(frame, target="left", schema=Schema(columns=columns), models=["logistic"], time_budget=BUDGET)
    assert "weights" in parts(made)
    figures = made.model.evaluate(frame).to_dict()
    right = made.model.predict(frame)["prediction"] == frame["left"]
    weighted = (right.cast(pl.Float64) * frame["worth"]).sum() / frame["worth"].sum()
    assert figures["metrics"]["accuracy"]["value"] == pytest.approx(weighted)
    assert figures["unweighted"]["accuracy"]["value"] == pytest.approx(right.mean())


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        ("amount", {"cost": "fp=1"}, "cost is about classes"),
        ("amount", {"threshold": 0.3}, "threshold is about classes"),
        ("amount", {"class_weight": "balanced"}, "class_weight is about classes"),
        ("left", {"threshold": "cost"}, "needs costs"),
        ("left", {"threshold": "auc"}, "no rule"),
        ("left", {"cost": "fp=oops"}, "names with numbers"),
        ("kind", {"threshold": 0.3}, "two classes"),
        ("kind", {"cost": "fp=1"}, "positive class"),
    ],
)
def test_what_cannot_be_decided_is_refused_before_anything_is_learned(target, more, message):
    with pytest.raises(UsageError, match=message):
        mainstay.train(table(200).select("age", "fee", target), target=target, time_budget=BUDGET, **more)


def test_a_level_that_the_rows_cannot_carry_is_refused():
    with pytest.raises(DataError, match=r"99\.9 % need 5,000"):
        mainstay.train(table(300).select("age", "left"), target="left", time_budget=BUDGET, intervals=99.9)

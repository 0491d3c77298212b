"""Contributions add up for every kind of model, and are the Shapley values that brute force gives."""

import datetime as dt
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from mainstay.bundle.explain import Explainer, background_rows
from mainstay.bundle.explain_trees import TreeSum
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Golden, GoldenRow, Outputs
from mainstay.contracts.errors import BundleError, UsageError
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.evaluate.calibration import Stage
from mainstay.learners.catalogue import learner
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe
from mainstay.train.assemble import assemble
from mainstay.train.fold import FoldModel

SCHEMA = Schema(
    columns=(
        Column(name="age", kind="number"),
        Column(name="fee", kind="number"),
        Column(name="base", kind="number"),
        Column(name="city", kind="category", categories=("Bern", "Rome", "Oslo", "Lima")),
        Column(name="plan", kind="category", categories=("a", "b")),
        Column(name="since", kind="datetime"),
        Column(name="left", kind="category", role="target", categories=("no", "yes")),
    )
)
SIMPLE = {"scale": "none", "missing": "none"}


def table(rows, seed=0):
    chance = np.random.default_rng(seed)
    age = chance.uniform(18, 80, rows)
    fee = np.where(chance.random(rows) < 0.1, np.nan, chance.exponential(20, rows))
    days = chance.integers(0, 3000, rows)
    frame = pl.DataFrame(
        {
            "age": age,
            "fee": [None if np.isnan(one) else float(one) for one in fee],
            "base": chance.normal(size=rows),
            "city": chance.choice(["Bern", "Rome", "Oslo", "Lima"], rows),
            "plan": chance.choice(["a", "b"], rows),
            "since": [dt.datetime(2015, 1, 1) + dt.timedelta(days=int(day)) for day in days],
        }
    )
    city = frame["city"].is_in(["Bern", "Oslo"]).to_numpy()
    signal = (age - 50) / 20 + np.nan_to_num(fee, nan=60) / 40 * city + (days > 1500) + 0.3 * chance.normal(size=rows)
    return frame, signal


def model(members, *, classes=2, rows=300, stages=(), schema=SCHEMA, seed=0):
    """Return a predictor over a blend of ``(learner, settings, recipe)``, and the rows it learned from.

    ``classes`` is 0 for amounts.
    """
    frame, signal = table(rows, seed)
    arrays = Decoder(schema).from_frame(frame).arrays
    target = (
        Target("regression", signal * 100.0)
        if not classes
        else Target("classification", np.argsort(np.argsort(signal)) * classes // rows, classes)
    )
    parts = [(1 / len(members), [_fold(*member, arrays, target)]) for member in members]
    graph = assemble(
        parts,
        numbers=arrays.numbers.shape[1],
        categories=arrays.categories.shape[1],
        classes=bool(classes),
        stages=stages,
    )
    labels = ("no", "yes") if classes == 2 else tuple("abcdefgh"[:classes])
    outputs = Outputs(task="classification" if classes else "regression", target="left", labels=labels[:classes])
    return Predictor(schema, outputs, graph), frame


def _fold(name, settings, recipe, arrays, target):
    made = learner(name)
    codes = {"encode": "codes"} if made.takes_codes else {}
    steps = fit(Recipe(**((SIMPLE | codes) if made.takes_missing else {}) | recipe), arrays, target, seed=0)
    features = steps.transform(arrays)
    fitted = made.fit(features, target, seed=0, deadline=NoDeadline(), settings=settings)
    return FoldModel(steps, fitted.graph())


FEW = {"n_estimators": 12}


def explained(members, *, classes=2, rows=40, **options):
    predictor, frame = model(members, classes=classes, **options)
    explainer = Explainer(predictor, frame.head(30).to_dicts(), threads=1)
    return explainer, explainer.explain_frame(frame.head(rows)), frame


def gap(found):
    return float(np.abs(found.base + found.contributions.sum(axis=1) - found.prediction).max())


KINDS = [
    ("lightgbm", FEW, {}, {"trees", "link"}),
    ("random_forest", {"n_estimators": 6}, {}, {"trees"}),
    ("decision_tree", {}, {}, {"trees"}),
    ("logistic", {}, {}, {"linear", "link"}),
    ("naive_bayes", {}, {}, {"linear", "link"}),
    ("mlp", {}, {}, {"sampling"}),
    ("nearest_neighbours", {}, {}, {"sampling"}),
]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("name", "settings", "recipe", "methods"), KINDS)
def test_contributions_to_probabilities_add_up(name, settings, recipe, methods, classes):
    _, found, _ = explained([(name, settings, recipe)], classes=classes)
    assert gap(found) <= 1e-6
    assert set(found.methods) == methods
    assert np.abs(found.contributions[:, 0]).mean() > 0.05  # age decides most


@pytest.mark.parametrize("name", ["lightgbm", "ridge", "extra_trees", "svm"])
def test_contributions_to_amounts_add_up(name):
    _, found, _ = explained([(name, {}, {})], classes=0)
    assert gap(found) <= 1e-9 * np.abs(found.prediction).max()
    assert found.labels is None


def test_a_blend_is_the_weighted_sum_of_its_members():
    trees, line = ("lightgbm", FEW, {}), ("logistic", {}, {})
    both, one, other = (explained(members)[1] for members in ([trees, line], [trees], [line]))
    assert gap(both) <= 1e-6
    np.testing.assert_allclose(both.contributions, (one.contributions + other.contributions) / 2, atol=1e-6)


@pytest.mark.parametrize(
    "stage",
    [
        Stage(kind="beta", classes=2, columns=((1.3, 0.7, 0.2),)),
        Stage(kind="isotonic", classes=2, columns=((0.0, 0.4, 0.6, 1.0, 0.0, 0.2, 0.9, 1.0),)),
    ],
)
def test_a_calibrated_model_adds_up_and_keeps_the_signs(stage):
    _, plain, _ = explained([("lightgbm", FEW, {}), ("random_forest", {"n_estimators": 5}, {})])
    _, found, _ = explained([("lightgbm", FEW, {}), ("random_forest", {"n_estimators": 5}, {})], stages=(stage,))
    assert gap(found) <= 1e-6
    sizeable = np.abs(plain.contributions) > 0.01
    assert (np.sign(found.contributions) == np.sign(plain.contributions))[sizeable].mean() > 0.95


def test_a_linear_model_contributes_coefficient_times_distance_from_the_mean():
    predictor, frame = model([("ridge", {}, {"encode": "none", "indicator": False})], classes=0)
    explainer = Explainer(predictor, frame.head(30).to_dicts())
    found = explainer.explain_frame(frame.head(50))
    answers = predictor.predict_frame(frame.head(30)).prediction
    assert found.base == pytest.approx(np.full(50, answers.mean()), rel=1e-9)
    age = frame["age"].to_numpy()[:50]
    slope = np.polyfit(age, found.contributions[:, 0], 1)[0]
    np.testing.assert_allclose(
        found.contributions[:, 0], slope * (age - frame["age"][:30].mean()), rtol=1e-4, atol=1e-3
    )


def test_one_column_of_a_derived_product_shares_it_with_the_other():
    _, found, _ = explained([("lightgbm", FEW, {"derive": ("x = age * base",)})])
    assert gap(found) <= 1e-6
    assert np.abs(found.contributions[:, 2]).mean() > 0


def test_margins_are_what_the_link_takes():
    predictor, frame = model([("lightgbm", FEW, {})])
    found = Explainer(predictor, frame.head(5).to_dicts()).explain_frame(frame.head(20), scale="margin")
    shares = predictor.predict_frame(frame.head(20)).probabilities[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-found.prediction)), shares, atol=1e-6)
    blend, _ = model([("lightgbm", FEW, {}), ("logistic", {}, {})])
    with pytest.raises(UsageError, match="several links"):
        Explainer(blend, frame.head(5).to_dicts()).explain_frame(frame.head(2), scale="margin")


def test_the_class_that_was_answered_is_explained_or_the_one_asked_for():
    explainer, found, frame = explained([("lightgbm", FEW, {})], classes=3)
    assert found.labels == tuple(explainer._predictor.predict_frame(frame.head(40)).prediction)
    assert set(explainer.explain_frame(frame.head(5), label="b").labels) == {"b"}
    with pytest.raises(UsageError, match="no class 'z'"):
        explainer.explain_frame(frame.head(5), label="z")


def test_sums_over_classes_are_zero():
    explainer, _, frame = explained([("lightgbm", FEW, {})], classes=3)
    parts = [explainer.explain_frame(frame.head(10), label=label).contributions for label in "abc"]
    np.testing.assert_allclose(np.sum(parts, axis=0), 0, atol=1e-9)


def test_a_row_is_explained_alike_alone_and_in_a_table():
    explainer, found, frame = explained([("lightgbm", FEW, {})], rows=200)
    alone = explainer.explain_rows(frame.slice(7, 1).to_dicts())
    np.testing.assert_allclose(alone.contributions[0], found.contributions[7], atol=1e-12)


def test_many_columns_are_sampled_with_their_error(monkeypatch):
    monkeypatch.setattr("mainstay.bundle.explain_asked._EXACT", 0)
    explainer, sampled, frame = explained([("mlp", {}, {})])
    monkeypatch.setattr("mainstay.bundle.explain_asked._EXACT", 6)
    exact = explainer.explain_frame(frame.head(40))
    assert gap(sampled) <= 1e-6
    assert sampled.error.max() > 0
    assert np.abs(sampled.contributions - exact.contributions).max() < 0.1
    assert np.corrcoef(sampled.contributions.ravel(), exact.contributions.ravel())[0, 1] > 0.98


def test_contributions_that_do_not_add_up_are_refused(monkeypatch):
    explainer, _, frame = explained([("lightgbm", FEW, {})])
    monkeypatch.setattr(TreeSum, "contributions", lambda *_: {})
    with pytest.raises(BundleError, match="miss the answer"):
        explainer.explain_frame(frame.head(5))


def test_golden_rows_stand_in_for_a_bundle_without_background():
    rows = (GoldenRow(row={"age": 3}), GoldenRow(row={"age": 4}, rejected=True), GoldenRow(row={}))
    assert background_rows({}, Golden(rows)) == [{"age": 3}]
    assert background_rows({"background": [{"age": 1}]}, Golden(rows)) == [{"age": 1}]


def test_explaining_loads_nothing_of_weight():
    heavy = "{'polars', 'sklearn', 'onnx', 'altair', 'scipy', 'lightgbm'}"
    code = f"import sys, mainstay.bundle.explain; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_units_and_threads_do_not_change_contributions(monkeypatch):
    predictor, frame = model([("lightgbm", {"n_estimators": 5, "num_leaves": 60, "min_data_in_leaf": 2}, {})])
    whole = Explainer(predictor, frame.head(5).to_dicts(), threads=1).explain_frame(frame)
    monkeypatch.setattr("mainstay.bundle.explain_trees._LEAVES", 3)
    parts = Explainer(predictor, frame.head(5).to_dicts(), threads=2).explain_frame(frame)
    np.testing.assert_allclose(whole.contributions, parts.contributions, atol=1e-12)

"""LightGBM: its text form, its deadlines, its categories, and the bins that candidates share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.arrays import Features
from mainstay.contracts.errors import FormatError
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.evaluate_trees import evaluate
from mainstay.graph.run import Session
from mainstay.graph.write import write_model
from mainstay.learners.supervised import lightgbm_bins
from mainstay.learners.supervised.lightgbm import LightGBM
from mainstay.learners.supervised.lightgbm_text import read_text
from mainstay.learners.supervised.rounds import Rounds

LEARNER = LightGBM()


class Countdown:
    def __init__(self, seconds, each):
        self.seconds, self.each = seconds, each

    def left(self):
        self.seconds -= self.each
        return max(0.0, self.seconds)


def table(rows=600, seed=0, missing=0.1, levels=40):
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, 5)).astype(np.float32)
    matrix[:, 3] = chance.integers(0, levels, rows)
    matrix[:, 4] = chance.integers(0, 3, rows)
    signal = matrix[:, 0] + np.sin(matrix[:, 1] * 2) + (matrix[:, 3] % 3 == 0) * 2 + (matrix[:, 4] == 1)
    signal += 0.2 * chance.normal(size=rows)
    if missing:
        matrix[:, :3][chance.random((rows, 3)) < missing] = np.nan
    return Features(matrix, tuple("abcde"), (3, 4)), signal.astype(np.float64)


def fit(features, target, *, deadline=None, validation=None, seed=0, **given):
    return LEARNER.fit(
        features, target, seed=seed, deadline=deadline or NoDeadline(), settings=given, validation=validation
    )


@given(
    seed=st.integers(0, 10_000),
    classes=st.sampled_from([0, 2, 3]),
    missing=st.sampled_from([0.0, 0.2]),
    extra=st.booleans(),
    onehot=st.sampled_from([1, 4, 60]),
)
@settings(max_examples=20, deadline=None)
def test_trees_answer_as_the_booster_does(seed, classes, missing, extra, onehot):
    features, signal = table(300, seed, missing)
    codes = np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes)) if classes else signal
    target = Target("classification" if classes else "regression", codes, classes)
    fitted = fit(features, target, n_estimators=15, extra_trees=extra, max_cat_to_onehot=onehot, min_data_per_group=5)
    strange = features.matrix.copy()
    strange[:, 3] += 35  # codes that training has not seen, some beyond the last bit of every set
    strange[::7, :3] = np.nan
    for matrix in (features.matrix, strange):
        theirs = fitted.predict(Features(matrix, features.names, features.categorical))
        assert np.abs(evaluate(fitted.graph(), matrix).reshape(theirs.shape) - theirs).max() < 1e-12


def test_the_graph_run_by_onnx_runtime_answers_too():
    features, signal = table(500)
    fitted = fit(features, Target("classification", (signal > 1).astype(np.int64), 2), n_estimators=60)
    from mainstay.contracts.arrays import Arrays

    rows = Arrays(features.matrix, features.names, np.empty((500, 0), np.int64), (), ())
    builder = GraphBuilder.over(rows)
    answers = builder.build({"answers": write_model(builder, fitted.graph(), "numbers", 5)})
    assert np.abs(Session(answers).run(rows)["answers"] - fitted.predict(features)).max() < 1e-12


def test_validation_rows_stop_it_and_the_best_round_is_kept():
    features, signal = table(800)
    target = Target("regression", signal)
    train, held = np.arange(500), np.arange(500, 800)
    validation = (features.take(held), target.take(held))
    fitted = fit(features.take(train), target.take(train), validation=validation, learning_rate=0.3, patience=5)
    notes = fitted.notes()
    assert notes["stopped_by"] == "no gain"
    assert notes["rounds"] < notes["rounds_tried"] < 1000
    exact = fit(features.take(train), target.take(train), learning_rate=0.3, n_estimators=notes["rounds"])
    assert np.array_equal(fitted.predict(features), exact.predict(features))


@pytest.mark.parametrize("stop_on", ["auto", "roc_auc"])
def test_it_can_stop_on_the_metric_that_is_scored(stop_on):
    features, signal = table(800)
    target = Target("classification", (signal > 1).astype(np.int64), 2)
    train, held = np.arange(500), np.arange(500, 800)
    validation = (features.take(held), target.take(held))
    fitted = fit(features.take(train), target.take(train), validation=validation, patience=5, stop_on=stop_on)
    assert fitted.notes()["stopped_by"] == "no gain"


def test_validation_rows_of_an_unknown_class_do_not_count():
    features, signal = table(400)
    codes = np.where(signal > 1, 2, 0)
    target = Target("classification", codes, 3)
    strange = Target("classification", np.ones(400, np.int64), 3)
    fitted = fit(features, target, validation=(features, strange), n_estimators=10)
    assert fitted.notes()["rounds"] == 10


def test_without_validation_the_rounds_follow_from_the_learning_rate():
    features, signal = table(200)
    target = Target("regression", signal)
    assert fit(features, target, learning_rate=0.2).notes()["rounds"] == 40
    assert fit(features, target, learning_rate=0.2, n_estimators=7).notes()["rounds"] == 7


def test_the_deadline_ends_it_with_what_it_has():
    features, signal = table(400)
    fitted = fit(features, Target("regression", signal), deadline=Countdown(100.0, 4.0), n_estimators=100_000)
    assert fitted.notes()["stopped_by"] == "deadline"
    assert 1 <= fitted.notes()["rounds"] < 30
    assert np.isfinite(fitted.predict(features)).all()


def test_a_seed_matters_where_rows_are_drawn():
    features, signal = table(400)
    target = Target("regression", signal)
    one, two = (fit(features, target, seed=seed, subsample=0.5, n_estimators=20) for seed in (1, 2))
    assert not np.array_equal(one.predict(features), two.predict(features))


def test_bins_are_shared_between_candidates(monkeypatch):
    built = []
    build = lightgbm_bins._build
    monkeypatch.setattr(lightgbm_bins, "_build", lambda *given: built.append(1) or build(*given))
    features, signal = table(500, seed=77)
    target = Target("regression", signal)
    first = fit(features, target, n_estimators=5).predict(features)
    fit(features, target, n_estimators=5, num_leaves=7, learning_rate=0.3)
    again = fit(features, target, n_estimators=5).predict(features)
    assert built == [1]
    assert np.array_equal(first, again)
    features.matrix[0, 0] += 1  # other content, other bins
    fit(features, target, n_estimators=5)
    assert built == [1, 1]


def test_labels_and_weights_do_not_stay_on_shared_bins():
    features, signal = table(500, seed=78)
    heavy = np.where(signal > 1, 50.0, 1.0)
    plain = fit(features, Target("regression", signal), n_estimators=20).predict(features)
    fit(features, Target("regression", signal, weight=heavy), n_estimators=20)
    fit(features, Target("classification", (signal > 1).astype(np.int64), 2), n_estimators=20)
    assert np.array_equal(fit(features, Target("regression", signal), n_estimators=20).predict(features), plain)


def test_other_kinds_of_trees_are_refused():
    block = "num_leaves=2\nsplit_feature=0\nthreshold=0.5\ndecision_type={}\nleft_child=-1\nright_child=-2\n"
    text = (
        "tree\n\nTree=0\n"
        + block
        + "internal_count=5\nleaf_count=2 3\nleaf_value=1 2\nis_linear={}\nshrinkage=1\n\nend of trees\n"
    )
    assert read_text(text.format(10, 0), outputs=1).value.ravel().tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(FormatError, match="linear leaves"):
        read_text(text.format(10, 1), outputs=1)
    with pytest.raises(FormatError, match="zero as missing"):
        read_text(text.format(4 + 2, 0), outputs=1)


def test_rounds_are_patient_in_proportion_to_what_was_reached():
    rounds = Rounds(NoDeadline(), patience=2)
    losses = [1.0 / step for step in range(1, 11)] + [9.0] * 20
    taken = sum(1 for _ in iter(lambda: rounds.go_on(losses[rounds.done]), False)) + 1
    assert (rounds.best, taken) == (10, 16)  # 2 + 0.3 * 10 rounds without gain are allowed

"""The estimators against scikit-learn's own checks, and against what its users do with an estimator."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import mainstay
from mainstay.contracts.errors import BundleError, InputError
from mainstay.sklearn import Classifier, Regressor, expected_failed_checks


@parametrize_with_checks(
    [
        Classifier(models=["logistic"]),
        Regressor(models=["ridge"]),
        Regressor(models=["decision_tree"]),
    ],
    expected_failed_checks=expected_failed_checks,
    xfail_strict=True,
)
def test_scikit_learn_accepts_the_estimator(estimator, check):
    check(estimator)


def test_every_failure_that_is_expected_has_its_reason():
    named, searched = (expected_failed_checks(one) for one in (Classifier(models=["logistic"]), Classifier()))
    assert set(named) == {"check_sample_weight_equivalence_on_dense_data"}
    assert "check_fit_idempotent" in searched
    assert all(len(reason.split()) > 10 for reason in searched.values())


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(3)
    age, city = rng.integers(18, 80, 240).astype(float), rng.choice(["Bern", "Rome", "Oslo"], 240)
    stays = np.where(0.1 * (age - 50) + 2.0 * (city == "Rome") + rng.logistic(size=240) > 0.5, "stays", "leaves")
    age[::17] = np.nan
    return pd.DataFrame({"age": age, "city": city}, index=range(1000, 1240)), pd.Series(stays, name="choice")


@pytest.fixture(scope="module")
def classifier(people):
    return Classifier(models=["logistic"]).fit(*people)


def test_scores_are_those_of_the_field():
    iris, diabetes = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
    assert cross_val_score(Classifier(models=["logistic"]), *iris, cv=3).mean() > 0.93
    assert cross_val_score(Classifier(models=["extra_trees"]), *iris, cv=2).mean() > 0.9
    assert cross_val_score(Regressor(models=["ridge"]), *diabetes, cv=3, scoring="r2").mean() > 0.42


def test_a_frame_with_words_and_gaps_is_learned_from(people, classifier):
    X, y = people
    assert classifier.score(X, y) > 0.75
    assert classifier.feature_names_in_.tolist() == ["age", "city"]
    assert classifier.classes_.tolist() == ["leaves", "stays"]
    assert classifier.model_.schema["city"].categories == ("Bern", "Oslo", "Rome")
    assert classifier.model_.bundle.outputs.positive == "stays"
    unseen = pd.DataFrame({"age": [None, 30.0], "city": ["Lima", None]})
    assert np.isfinite(classifier.predict_proba(unseen)).all()


def test_a_polars_frame_gives_the_same_model(people, classifier):
    X, y = people
    other = clone(classifier).fit(pl.from_pandas(X), y.to_list())
    assert np.array_equal(other.predict_proba(pl.from_pandas(X)), classifier.predict_proba(X))


def test_numbers_of_an_array_and_of_a_frame_give_the_same_model():
    X, y = load_iris(return_X_y=True, as_frame=True)
    X = X.set_axis(["x0", "x1", "x2", "x3"], axis=1)
    array = Classifier(models=["logistic"]).fit(X.to_numpy(), y)
    frame = Classifier(models=["logistic"]).fit(X, y)
    assert np.array_equal(array.predict_proba(X.to_numpy()), frame.predict_proba(X))


def test_it_works_in_a_pipeline_and_in_a_search(people):
    X, y = people
    numbers = make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), ["age"]))
    model = make_pipeline(numbers, Classifier(models=["logistic"]))
    searched = GridSearchCV(model, {"classifier__holdout": [0.2, 0.3]}, cv=2, scoring="roc_auc").fit(X, y)
    assert searched.best_score_ > 0.7
    assert searched.best_params_["classifier__holdout"] in (0.2, 0.3)


def test_parallel_jobs_send_the_estimator_to_other_processes():
    X, y = load_diabetes(return_X_y=True)
    fitted = Regressor(models=["ridge"])
    alone, beside = (cross_val_predict(fitted, X[:90], y[:90], cv=2, n_jobs=jobs) for jobs in (1, 2))
    assert np.array_equal(alone, beside)


@pytest.mark.parametrize("send", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy], ids=["pickle", "copy"])
def test_a_fitted_estimator_travels_as_bytes_and_answers_the_same_bits(people, classifier, send):
    X, _ = people
    there = send(classifier)
    assert isinstance(classifier.__getstate__()["model_"], bytes)
    assert there.model_.digest == classifier.model_.digest
    assert np.array_equal(there.predict_proba(X), classifier.predict_proba(X))
    assert there.predict(X).tolist() == classifier.predict(X).tolist()


def test_a_bundle_that_was_changed_on_the_way_is_refused(classifier):
    state = classifier.__getstate__()
    place = len(state["model_"]) // 2
    state["model_"] = state["model_"][:place] + bytes([state["model_"][place] ^ 1]) + state["model_"][place + 1 :]
    with pytest.raises(BundleError):
        Classifier().__setstate__(state)


def test_the_saved_bundle_answers_as_the_estimator_does(people, classifier, tmp_path):
    X, _ = people
    classifier.model_.save(tmp_path / "stays.mainstay")
    answers = mainstay.load(tmp_path / "stays.mainstay").predict(X)
    assert answers["prediction"].to_list() == classifier.predict(X).tolist()
    for place, label in enumerate(classifier.classes_):
        assert np.array_equal(answers[f"probability_{label}"].to_numpy(), classifier.predict_proba(X)[:, place])


def test_the_leaderboard_is_that_of_the_run(classifier):
    assert {line["name"] for line in classifier.leaderboard_} == {"logistic", "baseline"}
    assert classifier.leaderboard_[0]["value"] > classifier.leaderboard_[1]["value"]


def test_worker_processes_and_this_process_give_the_same_model(people, classifier):
    X, y = people
    beside = clone(classifier).set_params(workers="processes").fit(X, y)
    assert np.array_equal(beside.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.parametrize(
    "labels",
    [["a", "b"], ["NA", "yes"], [" a", "a"], [True, False], [-1, 1], [0.5, 1.5], [10, 9, 100], ["1", "01", "x"]],
    ids=str,
)
def test_labels_come_back_as_they_were(labels):
    rng = np.random.default_rng(5)
    places = np.repeat(np.arange(len(labels)), 30)
    X = places[:, None] * 4.0 + rng.normal(size=(len(places), 2))
    known = np.array(labels, object if isinstance(labels[0], str) else None)
    if known.dtype.kind == "f":
        known = known * 2  # scikit-learn takes only whole numbers for classes
    y = known[places]
    model = Classifier(models=["naive_bayes"]).fit(X, y)
    assert sorted(model.classes_.tolist()) == sorted(known.tolist())
    assert (model.predict(X) == y).mean() > 0.8
    assert (model.classes_[model.predict_proba(X).argmax(axis=1)] == model.predict(X)).all()


def test_weights_of_rows_and_of_classes_count(people):
    X, y = people
    plain = Classifier(models=["logistic"], calibrate="off")
    share = {
        "plain": plain.fit(X, y).predict(X) == "stays",
        "rows": plain.fit(X, y, sample_weight=np.where(y == "stays", 20.0, 1.0)).predict(X) == "stays",
        "dict": clone(plain).set_params(class_weight={"stays": 20.0}).fit(X, y).predict(X) == "stays",
    }
    assert share["rows"].mean() > share["plain"].mean() + 0.1
    assert np.array_equal(share["rows"], share["dict"])
    assert clone(plain).set_params(class_weight="balanced").fit(X, y).model_.bundle.recipe["settings"][
        "class_weight"
    ] == "balanced"  # fmt: skip


def test_rows_of_weight_zero_are_not_there(people):
    X, y = people
    weight = np.r_[np.ones(200), np.zeros(40)]
    without = Classifier(models=["logistic"]).fit(X[:200], y[:200])
    weighted = Classifier(models=["logistic"]).fit(X, y, sample_weight=weight)
    assert np.allclose(weighted.predict_proba(X), without.predict_proba(X), atol=1e-5)


def test_options_reach_the_run():
    X, y = load_diabetes(return_X_y=True)
    model = Regressor(models=["ridge"], intervals=90, holdout=0.3, derive=["both = x2 * x3"], random_state=7).fit(X, y)
    settings = model.model_.bundle.recipe["settings"]
    assert (settings["holdout"], settings["intervals"], settings["seed"]) == (0.3, 90, 7)
    assert settings["preparation"]["derive"] == ["both = x2 * x3"]
    assert {"low", "high"} <= set(model.model_.predict(pl.DataFrame(X, schema=[f"x{at}" for at in range(10)])).columns)


def test_a_positive_class_and_a_threshold_of_ones_own(people):
    X, y = people
    model = Classifier(models=["logistic"], positive="leaves", threshold=0.9).fit(X, y)
    leaves = model.predict_proba(X)[:, 0] >= np.float32(0.9)
    assert np.array_equal(model.predict(X) == "leaves", leaves)
    with pytest.raises(ValueError, match="positive must be one of the classes"):
        Classifier(models=["logistic"], positive="goes").fit(X, y)


def test_few_held_out_rows_of_one_class_leave_the_leaderboard_without_scores():
    X = np.repeat([[1.0, 3.0], [2.0, 1.0], [3.0, 3.0], [4.0, 1.0]], 4, axis=0)  # equal rows stay on one side
    model = Classifier(models=["logistic"]).fit(X, np.repeat([1, 2], 8))
    assert [line["value"] for line in model.leaderboard_] == [None, None]
    assert model.predict(X).shape == (16,)


@pytest.mark.parametrize(
    ("options", "change", "said"),
    [
        ({"models": ["no such model"]}, {}, "there is no model 'no such model'"),
        ({"models": ["logistic"], "holdout": 0.9}, {}, "a share from 0.02 to 0.6"),
        ({"models": ["logistic"], "workers": 3}, {}, "workers is one of"),
        ({"models": ["logistic"]}, {"y": ["a"] * 240}, "one class only"),
        ({"models": ["logistic"]}, {"sample_weight": np.full(240, -1.0)}, "zero or above"),
        ({"models": ["logistic"]}, {"X": np.full((240, 1), np.inf)}, "infinity"),
        ({"models": ["logistic"]}, {"X": pd.DataFrame({"a": np.full(240, np.inf)})}, "infinity"),
        ({"models": ["logistic"]}, {"X": pd.DataFrame({"a": ["same"] * 240})}, "no column is left"),
    ],
)
def test_what_is_wrong_is_a_value_error_with_a_sentence(people, options, change, said):
    given = {"X": people[0], "y": people[1], **change}
    with pytest.raises(ValueError, match=said):
        Classifier(**options).fit(**given)


def test_the_error_of_mainstay_is_kept_as_the_cause(people):
    with pytest.raises(ValueError, match="at least 10 rows") as caught:
        Classifier(models=["logistic"]).fit(people[0][:8], people[1][:8])
    assert isinstance(caught.value.__cause__, InputError)


def test_other_columns_than_in_fit_are_refused(people, classifier):
    X, _ = people
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(X.rename(columns={"city": "town"}))
    with pytest.raises(ValueError, match="unseen at fit time"):
        classifier.predict(X.assign(more=1))
    with pytest.raises(ValueError, match="no rows"):
        classifier.predict(X[:0])
    with pytest.raises(NotFittedError):
        Classifier().predict(X)

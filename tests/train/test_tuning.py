"""Tuning as a user asks for it: what is searched, on what, for how long, and that a run can be resumed."""

import json

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import UsageError
from mainstay.train.candidates import Candidate
from mainstay.train.search import Entry
from mainstay.train.settings import Settings
from mainstay.train.tuning import space_of, tuner

TREE = Candidate(name="decision_tree", learner="decision_tree", settings={"max_depth": 9})
RIDGE = Candidate(name="ridge", learner="ridge")


def ended(candidate, score, status="done"):
    entry = Entry(candidate)
    entry.status = status
    entry.scores = {0: score, 1: score} if score is not None else {}
    return entry


def waves(rows=500, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, (rows, 3))
    y = np.sin(2 * x[:, 0]) + x[:, 1] + rng.normal(0, 0.3, rows)
    return pl.DataFrame({**{f"x{i}": x[:, i] for i in range(3)}, "y": y})


def test_the_space_is_what_the_learner_declares():
    space = space_of("decision_tree", None)
    assert {"max_leaf_nodes", "min_samples_leaf"} <= set(space)
    assert all(parameter.search for parameter in space.values())


def test_a_grid_walks_every_point_once():
    grid = {"decision_tree": {"max_leaf_nodes": [4, 16], "min_samples_leaf": [1, 5, 9]}, "ridge": {"alpha": [1.0]}}
    source = tuner(Settings(tune="grid", grid=grid), (TREE, RIDGE), identity="a")
    seen = []
    while (candidate := source.propose()) is not None:
        seen.append((candidate.learner, tuple(sorted(candidate.settings.items()))))
        source.tell(ended(candidate, 0.5))
    assert len(seen) == len(set(seen)) == 7
    assert all(("max_depth", 9) in settings for learner, settings in seen if learner == "decision_tree")


@pytest.mark.parametrize("how", ["random", "bayes"])
def test_the_same_seed_proposes_the_same(how):
    def walk():
        source = tuner(Settings(tune=how, trials=6, seed=3), (TREE, RIDGE), identity="a")
        found = []
        while (candidate := source.propose()) is not None:
            found.append((candidate.name, candidate.settings))
            source.tell(ended(candidate, candidate.settings.get("alpha", 0.0)))
        return found

    assert len(walk()) == 6
    assert walk() == walk()


def test_bayes_goes_where_it_was_good():
    def best(how):
        source = tuner(Settings(tune=how, trials=40, seed=0), (TREE,), identity="a")
        scores = []
        while (candidate := source.propose()) is not None:
            score = -abs(np.log(candidate.settings["max_leaf_nodes"] / 50)) - abs(
                np.log(candidate.settings["min_samples_leaf"] / 20)
            )
            scores.append(score)
            source.tell(ended(candidate, score))
        return np.mean(scores[20:])

    assert best("bayes") > best("random") + 0.3


def test_what_is_stopped_or_fails_is_noted_and_not_taken_for_good():
    source = tuner(Settings(tune="bayes", trials=3), (RIDGE,), identity="a")
    first, second, third = source.propose(), source.propose(), source.propose()
    source.tell(ended(first, 0.9, "stopped"))
    source.tell(ended(second, None, "failed"))
    source.tell(ended(third, 0.4))
    source.tell(ended(TREE, 1.0))  # not of this source
    assert source._study.best_value == 0.4
    assert source.propose() is None


def test_a_study_is_resumed_with_its_best_first(tmp_path):
    settings = Settings(tune="random", trials=5, study=str(tmp_path / "s.log"))
    source = tuner(settings, (RIDGE,), identity="a")
    tried = {}
    while (candidate := source.propose()) is not None:
        tried[candidate.settings["alpha"]] = -abs(np.log10(candidate.settings["alpha"]))
        source.tell(ended(candidate, tried[candidate.settings["alpha"]]))
    again = tuner(settings, (RIDGE,), identity="a")
    assert again.propose().settings["alpha"] == max(tried, key=tried.get)
    assert len(again._study.trials) > 5
    with pytest.raises(UsageError, match="other data"):
        tuner(settings, (RIDGE,), identity="b")


def test_a_grid_is_not_walked_twice_over_two_runs(tmp_path):
    grid = {"ridge": {"alpha": [0.1, 1.0, 10.0, 100.0]}}
    settings = Settings(tune="grid", grid=grid, trials=2, study=str(tmp_path / "s.log"))
    source = tuner(settings, (RIDGE,), identity="a")
    for _ in range(2):
        source.tell(ended(source.propose(), 0.5))
    later = tuner(Settings(tune="grid", grid=grid, study=settings.study), (RIDGE,), identity="a")
    seen = []
    while (candidate := later.propose()) is not None:
        seen.append(candidate.settings["alpha"])
        later.tell(ended(candidate, 0.4))
    assert {10.0, 100.0} <= set(seen)
    assert sorted(seen)[:2] == [0.1, 1.0]  # fitted anew for this run's blend


def walk(source, score=lambda settings: 0.5):
    found = []
    while (candidate := source.propose()) is not None:
        found.append((candidate.learner, candidate.settings))
        source.tell(ended(candidate, score(candidate.settings)))
    return found


@pytest.mark.parametrize("how", ["random", "bayes", "grid"])
@pytest.mark.parametrize(
    "later",
    [
        {"tune": "grid", "grid": {"ridge": {"alpha": [0.1, 1.0]}}},
        {"tune": "random", "grid": {"ridge": {"alpha": [0.1, 5.0, 7.0]}}},
        {"tune": "grid"},
        {"tune": "random"},
    ],
)
@pytest.mark.parametrize("models", [(RIDGE,), (TREE,), (TREE, RIDGE)])
def test_a_study_is_resumed_with_other_models_another_grid_and_another_method(tmp_path, how, later, models):
    place = str(tmp_path / "s.log")
    walk(tuner(Settings(tune=how, trials=4, study=place), (RIDGE, TREE), identity="a"))
    if "ridge" in later.get("grid", {}) and RIDGE not in models:
        models = (RIDGE,)
    again = walk(tuner(Settings(**later, trials=4, study=place), models, identity="a"))
    assert again
    assert {learner for learner, _ in again} <= {one.learner for one in models}


def test_the_best_of_another_space_comes_first_where_it_can_be_drawn(tmp_path):
    place = str(tmp_path / "s.log")
    grid = {"ridge": {"alpha": [0.5, 2.0, 8.0]}}
    walk(tuner(Settings(tune="grid", grid=grid, study=place), (RIDGE,), identity="a"), lambda one: -one["alpha"])
    free = walk(tuner(Settings(tune="random", trials=5, study=place), (TREE, RIDGE), identity="a"))
    assert [settings.get("alpha") for _, settings in free[:3]] == [0.5, 2.0, 8.0]
    narrow = Settings(tune="grid", grid={"ridge": {"alpha": [4.0, 8.0]}}, study=place)
    assert [settings["alpha"] for _, settings in walk(tuner(narrow, (RIDGE,), identity="a"))] == [8.0, 4.0]


@pytest.mark.parametrize("content", [b"hello\n", b"[1, 2]\n", b"{}\n", b"\xff\xfe\x00", b"3\n", b"notes"])
def test_a_file_that_is_no_study_gets_a_sentence(tmp_path, content):
    (tmp_path / "s.log").write_bytes(content)
    with pytest.raises(UsageError, match="not a study") as caught:
        tuner(Settings(tune="random", study=str(tmp_path / "s.log")), (RIDGE,), identity="a")
    assert caught.value.hint
    assert (tmp_path / "s.log").read_bytes() == content


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"grid": {"ridge": {"alpha": [1.0]}}}, "tuning is off"),
        ({"tune": "grid", "grid": {"ridge": {"alpha": [-1.0]}}}, "alpha must be"),
        ({"tune": "grid", "grid": {"ridge": {"beta": [1.0]}}}, "no parameter 'beta'"),
        ({"tune": "grid", "grid": {"ridge": {"alpha": []}}}, "no value"),
        ({"tune": "grid", "grid": {"svm": {"C": [1.0]}}}, "not among the models"),
    ],
)
def test_what_cannot_be_searched_gets_a_sentence(told, words):
    with pytest.raises(UsageError, match=words):
        tuner(Settings(**told), (RIDGE,), identity="a")


def test_training_with_a_grid_file_beats_the_worst_setting_and_says_what_was_tried(tmp_path):
    (tmp_path / "g.toml").write_text("[decision_tree]\nmax_leaf_nodes = [2, 8, 64]\n")
    run = mainstay.train(
        waves(), target="y", models=["decision_tree"], tune="grid", grid=tmp_path / "g.toml", time_budget=40,
        study=tmp_path / "study.log",
    )  # fmt: skip
    tried = {line["name"]: line for line in run.leaderboard if "_trial_" in line["name"]}
    assert len(tried) == 3
    done = [line["value"] for line in tried.values() if line["status"] == "done"]
    assert run.to_dict()["metric"]["value"] <= max(done)
    assert (tmp_path / "study.log").exists()
    assert all(json.loads(line) for line in (tmp_path / "study.log").read_text().splitlines())

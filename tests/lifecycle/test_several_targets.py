"""Several columns at once: one split, no target among another's columns, and scores of all taken together."""

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.several_targets import score_labels, score_together


def make_songs(rows=500, seed=0):
    rng = np.random.default_rng(seed)
    tempo, volume = rng.normal(size=(2, rows))
    fast = tempo + rng.logistic(size=rows) * 0.3 > 0
    loud = volume + 0.5 * tempo + rng.logistic(size=rows) * 0.3 > 0
    return pl.DataFrame(
        {
            "tempo": tempo, "volume": volume, "fast": np.where(fast, "yes", "no"), "loud": np.where(loud, "yes", "no"),
            "length": 200 + 30 * tempo - 20 * volume + rng.normal(size=rows),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("each")
    run = mainstay.train_each(
        make_songs(), targets=["fast", "loud", "length"], models=["logistic", "ridge"], time_budget=60, out=folder
    )
    return run, folder


def test_each_target_has_a_file_of_its_own_that_knows_no_other(made):
    run, folder = made
    assert sorted(path.name for path in folder.iterdir()) == ["fast.mainstay", "length.mainstay", "loud.mainstay"]
    for name, model in run.models.items():
        roles = {column.name: column.role for column in model.schema.columns}
        assert roles[name] == "target"
        assert {roles[other] for other in run.models if other != name} == {"ignored"}
        assert mainstay.verify(folder / f"{name}.mainstay").to_dict()["ok"]


def test_all_are_scored_on_the_same_rows(made):
    run, _ = made
    figures = run.to_dict()
    assert figures["rows"]["test"] == 100
    assert {one["rows"]["test"] for one in figures["runs"].values()} == {100}
    together = figures["together"]
    singles = [figures["runs"][name]["metrics"]["accuracy"]["value"] for name in ("fast", "loud")]
    assert together["hamming_loss"]["value"] == pytest.approx(1 - np.mean(singles))
    assert together["subset_accuracy"]["value"] <= min(singles)
    assert together["f1_micro"]["low"] < together["f1_micro"]["value"] < together["f1_micro"]["high"]
    assert figures["runs"]["length"]["metrics"]["r2"]["value"] > 0.95


def test_one_call_answers_all(made):
    run, _ = made
    answers = run.predict(make_songs(20, seed=1).select("tempo", "volume"))
    assert answers.height == 20
    assert {"prediction_fast", "prediction_loud", "prediction_length", "probability_yes_loud"} <= set(answers.columns)


def test_targets_whose_names_give_the_same_file_are_numbered(tmp_path):
    songs = make_songs(300).rename({"fast": "a/b", "loud": "a_b"})
    mainstay.train_each(songs, targets=["a/b", "a_b"], models=["logistic"], time_budget=40, out=tmp_path)
    found = {path.name: mainstay.load(path).schema.target.name for path in tmp_path.iterdir()}
    assert found == {"a_b.mainstay": "a/b", "a_b_2.mainstay": "a_b"}


def test_it_wants_several_known_columns():
    with pytest.raises(UsageError, match="two or more"):
        mainstay.train_each(make_songs(), targets=["fast"])
    with pytest.raises(UsageError, match="no column 'slow'"):
        mainstay.train_each(make_songs(), targets=["fast", "slow"], time_budget=20)


def test_scores_together_agree_with_their_definitions():
    rng = np.random.default_rng(0)
    truth, answers = rng.random((2, 300, 4)) < 0.3
    from sklearn.metrics import f1_score, hamming_loss

    right = score_together(truth == answers)
    labels = score_labels(truth, answers)
    assert right["hamming_loss"].value == pytest.approx(hamming_loss(truth, answers))
    assert right["subset_accuracy"].value == pytest.approx((truth == answers).all(axis=1).mean())
    assert labels["f1_micro"].value == pytest.approx(f1_score(truth, answers, average="micro"))
    assert labels["f1_macro"].value == pytest.approx(f1_score(truth, answers, average="macro"))


def test_labels_that_never_occur_have_no_f1():
    nothing = np.zeros((5, 2), bool)
    assert score_labels(nothing, nothing)["f1_macro"].value is None

"""The commands over the real verbs, from a table to a verified file, each in a process of its own as users start it."""

import json
import subprocess
import sys

import polars as pl
import pytest
from sklearn.datasets import load_wine

KEYS = {
    "train": "bundle digest task target metric metrics leaderboard rows seconds peak_memory_mb findings",
    "profile": "rows columns findings",
    "predict": "rows rejected outputs",
    "evaluate": "task rows metrics",
    "inspect": "format digest task schema metrics versions",
    "verify": "digest ok checks",
    "report": "report digest",
}


def mainstay(*words, cwd, code=0):
    command = [sys.executable, "-m", "mainstay", *words, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert answer.returncode == code, answer.stderr
    assert "Traceback" not in answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table and the bundle that was trained on it, by cheap learners so that it is quick."""
    place = tmp_path_factory.mktemp("wine")
    wine = load_wine()
    columns = {name: wine.data[:, i] for i, name in enumerate(wine.feature_names)}
    pl.DataFrame({**columns, "kind": [f"k{code}" for code in wine.target]}).write_csv(place / "wine.csv")
    words = ["--target", "kind", "--models", "logistic", "--time-budget", "60s", "-o", "wine.mainstay"]
    (place / "train.json").write_text(json.dumps(mainstay("train", "wine.csv", *words, cwd=place)))
    return place


def keys_of(verb):
    return set(KEYS[verb].split())


def test_train_answers_in_the_promised_shape(folder):
    figures = json.loads((folder / "train.json").read_text())
    assert keys_of("train") <= set(figures)
    assert {"name", "value", "low", "high"} <= set(figures["metric"])
    assert figures["metric"]["low"] <= figures["metric"]["value"] <= figures["metric"]["high"]
    assert {"name", "value", "low", "high", "seconds", "status"} <= set(figures["leaderboard"][0])
    assert set(figures["rows"]) >= {"train", "test"}
    assert (folder / figures["bundle"]).is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "wine.csv", "--target", "kind"),
        ("predict", "wine.mainstay", "wine.csv", "-o", "scored.csv"),
        ("evaluate", "wine.mainstay", "wine.csv"),
        ("inspect", "wine.mainstay"),
        ("verify", "wine.mainstay"),
        ("report", "wine.mainstay", "-o", "wine.html"),
    ],
    ids=lambda words: words[0],
)
def test_each_command_answers_in_the_promised_shape(folder, words):
    assert keys_of(words[0]) <= set(mainstay(*words, cwd=folder))


def test_predictions_are_the_users_own_labels(folder):
    mainstay("predict", "wine.mainstay", "wine.csv", "-o", "labels.csv", cwd=folder)
    answers = pl.read_csv(folder / "labels.csv")
    assert set(answers["prediction"]) <= {"k0", "k1", "k2"}
    assert {"probability_k0", "probability_k1", "probability_k2"} <= set(answers.columns)


def test_all_commands_speak_of_the_same_digest(folder):
    digests = {mainstay(verb, "wine.mainstay", cwd=folder)["digest"] for verb in ("inspect", "verify")}
    assert digests == {json.loads((folder / "train.json").read_text())["digest"]}


def test_a_changed_byte_fails_verify_and_stops_predict(folder):
    content = bytearray((folder / "wine.mainstay").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "broken.mainstay").write_bytes(content)
    assert mainstay("verify", "broken.mainstay", cwd=folder, code=1)["ok"] is False
    refused = mainstay("predict", "broken.mainstay", "wine.csv", cwd=folder, code=2)["error"]
    assert set(refused) == {"code", "message", "where", "hint"}
    assert refused["message"]


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "nowhere.csv"),
        ("train", "wine.csv", "--target", "colour"),
        ("train", "wine.csv", "--target", "kind", "--time-budget", "soon"),
        ("train", "wine.csv", "--target", "kind", "-o", "model.exe"),
        ("predict", "nowhere.mainstay", "wine.csv"),
        ("verify", "nowhere.mainstay"),
    ],
    ids=" ".join,
)
def test_bad_input_is_a_sentence_and_exit_2(folder, words):
    error = mainstay(*words, cwd=folder, code=2)["error"]
    assert error["code"] not in {"internal", "error"}
    assert error["message"]
    assert error["where"] or error["hint"]

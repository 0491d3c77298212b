"""The command as a user meets it: exit codes, one JSON object or a sentence, never a traceback."""

import subprocess
import sys

import pytest
import typer

from mainstay.apps.cli.app import application
from mainstay.contracts import errors

from .conftest import ANSWERS, WORDS


def test_alone_it_prints_its_help(shell):
    answer = shell()
    assert answer.code == 0
    assert all(verb.replace("_", "-") in answer.out for verb in ANSWERS)
    assert not answer.err


def test_it_says_its_version(shell):
    answer = shell("--version")
    assert (answer.code, answer.out.split()[0]) == (0, "mainstay")


def test_the_commands_are_those_that_are_tested_here():
    commands = {name.replace("-", "_") for name in typer.main.get_command(application).commands}
    assert commands == set(ANSWERS) == set(WORDS)


def test_every_command_takes_json_and_says_what_it_does():
    for name, command in typer.main.get_command(application).commands.items():
        assert "--json" in {option for parameter in command.params for option in parameter.opts}, name
        assert len(command.help.split()) > 8, name


def test_json_is_the_result_and_nothing_else(verbs, shell, command):
    verb, words = command
    answer = shell(*words, "--json")
    assert answer.code == 0
    assert answer.json() == no_nan(ANSWERS[verb])
    assert answer.out.count("\n") == 1


def no_nan(value):
    if isinstance(value, dict):
        return {key: no_nan(part) for key, part in value.items()}
    if isinstance(value, list):
        return [no_nan(part) for part in value]
    return None if value != value else value


def test_without_json_a_person_reads_it(verbs, shell, command):
    verb, words = command
    answer = shell(*words)
    assert answer.code == 0
    expected = {
        "profile": ["7,043 rows, 2 columns", "0.16 %", "0 to 72", "No, Yes", "it nearly gives y away", "Leave it out."],
        "train": [
            "0.8463",
            "0.8260 to 0.8670",
            "1,409 rows",
            "lightgbm",
            "failed: no memory",
            "churn.mainstay",
            "58 s",
        ],
        "predict": [
            "prediction,probability_Yes\nNo,0.25\n",
            "100 rows answered, 2 refused",
            "row 5, tenure: 'x' is no number",
        ],
        "evaluate": ["100 rows", "0.8463", "0.8260 to 0.8670"],
        "train_each": ["1,409 rows", "subset_accuracy", "0.6100", "each/Late.mainstay", "41 s"],
        "explain": ["98 rows explained", "2 refused", "0.0810", "0.0700 to 0.0900", "Base 0.2650", "why.csv"],
        "pack": ["classification", "abababab", "tenure", "mainstay 0.1.0"],
        "compare": ["new.mainstay", "0.0526", "0.0277 to 0.0769", "0.999", "it is the better", "3 left out"],
        "inspect": ["classification", "abababab", "tenure", "mainstay 0.1.0"],
        "verify": ["members", "whole and true"],
        "report": ["churn.html"],
        "serve": [],
        "cluster": [
            "2 groups of 200 rows, by kmeans",
            "one clear k: Gap, silhouette and stability agree on 2.",
            "80.0 %",
            "income <= 70: 98 % pure",
            "high income",
            "agreement 0.9700 (0.9100 to 1)",
            "genie",
            "the most stable",
            "inertia     █▄▂▂▁▁",
            "adjusted_rand_score",
            "known groups in segment",
            "it nearly gives y away",
            "mall.mainstay  digest abab",
            "Wrote mall.csv",
            "3.4 s",
        ],
        "segment": ["2 colours", "640 x 427 pixels, 96,615 different", "#1f77b4", "73.0 %", "Wrote out.png"],
        "detect": [
            "31 of 1,722 rows flagged (fdr=0.1), by ensemble",
            "An estimated 10 %.",
            "Assumed: contaminated",
            "1.5e-05   flagged   amount 4,980: usually 3 to 120",
            "83.0 %",
            "Against the labels in Class",
            "it nearly gives y away",
            "card.mainstay  digest abab",
            "6.1 s",
        ],
        "replay": ["5,000 of 5,000", "12 entries of models", "8 numbers are missing"],
    }
    shown = answer.out + (answer.err if verb == "predict" else "")
    for text in expected["train" if verb == "demo" else verb]:
        assert text in shown
    assert "nan" not in answer.out.lower().split()


def test_train_hands_every_option_on(verbs, shell):
    words = [
        *WORDS["train"],
        "-o",
        "a.mainstay",
        "--out",
        "rows.csv",
        "--models",
        "ridge, forest",
        "--derive",
        "x = a * b",
    ]
    words += ["--derive", "y = a / b", "--seed", "7", "--header", "3", "--time-budget", "2m", "--memory-budget", "4GB"]
    words += [
        "--split",
        "time:day",
        "--metric",
        "f1",
        "--task",
        "classification",
        "--positive",
        "Yes",
        "--query",
        "select 1",
    ]
    words += ["--sheet", "one", "--schema", "s.toml", "--missing", "mean", "--scale", "robust", "--encode", "ordinal"]
    words += ["--tune", "bayes", "--grid", "g.toml", "--trials", "9", "--study", "s.log", "--nested", "5"]
    words += ["--blend", "voting", "--class-weight", "balanced", "--cost", "fp=1,fn=8", "--threshold", "f1"]
    words += ["--calibrate", "beta", "--intervals", "90", "--proof", "shuffle", "--diagnose"]
    words += ["--monotone", "a=+1", "--holdout", "0.25", "--test", "t.csv", "--rare", "5", "--text", "svd"]
    assert shell(*words, "--polynomial", "2", "--delimiter", ";", "--encoding", "cp1252").code == 0
    (verb, given, options), *_ = verbs.calls
    assert (verb, given) == ("train", ("a.csv",))
    assert options.pop("schema").name == "s.toml"
    assert options.pop("time_budget").seconds == 120
    assert (options.pop("grid").name, options.pop("study").name) == ("g.toml", "s.log")
    assert options == {
        "target": "Churn", "out": ("a.mainstay", "rows.csv"), "task": "classification", "metric": "f1",
        "positive": "Yes", "split": "time:day", "models": ("ridge", "forest"), "seed": 7,
        "memory_budget": "4GB", "derive": ("x = a * b", "y = a / b"), "missing": "mean", "scale": "robust",
        "encode": "ordinal", "polynomial": 2, "header": 3, "query": "select 1", "sheet": "one",
        "delimiter": ";", "encoding": "cp1252", "tune": "bayes", "trials": 9, "nested": 5, "blend": "voting",
        "class_weight": "balanced", "cost": "fp=1,fn=8", "threshold": "f1", "calibrate": "beta", "intervals": 90.0,
        "proof": "shuffle", "diagnose": True, "test": "t.csv", "rare": 5, "text": "svd",
        "monotone": ("a=+1",), "holdout": 0.25,
    }  # fmt: skip


def test_cluster_hands_every_option_on(verbs, shell):
    words = ["cluster", "a.csv", "--k", "2..9", "--method", "genie", "--columns", "age, income", "--labels", "kind"]
    words += ["--weight", "age=2", "--weight", "income=0.5", "--scale", "robust", "--outliers", "0.05", "--seed", "7"]
    words += ["--time-budget", "2m", "-o", "a.mainstay", "-o", "b.csv", "--html", "c.html", "--header", "none"]
    assert shell(*words, "--schema", "s.toml").code == 0
    (verb, given, options), *_ = verbs.calls
    assert (verb, given) == ("cluster", ("a.csv",))
    assert options.pop("time_budget").seconds == 120
    assert options.pop("schema").name == "s.toml"
    assert [str(place) for place in options.pop("out")] == ["a.mainstay", "b.csv", "c.html"]
    assert options == {
        "k": "2..9", "method": "genie", "columns": ("age", "income"), "labels": "kind",
        "weights": ("age=2", "income=0.5"), "scale": "robust", "outliers": 0.05, "seed": 7, "header": "none",
        "query": None, "sheet": None, "delimiter": None, "encoding": None,
    }  # fmt: skip


def test_segment_hands_every_option_on(verbs, shell):
    assert shell("segment", "p.jpg", "--k", "4", "--space", "rgb", "--seed", "3", "-o", "out.png").code == 0
    (verb, given, options), *_ = verbs.calls
    assert (verb, given) == ("segment", ("p.jpg",))
    options.pop("time_budget")
    assert options == {"k": "4", "space": "rgb", "seed": 3, "out": ("out.png",)}


def test_groups_that_were_kept_when_interrupted_exit_130(verbs, shell):
    verbs.interrupted = True
    answer = shell("cluster", "a.csv", "--json")
    assert answer.code == 130
    assert answer.json()["k"] == 2


def test_evaluate_shows_groups_beside_known_ones_and_beside_training(verbs, shell):
    verbs.answers["evaluate"] = {
        "task": "clustering", "rows": 50, "metrics": {"adjusted_rand_score": {"value": 0.8, "low": 0.7, "high": 0.9}},
        "clusters": [{"cluster": 0, "name": "low income", "rows": 30, "share": 0.6, "training_share": 0.5,
                      "mean_distance": 0.25}],
        "fits_none": {"rows": 2, "share": 0.04}, "labels": "kind",
        "confusion": {"column": "kind", "labels": ["a", "b"], "clusters": [0], "counts": [[12], [18]]},
    }  # fmt: skip
    answer = shell("evaluate", "m.mainstay", "a.csv", "--labels", "kind")
    assert verbs.calls[0][2]["labels"] == "kind"
    for text in ("clustering, 50 rows", "0.8000", "60.0 %", "50.0 %", "low income", "2 rows fit none", "kind", "18"):
        assert text in answer.out


def test_profile_writes_the_files_it_is_asked_for(verbs, shell):
    answer = shell("profile", "a.csv", "--html", "p.html", "--schema-out", "s.toml")
    assert [path.name for path in verbs.saved] == ["p.html", "s.toml"]
    assert "Wrote p.html" in answer.out
    assert "Wrote s.toml" in answer.out


def test_predictions_without_a_file_are_csv_on_standard_output_alone(verbs, shell):
    answer = shell(*WORDS["predict"])
    assert answer.out == verbs.rows.write_csv()


def test_predictions_in_a_file_are_not_repeated(verbs, shell):
    answer = shell(*WORDS["predict"], "-o", "scored.csv")
    lines = answer.out.splitlines()
    assert (lines[0], lines[-1]) == ("100 rows answered, 2 refused", "Wrote scored.csv")
    assert lines[2] == "... and 2 more like these"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trian"], "trian"),
        (["train", "a.csv"], "--target"),
        (["train", "--target", "y"], "data"),
        (["train", "a.csv", "--target", "y", "--speed", "9"], "--speed"),
        (["train", "a.csv", "--target", "y", "--seed", "many"], "many"),
        (["inspect"], "bundle"),
    ],
)
def test_usage_errors_exit_2_in_one_shape(shell, words, said):
    plain = shell(*words)
    assert plain.code == 2
    assert said in plain.err.lower()
    assert "--help" in plain.err
    assert not plain.out
    asked = shell(*words, "--json")
    assert asked.code == 2
    assert set(asked.json()["error"]) == {"code", "message", "where", "hint"}
    assert asked.json()["error"]["code"] == "usage"
    assert said in str(asked.json()).lower()


CODES = {"ParityError": 1, "WorkerError": 1}


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "MainstayError"])
def test_every_error_of_ours_has_its_exit_code_and_sentence(verbs, shell, name):
    verbs.raises = getattr(errors, name)("it came out wrong", where="row 3", hint="Mend row 3.")
    plain = shell(*WORDS["train"])
    assert plain.code == CODES.get(name, 2)
    assert "row 3: it came out wrong. Mend row 3." in plain.err
    assert not plain.out
    asked = shell(*WORDS["train"], "--json")
    assert asked.code == CODES.get(name, 2)
    assert asked.json() == {"error": verbs.raises.to_dict()}


def test_an_accident_of_ours_is_a_sentence_not_a_traceback(verbs, shell, monkeypatch):
    monkeypatch.delenv("MAINSTAY_TRACEBACK", raising=False)
    verbs.raises = ZeroDivisionError("division by zero")
    answer = shell(*WORDS["predict"])
    assert answer.code == 70
    assert "bug of mainstay" in answer.err
    assert "MAINSTAY_TRACEBACK=1" in answer.err
    assert "Traceback" not in answer.err
    assert shell(*WORDS["predict"], "--json").json()["error"]["code"] == "internal"


def test_the_traceback_can_be_asked_for(verbs, shell, monkeypatch):
    monkeypatch.setenv("MAINSTAY_TRACEBACK", "1")
    verbs.raises = ZeroDivisionError("division by zero")
    assert "Traceback" in shell(*WORDS["predict"]).err


def test_a_file_that_cannot_be_written_is_the_users_to_mend(verbs, shell):
    verbs.raises = PermissionError(13, "Permission denied", "/nowhere/out.csv")
    answer = shell(*WORDS["predict"])
    assert answer.code == 2
    assert "/nowhere/out.csv" in answer.err
    assert "permission denied" in answer.err


def test_interrupted_before_any_result(verbs, shell):
    verbs.raises = KeyboardInterrupt()
    assert shell(*WORDS["train"]).code == 130
    assert shell(*WORDS["train"], "--json").json()["error"]["code"] == "interrupted"


def test_interrupted_with_a_partial_result_shows_it(verbs, shell):
    verbs.interrupted = True
    answer = shell(*WORDS["train"], "--json")
    assert answer.code == 130
    assert answer.json()["bundle"] == "churn.mainstay"


def test_a_refused_bundle_exits_1(verbs, shell):
    verbs.answers["verify"] = {
        "digest": None,
        "ok": False,
        "checks": [{"name": "digest", "ok": False, "message": "member 2"}],
    }
    answer = shell(*WORDS["verify"])
    assert answer.code == 1
    assert "refused" in answer.out
    assert "Do not use this file" in answer.out
    assert shell(*WORDS["verify"], "--json").code == 1


def test_numbers_of_numpy_are_numbers_in_json(verbs, shell):
    import numpy as np

    verbs.answers["predict"] = {"rows": np.int64(3), "rejected": 0, "outputs": [], "share": np.float32(0.5)}
    assert shell(*WORDS["predict"], "--json").json() == {"rows": 3, "rejected": 0, "outputs": [], "share": 0.5}


def test_messages_go_to_standard_error_even_with_json(verbs, shell):
    answer = shell(*WORDS["train"], "--json")
    assert "two columns are alike" in answer.err
    assert answer.json()["target"] == "Churn"


def test_a_reader_that_leaves_early_is_no_accident():
    command = f'"{sys.executable}" -m mainstay train --help | head -c 1'
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert answer.stderr == ""

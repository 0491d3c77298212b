"""The command detect in a shell: what it passes on, and the whole way from a file to a file."""

import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from mainstay.apps.cli.data_tables import schema

CHANCE = np.random.default_rng(2)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    frame = pl.DataFrame({"amount": CHANCE.normal(50, 9, 150).round(2), "age": CHANCE.integers(20, 70, 150)})
    frame[13, "amount"] = 990.0
    place = tmp_path_factory.mktemp("shell") / "cases.csv"
    frame.with_columns(odd=pl.Series([int(at == 13) for at in range(150)])).write_csv(place)
    return place


def test_options_reach_the_verb_as_they_were_typed(verbs, shell):
    words = ["detect", "a.csv", "--reference", "clean", "--alarm", "cost=50", "--labels", "odd", "--time", "day"]
    words += ["--method", "knn", "--columns", "a, b", "--ask", "5", "--seed", "7", "-o", "x.mainstay", "-o", "x.csv"]
    assert shell(*words, "--html", "x.html", "--time-budget", "2m").code == 0
    ((verb, given, options), *_) = verbs.calls
    assert (verb, given) == ("detect", ("a.csv",))
    wanted = {
        "reference": "clean", "alarm": "cost=50", "labels": "odd", "time": "day", "method": "knn",
        "columns": ("a", "b"), "ask": 5, "seed": 7,
    }  # fmt: skip
    assert {name: options[name] for name in wanted} == wanted
    assert [str(place) for place in options["out"]] == ["x.mainstay", "x.csv", "x.html"]
    assert options["time_budget"].seconds == 120


def test_without_a_word_nothing_is_said_of_the_reference(verbs, shell):
    assert shell("detect", "a.csv").code == 0
    (_, _, options), *_ = verbs.calls
    assert (options["reference"], options["labels"], options["ask"]) == (None, None, 0)


def test_from_a_file_to_alarms_and_on(shell, cases, tmp_path):
    bundle, rows = tmp_path / "cases.mainstay", tmp_path / "rows.csv"
    words = ["detect", str(cases), "--labels", "odd", "--method", "knn", "--alarm", "top=1", "-o", str(bundle)]
    answer = shell(*words, "-o", str(rows))
    assert answer.code == 0, answer.err
    assert "1 of 150 rows flagged (top=1), by knn" in answer.out
    assert "Assumed: contaminated" in answer.out
    assert "amount 990" in answer.out
    written = pl.read_csv(rows)
    assert written.columns[-4:] == ["score", "p_value", "flagged", "reason"]
    assert written["flagged"].arg_true().to_list() == [13]
    told = shell("predict", str(bundle), str(cases), "--alarm", "top=2", "--json").json()
    assert told["alarms"]["flagged"] == 2
    scored = shell("evaluate", str(bundle), str(cases), "--labels", "odd")
    assert "roc_auc" in scored.out
    assert "1 rows are flagged" in scored.out
    shown = shell("inspect", str(bundle))
    assert "knn" in shown.out
    assert "Reference contaminated; top=1: flagged from a score of" in shown.out
    assert shell("verify", str(bundle)).code == 0
    why = shell("explain", str(bundle), str(cases))
    assert "A row's contributions are its score" in why.out
    both = shell("compare", str(bundle), str(bundle), str(cases), "--labels", "odd", "--json").json()
    assert both["comparison"]["tied"]


def test_rows_to_label_are_written_and_named(shell, cases, tmp_path):
    sheet = tmp_path / "feedback.csv"
    answer = shell("detect", str(cases), "--columns", "amount,age", "--method", "knn", "--ask", "4", "-o", str(sheet))
    assert answer.code == 0, answer.err
    assert "4 rows to be labelled" in answer.out
    assert f"--labels {sheet}" in " ".join(answer.out.split())
    assert pl.read_csv(sheet)["label"].null_count() == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--alarm", "loud=1"], "there are fdr, top, rate, cost"),
        (["--reference", "nowhere.csv"], "there is no such file"),
        (["--labels", "nothing"], "there is no column 'nothing'"),
        (["--ask", "some"], "whole number"),
    ],
)
def test_what_cannot_be_ends_with_a_sentence(shell, cases, words, said):
    answer = shell("detect", str(cases), *words)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_dates_of_the_input_contract_are_shown_as_dates(shell, tmp_path):
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 10, 26), "1d", eager=True)
    pl.DataFrame({"day": days, "load": CHANCE.normal(9, 1, len(days))}).write_csv(tmp_path / "load.csv")
    bundle = tmp_path / "load.mainstay"
    assert shell("detect", str(tmp_path / "load.csv"), "--method", "knn", "-o", str(bundle)).code == 0
    assert "2024-01-01 to 2024-10-26" in shell("inspect", str(bundle)).out


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(19_723.0, 20_022.5, "2024-01-01 to 2024-10-26 12:00"), (19_723.0, 1e9, "2024-01-01 to 1,000,000,000")],
)
def test_days_are_dates_where_the_calendar_has_them(low, high, words):
    row = {"name": "day", "kind": "datetime", "low": low, "high": high}
    screen = Console(width=120, file=io.StringIO())
    screen.print(schema([row]))
    assert words in screen.file.getvalue()

"""The commands that find groups, with the real verbs behind them: from a table to files, new rows and known groups."""

import json

import numpy as np
import polars as pl
import pytest

from mainstay.apps.cli.app import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("shops")
    random = np.random.default_rng(0)
    kind = np.repeat(["a", "b", "c"], [50, 40, 30])
    centre = {"a": (0, 0), "b": (9, 1), "c": (2, 9)}
    rows = np.array([centre[one] for one in kind]) + random.normal(size=(120, 2))
    frame = pl.DataFrame({"shop": range(120), "east": rows[:, 0], "north": rows[:, 1], "kind": kind})
    frame.sample(fraction=1, shuffle=True, seed=1).write_csv(place / "shops.csv")
    return place


def test_from_a_table_to_new_rows(folder, shell, monkeypatch):
    monkeypatch.chdir(folder)
    words = ["cluster", "shops.csv", "--labels", "kind", "--seed", "1", "--time-budget", "20s"]
    made = shell(*words, "-o", "shops.mainstay", "-o", "grouped.csv", "-o", "shops.parquet", "--html", "shops.html")
    assert made.code == 0
    assert "3 groups of 120 rows, by kmeans" in made.out
    assert "adjusted_rand_score" in made.out
    assert "Wrote shops.mainstay  digest" in made.out
    assert "judging how many groups there are" in made.err
    assert (folder / "shops.html").read_text().startswith("<!doctype html>")
    answered = shell("predict", "shops.mainstay", "shops.csv", "-o", "again.csv")
    assert "120 rows answered, none refused" in answered.out
    assert (folder / "again.csv").read_text() == (folder / "grouped.csv").read_text()
    assert pl.read_parquet(folder / "shops.parquet")["cluster"].value_counts()["count"].sort().to_list() == [30, 40, 50]
    assert shell("verify", "shops.mainstay").code == 0
    scored = shell("evaluate", "shops.mainstay", "shops.csv", "--labels", "kind", "--json").json()
    assert scored["metrics"]["adjusted_rand_score"]["value"] > 0.95
    assert shell("report", "shops.mainstay", "-o", "later.html").code == 0
    inspected = shell("inspect", "shops.mainstay", "--json").json()
    assert (inspected["task"], inspected["labels"][0]) == ("clustering", inspected["clusters"][0]["name"])


def test_json_is_one_object_and_nothing_else(folder, shell):
    answer = shell("cluster", str(folder / "shops.csv"), "--k", "2", "--columns", "east,north", "--json")
    assert answer.code == 0
    figures = json.loads(answer.out)
    assert answer.out.count("\n") == 1
    assert (figures["k"], figures["bundle"], figures["outputs"]) == (2, None, [])
    assert sum(one["rows"] for one in figures["clusters"]) == 120


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--k", "many"], "2..10"), (["--k", "500"], "different"), (["--columns", "eest"], "Did you mean 'east'"),
     (["--method", "magic"], "kmeans"), (["--weight", "east"], "age=2"), (["--scale", "odd"], "robust"),
     (["--labels", "nothing"], "no column"), (["-o", "a.txt"], ".mainstay"), (["--time-budget", "soon"], "60s")],
)  # fmt: skip
def test_what_cannot_be_done_is_a_sentence_and_exit_2(folder, shell, words, said):
    answer = shell("cluster", str(folder / "shops.csv"), *words)
    assert answer.code == 2
    assert said in answer.err
    assert "bug of mainstay" not in answer.err
    assert not answer.out
    assert set(shell("cluster", str(folder / "shops.csv"), *words, "--json").json()["error"]) >= {"code", "message"}


def test_a_picture_that_is_none_is_a_sentence_and_exit_2(folder, shell):
    answer = shell("segment", str(folder / "shops.csv"))
    assert answer.code == 2
    assert "shops.csv" in answer.err
    assert run(["segment", str(folder / "nowhere.png")]) == 2

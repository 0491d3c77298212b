"""Explanations through the public face: frames, files, pages and refusals."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mainstay
from mainstay.apps.cli.app import run


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    chance = np.random.default_rng(0)
    rows = 300
    frame = pl.DataFrame(
        {
            "age": chance.integers(18, 80, rows),
            "base": chance.normal(size=rows),
            "city": chance.choice(["Bern", "Rome", "Oslo"], rows),
        }
    )
    signal = frame["age"] / 20 + (frame["city"] == "Rome").cast(pl.Float64) + 0.2 * frame["base"]
    frame = frame.with_columns(left=pl.when(signal > signal.median()).then(pl.lit("yes")).otherwise(pl.lit("no")))
    from sklearn.ensemble import RandomForestClassifier

    codes = frame.select("age", "base", (pl.col("city") == "Rome").cast(pl.Int64).alias("rome")).to_pandas()
    forest = RandomForestClassifier(8, max_depth=4, random_state=0).fit(codes, frame["left"].to_list())
    place = tmp_path_factory.mktemp("explained") / "left.mainstay"
    mainstay.pack(forest, codes, frame["left"].to_list(), target="left", out=place)
    codes.to_csv(place.with_name("new.csv"), index=False)
    return place


def rows_of(bundle):
    return bundle.with_name("new.csv")


def test_base_and_contributions_are_the_prediction(bundle):
    why = mainstay.explain(bundle, rows_of(bundle))
    frame = why.frame
    assert frame.columns == ["prediction", "answer", "class", "base", "age", "base (contribution)", "rome"]
    total = frame.select(pl.sum_horizontal("base", "age", "base (contribution)", "rome")).to_series()
    assert (total - frame["answer"]).abs().max() <= 1e-6
    given = mainstay.load(bundle).predict(rows_of(bundle))
    assert frame["prediction"].to_list() == given["prediction"].to_list()
    assert (given["probability_yes"] - frame["answer"]).abs().max() <= 1e-6
    assert why.figures["columns"][0]["name"] == "age"


def test_pandas_in_pandas_out_with_its_index(bundle):
    rows = pd.read_csv(rows_of(bundle)).iloc[5:9]
    why = mainstay.load(bundle).explain(rows, top=2)
    assert list(why.index) == [5, 6, 7, 8]
    assert why["reason"].str.count(r"\(").eq(2).all()


def test_a_refused_row_is_blank_and_counted(bundle):
    rows = pl.read_csv(rows_of(bundle)).head(3).with_columns(pl.Series("age", ["31", "nobody knows", "40"]))
    why = mainstay.explain(bundle, rows)
    schema = mainstay.load(bundle).schema
    if schema["age"].on_bad == "reject" or why.figures["rejected"]:
        assert why.frame["prediction"][1] is None
        assert why.frame["age"].null_count() == 1
    assert why.frame["prediction"].null_count() == why.figures["rejected"]


def test_the_command_writes_rows_and_a_page(bundle, tmp_path, capsys):
    page, table = tmp_path / "why.html", tmp_path / "why.csv"
    options = ["--class", "no", "--top", "1", "-o", str(page), "-o", str(table), "--json"]
    assert run(["explain", str(bundle), str(rows_of(bundle)), *options]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert {"rows", "base", "method", "columns", "outputs"} <= figures.keys()
    assert figures["class"] == "no"
    assert {"name", "mean_absolute", "low", "high", "mean"} <= figures["columns"][0].keys()
    assert pl.read_csv(table)["reason"].str.contains("age = ").any()
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 4
    assert "<script" not in text
    assert "What pushes answers up and down" in text


def test_what_cannot_be_explained_is_said(bundle, capsys):
    with pytest.raises(mainstay.UsageError, match="no class 'perhaps'"):
        mainstay.explain(bundle, rows_of(bundle), label="perhaps")
    assert run(["explain", str(bundle), str(rows_of(bundle)), "-o", "why.txt"]) == 2
    assert ".html" in capsys.readouterr().err


def test_a_packed_bundle_holds_rows_to_compare_with(bundle):
    kept = mainstay.load(bundle).bundle.reference["background"]
    assert len(kept) == 100
    assert set(kept[0]) == {"age", "base", "rome"}


def test_an_interruption_ends_the_command_without_a_traceback_or_a_file(bundle, tmp_path, capsys, monkeypatch):
    from mainstay.bundle.explain import Explainer

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Explainer, "explain_frame", interrupted)
    assert run(["explain", str(bundle), str(rows_of(bundle)), "-o", str(tmp_path / "why.csv")]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

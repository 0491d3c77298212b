"""Two model files on the same rows: who is better, how sure that is, and what the rows cannot tell."""

import msgspec
import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.schema import Schema


def make_rows(count, seed, *, names=("a", "b")):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 3))
    chance = x[:, 0] + 0.7 * x[:, 1] + rng.logistic(size=count) * 0.8
    return pl.DataFrame({"u": x[:, 0], "v": x[:, 1], "w": x[:, 2], "y": np.where(chance > 0, names[1], names[0])})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    table = make_rows(900, 0)
    for name in ("logistic", "decision_tree"):
        mainstay.train(table, target="y", models=[name], time_budget=20, out=folder / f"{name}.mainstay")
    return folder / "logistic.mainstay", folder / "decision_tree.mainstay"


def test_the_better_model_is_found_and_the_order_only_turns_the_sign(models):
    fresh = make_rows(2000, 1)
    forward = mainstay.compare(*models, fresh).to_dict()
    backward = mainstay.compare(*models[::-1], fresh).to_dict()
    assert forward["recommended"] == backward["recommended"] == "logistic.mainstay"
    assert forward["comparison"]["difference"] == pytest.approx(-backward["comparison"]["difference"])
    assert forward["comparison"]["probability_better"] > 0.97
    assert forward["rows"] == 2000
    scores = mainstay.evaluate(models[0], fresh).to_dict()["metrics"]
    assert forward["models"][0]["metrics"]["roc_auc"]["value"] == pytest.approx(scores["roc_auc"]["value"])
    assert forward["metrics"]["f1"]["difference"] == pytest.approx(
        scores["f1"]["value"] - mainstay.evaluate(models[1], fresh).to_dict()["metrics"]["f1"]["value"]
    )


def test_few_rows_tell_nothing_and_the_cheaper_is_taken(models):
    result = mainstay.compare(*models, make_rows(30, 3), metric="accuracy")
    figures = result.to_dict()
    assert figures["comparison"]["tied"]
    costs = {one["name"]: one["cost"] for one in figures["models"]}
    assert figures["recommended"] == min(costs, key=costs.get)
    assert "cannot be told apart" in repr(result)


def test_a_model_equals_itself(models):
    found = mainstay.compare(models[0], models[0], make_rows(200, 4)).to_dict()["comparison"]
    assert (found["difference"], found["probability_better"], found["probability_alike"]) == (0.0, 0.5, 1.0)


def test_rows_that_only_one_can_use_are_left_out_and_counted(models):
    rows = make_rows(100, 5).with_columns(y=pl.when(pl.int_range(100) < 10).then(None).otherwise(pl.col("y")))
    assert mainstay.compare(*models, rows).to_dict()["left_out"] == 10


def test_models_of_different_questions_are_refused(models, tmp_path):
    other = tmp_path / "other.mainstay"
    mainstay.train(make_rows(300, 6, names=("c", "d")), target="y", models=["logistic"], time_budget=20, out=other)
    with pytest.raises(UsageError, match="another set of classes"):
        mainstay.compare(models[0], other, make_rows(50, 7))


def test_bad_words_get_a_sentence(models):
    with pytest.raises(UsageError, match="margin"):
        mainstay.compare(*models, make_rows(50, 8), margin=2)
    with pytest.raises(UsageError, match="no metric"):
        mainstay.compare(*models, make_rows(50, 8), metric="beauty")
    with pytest.raises(DataError, match="does not apply"):
        mainstay.compare(*models, make_rows(400, 8).filter(pl.col("y") == "a"))


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weighted")
    table = make_rows(600, 0).with_columns(heavy=pl.when(pl.col("u") > 0).then(9.0).otherwise(1.0))
    drafted = mainstay.profile(table, target="y").schema
    columns = (msgspec.structs.replace(one, role="weight") if one.name == "heavy" else one for one in drafted.columns)
    schema = Schema(columns=tuple(columns))
    for name in ("logistic", "decision_tree"):
        out = folder / f"{name}.mainstay"
        mainstay.train(table, target="y", models=[name], time_budget=20, out=out, schema=schema)
    return folder / "logistic.mainstay", folder / "decision_tree.mainstay"


def test_weights_count_as_where_one_model_is_scored(weighted):
    fresh = make_rows(1500, 2).with_columns(heavy=pl.when(pl.col("u") > 0).then(9.0).otherwise(1.0))
    found = mainstay.compare(*weighted, fresh, metric="accuracy").to_dict()
    alone = [mainstay.evaluate(path, fresh).to_dict() for path in weighted]
    for name in ("accuracy", "roc_auc", "log_loss"):
        values = [one["metrics"][name]["value"] for one in alone]
        assert [one["metrics"][name]["value"] for one in found["models"]] == pytest.approx(values)
        assert found["metrics"][name]["difference"] == pytest.approx(values[0] - values[1])
    assert alone[0]["unweighted"]["accuracy"]["value"] != pytest.approx(alone[0]["metrics"]["accuracy"]["value"])


def test_rows_that_are_not_scored_are_counted(weighted):
    """An empty target is no unknown one; a row that weighs nothing is left out and said to be."""
    place = pl.int_range(100)
    fresh = make_rows(100, 3).with_columns(
        heavy=pl.when(place < 7).then(0.0).when(place < 12).then(None).otherwise(1.0),
        y=pl.when(place >= 96).then(None).when(place >= 93).then(pl.lit("other")).otherwise(pl.col("y")),
    )
    found = mainstay.evaluate(weighted[0], fresh).to_dict()
    assert (found["rows"], found["left_out"], found["unknown_target"]) == (81, 19, 3)


def test_the_report_says_how_many_cells_are_missing():
    table = make_rows(200, 0).with_columns(u=pl.when(pl.int_range(200) < 50).then(None).otherwise(pl.col("u")))
    told = mainstay.train(table, target="y", models=["logistic"], time_budget=20).model.report_data
    assert {one.name: one.missing for one in told.columns} == {"u": 0.25, "v": 0.0, "w": 0.0, "y": 0.0}

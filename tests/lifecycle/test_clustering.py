"""Clustering as a user meets it: labels are the bundle's answers, bad input gets a sentence, files say the same."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mainstay
from mainstay.contracts.events import StageBegun

METHOD = {"method": "kmeans"}


def towns(per=60, seed=0):
    """Three clear groups, with a category, a gap and an identifier."""
    random = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 9.0]])
    sizes = [per, per // 2, per // 3]
    where = np.repeat([0, 1, 2], sizes)
    rows = centres[where] + random.normal(size=(len(where), 2))
    frame = pl.DataFrame({
        "id": [f"T{i:05d}" for i in range(len(where))], "east": rows[:, 0], "north": rows[:, 1],
        "kind": [["hill", "lake", "plain"][place] for place in where],
    })  # fmt: skip
    gaps = pl.Series([None if i == 5 else value for i, value in enumerate(rows[:, 0])])
    return frame.with_columns(east=gaps)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    places = [folder / name for name in ("towns.mainstay", "towns.csv", "towns.html")]
    stages = []
    result = mainstay.cluster(towns(), labels="kind", out=places, seed=3, listener=stages.append, **METHOD)
    return result, folder, stages


def test_the_groups_are_found_and_numbered_by_size(found):
    result, _, _ = found
    assert result.k == 3
    assert [one["rows"] for one in result.clusters] == [60, 30, 20]
    assert np.bincount(result.labels).tolist() == [60, 30, 20]
    assert len(pl.DataFrame({"a": result.labels, "b": towns()["kind"]}).unique()) == 3


def test_the_figures_have_the_shape_that_is_promised(found):
    result, folder, _ = found
    figures = result.to_dict()
    assert figures == json.loads(json.dumps(figures))
    assert set(figures) >= {"k", "verdict", "curve", "clusters", "bundle", "digest", "seconds", "method", "findings"}
    assert figures["verdict"] in {"one clear k", "several plausible k"}
    assert 3 in figures["plausible"]
    assert figures["bundle"] == str(folder / "towns.mainstay")
    assert [point["k"] for point in figures["curve"]] == list(range(1, len(figures["curve"]) + 1))
    assert set(figures["curve"][2]) >= {"inertia", "silhouette", "calinski_harabasz", "davies_bouldin", "bic", "gap"}
    inertia = [point["inertia"] for point in figures["curve"]]
    assert inertia == sorted(inertia, reverse=True)
    assert set(figures["clusters"][0]) >= {"cluster", "name", "rows", "share", "profile", "rule", "typical"}
    assert sum(one["share"] for one in figures["clusters"]) == pytest.approx(1)
    assert figures["clusters"][0]["typical"]["id"].startswith("T")
    assert figures["agreement"]["adjusted_rand_score"]["value"] == pytest.approx(1)
    assert figures["confusion"]["counts"] == [[60, 0, 0], [0, 30, 0], [0, 0, 20]]
    assert figures["stability"]["value"] > 0.95


def test_the_known_groups_were_not_grouped_by(found):
    result, _, _ = found
    assert [column.name for column in result.model.schema.features] == ["east", "north"]


def test_the_bundle_answers_the_training_rows_as_they_are_labelled(found):
    result, folder, _ = found
    model = mainstay.load(folder / "towns.mainstay")
    assert model.predict(towns())["cluster"].to_list() == result.labels.tolist()
    one_by_one = [model.predict(towns()[row])["cluster"].item() for row in range(0, 110, 11)]
    assert one_by_one == result.labels[::11].tolist()
    written = pl.read_csv(folder / "towns.csv")
    assert written["cluster"].to_list() == result.labels.tolist()
    assert mainstay.verify(folder / "towns.mainstay").to_dict()["ok"]


def test_predicting_the_same_rows_writes_the_same_file(found, tmp_path):
    _, folder, _ = found
    towns().write_csv(tmp_path / "again.csv")
    figures = mainstay.predict(folder / "towns.mainstay", tmp_path / "again.csv", out=tmp_path / "out.csv").to_dict()
    assert (figures["rows"], figures["rejected"]) == (110, 0)
    assert (tmp_path / "out.csv").read_text() == (folder / "towns.csv").read_text()


def test_what_lies_far_from_all_groups_fits_none(found):
    result, _, _ = found
    answers = result.model.predict([{"east": 0.2, "north": 0.1}, {"east": 400.0, "north": -300.0}])
    assert answers["fits_none"].to_list() == [False, True]
    fresh = result.model.predict(towns(per=6000, seed=9))["fits_none"]
    assert fresh.mean() < 0.03


def test_known_groups_are_found_again_on_new_rows(found):
    result, folder, _ = found
    fresh = towns(per=90, seed=4)
    named = result.model.evaluate(fresh, labels="kind").to_dict()
    for figures in (named, mainstay.evaluate(folder / "towns.mainstay", fresh).to_dict()):
        assert figures["task"] == "clustering"
        score = figures["metrics"]["adjusted_rand_score"]
        assert score["low"] <= score["value"] <= score["high"]
        assert score["value"] > 0.9
        assert figures["labels"] == "kind"


def test_without_known_groups_shares_stand_beside_those_of_training(found):
    result, _, _ = found
    figures = result.model.evaluate(towns().drop("kind")).to_dict()
    assert figures["metrics"] == {}
    assert [one["share"] for one in figures["clusters"]] == [one["training_share"] for one in figures["clusters"]]
    assert figures["moved"] == pytest.approx(0)
    half = towns().head(60).drop("kind")
    assert result.model.evaluate(half).to_dict()["moved"] > 0.4


def test_labels_are_of_no_use_to_a_model_with_a_target_and_costs_to_groups(found):
    result, _, _ = found
    with pytest.raises(mainstay.UsageError, match="costs"):
        result.model.evaluate(towns(), cost="fp=1,fn=2")
    with pytest.raises(mainstay.UsageError, match="no column 'sort'"):
        result.model.evaluate(towns(), labels="sort")


def test_the_stages_are_told_in_their_order(found):
    _, _, stages = found
    names = [event.stage for event in stages if isinstance(event, StageBegun)]
    assert names == ["read", "schema", "prepare", "curve", "choose", "group", "describe", "report", "pack", "write"]


def test_the_result_shows_itself(found):
    result, folder, _ = found
    assert result.headline().startswith(f"3 groups by kmeans; {result.verdict}: ")
    assert len(result.table()) == 4
    assert "<table>" in result._repr_html_()
    assert "<html" in result.report
    assert result.model.digest in (folder / "towns.html").read_text()
    assert repr(result.model.picture("elbow")).startswith("<picture")
    assert "clusters" in repr(result.model)


def test_a_result_is_saved_by_its_ending(found, tmp_path):
    result, folder, _ = found
    assert result.save(tmp_path / "a.mainstay").read_bytes() == (folder / "towns.mainstay").read_bytes()
    assert result.save(tmp_path / "a.csv").read_bytes() == (folder / "towns.csv").read_bytes()
    with pytest.raises(mainstay.UsageError, match=r"\.mainstay"):
        result.save(tmp_path / "a.txt")


def test_the_same_seed_gives_the_same_model():
    first, second = (mainstay.cluster(towns(), k=4, seed=5, **METHOD) for _ in range(2))
    assert first.labels.tolist() == second.labels.tolist()
    assert first.model.bundle.model == second.model.bundle.model


def test_a_number_that_was_asked_for_is_kept_and_the_curve_still_speaks():
    result = mainstay.cluster(towns(), k=5, columns=["east", "north"], **METHOD)
    assert result.k == 5
    assert result.to_dict()["k_found"] == 3
    assert "5 groups were asked for" in result.to_dict()["sentence"]
    ranged = mainstay.cluster(towns(), k="4..6", columns=["east", "north"], **METHOD)
    assert 4 <= ranged.k <= 6


def test_rows_without_any_value_are_in_no_group_for_the_run_and_for_the_bundle():
    frame = towns().drop("id", "kind")
    frame = pl.concat([frame, pl.DataFrame({"east": [None], "north": [None]}, schema=frame.schema)])
    result = mainstay.cluster(frame, **METHOD)
    assert result.labels[-1] == -1
    assert (result.labels[:-1] >= 0).all()
    assert result.to_dict()["in_no_group"] == 1
    assert result.model.predict(frame)["cluster"].to_list()[-1] is None
    assert [one["code"] for one in result.to_dict()["findings"] if one["severity"] != "info"].count("rows.empty") == 1


def test_a_weight_moves_the_groups():
    frame = towns().select("east", "north")
    by_east = mainstay.cluster(frame, k=2, weights={"north": 0.0001}, **METHOD)
    east = frame["east"].fill_null(0).to_numpy()
    assert min(east[by_east.labels == 1].mean(), east[by_east.labels == 0].mean()) < 3
    assert max(east[by_east.labels == 1].mean(), east[by_east.labels == 0].mean()) > 7
    with pytest.raises(mainstay.UsageError, match="weight"):
        mainstay.cluster(frame, weights={"up": 2}, **METHOD)


def test_pandas_in_pandas_out():
    frame = pd.DataFrame(towns().to_dict(as_series=False), index=[f"r{i}" for i in range(110)])
    result = mainstay.cluster(frame, k=3, columns=["east", "north"], **METHOD)
    answers = result.model.predict(frame)
    assert list(answers.index) == list(frame.index)
    assert answers["cluster"].to_list() == result.labels.tolist()


NUMBERS = np.random.default_rng(1).normal(size=(40, 2))
DAYS = [f"2024-{1 + i % 2 * 6:02d}-{1 + i % 20:02d}" for i in range(60)]
WORDS = [
    *["the ship sails over the blue sea with the wind today"] * 6,
    *["a cake of flour sugar and eggs from the oven"] * 6,
]
ODD = {
    "one row": ({"a": [1.0], "b": [2.0]}, {}),
    "two rows": ({"a": [1.0, 2.0], "b": [2.0, 9.0]}, {}),
    "more groups than rows": ({"a": [1.0, 2.0, 3.0]}, {"k": 9}),
    "more groups than rows, many": ({"a": NUMBERS[:20, 0]}, {"k": 5000}),
    "a range beyond the rows": ({"a": [1.0, 2.5, 3.0]}, {"k": "2..50"}),
    "a constant column": ({"a": [1.0] * 40, "b": NUMBERS[:, 0]}, {}),
    "only constant columns": ({"a": [1.0] * 40, "b": ["x"] * 40}, {}),
    "a constant column by name": ({"a": [1.0] * 40, "b": NUMBERS[:, 0]}, {"columns": ["a"]}),
    "all missing": ({"a": [None] * 5, "b": [None] * 5}, {}),
    "infinities": ({"a": [*NUMBERS[:38, 0], np.inf, -np.inf], "b": NUMBERS[:, 1]}, {}),
    "only infinities": ({"a": [np.inf] * 6}, {}),
    "huge and tiny numbers": ({"a": NUMBERS[:, 0] * 1e30, "b": NUMBERS[:, 1] * 1e-30}, {}),
    "a large offset": ({"a": NUMBERS[:, 0] + 1e6, "b": NUMBERS[:, 1]}, {}),
    "an empty table": ({"a": [], "b": []}, {}),
    "only categories": ({"a": ["x", "y"] * 20, "b": ["u", "u", "v", "v"] * 10}, {}),
    "only booleans": ({"a": [True, False] * 20, "b": [True, True, False, False] * 10}, {}),
    "only dates": ({"when": DAYS}, {}),
    "only texts": ({"words": [f"{text} {i}" for i, text in enumerate(WORDS)]}, {}),
    "only identifiers": ({"id": [f"K{i}" for i in range(40)]}, {}),
    "identical rows": ({"a": [1.0] * 50, "b": [2.0] * 50}, {"columns": ["a", "b"]}),
    "two different rows": ({"a": [1.0, 5.0] * 30, "b": [2.0, 7.0] * 30}, {}),
    "two different rows in three groups": ({"a": [1.0, 5.0] * 30, "b": [2.0, 7.0] * 30}, {"k": 3}),
    "an answer's own name": ({"cluster": NUMBERS[:, 0], "distance": NUMBERS[:, 1]}, {}),
    "a weight of nothing": ({"a": NUMBERS[:, 0], "b": NUMBERS[:, 1]}, {"weights": {"a": 0}}),
}  # fmt: skip


SENTENCES = {
    "more groups than rows": "3 of them different", "more groups than rows, many": "20 (of them )?different",
    "one row": "no column is left", "only constant columns": "no column is left", "all missing": "no column is left",
    "only infinities": "no column is left|no rows? has a value|none of 6 rows", "an empty table": "no rows",
    "only identifiers": "no column is left", "two different rows in three groups": "2 of them different",
}  # fmt: skip


@pytest.mark.parametrize("name", SENTENCES)
def test_odd_input_that_cannot_be_grouped_gets_a_sentence(name):
    columns, options = ODD[name]
    with pytest.raises(mainstay.MainstayError, match=SENTENCES[name]) as caught:
        mainstay.cluster(pl.DataFrame(columns, strict=False), **METHOD, **options)
    assert caught.value.code != "internal"


@pytest.mark.parametrize("name", sorted(set(ODD) - set(SENTENCES)))
def test_odd_input_gets_a_right_answer(name, tmp_path):
    columns, options = ODD[name]
    frame = pl.DataFrame(columns, strict=False)
    result = mainstay.cluster(frame, out=tmp_path / "rows.csv", time_budget=5, **METHOD, **options)
    assert len(result.labels) == frame.height
    assert set(result.labels) - {-1} == set(range(result.k))
    assert result.model.predict(frame)["cluster"].fill_null(-1).to_list() == result.labels.tolist()
    assert pl.read_csv(tmp_path / "rows.csv").height == frame.height
    json.dumps(result.to_dict(), allow_nan=False)
    if name in {"only texts", "two different rows"}:
        assert result.k == 2
    if name == "only dates":  # days of January and of July; weeks may part them further
        months = {(label, day[:7]) for label, day in zip(result.labels.tolist(), DAYS, strict=True)}
        assert result.k > 1
        assert len(months) == result.k


def test_rows_that_are_all_the_same_are_one_group_whatever_their_number():
    frame = pl.DataFrame({"a": np.ones(1_000_000), "b": np.full(1_000_000, 2.0)})
    with pytest.raises(mainstay.DataError, match="no column is left that tells rows apart"):
        mainstay.cluster(frame, **METHOD)
    result = mainstay.cluster(frame, columns=["a", "b"], **METHOD)
    assert result.k == 1
    assert result.verdict == "no structure"
    assert result.clusters[0]["rows"] == 1_000_000


def test_more_groups_than_different_rows_is_a_sentence():
    frame = pl.DataFrame({"a": [1.0, 5.0] * 30})
    with pytest.raises(mainstay.UsageError, match="2 of them different"):
        mainstay.cluster(frame, k=3, **METHOD)


def test_a_method_that_there_is_not_is_refused_before_anything_is_read():
    with pytest.raises(mainstay.UsageError, match="kmeans"):
        mainstay.cluster("nowhere.csv", method="k-meens")


def test_noise_has_no_structure():
    rows = np.random.default_rng(5).uniform(size=(400, 3))
    result = mainstay.cluster(pl.DataFrame(rows, schema=["a", "b", "c"]), **METHOD)
    assert (result.k, result.verdict) == (1, "no structure")


def test_a_short_budget_still_ends_in_a_proved_bundle(tmp_path):
    result = mainstay.cluster(towns(per=600).drop("kind"), time_budget=1.0, out=tmp_path / "a.mainstay", **METHOD)
    assert mainstay.verify(tmp_path / "a.mainstay").to_dict()["ok"]
    assert result.k == 3


@pytest.mark.parametrize("stage", ["curve", "choose", "group", "describe"])
def test_an_interrupted_run_keeps_what_it_has_found(stage):
    import signal

    def interrupt(event):
        if isinstance(event, StageBegun) and event.stage == stage:
            signal.raise_signal(signal.SIGINT)

    result = mainstay.cluster(towns(), listener=interrupt, **METHOD)
    assert result.interrupted
    assert result.k > 1
    assert result.model.predict(towns())["cluster"].to_list() == result.labels.tolist()


def test_wards_hierarchy_is_in_the_report():
    made = mainstay.cluster(towns(per=30), method="ward", k=3, time_budget="20s")
    assert "How clusters join" in made.report
    assert "How clusters join" not in mainstay.cluster(towns(per=30), k=3, time_budget="20s").report

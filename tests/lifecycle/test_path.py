"""The whole path on a small table: what a user does, and what a user is promised."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mainstay
from mainstay.contracts.errors import DataError, IntegrityError, UsageError

BUDGET = 25


def make_table(rows=400, seed=0, *, noise=False):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    city = rng.choice(["Bern", "Rome", "Oslo", "Paris"], rows, p=[0.4, 0.3, 0.2, 0.1])
    income = rng.normal(50, 15, rows).round(2)
    score = 0.08 * (age - 45) + (city == "Rome") * 1.5 + 0.03 * (income - 50) + rng.logistic(size=rows) * 0.7
    left = np.where(rng.random(rows) < 0.5 if noise else score > 0, "yes", "no")
    return pl.DataFrame(
        {
            "customer": [f"C-{i:05d}" for i in range(rows)],
            "age": age,
            "city": city,
            "income": [None if rng.random() < 0.05 else value for value in income],
            "left": left,
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("path") / "left.mainstay"
    made = mainstay.train(
        make_table(), target="left", time_budget=BUDGET, out=place, seed=1, models=("logistic", "lightgbm")
    )
    return made, place


def test_the_result_tells_what_was_promised(run):
    made, place = run
    figures = made.to_dict()
    assert figures["bundle"] == str(place)
    assert figures["task"] == "classification"
    assert figures["rows"] == {"train": 320, "test": 80, "left_out": 0}
    assert figures["metric"]["name"] == "roc_auc"
    assert figures["metric"]["low"] < figures["metric"]["value"] < figures["metric"]["high"]
    assert figures["metric"]["value"] > 0.75
    names = [line["name"] for line in figures["leaderboard"]]
    assert {"baseline", "logistic", "lightgbm"} <= set(names)
    assert {line["status"] for line in figures["leaderboard"]} <= {"done", "failed", "stopped", "skipped"}
    assert all(line["reason"] for line in figures["leaderboard"] if line["status"] != "done")
    assert figures["seconds"] <= BUDGET * 1.05
    json.dumps(figures)


def test_the_score_in_the_report_is_the_score_of_the_file(run):
    made, place = run
    loaded = mainstay.load(place)
    assert loaded.digest == made.model.digest
    held_out = _held_out(made)
    again = loaded.evaluate(held_out).to_dict()
    for name, score in made.to_dict()["metrics"].items():
        assert again["metrics"][name]["value"] == pytest.approx(score["value"], abs=1e-12), name


def _held_out(made):
    """Find the rows that training held out: the split is seeded, so it can be drawn again."""
    from mainstay.data.decode import decode_target
    from mainstay.data.read import read
    from mainstay.data.split_table import find_ties

    table = read(make_table())
    values = decode_target(made.model.schema, table.frame).values
    ties = find_ties(table, made.model.schema)
    return table.frame[ties.split(values, seed=1).test]


def test_predictions_have_the_users_labels_and_add_up(run):
    made, _ = run
    answers = made.model.predict(make_table(50, seed=9))
    assert answers.columns == ["prediction", "probability_no", "probability_yes"]
    assert set(answers["prediction"]) <= {"yes", "no"}
    total = answers["probability_no"].cast(pl.Float64) + answers["probability_yes"].cast(pl.Float64)
    assert (total - 1).abs().max() < 1e-6


def test_pandas_in_pandas_out_with_its_index(run):
    pandas = pytest.importorskip("pandas")
    made, _ = run
    frame = pandas.DataFrame(make_table(8, seed=3).to_dict(as_series=False), index=list("abcdefgh"))
    answers = made.model.predict(frame)
    assert isinstance(answers, pandas.DataFrame)
    assert list(answers.index) == list("abcdefgh")
    polars = made.model.predict(make_table(8, seed=3))
    assert list(answers["prediction"]) == polars["prediction"].to_list()


CELLS = {
    "customer": st.just("C-1"),
    "age": st.one_of(st.none(), st.integers(-5, 200), st.floats(-1e6, 1e6), st.just("")),
    "city": st.one_of(st.none(), st.sampled_from(["Bern", "Rome", "Oslo", "Paris", "Atlantis", ""])),
    "income": st.one_of(st.none(), st.floats(-1e9, 1e9)),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=9))
def test_a_batch_answers_as_one_row_at_a_time_bit_for_bit(run, rows):
    bundle = run[0].model.bundle
    batch = bundle.predict_rows(rows)
    for i, row in enumerate(rows):
        alone = bundle.predict_rows([row])
        assert alone.rejected[0] == batch.rejected[i]
        assert alone.prediction[0] == batch.prediction[i]
        assert alone.probabilities[0].tobytes() == batch.probabilities[i].tobytes()


def test_a_frame_answers_as_rows_and_as_a_fresh_process_bit_for_bit(run, tmp_path):
    made, place = run
    frame = make_table(120, seed=5)
    frame.write_parquet(tmp_path / "new.parquet")
    here = made.model.bundle.predict_frame(frame).probabilities
    rows = made.model.bundle.predict_rows(frame.to_dicts()).probabilities
    assert here.tobytes() == rows.tobytes()
    program = (
        "import sys, mainstay, polars\n"
        "model = mainstay.load(sys.argv[1])\n"
        "answers = model.bundle.predict_frame(polars.read_parquet(sys.argv[2])).probabilities\n"
        "sys.stdout.write(answers.tobytes().hex())\n"
    )
    command = [sys.executable, "-c", program, str(place), str(tmp_path / "new.parquet")]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert here.tobytes().hex() == there


def test_any_flipped_byte_is_refused(run):
    data = run[1].read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(data), 200, replace=False):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(mainstay.BundleError) as refused:
            mainstay.load(bytes(damaged))
        assert len(str(refused.value)) > 20
    assert isinstance(refused.value, IntegrityError | mainstay.BundleError)


def test_noise_is_called_noise(tmp_path):
    made = mainstay.train(
        make_table(500, seed=2, noise=True), target="left", time_budget=BUDGET, models=("logistic", "lightgbm_small")
    )
    metric = made.to_dict()["metric"]
    assert metric["low"] <= 0.5 <= metric["high"]
    assert "beats the baseline" in made.report


def test_the_same_seed_gives_the_same_graph():
    digests = {
        mainstay.train(make_table(), target="left", time_budget=BUDGET, models=("logistic",), seed=4).model.bundle.model
        for _ in range(2)
    }
    assert len(digests) == 1


def test_regression_with_derived_columns_and_preparation():
    rng = np.random.default_rng(0)
    side, height = rng.uniform(1, 5, 300), rng.uniform(1, 5, 300)
    frame = pl.DataFrame({"side": side, "height": height, "volume": side * side * height})
    plain = mainstay.train(frame, target="volume", models=("ridge",), time_budget=BUDGET)
    helped = mainstay.train(
        frame, target="volume", models=("ridge",), derive=["cube = side * side * height"], time_budget=BUDGET
    )
    assert helped.to_dict()["metrics"]["r2"]["value"] > 0.999 > plain.to_dict()["metrics"]["r2"]["value"]
    assert helped.model.predict(frame.drop("volume"))["prediction"].dtype == pl.Float64


def test_classes_that_are_numbers_come_back_as_numbers():
    frame = make_table(200).with_columns(left=pl.when(pl.col("left") == "yes").then(2).otherwise(1))
    made = mainstay.train(frame, target="left", models=("logistic",), time_budget=BUDGET)
    assert made.model.predict(frame)["prediction"].dtype == pl.Int64


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        (lambda t: t, {"target": "lift"}, DataError, "left"),
        (lambda t: t.with_columns(left=pl.lit("yes")), {}, DataError, "yes"),
        (lambda t: t.head(5), {}, DataError, "row"),
        (lambda t: t, {"models": ("magic",)}, UsageError, "magic"),
        (lambda t: t, {"metric": "rmse"}, UsageError, "rmse"),
        (lambda t: t, {"positive": "perhaps"}, UsageError, "perhaps"),
        (lambda t: t, {"split": "time:when"}, UsageError, "when"),
        (lambda t: t, {"time_budget": "soon"}, UsageError, "soon"),
        (lambda t: t, {"out": "model.pkl"}, UsageError, "model.pkl"),
        (lambda t: t, {"derive": ["x = agee * 2"]}, mainstay.MainstayError, "agee"),
    ],
)
def test_what_cannot_work_gets_a_sentence(change, options, error, words):
    with pytest.raises(error, match=words) as raised:
        mainstay.train(change(make_table(100)), **{"target": "left", "time_budget": BUDGET, **options})
    assert raised.value.hint or raised.value.where


def test_a_class_that_only_the_held_out_rows_have_is_counted_and_left_out():
    frame = make_table(300).with_row_index("day")
    frame = frame.with_columns(left=pl.when(pl.col("day") > 280).then(pl.lit("aaa")).otherwise(pl.col("left")))
    made = mainstay.train(frame, target="left", split="time:day", models="logistic", time_budget=BUDGET)
    figures = made.to_dict()
    assert made.model.bundle.outputs.labels == ("no", "yes")
    assert "rows.unseen_class" in {one["code"] for one in figures["findings"]}
    assert figures["rows"]["left_out"] == 19
    assert figures["metric"]["value"] > 0.7


def test_rows_that_the_schema_refuses_are_left_out_and_counted():
    import msgspec

    frame = make_table(300)
    schema = mainstay.profile(frame, target="left").schema
    strict = [
        msgspec.structs.replace(one, nullable=False, on_missing="reject") if one.name == "income" else one
        for one in schema.columns
    ]
    made = mainstay.train(
        frame, target="left", models="logistic", time_budget=BUDGET, schema=mainstay.Schema(columns=tuple(strict))
    )
    missing = frame["income"].null_count()
    assert made.to_dict()["rows"]["left_out"] == missing > 0
    assert made.model.predict(frame.filter(pl.col("income").is_null()))["prediction"].null_count() == missing


def test_few_groups_make_few_folds_and_wider_intervals():
    frame = make_table(300).with_columns(clinic=pl.Series([f"c{i % 6}" for i in range(300)]))
    made = mainstay.train(frame, target="left", split="group:clinic", models="logistic", time_budget=BUDGET)
    again = made.model.evaluate(frame).to_dict()["metrics"]["accuracy"]
    alone = made.model.evaluate(frame.drop("clinic")).to_dict()["metrics"]["accuracy"]
    assert again["value"] == alone["value"]
    assert again["high"] - again["low"] != pytest.approx(alone["high"] - alone["low"])


def test_a_boolean_target_is_known_in_every_spelling(tmp_path):
    frame = make_table(200).with_columns(left=pl.col("left") == "yes")
    made = mainstay.train(frame, target="left", models="logistic", time_budget=BUDGET)
    assert made.model.predict(frame)["prediction"].dtype == pl.Boolean
    frame.with_columns(left=pl.col("left").cast(pl.Int8)).write_csv(tmp_path / "figures.csv")
    frame.with_columns(left=pl.col("left").cast(pl.String).str.to_titlecase()).write_csv(tmp_path / "words.csv")
    for name in ("figures.csv", "words.csv"):
        assert made.model.evaluate(tmp_path / name).to_dict()["rows"] == 200


def test_no_time_limit_and_a_very_short_one(tmp_path):
    endless = mainstay.train(make_table(150), target="left", models="logistic", time_budget=None)
    assert {line["status"] for line in endless.leaderboard} == {"done"}
    short = mainstay.train(make_table(150), target="left", time_budget=6, out=tmp_path / "new" / "short.mainstay")
    assert short.leaderboard
    assert (tmp_path / "new" / "short.mainstay").exists()


def test_a_python_file_beside_the_data_is_never_run(tmp_path, monkeypatch):
    make_table(150).write_csv(tmp_path / "rows.csv")
    (tmp_path / "lightgbm.py").write_text("open('ran', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    made = mainstay.train("rows.csv", target="left", models="logistic", time_budget=BUDGET)
    assert not (tmp_path / "ran").exists()
    assert made.leaderboard


def test_an_interrupted_run_keeps_its_best_model(tmp_path):
    import signal
    import time

    make_table(3000).write_csv(tmp_path / "rows.csv")
    command = [sys.executable, "-m", "mainstay", "train", str(tmp_path / "rows.csv"), "--target", "left"]
    process = subprocess.Popen(
        [*command, "--time-budget", "60s", "-o", str(tmp_path / "kept.mainstay"), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stderr:
        if "logistic" in line:
            break
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["leaderboard"]
    assert mainstay.verify(tmp_path / "kept.mainstay").to_dict()["ok"]

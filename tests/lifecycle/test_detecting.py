"""The verb detect from a table to alarms with reasons, and every other verb on what it wrote."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay import DataError, MainstayError, UsageError

CLASSIFIER = Path(__file__).resolve().parents[1] / "golden" / "format_2_classification.mainstay"
CHANCE = np.random.default_rng(11)
ROWS = 400
PLANTED = {7: "amount", 90: "age", 200: "country", 333: "hours"}


def table(rows=ROWS):
    frame = pl.DataFrame({
        "id": [f"case {at:05d}" for at in range(rows)],
        "amount": CHANCE.normal(50, 10, rows).round(2),
        "age": CHANCE.integers(20, 70, rows),
        "hours": CHANCE.normal(8, 1, rows).round(1),
        "country": CHANCE.choice(["NL", "DE"], rows),
    })  # fmt: skip
    odd = {"amount": 4980.0, "age": 140, "hours": 23.5, "country": "NG"}
    for row, column in PLANTED.items():
        frame[row, column] = odd[column]
    frame[200, "age"] = 110  # a rare word alone is not the oddest of all
    return frame


FRAME = table()
LABELS = pl.Series("odd", [int(at in PLANTED) for at in range(ROWS)])


@pytest.fixture(scope="module")
def found():
    return mainstay.detect(FRAME, alarm="top=4", method="knn", seed=1, time_budget=None)


@pytest.fixture(scope="module")
def bundle(found, tmp_path_factory):
    return found.save(tmp_path_factory.mktemp("detected") / "cases.mainstay")


def test_planted_rows_are_flagged_and_their_column_is_in_the_reason(found):
    assert set(found.flagged.nonzero()[0].tolist()) == set(PLANTED)
    for row, column in PLANTED.items():
        assert column in found.reasons[row]
    assert [reason is None for reason in found.reasons] == (~found.flagged).tolist()


def test_the_default_detector_flags_them_too():
    found = mainstay.detect(FRAME, alarm="top=40", seed=1, time_budget=None)
    for row, column in PLANTED.items():
        assert found.flagged[row]
        assert column in found.reasons[row]
    assert len(found.to_dict()["members"]) > 2


def test_what_is_shown_are_the_answers_of_the_bundle(found, bundle):
    model = mainstay.load(bundle)
    assert model.predict(FRAME).equals(found.answers)
    assert found.frame.columns == [*FRAME.columns, "score", "p_value", "flagged", "reason"]
    assert ((found.p_values > 0) & (found.p_values <= 1)).all()


def test_a_row_alone_has_the_bits_that_it_has_in_the_table(found):
    alone = pl.concat([found.model.predict(FRAME[at]) for at in (0, 7, 200, 399)])
    assert alone.equals(found.answers[[0, 7, 200, 399]])
    served = found.model.bundle.asked.predict_rows(FRAME.head(20).to_dicts())
    assert np.array_equal(served.score, found.scores[:20])
    assert list(served.reason) == found.reasons[:20]


def test_the_assumed_case_is_said(found):
    figures = found.to_dict()
    assert (figures["reference"], figures["assumed"]) == ("contaminated", True)
    (said,) = [one for one in figures["findings"] if one["code"] == "reference"]
    assert "assumed: contaminated" in said["message"]
    assert "--reference clean" in said["advice"]


def test_figures_are_plain_and_whole(found):
    figures = found.to_dict()
    assert json.loads(json.dumps(figures)) == figures
    assert {"rows", "flagged", "alarm", "guarantee", "top", "columns", "digest", "seconds"} <= set(figures)
    assert figures["flagged"] == 4
    assert {one["row"] - 1 for one in figures["top"][:4]} == set(PLANTED)
    assert sum(one["share"] for one in figures["columns"]) == pytest.approx(1.0)
    assert figures["metrics"] == {}
    assert "rows flagged" in found.headline()
    assert "case" not in found.headline()


def test_labels_of_all_rows_judge_and_do_not_teach_and_the_same_seed_gives_the_same_bits(found):
    judged = mainstay.detect(
        FRAME.with_columns(LABELS), labels="odd", alarm="top=4", method="knn", seed=1, time_budget=None
    )
    assert np.array_equal(judged.scores, found.scores)
    figures = judged.to_dict()
    assert figures["metrics"]["recall"]["value"] == 1.0
    assert figures["metrics"]["roc_auc"]["low"] < figures["metrics"]["roc_auc"]["value"]
    assert figures["taught"] is None
    assert any(one["code"] == "labels.complete" for one in figures["findings"])


def test_an_alarm_over_the_batch_flags_other_rows_with_reasons(found):
    answers = found.model.predict(FRAME, alarm="top=9")
    assert answers["flagged"].sum() == 9
    assert answers.filter("flagged")["reason"].null_count() == 0
    assert answers.filter(~pl.col("flagged"))["reason"].null_count() == ROWS - 9
    told = mainstay.predict(found.model, FRAME, alarm="rate=0.02").to_dict()["alarms"]
    assert told["alarm"] == "rate=0.02"


def test_a_file_of_clean_rows_judges_the_data_as_a_whole():
    clean = table(1500).filter(~pl.int_range(pl.len()).is_in(list(PLANTED)))
    found = mainstay.detect(FRAME, reference=clean, alarm="fdr=0.2", method="knn", time_budget=None)
    assert found.flagged[list(PLANTED)].sum() >= 3
    assert found.flagged.sum() <= 8
    assert "Benjamini-Hochberg" in found.to_dict()["guarantee"]
    assert found.to_dict()["assumed"] is False
    assert np.array_equal(found.model.predict(FRAME, alarm="fdr=0.2")["flagged"].to_numpy(), found.flagged)


def test_asking_writes_rows_and_the_filled_in_file_teaches(tmp_path):
    chance = np.random.default_rng(3)
    odd = np.arange(600) < 24
    frame = pl.DataFrame(chance.normal(size=(600, 4)) + np.outer(odd, [2.6, -2.0, 0, 0]), schema=list("abcd"))
    sheet = tmp_path / "feedback.csv"
    first = mainstay.detect(frame, ask=8, method="knn", out=sheet, time_budget=None)
    asked = pl.read_csv(sheet)
    assert asked["label"].null_count() == 8
    assert first.to_dict()["feedback"] == str(sheet)
    asked.with_columns(label=pl.Series([int(odd[row - 1]) for row in asked["row"]])).write_csv(sheet)
    second = mainstay.detect(frame, labels=sheet, ask=3, method="knn", time_budget=None)
    assert "known anomalies" in second.to_dict()["taught"]
    assert second.to_dict()["members"][-1]["name"] == "taught"
    assert second.ask["label"].null_count() == 3
    assert len(second.ask) == 11
    assert not set(second.ask["row"][:3]) & set(asked["row"])
    assert second.model.predict(frame).equals(second.answers)
    with pytest.raises(UsageError, match="other values"):
        mainstay.detect(frame.reverse(), labels=sheet, method="knn")
    with pytest.raises(UsageError, match="no row of the table"):
        mainstay.detect(frame.head(5), labels=sheet, method="knn")


def test_the_other_verbs_know_detectors(found, bundle, tmp_path):
    shown = mainstay.inspect(bundle).to_dict()
    assert (shown["task"], shown["reference"], shown["alarm"]["rule"]) == ("anomaly_detection", "contaminated", "top")
    assert mainstay.verify(bundle).to_dict()["ok"]
    page = mainstay.report(bundle, out=tmp_path / "report.html").to_dict()["report"]
    assert found.model.digest in (tmp_path / "report.html").read_text(encoding="utf-8"), page
    why = mainstay.explain(bundle, FRAME.head(20), top=1)
    columns = ["amount", "age", "hours", "country"]
    assert np.allclose(why.frame.select(columns).sum_horizontal() + why.frame["base"], why.frame["answer"])
    assert why.frame["reason"].null_count() == 0
    assert "anomalies" in repr(found.model)


def test_evaluating_needs_labels_for_metrics_only(found):
    plain = mainstay.evaluate(found.model, FRAME).to_dict()
    assert (plain["metrics"], plain["flagged"], plain["task"]) == ({}, 4, "anomaly_detection")
    scored = mainstay.evaluate(found.model, FRAME.with_columns(LABELS), labels="odd").to_dict()
    assert scored["metrics"]["precision"]["value"] == 1.0
    assert scored["labelled"] == {"rows": ROWS, "anomalies": 4, "k": 4}
    with pytest.raises(UsageError, match="first k"):
        mainstay.evaluate(found.model, FRAME, at_k=10)


def test_two_detectors_are_compared_on_labelled_rows(found):
    labelled = FRAME.with_columns(LABELS)
    blind = mainstay.detect(FRAME, columns=["age"], method="histogram", alarm="top=4", time_budget=None)
    told = mainstay.compare(found.model, blind.model, labelled, labels="odd").to_dict()
    assert told["metric"] == "average_precision"
    assert told["comparison"]["difference"] > 0.2
    assert [one["name"] for one in told["models"]] == ["model 1", "model 2"]
    with pytest.raises(UsageError, match="labels"):
        mainstay.compare(found.model, blind.model, FRAME)


def test_what_is_about_other_models_gets_a_sentence(found):
    model = mainstay.load(CLASSIFIER)
    with pytest.raises(UsageError, match="finds anomalies"):
        model.predict([{"age": 31}], alarm="top=1")
    with pytest.raises(UsageError):
        mainstay.compare(found.model, model, FRAME.with_columns(LABELS), labels="odd")
    with pytest.raises(UsageError):
        mainstay.explain(found.model, FRAME, label="yes")


@pytest.mark.parametrize(
    ("data", "wishes", "said"),
    [
        (np.ones((50, 3)), {}, "no column is left"),
        (np.ones((1, 3)), {}, "no column is left"),
        (pl.DataFrame({"a": [], "b": []}), {}, "no rows"),
        (FRAME.select("id"), {}, "identifier|no column is left"),
        (FRAME, {"alarm": "fdr=2"}, "between 0 and 1"),
        (FRAME, {"alarm": "loud"}, "alarm"),
        (FRAME, {"method": "forest"}, "no detector 'forest'"),
        (FRAME, {"labels": "nothing"}, "no column 'nothing'"),
        (FRAME, {"labels": [1, 0]}, "400 rows need a label each"),
        (FRAME, {"reference": "nowhere.csv"}, "no such file"),
        (FRAME, {"out": "rows.xlsx"}, "must end in"),
    ],
)
def test_what_cannot_be_gets_a_sentence(data, wishes, said):
    with pytest.raises(MainstayError, match=said):
        mainstay.detect(data, **wishes)


def test_a_million_equal_rows_end_at_once():
    with pytest.raises(DataError, match="no column is left"):
        mainstay.detect(np.ones((1_000_000, 3), np.float32))


NUMBERS = CHANCE.normal(size=(120, 3))


@pytest.mark.parametrize(
    "data",
    [
        NUMBERS[:2],
        np.column_stack([NUMBERS, np.full(120, 7.0)]),
        CHANCE.integers(0, 256, (120, 3)).astype(np.uint8),
        CHANCE.integers(-(2**15), 2**15, (120, 3)).astype(np.int16),
        np.where(np.arange(120)[:, None] % 7 == 3, np.nan, NUMBERS),
        np.where(NUMBERS > 2, np.inf, NUMBERS),
        np.repeat(NUMBERS[:4], 30, axis=0),
        NUMBERS > 1.5,
        pl.DataFrame({"text": [f"the {at % 9}th of words about {at % 5} things" for at in range(120)]}),
        pl.DataFrame({"day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 29), eager=True)}),
        pl.DataFrame({"one": ["a", "b", "c", "a"] * 30, "two": ["x", "y"] * 60}),
    ],
    ids=["two rows", "constant", "uint8", "int16", "gaps", "infinite", "doubles", "flags", "text", "dates", "words"],
)
def test_odd_tables_have_answers(data):
    found = mainstay.detect(data, alarm="top=3", method="isolation_forest", time_budget=None)
    there = ~np.isnan(found.scores)
    assert there.sum() + found.to_dict()["refused"] == len(found.scores)
    assert there.any()
    assert np.isfinite(found.scores[there]).all()
    assert all(found.reasons[at] for at in found.flagged.nonzero()[0])


def test_whole_numbers_do_not_wrap_around():
    rows = CHANCE.integers(100, 110, (200, 2)).astype(np.uint8)
    rows[17] = [255, 0]
    found = mainstay.detect(rows, alarm="top=1", method="knn", time_budget=None)
    assert found.flagged.nonzero()[0].tolist() == [17]


def test_more_alarms_than_rows_flag_all_of_them():
    found = mainstay.detect(NUMBERS, alarm="top=500", method="histogram", time_budget=None)
    assert found.flagged.all()
    assert all(found.reasons)


def test_an_interrupted_run_says_so_and_keeps_what_it_has():
    import signal

    def stop(event):
        if getattr(event, "stage", "") == "learn" and type(event).__name__ == "StageBegun":
            signal.raise_signal(signal.SIGINT)

    found = mainstay.detect(FRAME, alarm="top=4", method="knn", listener=stop, time_budget="60s")
    assert found.interrupted
    assert found.flagged.sum() == 4

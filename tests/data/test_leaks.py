"""The audit finds planted leaks and the real ones, and lets honest data pass."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.schema import Column, Schema
from mainstay.data import leaks
from mainstay.data.leaks import audit
from mainstay.data.leaks_solo import Goal, auc, score_bins
from mainstay.data.leaks_sums import find_formula
from mainstay.data.split import split
from mainstay.data.table import Table

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
ROWS = 1500


def number(name, **marks):
    return Column(name=name, kind="number", **marks)


def category(name, **marks):
    return Column(name=name, kind="category", **marks)


def look(cells, *columns, **options):
    return audit(Table(pl.DataFrame(cells), source="test", digest=""), Schema(columns=columns), **options)


def grades(found, severity):
    return {(one.code, one.column) for one in found.findings if one.severity == severity}


@pytest.fixture(scope="module")
def honest():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, ROWS))
    town = rng.choice(["x", "y", "z"], ROWS)
    chance = 1 / (1 + np.exp(-(a + b + 0.5 * (town == "x"))))
    return {"a": a, "b": b, "c": c, "town": town, "y": np.where(rng.random(ROWS) < chance, "yes", "no")}


COLUMNS = (number("a"), number("b"), number("c"), category("town"), category("y", role="target"))


class TestColumns:
    def test_honest_columns_pass(self, honest):
        found = look(honest, *COLUMNS)
        assert found.findings == ()
        assert found.solo[0].column in ("a", "b")
        assert abs(next(one.score for one in found.solo if one.column == "c") - 0.5) < 0.05

    def test_a_shuffled_target_is_told_by_nothing(self, honest):
        cells = honest | {"y": np.random.default_rng(1).permutation(honest["y"])}
        found = look(cells, *COLUMNS)
        assert found.findings == ()
        assert max(abs(one.score - 0.5) for one in found.solo) < 0.06

    @pytest.mark.parametrize("kind", ["number", "category"])
    def test_a_copy_of_the_target_is_an_error(self, honest, kind):
        copy = np.where(honest["y"] == "yes", "17", "4")
        found = look(honest | {"copy": copy}, *COLUMNS, Column(name="copy", kind=kind))
        assert grades(found, "error") == {("leak.solo", "copy")}

    def test_the_target_on_another_scale_is_an_error(self, honest):
        y = np.exp(3 * honest["a"] + honest["b"])
        cells = {"a": honest["a"], "b": honest["b"], "c": np.sqrt(y) + 7, "y": y}
        found = look(cells, number("a"), number("b"), number("c"), number("y", role="target"))
        assert ("leak.solo", "c") in grades(found, "error")

    def test_a_column_known_only_afterwards_stands_out(self, honest):
        late = (honest["y"] == "yes") * 1.5 + np.random.default_rng(2).normal(size=ROWS)
        found = look(honest | {"late": late}, *COLUMNS, number("late"))
        assert grades(found, "warning") == {("leak.suspect", "late")}

    def test_a_telling_row_number_is_found_in_any_form(self, honest):
        order = np.argsort(honest["y"], kind="stable")
        cells = {name: values[order] for name, values in honest.items()} | {"no": np.arange(ROWS)}
        for column in (number("no"), Column(name="no", kind="identifier", role="ignored")):
            assert ("leak.identifier", "no") in grades(look(cells, *COLUMNS, column), "error")
        text = cells | {"no": [str(row) for row in range(ROWS)]}
        assert ("leak.identifier", "no") in grades(look(text, *COLUMNS, Column(name="no", kind="identifier")), "error")

    def test_ignored_columns_are_not_scored(self, honest):
        found = look(honest | {"copy": honest["y"]}, *COLUMNS, category("copy", role="ignored"))
        assert found.findings == ()

    def test_only_training_rows_are_scored(self, honest):
        train, test = np.arange(1000), np.arange(1000, ROWS)
        copy = np.where(honest["y"] == "yes", "1", "0")
        copy[:1000] = "0"
        found = look(honest | {"copy": copy}, *COLUMNS, category("copy"), train=train, test=test)
        assert abs(next(one.score for one in found.solo if one.column == "copy") - 0.5) < 0.05

    def test_no_time_left_is_said(self, honest):
        found = look(honest, *COLUMNS, seconds=0)
        assert found.findings[-1].code == "leak.unfinished"
        assert "4 columns" in found.findings[-1].message

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            ("judge_pairs", "pairs of columns"),
            ("losses_without", "what a model loses without each column"),
            ("judge_order", "rows that are nearly the same"),
        ],
    )
    def test_what_the_clock_cuts_off_is_named(self, honest, part, words, monkeypatch):
        """The clock jumps to its end when a part begins: all that comes after it is named, what came before is not."""
        past, whole = [0.0], getattr(leaks, part)

        def slow(*args, **kwargs):
            past[0] = 100.0
            return whole(*args, **kwargs)

        monkeypatch.setattr(leaks, "perf_counter", lambda: past[0])
        monkeypatch.setattr(leaks, part, slow)
        found = [one for one in look(honest, *COLUMNS, seconds=50).findings if one.code == "leak.unfinished"]
        assert len(found) == 1
        assert words in found[0].message
        assert "rows that are nearly the same" in found[0].message
        assert "by themselves" not in found[0].message

    def test_enough_time_leaves_nothing_to_say(self, honest):
        assert "leak.unfinished" not in {one.code for one in look(honest, *COLUMNS, seconds=60).findings}

    def test_the_model_is_asked_before_near_copies(self, honest, monkeypatch):
        past, near = [0.0], leaks.judge_near_copies

        def slow(*args, **kwargs):
            past[0] = 100.0
            return near(*args, **kwargs)

        monkeypatch.setattr(leaks, "perf_counter", lambda: past[0])
        monkeypatch.setattr(leaks, "judge_near_copies", slow)
        assert look(honest, *COLUMNS, seconds=50).without

    def test_same_seed_same_answer(self, honest):
        assert look(honest, *COLUMNS, seconds=60) == look(honest, *COLUMNS, seconds=60)

    def test_missing_values_and_targets_do_no_harm(self, honest):
        cells = {
            name: [None if row % 7 == 0 else cell for row, cell in enumerate(values.tolist())]
            for name, values in honest.items()
        }
        assert look(cells, *COLUMNS).findings == ()

    @pytest.mark.parametrize("rows", [0, 1, 20])
    def test_too_few_rows_give_no_scores(self, honest, rows):
        frame = pl.DataFrame(honest).head(rows)
        assert audit(Table(frame, source="t", digest=""), Schema(columns=COLUMNS)).solo == ()

    def test_the_dictionary_is_json(self, honest):
        assert json.loads(json.dumps(look(honest, *COLUMNS).to_dict()))["solo"][0]["metric"] == "roc_auc"


class TestFormulas:
    @pytest.mark.parametrize(
        ("formula", "text"),
        [
            (lambda a, b, c: a + b, "a + b"),
            (lambda a, b, c: a - c, "a - c"),
            (lambda a, b, c: 2.5 * a + b - c, "2.5 a + b - c"),
            (lambda a, b, c: a * b, "a * b"),
            (lambda a, b, c: a / c, "a / c"),
        ],
    )
    def test_exact_ones(self, formula, text):
        rng = np.random.default_rng(0)
        a, b, c = rng.lognormal(size=(3, 500))
        found = find_formula({"a": a, "b": b, "c": c}, formula(a, b, c))
        assert found.exact
        words = set(text.replace(" - ", " ").replace(" + ", " ").split())
        assert words == set(found.text().replace(" - ", " ").replace(" + ", " ").removeprefix("-").split())

    def test_a_sum_with_a_small_rest(self):
        rng = np.random.default_rng(0)
        fare, tip = rng.gamma(2, 5, (2, 800))
        found = find_formula({"fare": fare, "tip": tip}, fare + tip + rng.choice([0.0, 0.5, 1.0], 800))
        assert not found.exact
        assert {name for name, _ in found.terms} == {"fare", "tip"}

    def test_honest_regressions_have_none(self):
        rng = np.random.default_rng(0)
        a, b = rng.normal(size=(2, 500))
        assert find_formula({"a": a, "b": b}, a + b + rng.normal(size=500)) is None
        assert find_formula({"a": a}, 2 * a) is None  # one column alone is a copy, which the scores find

    def test_a_sum_is_an_error_that_names_its_columns(self):
        rng = np.random.default_rng(0)
        a, b, c = rng.integers(0, 100, (3, 400))
        found = look(
            {"a": a, "b": b, "c": c, "y": a + b}, number("a"), number("b"), number("c"), number("y"), target="y"
        )
        error = next(one for one in found.findings if one.code == "leak.formula")
        assert error.severity == "error"
        assert "'a'" in error.message
        assert "'c'" not in error.message


class TestRows:
    def test_copies_across_a_split(self, honest):
        cells = {name: np.concatenate([values, values[:10]]) for name, values in honest.items()}
        train, test = np.arange(ROWS), np.arange(ROWS, ROWS + 10)
        found = look(cells, *COLUMNS, train=train, test=test)
        error = next(one for one in found.findings if one.code == "leak.copies")
        assert error.severity == "error"
        assert "10 of 10 test rows" in error.message
        assert error.rows[0] == ROWS + 1

    def test_our_own_split_leaves_no_copies(self, honest):
        from mainstay.data.split_table import split_table

        cells = {name: np.concatenate([values, values[:300]]) for name, values in honest.items()}
        table, schema = Table(pl.DataFrame(cells), source="t", digest=""), Schema(columns=COLUMNS)
        sides = split_table(table, schema, (cells["y"] == "yes").astype(np.int64))
        found = audit(table, schema, train=sides.train, test=sides.test)
        assert not [one for one in found.findings if one.code == "leak.copies"]

    def test_a_time_asks_for_a_split_by_time(self, honest):
        days = pl.date_range(pl.date(2020, 1, 1), pl.date(2030, 1, 1), eager=True).head(ROWS)
        when = Column(name="day", kind="datetime")
        found = look(honest | {"day": days}, *COLUMNS, when)
        advice = next(one for one in found.findings if one.code == "leak.time")
        assert advice.severity == "warning"
        assert "--split time:day" in advice.advice
        assert not [
            one
            for one in look(honest | {"day": days}, *COLUMNS, when, how="time:day").findings
            if one.code == "leak.time"
        ]

    def test_a_rising_number_is_told(self, honest):
        clock = np.sort(np.random.default_rng(0).uniform(0, 1e5, ROWS))
        found = look(honest | {"clock": clock}, *COLUMNS, number("clock"))
        assert ("leak.order", "clock") in grades(found, "info")

    def test_columns_that_tell_the_sides_apart(self, honest):
        year = np.repeat([2011, 2012], [1200, ROWS - 1200])
        sides = split(np.zeros(ROWS), how="time:day", order=np.arange(ROWS))
        found = look(
            honest | {"year": year}, *COLUMNS, number("year"), how="time:day", train=sides.train, test=sides.test
        )
        assert ("leak.proxy", "year") in grades(found, "warning")

    def test_things_that_come_back_ask_for_a_split_by_group(self, honest):
        patients = np.random.default_rng(0).integers(0, 400, ROWS)
        tied = np.where(patients % 2 == 0, "yes", "no")
        cells = honest | {"patient": [f"p{one}" for one in patients], "y": tied}
        columns = (*COLUMNS, Column(name="patient", kind="identifier", role="ignored"))
        found = look(cells, *columns)
        advice = next(one for one in found.findings if one.code == "leak.group")
        assert advice.severity == "warning"
        assert "100% of cases" in advice.message
        assert "--split group:patient" in advice.advice
        again = look(cells, *columns, how="group:patient")
        assert not [one for one in again.findings if one.code == "leak.group"]

    def test_words_that_end_like_an_identifier_are_none(self, honest):
        acid = np.round(np.random.default_rng(0).normal(5, 1, ROWS), 1)
        found = look(honest | {"citric acid": acid, "paid": acid}, *COLUMNS, number("citric acid"), number("paid"))
        assert found.findings == ()


class TestScores:
    def test_auc_agrees_with_scikit_learn(self):
        from sklearn.metrics import roc_auc_score

        rng = np.random.default_rng(0)
        truth, score = rng.random(300) < 0.3, rng.integers(0, 20, 300) / 20
        assert auc(truth, score) == pytest.approx(roc_auc_score(truth, score))

    def test_a_column_of_unique_levels_gains_nothing(self):
        goal = Goal.of(np.random.default_rng(0).integers(0, 2, 1000), seed=0)
        assert score_bins(np.arange(1000), goal) == pytest.approx(0.5, abs=0.06)


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
class TestRealData:
    @staticmethod
    def table(path, kinds=(), **options):
        frame = pl.read_csv(SHARED / path, infer_schema_length=0, **options)
        kinds = dict(kinds)
        columns = []
        for name in frame.columns:
            numeric = frame[name].drop_nulls().cast(pl.Float64, strict=False).null_count() == 0
            columns.append(Column(name=name, kind=kinds.get(name, "number" if numeric else "category")))
        return Table(frame, source=path, digest=""), Schema(columns=tuple(columns))

    def test_bank_duration(self):
        found = audit(*self.table("bank_marketing/bank.csv", separator=";"), target="y", seconds=60)
        assert grades(found, "warning") == {("leak.suspect", "duration")}
        assert grades(found, "error") == set()

    def test_bike_sharing_adds_up(self):
        table = self.table("bike_sharing/hour.csv", {"dteday": "datetime"})
        found = audit(*table, target="cnt", seconds=60)
        assert ("leak.formula", "cnt") in grades(found, "error")
        assert {("leak.identifier", "instant"), ("leak.time", "dteday")} <= grades(found, "warning")

    def test_taxi_fares_add_up(self):
        found = audit(*self.table("nyc_taxis_2019/taxis.csv"), target="total", seconds=60)
        assert ("leak.formula", "total") in grades(found, "error")

    def test_the_row_number_of_the_fraud_sample(self):
        frame = pl.read_csv(SHARED / "creditcard_fraud_sample" / "creditcard_sample.csv", infer_schema_length=0)
        frame = frame.rename({frame.columns[0]: "row"}).select("row", "Time", "V1", "V2", "Amount", "Class")
        columns = (*(number(name) for name in frame.columns[:-1]), category("Class", role="target"))
        found = audit(Table(frame, source="fraud", digest=""), Schema(columns=columns), seconds=60)
        assert ("leak.identifier", "row") in grades(found, "error")

    def test_the_difficulty_column_of_nsl_kdd(self):
        table, schema = self.table(
            "nsl_kdd/KDDTrain+_20Percent.txt", has_header=False, new_columns=[f"c{place}" for place in range(1, 44)]
        )
        labels = table.frame.with_columns(
            pl.when(pl.col("c42") == "normal").then(pl.lit("no")).otherwise(pl.lit("yes")).alias("c42")
        )
        found = audit(Table(labels, source="kdd", digest=""), schema, target="c42", seconds=60)
        assert ("leak.suspect", "c43") in grades(found, "warning")

    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("iris/iris.csv", "species"),
            ("penguins/penguins.csv", "species"),
            ("seeds/seeds.csv", "variety"),
            ("california_housing/housing.csv", "median_house_value"),
            ("telco_churn/Telco-Customer-Churn.csv", "Churn"),
            ("german_credit/credit.csv", "default"),
            ("wine_quality/winequality-white.csv", "quality"),
        ],
    )
    def test_no_alarm_on_honest_data(self, path, target):
        kinds = {"customerID": "identifier", target: "number" if "housing" in path or "wine" in path else "category"}
        found = audit(*self.table(path, kinds), target=target, seconds=60)
        assert [one for one in found.findings if one.severity != "info"] == []

"""A profile counts what is there, says what is unusual, and keeps quiet about what is not."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column, Schema
from mainstay.data.quality import profile
from mainstay.data.quality_columns import describe, summarise
from mainstay.data.quality_related import correlation_ratio, cramers_v
from mainstay.data.table import Table

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def number(name, **marks):
    return Column(name=name, kind="number", **marks)


def category(name, **marks):
    return Column(name=name, kind="category", **marks)


def look(cells, *columns, **options):
    return profile(Table(pl.DataFrame(cells), source="test", digest=""), Schema(columns=columns), **options)


def codes(about, column):
    return {finding.code for finding in about.findings if finding.column == column}


def finding(about, code):
    return next(one for one in about.findings if one.code == code)


def spread(rows, seed=0):
    return np.random.default_rng(seed).normal(100, 10, rows)


class TestColumns:
    @given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200))
    @settings(max_examples=100, deadline=None)
    def test_summaries_agree_with_numpy(self, values):
        array = np.array(values)
        about = summarise(array)
        assert (about.minimum, about.maximum) == (array.min(), array.max())
        assert about.mean == pytest.approx(array.mean(), rel=1e-6, abs=1e-3)
        assert about.median == pytest.approx(np.median(array))
        assert about.zeros == (array == 0).sum()
        assert about.negatives == (array < 0).sum()
        assert about.at_maximum == (array == array.max()).sum()
        bars = about.histogram
        assert sum(bars.counts) + bars.below + bars.above == len(array)
        assert len(bars.edges) == len(bars.counts) + 1

    @given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", " ", "?", "c d"])), min_size=1, max_size=80))
    @settings(max_examples=100, deadline=None)
    def test_levels_and_missing_add_up(self, cells):
        about = describe(pl.Series("c", cells, dtype=pl.String), category("c", missing=("?",)))
        assert about.missing == sum(cell in (None, " ", "?") for cell in cells)
        assert about.missing + sum(level.rows for level in about.levels) == len(cells)
        assert about.distinct == len(about.levels)

    def test_numbers_are_read_by_the_marks_of_the_schema(self):
        cells = pl.Series("n", ["1.000,5", "2", "n/a", "", "x"])
        about = describe(cells, number("n", decimal=",", thousands=".", missing=("n/a",)))
        assert (about.missing, about.unreadable, about.numbers.maximum) == (2, 1, 1000.5)

    def test_datetimes_show_their_ends(self):
        cells = pl.Series("d", ["03/04/2020", "01/12/2019", None])
        about = describe(cells, Column(name="d", kind="datetime", formats=("%d/%m/%Y",)))
        assert (about.first, about.last, about.missing) == ("2019-12-01", "2020-04-03", 1)

    def test_texts_show_their_lengths(self):
        about = describe(pl.Series("t", ["one", "two words", None]), Column(name="t", kind="text"))
        assert (about.text.shortest, about.text.longest, about.text.words) == (3, 9, 1.5)

    def test_far_values_are_counted_and_the_rule_is_named(self):
        about = summarise(np.concatenate([spread(1000), [1e4, -1e4]]))
        assert about.outliers == 2
        assert about.outlier_rule.startswith("Tukey outer fences")

    def test_few_whole_numbers_have_a_bar_each(self):
        assert summarise(np.repeat([1.0, 2.0, 4.0], [5, 3, 1])).histogram.counts == (5, 3, 0, 1)

    def test_infinities_are_unreadable_and_large_numbers_do_not_overflow(self):
        about = describe(pl.Series("n", [3e38, -3e38, 1e308, float("inf")]), number("n"))
        assert about.unreadable == 2
        assert np.isfinite(about.numbers.std)

    @pytest.mark.parametrize("values", [[[1], [2]], [b"a", b"b"], [True, None]])
    def test_odd_types_are_described(self, values):
        assert describe(pl.Series("o", values), category("o")).distinct == len([v for v in values if v is not None])


class TestRelated:
    def test_equal_columns_are_found(self):
        values = [str(one) for one in spread(300).round(2)]
        about = look({"a": values, "b": values}, number("a"), number("b"))
        assert finding(about, "duplicate_column").column == "b"

    def test_a_code_and_its_word_are_found_across_kinds(self):
        words = np.random.default_rng(0).choice(["low", "mid", "high"], 500)
        about = look(
            {"w": words, "n": [{"low": "3", "mid": "1", "high": "7"}[word] for word in words]},
            category("w"),
            number("n"),
        )
        assert finding(about, "one_to_one").column == "n"
        assert about.associations[0].same == "one_to_one"

    def test_one_exception_beyond_the_sample_is_not_one_to_one(self):
        words = np.tile(["a", "b"], 30_000)
        other = words.copy()
        other[59_999] = "a"
        about = look({"x": words, "y": other}, category("x"), category("y"))
        assert "one_to_one" not in codes(about, "y")

    def test_measures(self):
        x = spread(400)
        group = np.where(x > 100, "high", "low")
        cells = {"x": x, "curve": np.exp(x / 10), "minus": -2 * x, "group": group, "noise": spread(400, seed=1)}
        columns = [number("x"), number("curve"), number("minus"), category("group"), number("noise")]
        pairs = {(pair.first, pair.second): pair for pair in look(cells, *columns).associations}
        assert pairs["x", "curve"].measure == "spearman"
        assert pairs["x", "curve"].value == 1
        assert pairs["group", "x"].measure == "correlation_ratio"
        assert pairs["group", "x"].value > 0.7
        assert not any("noise" in pair for pair in pairs)

    def test_pairs_with_missing_values_use_the_rows_that_have_both(self):
        x = spread(500)
        y = 3 * x
        x[:100], y[-100:] = np.nan, np.nan
        pair = look({"x": x, "y": y}, number("x"), number("y")).associations[0]
        assert pair.value == pytest.approx(1, abs=1e-6)

    def test_chance_does_not_look_like_a_relation(self):
        rng = np.random.default_rng(0)
        table = np.histogram2d(rng.integers(0, 30, 500), rng.integers(0, 30, 500), bins=30)[0].astype(int)
        assert cramers_v(table) < 0.1
        assert correlation_ratio(rng.integers(0, 100, 500), 100, rng.normal(size=(500, 1)))[0] < 0.25


class TestFindings:
    def test_ordinary_data_stay_quiet(self):
        rng = np.random.default_rng(0)
        cells = {"a": spread(1000), "b": rng.choice(["x", "y", "z"], 1000), "t": rng.choice(["no", "yes"], 1000)}
        about = look(cells, number("a"), category("b"), category("t", role="target"))
        assert about.findings == ()

    @pytest.mark.parametrize(
        ("cells", "column", "code", "words"),
        [
            ([None] * 400, number("c"), "all_missing", "no value in any row"),
            ([None] * 200 + ["1", "2"] * 100, number("c"), "missing", "200 of 400 rows (50 %)"),
            (["7"] * 400, category("c"), "constant", "'7'"),
            (["a"] * 398 + ["b"] * 2, category("c"), "near_constant", "398 of 400"),
            (["1", "2", "x", "4"] * 100, number("c"), "unreadable", "100 of 400"),
            (["0"] * 300 + [str(i) for i in range(1, 101)], number("c"), "zeros", "300 of 400 rows (75 %)"),
            (["-1"] * 100 + [str(i) for i in range(300)], number("c"), "stand_in", "-1 in 100 of 400"),
            ([str(i) for i in range(400)], Column(name="c", kind="identifier"), "identifier", "each of 400 rows"),
            ([f"k{i % 99}" for i in range(400)], category("c"), "high_cardinality", "99 categories in 400 rows"),
        ],
    )
    def test_single_columns(self, cells, column, code, words):
        about = look({"c": cells, "d": spread(400)}, column, number("d"))
        assert words in finding(about, code).message
        assert finding(about, code).column == "c"
        assert finding(about, code).advice

    def test_a_pile_at_the_top_of_the_target_is_a_limit(self):
        values = np.minimum(spread(5000), 115)
        about = look({"y": values}, number("y", role="target"))
        assert finding(about, "capped").severity == "warning"

    def test_a_few_far_values_and_a_long_tail_are_told_apart(self):
        far = np.concatenate([spread(1000), [500.0]])
        assert codes(look({"c": far}, number("c")), "c") & {"outliers", "skew"} == {"skew"}
        both = np.concatenate([spread(1000), [160.0, 40.0]])
        assert codes(look({"c": both}, number("c")), "c") == {"outliers"}

    def test_repeated_rows_are_counted_and_shown(self):
        cells = {"a": ["1", "2", "1", "3", "1"], "id": list("abcde")}
        about = look(cells, number("a"), Column(name="id", kind="identifier"))
        assert about.duplicates == 2
        assert finding(about, "duplicate_rows").rows == (3, 5)

    def test_many_columns_that_are_alike_are_told_together(self):
        cells = {f"c{place}": ["a"] * 399 + ["b"] for place in range(9)}
        about = look(cells, *(category(name) for name in cells))
        alike = [one for one in about.findings if one.code == "near_constant"]
        assert len(alike) == 1
        assert "9 columns" in alike[0].message
        assert "4 more" in alike[0].message

    def test_findings_of_others_come_along_and_are_said_once(self):
        given_one = Finding(severity="warning", code="constant", column="c", message="said before", advice="-")
        about = look({"c": ["1"] * 300}, category("c"), findings=(given_one,))
        assert [one.message for one in about.findings if one.code == "constant"] == ["said before"]

    def test_the_gravest_come_first(self):
        about = look({"c": ["1"] * 30, "y": ["a"] * 30}, category("c"), category("y", role="target"))
        order = [one.severity for one in about.findings]
        assert order == sorted(order, key=["error", "warning", "info"].index)
        assert order[0] == "error"


class TestTarget:
    def test_balance_and_rare_classes(self):
        cells = {"y": ["a"] * 950 + ["b"] * 45 + ["c"] * 5, "x": spread(1000)}
        about = look(cells, number("x"), category("y", role="target"))
        assert [level.rows for level in about.target.classes] == [950, 45, 5]
        assert "'c' has 5 rows" in finding(about, "target.imbalance").message
        assert "1 classes with fewer than 10 rows: 'c' (5)" in finding(about, "target.rare_class").message

    def test_missing_targets(self):
        about = look({"y": ["1", None, "x", "4"] * 100}, number("y"), target="y")
        assert about.target.missing == 200
        assert "200 of 400" in finding(about, "target.missing").message

    def test_rows_that_contradict_each_other(self):
        cells = {"x": ["1", "1", "2", "3"] * 100, "y": ["a", "b", "a", "b"] * 100}
        about = look(cells, number("x"), category("y", role="target"))
        assert about.target.conflicts == 200
        assert "200 rows (50 %)" in finding(about, "target.conflict").message

    def test_the_target_may_be_chosen_anew(self):
        about = look({"x": spread(300), "y": spread(300, 1)}, number("x", role="target"), number("y"), target="y")
        assert [column.role for column in about.columns] == ["feature", "target"]

    def test_an_unknown_target_is_refused(self):
        with pytest.raises(SchemaError, match="no column 'z'"):
            look({"x": [1.0]}, number("x"), target="z")
        with pytest.raises(SchemaError, match="not in the table"):
            look({"x": [1.0]}, number("x"), number("z", role="target"))


class TestShape:
    def test_the_dictionary_is_json_with_the_promised_keys(self):
        about = look({"x": [1.0, None, float("nan")], "d": ["a", "b", None]}, number("x"), category("d"))
        plain = json.loads(json.dumps(about.to_dict(), allow_nan=False))
        assert plain["rows"] == 3
        assert {"name", "kind", "role", "missing"} <= set(plain["columns"][0])
        assert {"severity", "code", "column", "message", "advice"} <= set(plain["findings"][0])

    @pytest.mark.parametrize("rows", [0, 1, 2])
    def test_tiny_tables_are_profiled(self, rows):
        cells = {"n": ["1", "2"][:rows], "c": ["a", "b"][:rows], "d": ["2020-01-01", "x"][:rows]}
        frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))
        columns = (number("n"), category("c", role="target"), Column(name="d", kind="datetime"))
        about = profile(Table(frame, source="t", digest=""), Schema(columns=columns))
        assert about.rows == rows

    def test_same_seed_same_profile(self):
        cells = {"a": spread(30_000), "b": spread(30_000, 1)}
        assert look(cells, number("a"), number("b"), seed=3) == look(cells, number("a"), number("b"), seed=3)


@pytest.mark.real_data
@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
class TestRealData:
    def test_california_is_capped(self):
        frame = pl.read_csv(SHARED / "california_housing" / "housing.csv", infer_schema_length=0)
        names = [name for name in frame.columns if name != "ocean_proximity"]
        about = profile(
            Table(frame, source="housing", digest=""),
            Schema(columns=tuple(number(name) for name in names)),
            target="median_house_value",
        )
        assert "965 of 20,640 rows have exactly the largest value, 500,001" in finding(about, "capped").message

    def test_adult_says_education_twice(self):
        frame = pl.read_parquet(SHARED / "adult" / "adult.parquet", columns=["education", "education-num", "age"])
        columns = (category("education"), number("education-num"), number("age"))
        about = profile(Table(frame, source="adult", digest=""), Schema(columns=columns))
        assert finding(about, "one_to_one").column == "education-num"

    def test_wine_repeats_rows(self):
        frame = pl.read_csv(SHARED / "wine_quality" / "winequality-red.csv", separator=";", infer_schema_length=0)
        schema = Schema(columns=tuple(number(name) for name in frame.columns))
        assert profile(Table(frame, source="wine", digest=""), schema).duplicates == 240

"""The rules of decoding, one by one, in both executors."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS, Column, Schema
from mainstay.data.decode import Decoder, decode_target

NAN = float("nan")


def decode_both(column, values):
    """Decode values by rows, and by a frame where one can hold them, and return the result that both must give."""
    decoder = Decoder(Schema(columns=(column,)))
    rows = decoder.from_rows([{column.name: value} for value in values])
    frame = decoder.from_frame(pl.DataFrame({column.name: pl.Series(values, strict=False, dtype=_dtype(values))}))
    assert rows.arrays.numbers.tobytes() == frame.arrays.numbers.tobytes()
    assert rows.arrays.categories.tolist() == frame.arrays.categories.tolist()
    assert rows.problems == frame.problems
    return rows


def _dtype(values):
    kinds = {type(value) for value in values if value is not None}
    return pl.String if kinds == {str} else None if len(kinds) == 1 else pl.Object


def numbers(column, values):
    return decode_both(column, values).arrays.numbers[:, 0].tolist()


def codes(column, values):
    return decode_both(column, values).arrays.categories[:, 0].tolist()


def same(got, expected):
    return np.array_equal(np.array(got, dtype=float), np.array(expected, dtype=float), equal_nan=True)


@pytest.mark.parametrize(
    ("fields", "values", "expected"),
    [
        ({}, ["12", " 1.5\t", "+3", "-2e3", "1.", ".5", "\u22124"], [12, 1.5, 3, -2000, 1, 0.5, -4]),
        ({}, ["", "  ", None, "nan", "NaN"], [NAN] * 5),
        ({}, ["abc", "1,5", "1_000", "\uff11", "0x10", "1e400", "inf", "true"], [NAN] * 8),
        ({}, [3, 0, -7], [3, 0, -7]),
        ({}, [0.5, NAN, float("inf"), 1e39], [0.5, NAN, NAN, NAN]),
        ({}, [True, False], [NAN, NAN]),
        ({}, [Decimal("1.25"), Decimal("7.00")], [1.25, 7]),
        ({"missing": ("-1", "?")}, ["-1", "-1.0", "?", "1"], [NAN, NAN, NAN, 1]),
        ({"missing": ("-1", "?")}, [-1, 1], [NAN, 1]),
        ({"decimal": ",", "thousands": "."}, ["1.234,56", "12", "1.2", "1.234.567"], [1234.56, 12, NAN, 1234567]),
        ({"thousands": ","}, ["1,234.5", "12,34,567", "1,2"], [1234.5, 1234567, NAN]),
        ({"thousands": " ", "decimal": ","}, ["1 234,5", "1\u00a0234,5", "1\u202f234"], [1234.5, 1234.5, 1234]),
        ({"thousands": "'"}, ["1'234.5", "1\u2019234"], [1234.5, 1234]),
        ({"unit": "$"}, ["$5", "-$5.5", "5 $", "5", "$", "$$5", "5 EUR"], [5, -5.5, 5, 5, NAN, NAN, NAN]),
        ({"unit": "%"}, ["45%", "4.5 %"], [45, 4.5]),
    ],
)
def test_numbers(fields, values, expected):
    column = Column(name="n", kind="number", **fields)
    assert same(numbers(column, values), np.array(expected, dtype=np.float32))


def test_whole_numbers_beyond_53_bits_are_rounded_as_their_text_is():
    column = Column(name="n", kind="number")
    big = [2**53 + 1, 2**63 - 1, 16777217]
    assert numbers(column, big) == numbers(column, [str(value) for value in big])


def test_negative_zero_becomes_zero():
    got = decode_both(Column(name="n", kind="number"), ["-0", "-0.0"]).arrays.numbers
    assert not np.signbit(got).any()


@pytest.mark.parametrize(
    ("words", "values", "expected"),
    [
        (("No", "Yes"), ["Yes", "yes", "NO", "true", "0", "1.0", "maybe", "", None], [1, 1, 0, 1, 0, 1, NAN, NAN, NAN]),
        ((), ["t", "f", "on", "off", "y"], [1, 0, 1, 0, 1]),
        (("male", "female"), ["female", "Male", "yes"], [1, 0, NAN]),
        (("1", "2"), ["1", "2", "2.0"], [0, 1, 1]),
        (("0", "1"), [0, 1, 2], [0, 1, NAN]),
        (("0", "1"), [0.0, 1.0, NAN], [0, 1, NAN]),
        (("No", "Yes"), [True, False], [1, 0]),
    ],
)
def test_booleans(words, values, expected):
    assert same(numbers(Column(name="b", kind="boolean", categories=words), values), expected)


@pytest.mark.parametrize(
    ("levels", "values", "expected"),
    [
        (("3", "4"), ["3", "3.0", " 4 ", "5", "", None, "04"], [0, 0, 1, 2, -1, -1, 2]),
        (("3", "4"), [3, 4, 5], [0, 1, 2]),
        (("3", "4"), [3.0, 4.5, NAN], [0, 2, -1]),
        (("3.0", "4.0"), [3, 4], [0, 1]),
        (("3", "3.0"), ["3", "3.0"], [0, 1]),
        (("007", "7"), ["007", "7", "07"], [0, 1, 2]),
        (("False", "True"), [True, False], [1, 0]),
        (("a", "A"), ["a", "A", "\u00c4"], [0, 1, 2]),
        ((), ["a", None], [0, -1]),
    ],
)
def test_categories(levels, values, expected):
    assert codes(Column(name="c", kind="category", categories=levels), values) == expected


def test_a_word_for_missing_comes_before_a_level():
    column = Column(name="c", kind="category", categories=("?", "a"), missing=("?", "99"))
    assert codes(column, ["?", "a", "99.0"]) == [-1, 1, -1]
    assert codes(column, [99, 1]) == [-1, 2]


def test_datetimes_become_their_parts():
    column = Column(name="t", kind="datetime", formats=("%d/%m/%Y %H:%M",))
    decoded = decode_both(column, ["31/12/2023 18:30"])
    assert decoded.arrays.number_names == tuple(f"t.{part}" for part in DATETIME_PARTS)
    days = (date(2023, 12, 31) - date(1970, 1, 1)).days + 18.5 / 24
    assert decoded.arrays.numbers[0].tolist() == [np.float32(days), 2023, 12, 31, 6, 18.5]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%m/%d/%Y", "3/7/2019", datetime(2019, 3, 7)),
        ("%d %B %Y", "7 MARCH 2019", datetime(2019, 3, 7)),
        ("%d/%m/%y", "07/03/68", datetime(2068, 3, 7)),
        ("%d/%m/%y", "07/03/69", datetime(1969, 3, 7)),
        ("%Y%m%d", "20190307", datetime(2019, 3, 7)),
        ("%Y-%m", "2019-03", datetime(2019, 3, 1)),
        ("%s", "1260759144", datetime(2009, 12, 14, 2, 52, 24)),
        ("%s%3f", "1260759144500", datetime(2009, 12, 14, 2, 52, 24, 500000)),
        ("%m/%d/%Y %I:%M %p", "03/07/2019 12:05 am", datetime(2019, 3, 7, 0, 5)),
        ("%d.%m.%Y", "2019-03-07T12:00:00+02:00", datetime(2019, 3, 7, 10)),
        ("%Y-%m-%d", "2019-03-07 10:00:00Z", datetime(2019, 3, 7, 10)),
    ],
)
def test_datetime_formats(form, text, expected):
    column = Column(name="t", kind="datetime", formats=(form,))
    got = decode_both(column, [text]).arrays.numbers
    assert got.tobytes() == decode_both(column, [expected]).arrays.numbers.tobytes()
    assert not np.isnan(got).any()


@pytest.mark.parametrize("text", ["2019-02-29", "2019-13-01", "0000-01-01", "2019-01-01 24:00", "soon", "+2019-01-01"])
def test_dates_that_do_not_exist_are_bad_values(text):
    decoded = decode_both(Column(name="t", kind="datetime"), [text])
    assert np.isnan(decoded.arrays.numbers).all()
    assert [problem.code for problem in decoded.problems] == ["bad"]


def test_stored_times_with_a_zone_are_moved_to_utc():
    column = Column(name="t", kind="datetime")
    aware = pl.Series("t", [datetime(2024, 7, 1, 10, tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo")
    got = Decoder(Schema(columns=(column,))).from_frame(aware.to_frame()).arrays.numbers
    assert got[0, 5] == 10


def test_texts_become_their_counts():
    column = Column(name="x", kind="text")
    decoded = decode_both(column, ["Ring 0800 NOW!", "\u00c9tat n\u00b02", ""])
    assert decoded.arrays.number_names == tuple(f"x.{part}" for part in TEXT_PARTS)
    assert decoded.arrays.numbers[0].tolist() == [14, 3, 4, 4, 1]
    assert decoded.arrays.numbers[1].tolist() == [8, 2, 1, 1, 1]
    assert np.isnan(decoded.arrays.numbers[2]).all()


POLICY_CASES = [
    ({"kind": "number"}, "on_bad", "x", "bad", NAN, NAN),
    ({"kind": "number", "nullable": False}, "on_missing", None, "missing", NAN, NAN),
    ({"kind": "number", "low": 0.0, "high": 9.0}, "on_range", "10", "range", 10, NAN),
    ({"kind": "category", "categories": ("a",)}, "on_unseen", "b", "unseen", 1, -1),
    ({"kind": "category", "categories": ("a",), "nullable": False}, "on_missing", "", "missing", -1, -1),
    ({"kind": "boolean", "nullable": False}, "on_missing", "", "missing", NAN, NAN),
    ({"kind": "boolean"}, "on_bad", "maybe", "bad", NAN, NAN),
    ({"kind": "datetime"}, "on_bad", "maybe", "bad", NAN, NAN),
    ({"kind": "text", "nullable": False}, "on_missing", " ", "missing", NAN, NAN),
]


@pytest.mark.parametrize("case", POLICY_CASES, ids=lambda case: f"{case[0]['kind']}-{case[1]}")
@pytest.mark.parametrize("policy", ["reject", "warn", "missing"])
def test_policies(case, policy):
    fields, which, value, code, used, silent = case
    column = Column(name="c", **fields, **{which: policy})
    decoded = decode_both(column, [value, value])
    block = decoded.arrays.categories if fields["kind"] == "category" else decoded.arrays.numbers
    assert same(block[:, 0], [silent if policy == "missing" else used] * 2)
    assert decoded.rejected.tolist() == [policy == "reject"] * 2
    expected = [] if policy == "missing" else [(0, "c", code, policy), (1, "c", code, policy)]
    assert [(found.row, found.column, found.code, found.action) for found in decoded.problems] == expected


def test_a_problem_says_what_was_expected_what_came_and_what_was_done():
    decoded = decode_both(Column(name="age", kind="number", low=18, high=90, on_bad="reject"), ["abc", "17"])
    assert [problem.message for problem in decoded.problems] == [
        "expected a number, and 'abc' came; the row is refused",
        "expected a number from 18 to 90, as seen in training, and '17' came; it is used as it is",
    ]


def test_problems_come_by_row_and_then_by_column():
    schema = Schema(columns=(Column(name="b", kind="number"), Column(name="a", kind="boolean")))
    frame = pl.DataFrame({"a": ["x", "z"], "b": ["x", "1"]})
    for decoded in (Decoder(schema).from_frame(frame), Decoder(schema).from_rows(frame.to_dicts())):
        assert [(problem.row, problem.column) for problem in decoded.problems] == [(0, "b"), (0, "a"), (1, "a")]


MIXED = Schema(
    columns=(
        Column(name="id", kind="identifier", role="ignored"),
        Column(name="when", kind="datetime"),
        Column(name="city", kind="category", categories=("Bern", "Rome")),
        Column(name="age", kind="number", nullable=False, on_missing="reject"),
        Column(name="churn", kind="category", role="target", categories=("No", "Yes")),
        Column(name="color", kind="category", categories=("red",)),
    )
)


def test_only_features_are_decoded_in_the_order_of_the_schema():
    decoder = Decoder(MIXED)
    assert decoder.number_names == (*(f"when.{part}" for part in DATETIME_PARTS), "age")
    assert decoder.category_names == ("city", "color")
    assert decoder.category_levels == (2, 1)
    frame = pl.DataFrame({"age": ["3"], "color": ["red"], "city": ["Rome"], "when": ["2024-01-01"]})
    arrays = decoder.from_frame(frame).arrays
    assert arrays.numbers[0, -1] == 3
    assert arrays.categories.tolist() == [[1, 0]]


def test_columns_that_are_missing_from_a_frame_are_all_named_with_near_names():
    with pytest.raises(SchemaError) as caught:
        Decoder(MIXED).from_frame(pl.DataFrame({"ages": [1], "City": ["Rome"], "when": ["2024-01-01"]}))
    message = str(caught.value)
    assert "'city', 'age', 'color'" in message
    assert "'City' for 'city'" in message
    assert "'ages' for 'age'" in message


def test_a_key_that_a_row_does_not_have_is_a_missing_value():
    decoded = Decoder(MIXED).from_rows([{"city": "Bern", "age": 3}, {"city": "Bern"}])
    assert decoded.rejected.tolist() == [False, True]
    assert [(problem.row, problem.column, problem.code) for problem in decoded.problems] == [(1, "age", "missing")]


def test_unknown_columns_are_ignored_and_listed():
    frame = pl.DataFrame({"age": [1], "city": ["Rome"], "when": ["2024-01-01"], "color": ["red"], "id": [1], "x": [2]})
    assert Decoder(MIXED).from_frame(frame).extra_columns == ("x",)
    assert Decoder(MIXED).from_rows([{"age": 1}, {"y": 1, "churn": "No"}, {"x": 1}]).extra_columns == ("y", "x")


def test_no_rows_give_empty_arrays():
    decoder = Decoder(MIXED)
    frame = pl.DataFrame(schema=dict.fromkeys(["age", "city", "when", "color"], pl.String))
    for decoded in (decoder.from_rows([]), decoder.from_frame(frame)):
        assert decoded.arrays.numbers.shape == (0, 7)
        assert decoded.arrays.categories.shape == (0, 2)


def test_a_row_that_is_no_mapping_is_refused_with_its_number():
    with pytest.raises(SchemaError, match="row 2"):
        Decoder(MIXED).from_rows([{"age": 1}, [1, 2]])


def test_values_that_are_no_scalars_are_bad_values():
    decoded = Decoder(MIXED).from_rows([{"age": [1], "city": {"a": 1}, "when": object(), "color": 10**5000}])
    assert {problem.code for problem in decoded.problems} == {"bad"}
    assert len(decoded.problems) == 4


def test_numpy_scalars_count_as_the_values_that_they_hold():
    decoded = Decoder(MIXED).from_rows(
        [{"age": np.float32(0.5), "city": np.str_("Rome"), "when": np.datetime64("2024-01-01")}]
    )
    assert decoded.arrays.numbers[0, -1] == 0.5
    assert decoded.arrays.categories[0, 0] == 1
    assert decoded.arrays.numbers[0, 1] == 2024


@pytest.mark.parametrize("kind", ["identifier", "image"])
def test_a_feature_without_numbers_is_refused(kind):
    with pytest.raises(SchemaError, match=kind):
        Decoder(Schema(columns=(Column(name="c", kind=kind),)))


@pytest.mark.parametrize("form", ["%H:%M", "%Q", "%Y %Y", "%Y-%b-%m", "%Y %y", "%Y%", "nothing"])
def test_a_malformed_datetime_format_is_refused(form):
    with pytest.raises(SchemaError, match="format"):
        Decoder(Schema(columns=(Column(name="t", kind="datetime", formats=(form,)),)))


def test_a_part_that_has_the_name_of_a_column_is_refused():
    with pytest.raises(SchemaError, match=r"t\.year"):
        Decoder(Schema(columns=(Column(name="t", kind="datetime"), Column(name="t.year", kind="number"))))


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ({"kind": "category", "categories": ("1", "2")}, ["2", "1", "", "3"], [1, 0, -1, -1]),
        ({"kind": "category", "categories": ("1", "2")}, [2, 1, None], [1, 0, -1]),
        ({"kind": "boolean", "categories": ("No", "Yes")}, ["yes", "No", "?"], [1, 0, -1]),
        ({"kind": "number", "low": 0, "high": 1, "on_range": "missing"}, ["1e300", "0.1", "x"], [1e300, 0.1, NAN]),
    ],
)
def test_targets(column, values, expected):
    schema = Schema(columns=(Column(name="y", role="target", on_missing="reject", nullable=False, **column),))
    decoded = decode_target(schema, pl.DataFrame({"y": values}))
    assert same(decoded.values, expected)
    assert decoded.usable.tolist() == [value >= 0 for value in expected]
    assert decoded.values.dtype == (np.float64 if column["kind"] == "number" else np.int64)


def test_targets_that_cannot_be_are_refused():
    with pytest.raises(SchemaError, match="no target"):
        decode_target(Schema(columns=()), pl.DataFrame({"y": [1]}))
    with pytest.raises(SchemaError, match="text"):
        decode_target(Schema(columns=(Column(name="y", kind="text", role="target"),)), pl.DataFrame({"y": [1]}))
    with pytest.raises(SchemaError, match="'y' is not in the table"):
        decode_target(Schema(columns=(Column(name="y", kind="number", role="target"),)), pl.DataFrame({"x": [1]}))


SERVING = """
import sys
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
kinds = ("number", "boolean", "category", "datetime", "text")
decoder = Decoder(Schema(columns=tuple(Column(name=kind, kind=kind) for kind in kinds)))
decoder.from_rows([{"number": "1", "boolean": "x", "category": "b", "datetime": "2024-01-01", "text": "hello", "z": 1}])
top = {name.partition(".")[0] for name in sys.modules}
ours = {name for name in top if name not in sys.stdlib_module_names and not name.startswith("_")}
print(" ".join(sorted(ours)))
"""


def test_the_serving_path_imports_numpy_and_msgspec_only():
    done = subprocess.run([sys.executable, "-S", "-c", _with_path(SERVING)], capture_output=True, text=True, check=True)
    # msgspec looks for typing_extensions and takes it where some other package has brought it.
    assert set(done.stdout.split()) - {"typing_extensions"} == {"mainstay", "msgspec", "numpy"}


def _with_path(program):
    """Return a program that finds the packages itself, so that no start-up file of the environment imports more."""
    return f"import sys; sys.path[:] = {sys.path!r}\n{program}"

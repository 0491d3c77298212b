"""Objects in memory: every library's table gives the same rows."""

import datetime as dt
import decimal
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import DataError
from mainstay.data.read import read

COLUMNS = {"id": [1, 2, 3], "size": [1.5, None, 2.5], "name": ["a", None, " c"], "good": [True, False, True]}


def codes(table):
    return [note.code for note in table.notes]


@pytest.mark.parametrize(
    "source",
    [
        COLUMNS,
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pd.DataFrame(COLUMNS),
        pd.DataFrame(COLUMNS).convert_dtypes(),
        pd.DataFrame(COLUMNS).astype(object),
        pa.table(COLUMNS),
        pa.table(COLUMNS).to_batches()[0],
        [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
        {
            "id": np.array([1, 2, 3]),
            "size": pd.Series([1.5, None, 2.5]),
            "name": COLUMNS["name"],
            "good": pl.Series([True, False, True]),
        },
    ],
    ids=["dict", "polars", "lazy", "pandas", "nullable", "objects", "arrow", "batch", "dicts", "mixture"],
)
def test_all_tables_are_the_same_table(source):
    table = read(source)
    assert table.frame.to_dict(as_series=False) == COLUMNS
    assert table.frame.dtypes == [pl.Int64, pl.Float64, pl.String, pl.Boolean]
    assert table.digest == read(COLUMNS).digest
    assert table.notes == ()


def test_the_digest_depends_on_names_types_order_and_missing_values():
    base = {"a": [1, 2], "b": ["x", ""]}
    others = [
        {"a": [1, 2], "c": ["x", ""]},
        {"b": ["x", ""], "a": [1, 2]},
        {"a": [2, 1], "b": ["x", ""]},
        {"a": [1.0, 2.0], "b": ["x", ""]},
        {"a": [1, 2], "b": ["x", None]},
        {"a": [1, 2], "b": ["", "x"]},
        {"a": [1, None], "b": ["x", ""]},
        {"a": [1, 0], "b": ["x", ""]},
    ]
    assert len({read(columns).digest for columns in [base, *others]}) == 9


def test_the_digest_is_the_same_in_another_process():
    program = "from mainstay.data.read import read; print(read({'a': [1, None], 'b': ['x', 'é']}).digest)"
    assert run(program) == read({"a": [1, None], "b": ["x", "é"]}).digest


def test_pandas_types_beyond_the_plain():
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2024-01-01 10:00", None]),
            "zone": pd.to_datetime(["2024-01-01 10:00", None]).tz_localize("Europe/Berlin"),
            "level": pd.Categorical(["low", None], categories=["low", "high"], ordered=True),
            "group": pd.Categorical([7, 8]),
            "span": pd.to_timedelta(["1h", None]),
            "half": np.array([1.5, np.nan], np.float16),
            "small": np.array([1, 2], np.uint8),
            "whole": pd.array([1, None], dtype="Int64"),
            "maybe": pd.array([True, None], dtype="boolean"),
            "arrow": pd.array(["x", None], dtype="string[pyarrow]"),
            "month": pd.PeriodIndex(["2024-01", "2024-02"], freq="M"),
            "money": [decimal.Decimal("1.5"), None],
            "sparse": pd.arrays.SparseArray([0.0, 1.0]),
            "list": [[1, 2], None],
        }
    )
    table = read(frame)
    ten = dt.datetime(2024, 1, 1, 10)
    assert table.frame.rows() == [
        (ten, ten - dt.timedelta(hours=1), "low", 7, 3600.0, 1.5, 1, 1, True, "x", "2024-01", 1.5, 0.0, "[1, 2]"),
        (None, None, None, 8, None, None, 2, None, None, None, "2024-02", None, 1.0, None),
    ]
    assert table.frame["level"].dtype == pl.Enum(["low", "high"])
    assert codes(table) == ["column.zone", "column.nested"]


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd
from mainstay.data.read import read
frame = pd.DataFrame({
    "a": ["x", None],
    "b": pd.Categorical(["u", "v"]),
    "c": pd.to_datetime(["2024-01-01", None]),
    "d": [1, 2.5],
    "e": pd.array(["x", "y"], dtype="string"),
    "f": pd.array([1, None], dtype="Int64"),
})
print([column.to_list() for column in read(frame).frame.drop("c").get_columns()], read(frame).frame["c"].dtype)
"""


def test_pandas_is_read_without_pyarrow_and_without_importing_it():
    assert run(WITHOUT_PYARROW) == (
        "[['x', None], ['u', 'v'], [1.0, 2.5], ['x', 'y'], [1, None]] Datetime(time_unit='us', time_zone=None)"
    )
    program = "import sys; from mainstay.data.read import read; read({'a': [1]}); print('pandas' in sys.modules)"
    assert run(program) == "False"


def test_a_named_index_is_said_and_names_are_mended():
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", ""], index=pd.Index(["k"], name="key"))
    table = read(frame)
    assert table.columns == ("a", "a_2", "column_3")
    assert codes(table) == ["header.empty_name", "header.duplicate", "pandas.index"]
    assert read(pd.DataFrame([[1, 2]], columns=[0, 1])).columns == ("0", "1")
    assert read(pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))).columns == ("a b",)


def test_arrow_tables_may_repeat_a_name():
    table = read(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))
    assert table.frame.to_dict(as_series=False) == {"a": [1], "a_2": [2]}


def test_numpy_arrays():
    table = read(np.array([[1.5, np.nan], [2.5, 3.0]]))
    assert table.frame.rows() == [(1.5, None), (2.5, 3.0)]
    assert table.columns == ("column_1", "column_2")
    assert codes(table) == ["header.none"]
    assert read(np.array([["a", "b"]])).frame.rows() == [("a", "b")]
    assert read(np.array([[1, "b"], [None, "c"]], dtype=object)).frame.rows() == [(1, "b"), (None, "c")]
    assert read(np.arange(6, dtype=">i4").reshape(2, 3)).frame.rows() == [(0, 1, 2), (3, 4, 5)]
    fields = np.array([(1, "x", np.datetime64("2024-01-01"))], dtype=[("a", "i4"), ("b", "U3"), ("c", "M8[D]")])
    assert read(fields).frame.rows() == [(1, "x", dt.datetime(2024, 1, 1))]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.arange(3), "one of 1 came"),
        (np.zeros((2, 2, 2)), "one of 3 came"),
        ({"a": [1, 2], "b": [1]}, "same length: 'a' has 2, 'b' has 1"),
        ({"a": 1, "b": "x"}, "'a', 'b' hold one value"),
        ([], "the list is empty"),
        ([{"a": 1}, 3], "item 1 is an int"),
        ([[1, 2]], "item 0 is a list"),
        ({}, "no columns"),
        (pl.DataFrame(), "no columns"),
        (pd.DataFrame(), "no columns"),
        (3, "an int came"),
        (None, "a NoneType came"),
        (b"a,b", "a bytes came"),
        (pd.Series([1]), "a pandas Series came"),
        (pl.Series([1]), "a polars Series came"),
    ],
)
def test_objects_that_are_no_table(source, words):
    with pytest.raises(DataError, match=words) as caught:
        read(source)
    assert caught.value.hint


def test_objects_without_rows_are_refused():
    for source in (pl.DataFrame({"a": []}), {"a": []}, pd.DataFrame({"a": []}), np.zeros((0, 2))):
        with pytest.raises(DataError, match="no rows"):
            read(source)


def test_mixed_columns_are_text_and_said():
    table = read({"a": [1, "x", None, True, 2.5], "b": [2**70, 1, 2, 3, 4], "c": [1, 2.5, None, 2, decimal.Decimal(3)]})
    assert table.frame["a"].to_list() == ["1", "x", None, "true", "2.5"]
    assert table.frame["b"].to_list()[0] == str(2**70)
    assert table.frame["c"].to_list() == [1.0, 2.5, None, 2.0, 3.0]
    assert codes(table) == ["column.mixed"]
    assert table.notes[0].column == "a"


def test_the_source_is_not_touched():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]})
    before = frame.copy(deep=True)
    array = np.array([[1.0, np.nan]])
    read(frame)
    read(array)
    pd.testing.assert_frame_equal(frame, before)
    assert np.isnan(array[0, 1])


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5).filter(lambda text: text.isprintable()),
    st.dates(),
    st.datetimes(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_any_values_become_a_column_that_misses_what_was_missing(values):
    column = read({"a": values}).frame["a"]
    missing = [value is None or value != value for value in values]
    assert column.is_null().to_list() == missing
    assert column.dtype in (pl.Boolean, pl.Int64, pl.Float64, pl.String, pl.Date, pl.Datetime)

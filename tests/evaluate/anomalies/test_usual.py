"""What is usual of a column: the rows that were kept say it, in the table's own units."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.contracts.usual import UsualColumn, UsualPart
from mainstay.evaluate.anomalies.usual import usual_columns, usual_range

VALUES = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=300).map(np.array)


@given(VALUES)
def test_a_range_holds_the_middle_and_is_hardly_wider(values):
    low, high = usual_range(values)
    first, last = np.quantile(values, [0.01, 0.99], method="inverted_cdf")
    slack = 1e-7 * max(abs(first), abs(last)) + 1e-300
    assert low <= first + slack
    assert high >= last - slack
    assert high - low <= 1.03 * (last - first) + slack


def one_number(values):
    schema = Schema(
        columns=(Column(name="x", kind="number", unit="kg"), Column(name="y", kind="category", categories=("a", "b")))
    )
    codes = np.where(np.arange(len(values)) % 10 == 0, 1, 0)[:, None]
    return schema, Arrays(np.asarray(values, np.float32)[:, None], ("x",), codes, ("y",), (2,))


def test_only_kept_rows_count_by_mask_or_by_position():
    schema, arrays = one_number(np.r_[np.linspace(10, 20, 900), np.full(100, 5000.0)])
    kept = np.arange(1000) < 900
    usual = usual_columns(schema, arrays, kept)
    assert usual == usual_columns(schema, arrays, np.flatnonzero(kept))
    assert usual[0].parts[0].high <= 20
    assert usual[0].unit == "kg"
    assert usual[1].shares == pytest.approx((0.9, 0.1))
    assert usual_columns(schema, arrays, np.zeros(1000, bool))[0].parts[0].high == 5000


def test_missing_and_unseen_values_are_no_level():
    schema, arrays = one_number(np.r_[np.full(50, np.nan), np.arange(50)])
    arrays.categories[:20] = -1
    arrays.categories[20:30] = 2
    x, y = usual_columns(schema, arrays, np.ones(100, bool))
    assert x.missing == 0.5
    assert y.missing == 0.2
    assert sum(y.shares) == pytest.approx(0.7)


def test_few_values_are_levels_and_many_are_not():
    few = usual_columns(*one_number(np.arange(1000) % 3), np.ones(1000, bool))[0].parts[0]
    assert few.levels == (0.0, 1.0, 2.0)
    assert sum(few.shares) == pytest.approx(1.0)
    assert not usual_columns(*one_number(np.arange(1000)), np.ones(1000, bool))[0].parts[0].levels


def test_a_column_without_a_value_has_a_record():
    x = usual_columns(*one_number(np.full(10, np.nan)), np.ones(10, bool))[0]
    assert x.missing == 1.0
    assert msgspec.json.decode(msgspec.json.encode(x), type=UsualColumn) == x


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": ("a",), "shares": ()},
        {"missing": 1.5},
        {"terms": 16, "known_terms": b"\x00"},
    ],
)
def test_records_that_do_not_fit_are_refused(wrong):
    with pytest.raises(UsageError):
        UsualColumn(name="x", kind="text", **wrong)
    with pytest.raises(UsageError):
        UsualPart(name="x", low=2.0, high=1.0, middle=1.5)

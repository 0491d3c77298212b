"""Two executors, one meaning: whatever the schema and the rows, frames and plain rows decode alike."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder


def pool(*lines):
    return "|".join(lines).split("|")


POLICIES = st.sampled_from(["reject", "warn", "missing"])
BLANK = st.sampled_from(["", "", "", " ", "\t", "\u00a0", "\ufeff", "\u2003 ", "\x1c", "\x85"])
WORDS = pool("a|B|yes|No|TRUE|f|1|0|3|3.0|03|0.50|?|NA|nan|\xe9|\xdf|SS|-1|x y")
NUMBERS = pool(
    "12|-0|0|1e5|1E-7|1e400|-1e39|3.4028235e38|3.5e38|inf|-Infinity|NaN|nan|+.5|1.|.|1_000|\uff11\uff12",
    "\u0663|0x10|9007199254740993|123456789012345678901234567890|0.1|16777217|1,5|1.234,56|1,234.5",
    "1,23,456|1 234|1\xa0234,5|1'234|1\u2019234|12 EUR|EUR12|-EUR 5|12%|\u22125|--5|1e",
    "2.2250738585072011e-308|1e-46|0.30000001192092896|0.300000011920928955078125|007|1 2|5e-324",
)
DATES = pool(
    "2019-03-23|2019-3-23|2019-03-23 20:21:09|2019-03-23T20:21:09|2019-03-23T20:21:09Z",
    "2019-03-23 20:21:09.123456789|2019-03-23T20:21:09+05:30|2019-02-29|2020-02-29|0000-01-01|0001-01-01",
    "9999-12-31T23:59:59-01:00|0001-01-01T00:00+01:00|23/03/2019|03/23/2019|3/4/19|23.03.2019 8:05",
    "23 Mar 2019|23 march 2019|Mar 23, 2019|20190323|12:00|2019-03-23 24:00:00|2019-03-23 23:59:60",
    "2019-03-23 1:02:03|1260759144|1260759144123|03/23/2019 12:30 AM|+2019-03-23|12019-03-23",
    "\uff11\uff19\uff19\uff19-01-01|2019-03|1969-12-31 23:59:59.999999|23/03/2019 20:21:09|2019/03/23",
)
FORMATS = pool(
    "%Y-%m-%d|%d/%m/%Y|%m/%d/%Y|%d.%m.%Y %H:%M|%d %b %Y|%b %d, %Y|%Y%m%d|%s|%s%3f|%m/%d/%Y %I:%M %p",
    "%Y-%m-%d %H:%M:%S|%d/%m/%y|%Y-%m|%Y-%m-%dT%H:%M:%S%z|%d/%m/%Y %H:%M:%S|%Y-%m-%d %H:%M:%S.%f|%Y/%m/%d",
)
POOLS = {"number": NUMBERS, "boolean": WORDS, "category": WORDS, "datetime": DATES, "text": WORDS + DATES}


def texts(kind):
    own = st.sampled_from(POOLS[kind])
    cell = st.one_of(own, own, own, st.text(max_size=6), st.sampled_from(NUMBERS + WORDS + DATES))
    return st.one_of(st.none(), st.builds(lambda left, text, right: left + text + right, BLANK, cell, BLANK))


NAIVE = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))
MODERN = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1))
FLOATS = (
    st.floats()
    | st.integers(-5, 5).map(float)
    | st.sampled_from([0.1, -0.0, 3.5e38, 3.4028234663852886e38, 1e-46, 0.5])
)
TYPED = {
    pl.Int64: st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 5) | st.sampled_from([1260759144, 2**53 + 1]),
    pl.Int8: st.integers(-3, 5),
    pl.UInt64: st.integers(0, 2**64 - 1) | st.integers(0, 5),
    pl.Float64: FLOATS,
    pl.Float32: st.floats(width=32) | st.integers(-5, 5).map(float),
    pl.Boolean: st.booleans(),
    pl.Date: st.dates(),
    pl.Datetime("us"): NAIVE,
    pl.Datetime("ms"): NAIVE.map(lambda time: time.replace(microsecond=1000)),
    pl.Datetime("us", "UTC"): NAIVE.map(lambda time: time.replace(tzinfo=UTC)),
    pl.Datetime("us", "Asia/Kolkata"): MODERN.map(lambda time: time.replace(tzinfo=UTC)),
    pl.Decimal(20, 2): st.integers(-(10**12), 10**12).map(lambda cents: Decimal(cents).scaleb(-2)),
    pl.Categorical: st.sampled_from(WORDS),
    pl.List(pl.Int64): st.lists(st.integers(0, 3), max_size=2),
    pl.Struct({"a": pl.Int64}): st.fixed_dictionaries({"a": st.integers(0, 2)}),
    pl.Binary: st.binary(max_size=3),
    pl.Duration("us"): st.timedeltas(timedelta(days=-5), timedelta(days=5)),
    pl.Null: st.none(),
}  # fmt: skip


@st.composite
def columns(draw, name):
    kind = draw(st.sampled_from(list(POOLS)))
    low = draw(st.none() | st.sampled_from([-1.5, 0.0, 0.1]))
    words = {
        "category": st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=6, unique=True),
        "boolean": st.sampled_from(
            [[], ["No", "yes"], ["0", "1"], ["B", "a"], ["false", "true"], ["2", "1.0"], ["t", "F"]]
        ),
    }.get(kind, st.just([]))
    return Column(
        name=name,
        kind=kind,
        nullable=draw(st.booleans()),
        categories=tuple(draw(words)),
        low=low,
        high=draw(st.none() | st.sampled_from([0.1, 12.0, 1e6])),
        unit=draw(st.sampled_from(["", "", "EUR", "%", " $ "])),
        missing=tuple(
            draw(st.lists(st.sampled_from(["?", "NA", "-1", "3", "0", " ? ", "2019-03-23", "yes", "é"]), max_size=3))
        ),
        decimal=draw(st.sampled_from([".", ".", ","])),
        thousands=draw(st.sampled_from(["", "", ",", ".", "'", " ", "_"])),
        formats=tuple(draw(st.lists(st.sampled_from(FORMATS), max_size=3))) if kind == "datetime" else (),
        ordered=draw(st.booleans()) if kind == "category" else False,
        terms=draw(st.sampled_from([0, 1024, 262_144])) if kind == "text" else 0,
        on_bad=draw(POLICIES),
        on_missing=draw(POLICIES),
        on_unseen=draw(POLICIES),
        on_range=draw(POLICIES),
    )


@st.composite
def tables(draw):
    count = draw(st.integers(1, 4))
    schema = Schema(columns=tuple(draw(columns(f"c{position}")) for position in range(count)))
    rows = draw(st.integers(0, 8))
    series = []
    for column in schema.columns:
        dtype = draw(st.sampled_from([pl.String, pl.String, *TYPED]))
        cells = texts(column.kind) if dtype == pl.String else st.none() | TYPED[dtype]
        series.append(pl.Series(column.name, draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=dtype))
    return schema, pl.DataFrame(series)


def assert_same(one, other):
    assert one.arrays.numbers.tobytes() == other.arrays.numbers.tobytes()
    assert one.arrays.categories.tobytes() == other.arrays.categories.tobytes()
    assert one.arrays.numbers.shape == other.arrays.numbers.shape
    assert one.arrays.numbers.dtype == other.arrays.numbers.dtype == np.float32
    assert one.arrays.categories.dtype == other.arrays.categories.dtype == np.int64
    assert one.arrays.text_names == other.arrays.text_names
    assert one.arrays.text_terms == other.arrays.text_terms
    for ours, theirs in zip(one.arrays.texts, other.arrays.texts, strict=True):
        assert ours.starts.tobytes() == theirs.starts.tobytes()
        assert ours.ids.tobytes() == theirs.ids.tobytes()
        assert (ours.starts.dtype, ours.ids.dtype) == (np.int64, np.int32)
    assert one.problems == other.problems
    assert one.rejected.tolist() == other.rejected.tolist()


@settings(max_examples=200, deadline=None)
@given(tables())
def test_a_frame_decodes_as_its_rows(case):
    schema, frame = case
    decoder = Decoder(schema)
    assert_same(decoder.from_frame(frame), decoder.from_rows(frame.to_dicts()))


@settings(max_examples=100, deadline=None)
@given(tables())
def test_rows_one_by_one_decode_as_the_batch(case):
    schema, frame = case
    decoder = Decoder(schema)
    rows = frame.to_dicts()
    batch = decoder.from_rows(rows)
    for index, row in enumerate(rows):
        single = decoder.from_rows([row])
        assert single.arrays.numbers.tobytes() == batch.arrays.numbers[index : index + 1].tobytes()
        assert single.arrays.categories.tobytes() == batch.arrays.categories[index : index + 1].tobytes()
        assert [problem.message for problem in single.problems] == [p.message for p in batch.problems if p.row == index]
        assert single.rejected[0] == batch.rejected[index]


@settings(max_examples=80, deadline=None)
@given(tables())
def test_values_stay_inside_what_the_arrays_promise(case):
    schema, frame = case
    arrays = Decoder(schema).from_frame(frame).arrays
    assert not np.isinf(arrays.numbers).any()
    assert (arrays.categories >= -1).all()
    assert (arrays.categories <= np.array(arrays.category_levels, dtype=np.int64)).all()
    assert not np.signbit(arrays.numbers[arrays.numbers == 0]).any()


PLAIN = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False).map(float))


@settings(max_examples=200, deadline=None)
@given(st.lists(PLAIN, min_size=1, max_size=8))
def test_a_typed_number_means_what_its_text_means(values):
    number = Column(name="n", kind="number")
    category = Column(name="c", kind="category", categories=("3", "0.5", "-2", "7.0"))
    decoder = Decoder(Schema(columns=(number, category)))
    typed = decoder.from_rows([{"n": value, "c": value} for value in values])
    written = decoder.from_rows([{"n": repr(value), "c": repr(value)} for value in values])
    assert typed.arrays.numbers.tobytes() == written.arrays.numbers.tobytes()
    assert typed.arrays.categories.tolist() == written.arrays.categories.tolist()


@given(st.floats(width=64, allow_nan=False, allow_infinity=False))
def test_a_number_is_rounded_once(value):
    decoder = Decoder(Schema(columns=(Column(name="n", kind="number"),)))
    got = decoder.from_frame(pl.DataFrame({"n": [repr(value)]})).arrays.numbers[0, 0]
    largest = 3.4028234663852886e38
    assert math.isnan(got) if abs(value) > largest else got == np.float32(value)


@given(st.dates(), st.times())
def test_every_datetime_survives_its_text(day, time):
    moment = datetime.combine(day, time)
    decoder = Decoder(Schema(columns=(Column(name="t", kind="datetime"),)))
    decoded = decoder.from_rows([{"t": moment.isoformat()}, {"t": moment}]).arrays.numbers
    expected = [moment.year, moment.month, moment.day, moment.weekday()]
    assert decoded[0, 1:5].tolist() == expected
    assert decoded[0].tobytes() == decoded[1].tobytes()
    assert math.isclose(decoded[0, 0], (day - date(1970, 1, 1)).days, abs_tol=1.2, rel_tol=1e-6)

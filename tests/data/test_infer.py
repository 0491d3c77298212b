"""What inference makes of columns: kinds, marks, missing words, formats, and the sentences about them."""

from __future__ import annotations

import random
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.decode import Decoder
from mainstay.data.infer import freeze, infer
from mainstay.data.schema_file import from_toml, to_toml
from mainstay.data.table import Table


def table(**columns):
    return Table(pl.DataFrame(columns), "here.csv", "")


def column_of(values, name="c", **options):
    """Return the inferred column and the codes of what is said about it."""
    found = infer(table(**{name: values}), **options)
    return found.schema.columns[0], {finding.code for finding in found.findings}


def spread(*values, rows=60):
    return [values[index % len(values)] for index in range(rows)]


NUMBERS = {
    "plain": (["1", "-2.5", "1e3", "42"], {}, [1, -2.5, 1000, 42]),
    "decimal comma": (["1,5", "-2,25", "3"], {"decimal": ","}, [1.5, -2.25, 3]),
    "german": (["1.234,56", "12,5", "1.000.000"], {"decimal": ",", "thousands": "."}, [1234.56, 12.5, 1e6]),
    "english": (["1,234.5", "12.5", "1,000,000"], {"thousands": ","}, [1234.5, 12.5, 1e6]),
    "swiss": (["1'234.5", "12.5"], {"thousands": "'"}, [1234.5, 12.5]),
    "french": (["1 234,5", "12,5", "1\u00a0000"], {"decimal": ",", "thousands": " "}, [1234.5, 12.5, 1000]),
    "dollars": (["$1,234.50", "-$5.25", "$12"], {"thousands": ",", "unit": "$"}, [1234.5, -5.25, 12]),
    "euros": (["1.234,50 \u20ac", "5,25 \u20ac"], {"decimal": ",", "thousands": ".", "unit": "\u20ac"}, [1234.5, 5.25]),
    "per cent": (["45%", "4.5 %", "100%"], {"unit": "%"}, [45, 4.5, 100]),
    "kilograms": (["12 kg", "7.5 kg"], {"unit": "kg"}, [12, 7.5]),
    "blanks": (["1.5", " ", "", None, " 7 "], {"nullable": True}, [1.5, None, None, None, 7]),
    "markers": (
        ["1.5", "NA", "?", "-", "none", "#N/A"],
        {"missing": ("#N/A", "-", "?", "NA", "none")},
        [1.5, *[None] * 5],
    ),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_and_their_marks(case):
    cells, fields, expected = NUMBERS[case]
    found = infer(table(c=spread(*cells)))
    column = found.schema.columns[0]
    assert column.kind == "number"
    assert {name: getattr(column, name) for name in fields} == fields
    assert column.nullable == (None in expected)
    decoded = Decoder(found.schema).from_frame(pl.DataFrame({"c": cells}))
    got = [None if np.isnan(value) else float(value) for value in decoded.arrays.numbers[:, 0]]
    assert got == [None if value is None else float(np.float32(value)) for value in expected]
    known = [value for value in expected if value is not None]
    assert (column.low, column.high) == (min(known), max(known))
    assert not decoded.problems


def test_blanks_in_a_number_column_are_said():
    column, _ = column_of(["20", "30.5", " ", "7"] * 10)
    assert column.evidence == "30 of 40 cells read as numbers; 10 blanks read as missing"


def test_a_comma_that_may_be_either_mark_is_said():
    column, codes = column_of(spread("1,234", "5,678", "12"))
    assert (column.thousands, "number.ambiguous" in codes) == (",", True)
    column, codes = column_of(spread("0,234", "5,678", "12"))
    assert (column.decimal, "number.ambiguous" in codes) == (",", False)


def test_points_that_may_be_marks_between_thousands_are_said():
    assert "number.ambiguous" in column_of(spread("1.234", "5.678", "12.300", "12", "700"))[1]
    assert "number.ambiguous" not in column_of(spread("1.234", "5.678", "12.3", "12", "700"))[1]


def test_a_few_words_among_numbers_are_found_with_their_rows():
    cells = [str(number * 1.5) for number in range(100)]
    cells[7] = "abc"
    found = infer(table(c=cells))
    column, finding = found.schema.columns[0], next(item for item in found.findings if item.code == "mixed")
    assert (column.kind, column.nullable) == ("number", True)
    assert finding.rows == (8,)
    assert "'abc'" in finding.message
    assert "99.0%" in finding.message


def test_codes_among_numbers_are_no_bad_numbers():
    cells = [str(536000 + number // 3) for number in range(300)] + ["C536379"] * 3
    column, codes = column_of(cells, name="product")
    assert column.kind == "category"
    assert "mixed" not in codes


def test_half_words_half_numbers_are_words_and_said():
    cells = [str(number) for number in range(40)] + [f"word {chr(97 + number % 26)}{number}" for number in range(40)]
    column, codes = column_of(cells)
    assert column.kind == "category"
    assert "mixed" in codes


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["Yes", "No"], ("No", "Yes")),
        (["t", "f"], ("f", "t")),
        (["TRUE", "FALSE", "NA"], ("FALSE", "TRUE")),
        (["yes", "Yes", "yes", "no"], ("no", "yes")),
        (["0", "1"], ("0", "1")),
        (["on", "off"], ("off", "on")),
    ],
)
def test_booleans(cells, words):
    column, _ = column_of(spread(*cells, rows=24))
    assert (column.kind, column.categories) == ("boolean", words)
    assert column.nullable == ("NA" in cells)


def test_none_and_unknown_stay_categories_and_are_said():
    column, codes = column_of(spread("None", "Norm", ">200", "?"))
    assert column.categories == (">200", "None", "Norm")
    assert column.missing == ("?",)
    assert "marker_kept" in codes


def test_levels_are_in_natural_order():
    column, _ = column_of(spread("[100-110)", "[0-10)", "[20-30)"))
    assert column.categories == ("[0-10)", "[20-30)", "[100-110)")


def test_leading_zeros_make_codes():
    column, _ = column_of(spread("01609", "10115", "80331", rows=90))
    assert (column.kind, column.categories) == ("category", ("01609", "10115", "80331"))


def test_a_word_among_codes_is_a_code():
    column, codes = column_of([*spread("01609", "10115", rows=90), "none", "inf", "abroad"])
    assert column.categories == ("01609", "10115", "abroad", "inf", "none")
    assert "mixed" not in codes


def test_whole_numbers_are_codes_by_name_only():
    assert column_of(spread("1", "2", "3"), name="Region")[0].kind == "category"
    column, codes = column_of(spread("1", "2", "3"), name="rooms")
    assert column.kind == "number"
    assert "codes" in codes


IDENTIFIERS = {
    "row numbers": ("n", [str(number) for number in range(100)]),
    "shuffled row numbers": ("n", [str(number) for number in random.Random(1).sample(range(1, 101), 100)]),
    "named": ("customerID", [str(number * 7 + 13) for number in range(100)]),
    "words": ("key", [f"{number * 37 % 9973:04d}-ABCDE" for number in range(100)]),
    "uuid": ("u", [str(uuid.UUID(int=number * 10**30)) for number in range(100)] * 2),
    "invoices": ("Invoice No", [f"I{number // 4}" for number in range(100)]),
    "stored": ("user_id", list(range(5, 505, 5))),
}


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_identifiers_are_found_ignored_and_said(case):
    name, cells = IDENTIFIERS[case]
    column, codes = column_of(cells, name=name)
    assert (column.kind, column.role) == ("identifier", "ignored")
    assert "identifier" in codes


def test_an_identifier_that_repeats_often_is_a_category():
    assert column_of(spread("1", "2", "3", rows=300), name="admission_type_id")[0].kind == "category"


def test_numbers_that_are_all_different_are_no_identifiers():
    generator = random.Random(2)
    assert column_of([str(generator.randint(0, 10**6)) for _ in range(200)], name="price")[0].kind == "number"
    assert column_of([str(number / 7) for number in range(200)], name="customer_id")[0].kind == "number"


def test_free_text_and_names_of_several_words():
    words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "away", "from", "here"]
    generator = random.Random(3)
    cells = [" ".join(generator.choices(words, k=8)) for _ in range(200)]
    assert column_of(cells)[0].kind == "text"
    assert column_of([cell.split(" ")[0] for cell in cells])[0].kind == "category"


MOMENTS = [datetime(2019, 1, 1, 8, 5, 9) + timedelta(days=17 * number, minutes=7 * number) for number in range(60)]
DATE_FORMS = [
    *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d.%m.%y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S"),
    *("%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d %b %Y", "%b %d, %Y", "%d-%b-%y", "%Y-%m"),
]


@pytest.mark.parametrize("form", DATE_FORMS)
def test_dates(form):
    column, codes = column_of([moment.strftime(form) for moment in MOMENTS])
    assert (column.kind, column.formats) == ("datetime", (form,))
    assert "date.ambiguous" not in codes
    first = (date(2019, 1, 1) - date(1970, 1, 1)).days
    assert first <= column.low < first + 1


def test_two_formats_in_one_column_are_both_kept():
    cells = [moment.strftime("%Y-%m-%d" if index % 3 else "%d.%m.%Y %H:%M") for index, moment in enumerate(MOMENTS)]
    column, _ = column_of(cells)
    assert column.formats == ("%Y-%m-%d", "%d.%m.%Y %H:%M")


def test_words_for_missing_among_dates():
    column, _ = column_of([*(moment.strftime("%d/%m/%Y") for moment in MOMENTS), "-", "unknown", ""])
    assert (column.kind, column.missing) == ("datetime", ("-", "unknown"))


AMBIGUOUS = [f"0{1 + number % 9}/{1 + number % 12:02d}/2020" for number in range(60)]


def test_an_order_in_doubt_is_said_and_day_first_is_taken():
    column, codes = column_of(AMBIGUOUS)
    assert column.formats == ("%d/%m/%Y",)
    assert "date.ambiguous" in codes


def test_an_order_in_doubt_follows_the_order_that_another_column_proves():
    found = infer(table(a=AMBIGUOUS, b=[moment.strftime("%m/%d/%Y") for moment in MOMENTS]))
    assert found.schema["a"].formats == found.schema["b"].formats == ("%m/%d/%Y",)
    assert "date.ambiguous" not in {finding.code for finding in found.findings}


def test_both_orders_in_one_column_are_said_with_rows():
    cells = [moment.strftime("%d/%m/%Y") for moment in MOMENTS]
    cells[4] = "01/31/2019"
    found = infer(table(c=cells))
    finding = next(item for item in found.findings if item.code == "date.mixed_order")
    assert found.schema["c"].formats == ("%d/%m/%Y",)
    assert finding.rows == (5,)


def test_seconds_since_1970_only_when_the_name_says_so():
    cells = [str(1_260_759_144 + 86_399 * number) for number in range(60)]
    assert column_of(cells, name="timestamp")[0].formats == ("%s",)
    assert column_of([f"{cell}123" for cell in cells], name="created_at")[0].formats == ("%s%3f",)
    assert column_of(cells, name="revenue")[0].kind == "number"


def test_dates_written_as_numbers():
    column, _ = column_of([moment.strftime("%Y%m%d") for moment in MOMENTS])
    assert (column.kind, column.formats) == ("datetime", ("%Y%m%d",))


def test_stored_types():
    found = infer(
        Table(
            pl.DataFrame(
                {
                    "whole": pl.Series([1, 5, None] * 20, dtype=pl.Int16),
                    "whole_as_decimal": [17850.0, 12.0, None] * 20,
                    "decimal": pl.Series([Decimal("1.25"), Decimal("3.50"), None] * 20),
                    "flag": [True, False, None] * 20,
                    "zero_one": [0.0, 1.0, float("nan")] * 20,
                    "day": [date(2024, 1, 1), date(2024, 5, 1), None] * 20,
                    "moment": [datetime(2024, 1, 1), datetime(2024, 5, 1), None] * 20,
                    "level": pl.Series(["1", "2", None] * 20, dtype=pl.Categorical),
                    "endless": [1.5, float("inf"), 2.5] * 20,
                    "list": [[1], [2], None] * 20,
                    "nothing": pl.Series([None] * 60),
                }
            ),
            "stored",
            "",
        )
    )
    kinds = {column.name: (column.kind, column.role) for column in found.schema.columns}
    assert kinds == {
        "whole": ("number", "feature"),
        "whole_as_decimal": ("number", "feature"),
        "decimal": ("number", "feature"),
        "flag": ("boolean", "feature"),
        "zero_one": ("boolean", "feature"),
        "day": ("datetime", "feature"),
        "moment": ("datetime", "feature"),
        "level": ("category", "feature"),
        "endless": ("number", "feature"),
        "list": ("text", "ignored"),
        "nothing": ("number", "ignored"),
    }
    assert all(column.nullable for column in found.schema.columns if column.name not in {"endless", "list"})
    said = {(finding.column, finding.code) for finding in found.findings}
    assert {("endless", "infinite"), ("list", "unsupported"), ("nothing", "empty")} <= said


def test_constants_and_empty_columns_are_ignored_and_said():
    found = infer(table(a=["x"] * 30, b=["7"] * 30, c=[" "] * 30, d=["NA"] * 30, e=["x", None] * 15))
    assert [column.role for column in found.schema.columns] == ["ignored"] * 4 + ["feature"]
    assert [finding.code for finding in found.findings] == ["constant", "constant", "empty", "empty"]


def test_more_than_a_thousand_levels_are_cut_to_the_most_frequent():
    cells = [f"w{number % 1500}x" for number in range(6000)] + ["w1499x"] * 9
    column, codes = column_of(cells)
    assert len(column.categories) == 1000
    assert "w1499x" in column.categories
    assert "levels" in codes


def test_kinds_and_roles_of_the_user_come_first():
    wanted = {"a": "category", "b": "number", "c": "text", "d": "identifier", "e": "boolean", "f": "datetime"}
    frame = table(
        a=spread("1", "2", "3"),
        b=spread("1", "x", "y", "z"),
        c=spread("a", "b"),
        d=spread("1.5", "2.5"),
        e=spread("male", "female"),
        f=spread("1000", "2000"),
        g=[str(number) for number in range(60)],
    )
    found = infer(frame, overrides=wanted, roles={"g": "feature", "d": "group"})
    assert {column.name: column.kind for column in found.schema.columns} == {**wanted, "g": "number"}
    assert found.schema["g"].role == "feature"
    assert found.schema["d"].role == "group"
    assert Decoder(found.schema).from_frame(frame.frame).arrays.rows == 60


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"overrides": {"prise": "number"}}, "'price'"),
        ({"overrides": {"price": "numeric"}}, "'numeric'"),
        ({"roles": {"price": "goal"}}, "'goal'"),
        ({"overrides": {"price": "image"}}, "'image'"),
        ({"overrides": {"city": "boolean"}}, "two values"),
        ({"overrides": {"price": "identifier"}, "roles": {"price": "feature"}}, "never sees"),
        ({"target": "price", "task": "guess"}, "no task 'guess'"),
        ({"target": "price", "roles": {"city": "target"}}, "one column can be the target"),
        ({"target": "price", "task": "regression", "overrides": {"price": "category"}}, "cannot be of kind"),
    ],
)
def test_options_that_cannot_be_are_refused(options, part):
    with pytest.raises(UsageError) as caught:
        infer(table(price=spread("1.5", "2.5", "7"), city=spread("a", "b", "c")), **options)
    assert part in str(caught.value)


def test_a_table_without_rows_is_refused():
    with pytest.raises(DataError, match="no rows"):
        infer(table(a=[]))


TRICKY = [
    "1",
    "0",
    "1,5",
    "1.234",
    "1,234",
    "01",
    "-",
    "NA",
    "?",
    "None",
    "yes",
    "No",
    "$5",
    "5%",
    "1e5",
    "inf",
    "nan",
    "é",
]
TRICKY += [
    "2019-03-04",
    "03/04/2019",
    "31/12/2019",
    "12/31/2019",
    "20190304",
    "1260759144",
    "Mar 4, 2019",
    " a ",
    "a b c d e",
]


@st.composite
def text_tables(draw):
    rows = draw(st.integers(1, 40))
    names = draw(st.lists(st.sampled_from(["c", "user_id", "zip code", "created_at", "n"]), min_size=1, unique=True))
    columns = {}
    for name in names:
        pool = draw(st.lists(st.sampled_from(TRICKY) | st.text(max_size=5) | st.none(), min_size=1, max_size=12))
        columns[name] = pl.Series(draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows)), dtype=pl.String)
    return Table(pl.DataFrame(columns), "any", "")


@settings(max_examples=80, deadline=None)
@given(text_tables())
def test_any_table_has_a_schema_that_reads_it_and_says_what_it_cannot_read(found_table):
    found = infer(found_table)
    decoded = Decoder(found.schema).from_frame(found_table.frame)
    warned = {finding.column for finding in found.findings if finding.code in {"mixed", "date.mixed_order", "levels"}}
    assert {problem.column for problem in decoded.problems} <= warned
    assert not decoded.rejected.any()
    assert from_toml(to_toml(found.schema)) == found.schema


@settings(max_examples=30, deadline=None)
@given(text_tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing_but_row_counters(found_table, generator):
    rows = list(range(found_table.rows))
    generator.shuffle(rows)
    shuffled = Table(found_table.frame[rows], "any", "")
    assert infer(shuffled).schema == infer(found_table).schema


@settings(max_examples=60, deadline=None)
@given(text_tables(), st.data())
def test_a_frozen_schema_knows_the_training_rows_exactly(found_table, data):
    rows = np.array(data.draw(st.lists(st.integers(0, found_table.rows - 1), min_size=1, unique=True)), dtype=np.int64)
    schema = infer(found_table).schema
    frozen = freeze(schema, found_table, rows)
    decoder = Decoder(frozen)
    part = found_table.frame[rows.tolist()]
    seen = decoder.from_frame(part)
    assert {problem.code for problem in seen.problems} <= {"bad"}
    for position, levels in enumerate(seen.arrays.category_levels):
        known = set(seen.arrays.categories[:, position].tolist()) - {-1}
        assert known == set(range(levels))
    for column in frozen.features:
        if column.kind == "number" and column.low is not None:
            values = seen.arrays.numbers[:, seen.arrays.number_names.index(column.name)]
            assert np.nanmin(values) == np.float32(column.low)
            assert np.nanmax(values) == np.float32(column.high)


def test_freezing_keeps_what_is_about_writing_and_the_order_of_levels():
    frame = table(a=["x", "y", "z"] * 20, b=["1,5", "2,5", "-"] * 20, y=["No", "Yes", "No"] * 20)
    schema = infer(frame, target="y").schema
    frozen = freeze(schema, frame, np.array([1, 2, 4]))
    assert frozen["a"].categories == ("y", "z")
    assert (frozen["b"].low, frozen["b"].high, frozen["b"].missing, frozen["b"].decimal) == (2.5, 2.5, ("-",), ",")
    assert frozen["y"].categories == ("No", "Yes")

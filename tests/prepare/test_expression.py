import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.prepare.expression import FUNCTIONS, parse
from mainstay.prepare.operations import NumpyOperations

COLUMNS = {"a": 3.0, "b": -2.0, "c": 0.5, "signup.year": 2020.0, "monthly charges": 10.0, "größe": 4.0}


def value(text, **columns):
    known = {name: np.array([[number]], np.float32) for name, number in (COLUMNS | columns).items()}
    one = parse(f"x = {text}")
    one.check(tuple(known), ())
    with np.errstate(all="ignore"):
        return float(one.compute(NumpyOperations(), known)[0, 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", 2.0),
        ("(a + b) * c", 0.5),
        ("a - b - c", 4.5),
        ("a / b / c", -3.0),
        ("-a ** 2", -9.0),
        ("(-a) ** 3", -27.0),
        ("--a", 3.0),
        ("a * -b", 6.0),
        ("2 * 3 + a", 9.0),
        (".5e1 * c", 2.5),
        ("abs(b) + sqrt(größe)", 4.0),
        ("min(a, b, c)", -2.0),
        ("max(a, b + 10)", 8.0),
        ("floor(c) + ceil(c)", 1.0),
        ("`monthly charges` * 12", 120.0),
        ("signup.year - 2000", 20.0),
        ("`a`+a", 6.0),
    ],
)
def test_it_computes(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["a / (c - c)", "0 * a / 0", "sqrt(b)", "a * 3e38 * 10", "1 / (a * 0)", "a ** 9 ** 2 / 1"]
)
def test_what_is_no_finite_number_is_missing(text):
    if "** 9 **" in text:
        with pytest.raises(UsageError):
            value(text)
        return
    assert np.isnan(value(text))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_missing_goes_through_every_function(function):
    others = ", b" if function in ("min", "max") else ""
    assert np.isnan(value(f"{function}(a{others})", a=np.nan))
    if others:
        assert np.isnan(value(f"{function}(b, a)", a=np.nan))


leaves = st.one_of(st.sampled_from(["a", "b", "c"]), st.integers(0, 20).map(str), st.sampled_from(["0.1", "1e3"]))
sums = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
        inner.map(lambda part: f"-({part})"),
        inner.map(lambda part: f"({part}) ** 2"),
    ),
    max_leaves=12,
)


@given(sums)
@settings(max_examples=150, deadline=None)
def test_it_reads_as_python_does(text):
    expected = eval(text, {"__builtins__": {}}, {"a": 3.0, "b": -2.0, "c": 0.5})  # in a test, of our own words
    found = value(f"{text} + 0 * a")
    if np.isfinite(found):
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-2 * (1 + abs(expected)))


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("total monthly", "\"=\" was expected here, and 'monthly' came", 6),
        ("= a", "a name for the new column was expected here, and '=' came", 0),
        ("", "a name for the new column was expected here, and the text ends", 0),
        ("x = ", 'a number, a column or "(" was expected here, and the text ends', 3),
        ("x = (a + b", '")" was expected here, and the text ends', 10),
        ("x = a b", "an operator or the end was expected here, and 'b' came", 6),
        ("x = a ? b", "'?' cannot be read here", 6),
        ("x = `a", "'`' cannot be read here", 4),
        ("x = a ** 2.5", "a whole number from 2 to 9 was expected, and 2.5 came", 9),
        ("x = a ** b", "a whole number from 2 to 9 was expected here, and 'b' came", 9),
        ("x = log(a)", "there is no function 'log'", 4),
        ("x = min(a)", "min takes two or more values, and 1 came", 4),
        ("x = abs(a, b)", "abs takes one value, and 2 came", 4),
        ("x = 1e99 * a", "1e99 is too large for float32", 4),
        ("x = 3 + 4", "with at least one column was expected", 0),
        ("x = __import__(os)", "there is no function '__import__'", 4),
        ("x = " + "(" * 60 + "a" + ")" * 60, "at most 40 levels of brackets", 44),
    ],
)
def test_a_mistake_is_shown_where_it_is(text, words, place):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert words in caught.value.message
    assert caught.value.hint.split("\n")[-2:] == [f"    {text}", f"    {' ' * place}^"]


def test_names_are_checked_against_the_columns():
    one = parse("total = monthly * tenur")
    with pytest.raises(UsageError, match=r"no number column 'tenur'(.|\n)*tenure"):
        one.check(("monthly", "tenure"), ())
    with pytest.raises(UsageError, match="'tenur' is a category"):
        one.check(("monthly", "tenure"), ("tenur",))
    for known, categories in ((("monthly", "tenur", "total"), ()), (("monthly", "tenur"), ("total",))):
        with pytest.raises(UsageError, match="'total' is taken"):
            one.check(known, categories)


@given(st.text(alphabet="ab=+-*/() ,.`12e\n\t_\\'\"", max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        parse(text)
    except UsageError as error:
        assert str(error).endswith("^")  # noqa: PT017 - not refusing is as good

"""Any table that Python's csv module writes comes back cell by cell."""

import csv
import io
import string

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import MainstayError
from mainstay.data.read import read
from mainstay.data.read_text import TextOptions, read_text

DELIMITERS = [",", ";", "\t", "|", ":", " "]
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "latin-1",
    "cp1251",
    "gb18030",
]
WILD = st.text(
    st.one_of(
        st.sampled_from(",;\t| :\"'#\n.-0123456789éß€你"),
        st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\u2028\u2029\ufeff"),
    ),
    max_size=12,
)
TAME = st.text(string.ascii_letters + string.digits + " .,;|\"'é€\n-", max_size=12)


def written(rows, delimiter, encoding, quoting, line_end="\n"):
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(rows)
    return target.getvalue().encode(encoding)


def expected(rows, quoting):
    """An empty cell is missing, unless it was quoted; blanks around a cell go."""
    empty = "" if quoting == csv.QUOTE_ALL else None
    return [tuple(cell.strip() if cell else empty for cell in row) for row in rows]


def same(got, wanted):
    return [tuple(cell or None for cell in row) for row in got] == [
        tuple(cell or None for cell in row) for row in wanted
    ]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), width=st.integers(2, 5), height=st.integers(1, 6))
def test_a_table_of_any_text_comes_back_when_the_dialect_is_named(data, width, height):
    delimiter = data.draw(st.sampled_from(DELIMITERS))
    encoding = data.draw(st.sampled_from(ENCODINGS))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    line_end = data.draw(st.sampled_from(["\n", "\r\n"]))
    rows = data.draw(st.lists(st.lists(WILD, min_size=width, max_size=width), min_size=height, max_size=height))
    # A line of empty cells at the end is no row, and one that repeats the header is a header.
    rows = [[f"name {position}" for position in range(width)], *rows, ["end"] * width]
    try:
        raw = written(rows, delimiter, encoding, quoting, line_end)
    except UnicodeEncodeError:
        assume(False)
    options = TextOptions(header=1, delimiter=delimiter, encoding=encoding)
    frame, _ = read_text(raw, options, where="x.csv")
    assert frame.columns == rows[0]
    # The end of a line inside a cell is the file's own.
    got = [tuple(cell and cell.replace("\r\n", "\n") for cell in row) for row in frame.rows()]
    assert got == expected(rows[1:], quoting)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), height=st.integers(3, 12))
def test_a_plausible_table_comes_back_with_everything_found(data, height):
    delimiter = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    row = st.tuples(
        st.integers(0, 10**6).map(str),
        st.sampled_from(["red", "green", "blue"]),
        st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
        TAME,
        st.dates().map(str),
    )
    rows = data.draw(st.lists(row, min_size=height, max_size=height))
    header = ("id", "colour", "amount", "remark", "day")
    raw = written([header, *rows], delimiter, encoding, quoting)
    frame, findings = read_text(raw, TextOptions(), where="x.csv")
    assert tuple(frame.columns) == header
    assert same(frame.rows(), expected(rows, quoting))
    assert not {finding.code for finding in findings} & {"header.none", "header.several", "text.quotes_plain"}


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(WILD.filter(lambda cell: cell.strip()), min_size=1, max_size=8))
def test_one_column_of_any_text_comes_back_when_quoted(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("one") / "x.csv"
    path.write_bytes(written([["remark"], *[[cell] for cell in cells]], "\t", "utf-8", csv.QUOTE_ALL))
    table = read(path, header=1, delimiter="tab", encoding="utf-8")
    assert table.frame.rows() == [(cell.strip(),) for cell in cells]


def outcome(action):
    try:
        return action(), None
    except MainstayError as error:
        return None, error


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_sentence(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(raw)
    table, error = outcome(lambda: read(path))
    assert error.hint if table is None else table.rows > 0


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from("ab1,;\"\n\r\t #'"), max_size=40))
def test_any_small_text_gives_a_table_or_a_sentence(text):
    answer, error = outcome(lambda: read_text(text.encode(), TextOptions(), where="x.csv"))
    if answer is None:
        assert error.hint
        assert error.code != "data.parser"
    else:
        assert answer[0].height > 0

"""Text tables as people have them: every trap has its sentence."""

import gzip
import hashlib

import polars as pl
import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data import read_kinds
from mainstay.data.read import read


@pytest.fixture
def table(tmp_path):
    def build(content, name="x.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **options)

    return build


def codes(table):
    return [note.code for note in table.notes]


def note(table, code):
    return next(note for note in table.notes if note.code == code)


def test_cells_stay_text_without_the_blanks_around_them(table):
    got = table('id,price,note\n007, 1,"a  "\n,\t,""\n')
    assert got.frame.rows() == [("007", "1", "a"), (None, "", "")]
    assert set(got.frame.dtypes) == {pl.String}
    assert got.notes == ()


def test_the_digest_is_that_of_the_bytes_in_the_file(table, tmp_path):
    text = b"a,b\n1,2\n"
    assert table(text).digest == hashlib.sha256(text).hexdigest()
    packed = gzip.compress(text)
    assert table(packed, "x.csv.gz").digest == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a;b\n1,5;2\n3,5;4\n", [("1,5", "2"), ("3,5", "4")]),
        ("1,5;2,5\n3,5;4,5\n5,5;6,0\n", [("1,5", "2,5"), ("3,5", "4,5"), ("5,5", "6,0")]),
        ("a\tb\nx, y\t2\nz\t3\n", [("x, y", "2"), ("z", "3")]),
        ("a|b|c\n1|x,y|3\n2|z|4\n", [("1", "x,y", "3"), ("2", "z", "4")]),
        ("root:x:0:/root\ndaemon:x:1:/usr\nbin:x:2:/bin\n", None),
        ("name size mass\na 1 2.5\nb 2 3.5\n", [("a", "1", "2.5"), ("b", "2", "3.5")]),
        ("  1.0   2.0\n 10.0  20.5\n 11.0   3.5\n", [("1.0", "2.0"), ("10.0", "20.5"), ("11.0", "3.5")]),
        (
            '18.0   8  307.0\t"ford torino"\n15.0   8  30.5\t"buick"\n17.0   6  12.0\t"amc"\n',
            [("18.0", "8", "307.0", "ford torino"), ("15.0", "8", "30.5", "buick"), ("17.0", "6", "12.0", "amc")],
        ),
        ("1,5 2,5\n3,5 4,5\n5,5 6,0\n", [("1,5", "2,5"), ("3,5", "4,5"), ("5,5", "6,0")]),
        ("id\tnote\n1\t4 5\n2\t6 7\n", [("1", "4 5"), ("2", "6 7")]),
        ("a^b\n1^2\n3^4\n", [("1", "2"), ("3", "4")]),
        ("sep=;\na;b\n1;2\n", [("1", "2")]),
        (
            "2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2\n",
            [("2014-04-01 00:00:00", "1"), ("2014-04-01 00:05:00", "2")],
        ),
        ("a, b, c\n1, 2, 3\n4, 5, 6\n", [("1", "2", "3"), ("4", "5", "6")]),
    ],
)
def test_the_delimiter_is_found(table, text, rows):
    got = table(text)
    assert got.frame.width >= 2
    if rows is not None:
        assert got.frame.rows() == rows
    assert table(text.replace("\n", "\r\n")).frame.equals(got.frame)


@pytest.mark.parametrize(
    "text",
    ["when\n12:30\n13:45\n", "who\nJohn Smith\nMary Jones\n", "2014-04-01 00:00:00\n2014-04-02 00:00:00\n"],
)
def test_times_names_and_numbers_are_one_column(table, text):
    got = table(text)
    assert got.frame.width == 1
    assert "text.one_column" in codes(got)


def test_prose_is_one_column(table):
    got = table("Dear all,\nthanks for coming, and see you soon, all of you.\nYours, as ever, and so on,\nA friend\n")
    assert got.frame.width == 1


def test_a_named_delimiter_wins_and_a_bad_one_is_refused(table):
    assert table("a-b,c\n1-2,3\n", delimiter="-").frame.columns == ["a", "b,c"]
    with pytest.raises(UsageError, match="one ASCII character") as caught:
        table("a,b\n1,2\n", delimiter="::")
    assert caught.value.where == "delimiter"


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(table):
    got = table('a,b\n"x, y","he said ""no"""\n"two\nlines",2\n')
    assert got.frame.rows() == [("x, y", 'he said "no"'), ("two\nlines", "2")]


def test_quotes_that_are_plain_characters_lose_no_row(table):
    lines = ["ham\tHi there you", 'spam\t"Win now', "ham\tSee you", 'ham\tbye" he said', "spam\tCall now", "ham\tOk"]
    got = table("\n".join(lines) + "\n", "sms.tsv")
    assert got.rows == len(lines)
    assert got.frame.row(1) == ("spam", '"Win now')
    assert "line 4" in note(got, "text.quotes_plain").message


def test_swallowed_lines_are_noticed_even_where_quotes_pair_up(table):
    lines = ["ham\tHi there you", 'spam\t"Win now', "ham\tSee you", 'ham"\tbye', "spam\tCall", "ham\tOk"]
    got = table("\n".join([*lines, *lines]) + "\n", "sms.tsv")
    assert got.rows == 2 * len(lines)


def test_an_inch_mark_inside_a_cell_is_kept_beside_quoted_cells(table):
    got = table('part,size,note\n"pipe, long",5" wide,x\nrod,3,"a, b"\n')
    assert got.frame.rows() == [("pipe, long", '5" wide', "x"), ("rod", "3", "a, b")]


def test_quotes_escaped_by_a_backslash_and_blanks_before_quotes(table):
    assert table('a,b\n"say \\"hi\\", you",2\nz,3\n').frame.rows() == [('say "hi", you', "2"), ("z", "3")]
    assert table('a, b\n1, "x, y"\n2, "z"\n').frame.rows() == [("1", "x, y"), ("2", "z")]


def test_apostrophes_as_quotes(table):
    assert table("a;b\n'x;y';'1'\n'z';'2'\n").frame.rows() == [("x;y", "1"), ("z", "2")]
    assert table("a,b\nit's,1\n'tis,2\n").frame.rows() == [("it's", "1"), ("'tis", "2")]


def test_a_quote_that_is_never_closed(table):
    with pytest.raises(DataError, match="begins on line 3 is never closed") as caught:
        table('a,b\n1,2\n3,"4\n5,6\n7\n')
    assert caught.value.code == "data.quotes"


def test_blank_lines_and_empty_cells_at_the_end_go(table):
    got = table("a,b\n1,2\n\n3,4\n,\n,\n\n\n")
    assert got.frame.rows() == [("1", "2"), ("3", "4")]
    assert "2 lines" in note(got, "rows.empty_end").message


def test_an_empty_row_inside_is_kept_and_said(table):
    got = table("a,b\n1,2\n,\n3,4\n")
    assert got.rows == 3
    assert note(got, "rows.empty").rows == (2,)


def test_comments_are_left_out_but_not_data_with_a_hash(table):
    got = table("# made by hand\na,b\n1,2\n# a, b and, c\n#3,4\n")
    assert got.frame.rows() == [("1", "2"), ("#3", "4")]


def test_old_mac_line_ends_and_doubled_ones(table):
    assert table("a,b\r1,2\r3,4\r").frame.rows() == [("1", "2"), ("3", "4")]
    assert table("a,b\r\r\n1,2\r\r\n3,4\r\r\n").frame.rows() == [("1", "2"), ("3", "4")]


def test_ragged_rows_name_their_lines(table):
    rows = "".join(f"{row},x\n" for row in range(20))
    with pytest.raises(DataError) as caught:
        table("a,b\n" + rows + "1,2,3\n" + rows + "7\n8,y\n")
    assert caught.value.code == "data.ragged"
    assert "2 of 44 lines do not have the 2 cells" in caught.value.message
    assert "line 22 has 3, line 43 has 1" in caught.value.message
    assert "quotes" in caught.value.hint


def test_a_ragged_line_far_down_is_found(table):
    body = "1,2\n" * 300_000
    with pytest.raises(DataError, match="line 300,002 has 3"):
        table("a,b\n" + body + "1,2,3\n" + "4,5\n")


def test_a_short_last_line_is_filled_up_and_said(table):
    got = table("a,b,c\n1,2,3\n4,5\n")
    assert got.frame.row(1) == ("4", "5", None)
    assert "2 of 3 cells" in note(got, "rows.short_last").message


def test_a_footer_below_a_blank_line_is_left_out_and_said(table):
    got = table("id,sum\n1,2\n3,4\n\nTotal: 2 rows\nmade on Monday\n")
    assert got.frame.rows() == [("1", "2"), ("3", "4")]
    assert "'Total: 2 rows', 'made on Monday'" in note(got, "rows.footer").message


def test_blanks_of_every_alphabet_are_trimmed(table):
    for blank in (" ", "\t", "\u00a0", "\u2003", "\u3000", "\x0b"):
        for text in (
            "a,b\n{}x,y\nz,w\n",
            "a,b\nx{},y\nz,w\n",
            'a,b\n"x{}",y\nz,w\n',
            "a,b\nx,y{}\nz,w\n",
            "a,b\nx,y\n{}z,w",
        ):
            assert table(text.format(blank), delimiter=",").frame.rows() == [("x", "y"), ("z", "w")]
            assert table(text.format(blank).replace("\n", "\r\n")).frame.rows() == [("x", "y"), ("z", "w")]
    assert table('a,b\n"\nx\n",y\nz,w\n').frame.rows() == [("x", "y"), ("z", "w")]


def test_a_very_long_quoted_cell(table):
    long = "word, " * 50_000
    assert table(f'a,b\n"{long}",2\n').frame.rows() == [(long.strip(), "2")]


def test_logs_and_addresses_are_no_columns(table):
    assert table("2024-01-01 10:00:00 INFO start\n2024-01-01 10:00:01 WARN stop it\n").frame.width == 1
    assert table("url\nhttp://a.b/c\nhttp://d.e/f?x=1,2\n").frame.rows()[1] == ("http://d.e/f?x=1,2",)


def test_baskets_have_their_own_sentence(table):
    with pytest.raises(DataError, match=r"from 1 to 4 cells .* baskets") as caught:
        table("milk,bread\nmilk\nrice,beans,oil,salt\nmilk,oil,eggs\nbread,rice\neggs\n")
    assert caught.value.code == "data.baskets"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "data.empty", "empty"),
        (b"\n \n\r\n", "data.empty", "blank lines only"),
        (b"\xef\xbb\xbf", "data.empty", "empty"),
        (b"name,age\n", "data.no_rows", "header .* and no rows"),
        (b"name,age\n\n,\n", "data.no_rows", "no cell holds a value"),
        (b"abc\x00\x01\x02def\x00\xff\xfe", "data.binary", "not text"),
        (b"%PDF-1.7 ...", "data.format", "a PDF came"),
        (b"\x89PNG\r\n\x1a\n....", "data.format", "PNG"),
        (b"\x80\x04\x95....", "data.format", "pickle"),
        (b"\x1f\x8b\x08\x00broken", "data.gzip", "gzip"),
        (gzip.compress(b"a,b\n1,2\n")[:-4], "data.gzip", "ends too early"),
        (b"PK\x03\x04broken", "data.damaged", "zip"),
    ],
)
def test_files_that_hold_no_table(table, content, code, words):
    with pytest.raises(DataError, match=words) as caught:
        table(content)
    assert caught.value.code == code
    assert caught.value.hint
    assert "x.csv" in caught.value.where


def test_an_archive_too_large_is_refused(table, monkeypatch):
    monkeypatch.setattr(read_kinds, "_UNZIPPED_LIMIT", 1000)
    with pytest.raises(DataError, match="holds more than"):
        table(gzip.compress(b"a,b\n" + b"1,2\n" * 3_000_000), "x.csv.gz")


def test_gzip_of_several_parts(table):
    assert table(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"), "x.gz").frame.rows() == [
        ("1", "2"),
        ("3", "4"),
    ]


def test_a_missing_file_suggests_a_near_name(tmp_path):
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no such file") as caught:
        read(tmp_path / "custmers.csv")
    assert "customers.csv" in caught.value.hint
    with pytest.raises(DataError) as caught:
        read(tmp_path / "nowhere" / "x.csv")
    assert "folder" in caught.value.hint


def test_a_folder_names_its_files(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="a folder came") as caught:
        read(tmp_path)
    assert "a.csv" in caught.value.hint


def test_options_that_do_not_fit_are_refused(table):
    for options in ({"query": "SELECT 1"}, {"sheet": 1}):
        with pytest.raises(UsageError, match="and this file is text"):
            table("a,b\n1,2\n", **options)


def test_a_table_is_returned_as_it_is(table):
    got = table("a,b\n1,2\n")
    assert read(got) is got


def test_rows_without_any_value_are_not_called_missing_rows(table):
    with pytest.raises(DataError, match=r"50 rows in 2 columns .*no cell holds a value") as caught:
        table("a,b\n" + ",\n" * 50)
    assert "header" not in caught.value.hint

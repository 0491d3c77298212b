"""Encodings: what the bytes prove is believed, the rest is said."""

import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.read_text import TextOptions, read_text

TEXT = "stadt,größe\nZürich,1\nKöln,2\nNîmes,3\n"


def rows(raw, **options):
    frame, findings = read_text(raw, TextOptions(**options), where="x.csv")
    return [frame.columns, *frame.rows()], [finding.code for finding in findings], findings


WANTED = [["stadt", "größe"], ("Zürich", "1"), ("Köln", "2"), ("Nîmes", "3")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_plain_utf8_needs_no_word(encoding):
    assert rows(TEXT.encode(encoding))[:2] == (WANTED, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_other_encodings_are_found_and_said(encoding):
    assert rows(TEXT.encode(encoding))[:2] == (WANTED, ["text.encoding"])


def test_bytes_that_cp1252_lacks_are_latin1():
    got, _, findings = rows(b"a,b\ncaf\xe9,1\n\x81,2\n")
    assert got[1] == ("café", "1")
    assert "latin-1" in findings[0].message


def test_another_alphabet_is_suspected_and_can_be_named():
    raw = "город,n\nлюди,1\nжить,2\n".encode("cp1251")
    assert "another alphabet" in rows(raw)[2][0].message
    assert rows(raw, encoding="cp1251")[:2] == ([["город", "n"], ("люди", "1"), ("жить", "2")], [])


def test_a_few_broken_bytes_do_not_spoil_the_rest():
    raw = ("a,b\n" + "Zürich,1\n" * 30).encode() + b"K\xf6ln,2\n"
    got, codes, findings = rows(raw)
    assert got[1] == ("Zürich", "1")
    assert codes == ["text.encoding"]
    assert "line 32" in findings[0].message


def test_a_wrong_name_of_an_encoding():
    with pytest.raises(UsageError, match="no text encoding named 'klingon'"):
        rows(TEXT.encode(), encoding="klingon")
    with pytest.raises(UsageError, match="no text encoding named 'base64'"):
        rows(TEXT.encode(), encoding="base64")
    with pytest.raises(DataError, match="not valid UTF-8"):
        rows(TEXT.encode("cp1252"), encoding="utf-8")
    with pytest.raises(DataError, match="not valid"):
        rows(b"\xff\xfea\x00,\x00b", encoding="ascii")


def test_half_a_letter_at_the_end_of_utf16():
    with pytest.raises(DataError, match="not valid UTF-16"):
        rows(TEXT.encode("utf-16") + b"x")

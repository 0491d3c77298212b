"""Files with types: Parquet, Arrow, JSON, Excel."""

import datetime as dt
import hashlib
import json

import openpyxl
import polars as pl
import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.read import read

FRAME = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "size": [1.5, None, float("nan")],
        "name": ["a", " b ", None],
        "day": [dt.date(2024, 1, 2), None, dt.date(2024, 1, 3)],
        "kind": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
        "good": [True, False, None],
    }
)


def codes(table):
    return [note.code for note in table.notes]


@pytest.mark.parametrize(
    ("name", "write"), [("x.parquet", "write_parquet"), ("x.arrow", "write_ipc"), ("s", "write_ipc_stream")]
)
def test_typed_files_keep_their_types(tmp_path, name, write):
    path = tmp_path / name
    getattr(FRAME, write)(path)
    table = read(path)
    assert table.frame.equals(FRAME.with_columns(pl.col("size").fill_nan(None)))
    assert table.frame.schema == FRAME.schema
    assert table.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.notes == ()


def test_types_that_no_model_knows_are_turned_and_said(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame(
        {
            "list": [[1, 2], None],
            "record": [{"a": 1, "b": "é"}, {"a": 2, "b": None}],
            "raw": [b"x", b"y"],
            "zone": pl.Series([dt.datetime(2024, 1, 1, 12), None]).dt.replace_time_zone("Europe/Berlin"),
            "span": [dt.timedelta(hours=1), None],
            "time": [dt.time(1, 2, 3), None],
            "money": pl.Series(["1.50", "2.25"]).cast(pl.Decimal(10, 2)),
        }
    ).write_parquet(path)
    table = read(path)
    assert table.frame.rows() == [
        ("[1, 2]", '{"a": 1, "b": "é"}', dt.datetime(2024, 1, 1, 11), 3600.0, "01:02:03", 1.5),
        (None, '{"a": 2, "b": null}', None, None, None, 2.25),
    ]
    assert codes(table) == ["column.nested", "column.nested", "column.binary", "column.zone"]


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
def test_a_damaged_file_gets_a_sentence(tmp_path, name):
    path = tmp_path / name
    FRAME.write_parquet(path) if name == "x.parquet" else FRAME.write_ipc(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read") as caught:
        read(path)
    assert caught.value.code == "data.damaged"


def test_typed_files_without_rows_or_columns(tmp_path):
    FRAME.head(0).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match="no rows"):
        read(tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="header is for text"):
        read(tmp_path / "x.parquet", header=1)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n\n',
        '[{"a": 1, "b": "x"}, {"a": 2}]',
        '\ufeff [\n {"a": 1, "b": "x"},\n {"a": 2}]\n',
        '{"a": [1, 2], "b": ["x", null]}',
        '{"a": 1, "b": "x"}\r\n{"a": 2}',
    ],
)
@pytest.mark.parametrize("name", ["x.json", "x.dat"])
def test_json_in_its_shapes(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text, newline="")
    assert read(path).frame.to_dict(as_series=False) == {"a": [1, 2], "b": ["x", None]}


def test_json_numbers_and_mixtures(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1, "n": 1, "t": true, "d": {"k": [1]}}\n{"a": 2.5, "n": "one", "t": 0, "d": null}\n')
    table = read(path)
    assert table.frame.rows() == [(1.0, "1", "true", '{"k": [1]}'), (2.5, "one", "0", None)]
    assert codes(table) == ["column.mixed", "column.mixed", "column.nested"]
    assert "1 int, 1 str" in table.notes[0].message
    path.write_text('{"a": 1, "b": 2.5}\n{"a": 2}\n')
    assert read(path).frame.rows() == [(1, 2.5), (2, None)]


def test_one_json_object_is_one_row(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"a": 1, "b": {"c": 2}}, indent=1))
    assert read(path).frame.rows() == [(1, '{"c": 2}')]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}\n{"a": \n', "line 2 is not valid JSON"),
        ('{"a": 1}\n[1]\n', "line 2 should hold one JSON object"),
        ('[{"a": 1}, 3]', "list of dicts"),
        ('[{"a": 1},\n{"a": }]', "line 2 is not valid JSON"),
        ("[]", "empty"),
        ("3", "a number came"),
        ("[" * 100_000, "not|nested"),
        ('{"a": [1, 2], "b": [1]}', "same length"),
    ],
)
def test_json_that_is_no_table(tmp_path, text, words):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        read(path)
    assert caught.value.hint


def book(path, *sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def test_excel_keeps_types_below_its_titles(tmp_path):
    rows = [
        ["Report"],
        [],
        ["id", "when", "day", "share", "good", "code", None, "id"],
        [1, dt.datetime(2024, 1, 2, 3, 4), dt.datetime(2024, 1, 2), 1 / 3, True, "007", None, 5],
        [2, None, dt.datetime(2024, 1, 3), 2.0, False, " x ", None, 6],
        [None] * 8,
        [3, dt.datetime(2024, 1, 3, 5, 6), None, None, None, None, None, 7],
    ]
    path = book(tmp_path / "x.xlsx", ("Data", rows))
    table = read(path)
    assert table.frame.columns == ["id", "when", "day", "share", "good", "code", "id_2"]
    assert table.frame.row(0) == (
        1,
        dt.datetime(2024, 1, 2, 3, 4),
        dt.date(2024, 1, 2),
        1 / 3,
        True,
        "007",
        5,
    )
    assert table.rows == 3
    assert table.frame["id"].dtype == pl.Int64
    assert set(codes(table)) == {"header.title_lines", "header.duplicate", "header.empty_name"}
    assert table.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_excel_times_of_day_and_mixed_cells(tmp_path):
    path = book(tmp_path / "x.xlsx", ("Data", [["t", "m"], [dt.time(3, 4), 1.5], [dt.time(5, 6), "many"]]))
    assert read(path).frame.rows() == [("03:04:00", "1.5"), ("05:06:00", "many")]


def test_excel_sheets_are_named_and_chosen(tmp_path):
    path = book(tmp_path / "x.xlsx", ("Empty", []), ("A", [["x"], [1]]), ("B", [["y", "z"], [2, 3]]))
    table = read(path)
    assert table.frame.columns == ["x"]
    assert "'A', 'B'" in next(note for note in table.notes if note.code == "excel.sheets").message
    assert read(path, sheet="B").frame.rows() == [(2, 3)]
    assert read(path, sheet=3).frame.rows() == [(2, 3)]
    with pytest.raises(UsageError, match="no sheet 'C'") as caught:
        read(path, sheet="C")
    assert "'Empty', 'A', 'B'" in caught.value.hint
    with pytest.raises(DataError, match="sheet is empty"):
        read(path, sheet="Empty")


def test_excel_without_header_or_rows(tmp_path):
    path = book(tmp_path / "x.xlsx", ("A", [[1.5, 2], [3.5, 4], [5.5, 6]]), ("B", [["a", "b"]]))
    table = read(path, sheet="A")
    assert table.rows == 3
    assert "header.none" in codes(table)
    assert read(path, sheet="A", header=1).rows == 2
    with pytest.raises(DataError, match="no rows below"):
        read(path, sheet="B")


def test_a_workbook_that_is_damaged(tmp_path):
    path = tmp_path / "x.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(DataError, match="a workbook was expected") as caught:
        read(path)
    assert "password" in caught.value.hint

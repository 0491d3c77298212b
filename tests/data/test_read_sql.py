"""Databases: rows come out, passwords do not."""

import sqlite3
import sys

import pytest

from mainstay.contracts.errors import DataError, MissingPackageError, UsageError
from mainstay.data.read import read


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        """CREATE TABLE "the orders" (id INTEGER, price REAL, name TEXT, mixed, picture BLOB);
        INSERT INTO "the orders" VALUES (1, 2.5, 'a', 1, x'00'), (2, NULL, NULL, 'two', NULL);"""
    )
    connection.close()
    return path


def test_the_only_table_needs_no_query(shop):
    table = read(shop)
    assert table.frame.rows() == [(1, 2.5, "a", "1"), (2, None, None, "two")]
    assert [note.code for note in table.notes] == ["column.mixed", "column.binary"]
    assert table.digest == read(f"sqlite:///{shop}").digest
    assert table.digest != read(shop, query='SELECT id FROM "the orders"').digest


def test_a_query_chooses(shop):
    query = 'SELECT id AS "", price * 2 AS id FROM "the orders" WHERE name LIKE \'%a\''
    for source in (shop, f"sqlite:///{shop}"):
        assert read(source, query=query).frame.to_dict(as_series=False) == {"column_1": [1], "id": [5.0]}


def test_several_tables_ask_for_a_query(shop):
    connection = sqlite3.connect(shop)
    connection.execute("CREATE TABLE more (a)")
    connection.commit()
    connection.close()
    for source in (shop, f"sqlite:///{shop}"):
        with pytest.raises(UsageError, match="2 tables \\('more', 'the orders'\\)") as caught:
            read(source)
        assert "SELECT * FROM" in caught.value.hint


def test_a_broken_query_lists_the_tables(shop):
    with pytest.raises(DataError, match="no such table: nowhere") as caught:
        read(shop, query="SELECT * FROM nowhere")
    assert "'the orders'" in caught.value.hint
    with pytest.raises(DataError, match="gave no rows"):
        read(shop, query='SELECT * FROM "the orders" WHERE id > 9')


def test_the_file_is_only_read(shop):
    before = shop.read_bytes()
    with pytest.raises(DataError, match="readonly"):
        read(shop, query='DELETE FROM "the orders"')
    assert shop.read_bytes() == before


def test_a_missing_database_is_not_made(tmp_path):
    path = tmp_path / "nothing.db"
    with pytest.raises(DataError, match="no such file"):
        read(f"sqlite:///{path}", query="SELECT 1")
    assert not path.exists()


def test_sqlite_in_memory_by_address():
    assert read("sqlite://", query="SELECT 1 AS a, '100%' AS b").frame.rows() == [(1, "100%")]
    with pytest.raises(UsageError, match="needs a query"):
        read("sqlite://")


SECRET = "p4ss-w0rd"


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (f"postgresql+asyncpg://me:{SECRET}@localhost:1/db", MissingPackageError),
        (f"postgresql://me:{SECRET}@localhost:1/db", MissingPackageError),
        (f"mysql+pymysql://me:{SECRET}@localhost:1/db", MissingPackageError),
        (f"nosuchbase://me:{SECRET}@localhost/db", MissingPackageError),
        (f"postgresql://me:{SECRET}@localhost:port/db", UsageError),
        (f"http://me:{SECRET}@example.org/x.csv", UsageError),
        (f"s3://bucket/x.csv?token={SECRET}", UsageError),
        (f"sqlite:////nowhere/x.db?password={SECRET}", DataError),
    ],
)
def test_no_password_in_any_message(address, error, monkeypatch):
    for driver in ("asyncpg", "psycopg2", "psycopg", "pymysql"):
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(error) as caught:
        read(address, query="SELECT 1")
    told = f"{caught.value} {caught.value.to_dict()} {caught.value.__cause__}"
    assert SECRET not in told
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert caught.value.hint


def test_a_missing_driver_names_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingPackageError, match="postgresql needs a driver") as caught:
        read(f"postgresql://me:{SECRET}@localhost/db", query="SELECT 1")
    assert 'pip install "mainstay[postgres]"' in caught.value.hint


def test_a_driver_that_tells_the_password_is_cut_short(monkeypatch):
    import sqlalchemy

    def refuse(*_args, **_options):
        raise RuntimeError(f"cannot reach postgresql://me:{SECRET}@host, password={SECRET}")

    monkeypatch.setattr(sqlalchemy, "create_engine", refuse)
    with pytest.raises(DataError, match="cannot reach") as caught:
        read(f"postgresql://me:{SECRET}@host/db", query="SELECT 1")
    assert SECRET not in str(caught.value)
    assert caught.value.where == "postgresql://me:***@host/db"

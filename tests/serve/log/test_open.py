"""A log that cannot be opened is refused with a sentence, at once, and no sentence holds a password."""

import asyncio
import time

import pytest

from mainstay.contracts.errors import MissingPackageError, UsageError
from mainstay.serve.log import address as addresses
from mainstay.serve.log.address import read_address
from mainstay.serve.log.open import open_log
from mainstay.serve.log.reading import read_entries
from mainstay.serve.log.retention import Retention, read_retention
from mainstay.serve.log.writer import LogSettings

from .conftest import PASSWORD, QUOTED, entries, free_port
from .test_writer import until


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mysql://root:hush@db/x", "'mysql' came"),
        ("postgresql://me:hush@db", "must name the database"),
        ("postgresql://me:hush@db:port/x", "could not be read"),
        ("://hush", "could not be read"),
        ("sqlite://", "a file that stays"),
        ("sqlite:///:memory:", "a file that stays"),
        (":memory:", "a file that stays"),
        ("", "a file that stays"),
        ("a\0hush", "a file that stays"),
    ],
)
def test_a_bad_address_is_refused_in_a_sentence(given, words):
    with pytest.raises(UsageError, match=words) as raised:
        open_log(given)
    assert "hush" not in str(raised.value)
    assert raised.value.hint


def test_a_folder_and_a_place_without_a_folder_are_refused(tmp_path):
    with pytest.raises(UsageError, match="this is a folder"):
        open_log(str(tmp_path))
    with pytest.raises(UsageError, match="cannot be opened"):
        open_log(str(tmp_path / "nowhere" / "answers.db"))


def test_a_file_that_is_something_else_is_refused(tmp_path):
    place = tmp_path / "notes.txt"
    place.write_text("not a database " * 100)
    with pytest.raises(UsageError, match="not a SQLite file"):
        open_log(str(place))
    with pytest.raises(UsageError, match="not a SQLite file"):
        open_log(f"sqlite:///{place}")


def test_a_database_that_cannot_be_reached_is_refused_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(UsageError, match="cannot be reached") as raised:
        open_log(f"postgresql://me:{QUOTED}@127.0.0.1:{free_port()}/logs?password=hush")
    assert raised.value.where == "log: postgresql://127.0.0.1/logs"
    assert not {PASSWORD, QUOTED, "hush"} & set(str(raised.value).split())


def test_a_wrong_password_is_refused(postgres):
    server, _ = postgres
    with pytest.raises(UsageError, match=r"cannot be reached|refuses the user") as raised:
        open_log(server.url(password="guess"))
    assert "guess" not in str(raised.value)


def test_without_the_driver_the_install_line_is_said(monkeypatch):
    monkeypatch.setattr(addresses, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError) as raised:
        read_address("postgresql://db/logs")
    assert "pip install 'mainstay[postgres]'" in raised.value.hint


def test_a_durable_sqlite_log_is_in_the_file_when_it_says_so(tmp_path):
    place = str(tmp_path / "answers.db")

    async def main():
        log = open_log(place, mode="durable")
        assert log.mode == "durable"
        for number, one in enumerate(entries(20), 1):
            assert await log.keep([one])
            assert len(list(read_entries(place))) == number
        log.close(1)

    asyncio.run(main())


@pytest.mark.parametrize("given", ["", "many", "0", "-5MB", "5 apples", "1.2.3GB", 0])
def test_a_size_that_is_none_is_refused(given):
    with pytest.raises(UsageError, match="must be a size"):
        read_retention(max_size=given)


def test_days_must_be_some():
    with pytest.raises(UsageError, match="more than 0"):
        read_retention(0)


@pytest.mark.parametrize(("given", "rows", "size"), [("1.5kB", None, 1500), (2048, None, 2048), ("70 rows", 70, None)])
def test_sizes(given, rows, size):
    assert read_retention(max_size=given) == Retention(max_rows=rows, max_bytes=size)


QUICK = LogSettings(flush_seconds=0.01, tidy_seconds=0.05)


def test_the_oldest_go_when_there_are_too_many(address):
    log = open_log(address, settings=QUICK, retention=Retention(max_rows=1500))
    for at in range(0, 6000, 500):
        log.record(entries(6000)[at : at + 500])
    until(lambda: log.state.written == 6000)
    until(lambda: sum(1 for _ in read_entries(address)) == 1500)
    log.close(1)
    assert [one.id for one in read_entries(address)] == [one.id for one in entries(6000)[4500:]]
    assert not log.state.message


def test_what_is_too_old_goes(address):
    log = open_log(address, settings=QUICK, retention=read_retention(keep_days=1))
    now = time.time_ns()
    old, new = entries(3000, time_ns=now - 86_401 * 10**9), entries(3005)[3000:]
    log.record([*old, *(one._replace(time_ns=now) for one in new)])
    until(lambda: log.state.written == 3005)
    until(lambda: sum(1 for _ in read_entries(address)) == 5)
    log.close(1)


def test_a_sqlite_file_shrinks_to_its_size(tmp_path):
    place = tmp_path / "answers.db"
    big = b'{"a":"' + b"x" * 2000 + b'"}'
    log = open_log(str(place), settings=QUICK)
    log.record(entries(5000, inputs=big))
    log.close(10)
    assert place.stat().st_size > 10_000_000
    log = open_log(str(place), settings=QUICK, retention=Retention(max_bytes=2_000_000))
    until(lambda: 300 < sum(1 for _ in read_entries(str(place))) < 1000, 10)
    # In the write-ahead journal first; the file itself when the log is closed.
    until(lambda: not log.state.message)

    time.sleep(0.3)
    log.close(5)
    assert place.stat().st_size < 2_500_000


def test_a_postgresql_log_keeps_to_its_size(postgres):
    _, address = postgres
    log = open_log(address, settings=QUICK, retention=Retention(max_bytes=500_000))
    log.record(entries(4000))
    until(lambda: log.state.written == 4000)
    until(lambda: 1000 < sum(1 for _ in read_entries(address)) < 2600, 10)
    log.close(1)


def test_a_passing_password_with_marks_in_it_works(postgres):
    _server, address = postgres
    log = open_log(address.replace("postgresql://", "postgres://"))
    log.record(entries(1))
    log.close(5)
    assert log.state.written == 1


def test_a_database_that_may_only_be_read_is_refused(postgres):
    server, address = postgres
    open_log(address).close(1)
    name = address.rpartition("/")[2]
    server.query(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(UsageError, match="takes no writes"):
        open_log(address)

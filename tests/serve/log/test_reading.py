"""A log is read in the order of time, in bounded pieces, beside its writer, and never changed."""

import hashlib
import os
import tracemalloc
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.serve.log.open import open_log
from mainstay.serve.log.reading import nanoseconds, read_entries
from mainstay.serve.log.writer import LogSettings

from .conftest import entries, entry
from .test_writer import until


def filled(address, batch):
    log = open_log(address)
    log.record(batch)
    log.close(20)
    assert log.state.written == len(batch)


def test_all_entries_come_once_in_the_order_of_time(address):
    batch = [entry(number, time_ns=10**18 + number // 700) for number in range(5000)]
    filled(address, batch[::-1])
    assert list(read_entries(address)) == batch


def test_a_span_of_time_and_a_limit(address):
    filled(address, entries(100))
    first = entries(1)[0].time_ns
    assert list(read_entries(address, since=first + 10, until=first + 20)) == entries(100)[10:20]
    assert list(read_entries(address, since=first + 10, limit=3)) == entries(100)[10:13]
    assert list(read_entries(address, since="2024-01-01")) == []


def test_asked_ones_come_once_and_missing_ones_not_at_all(address):
    filled(address, entries(3000))
    wanted = [entry(number).id for number in range(0, 3000, 2)]
    found = list(read_entries(address, ids=[*wanted, *wanted, entry(9999).id, "'; DROP TABLE predictions; --"]))
    assert sorted(found) == entries(3000)[::2]


def test_it_is_read_while_it_is_written(address):
    log = open_log(address, settings=LogSettings(flush_seconds=0.01))
    log.record(entries(2500))
    until(lambda: log.state.written == 2500)
    reading = read_entries(address)
    begun = [next(reading)]
    log.record([entry(number) for number in range(2500, 5000)])
    until(lambda: log.state.written == 5000)
    assert [*begun, *reading] == entries(5000)
    log.close(1)


def test_reading_changes_no_byte_of_the_file(tmp_path):
    place = tmp_path / "answers.db"
    filled(str(place), entries(10))
    before = hashlib.sha256(place.read_bytes()).hexdigest()
    assert len(list(read_entries(str(place)))) == 10
    assert hashlib.sha256(place.read_bytes()).hexdigest() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_log_in_a_folder_that_cannot_be_written_to_is_read(tmp_path):
    filled(str(tmp_path / "answers.db"), entries(10))
    tmp_path.chmod(0o500)
    assert len(list(read_entries(str(tmp_path / "answers.db")))) == 10
    tmp_path.chmod(0o700)


def test_memory_does_not_grow_with_the_log(tmp_path):
    place = str(tmp_path / "answers.db")
    filled(place, entries(20_000, inputs=b'{"a":"' + b"x" * 1000 + b'"}'))
    tracemalloc.start()
    count = sum(1 for _ in read_entries(place))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert most < 8_000_000


def test_a_log_that_is_not_there_or_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        list(read_entries(str(tmp_path / "answers.db")))
    (tmp_path / "notes").write_text("hello " * 500)
    with pytest.raises(DataError, match="not a SQLite file"):
        list(read_entries(str(tmp_path / "notes")))
    (tmp_path / "empty.db").touch()
    with pytest.raises(UsageError, match="no prediction log"):
        list(read_entries(str(tmp_path / "empty.db")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", "notes"]


def test_an_empty_database_is_no_log(postgres):
    with pytest.raises(UsageError, match="no prediction log"):
        list(read_entries(postgres[1]))


def test_times():
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(hours=5)))
    wanted = int(moment.timestamp()) * 10**9
    assert {nanoseconds(one, "since") for one in ("2026-03-01T12:00", "2026-03-01T12:00Z", moment, there)} == {wanted}
    assert nanoseconds(None, "since") is None
    with pytest.raises(UsageError, match="a time was expected"):
        nanoseconds("yesterday", "since")

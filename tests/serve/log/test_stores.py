"""What is written comes back byte for byte, once, from either database."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.serve.log.address import read_address
from mainstay.serve.log.open import make_store, open_log
from mainstay.serve.log.reading import read_entries
from mainstay.serve.log.record import Entry
from mainstay.serve.log.sqlite_store import pack_entries

from .conftest import DIGEST, entries, entry

# JSON holds no raw control characters but blanks; everything else is escaped or stands as itself.
TEXT = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=40)
BLANK = st.sampled_from(["", " ", "\n\t", "  "])
NUMBER = st.sampled_from(["1.50", "1e400", "-0.0", "123456789012345678901234567890", "0.1000000000000000055511151231"])
ESCAPED = st.sampled_from(
    ["\\u0000", "\\ud800", "\\\\u0000", "\\u001f", '\\"', "\\/", "é", "\U0001f600", "%s", "\\x1f"]
)


@st.composite
def documents(draw):
    """Draw the bytes of a JSON object with whatever blanks, escapes and numbers a client may have chosen."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        name = draw(TEXT).replace("\\", "").replace('"', "") + draw(ESCAPED)
        value = draw(NUMBER | ESCAPED.map(lambda one: f'"{one}"') | st.just("null"))
        parts.append(f'{draw(BLANK)}"{name}"{draw(BLANK)}:{draw(BLANK)}{value}')
    return ("{" + ",".join(parts) + draw(BLANK) + "}").encode()


WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@st.composite
def some_entries(draw):
    ids = draw(st.lists(WORD, min_size=1, max_size=6, unique=True))
    rest = (st.integers(0, 2**62), WORD, WORD, documents(), documents(), st.integers(0, 2**62))
    return [Entry(name, *(draw(one) for one in rest)) for name in ids]


def store_at(address, mode="batched"):
    store = make_store(read_address(address), mode)
    store.open()
    return store


def stored(address):
    return sorted(read_entries(address))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=some_entries())
def test_entries_come_back_byte_for_byte(address, batch):
    store = store_at(address)
    before = {one.id: one for one in stored(address)}
    store.write(batch)
    store.close()
    after = {one.id: one for one in stored(address)}
    assert after == {**{one.id: one for one in batch}, **before}


def test_bytes_that_are_no_text_survive_in_sqlite(tmp_path):
    place = str(tmp_path / "answers.db")
    odd = entry(0, inputs=b'{"a":"\xff\x00\x1f"}', output=b"")
    store = store_at(place)
    store.write([odd, entry(1)])
    store.close()
    assert stored(place) == sorted([odd, entry(1)])


def test_a_batch_may_be_sent_again(address):
    store = store_at(address)
    store.write(entries(2500))
    store.write(entries(2500))
    store.write([entry(0, output=b'{"prediction":2}'), entry(2500)])
    store.close()
    assert stored(address) == entries(2501)


def test_models_are_kept_apart_within_a_batch(address):
    batch = [entry(n, model=f"m{n % 3}", digest=f"{n % 2:02}" * 32) for n in range(50)]
    store = store_at(address)
    store.write(batch)
    store.close()
    assert stored(address) == batch


def test_a_number_too_long_for_its_place_is_blamed_and_not_cut():
    with pytest.raises(ValueError, match="digits"):
        pack_entries([entry(0, time_ns=10**21)])


def test_the_columns_have_plain_types_that_others_can_read(tmp_path):
    place = tmp_path / "answers.db"
    store = store_at(str(place))
    store.write([entry(7)])
    store.close()
    with closing(sqlite3.connect(place)) as connection:
        row = connection.execute("SELECT *, typeof(time), typeof(inputs), typeof(output) FROM predictions").fetchone()
        assert row[:7] == (
            "00000000000000aa-0000000007", 1_700_000_000_000_000_007, "churn", DIGEST, '{"age":31}',
            '{"prediction":1.5}', 90,
        )  # fmt: skip
        assert row[7:] == ("integer", "text", "text")
        assert connection.execute("SELECT json_extract(inputs, '$.age') FROM predictions").fetchone() == (31,)


def test_a_file_that_was_moved_away_is_made_anew(tmp_path):
    place = tmp_path / "answers.db"
    store = store_at(str(place))
    store.write(entries(10))
    place.rename(tmp_path / "old.db")
    store.write([entry(10)])
    store.close()
    assert [one.id[-2:] for one in stored(str(place))] == ["0a"]


def test_a_newer_format_is_refused(address):
    store_at(address).close()
    store = store_at(address)
    store._current().exec_driver_sql("UPDATE log_format SET version = 2")
    store.close()
    with pytest.raises(UsageError, match="of format 2"):
        open_log(address)
    with pytest.raises(UsageError, match="of format 2"):
        list(read_entries(address))


def test_a_table_of_another_kind_is_refused(tmp_path):
    place = tmp_path / "shop.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE predictions (weather TEXT)")
    with pytest.raises(UsageError, match="not a log"):
        open_log(str(place))

"""The small parts of the processes: files that are looked at, tokens, contracts, messages and sockets."""

import os
import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bundle.conftest import SCHEMA
from tests.serve.models import churn, fees, sets

from mainstay.contracts.errors import IntegrityError, UsageError, WorkerError
from mainstay.contracts.schema import Column, Schema
from mainstay.serve.names import check_name, name_of
from mainstay.serve.processes import messages
from mainstay.serve.processes.contract import contract_changes
from mainstay.serve.processes.files import ModelFile, bytes_of
from mainstay.serve.processes.listening import address_of, listen
from mainstay.serve.processes.messages import error_of, read_order, read_report, refusal, written
from mainstay.serve.processes.tokens import read_tokens, readable_by_others
from mainstay.serve.settings import ServeSettings


def test_a_file_is_another_once_two_looks_have_seen_it_the_same(tmp_path):
    path = tmp_path / "a.mainstay"
    path.write_bytes(b"one")
    file = ModelFile("a", path)
    assert (file.look(), file.look_now()) == (None, None)
    path.write_bytes(b"two!")
    assert file.look() is None
    path.write_bytes(b"three")
    assert [file.look(), file.look(), file.look()] == [None, b"three", None]
    file.take(b"three")
    os.utime(path, ns=(1, 1))
    assert [file.look() for _ in range(3)] == [None, None, None]
    path.unlink()
    assert file.look() is None
    with pytest.raises(UsageError):
        file.look_now()


def test_a_model_without_a_file_is_never_another(tmp_path):
    file = ModelFile("a", churn())
    assert file.data == churn().data
    assert (file.look(), file.look_now()) == (None, None)
    path = tmp_path / "b.mainstay"
    path.write_bytes(b"new")
    file.take(b"new", path)
    path.write_bytes(b"newer")
    assert file.look_now() == b"newer"
    assert bytes_of(b"as it is") == b"as it is"


def test_tokens_are_one_a_line_and_kept_as_digests(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# for the shop\n\n  {'a' * 16}  \n{'b' * 40}\r\n")
    digests = read_tokens(path)
    assert len(digests) == 2
    assert all(len(digest) == 32 and b"aaaa" not in digest for digest in digests)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has none"), (b"# nothing\n", "has none"), (b"\xff\xfe\n", "no text"), (b"short-one\n", "line 1"),
        (b"aaaaaaaaaaaaaaaaaaaa\nwith a space in it it is\n", "line 2"), ("ünïcödé-tökén-ünïcödé".encode(), "line 1"),
    ],
)  # fmt: skip
def test_a_file_of_tokens_that_is_none_is_a_sentence_without_a_token(tmp_path, content, said):
    path = tmp_path / "tokens"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_tokens(path)
    assert said in str(caught.value)
    assert "short-one" not in str(caught.value)


def test_a_file_of_tokens_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_tokens(tmp_path / "none")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_who_may_read_the_file_of_tokens(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("x")
    for mode, others in ((0o600, False), (0o400, False), (0o640, True), (0o604, True)):
        path.chmod(mode)
        assert readable_by_others(path) is others


def with_columns(bundle, *columns):
    """Return something like a bundle, with other columns."""
    schema = Schema(columns=(*columns, SCHEMA.columns[-1]))
    return type("Like", (), {"schema": schema, "outputs": bundle.outputs, "task": bundle.task, "clusters": None})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "years"}, "'age' is no column any more"),
        ({"kind": "category", "categories": ("1",), "low": None, "high": None}, "the kind of 'age'"),
        ({"unit": "months"}, "the unit of 'age'"),
        ({"nullable": False}, "'age' may no longer be missing"),
        ({"on_range": "reject"}, "'age' now refuses a value that is out of range"),
        ({"role": "ignored"}, ""),
        ({"low": 10, "high": 20}, ""),
        ({"on_bad": "warn"}, ""),
    ],
)
def test_a_contract_is_changed_by_what_clients_trip_over_and_nothing_else(change, said):
    age, *others = SCHEMA.columns[:-1]
    after = with_columns(churn(), msgspec.structs.replace(age, **change), *others)
    changes = contract_changes(churn(), after)
    assert bool(changes) == bool(said)
    assert said in "; ".join(changes)


def test_another_task_or_other_labels_are_another_contract():
    assert "the task was classification and is regression" in contract_changes(churn(), fees())
    assert "the labels were No, Yes and are 1, 2, 3" in contract_changes(churn(), sets())
    assert contract_changes(churn(), churn()) == []
    more = with_columns(churn(), *SCHEMA.columns[:-1], Column(name="new", kind="number"))
    assert contract_changes(churn(), more) == ["'new' is a new column"]


ORDERS = st.one_of(
    st.builds(messages.Prepare, st.integers(0, 9), st.text(), st.integers(0, 10**9)),
    st.builds(messages.Commit, st.integers(0, 9), st.booleans()),
    st.builds(messages.Drop, st.text(), st.booleans()),
    st.builds(messages.Begin, st.just(ServeSettings(port=0, allow_host=("a",), max_rate=2.5)), st.integers(0, 99),
              st.integers(0, 99), st.integers(0, 9), st.booleans(), st.dictionaries(st.text(), st.integers(0, 99))),
    st.sampled_from([messages.Ping(), messages.End(), messages.ReadTokens()]),
)  # fmt: skip


@given(ORDERS)
def test_an_order_is_one_line_and_comes_as_it_was_sent(order):
    line = written(order)
    assert line.count(b"\n") == 1
    assert read_order(line) == order


@given(st.binary(max_size=200) | st.sampled_from([b'{"type":"Ready"}', b'{"type":"Begin"}', b"null", b"[]", b"1"]))
def test_what_is_no_report_is_refused(line):
    with pytest.raises(msgspec.MsgspecError):
        read_report(line)


def test_an_error_comes_out_of_a_worker_as_the_error_that_it_was():
    error = IntegrityError("a member is not what it was", where="model.onnx", hint="Copy it again.", code="c")
    found = error_of(read_report(written(refusal(error, 3))))
    assert type(found) is IntegrityError
    assert found.to_dict() == error.to_dict()
    odd = messages.Failed(0, "SystemExit", "x", "said", "", "")
    assert type(error_of(odd)) is WorkerError


def test_a_socket_says_where_it_listens_and_why_it_does_not():
    with listen("127.0.0.1", 0) as door:
        assert address_of(door) == f"http://127.0.0.1:{door.getsockname()[1]}"
        with pytest.raises(UsageError, match="is taken"):
            listen("127.0.0.1", door.getsockname()[1])
    with pytest.raises(UsageError, match="is no address"):
        listen("no such host at all", 0)
    with pytest.raises(UsageError, match="cannot listen at 192\\.0\\.2\\.1"):
        listen("192.0.2.1", 0)
    if socket.has_ipv6:
        try:
            door = listen("::1", 0)
        except UsageError:
            pytest.skip("this machine has no ::1")
        with door:
            assert address_of(door).startswith("http://[::1]:")


def test_names_stand_in_an_address_as_they_are():
    assert [name_of(path) for path in ("a/churn 1.mainstay", "Größe.mainstay", ".mainstay")] == [
        "churn-1", "Gr--e", ".mainstay",
    ]  # fmt: skip
    for name in ("a", "churn-1", "v1.2_x"):
        check_name(name)
    for name in ("", ".", "..", "a/b", "a b", "é", "a?b", "a%2e"):
        with pytest.raises(UsageError):
            check_name(name)


def test_a_file_that_is_no_model_is_named(tmp_path):
    import subprocess
    import sys

    (tmp_path / "broken.mainstay").write_bytes(b"PK\x03\x04 nothing")
    command = [sys.executable, "-m", "mainstay", "serve", str(tmp_path / "broken.mainstay"), "--port", "0"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    assert "model broken" in found.stderr

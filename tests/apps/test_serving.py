"""The command serve: a sentence for a person, JSON for a program, and settings handed on as they were given."""

import sys

import pytest

from .conftest import ANSWERS


@pytest.mark.parametrize("terminal", [True, False])
def test_a_person_in_a_terminal_reads_a_sentence(verbs, shell, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    answer = shell("serve", "churn.mainstay")
    assert (answer.code, answer.out) == (0, "")
    assert verbs.told is terminal
    if terminal:
        assert "churn (abababababab) at http://127.0.0.1:8000" in answer.err
        assert len(answer.err.splitlines()) == 1
    else:
        assert not answer.err


def test_a_program_gets_one_object(verbs, shell):
    assert shell("serve", "churn.mainstay", "--json").json() == ANSWERS["serve"]


def test_every_option_is_handed_on(verbs, shell):
    words = ["--host", "0.0.0.0", "--port", "0", "--workers", "2", "--watch", "1.5", "--allow-schema-change"]
    words += [
        "--drain-seconds",
        "3",
        "--drain-delay",
        "4",
        "--token-file",
        "t",
        "--allow-host",
        "a",
        "--allow-host",
        "b",
        "--open-to-all",
    ]
    words += ["--behind-proxy", "--max-body", "2MB", "--max-rows", "9", "--max-open", "8", "--max-rate", "2.5"]
    words += ["--log", "a.db", "--log-mode", "durable", "--log-keep-days", "7", "--log-max-size", "1GB", "--access-log"]
    assert shell("serve", "a.mainstay", "two=b.mainstay", *words).code == 0
    ((verb, given, options),) = verbs.calls
    assert (verb, given) == ("serve", (["a.mainstay", "two=b.mainstay"],))
    assert options == {
        "host": "0.0.0.0", "port": 0, "workers": 2, "watch": 1.5, "allow_schema_change": True, "drain_seconds": 3.0,
        "drain_delay": 4.0,
        "token_file": "t", "allow_host": ("a", "b"), "open_to_all": True, "behind_proxy": True, "max_body": "2MB",
        "max_rows": 9, "max_open": 8, "max_rate": 2.5, "log": "a.db", "log_mode": "durable", "log_keep_days": 7.0,
        "log_max_size": "1GB", "access_log": True,
    }  # fmt: skip


def test_without_a_model_it_says_so(verbs, shell):
    answer = shell("serve")
    assert answer.code == 2
    assert "a server needs a model" in answer.err

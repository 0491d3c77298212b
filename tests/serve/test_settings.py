"""The settings of a server: each value is checked with a sentence, and both faces take them from one declaration."""

import inspect
from dataclasses import fields
from typing import get_type_hints

import pytest
import typer

import mainstay
from mainstay.apps.cli.app import application
from mainstay.contracts.errors import UsageError
from mainstay.serve.settings import (
    ServeOptions,
    ServeSettings,
    amount_of_bytes,
    is_loopback,
    settings_by_name,
)

NAMES = [field.name for field in fields(ServeSettings)]
OPTIONS = {option.name: option for option in typer.main.get_command(application).commands["serve"].params}
PARAMETERS = inspect.signature(mainstay.serve).parameters


@pytest.mark.parametrize("name", NAMES)
def test_the_shell_and_python_have_each_setting_with_its_default(name):
    setting = settings_by_name()[name]
    default = OPTIONS[name].default
    assert (amount_of_bytes(default) if name == "max_body" else tuple(default or ()) if name == "allow_host" else
            default) == setting.default  # fmt: skip
    assert OPTIONS[name].help == setting.meaning
    assert PARAMETERS[name].default == setting.default
    assert setting.meaning.endswith(".")


def test_neither_face_has_a_setting_that_is_not_declared():
    assert set(OPTIONS) - set(NAMES) <= {"models", "requirements", "as_json", "help"}
    assert set(PARAMETERS) - set(NAMES) == {"models", "background", "announce"}
    assert set(get_type_hints(ServeOptions)) == set(NAMES)


@pytest.mark.parametrize(
    ("given", "where", "said"),
    [
        ({"port": -1}, "port", "from 0 to 65,535"),
        ({"port": 70_000}, "port", "70000"),
        ({"port": True}, "port", "True"),
        ({"workers": 0}, "workers", "from 1"),
        ({"workers": 1.5}, "workers", "1.5"),
        ({"max_body": "many"}, "max_body", "500KB"),
        ({"max_body": 3}, "max_body", "from 100"),
        ({"max_body": "2TB"}, "max_body", "2000000000000"),
        ({"max_rows": 0}, "max_rows", "from 1"),
        ({"max_open": 0}, "max_open", "from 1"),
        ({"max_rate": 0}, "max_rate", "0.001"),
        ({"max_rate": float("nan")}, "max_rate", "nan"),
        ({"watch": 0.01}, "watch", "0.1"),
        ({"drain_seconds": -1}, "drain_seconds", "-1"),
        ({"drain_delay": -1}, "drain_delay", "-1"),
        ({"log_mode": "often"}, "log_mode", "often"),
        ({"log_mode": "durable"}, "log", "--log FILE"),
        ({"log_keep_days": 3}, "log", "--log FILE"),
        ({"log": "a.db", "log_max_size": "much"}, "log_max_size", "much"),
        ({"log": "a.db", "log_keep_days": -3}, "log_keep_days", "-3"),
        ({"host": "0.0.0.0"}, "host", "--open-to-all"),
        ({"host": "::"}, "host", "--token-file"),
        ({"host": "model.example"}, "host", "--token-file"),
        ({"host": ""}, "host", "--token-file"),
        ({"allow_host": "model.example"}, "allow_host", "list"),
        ({"allow_host": ("http://model.example/",)}, "allow_host", "http://model.example/"),
        ({"allow_host": ("*",)}, "allow_host", "'*'"),
        ({"allow_host": ("",)}, "allow_host", "''"),
        ({"allow_host": ("model.example:port",)}, "allow_host", "port"),
    ],
)
def test_a_value_that_cannot_work_is_a_sentence(given, where, said):
    with pytest.raises(UsageError) as caught:
        ServeSettings(**given)
    assert where.endswith(caught.value.where)
    assert said in str(caught.value)


def test_a_size_may_be_words_or_a_number():
    assert ServeSettings(max_body="1.5MB").max_body == 1_500_000
    assert ServeSettings(max_body=2000).limits.max_body == 2000
    for size in ("", "MB", "-1MB", "1e9", "1 parsec", "0x10"):
        with pytest.raises(UsageError):
            amount_of_bytes(size)


def test_only_names_of_this_machine_pass_unless_a_token_is_asked_for():
    assert ServeSettings(allow_host=("Model.Example",)).hosts == {"localhost", "127.0.0.1", "[::1]", "model.example"}
    assert "[::1]" in ServeSettings(host="::1").hosts
    given = ("a.example:8812", "[fe80::1]:80", "FE80::0:2", "10.0.0.7:1")
    assert {"a.example", "[fe80::1]", "[fe80::2]", "10.0.0.7"} <= ServeSettings(allow_host=given).hosts
    assert "127.0.0.7" in ServeSettings(host="127.0.0.7").hosts
    assert ServeSettings(token_file="t").hosts is None
    assert ServeSettings(host="0.0.0.0", open_to_all=True).hosts is None


def test_what_is_this_machine_alone():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "", "127.0.0.1.example")))

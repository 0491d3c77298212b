"""The settings of a server, declared once: the shell, Python and the worker processes all take them from here.

Nothing is imported that ``mainstay --help`` would have to wait for.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

from mainstay.contracts.errors import UsageError
from mainstay.serve.hosts import as_header, host_names
from mainstay.serve.limits import Limits

__all__ = ["ServeOptions", "ServeSettings", "Setting", "amount_of_bytes", "is_loopback", "settings_by_name"]

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_LEAST_BODY = 100


def _said(meaning: str, *, value: str = "", group: str = "The server") -> dict[str, str]:
    return {"meaning": meaning, "value": value, "group": group}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """How models are served; each value is checked when the record is made.

    Parameters
    ----------
    host : str, default "127.0.0.1"
    port : int, default 8000
        0 takes a free one.
    workers : int, default 1
    watch : float, optional
        Seconds between two looks at the model files.
    allow_schema_change : bool, default False
    drain_seconds : float, default 10
    drain_delay : float, default 0
    token_file : str, optional
    allow_host : tuple of str, default ()
    open_to_all : bool, default False
    behind_proxy : bool, default False
    max_body, max_rows, max_open : int
    max_rate : float, optional
    log : str, optional
    log_mode : {"batched", "durable"}, default "batched"
    log_keep_days : float, optional
    log_max_size : str or int, optional
        Bytes, "2GB", or "1000000 rows".
    access_log : bool, default False

    Raises
    ------
    UsageError
        When a value cannot work.

    Examples
    --------
    >>> ServeSettings(port=0, max_body="2MB").max_body
    2000000
    >>> ServeSettings(host="0.0.0.0")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    mainstay.contracts.errors.UsageError: host: '0.0.0.0' can be reached from other machines, and no token ...
    """

    host: str = field(
        default="127.0.0.1",
        metadata=_said("The address to listen at; others than this machine's need a token.", value="ADDRESS"),
    )
    port: int = field(default=8000, metadata=_said("The port to listen at; 0 takes a free one.", value="N"))
    workers: int = field(default=1, metadata=_said("How many processes answer.", value="N"))
    watch: float | None = field(
        default=None,
        metadata=_said(
            "Look at the model files so often, and serve a new one without a pause; SIGHUP looks at once.",
            value="SECONDS",
        ),
    )
    allow_schema_change: bool = field(
        default=False,
        metadata=_said("Let a new model file ask for other columns, or answer with other labels, than the one before."),
    )
    drain_seconds: float = field(
        default=10.0, metadata=_said("How long open requests may take when the server is stopped.", value="SECONDS")
    )
    drain_delay: float = field(
        default=0.0,
        metadata=_said(
            "When stopped, go on for so long and say not ready, so that who sends requests here finds out first.",
            value="SECONDS",
        ),
    )
    token_file: str | None = field(
        default=None,
        metadata=_said("Ask for one of the tokens in this file, a line each.", value="FILE", group="Who may ask"),
    )
    allow_host: tuple[str, ...] = field(
        default=(),
        metadata=_said(
            "A further name that the server is asked by; may be given again.", value="NAME", group="Who may ask"
        ),
    )
    open_to_all: bool = field(
        default=False, metadata=_said("Let everyone ask, from any machine, without a token.", group="Who may ask")
    )
    behind_proxy: bool = field(
        default=False,
        metadata=_said(
            "Take a client's address from x-forwarded-for, for --max-rate; only behind a proxy that sets it.",
            group="Who may ask",
        ),
    )
    max_body: int = field(
        default=1_000_000, metadata=_said("The largest body of a request.", value="SIZE", group="Limits")
    )
    max_rows: int = field(default=1000, metadata=_said("The most rows in one request.", value="N", group="Limits"))
    max_open: int = field(
        default=1000,
        metadata=_said("How many requests may be open at a time, for each worker.", value="N", group="Limits"),
    )
    max_rate: float | None = field(
        default=None,
        metadata=_said("How many requests a second one client may send, for each worker.", value="N", group="Limits"),
    )
    log: str | None = field(
        default=None,
        metadata=_said(
            "Keep every answer: a SQLite file, or postgresql://user@host/database.", value="URL", group="The log"
        ),
    )
    log_mode: Literal["batched", "durable"] = field(
        default="batched",
        metadata=_said(
            "batched: no answer waits; durable: an answer waits until it is kept.", value="HOW", group="The log"
        ),
    )
    log_keep_days: float | None = field(
        default=None, metadata=_said("Delete answers that are older.", value="N", group="The log")
    )
    log_max_size: str | int | None = field(
        default=None,
        metadata=_said(
            "Delete the oldest answers beyond this size: 2GB, or '1000000 rows'.", value="SIZE", group="The log"
        ),
    )
    access_log: bool = field(
        default=False, metadata=_said("Write a line for each request, without its values.", group="The log")
    )

    def __post_init__(self) -> None:
        if isinstance(self.max_body, str):
            object.__setattr__(self, "max_body", amount_of_bytes(self.max_body, "max_body"))
        object.__setattr__(self, "allow_host", host_names(self.allow_host, "allow_host"))
        self._check_whole_numbers()
        self._check_numbers()
        if self.log_mode not in ("batched", "durable"):
            raise UsageError(f"batched or durable was expected, and {self.log_mode!r} came", where="log_mode")
        if self.log is None and (self.log_keep_days, self.log_max_size, self.log_mode) != (None, None, "batched"):
            raise UsageError("how to keep answers is said, and not where", where="log", hint="Give --log FILE as well.")
        if self.log is not None and (self.log_keep_days, self.log_max_size) != (None, None):
            from mainstay.serve.log.retention import read_retention

            read_retention(self.log_keep_days, self.log_max_size)
        if not (is_loopback(self.host) or self.token_file or self.open_to_all):
            raise UsageError(
                f"{self.host!r} can be reached from other machines, and no token is asked for", where="host",
                hint="Give --token-file FILE, or --open-to-all if everyone may ask.",
            )  # fmt: skip

    def _check_whole_numbers(self) -> None:
        bounds = {"port": (0, 65535), "workers": (1, 256), "max_body": (_LEAST_BODY, 10**9), "max_rows": (1, 10**6)}
        for name, (low, high) in {**bounds, "max_open": (1, 10**6)}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise UsageError(
                    f"a whole number from {low:,} to {high:,} was expected, and {value!r} came", where=name
                )

    def _check_numbers(self) -> None:
        for name, low in {
            "watch": 0.1,
            "max_rate": 0.001,
            "log_keep_days": 0.001,
            "drain_seconds": 0.0,
            "drain_delay": 0.0,
        }.items():
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and low <= value <= 1e9):
                raise UsageError(f"a number of at least {low:g} was expected, and {value!r} came", where=name)

    @property
    def limits(self) -> Limits:
        """The bounds of requests."""
        return Limits(max_body=self.max_body, max_rows=self.max_rows, max_open=self.max_open, max_rate=self.max_rate)

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names that the server is asked by; None lets any pass, for a token is asked for or everyone may ask."""
        if self.token_file or self.open_to_all:
            return None
        return frozenset({"localhost", "127.0.0.1", "[::1]", as_header(self.host), *self.allow_host})


class ServeOptions(TypedDict, total=False):
    """The settings for verbs that pass them on; the keys are the fields of :class:`ServeSettings`."""

    host: str
    port: int
    workers: int
    watch: float | None
    allow_schema_change: bool
    drain_seconds: float
    drain_delay: float
    token_file: str | None
    allow_host: tuple[str, ...] | list[str]
    open_to_all: bool
    behind_proxy: bool
    max_body: int | str
    max_rows: int
    max_open: int
    max_rate: float | None
    log: str | None
    log_mode: Literal["batched", "durable"]
    log_keep_days: float | None
    log_max_size: str | int | None
    access_log: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a person reads it.

    Parameters
    ----------
    name : str
    default : object
    meaning : str
        A sentence.
    value : str
        What stands for the value in help; empty for a switch.
    group : str
    """

    name: str
    default: Any
    meaning: str
    value: str
    group: str


def settings_by_name() -> dict[str, Setting]:
    """Return what is declared above, in its order.

    Examples
    --------
    >>> settings_by_name()["port"].default
    8000
    """
    return {one.name: Setting(one.name, one.default, **one.metadata) for one in fields(ServeSettings)}


def is_loopback(host: str) -> bool:
    """Say whether an address is of this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def amount_of_bytes(size: str, name: str = "size") -> int:
    """Return a size in bytes.

    Raises
    ------
    UsageError
        When it is none.

    Examples
    --------
    >>> amount_of_bytes("1.5MB"), amount_of_bytes("2000")
    (1500000, 2000)
    """
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]*)\s*", size.lower())
    if not match or match[2] not in _UNITS:
        raise UsageError(f"a size was expected, and {size!r} came", where=name, hint="Write for example 500KB or 1MB.")
    return int(float(match[1]) * _UNITS[match[2]])

"""How much one client may ask of the server: every wait and every size has a bound."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a request and of all requests together.

    Parameters
    ----------
    max_body : int, default 1_000_000
        The largest body, in bytes.
    max_rows : int, default 1000
        The most rows in one request.
    body_seconds : float, default 10
        How long a client may take to send its body.
    answer_seconds : float, default 30
        How long an answer may take once the body is here.
    max_open : int, default 1000
        How many requests may be open at the same time; more are sent away with 503.
    max_delay : float, default 1.0
        Seconds that a request may wait for its turn; beyond, new ones are sent away with 503 until it is less.
    max_rate : float, optional
        Requests per second that one client (token, else address) may send; more are sent away with 429.
    """

    max_body: int = 1_000_000
    max_rows: int = 1000
    body_seconds: float = 10.0
    answer_seconds: float = 30.0
    max_open: int = 1000
    max_delay: float = 1.0
    max_rate: float | None = None

"""How many requests each client may send: a bucket of tokens for each, and only so many buckets."""

from __future__ import annotations

from collections import OrderedDict

from mainstay.contracts.errors import RequestError

__all__ = ["Rates"]

_CLIENTS = 10_000


class Rates:
    """Counts requests per client.

    Parameters
    ----------
    most : float
        Requests per second; as many may come at once as in one second, but one in any case.

    Examples
    --------
    >>> rates = Rates(2)
    >>> rates.take("a", 0.0), rates.take("a", 0.0), rates.take("b", 0.0), rates.take("a", 0.5)
    (None, None, None, None)
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._size = max(1.0, most)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now: float) -> None:
        """Count one request.

        Raises
        ------
        RequestError
            With status 429 and the time to wait.
        """
        left, since = self._left.pop(client, (self._size, now))
        left = min(self._size, left + (now - since) * self._most)
        self._left[client] = (max(left - 1.0, 0.0) if left >= 1.0 else left, now)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        if left < 1.0:
            wait = max(1, round((1.0 - left) / self._most + 0.5))
            raise RequestError(
                f"a client may send {self._most:g} requests per second, and this one sent more", status=429,
                where="client", hint=f"Try again in {wait} s.", code="too_many_requests",
                headers={"retry-after": str(wait)},
            )  # fmt: skip

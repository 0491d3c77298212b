"""Names for answers and requests: unique without a word between workers, and counting, so that a gap is seen."""

from __future__ import annotations

import re
import secrets

__all__ = ["Identities", "accepted"]

_GIVEN = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}")


class Identities:
    """Gives out ``<run>-<sequence>``: 16 hexadecimal digits that are new for each start, and 10 that count from 0.

    Examples
    --------
    >>> identities = Identities()
    >>> one, two = identities.new(), identities.new()
    >>> one[:17] == two[:17], one[17:], two[17:]
    (True, '0000000000', '0000000001')
    """

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self._next = 0

    def request(self) -> str:
        """Return a name for a request that has no prediction; it does not count among them."""
        return f"r-{secrets.token_hex(10)}"

    def new(self) -> str:
        """Return the next name of a prediction."""
        number = self._next
        self._next = number + 1
        return f"{self.run}-{number:010x}"


def accepted(given: bytes) -> str:
    r"""Return a client's own name for its request where it is harmless in headers and logs, else nothing.

    Examples
    --------
    >>> accepted(b"order-17"), accepted(b"a\r\nb")
    ('order-17', '')
    """
    text = given.decode("latin-1")
    return text if _GIVEN.fullmatch(text) else ""

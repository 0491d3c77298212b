"""What a place for entries must do; the writer knows no more of SQLite and PostgreSQL than this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serve.log.record import Entry
    from mainstay.serve.log.retention import Retention

__all__ = ["Sized", "Store"]


class Sized(NamedTuple):
    """How big a log is: its rows, and the bytes that they take with their indexes, without what is free."""

    rows: int
    size: int


class Store(Protocol):
    """A place for entries. After :meth:`open` all calls come from one thread, and all of them may block."""

    def open(self) -> None:
        """Connect, and make the table where there is none; what was open before is given up."""
        ...

    def write(self, entries: Sequence[Entry]) -> None:
        """Write entries; when it returns the store has confirmed all of them.

        An entry whose id is there already is left as it is, so that a batch of unknown fate can be sent again.
        """
        ...

    def shrink(self, retention: Retention, now_ns: int) -> bool:
        """Delete a few of the oldest rows where there are too many; return whether there are more to delete."""
        ...

    def close(self) -> None:
        """Give up the connection; raises nothing."""
        ...

    def blames_entries(self, error: Exception) -> bool:
        """Return whether it is an entry that cannot be kept, and no other attempt could keep it."""
        ...

    def in_words(self, error: Exception) -> str:
        """Say what is wrong, in words without an address or a password."""
        ...

"""Deletes the oldest entries in small steps, up to a place that is found once.

The place is a time and an id, not a number of rows: several workers that shrink one log at the same time then delete
the same rows, and not each as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, literal, select, tuple_

from mainstay.serve.log.tables import PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from mainstay.serve.log.retention import Retention
    from mainstay.serve.log.store import Sized

__all__ = ["Trimmer"]

_STEP = 1000
_COLUMNS = PREDICTIONS.columns
_Place = tuple[int, str]


class Trimmer:
    """Deletes what is too old or too much.

    Parameters
    ----------
    sized : callable
        Returns how big the log is, given a connection and what is to be kept; may be slow.
    """

    def __init__(self, sized: Callable[[Connection, Retention], Sized]) -> None:
        self._sized = sized
        self._before: _Place | None = None

    def step(self, connection: Connection, retention: Retention, now_ns: int) -> bool:
        """Delete up to 1,000 rows; return whether there are more."""
        if self._before is None:
            self._before = self._place(connection, retention, now_ns)
        if self._before is None:
            return False
        place = tuple_(_COLUMNS.time, _COLUMNS.id)
        oldest = select(_COLUMNS.id).where(place < tuple_(*map(literal, self._before)))
        oldest = oldest.order_by(_COLUMNS.time, _COLUMNS.id).limit(_STEP)
        deleted = connection.execute(delete(PREDICTIONS).where(_COLUMNS.id.in_(oldest))).rowcount
        if deleted < _STEP:
            self._before = None
        return deleted >= _STEP

    def _place(self, connection: Connection, retention: Retention, now_ns: int) -> _Place | None:
        """Return before which place rows are deleted; None where all may stay."""
        places: list[_Place] = []
        if retention.keep_ns is not None:
            places.append((now_ns - retention.keep_ns, ""))
        if retention.max_rows is not None or retention.max_bytes is not None:
            surplus = retention.surplus(*self._sized(connection, retention))
            ordered = select(_COLUMNS.time, _COLUMNS.id).order_by(_COLUMNS.time, _COLUMNS.id)
            first = connection.execute(ordered.limit(1).offset(surplus)).first() if surplus else None
            if first is not None:
                places.append((first[0], first[1]))
        return max(places, default=None)

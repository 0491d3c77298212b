"""Ctrl-C while a result is being finished: noted, and obeyed only the second time.

The few seconds between the end of the search and the written file are worth more than an instant end: an interrupted
run keeps its best model (law 5).
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Held", "hold_interrupts"]


@dataclass(slots=True)
class Held:
    """How many interruptions came while they were held."""

    count: int = 0


@contextmanager
def hold_interrupts(patience: int = 1) -> Iterator[Held]:
    """Note the first interruptions and raise KeyboardInterrupt only at the one after.

    Outside the main thread signals cannot be held, and nothing is changed.

    Examples
    --------
    >>> with hold_interrupts() as held:
    ...     signal.raise_signal(signal.SIGINT)
    >>> held.count
    1
    """
    held = Held()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return

    def note(number: int, frame: FrameType | None) -> None:
        del number, frame
        held.count += 1
        if held.count > patience:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

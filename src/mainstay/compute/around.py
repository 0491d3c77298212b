"""What a run works with and does not decide: its clock, who listens, and whether it was asked to stop.

It also keeps how long each stage took, for "where did the time go" is the first question about a budget.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.compute.clock import Clock
from mainstay.compute.interrupt import Held
from mainstay.contracts.events import StageBegun, StageEnded, silent

if TYPE_CHECKING:
    from mainstay.contracts.events import Listener

__all__ = ["Around"]


@dataclass(frozen=True, slots=True)
class Around:
    """A clock that ends at once when the run is interrupted, and a listener.

    Parameters
    ----------
    clock : Clock
    listener : Listener
    held : Held
        Counts interruptions: after the first one every loop sees that no time is left, and ends with its best so far.
    begun : list of (str, float)
        The stages so far with the moment each began; a part of a run writes into the same list.

    Examples
    --------
    >>> around = Around(Clock(60))
    >>> around.held.count += 1
    >>> around.left()
    0.0
    """

    clock: Clock = field(default_factory=Clock)
    listener: Listener = silent
    held: Held = field(default_factory=Held)
    begun: list[tuple[str, float]] = field(default_factory=list)

    @property
    def interrupted(self) -> bool:
        """Whether the run was asked to stop."""
        return self.held.count > 0

    def left(self) -> float:
        """Return the seconds that are left; none after an interruption."""
        return 0.0 if self.interrupted else self.clock.left()

    def begin(self, stage: str) -> None:
        """Tell that a stage begins, and so that the one before has ended."""
        self.end()
        self.begun.append((stage, time.monotonic()))
        self.listener(StageBegun(stage, self.left()))

    def end(self) -> None:
        """Tell that the last stage has ended; nothing where it was told already."""
        if self.begun and self.begun[-1][0]:
            stage, moment = self.begun[-1]
            self.begun.append(("", time.monotonic()))
            self.listener(StageEnded(stage, time.monotonic() - moment))

    def stages(self) -> dict[str, float]:
        """Return the seconds of each stage that has ended, in their order.

        Examples
        --------
        >>> around = Around()
        >>> around.begin("read")
        >>> around.end()
        >>> list(around.stages())
        ['read']
        """
        found: dict[str, float] = {}
        for (stage, start), (_, stop) in zip(self.begun, self.begun[1:], strict=False):
            if stage:
                found[stage] = round(found.get(stage, 0.0) + stop - start, 2)
        return found

    def before(self, seconds: float) -> Around:
        """Return what ends so many seconds earlier, for something is still to come."""
        return Around(self.clock.earlier(seconds), self.listener, self.held, self.begun)

    def at_least(self, seconds: float) -> Around:
        """Return what has so many seconds in any case, interrupted or not: for what is wrong when it is cut short."""
        if self.left() >= seconds:
            return self
        return Around(Clock(seconds), self.listener, begun=self.begun)

    def part(self, share: float) -> Around:
        """Return what may take a share of the time that is left."""
        seconds = self.clock.left()
        if seconds == float("inf"):
            return self
        return Around(self.clock.at_most(share * seconds), self.listener, self.held, self.begun)

"""What a clustering run works with and does not decide: its clock, who listens, and whether it was asked to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.compute.clock import Clock
from mainstay.compute.interrupt import Held
from mainstay.contracts.events import StageBegun, silent

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

    @property
    def interrupted(self) -> bool:
        """Whether the run was asked to stop."""
        return self.held.count > 0

    def left(self) -> float:
        """Return the seconds that are left; none after an interruption."""
        return 0.0 if self.interrupted else self.clock.left()

    def begin(self, stage: str) -> None:
        """Tell that a stage begins."""
        self.listener(StageBegun(stage, self.left()))

    def before(self, seconds: float) -> Around:
        """Return what ends so many seconds earlier, for something is still to come."""
        return Around(self.clock.earlier(seconds), self.listener, self.held)

    def at_least(self, seconds: float) -> Around:
        """Return what has so many seconds in any case, interrupted or not: for what is wrong when it is cut short."""
        if self.left() >= seconds:
            return self
        return Around(Clock(seconds), self.listener)

    def part(self, share: float) -> Around:
        """Return what may take a share of the time that is left."""
        seconds = self.clock.left()
        return (
            self if seconds == float("inf") else Around(self.clock.at_most(share * seconds), self.listener, self.held)
        )

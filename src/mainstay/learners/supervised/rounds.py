"""When a boosting loop stops: no gain on validation rows for a while, or the deadline is near."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.contracts.learner import Deadline

__all__ = ["Rounds"]

_SHARE = 0.3
_RESERVE = 1.5
"""How many rounds' time is kept free for ending: a round may take longer than the last one did."""


class Rounds:
    """Counts rounds and says whether to go on.

    Parameters
    ----------
    deadline : Deadline
    patience : int
        Rounds without gain that are always allowed; 0.3 of the best round is added, so that a slow learner is not
        cut off in a dip.
    ending : float, default 0.0
        Seconds per round that turning the loop's result into a model takes.

    Examples
    --------
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rounds = Rounds(NoDeadline(), patience=2)
    >>> [rounds.go_on(loss) for loss in (0.9, 0.5, 0.6, 0.7, 0.8)], rounds.best
    ([True, True, True, True, False], 2)
    """

    def __init__(self, deadline: Deadline, *, patience: int, ending: float = 0.0) -> None:
        self._deadline = deadline
        self._patience = patience
        self._ending = ending
        self._began = deadline.left()
        self._loss = math.inf
        self.done = 0
        self.best = 0
        self.reason = "all rounds done"

    def go_on(self, loss: float | None) -> bool:
        """Count a round and return whether another may follow; ``loss`` is None without validation rows."""
        self.done += 1
        if loss is None or loss < self._loss or self.best == 0:
            self.best, self._loss = self.done, math.inf if loss is None else loss
        elif self.done - self.best > self._patience + _SHARE * self.best:
            self.reason = "no gain"
            return False
        left = self._deadline.left()
        if math.isinf(left):
            return True
        pace = (self._began - left) / self.done
        if left < _RESERVE * pace + self._ending * self.done:
            self.reason = "deadline"
            return False
        return True

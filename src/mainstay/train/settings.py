"""What a training run is told: one record, kept in the bundle's recipe, enough to run it again."""

from __future__ import annotations

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.train.candidates import Preparation

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All choices of a training run that are not in the schema.

    Parameters
    ----------
    metric : str, default "auto"
        What is steered by; "auto" takes ROC-AUC for two classes, log-loss for more, RMSE for amounts.
    split : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN".
    models : tuple of str, optional
        Learners or candidates to try; all where None.
    preparation : Preparation
    positive : str, optional
        The positive class of two.
    seed : int, default 0
    time_budget : float, default infinity
        Seconds from start to written bundle.
    memory_budget : float, default infinity
        Bytes, over all processes.

    Examples
    --------
    >>> Settings(seed=7).split
    'random'
    """

    metric: str = "auto"
    split: str = "random"
    models: tuple[str, ...] | None = None
    preparation: Preparation = Preparation()
    positive: str | None = None
    seed: int = 0
    time_budget: float = float("inf")
    memory_budget: float = float("inf")

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise UsageError(f"a seed must be a whole number from 0 to {2**32 - 1}; {self.seed!r} came", where="seed")

"""What a training run is told: one record, kept in the bundle's recipe, enough to run it again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.train.candidates import Preparation

__all__ = ["Settings", "cost_in_words", "read_grid"]

_WORDS = {
    "tune": ("off", "grid", "random", "bayes"),
    "blend": ("greedy", "voting", "stacking", "off"),
    "class_weight": ("none", "balanced"),
    "calibrate": ("auto", "off", "beta", "quadratic", "temperature", "isotonic"),
    "proof": ("none", "shuffle"),
}


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
    tune : {"off", "grid", "random", "bayes"}, default "off"
        How settings of learners are searched, beside the portfolio.
    grid : dict, optional
        The user's own search space: values by learner and parameter.
    trials : int, optional
        How many settings are tried at most; as many as the time allows where None.
    study : str, default ""
        The file in which the search is kept, to be resumed.
    nested : int, default 0
        Outer folds of a nested evaluation; 0 for none.
    blend : {"greedy", "voting", "stacking", "off"}, default "greedy"
        How finished candidates are joined.
    class_weight : {"none", "balanced"}, default "none"
        Whether rare classes count more in learning.
    cost : str, default ""
        What errors cost: "fp=1,fn=8".
    threshold : str, default "auto"
        Where two classes part: a probability, the name of a metric to be best at, "cost", or "auto" for the least
        cost where costs are given and 0.5 otherwise.
    calibrate : {"auto", "off", "beta", "quadratic", "temperature", "isotonic"}, default "auto"
        How probabilities are mended; "auto" keeps a mending only where it helps.
    intervals : float, optional
        Percent of the truths that prediction sets or intervals shall hold.
    monotone : tuple of str, default ()
        Directions that answers must keep, such as "income=+1".
    holdout : float, default 0.2
        The share of rows that is held out.
    given : int, default 0
        How many rows at the end of the table the user holds out by himself; then no share is drawn.
    proof : {"none", "shuffle"}, default "none"
        Whether the whole run is repeated on shuffled targets, to show what noise gets.
    diagnose : bool, default False
        Whether a learning curve and a picture of bias and variance are drawn.

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
    tune: str = "off"
    grid: dict[str, dict[str, list[float | int | str | bool]]] | None = None
    trials: int | None = None
    study: str = ""
    nested: int = 0
    blend: str = "greedy"
    class_weight: str = "none"
    cost: str = ""
    threshold: str = "auto"
    calibrate: str = "auto"
    intervals: float | None = None
    monotone: tuple[str, ...] = ()
    holdout: float = 0.2
    given: int = 0
    proof: str = "none"
    diagnose: bool = False

    def __post_init__(self) -> None:
        for name, allowed in _WORDS.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is one of {', '.join(allowed)}, and {getattr(self, name)!r} came", where=name)
        if not 0.02 <= self.holdout <= 0.6:
            raise UsageError(
                f"a share from 0.02 to 0.6 is held out, and {self.holdout} came", where="holdout",
                hint="0.2 holds out one row in five; rows of your own are held out with --test.",
            )  # fmt: skip
        if self.intervals is not None and not 50 <= self.intervals <= 99.9:
            raise UsageError(
                f"intervals hold 50 to 99.9 percent, and {self.intervals} came", where="intervals",
                hint="Give a percentage: 90 is for intervals that hold nine truths in ten.",
            )  # fmt: skip
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise UsageError(f"a seed must be a whole number from 0 to {2**32 - 1}; {self.seed!r} came", where="seed")


Grid = dict[str, dict[str, list[float | int | str | bool]]]


def read_grid(grid: Mapping[str, Any] | str | Path | None) -> Grid | None:
    """Return a search space: values by learner and parameter, given as they are or as a TOML file.

    Raises
    ------
    UsageError
        When the file cannot be read, or is not learners with parameters with lists of values.

    Examples
    --------
    >>> read_grid({"ridge": {"alpha": [0.1, 1.0, 10.0]}})
    {'ridge': {'alpha': [0.1, 1.0, 10.0]}}
    """
    if grid is None:
        return None
    where = str(grid) if isinstance(grid, (str, Path)) else "grid"
    try:
        told = tomllib.loads(Path(grid).read_text(encoding="utf-8")) if isinstance(grid, (str, Path)) else grid
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the grid could not be read as TOML ({error})", where=where, hint=_EXAMPLE) from error
    _check_grid(told, where)
    return msgspec.convert(told, Grid)


_EXAMPLE = "Write, for example, [lightgbm] and below it num_leaves = [15, 31, 63]."


def _check_grid(told: object, where: str) -> None:
    """Refuse what is not a table per learner with a list of values for each parameter, naming the place."""
    if not isinstance(told, Mapping):
        raise UsageError("the grid is not a table per learner", where=where, hint=_EXAMPLE)
    for name, parameters in told.items():
        if not isinstance(parameters, Mapping):
            raise UsageError(
                f"a grid is a table per learner, and {name!r} is not a table", where=where, hint=_EXAMPLE
            )  # fmt: skip
        for key, values in parameters.items():
            if not isinstance(values, list | tuple):
                raise UsageError(
                    f"a grid gives a list of values for each parameter, and {key!r} of {name!r} has no list",
                    where=where, hint=_EXAMPLE,
                )  # fmt: skip
            odd = [value for value in values if not isinstance(value, bool | int | float | str)]
            if odd:
                raise UsageError(
                    f"the values of a grid are numbers, words or truths, and {key!r} of {name!r} has {odd[0]!r}",
                    where=where, hint=_EXAMPLE,
                )  # fmt: skip


def cost_in_words(cost: Mapping[str, float] | str) -> str:
    """Return what errors cost in the one form in which it is kept.

    Examples
    --------
    >>> cost_in_words({"fp": 1, "fn": 8.5})
    'fp=1,fn=8.5'
    """
    return cost if isinstance(cost, str) else ",".join(f"{name}={value:g}" for name, value in cost.items())

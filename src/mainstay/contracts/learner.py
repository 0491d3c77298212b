"""What an algorithm must offer to take part: declared parameters, ``fit``, and a fitted model that can be written.

The shape is two verbs and one noun: ``fit(features, target) -> Fitted``, ``Fitted.predict(features)``,
``Fitted.graph()``. A learner sees arrays, never tables or files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.model import ModelGraph

__all__ = ["Deadline", "Fitted", "Learner", "NoDeadline", "Parameter", "Target", "TaskName", "check_parameters"]

TaskName = Literal["classification", "regression"]
Value = float | int | str | bool


class Deadline(Protocol):
    """A clock that a loop asks whether it may go on."""

    def left(self) -> float:
        """Return the seconds that are left, never below zero; infinity where there is no limit."""
        ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a learner or a step, declared once.

    Validation, the error sentence, the search space, the command's help and the reference all come from this record.

    Parameters
    ----------
    name : str
        The field's standard name.
    default : float, int, str or bool
    meaning : str
        One sentence, with the unit.
    low, high : float, optional
        The range that is allowed, both ends included.
    choices : tuple of str, default ()
        The allowed words, for a parameter that is a word.
    log : bool, default False
        Whether a search should walk it on a logarithmic scale.
    search : tuple of float, optional
        The narrower range that a search walks, where it differs from what is allowed.
    """

    name: str
    default: Value
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    log: bool = False
    search: tuple[float, float] | None = None

    def check(self, value: Value, owner: str) -> Value:
        """Return the value in the type of the default.

        Raises
        ------
        UsageError
            When the value is of another type, out of range or not one of the choices.

        Examples
        --------
        >>> Parameter("alpha", 1.0, "Strength of the penalty.", low=0).check(2, "ridge")
        2.0
        """
        if not self._fits(value):
            raise UsageError(
                f"{self.name} must be {self.expected()}, and {value!r} came", where=owner, hint=self.meaning
            )
        if isinstance(self.default, float) and not isinstance(value, (bool, str)):
            return float(value)
        return value

    def expected(self) -> str:
        """Say in words what is allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if isinstance(self.default, bool):
            return "true or false"
        noun = "a whole number" if isinstance(self.default, int) else "a number"
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{noun} of at least {self.low:g}"
        if self.high is not None:
            return f"{noun} of at most {self.high:g}"
        return "a word" if isinstance(self.default, str) else noun

    def _fits(self, value: Value) -> bool:
        if isinstance(self.default, bool) or isinstance(value, bool):
            return isinstance(self.default, bool) and isinstance(value, bool)
        if isinstance(self.default, str) or isinstance(value, str):
            return isinstance(value, str) and isinstance(self.default, str) and value in (self.choices or (value,))
        if isinstance(self.default, int) and not isinstance(value, int):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be learned.

    Parameters
    ----------
    task : {"classification", "regression"}
    values : array of shape (n,)
        int64 class codes 0..classes-1, or float64 amounts; never missing.
    classes : int, default 0
        How many classes there are; 0 for regression.
    weight : float64 array of shape (n,), optional
        The weight of each row.
    """

    task: TaskName
    values: NDArray[np.int64] | NDArray[np.float64]
    classes: int = 0
    weight: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.int64]) -> Target:
        """Return the given rows, by position."""
        return Target(self.task, self.values[rows], self.classes, None if self.weight is None else self.weight[rows])


@runtime_checkable
class Fitted(Protocol):
    """A model after fitting."""

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return the library's own answer: (n, classes) probabilities, or (n,) amounts, in float64."""
        ...

    def graph(self) -> ModelGraph:
        """Return the model as data, for the graph writer."""
        ...

    def notes(self) -> Mapping[str, Value]:
        """Return what a person may want to know: rounds kept, iterations, whether it converged."""
        ...


@runtime_checkable
class Learner(Protocol):
    """An algorithm.

    Attributes
    ----------
    name : str
        As in the catalogue and on the leaderboard.
    tasks : tuple of str
        The tasks it can learn.
    parameters : tuple of Parameter
    takes_missing : bool
        Whether features may hold NaN.
    takes_codes : bool
        Whether it splits category codes natively; otherwise the recipe must encode them.
    uses_validation : bool
        Whether it looks at validation rows to stop early; they are prepared beforehand only for one that does.

    Two more may be there, and need not be:

    takes_monotone : bool
        Whether it keeps the directions of ``Features.monotone``; only then are some given.
    package : str
        The optional package that it needs; where that is not installed the learner is not tried.
    """

    name: str
    tasks: tuple[TaskName, ...]
    parameters: tuple[Parameter, ...]
    takes_missing: bool
    takes_codes: bool
    uses_validation: bool

    def fit(
        self,
        features: Features,
        target: Target,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = ...,
        validation: tuple[Features, Target] | None = None,
    ) -> Fitted:
        """Learn from the rows; stop before the deadline with the best so far.

        ``validation`` may be used to stop early and for nothing else. Features and target are not changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoDeadline:
    """A deadline that never comes.

    Examples
    --------
    >>> NoDeadline().left()
    inf
    """

    unused: None = field(default=None, repr=False)

    def left(self) -> float:
        """Return infinity."""
        return float("inf")


def check_parameters(owner: str, parameters: tuple[Parameter, ...], given: Mapping[str, Value]) -> dict[str, Value]:
    """Return all parameters with defaults filled in and each given value checked.

    Raises
    ------
    UsageError
        When a name is unknown or a value does not fit.

    Examples
    --------
    >>> check_parameters("ridge", (Parameter("alpha", 1.0, "Strength of the penalty.", low=0),), {})
    {'alpha': 1.0}
    """
    known = {parameter.name: parameter for parameter in parameters}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(
            f"there is no parameter {unknown[0]!r}", where=owner, hint=f"It takes: {', '.join(known) or 'none'}."
        )
    return {name: known[name].check(given.get(name, known[name].default), owner) for name in known}

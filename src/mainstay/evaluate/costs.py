"""What errors cost, as a user writes it down, and as a table of true against answered classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mainstay.contracts.deciding import Costs

__all__ = ["balanced_costs", "cost_threshold", "read_costs"]

_CELLS = {"tn": (0, 0), "fp": (0, 1), "fn": (1, 0), "tp": (1, 1)}
_HINT = (
    'For example: fp=1,fn=8 for two classes, or "No>Yes=1,Yes>No=8" (true class > answer) for any; * is every other.'
)


def read_costs(text: str, labels: Sequence[str], positive: int | None) -> Costs:
    """Return what each answer costs, a row for each true class.

    An error that is not named costs 1, a right answer nothing.

    Parameters
    ----------
    text : str
        "fp=1,fn=8" (and tp, tn) where one of two classes is the positive one; "TRUE>ANSWER=COST" for any labels, "*"
        standing for every other class.
    labels : sequence of str
    positive : int, optional
        The position of the positive class of two.

    Raises
    ------
    UsageError
        When it cannot be read, or an error costs no more than the right answer.

    Examples
    --------
    >>> read_costs("fp=1,fn=8", ("No", "Yes"), 1)
    ((0.0, 1.0), (8.0, 0.0))
    >>> read_costs("a>*=2,c>a=9", ("a", "b", "c"), None)
    ((0.0, 2.0, 2.0), (1.0, 0.0, 1.0), (9.0, 1.0, 0.0))
    """
    count = len(labels)
    table = [[float(true != answer) for answer in range(count)] for true in range(count)]
    for name, cost in _parts(text):
        for true, answer in _cells(name, labels, positive):
            table[true][answer] = cost
    for true, row in enumerate(table):
        if any(cost <= row[true] for answer, cost in enumerate(row) if answer != true):
            raise UsageError(
                f"an error must cost more than the right answer, and for the true class {labels[true]!r} one does not",
                where="cost", hint="Gains are negative costs: tp=-5 says that a hit is worth 5.",
            )  # fmt: skip
    return tuple(tuple(row) for row in table)


def _parts(text: str) -> Iterator[tuple[str, float]]:
    """Yield names with their costs; a label may hold a comma, so a piece without a cost belongs to the next."""
    begun: list[str] = []
    for piece in text.split(","):
        begun.append(piece)
        name, found, number = ",".join(begun).rpartition("=")
        try:
            cost = float(number)
        except ValueError:
            continue
        if found and math.isfinite(cost):
            yield name.strip(), cost
            begun = []
    if any(piece.strip() for piece in begun):
        raise UsageError(f"costs are names with numbers, and {','.join(begun)!r} is none", where="cost", hint=_HINT)


def _cells(name: str, labels: Sequence[str], positive: int | None) -> list[tuple[int, int]]:
    if name.lower() in _CELLS and ">" not in name:
        if positive is None:
            raise UsageError(
                f"{name} speaks of a positive class, and there are {len(labels)} classes", where="cost", hint=_HINT
            )
        true, answer = _CELLS[name.lower()]
        return [(positive if true else 1 - positive, positive if answer else 1 - positive)]
    names = list(labels)
    for place, sign in enumerate(name):  # a label may hold the sign itself: ">50K"
        sides = (name[:place].strip(), name[place + 1 :].strip())
        if sign == ">" and all(side == "*" or side in names for side in sides):
            rows, columns = ([*range(len(names))] if side == "*" else [names.index(side)] for side in sides)
            return [(row, column) for row in rows for column in columns if row != column or "*" not in sides]
    raise UsageError(
        f"there is no cost {name!r}", where="cost", hint=f"{_HINT} The labels are: {', '.join(names[:20])}."
    )


def cost_threshold(costs: Costs, positive: int) -> float:
    """Return the probability from which a yes costs less than a no (Elkan 2001), for probabilities that are true.

    Examples
    --------
    >>> round(cost_threshold(((0.0, 1.0), (8.0, 0.0)), 1), 4)
    0.1111
    """
    negative = 1 - positive
    alarm = costs[negative][positive] - costs[negative][negative]
    miss = costs[positive][negative] - costs[positive][positive]
    return alarm / (alarm + miss)


def balanced_costs(weights: Sequence[float]) -> Costs:
    """Return costs by which an error on a class costs its weight, whatever was answered.

    Examples
    --------
    >>> balanced_costs([1.0, 2.0, 4.0])[2]
    (4.0, 4.0, 0.0)
    """
    return tuple(
        tuple(0.0 if true == answer else float(weight) for answer in range(len(weights)))
        for true, weight in enumerate(weights)
    )

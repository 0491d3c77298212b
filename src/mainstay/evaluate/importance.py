"""Which input columns the model leans on: how much worse it gets when a column is shuffled among the rows.

Permutation importance (Breiman 2001, doi:10.1023/A:1010933404324; Fisher et al. 2019, arXiv:1801.01489) needs nothing
but a predict function, so it explains the bundle itself. A column is shuffled as the user knows it: all numeric parts
of a datetime or text move together. It says what this model uses, not what causes the target; columns that say the
same share their importance.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.learner import NoDeadline
from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.metrics import default_metric, measure, metric
from mainstay.evaluate.proportions import Z

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import Deadline, TaskName
    from mainstay.contracts.schema import Schema
    from mainstay.evaluate.measured import Measured

    Predict = Callable[[Arrays], NDArray[Any]]

__all__ = ["ColumnImportance", "Importance", "column_places", "permutation_importance"]


class ColumnImportance(msgspec.Struct, frozen=True):
    """How much worse the metric gets without a column.

    Parameters
    ----------
    column : str
    loss : float
        The mean worsening, in the metric's unit; above zero when the column helps.
    low, high : float or None
        Its 95 % interval, over rows and shuffles.
    repeats : int
        How often the column was shuffled.
    """

    column: str
    loss: float
    low: float | None
    high: float | None
    repeats: int


class Importance(msgspec.Struct, frozen=True):
    """The columns, most important first.

    Parameters
    ----------
    metric : str
    value : float or None
        The metric on the rows as they are; None where it does not apply, and then no column was tried.
    rows : int
        How many rows were used.
    columns : tuple of ColumnImportance
    unreached : tuple of str
        Columns that the deadline left no time for.
    """

    metric: str
    value: float | None
    rows: int
    columns: tuple[ColumnImportance, ...] = ()
    unreached: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    """What is known about one column so far: each shuffle's loss, and the summed change of the rows' influence."""

    losses: list[float] = field(default_factory=list)
    change: NDArray[np.float64] | float = 0.0


def column_places(arrays: Arrays, schema: Schema | None = None) -> dict[str, tuple[list[int], list[int]]]:
    """Return, for each input column, the positions of its numbers and of its categories.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> from mainstay.contracts.schema import Column, Schema
    >>> numbers = np.zeros((1, 3), np.float32)
    >>> arrays = Arrays(numbers, ("age", "seen.year", "seen.month"), np.zeros((1, 0), np.int64), (), ())
    >>> schema = Schema(columns=(Column(name="age", kind="number"), Column(name="seen", kind="datetime")))
    >>> column_places(arrays, schema)
    {'age': ([0], []), 'seen': ([1, 2], [])}
    """
    owner: dict[str, str] = {}
    for column in () if schema is None else schema.features:
        parts = {"datetime": DATETIME_PARTS, "text": TEXT_PARTS}.get(column.kind, ())
        owner |= {f"{column.name}.{part}": column.name for part in parts}
    places: dict[str, tuple[list[int], list[int]]] = {}
    for position, name in enumerate(arrays.number_names):
        places.setdefault(owner.get(name, name), ([], []))[0].append(position)
    for position, name in enumerate(arrays.category_names):
        places.setdefault(name, ([], []))[1].append(position)
    return places


def permutation_importance(
    predict: Predict,
    arrays: Arrays,
    y: ArrayLike,
    *,
    task: TaskName,
    schema: Schema | None = None,
    metric_name: str | None = None,
    labels: Sequence[str] = (),
    positive: str | None = None,
    seed: int = 0,
    repeats: int = 5,
    rows: int = 1500,
    deadline: Deadline | None = None,
) -> Importance:
    """Return how much worse the metric gets when each column is shuffled.

    All columns are shuffled once before any is shuffled again, so a deadline costs precision before it costs columns.

    Parameters
    ----------
    predict : callable Arrays -> array
        Probabilities of shape (n, classes), class codes of shape (n,), or amounts of shape (n,).
    arrays : Arrays
        Rows that the model was not trained on; not changed.
    y : array of shape (n,)
        Class codes or amounts; none missing.
    task : {"classification", "regression"}
    schema : Schema, optional
        Says which numbers are parts of one column.
    metric_name : str, optional
        Default: the task's own.
    labels, positive
        As in :func:`mainstay.evaluate.intervals.evaluate`.
    seed : int, default 0
    repeats : int, default 5
        Shuffles of each column.
    rows : int, default 1500
        The most rows to use; a random part of longer arrays.
    deadline : Deadline, optional
        No shuffle is begun that would end after it.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> generator = np.random.default_rng(0)
    >>> numbers = generator.normal(size=(300, 2)).astype(np.float32)
    >>> arrays = Arrays(numbers, ("used", "unused"), np.zeros((300, 0), np.int64), (), ())
    >>> found = permutation_importance(lambda rows: rows.numbers[:, 0] * 1.0, arrays, numbers[:, 0], task="regression")
    >>> [(entry.column, abs(round(entry.loss, 1))) for entry in found.columns]
    [('used', 1.5), ('unused', 0.0)]
    """
    generator = np.random.default_rng(seed)
    truth = np.asarray(y)
    if arrays.rows > rows:
        taken = np.sort(generator.choice(arrays.rows, rows, replace=False)).astype(np.int64)
        arrays, truth = arrays.take(taken), truth[taken]
    name = metric_name or default_metric(task, len(labels) or 2)
    sign = 1.0 if metric(name, task).greater_is_better else -1.0

    def judge(given: Arrays) -> Measured | None:
        return measure(name, gather(task, truth, predict(given), labels=labels, positive=positive))

    base = judge(arrays)
    if base is None or not np.isfinite(base.value):
        return Importance(name, None, arrays.rows)
    places = column_places(arrays, schema)
    tallies = _shuffle_all(judge, base, arrays, places, generator=generator, repeats=repeats, deadline=deadline)
    reached = [_summed(column, tally, sign) for column, tally in tallies.items() if tally.losses]
    reached.sort(key=lambda entry: -entry.loss)
    unreached = tuple(column for column, tally in tallies.items() if not tally.losses)
    return Importance(name, base.value, arrays.rows, tuple(reached), unreached)


def _shuffle_all(
    judge: Callable[[Arrays], Measured | None],
    base: Measured,
    arrays: Arrays,
    places: dict[str, tuple[list[int], list[int]]],
    *,
    generator: np.random.Generator,
    repeats: int,
    deadline: Deadline | None,
) -> dict[str, _Tally]:
    tallies = {column: _Tally() for column in places}
    clock, longest = deadline or NoDeadline(), 0.0
    units = np.arange(arrays.rows)
    influence = base.influence(units, arrays.rows)
    for _ in range(repeats):
        for column, (numbers, categories) in places.items():
            if clock.left() <= 1.2 * longest:
                return tallies
            began = time.perf_counter()
            order = generator.permutation(arrays.rows)
            worse = judge(_shuffled(arrays, numbers, categories, order))
            if worse is not None and np.isfinite(worse.value):
                tallies[column].losses.append(base.value - worse.value)
                # A row acts twice on the shuffled value: with its own truth, and by lending its cell to another.
                change = influence - worse.influence(units, arrays.rows)
                lent = np.empty_like(change)
                lent[order] = change
                tallies[column].change = tallies[column].change + change + lent
            longest = max(longest, time.perf_counter() - began)
    return tallies


def _shuffled(arrays: Arrays, numbers: list[int], categories: list[int], order: NDArray[np.int64]) -> Arrays:
    some_numbers, some_categories = arrays.numbers.copy(), arrays.categories.copy()
    some_numbers[:, numbers] = arrays.numbers[order][:, numbers]
    some_categories[:, categories] = arrays.categories[order][:, categories]
    own = {f"{name}.{TEXT_PARTS[0]}": place for place, name in enumerate(arrays.text_names)}
    texts = list(arrays.texts)
    for place in [own[arrays.number_names[at]] for at in numbers if arrays.number_names[at] in own]:
        texts[place] = texts[place].take(order)
    return replace(arrays, numbers=some_numbers, categories=some_categories, texts=tuple(texts))


def _summed(column: str, tally: _Tally, sign: float) -> ColumnImportance:
    """Return mean and interval; the spread is that of the rows' influence, which holds that of the shuffles too."""
    repeats = len(tally.losses)
    mean = sign * float(np.mean(tally.losses))
    reach = Z * float(np.sqrt(np.square(np.asarray(tally.change) / repeats).sum()))
    return ColumnImportance(column, mean, mean - reach, mean + reach, repeats)

"""Categories as the target's mean per level, for columns of so many levels that one column each says little.

The mean of a level is drawn towards that of all rows, the more the fewer rows it has: by ``n / (n + m)``, where ``m``
is the variance within levels over the variance between them (empirical Bayes; Micci-Barreca 2001,
doi:10.1145/507533.507538; the variances by Bühlmann and Straub's estimator). Training rows get their means from other
rows (Pargent et al. 2022, doi:10.1007/s00180-022-01207-6): a learner that saw a row's own target in a feature would
trust the feature too much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.prepare.encode import within
from mainstay.prepare.text_linear import deal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Target
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Means", "TargetMeans", "fit_target_means", "many_levels"]

Tensor = TypeVar("Tensor")

_PARTS = 5
_MOST_CLASSES = 10


class TargetMeans(msgspec.Struct, frozen=True, tag=True):
    """Look up the mean of each level; an unseen level has the mean of all rows, a missing one is a level.

    Parameters
    ----------
    columns : tuple of int
        Which category columns.
    levels : tuple of int
        How many levels each of them has.
    table : bytes
        float32 (little endian) of shape (outputs, places): for each column in turn the codes -1, 0, ..., levels. Scaled
        so that the training rows' features have mean 0 and deviation 1.
    names : tuple of str
        Of the features: for each output all columns.
    """

    columns: tuple[int, ...]
    levels: tuple[int, ...]
    table: bytes
    names: tuple[str, ...]

    def rename(self, names: Names) -> Names:
        """Add the features' names."""
        return replace(names, written=names.written + self.names)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Look up."""
        if block.categories is None:
            return block
        codes = within(run, run.take(block.categories, self.columns), self.levels)
        places = run.do("Add", codes, run.constant(_starts(self.levels)[None, :]))
        table = np.frombuffer(self.table, "<f4").reshape(-1, sum(self.levels) + 2 * len(self.levels))
        found = [run.lookup(run.constant(row.astype(np.float32)), places) for row in table]
        parts = found if block.written is None else [block.written, *found]
        return replace(block, written=run.join(parts))


@dataclass(frozen=True, slots=True)
class Means:
    """A fitted step, and the cross-fitted features of the rows that it was fitted on, float32 (n, features)."""

    step: TargetMeans
    training: NDArray[np.float32]


def many_levels(recipe: Recipe, levels: tuple[int, ...]) -> tuple[int, ...]:
    """Return the category columns that are to be encoded by the target's means.

    Examples
    --------
    >>> from mainstay.prepare.recipe import Recipe
    >>> many_levels(Recipe(many_levels="target", max_levels=40), (3, 200))
    (1,)
    """
    if recipe.encode == "target":
        return tuple(range(len(levels)))
    if recipe.many_levels == "same" or recipe.encode == "none":
        return ()
    return tuple(column for column, known in enumerate(levels) if known > recipe.max_levels)


def fit_target_means(recipe: Recipe, seen: Seen) -> Means | None:
    """Learn the means of the columns that the recipe names.

    Raises
    ------
    UsageError
        When all categories are to be encoded by the target and there is none.
    """
    columns = many_levels(recipe, seen.names.levels) if seen.block.categories is not None else ()
    if seen.target is None and recipe.encode == "target" and columns:
        raise UsageError("encode = target needs a target", where="recipe", hint="Use encode = one_hot or ordinal.")
    if seen.target is None or not columns or seen.block.categories is None:
        return None
    levels = tuple(seen.names.levels[column] for column in columns)
    answers, labels = _answers(seen.target)
    if not labels:
        return None
    places = np.clip(seen.block.categories[:, columns], -1, levels) + _starts(levels)
    weight = np.ones(seen.rows) if seen.target.weight is None else seen.target.weight
    width = sum(levels) + 2 * len(levels)
    parts = deal(_strata(seen.target), min(_PARTS, max(2, seen.rows)), seen.seed)
    training = np.empty((len(labels), *places.shape))
    for part in range(_PARTS):
        here = parts == part
        table = _table(places[~here], answers[~here], weight[~here], _Shape(levels, width))
        training[:, here] = table[:, places[here]]
    table = _table(places, answers, weight, _Shape(levels, width))
    flat = training.transpose(1, 0, 2).reshape(seen.rows, -1)  # for each output all columns
    centre, spread = flat.mean(axis=0), flat.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    owner = np.repeat(np.arange(len(columns)), [known + 2 for known in levels])
    grid = (len(labels), len(columns))
    scaled = (table - centre.reshape(grid)[:, owner]) / spread.reshape(grid)[:, owner]
    names = tuple(_name(seen.names.categories[column], label) for label in labels for column in columns)
    step = TargetMeans(columns, levels, scaled.astype("<f4").tobytes(), names)
    return Means(step, ((flat - centre) / spread).astype(np.float32))


def _name(column: str, label: int | None) -> str:
    return f"{column} target mean" if label is None else f"{column} target mean = {label}"


def _starts(levels: tuple[int, ...]) -> NDArray[np.int64]:
    """Return where code 0 of each column stands in the table; -1, for missing, stands before it."""
    return np.cumsum([0, *(known + 2 for known in levels)])[:-1].astype(np.int64) + 1


def _answers(target: Target) -> tuple[NDArray[np.float64], tuple[int | None, ...]]:
    if target.task == "regression":
        values = target.values.astype(np.float64)
        return values[:, None], (None,) if len(values) and values.min() < values.max() else ()
    counts = np.bincount(target.values, minlength=target.classes)
    if (counts > 0).sum() < 2:
        return np.empty((len(target.values), 0)), ()
    if target.classes == 2:
        return (target.values == 1).astype(np.float64)[:, None], (None,)
    classes = np.sort(np.argsort(-counts, kind="stable")[: min(_MOST_CLASSES, int((counts > 0).sum()))])
    return (target.values[:, None] == classes).astype(np.float64), tuple(classes.tolist())


def _strata(target: Target) -> NDArray[np.int64]:
    if target.task == "classification":
        return target.values.astype(np.int64)
    ranks: NDArray[np.int64] = np.argsort(np.argsort(target.values, kind="stable"), kind="stable")
    return ranks * 10 // max(1, len(ranks))


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a table is divided: the levels of its columns, and its width."""

    levels: tuple[int, ...]
    width: int


def _table(
    places: NDArray[Any], answers: NDArray[np.float64], weight: NDArray[np.float64], shape: _Shape
) -> NDArray[np.float64]:
    """Return the drawn means, shape (outputs, places); a level without rows has the mean of all."""
    total = max(weight.sum(), 1e-300)
    prior = weight @ answers / total
    table = np.repeat(prior[:, None], shape.width, axis=1)
    for column, (start, known) in enumerate(zip(_starts(shape.levels) - 1, shape.levels, strict=True)):
        local, size = places[:, column] - start, known + 2
        rows = np.bincount(local, minlength=size)
        heavy = np.bincount(local, weights=weight, minlength=size)
        for output in range(answers.shape[1]):
            values = answers[:, output] - prior[output]
            sums = np.bincount(local, weights=weight * values, minlength=size)
            means = sums / np.maximum(heavy, 1e-300)
            present = int((rows > 0).sum())
            if len(values) <= present:  # a row per level: nothing tells chance from a level's own mean
                continue
            inside = float(weight @ (values - means[local]) ** 2) / (len(values) - present)
            drawn = _drawn(means, heavy.astype(np.float64), present, inside)
            table[output, start : start + size] = prior[output] + drawn
    return table


def _drawn(means: NDArray[np.float64], heavy: NDArray[np.float64], present: int, inside: float) -> NDArray[np.float64]:
    """Draw the levels' deviations from the prior towards 0, by the variances inside and between levels."""
    total = float(heavy.sum())
    free = total - float((heavy**2).sum()) / max(total, 1e-300)
    between = (float(heavy @ means**2) - (present - 1) * inside) / free if free > 0 else 0.0
    if between <= 0.0:
        return np.zeros_like(means)
    drawn: NDArray[np.float64] = means * heavy / np.maximum(heavy + inside / between, 1e-300)
    return drawn

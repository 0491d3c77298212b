"""Any table made ready for clustering: one float32 matrix in which every column counts about as much as any other.

Distances have no target that could say which columns matter, so each column of the table, be it a number, a category,
a date or a text, brings about the same: the squared distance of two random rows in it is 2, that of a standardised
number (two different levels of a category: 2 as well). What is missing stands in the middle, where it pulls nowhere.

A recipe is the same kind of fitted steps as for a model with a target, and is written into the graph in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast, get_args

import numpy as np

from mainstay.contracts.clusters import Points
from mainstay.contracts.errors import UsageError
from mainstay.prepare.clusters_columns import ColumnNote, sources_of
from mainstay.prepare.clusters_numbers import NumberPlan, plan_numbers
from mainstay.prepare.cyclic import fit_cyclic
from mainstay.prepare.encode import OneHot
from mainstay.prepare.fitted import FittedRecipe
from mainstay.prepare.recipe import Recipe
from mainstay.prepare.step import Names, Seen
from mainstay.prepare.topics import UnitRows, fit_topics
from mainstay.prepare.weigh import Kept, Weigh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.prepare.clusters_columns import Source
    from mainstay.prepare.fitted import AnyStep
    from mainstay.prepare.operations import Builder
    from mainstay.prepare.text import TextFeatures

__all__ = ["ClusterRecipe", "ColumnNote", "ScaleWish", "fit_for_clusters", "points_of"]

ScaleWish = Literal["auto", "none", "standard", "robust"]

_SAMPLE = 100_000
_LEVELS = 30
_TOPICS = 32
_SAME = 0.999
_OFTEN = 0.05


@dataclass(frozen=True, slots=True)
class ClusterRecipe:
    """Fitted preparation for clustering.

    Parameters
    ----------
    fitted : FittedRecipe
    blocks : tuple of (int, int)
        For each category column the positions, first and one past the last, of its features.
    notes : tuple of ColumnNote
        What was done with each column.
    """

    fitted: FittedRecipe
    blocks: tuple[tuple[int, int], ...]
    notes: tuple[ColumnNote, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return self.fitted.names

    def transform(self, arrays: Arrays) -> NDArray[np.float32]:
        """Return the features of decoded rows, shape (n, d), without missing values.

        Raises
        ------
        UsageError
            When the columns are not those that the recipe was fitted on.
        """
        return self.fitted.transform(arrays).matrix

    def write(self, builder: Builder) -> str:
        """Add the same operations to a model graph and return the name of the (n, d) float32 features."""
        return self.fitted.write(builder)


def points_of(recipe: ClusterRecipe, arrays: Arrays, *, weight: NDArray[np.float64] | None = None) -> Points:
    """Return decoded rows as points.

    Parameters
    ----------
    recipe : ClusterRecipe
    arrays : Arrays
        With the columns that the recipe was fitted on.
    weight : float64 array of shape (n,), optional
        How many rows each one stands for.

    Raises
    ------
    UsageError
        When the columns are others.
    """
    return Points(recipe.transform(arrays), recipe.names, weight, recipe.blocks)


def fit_for_clusters(
    arrays: Arrays,
    *,
    seed: int = 0,
    scale: ScaleWish = "auto",
    weights: Mapping[str, float] | None = None,
    topics: int = _TOPICS,
) -> ClusterRecipe:
    """Learn from rows how each column becomes features of about equal weight.

    Parameters
    ----------
    arrays : Arrays
        Decoded rows, one at least.
    seed : int, default 0
        Of more than 100,000 rows so many are drawn to learn from.
    scale : {"auto", "none", "standard", "robust"}, default "auto"
        What is done with numbers: "auto" puts those with long tails on a logarithmic scale, limits far values and
        scales to deviation 1; "standard" and "robust" (by median and quartiles) only scale; "none" takes them as they
        are. Categories, dates and texts are the same in all cases.
    weights : mapping of str to float, optional
        How much a column counts in squared distances, 1 where it is not named; 0 leaves it out.
    topics : int, default 32
        The most main components of a text column.

    Raises
    ------
    UsageError
        When a weight is below 0 or its column does not exist, the scale is unknown, or there is no row.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> rows = Arrays(np.float32([[1], [np.nan], [2], [6]]), ("age",), np.int64([[0], [1], [0], [1]]), ("sex",), (2,))
    >>> recipe = fit_for_clusters(rows)
    >>> recipe.names, recipe.blocks
    (('age', 'sex = 0', 'sex = 1'), ((1, 3),))
    >>> recipe.notes[0].treatment
    'scaled to deviation 1'
    """
    names = Names.of(arrays)
    sources = sources_of(names)
    wanted = _check(arrays, sources, scale, weights or {})
    fitting = _Fitting(arrays, sources, wanted, _sample(arrays, seed))
    fitting.add_texts(topics)
    fitting.add_numbers(scale)
    fitting.add_categories()
    return fitting.finish()


def _check(arrays: Arrays, sources: list[Source], scale: str, weights: Mapping[str, float]) -> dict[str, float]:
    if scale not in get_args(ScaleWish):
        raise UsageError(f"scale must be one of {', '.join(get_args(ScaleWish))}, and {scale!r} came", where="scale")
    if not arrays.rows:
        raise UsageError("there is no row to learn from", where="recipe", hint="Give one row at least.")
    known = [source.name for source in sources]
    for name, weight in weights.items():
        if name not in known:
            raise UsageError(
                f"there is no column {name!r} to weigh", where="weight", hint=f"The columns are: {', '.join(known)}."
            )
        if not 0 <= weight < np.inf:
            raise UsageError(f"a weight must be 0 or more, and {weight!r} came for {name!r}", where="weight")
    return {name: float(weights.get(name, 1.0)) for name in known}


def _sample(arrays: Arrays, seed: int) -> Seen:
    seen = Seen.of(arrays, None, seed)
    if arrays.rows <= _SAMPLE:
        return seen
    rows = np.sort(np.random.default_rng(seed).choice(arrays.rows, _SAMPLE, replace=False))
    return seen.take(rows)


@dataclass(slots=True)
class _Fitting:
    """A recipe in the making; the parts are fitted apart and put together at the end.

    Parameters
    ----------
    arrays : Arrays
        All rows.
    sources : list of Source
    weights : dict of str to float
        Of every column.
    seen : Seen
        The rows to learn from.
    """

    arrays: Arrays
    sources: list[Source]
    weights: dict[str, float]
    seen: Seen
    texts: dict[str, TextFeatures] = field(default_factory=dict)
    steps: list[AnyStep] = field(default_factory=list)
    plan: NumberPlan | None = None
    hot: OneHot | None = None
    slots: dict[str, tuple[list[int], str]] = field(default_factory=dict)

    def add_texts(self, topics: int) -> None:
        """Find the topics of each text column."""
        for source in self.sources:
            if source.kind == "text" and source.place >= 0 and self.weights[source.name] > 0:
                step = fit_topics(Seen.of(self.arrays, None, self.seen.seed), source.place, components=topics)
                if step is not None:
                    self.texts[source.name] = step

    def add_numbers(self, scale: str) -> None:
        """Plan the numbers and find those that say the same."""
        if self.seen.block.numbers is None:
            return
        circles = fit_cyclic(Recipe(cyclic=True), self.seen)
        seen = self.seen
        if circles is not None:
            self.steps.append(circles)
            seen = seen.after(circles)
        sources = [source for source in self.sources if source.name not in self.texts]
        plan = self.plan = plan_numbers(cast("NDArray[np.float32]", seen.block.numbers), sources, circles, scale=scale)
        for step in plan.steps():
            self.steps.append(step)
            seen = seen.after(step)
        self._find_same(cast("NDArray[np.float32]", seen.block.numbers), plan)

    def _find_same(self, numbers: NDArray[np.float32], plan: NumberPlan) -> None:
        """Share the weight of one column between numbers that are multiples of each other."""
        plain = [source.name for source in self.sources if source.kind == "number" and self.weights[source.name] > 0]
        places = [column for column, (name, _) in sorted(plan.kept.items()) if name in plain]
        if len(places) < 2 or len(numbers) < 3:
            return
        columns = numbers[:, places].astype(np.float64)
        columns -= columns.mean(axis=0)
        columns /= np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-30)
        alike = np.abs(columns.T @ columns) > _SAME
        names = [plan.kept[column][0] for column in places]
        for place, name in enumerate(names):
            others = [names[other] for other in np.flatnonzero(alike[place]) if other != place]
            if others:
                self.weights[name] /= 1 + len(others)
                plan.said[name] += f", weight shared with {', '.join(others)}, which says the same"

    def add_categories(self) -> None:
        """Choose the levels with a column of their own."""
        sources = [source for source in self.sources if source.kind == "category"]
        if not sources:
            return
        kept = []
        for source, codes in zip(sources, self.arrays.categories.T, strict=True):
            counts = _counts(codes, self.arrays.category_levels[source.place])
            kept.append(_frequent(counts[:-2], self.arrays.rows))
        self.hot = OneHot(self.arrays.category_levels, tuple(kept))
        first = 0
        for source, codes, own in zip(sources, self.arrays.categories.T, kept, strict=True):
            counts = _counts(codes, self.arrays.category_levels[source.place])
            slots, words = _slots(counts, own)
            self.slots[source.name] = ([first + slot for slot in slots], words)
            first += len(own) + 2

    def finish(self) -> ClusterRecipe:
        """Put the parts together."""
        steps = [*self.steps]
        if self.hot is not None:
            steps.append(self.hot)
        steps += self.texts.values()
        if self.texts:
            steps.append(UnitRows(tuple(len(step.names) for step in self.texts.values())))
        before = Names.of(self.arrays)
        for step in steps:
            before = step.rename(before)
        weigh = self._weigh()
        after = weigh.rename(before)
        recipe = Recipe(cyclic=True, indicator=False, text="svd")
        fitted = FittedRecipe(recipe, Names.of(self.arrays), (*steps, weigh), after)
        return ClusterRecipe(fitted, self._blocks(len(after.numbers)), self._notes(before))

    def _factors(self) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
        """Return the factor of each feature that counts, of numbers, categories and texts."""
        kept = self.plan.kept if self.plan else {}
        numbers = {column: factor * self._root(name) for column, (name, factor) in sorted(kept.items())}
        encoded = {slot: self._root(name) for name, (slots, _) in self.slots.items() for slot in slots}
        written: dict[int, float] = {}
        first = 0
        for name, step in self.texts.items():
            written |= dict.fromkeys(range(first, first + len(step.names)), self._root(name))
            first += len(step.names)
        return numbers, encoded, written

    def _root(self, name: str) -> float:
        return float(np.float32(np.sqrt(self.weights[name])))

    def _weigh(self) -> Weigh:
        """Return the last step; where no feature counts one column of zeros is left, on which all rows are alike."""
        parts = [{place: one for place, one in part.items() if one > 0} for part in self._factors()]
        if not any(parts):
            parts[0 if self.plan else 1 if self.hot else 2] = {0: 0.0}
        return Weigh(*(Kept(tuple(part), tuple(float(np.float32(one)) for one in part.values())) for part in parts))

    def _blocks(self, first: int) -> tuple[tuple[int, int], ...]:
        blocks = []
        for name, (slots, _) in self.slots.items():
            if slots and self.weights[name] > 0:
                blocks.append((first, first + len(slots)))
                first += len(slots)
        return tuple(blocks)

    def _notes(self, before: Names) -> tuple[ColumnNote, ...]:
        """Return what was done with each column, in the order of the arrays."""
        made: dict[str, list[str]] = {source.name: [] for source in self.sources}
        for column, (name, _) in sorted(self.plan.kept.items() if self.plan else ()):
            made[name].append(before.numbers[column])
        for name, (slots, _) in self.slots.items():
            made[name] += [before.encoded[slot] for slot in slots]
        for name, step in self.texts.items():
            made[name] += step.names
        return tuple(self._note(source, tuple(made[source.name])) for source in self.sources)

    def _note(self, source: Source, features: tuple[str, ...]) -> ColumnNote:
        kind = "yes or no" if self.plan and source.name in self.plan.binary else source.kind
        if source.name in self.slots:
            words = self.slots[source.name][1]
        elif source.name in self.texts:
            words = f"{len(features)} topics of its words, each text of length one"
        else:
            words = self.plan.said.get(source.name, "") if self.plan else ""
        weight = self.weights[source.name]
        if not weight:
            return ColumnNote(source.name, kind, "left out: its weight is 0", (), 0.0)
        return ColumnNote(source.name, kind, words, features, weight if features else 0.0)


def _counts(codes: NDArray[np.int64], levels: int) -> NDArray[np.int64]:
    """Return how many rows have each level, then how many an unseen one, then how many none."""
    known = codes[(codes >= 0) & (codes < levels)]
    counts = np.bincount(known, minlength=levels)
    return np.append(counts, [int((codes >= levels).sum()), int((codes < 0).sum())])


def _frequent(counts: NDArray[np.int64], rows: int) -> tuple[int, ...]:
    ranked = np.argsort(-counts, kind="stable")[:_LEVELS]
    return tuple(sorted(int(code) for code in ranked if counts[code] >= _least(rows)))


def _least(rows: int) -> int:
    """Return how many rows a level of its own has at least: one in two hundred."""
    return max(2, int(np.ceil(0.005 * rows)))


def _slots(counts: NDArray[np.int64], own: tuple[int, ...]) -> tuple[list[int], str]:
    """Return which of a category's columns count, and the words for it.

    One that no row has is left out: a new row with an unseen level is as near to every level. So are missing values,
    unless they are so many that they are a level of their own.
    """
    rows, known = int(counts.sum()), counts[:-2]
    pooled = int(known.sum() + counts[-2] - known[list(own)].sum())
    slots, missing = list(range(len(own))), int(counts[-1])
    words = f"{len(own)} level{'s' * (len(own) != 1)}, equally far apart"
    if pooled:
        slots.append(len(own))
        words += f", {int((known > 0).sum()) - len(own):,} rare ones taken together"
    if missing and missing >= _OFTEN * rows:
        slots.append(len(own) + 1)
        words += ", missing as a level of its own"
    elif missing:
        words += ", missing in the middle"
    if len(slots) < 2:
        levels = int((known > 0).sum())
        rare = f"each of its {levels:,} levels has fewer than {_least(rows):,} rows"
        return [], "left out: " + (
            "it has no values" if not levels else "all its values are equal" if levels == 1 else rare
        )
    return slots, words

"""Any table made ready for the detection of anomalies: one float32 matrix in which a usual value is small.

Numbers are measured from their median in units of their middle, so that what is far stays far: nothing is held to a
limit that a usual row could reach. Categories have no distance and count by how rare they are, alone and beside
another column; so does a missing value. Texts are main components of their words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.errors import DataError, UsageError
from mainstay.prepare.anomalies_numbers import plan_for_anomalies
from mainstay.prepare.anomalies_texts import fit_odd_text
from mainstay.prepare.clusters_columns import ColumnNote, sources_of
from mainstay.prepare.cyclic import fit_cyclic
from mainstay.prepare.fitted import FittedRecipe
from mainstay.prepare.recipe import Recipe
from mainstay.prepare.step import Names, Seen
from mainstay.prepare.surprise import fit_surprise
from mainstay.prepare.topics import UnitRows
from mainstay.prepare.weigh import Kept, Weigh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.prepare.anomalies_texts import OddText
    from mainstay.prepare.clusters_columns import Source
    from mainstay.prepare.clusters_numbers import NumberPlan
    from mainstay.prepare.fitted import AnyStep
    from mainstay.prepare.operations import Builder
    from mainstay.prepare.surprise import Surprise

__all__ = ["AnomalyRecipe", "fit_for_anomalies", "observations_of"]

_SAMPLE = 100_000
_TOPICS = 16
_TOPICS_BESIDE = 3
"""Topics of a text that stands beside other columns: some members let each feature count as much as any other."""


@dataclass(frozen=True, slots=True)
class AnomalyRecipe:
    """Fitted preparation for the detection of anomalies.

    Parameters
    ----------
    fitted : FittedRecipe
    source : int64 array of shape (d,)
        For each feature the position of its column in ``columns``.
    columns : tuple of str
        The columns of the table that features were made from.
    notes : tuple of ColumnNote
        What was done with each column.
    """

    fitted: FittedRecipe
    source: NDArray[np.int64]
    columns: tuple[str, ...]
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


def observations_of(recipe: AnomalyRecipe, arrays: Arrays) -> Observations:
    """Return decoded rows as a detector sees them.

    Raises
    ------
    UsageError
        When the columns are not those that the recipe was fitted on.
    """
    return Observations(recipe.transform(arrays), recipe.names, recipe.source, recipe.columns)


def fit_for_anomalies(arrays: Arrays, *, seed: int = 0, topics: int = _TOPICS) -> AnomalyRecipe:
    """Learn from rows what is usual in each column by itself.

    Parameters
    ----------
    arrays : Arrays
        Decoded rows, one at least; anomalies may be among them.
    seed : int, default 0
        Of more than 100,000 rows so many are drawn to learn from.
    topics : int, default 16
        The most main components of a text column; three where it stands beside others.

    Raises
    ------
    UsageError
        When there is no row.
    DataError
        When no column can become a feature.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> ages, towns = np.float32([[30], [31], [32], [300]]), np.int64([[0], [0], [0], [1]])
    >>> recipe = fit_for_anomalies(Arrays(ages, ("age",), towns, ("town",), (2,)))
    >>> recipe.names, recipe.columns, recipe.transform(Arrays(ages, ("age",), towns, ("town",), (2,))).argmax(axis=0)
    (('age', 'town'), ('age', 'town'), array([3, 3]))
    """
    if not arrays.rows:
        raise UsageError("there is no row to learn from", where="recipe", hint="Give one row at least.")
    fitting = _Fitting(arrays, sources_of(Names.of(arrays)), _sample(arrays, seed))
    fitting.add_texts(topics)
    fitting.add_surprises()
    fitting.add_numbers()
    return fitting.finish()


def _sample(arrays: Arrays, seed: int) -> Seen:
    seen = Seen.of(arrays, None, seed)
    if arrays.rows <= _SAMPLE:
        return seen
    drawn = np.sort(np.random.default_rng(seed).choice(arrays.rows, _SAMPLE, replace=False))
    return seen.take(np.union1d(drawn, _lone(arrays, drawn)))


def _lone(arrays: Arrays, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows with the ends of each column of which the drawn rows know one value alone."""
    ends = []
    for table in (arrays.numbers, arrays.categories):
        for values in table.T:
            known = values[drawn]
            if not (known == known[0]).all() and not np.isnan(known).all():
                continue
            other = np.flatnonzero((values != known[0]) & ~np.isnan(values))
            ends += [other[end(values[other])] for end in (np.argmin, np.argmax) if len(other)]
    return np.asarray(ends, np.int64)


@dataclass(slots=True)
class _Fitting:
    """A recipe in the making; the parts are fitted apart and put together at the end.

    Parameters
    ----------
    arrays : Arrays
        All rows.
    sources : list of Source
    seen : Seen
        The rows to learn from.
    """

    arrays: Arrays
    sources: list[Source]
    seen: Seen
    texts: dict[str, OddText] = field(default_factory=dict)
    steps: list[AnyStep] = field(default_factory=list)
    plan: NumberPlan | None = None
    surprise: Surprise | None = None

    def add_texts(self, topics: int) -> None:
        """Find the topics of each text column, and which of its words are rare."""
        most = topics if len(self.sources) == 1 else min(topics, _TOPICS_BESIDE)
        seen = Seen.of(self.arrays, None, self.seen.seed)
        for source in self.sources:
            if source.kind == "text" and source.place >= 0:
                found = fit_odd_text(seen, source.place, topics=most)
                if found is not None:
                    self.texts[source.name] = found

    def add_surprises(self) -> None:
        """Count how rare categories, their combinations and missing values are."""
        numbers = [source.numbers[0] for source in self.sources if source.numbers]
        self.surprise = fit_surprise(self.seen, numbers)
        if self.surprise is not None:
            self.steps.append(self.surprise)

    def add_numbers(self) -> None:
        """Plan the numbers."""
        if self.seen.block.numbers is None:
            return
        circles = fit_cyclic(Recipe(cyclic=True), self.seen)
        seen = self.seen
        if circles is not None:
            self.steps.append(circles)
            seen = seen.after(circles)
        sources = [source for source in self.sources if source.name not in self.texts]
        plan = self.plan = plan_for_anomalies(cast("NDArray[np.float32]", seen.block.numbers), sources, circles)
        self.steps += plan.steps()

    def finish(self) -> AnomalyRecipe:
        """Put the parts together."""
        steps = [*self.steps, *(text.topics for text in self.texts.values())]
        if self.texts:
            steps.append(UnitRows(tuple(len(text.topics.names) for text in self.texts.values())))
        steps += [text.rare for text in self.texts.values()]
        before = Names.of(self.arrays)
        for step in steps:
            before = step.rename(before)
        weigh, owners = self._weigh(before)
        after = weigh.rename(before)
        recipe = Recipe(cyclic=True, indicator=False, text="svd")
        fitted = FittedRecipe(recipe, Names.of(self.arrays), (*steps, weigh), after)
        columns = tuple(dict.fromkeys(owners))
        source = np.array([columns.index(owner) for owner in owners], np.int64)
        return AnomalyRecipe(fitted, source, columns, self._notes(owners, after.features()))

    def _weigh(self, names: Names) -> tuple[Weigh, list[str]]:
        """Return the last step, and the column of each feature; one column of zeros where no feature is left."""
        kept = self.plan.kept if self.plan else {}
        numbers = {column: factor for column, (_, factor) in sorted(kept.items()) if factor > 0}
        owners = [kept[column][0] for column in numbers]
        encoded = dict.fromkeys(range(len(self.surprise.names)), 1.0) if self.surprise else {}
        owners += self._surprised()
        factors: list[float] = []
        for name, text in self.texts.items():
            factors += [text.spread] * len(text.topics.names)
            owners += [name] * len(text.topics.names)
        owners += self.texts
        factors += [1.0] * len(self.texts)
        parts = [numbers, encoded, dict(enumerate(factors))]
        if not owners:
            some = [at for at, part in enumerate((names.numbers, names.encoded, names.written)) if part]
            if not some:
                raise DataError(
                    "no column tells rows apart: " + ", ".join(source.name for source in self.sources),
                    where="recipe", hint="What is odd needs numbers, dates, categories or texts that differ.",
                )  # fmt: skip
            parts[some[0]] = {0: 0.0}
            owners = [self.sources[0].name]
        made = (Kept(tuple(part), tuple(float(np.float32(one)) for one in part.values())) for part in parts)
        return Weigh(*made), owners

    def _surprised(self) -> list[str]:
        """Return the column of each feature of :attr:`surprise`."""
        step = self.surprise
        if step is None:
            return []
        categories = self.arrays.category_names
        first = {source.numbers[0]: source.name for source in self.sources if source.numbers}
        return [
            *(categories[column] for column in step.columns),
            *(categories[column] for column, _ in step.pairs),
            *(first[column] for column in step.missing),
        ]

    def _notes(self, owners: list[str], features: tuple[str, ...]) -> tuple[ColumnNote, ...]:
        """Return what was done with each column, in the order of the arrays."""
        binary = self.plan.binary if self.plan else set()
        notes = []
        for source in self.sources:
            own = tuple(name for name, owner in zip(features, owners, strict=True) if owner == source.name)
            kind = "yes or no" if source.name in binary else source.kind
            notes.append(ColumnNote(source.name, kind, self._words(source, own), own, 1.0 if own else 0.0))
        return tuple(notes)

    def _words(self, source: Source, features: tuple[str, ...]) -> str:
        if source.kind == "category":
            beside = [name.partition(" | ")[2] for name in features if " | " in name]
            words = "how rare its level is" + "".join(f", and how rare beside {name}" for name in beside)
            return words if features else "left out: no level is rarer than another"
        if source.name in self.texts:
            return f"{len(self.texts[source.name].topics.names)} topics of its words, and how rare its words are"
        words = self.plan.said.get(source.name, "") if self.plan else ""
        missing = any(name.endswith(" is missing") for name in features)
        return words + (", and whether it is missing" if missing else "")

"""A recipe fitted on rows: plain data that turns decoded rows into features, in numpy or as graph nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.contracts.arrays import Features
from mainstay.contracts.errors import FormatError, UsageError
from mainstay.prepare.anomalies_texts import RareWords
from mainstay.prepare.cyclic import Cyclic, fit_cyclic
from mainstay.prepare.derive import Derive, fit_derive
from mainstay.prepare.encode import Codes, OneHot, Ordinal, fit_encode
from mainstay.prepare.impute import Impute, complete_rows, fit_impute
from mainstay.prepare.limit import Limit
from mainstay.prepare.monotone import check_monotone, directions
from mainstay.prepare.operations import GraphOperations, NumpyOperations
from mainstay.prepare.polynomial import Polynomial, fit_polynomial
from mainstay.prepare.rare import RareLevels, fit_rare
from mainstay.prepare.recipe import Recipe  # noqa: TC001 - msgspec reads the type when it decodes
from mainstay.prepare.scale import Scale, fit_scale
from mainstay.prepare.skew import Unskew
from mainstay.prepare.step import Block, Names, Seen
from mainstay.prepare.surprise import Surprise
from mainstay.prepare.target_means import Means, TargetMeans, fit_target_means, many_levels
from mainstay.prepare.text import TextFeatures, Written
from mainstay.prepare.text_memory import recall_text
from mainstay.prepare.topics import UnitRows
from mainstay.prepare.weigh import Weigh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import Deadline, Target
    from mainstay.prepare.operations import Builder, Operations

__all__ = ["AnyStep", "FittedRecipe", "fit", "from_json"]

AnyStep = (
    Derive | Impute | Scale | Polynomial | Ordinal | Codes | OneHot | TargetMeans | TextFeatures | Cyclic | RareLevels
    | Unskew | Limit | UnitRows | Weigh | Surprise | RareWords
)  # fmt: skip
"""The steps that a stored recipe may hold. A new kind of step is one file, a name here and a line in :func:`fit`, or
in :mod:`mainstay.prepare.clusters`."""

Tensor = TypeVar("Tensor")
_CHUNK = 8_192


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stored of a fitted recipe."""

    recipe: Recipe
    number_names: tuple[str, ...]
    category_names: tuple[str, ...]
    category_levels: tuple[int, ...]
    steps: tuple[AnyStep, ...]
    text_names: tuple[str, ...] = ()
    text_terms: tuple[int, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe, names: Names, steps: tuple[AnyStep, ...]) -> _Record:
        return cls(recipe, names.numbers, names.categories, names.levels, steps, names.texts, names.terms)

    def inputs(self) -> Names:
        return Names(
            self.number_names, self.category_names, self.category_levels, texts=self.text_names, terms=self.text_terms
        )


@dataclass(frozen=True, slots=True)
class FittedRecipe:
    """A recipe with all that it learned.

    Parameters
    ----------
    recipe : Recipe
    inputs : Names
        The decoded columns that it was fitted on, and takes.
    steps : tuple
        The fitted steps, in their order.
    outputs : Names
        The columns after the last step.
    kept : int64 array, optional
        With ``missing = "drop"``: the positions of the training rows that are left. Not stored.
    crossed : tuple of (names, values)
        Features of the training rows that are left and that are not what :meth:`transform` gives for them, float32 of
        shape (n, len(names)): cross-fitted ones. Not stored.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> rows = Arrays(np.float32([[1], [np.nan], [3]]), ("age",), np.int64([[0], [1], [-1]]), ("city",), (2,))
    >>> fitted = fit(Recipe(scale="none", min_count=1), rows)
    >>> fitted.names
    ('age', 'age is missing', 'city = 0', 'city = 1', 'city = other', 'city is missing')
    >>> fitted.transform(rows).matrix.tolist()[1]
    [2.0, 1.0, 0.0, 1.0, 0.0, 0.0]
    """

    recipe: Recipe
    inputs: Names
    steps: tuple[AnyStep, ...]
    outputs: Names
    kept: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)
    crossed: tuple[tuple[tuple[str, ...], NDArray[np.float32]], ...] = field(default=(), compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features."""
        return self.outputs.features()

    @property
    def categorical(self) -> tuple[int, ...]:
        """The positions of features that are category codes."""
        return self.outputs.categorical()

    def transform(self, arrays: Arrays) -> Features:
        """Return the features of decoded rows, as float32 of shape (n, d).

        Rows are taken a few thousand at a time: every operation is row by row, so the answer does not depend on it,
        and the intermediate tensors stay small.

        Raises
        ------
        UsageError
            When the columns are not those that the recipe was fitted on.
        """
        self._check(arrays)
        matrix = np.empty((arrays.rows, len(self.names)), np.float32)
        run = NumpyOperations()
        for start in range(0, arrays.rows, _CHUNK):
            rows = slice(start, start + _CHUNK)
            block: Block[NDArray[np.generic]] = Block(
                arrays.numbers[rows] if arrays.number_names else None,
                arrays.categories[rows] if arrays.category_names else None,
                texts=tuple(text.take(rows) for text in arrays.texts),
            )
            with np.errstate(all="ignore"):
                parts = self._apply(run, block).parts()
            if parts:
                matrix[rows] = run.join(parts)
        return Features(matrix, self.names, self.categorical, directions(self.recipe, self.names))

    def transform_training(self, arrays: Arrays) -> Features:
        """Return the features of the very rows that the recipe was fitted on, for a learner to learn from.

        They differ from :meth:`transform` where a step looked at the target: there a row's features come from other
        rows, for a learner that saw its own answer in them would trust them too much.

        Parameters
        ----------
        arrays : Arrays
            The rows given to :func:`fit`, without those that it dropped, in their order.

        Raises
        ------
        UsageError
            When these are not as many rows.
        """
        features = self.transform(arrays)
        for names, values in self.crossed:
            if len(values) != arrays.rows:
                raise UsageError(
                    f"the {len(values):,} training rows were expected, and {arrays.rows:,} rows came", where="recipe"
                )
            features.matrix[:, [self.names.index(name) for name in names]] = values
        return features

    def write(self, builder: Builder) -> str:
        """Add the same operations to a model graph and return the name of the (n, d) float32 features.

        The graph's inputs are ``numbers``, ``categories`` and ``text_0``, ..., as far as there are such columns.

        Raises
        ------
        UsageError
            When there is no feature to write.
        """
        block = Block(
            "numbers" if self.inputs.numbers else None,
            "categories" if self.inputs.categories else None,
            texts=tuple(f"text_{place}" for place in range(len(self.inputs.texts))),
        )
        run = GraphOperations(builder)
        parts = self._apply(run, block).parts()
        if not parts:
            raise UsageError("the recipe leaves no feature", where="recipe", hint="Encode the categories.")
        return run.join(parts)

    def to_json(self) -> bytes:
        """Return the fitted recipe as JSON; numbers keep every digit."""
        return msgspec.json.encode(_Record.of(self.recipe, self.inputs, self.steps))

    def _apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        for step in self.steps:
            block = step.apply(run, block)
        return block

    def _check(self, arrays: Arrays) -> None:
        came = arrays.number_names + arrays.category_names + arrays.text_names
        expected = self.inputs.numbers + self.inputs.categories + self.inputs.texts
        sizes = self.inputs.levels + self.inputs.terms
        if came != expected or arrays.category_levels + arrays.text_terms != sizes:
            differing = sorted(set(came) ^ set(expected))
            raise UsageError(
                f"the columns that the recipe was fitted on were expected, and others came ({differing or came})",
                where="recipe",
                hint="Decode the rows with the schema of the same model.",
            )


def fit(
    recipe: Recipe,
    arrays: Arrays,
    target: Target | None = None,
    *,
    seed: int = 0,
    deadline: Deadline | None = None,
    memory: Path | None = None,
) -> FittedRecipe:
    """Learn from the given rows, and from no other, all that the recipe needs.

    Parameters
    ----------
    recipe : Recipe
    arrays : Arrays
        Decoded training rows.
    target : Target, optional
        Their target, for steps that look at it.
    seed : int, default 0
        For steps that draw at random.
    deadline : Deadline, optional
        Steps that try several ways try fewer where time is short.
    memory : Path, optional
        Beginning of file names where fitted text steps are kept: another recipe fitted on the same rows with the
        same memory takes them from there.

    Returns
    -------
    FittedRecipe
        ``kept`` says which rows are left, where the recipe drops some.

    Raises
    ------
    UsageError
        When a derived column cannot be computed, a named column does not exist, or no row is left.
    """
    inputs = Names.of(arrays)
    check_monotone(recipe, inputs, target)
    seen, steps = Seen.of(arrays, target, seed), []
    kept: NDArray[np.int64] | None = None
    for begin in (fit_derive, fit_cyclic, fit_impute, fit_scale, fit_polynomial, fit_rare):
        if begin is fit_impute and recipe.missing == "drop":
            kept = _complete(seen)
            seen = seen.take(kept)
        step = begin(recipe, seen)
        if step is not None:
            steps.append(step)
            seen = seen.after(step)
    # What follows is not applied here: its columns are many and no later step looks at them.
    means = fit_target_means(recipe, seen)
    instead = many_levels(recipe, inputs.levels) if means is not None and recipe.many_levels == "target" else ()
    encoded = fit_encode(recipe, seen, instead)
    crossed: list[Means | Written] = [] if means is None else [means]
    crossed += recall_text(recipe, seen, deadline, None if kept is not None else memory)
    made: tuple[AnyStep, ...] = (*steps, *(() if encoded is None else (encoded,)), *(one.step for one in crossed))
    return FittedRecipe(
        recipe, inputs, made, _renamed(inputs, made), kept, tuple((one.step.names, one.training) for one in crossed)
    )


def from_json(text: bytes | str) -> FittedRecipe:
    """Rebuild a fitted recipe from :meth:`FittedRecipe.to_json`.

    Raises
    ------
    FormatError
        When the text is not a fitted recipe.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> rows = Arrays(np.float32([[1], [4]]), ("age",), np.empty((2, 0), np.int64), (), ())
    >>> fitted = fit(Recipe(), rows)
    >>> from_json(fitted.to_json()) == fitted
    True
    """
    try:
        record = msgspec.json.decode(text, type=_Record)
        inputs = record.inputs()
        return FittedRecipe(record.recipe, inputs, record.steps, _renamed(inputs, record.steps))
    except (msgspec.DecodeError, UsageError, IndexError, ValueError) as error:
        raise FormatError(f"a fitted recipe was expected, and {error}", where="recipe") from error


def _renamed(names: Names, steps: tuple[AnyStep, ...]) -> Names:
    for step in steps:
        names = step.rename(names)
    return names


def _complete(seen: Seen) -> NDArray[np.int64]:
    kept = complete_rows(seen)
    if not len(kept) and seen.rows:
        share = np.isnan(seen.block.numbers).mean(axis=0) if seen.block.numbers is not None else np.zeros(1)
        worst = int(np.argmax(share))
        raise UsageError(
            f"dropping rows with a missing number leaves none of {seen.rows}: {seen.names.numbers[worst]!r} is "
            f"missing in {share[worst]:.0%} of them",
            where="recipe",
            hint="Use missing = median, or leave that column out.",
        )
    return kept

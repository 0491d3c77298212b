"""A recipe fitted on rows: plain data that turns decoded rows into features, in numpy or as graph nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.contracts.arrays import Features
from mainstay.contracts.errors import FormatError, UsageError
from mainstay.prepare.derive import Derive, fit_derive
from mainstay.prepare.encode import Codes, OneHot, Ordinal, fit_encode
from mainstay.prepare.impute import Impute, complete_rows, fit_impute
from mainstay.prepare.operations import GraphOperations, NumpyOperations
from mainstay.prepare.polynomial import Polynomial, fit_polynomial
from mainstay.prepare.recipe import Recipe  # noqa: TC001 - msgspec reads the type when it decodes
from mainstay.prepare.scale import Scale, fit_scale
from mainstay.prepare.step import Block, Names, Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import Target
    from mainstay.prepare.operations import Builder, Operations

__all__ = ["AnyStep", "FittedRecipe", "fit", "from_json"]

AnyStep = Derive | Impute | Scale | Polynomial | Ordinal | Codes | OneHot
"""The steps that a stored recipe may hold. A new kind of step is one file, a name here and a line in :func:`fit`."""

Tensor = TypeVar("Tensor")
_CHUNK = 8_192


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is stored of a fitted recipe."""

    recipe: Recipe
    number_names: tuple[str, ...]
    category_names: tuple[str, ...]
    category_levels: tuple[int, ...]
    steps: tuple[AnyStep, ...]


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
            )
            with np.errstate(all="ignore"):
                parts = self._apply(run, block).parts()
            if parts:
                matrix[rows] = run.join(parts)
        return Features(matrix, self.names, self.categorical)

    def write(self, builder: Builder) -> str:
        """Add the same operations to a model graph and return the name of the (n, d) float32 features.

        The graph's inputs are ``numbers`` and ``categories``, as far as there are such columns.

        Raises
        ------
        UsageError
            When there is no feature to write.
        """
        block = Block("numbers" if self.inputs.numbers else None, "categories" if self.inputs.categories else None)
        run = GraphOperations(builder)
        parts = self._apply(run, block).parts()
        if not parts:
            raise UsageError("the recipe leaves no feature", where="recipe", hint="Encode the categories.")
        return run.join(parts)

    def to_json(self) -> bytes:
        """Return the fitted recipe as JSON; numbers keep every digit."""
        names = self.inputs
        return msgspec.json.encode(_Record(self.recipe, names.numbers, names.categories, names.levels, self.steps))

    def _apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        for step in self.steps:
            block = step.apply(run, block)
        return block

    def _check(self, arrays: Arrays) -> None:
        came = arrays.number_names + arrays.category_names
        expected = self.inputs.numbers + self.inputs.categories
        if came != expected or arrays.category_levels != self.inputs.levels:
            differing = sorted(set(came) ^ set(expected))
            raise UsageError(
                f"the columns that the recipe was fitted on were expected, and others came ({differing or came})",
                where="recipe",
                hint="Decode the rows with the schema of the same model.",
            )


def fit(recipe: Recipe, arrays: Arrays, target: Target | None = None, *, seed: int = 0) -> FittedRecipe:
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

    Returns
    -------
    FittedRecipe
        ``kept`` says which rows are left, where the recipe drops some.

    Raises
    ------
    UsageError
        When a derived column cannot be computed, a named column does not exist, or no row is left.
    """
    inputs = Names(arrays.number_names, arrays.category_names, arrays.category_levels)
    seen, steps = Seen.of(arrays, target, seed), []
    kept: NDArray[np.int64] | None = None
    for begin in (fit_derive, fit_impute, fit_scale, fit_polynomial):
        if begin is fit_impute and recipe.missing == "drop":
            kept = _complete(seen)
            seen = seen.take(kept)
        step = begin(recipe, seen)
        if step is not None:
            steps.append(step)
            seen = seen.after(step)
    last = fit_encode(recipe, seen)  # not applied here: its columns are many and no later step looks at them
    made: tuple[AnyStep, ...] = (*steps, last) if last is not None else tuple(steps)
    return FittedRecipe(recipe, inputs, made, _renamed(inputs, made), kept)


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
        inputs = Names(record.number_names, record.category_names, record.category_levels)
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

"""Squares and products of number columns, so that a linear learner can bend and let columns interact."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Target
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Polynomial", "fit_polynomial"]

Tensor = TypeVar("Tensor")


class Polynomial(msgspec.Struct, frozen=True, tag=True):
    """Add the product of each pair of columns; a column with itself is its square.

    A factor outside the range seen in training is taken as the end of that range: the square of one stray value
    would otherwise outweigh everything else in a linear answer.

    Parameters
    ----------
    columns : tuple of int
        Positions of the number columns that are multiplied.
    low, high : tuple of float
        The range of each seen in training; float32.
    left, right : tuple of int
        The factors of each product, as positions in ``columns``.
    """

    columns: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def rename(self, names: Names) -> Names:
        """Add the products' names."""
        factors = [names.numbers[column] for column in self.columns]
        made = tuple(
            f"{factors[one]} ** 2" if one == two else f"{factors[one]} * {factors[two]}"
            for one, two in zip(self.left, self.right, strict=True)
        )
        return replace(names, numbers=names.numbers + made)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Multiply."""
        if block.numbers is None:
            return block
        low, high = run.constant(np.array([self.low], np.float32)), run.constant(np.array([self.high], np.float32))
        factors = run.take(block.numbers, self.columns)
        factors = run.do(
            "Where", run.do("Less", factors, low), low, factors
        )  # comparing leaves a missing value as it is
        factors = run.do("Where", run.do("Less", high, factors), high, factors)
        products = run.do("Mul", run.take(factors, self.left), run.take(factors, self.right))
        return replace(block, numbers=run.join([block.numbers, products]))


def fit_polynomial(recipe: Recipe, seen: Seen) -> Polynomial | None:
    """Choose the pairs; the square of a column of two values says nothing new and is left out.

    Raises
    ------
    UsageError
        When a column is named that is not a number column.
    """
    if recipe.polynomial == 1 or seen.block.numbers is None:
        return None
    columns = _named(recipe.polynomial_columns, seen.names.numbers) or _related(seen, recipe.polynomial_limit)
    factors = seen.block.numbers[:, columns]
    pairs = [
        (one, two)
        for one, two in combinations_with_replacement(range(len(columns)), 2)
        if one != two or len(np.unique(factors[:, one])) > 2
    ]
    if not pairs:
        return None
    left, right = zip(*pairs, strict=True)
    ends = [_range(column) for column in factors.T]
    return Polynomial(tuple(columns), tuple(low for low, _ in ends), tuple(high for _, high in ends), left, right)


def _range(column: NDArray[Any]) -> tuple[float, float]:
    known = column[~np.isnan(column)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def _named(wanted: tuple[str, ...], known: tuple[str, ...]) -> list[int]:
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"polynomial_columns names {name!r}, which is not a number column",
                where="recipe",
                hint=f"The number columns are: {', '.join(known)}.",
            )
    return sorted({known.index(name) for name in wanted})


def _related(seen: Seen, limit: int) -> list[int]:
    """Return as many columns as the limit allows, those most related to the target, in the order of the table."""
    numbers = seen.block.numbers
    if numbers is None:
        return []
    most = int((np.sqrt(8 * limit + 1) - 1) / 2)  # m columns make m (m + 1) / 2 products
    if numbers.shape[1] <= most or seen.target is None:
        return list(range(min(most, numbers.shape[1])))
    strength = np.array([_relation(column, seen.target) for column in numbers.T])
    return sorted(np.argsort(-strength, kind="stable")[:most].tolist())


def _relation(column: NDArray[Any], target: Target) -> float:
    """Return the share of the column's variance that the target explains, 0 to 1."""
    known = ~np.isnan(column)
    values, wanted = column[known].astype(np.float64), target.values[known]
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    if total == 0.0:
        return 0.0
    if target.task == "regression":
        other = wanted - wanted.mean()
        against = float((other**2).sum())
        return 0.0 if against == 0 else float((values - values.mean()) @ other) ** 2 / (total * against)
    counts = np.bincount(wanted, minlength=target.classes)
    sums = np.bincount(wanted, weights=values, minlength=target.classes)
    means = sums[counts > 0] / counts[counts > 0]
    return float((counts[counts > 0] * (means - values.mean()) ** 2).sum()) / total

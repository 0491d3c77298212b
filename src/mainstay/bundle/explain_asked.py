"""Shapley values of anything that answers rows: ask about mixtures of a row and background rows.

Columns change from a background row to the row explained one after the other, in random orders, each order forth and
back (antithetic; Mitchell et al. 2022, jmlr.org/papers/v23/21-0439.html): what each change does is that column's
contribution. They add up for every order. With few columns all mixtures are asked, and nothing is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.arrays import Arrays, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["Asking", "mixed", "stacked"]

_EXACT = 6
"""The most columns of which all mixtures are asked: 64 for each background row."""

_AT_ONCE = 32_768


@dataclass(frozen=True, slots=True)
class Asking:
    """A model that can be asked.

    Parameters
    ----------
    answer : callable (Arrays, tensor) -> float64 array of shape (n, outputs)
    background : Arrays
        The rows that a row is compared with; one order of the columns for each.
    owners : mapping of str to int array
        The raw column of each column of the inputs.
    seed : int
        Draws the orders.
    """

    answer: Callable[[Arrays, str], NDArray[np.float64]]
    background: Arrays
    owners: Mapping[str, NDArray[np.int64]]
    seed: int = 0

    def explain(
        self, arrays: Arrays, tensor: str, columns: tuple[int, ...], *, raw: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
        """Return base (outputs,), pushes and their variances (outputs, raw columns, n).

        Parameters
        ----------
        arrays : Arrays
            The rows to explain.
        tensor : str
            What is explained.
        columns : tuple of int
            The raw columns that have a say in it.
        raw : int
        """
        base = self.answer(self.background, tensor)
        pushes = np.zeros((base.shape[1], raw, arrays.rows))
        squares = np.zeros_like(pushes)
        exact = len(columns) <= _EXACT
        both = stacked(arrays, self.background)
        own = np.arange(arrays.rows)
        generator = np.random.default_rng(self.seed)
        for other in range(self.background.rows):
            places = np.full(arrays.rows, arrays.rows + other)

            def ask(taken: NDArray[np.bool_], places: NDArray[np.int64] = places) -> NDArray[np.float64]:
                """Answer the rows with these columns their own and the others of the background row."""
                return self._ask(both, np.where(taken[:, None], own, places), tensor)

            order = generator.permutation(np.array(columns, np.int64))
            given = _all_mixtures(ask, columns, raw) if exact else _one_order(ask, order, raw)
            pushes += given
            squares += np.square(given)
        count = self.background.rows
        mean = pushes / count
        spread = None if exact else np.maximum(squares / count - np.square(mean), 0) / max(1, count - 1)
        return base.mean(axis=0), mean, spread

    def _ask(self, both: Arrays, source: NDArray[np.int64], tensor: str) -> NDArray[np.float64]:
        """Return the answers, (outputs, n), for rows whose raw column c comes from row ``source[c]``."""
        parts = [
            self.answer(mixed(both, source[:, at : at + _AT_ONCE], self.owners), tensor)
            for at in range(0, source.shape[1], _AT_ONCE)
        ]
        return np.concatenate(parts).T


def _one_order(
    ask: Callable[[NDArray[np.bool_]], NDArray[np.float64]], order: NDArray[np.int64], raw: int
) -> NDArray[np.float64]:
    """Return what each column changes when they change in this order, and in the opposite one; the mean of both."""
    taken = np.zeros(raw, np.bool_)
    untouched = before = ask(taken)
    total = np.zeros((before.shape[0], raw, before.shape[1]))
    for column in order:
        taken[column] = True
        after = ask(taken)
        total[:, column] += after - before
        before = after
    whole, before = before, untouched
    taken[:] = False
    for column in order[::-1]:
        taken[column] = True
        after = whole if column == order[0] else ask(taken)
        total[:, column] += after - before
        before = after
    return total / 2


def _all_mixtures(
    ask: Callable[[NDArray[np.bool_]], NDArray[np.float64]], columns: tuple[int, ...], raw: int
) -> NDArray[np.float64]:
    """Return Shapley's own sum over all sets of columns."""
    count = len(columns)
    answers: dict[frozenset[int], NDArray[np.float64]] = {}
    for size in range(count + 1):
        for chosen in combinations(columns, size):
            taken = np.zeros(raw, np.bool_)
            taken[list(chosen)] = True
            answers[frozenset(chosen)] = ask(taken)
    first = answers[frozenset()]
    total = np.zeros((first.shape[0], raw, first.shape[1]))
    for chosen_set, answer in answers.items():
        for column in set(columns) - chosen_set:
            weight = 1.0 / (count * comb(count - 1, len(chosen_set)))
            total[:, column] += weight * (answers[chosen_set | {column}] - answer)
    return total


def stacked(first: Arrays, second: Arrays) -> Arrays:
    """Return the rows of both."""
    texts = tuple(
        Terms(np.concatenate([one.starts - one.starts[0], other.starts[1:] - other.starts[0] + one.lengths.sum()]),
              np.concatenate([_ids(one), _ids(other)]))
        for one, other in zip(first.texts, second.texts, strict=True)
    )  # fmt: skip
    return Arrays(
        np.concatenate([first.numbers, second.numbers]), first.number_names,
        np.concatenate([first.categories, second.categories]), first.category_names, first.category_levels,
        texts, first.text_names, first.text_terms,
    )  # fmt: skip


def _ids(terms: Terms) -> NDArray[np.int32]:
    return terms.ids[terms.starts[0] : terms.starts[-1]]


def mixed(rows: Arrays, source: NDArray[np.int64], owners: Mapping[str, NDArray[np.int64]]) -> Arrays:
    """Return rows whose raw columns come from different rows.

    Parameters
    ----------
    rows : Arrays
    source : int array of shape (raw columns, n)
        For each raw column and each new row, the row that it is taken from.
    owners : mapping of str to int array
        The raw column of each column of the inputs.
    """
    numbers = np.empty((source.shape[1], rows.numbers.shape[1]), np.float32)
    for place, column in enumerate(owners["numbers"]):
        numbers[:, place] = rows.numbers[source[column], place]
    categories = np.empty((source.shape[1], rows.categories.shape[1]), np.int64)
    for place, column in enumerate(owners["categories"]):
        categories[:, place] = rows.categories[source[column], place]
    texts = tuple(text.take(source[int(owners[f"text_{place}"][0])]) for place, text in enumerate(rows.texts))
    return Arrays(
        numbers, rows.number_names, categories, rows.category_names, rows.category_levels,
        texts, rows.text_names, rows.text_terms,
    )  # fmt: skip

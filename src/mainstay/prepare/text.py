"""Terms of free texts become features: scores of a linear model, or main components, of their TF-IDF.

A term's weight in a text is the number of times that it stands in the list (see :mod:`mainstay.data.decode_terms`)
times its inverse document frequency ``ln((1 + n) / (1 + rows with it)) + 1``; a text has length one: weights are
divided by the root of the sum of count times squared frequency over its terms. A feature is a sum of products of
weights and coefficients, so it is one sum over the terms of a text, divided by the length.

The products are rounded to whole numbers (18 bits of the largest), because a sum of whole numbers is the same in any
order and at any padding: the graph answers as training did, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from mainstay.prepare.operations import NumpyOperations
from mainstay.prepare.step import Block
from mainstay.prepare.text_linear import MOST_CLASSES, cross_fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Terms
    from mainstay.contracts.learner import Deadline
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Names, Seen

__all__ = ["Documents", "TextFeatures", "Written", "components_of", "fit_text", "sample_rows", "written_by"]

Tensor = TypeVar("Tensor")

_WHOLE = (1 << 18) - 1  # 8,192 terms of this size stay below 2**31
_MOST_WEIGHTS = 1 << 19
_FEWEST_ROWS = 10
_LARGEST = 16_000_000  # terms of the training rows, times outputs, that are learned from
_CHUNK = 8_192


class TextFeatures(msgspec.Struct, frozen=True, tag=True):
    """Score one text column.

    Parameters
    ----------
    column : int
        Which text column.
    terms : int
        How many terms there can be.
    vocabulary : bytes
        The terms that are used, ascending, as int32 (little endian).
    weights : bytes
        int32 of shape (terms used, outputs + 1); the last column is the squared inverse document frequency.
    gain, shift : tuple of float
        What makes a feature of sum divided by length: mean 0 and deviation 1 on the training rows.
    names : tuple of str
        Of the outputs.
    """

    column: int
    terms: int
    vocabulary: bytes
    weights: bytes
    gain: tuple[float, ...]
    shift: tuple[float, ...]
    names: tuple[str, ...]

    def rename(self, names: Names) -> Names:
        """Add the features' names."""
        return replace(names, written=names.written + self.names)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Sum, divide by the length, and bring to one scale."""
        places, weights = self.tables()
        outputs = len(self.gain)
        sums = run.sum_terms(places, weights, block.texts[self.column])
        squares = run.do("Max", run.take(sums, [outputs]), run.constant(np.ones((1, 1))))  # a text without terms
        ratio = run.do("Div", run.take(sums, list(range(outputs))), run.do("Sqrt", squares))
        scaled = run.do("Mul", ratio, run.constant(np.array([self.gain])))
        made = run.as_float(run.do("Add", scaled, run.constant(np.array([self.shift]))))
        return replace(block, written=made if block.written is None else run.join([block.written, made]))

    def tables(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the row of each term (the first is padding, row 0 is for terms not used), and the rows."""
        vocabulary = np.frombuffer(self.vocabulary, "<i4")
        places = np.zeros(self.terms + 1, np.int32)
        places[vocabulary + 1] = np.arange(1, len(vocabulary) + 1)
        weights = np.frombuffer(self.weights, "<i4").reshape(len(vocabulary), len(self.gain) + 1)
        return places, np.concatenate([np.zeros((1, weights.shape[1]), np.int32), weights]).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Written:
    """A fitted step, and what its features are for the very rows that it was fitted on.

    Parameters
    ----------
    step : TextFeatures
    training : float32 array of shape (n, outputs)
        Cross-fitted: the features of a row come from other rows. A learner that saw the others would trust them
        too much.
    """

    step: TextFeatures
    training: NDArray[np.float32]


def fit_text(recipe: Recipe, seen: Seen, deadline: Deadline | None = None) -> list[Written]:
    """Learn the features of every text column that has terms.

    Parameters
    ----------
    recipe : Recipe
    seen : Seen
    deadline : Deadline, optional
        Fewer parts and penalties are tried where time is short.
    """
    if recipe.text == "none" or seen.rows < _FEWEST_ROWS:
        return []
    made = []
    for column in range(len(seen.block.texts)):
        rows = sample_rows(seen, column)
        some = seen if rows is None else seen.take(rows)
        document = Documents.of(some, column, recipe.vocabulary)
        if document is not None:
            found = _fit_column(recipe, some, document, deadline)
            made += found if rows is None else [_of_all(one, seen, rows) for one in found]
    return made


def sample_rows(seen: Seen, column: int) -> NDArray[np.int64] | None:
    """Return the rows to learn from, at random, where all would take too long; None for all."""
    outputs = 1 if seen.target is None else max(1, min(seen.target.classes, MOST_CLASSES))
    share = _LARGEST / max(1, len(seen.block.texts[column].ids) * outputs)
    if share >= 1.0:
        return None
    count = min(seen.rows, max(1000, int(share * seen.rows)))
    return np.sort(np.random.default_rng(seen.seed).choice(seen.rows, count, replace=False))


def _of_all(one: Written, seen: Seen, rows: NDArray[np.int64]) -> Written:
    """Return the features of all rows: those that the model has not seen get them from the model."""
    training = np.empty((seen.rows, one.training.shape[1]), np.float32)
    text: Terms = seen.block.texts[one.step.column]
    for start in range(0, seen.rows, _CHUNK):
        some = slice(start, start + _CHUNK)
        texts = tuple(text.take(some) for _ in range(one.step.column + 1))
        training[some] = one.step.apply(NumpyOperations(), Block(texts=texts)).written
    training[rows] = one.training
    return Written(one.step, training)


@dataclass(frozen=True, slots=True)
class Documents:
    """One text column as a sparse matrix of length-one rows, and its vocabulary.

    Parameters
    ----------
    column, terms : int
        Which text column, and how many terms it can have.
    vocabulary : int64 array of shape (m,)
        The terms that are used, ascending.
    idf : float64 array of shape (m,)
    matrix : scipy.sparse.csr_matrix of shape (n, m)
    """

    column: int
    terms: int
    vocabulary: NDArray[np.int64]
    idf: NDArray[np.float64]
    matrix: Any

    @classmethod
    def of(cls, seen: Seen, column: int, most: int) -> Documents | None:
        """Return the documents, or None where no term is in two rows."""
        from scipy.sparse import csr_matrix

        text: Terms = seen.block.texts[column]
        terms = seen.names.terms[column]
        rows = np.repeat(np.arange(text.rows), text.lengths)
        first = np.ones(len(text.ids), np.bool_)
        first[1:] = (text.ids[1:] != text.ids[:-1]) | (rows[1:] != rows[:-1])  # repeats lie side by side
        frequency = np.bincount(text.ids[first], minlength=terms)
        classes = 1 if seen.target is None else max(1, seen.target.classes)
        most = min(most, _MOST_WEIGHTS // (1 + min(classes, MOST_CLASSES)))
        common = np.argsort(-frequency, kind="stable")[:most]
        vocabulary = np.sort(common[(frequency[common] >= 2) & (frequency[common] < text.rows)])
        if not len(vocabulary):
            return None
        idf = np.log((1.0 + text.rows) / (1.0 + frequency[vocabulary])) + 1.0
        place = np.full(terms, -1, np.int32)
        place[vocabulary] = np.arange(len(vocabulary))
        columns = place[text.ids]
        rows, columns = rows[columns >= 0], columns[columns >= 0]
        length = np.sqrt(np.bincount(rows, weights=idf[columns] ** 2, minlength=text.rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=text.rows))])
        matrix = csr_matrix((idf[columns] / length[rows], columns, starts), shape=(text.rows, len(vocabulary)))
        return cls(column, terms, vocabulary, idf, matrix)


def _fit_column(recipe: Recipe, seen: Seen, document: Documents, deadline: Deadline | None) -> list[Written]:
    name, made = seen.names.texts[document.column], []
    linear = recipe.text in ("linear", "both") and seen.target is not None
    if linear and seen.target is not None:
        found = cross_fit(document.matrix, seen.target, seed=seen.seed, deadline=deadline)
        if found is not None:
            labels = [f"{name} score" if label is None else f"{name} score = {label}" for label in found.labels]
            made.append(written_by(document, found.coefficients, found.intercept, found.held_out, labels))
    if not linear or recipe.text == "both":
        components = components_of(document.matrix, recipe.components, seen.seed)
        if components.shape[1]:
            labels = [f"{name} component {number}" for number in range(1, components.shape[1] + 1)]
            zeros = np.zeros(components.shape[1])
            made.append(written_by(document, components, zeros, document.matrix @ components, labels))
    return made


def components_of(matrix: Any, wanted: int, seed: int) -> NDArray[np.float64]:
    """Return the main directions, shape (terms, at most wanted), by randomised SVD (arXiv:0909.4061)."""
    from sklearn.utils.extmath import randomized_svd

    number = min(wanted, min(matrix.shape) - 1)
    if number < 1:
        return np.empty((matrix.shape[1], 0))
    _, sizes, directions = randomized_svd(matrix, number, n_iter=4, random_state=seed)
    return np.asarray(directions[sizes > 1e-9].T, np.float64)


def written_by(
    document: Documents,
    coefficients: NDArray[np.float64],
    intercept: NDArray[np.float64],
    training: NDArray[np.float64],
    names: list[str],
    *,
    standard: bool = True,
) -> Written:
    """Return the step for coefficients of shape (terms, outputs), with the features of the training rows.

    With ``standard`` features have mean 0 and deviation 1 on the training rows; else they are the products as they are.
    """
    products = coefficients * document.idf[:, None]
    units = np.maximum(np.abs(products).max(axis=0), 1e-12) / _WHOLE
    squares = document.idf**2
    unit = squares.max() / _WHOLE
    table = np.column_stack([np.rint(products / units), np.rint(squares / unit)]).astype("<i4")
    centre, spread = training.mean(axis=0), training.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    if not standard:
        centre, spread = np.zeros_like(centre), np.ones_like(spread)
    gain, shift = units / np.sqrt(unit) / spread, (intercept - centre) / spread
    step = TextFeatures(
        column=document.column,
        terms=document.terms,
        vocabulary=document.vocabulary.astype("<i4").tobytes(),
        weights=table.tobytes(),
        gain=tuple(gain.tolist()),
        shift=tuple(shift.tolist()),
        names=tuple(names),
    )
    return Written(step, ((training - centre) / spread).astype(np.float32))

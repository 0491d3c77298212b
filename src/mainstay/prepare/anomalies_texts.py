"""How odd a text is by its words: as much in a row as one number, however many topics it has.

Every text has topics of its own, so that by topics alone each would be far from all others, and a row would be told for
its ordinary text. Topics together count as one number does; that words are rare is a feature by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.prepare.anomalies_numbers import robust_spread
from mainstay.prepare.operations import NumpyOperations
from mainstay.prepare.step import Block
from mainstay.prepare.topics import fit_topics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Terms
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Names, Seen
    from mainstay.prepare.text import TextFeatures

    Doubles = NDArray[np.float64]

__all__ = ["OddText", "RareWords", "fit_odd_text"]

Tensor = TypeVar("Tensor")

_LOOKED_AT = 5_000
_CLASSES = 255
_WHOLE = 1_000.0
"""Units of a weight: 8,192 terms, each less than 16 e-folds, stay below 2**31."""


class RareWords(msgspec.Struct, frozen=True, tag=True):
    """Say how rare the words of a text are: the sum of what each is rarer than usual over the root of their number.

    Parameters
    ----------
    column : int
        Which text column.
    classes : bytes
        For each term a byte, the class of its rarity.
    weights : tuple of int
        What a term of each class adds.
    gain, shift : float
        What makes the median 0 and the spread 1.
    name : str
        Of the feature.
    """

    column: int
    classes: bytes
    weights: tuple[int, ...]
    gain: float
    shift: float
    name: str

    def rename(self, names: Names) -> Names:
        """Add the feature's name."""
        return replace(names, written=(*names.written, self.name))

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Sum, divide by the root of the number of terms, and bring to one scale."""
        places, weights = self.tables()
        sums = run.sum_terms(places, weights, block.texts[self.column])
        count = run.do("Max", run.take(sums, [1]), run.constant(np.ones((1, 1))))  # a text without terms
        ratio = run.do("Div", run.take(sums, [0]), run.do("Sqrt", count))
        scaled = run.do("Mul", ratio, run.constant(np.array([[self.gain]])))
        made = run.as_float(run.do("Add", scaled, run.constant(np.array([[self.shift]]))))
        return replace(block, written=made if block.written is None else run.join([block.written, made]))

    def tables(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the row of each term (the first is padding), and the rows: weight, and 1 to be counted."""
        places = np.concatenate([[0], np.frombuffer(self.classes, np.uint8).astype(np.int32) + 1]).astype(np.int32)
        rows = [(0, 0), *((weight, 1) for weight in self.weights)]
        return places, np.array(rows, np.int32)


@dataclass(frozen=True, slots=True)
class OddText:
    """What a text column became.

    Parameters
    ----------
    topics : TextFeatures
        Not yet of length one.
    spread : float
        What topics of length one are multiplied by.
    rare : RareWords
    """

    topics: TextFeatures
    spread: float
    rare: RareWords


def fit_odd_text(seen: Seen, column: int, *, topics: int) -> OddText | None:
    """Learn how odd the texts of a column are; None where its texts share no terms.

    Parameters
    ----------
    seen : Seen
    column : int
        Which text column.
    topics : int
        The most main components.
    """
    found = fit_topics(seen, column, components=topics)
    if found is None:
        return None
    rows = np.arange(seen.rows)
    if len(rows) > _LOOKED_AT:
        rows = np.sort(np.random.default_rng(seen.seed).choice(seen.rows, _LOOKED_AT, replace=False))
    some = seen.take(rows).block.texts
    written = found.apply(NumpyOperations(), Block(texts=some)).written
    return OddText(found, _spread(np.asarray(written, np.float64)), _rare_words(seen, column, some))


def _spread(written: Doubles) -> float:
    """Return the factor with which topics of length one vary as much together as one number."""
    length = np.sqrt((written**2).sum(axis=1, keepdims=True))
    unit = written / np.maximum(length, 1e-6)
    variance = float(unit.var(axis=0).sum())
    return 1.0 / float(np.sqrt(max(variance, 0.01)))


def _rare_words(seen: Seen, column: int, some: tuple[Terms, ...]) -> RareWords:
    text, terms = seen.block.texts[column], seen.names.terms[column]
    rows = np.repeat(np.arange(text.rows), text.lengths)
    first = np.ones(len(text.ids), np.bool_)
    first[1:] = (text.ids[1:] != text.ids[:-1]) | (rows[1:] != rows[:-1])  # repeats lie side by side
    frequency = np.bincount(text.ids[first], minlength=terms)
    # A term of one row and one of none are as rare: each row here has its own terms once, a new row has none of them.
    surprise = np.log((1.0 + text.rows) / np.maximum(frequency, 1))
    step = max(float(surprise.max()), 1e-9) / _CLASSES
    classes = np.rint(surprise / step).astype(np.uint8)
    middle = float(surprise[text.ids].mean())
    weights = tuple(np.rint(_WHOLE * (np.arange(_CLASSES + 1) * step - middle)).astype(np.int64).tolist())
    plain = RareWords(column, classes.tobytes(), weights, 1.0 / _WHOLE, 0.0, f"{seen.names.texts[column]} rare words")
    known = np.asarray(plain.apply(NumpyOperations(), Block(texts=some)).written, np.float64)[:, 0]
    spread = max(robust_spread(known), 1e-3)
    return msgspec.structs.replace(plain, gain=1.0 / _WHOLE / spread, shift=-float(np.median(known)) / spread)

"""What flows from step to step while an estimator is written: raw columns first, then matrices in the graph.

A scribe carries the graph and knows, for each class of estimator, which function writes it; the functions call it for
the estimators inside theirs, so that no family of estimators knows another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.convert.sample import Sample
    from mainstay.graph.builder import GraphBuilder

__all__ = ["DOUBLE", "FLOAT", "INT64", "Flow", "Matrix", "Raw", "Scribe", "Source", "class_names", "refuse"]

FLOAT, INT64, DOUBLE = 1, 7, 11
"""ONNX's numbers for float32, int64 and float64."""


@dataclass(frozen=True, slots=True)
class Source:
    """One raw column.

    Parameters
    ----------
    name : str
    place : int
        Its position in the input ``numbers``, or in ``categories`` where it has values.
    values : tuple, optional
        For categories: what the estimator is given for each level, then for an unseen word, then for a missing cell
        (whose code, -1, counts from the end as it does in ONNX's ``Gather``).
    refused : frozenset of int
        Positions in ``values`` that the estimator raises at; the schema refuses such rows.
    """

    name: str
    place: int
    values: tuple[Any, ...] | None = None
    refused: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Raw:
    """Raw columns, as an estimator that takes tables sees them."""

    sources: tuple[Source, ...]
    sample: Sample

    def taken(self, places: Sequence[int]) -> Raw:
        """Return these columns alone."""
        return Raw(tuple(self.sources[at] for at in places), self.sample.taken(places))

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.sources)

    @property
    def has_words(self) -> bool:
        """Whether any column holds categories."""
        return any(source.values is not None for source in self.sources)


@dataclass(frozen=True, slots=True)
class Matrix:
    """A float64 tensor of shape (n, width) in the graph.

    ``exact`` says that its values are float32 numbers, as they came from the input.
    """

    tensor: str
    width: int
    exact: bool = False


Flow = Raw | Matrix
Writer = Callable[["Scribe", Any, Any], Matrix]
"""Writes one class of estimators; steps that are no structures are only given a matrix."""


@dataclass
class Scribe:
    """A graph in the making, and who writes what.

    Parameters
    ----------
    builder : GraphBuilder
    steps, answers, scores : mapping from "package.Class" to function
        Writers of transformers; of predictions (probabilities, or amounts of width 1); of decision values.
    structures : set of "package.Class"
        Transformers that hand raw columns on to others, such as a pipeline; all others see one matrix.
    tabulate : function
        Writes transformers of words.
    nearest : bool
        Whether a float64 threshold over a raw column becomes the nearest float32, as the column's values do, and not
        the next below it.
    seed : int
        Draws the rows on which a tabulated step is proved.
    limit : float
        The difference that is allowed at the gate; raised by the writer of a library that adds in float32.
    """

    builder: GraphBuilder
    steps: Mapping[str, Writer]
    answers: Mapping[str, Writer]
    scores: Mapping[str, Writer]
    structures: frozenset[str]
    tabulate: Callable[[Scribe, Sequence[Any], Raw], tuple[Matrix, int]]
    nearest: bool = False
    seed: int = 0
    limit: float = 1e-6

    def transform(self, step: Any, flow: Flow) -> Matrix:
        """Write a fitted transformer."""
        if not self.is_structure(step):
            if isinstance(flow, Raw) and flow.has_words:
                return self.tabulate(self, [step], flow)[0]
            flow = self.matrix(flow, step)
        return self._find(self.steps, step, "a step")(self, step, flow)

    def is_structure(self, step: Any) -> bool:
        """Whether a transformer hands raw columns on to others."""
        return any(name in self.structures for name in class_names(step))

    def answer(self, estimator: Any, flow: Flow) -> Matrix:
        """Write what an estimator answers: (n, classes) probabilities, or (n, 1) amounts."""
        return self._find(self.answers, estimator, "a model")(self, estimator, flow)

    def score(self, estimator: Any, flow: Flow) -> Matrix:
        """Write the decision values of a classifier: one column where there are two classes."""
        return self._find(self.scores, estimator, "the decision values of a model")(self, estimator, flow)

    def knows_score(self, estimator: Any) -> bool:
        """Whether decision values of this class can be written."""
        return any(name in self.scores for name in class_names(estimator))

    def matrix(self, flow: Flow, reader: Any = "the model") -> Matrix:
        """Return the flow as numbers.

        Raises
        ------
        UsageError
            When a column of words is among them.
        """
        if isinstance(flow, Matrix):
            return flow
        words = [source.name for source in flow.sources if source.values is not None]
        if words:
            raise UsageError(
                f"the column {words[0]!r} holds words, and {_shown(reader)} takes numbers",
                where="estimator",
                hint="Put an encoder (OneHotEncoder, OrdinalEncoder, TargetEncoder) before it, in one pipeline.",
            )
        places = [source.place for source in flow.sources]
        picked = self.builder.node("Gather", ["numbers", self.constant(np.array(places, np.int64))], axis=1)
        return Matrix(self.cast(picked, DOUBLE), len(places), exact=True)

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Write one node of one output."""
        name: str = self.builder.node(op, inputs, **attributes)
        return name

    def constant(self, array: Any) -> str:
        """Return a constant tensor; floats are float64 unless their type says otherwise."""
        return self.builder.constant(np.asarray(array))

    def cast(self, tensor: str, to: int) -> str:
        """Return the tensor in another element type."""
        return self.node("Cast", [tensor], to=to)

    def joined(self, parts: Sequence[Matrix]) -> Matrix:
        """Return matrices side by side."""
        kept = [part for part in parts if part.width]
        if len(kept) == 1:
            return kept[0]
        if not kept:
            raise UsageError("a step gives no columns at all", where="estimator")
        tensor = self.node("Concat", [part.tensor for part in kept], axis=1)
        return Matrix(tensor, sum(part.width for part in kept), all(part.exact for part in kept))

    def columns(self, matrix: Matrix, places: Sequence[int]) -> Matrix:
        """Return these columns of a matrix, in this order."""
        if list(places) == list(range(matrix.width)):
            return matrix
        tensor = self.node("Gather", [matrix.tensor, self.constant(np.array(places, np.int64))], axis=1)
        return Matrix(tensor, len(places), matrix.exact)

    def _find(self, writers: Mapping[str, Writer], estimator: Any, what: str) -> Writer:
        for name in class_names(estimator):
            if name in writers:
                return writers[name]
        raise refuse(estimator, f"{what} of this class has no writer")


def class_names(estimator: Any) -> list[str]:
    """Return "package.Class" of an estimator's class and of those that it builds on.

    Examples
    --------
    >>> class_names(1)
    ['builtins.int', 'builtins.object']
    """
    return [f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}" for kind in type(estimator).__mro__]


def refuse(estimator: Any, why: str) -> UsageError:
    """Return the error that says which part of a model cannot be written, and why."""
    return UsageError(
        f"{_shown(estimator)} cannot be written into a bundle: {why}",
        where="estimator",
        hint="Leave this part out, replace it by a common one of scikit-learn, or export it as ONNX and pack that.",
    )


def _shown(estimator: Any) -> str:
    return estimator if isinstance(estimator, str) else type(estimator).__name__

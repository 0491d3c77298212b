"""From rows to alarms: the one code that scores rows, says how unusual they are, and why those are that it flags.

Everything behind the graph is computed row by row, so that a row gets the same bits alone, in a table and served.
Terms of columns cost several times what scores do, and are asked for flagged rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from mainstay.bundle.anomaly_reasons import reasons
from mainstay.bundle.predict_graph import GraphPredictor, refuse_empty
from mainstay.bundle.records import DetectorOutputs
from mainstay.contracts.anomalies import TAUGHT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Decoded, Problem

    Doubles = NDArray[np.float64]

__all__ = ["DetectorAnswers", "DetectorPredictor", "among", "merged_terms"]

_CELLS = 1 << 23
"""Terms that are held at once: 64 MB."""

_NOTHING = "no column that the detector looks at has a value, so nothing can be said of it; the row is refused"


@dataclass(frozen=True, slots=True)
class DetectorAnswers:
    """How unusual rows are.

    Parameters
    ----------
    score : float64 array of shape (n,)
        The blend of the members' levels, higher is odder; NaN where the row is refused.
    p_value : float64 array of shape (n,)
        The share of usual rows that look at least as odd; NaN where the row is refused.
    flagged : bool array of shape (n,)
        Whether the row is an alarm; false where it is refused.
    reason : tuple of str or None, one for each row
        Why a flagged row was flagged; None for the others.
    levels : float64 array of shape (n, members)
        What each member says, in units that compare; NaN where the row is refused.
    problems : tuple of Problem
        Cells that broke the schema, by row.
    rejected : bool array of shape (n,)
        Rows that are refused.
    extra_columns : tuple of str, default ()
        Columns that came and were not used.
    """

    score: Doubles
    p_value: Doubles
    flagged: NDArray[np.bool_]
    reason: tuple[str | None, ...]
    levels: Doubles
    problems: tuple[Problem, ...]
    rejected: NDArray[np.bool_]
    extra_columns: tuple[str, ...] = ()


class DetectorPredictor(GraphPredictor[DetectorOutputs, DetectorAnswers]):
    """A schema, a graph of scores and what they mean, ready to answer.

    Parameters
    ----------
    schema : Schema
    outputs : DetectorOutputs
    model : bytes
        The ONNX graph; one that came from elsewhere must have passed :func:`mainstay.bundle.audit.audit_graph`.
    threads : int, default 1
        How many blocks of rows may be computed at the same time; the answers are the same bits.

    Raises
    ------
    BundleError
        When the graph does not load, or lacks the outputs "members" and "terms".
    SchemaError
        When the schema cannot be decoded.
    """

    def __init__(self, schema: Schema, outputs: DetectorOutputs, model: bytes, *, threads: int = 1) -> None:
        super().__init__(schema, outputs, model, threads=threads)
        self._scales = tuple(member.scale for member in outputs.members)
        self._taught = tuple(at for at, member in enumerate(outputs.members) if member.name == TAUGHT)

    def checked(self, decoded: Decoded) -> Decoded:
        """Refuse rows without any value: whatever stands in for all of it would make them look like usual ones."""
        return refuse_empty(self.schema, decoded, _NOTHING)

    def levels(self, raw: Doubles) -> Doubles:
        """Return the level of each raw score of the members, of shape (n, members)."""
        return np.stack([scale.level(raw[:, at]) for at, scale in enumerate(self._scales)], axis=1)

    def explained(self, arrays: Arrays) -> Doubles:
        """Return how much each column adds to the oddness of decoded rows.

        Returns
        -------
        float64 array of shape (n, columns)
            At least 0, summing to 1 by row; all 0 where no column stands out. Each member's terms as shares of their
            sum, weighted by what the member adds to the score.

        Raises
        ------
        BundleError
            When the arrays do not fit the graph.
        """
        step = max(1, _CELLS // self.outputs.graph_outputs["terms"][1])
        shares = np.empty((arrays.rows, len(self.outputs.columns)))
        for first in range(0, arrays.rows, step):
            rows = slice(first, first + step)
            shares[rows] = self._explained(arrays.take(rows))
        return shares

    def _explained(self, arrays: Arrays) -> Doubles:
        wanted = self.outputs.graph_outputs
        given = self._session.run(arrays, tuple(wanted))
        for name in wanted:
            self._check(name, given[name], arrays.rows)
        members, terms = given["members"], given["terms"]
        levels = self.levels(members)
        for at in self._taught:
            # What trees learned from other members' scores, those members explain.
            own = terms[:, at * len(self.outputs.columns) : (at + 1) * len(self.outputs.columns)].sum(axis=1)
            levels[:, at] *= np.clip(own / np.maximum(members[:, at], np.finfo(np.float64).tiny), 0.0, 1.0)
        return merged_terms(terms, levels, self.outputs.weights)

    def reasons(self, arrays: Arrays, problems: Iterable[Problem] = ()) -> list[str]:
        """Return why decoded rows are odd, a sentence for each.

        Parameters
        ----------
        arrays : Arrays
        problems : iterable of Problem, default ()
            Of these rows: the words of unseen categories.

        Raises
        ------
        BundleError
            When the arrays do not fit the graph.
        """
        return reasons(self.outputs.usual, self.outputs.columns, arrays, self.explained(arrays), problems)

    def _decoded(self, decoded: Decoded) -> DetectorAnswers:
        return super()._decoded(self.checked(decoded))

    def _answer(
        self,
        arrays: Arrays,
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> DetectorAnswers:
        answers = super()._answer(arrays, problems, rejected, extra_columns)
        rows = np.flatnonzero(answers.flagged)
        if not len(rows):
            return answers
        told: list[str | None] = list(answers.reason)
        for at, reason in zip(rows.tolist(), self.reasons(arrays.take(rows), among(problems, rows)), strict=True):
            told[at] = reason
        return replace(answers, reason=tuple(told))

    def _say(
        self,
        raw: NDArray[Any],
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> DetectorAnswers:
        levels = self.levels(raw)
        score = np.zeros(len(raw))
        for at, weight in enumerate(self.outputs.weights):  # as ``contracts.anomalies.blended`` adds them up
            score += levels[:, at] * weight
        if rejected.any():
            score[rejected], levels[rejected] = np.nan, np.nan
        p_value, flagged = self.outputs.calibration.of(score), self.outputs.alarm.flagged(score)
        return DetectorAnswers(score, p_value, flagged, (None,) * len(raw), levels, problems, rejected, extra_columns)


def among(problems: Iterable[Problem], rows: NDArray[np.int64]) -> tuple[Problem, ...]:
    """Return the problems of the given rows, ascending, under their places among these."""
    places = {row: place for place, row in enumerate(rows.tolist())}
    return tuple(structs.replace(one, row=places[one.row]) for one in problems if one.row in places)


def merged_terms(terms: Doubles, levels: Doubles, weights: Sequence[float]) -> Doubles:
    """Return the shares of all columns in the oddness of rows, from those that the members tell.

    Parameters
    ----------
    terms : float64 array of shape (n, members * columns)
        Each member's own, at least 0, in units of its own; the columns of the first member first.
    levels : float64 array of shape (n, members)
        At least 0. Where they are all 0 the weights alone count.
    weights : sequence of float

    Returns
    -------
    float64 array of shape (n, columns)
        Summing to 1 by row, or all 0.

    Examples
    --------
    >>> merged_terms(np.array([[3.0, 1.0, 0.0, 9.0]]), np.array([[2.0, 6.0]]), (0.5, 0.5)).tolist()
    [[0.1875, 0.8125]]
    """
    members = len(weights)
    parts = np.maximum(np.nan_to_num(terms, posinf=0.0), 0.0).reshape(len(terms), members, -1)
    parts = _shares(parts / np.maximum(parts.max(axis=2, keepdims=True, initial=0.0), np.finfo(np.float64).tiny))
    said = np.maximum(levels, 0.0) * np.array(weights)
    said = np.where((said > 0).any(axis=1, keepdims=True), said, np.array(weights))
    total = np.zeros((len(terms), parts.shape[2]))
    for at in range(members):
        total += parts[:, at] * said[:, at, None]
    return _shares(total)


def _shares(parts: Doubles) -> Doubles:
    """Return parts over their sum along the last axis; 0 where that is 0."""
    total = parts.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(parts, total, out=np.zeros_like(parts), where=total > 0), np.float64)

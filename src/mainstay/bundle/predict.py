"""From rows to answers: the one code that evaluation, batch prediction and the server run.

It exists apart from the bundle, so that training can score a model through it before there is a bundle to write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.predict_graph import GraphPredictor
from mainstay.bundle.records import Outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Problem

__all__ = ["Answers", "Predictor"]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says about rows.

    Parameters
    ----------
    prediction : array of shape (n,)
        Labels in the user's own type (an object array; None where the row is refused), or float64 amounts (NaN
        where it is refused).
    probabilities : float32 array of shape (n, classes), optional
        In the order of the labels; NaN where the row is refused. None for a regression.
    problems : tuple of Problem
        Cells that broke the schema, by row.
    rejected : bool array of shape (n,)
        Rows that are refused.
    extra_columns : tuple of str, default ()
        Columns that came and were not used.
    low, high : float64 array of shape (n,), optional
        The limits of the intervals of amounts, where the model has them; NaN where the row is refused.
    members : bool array of shape (n, classes), optional
        Which labels are in each row's prediction set, where the model has them; none where the row is refused.
    """

    prediction: NDArray[Any]
    probabilities: NDArray[np.float32] | None
    problems: tuple[Problem, ...]
    rejected: NDArray[np.bool_]
    extra_columns: tuple[str, ...] = ()
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    members: NDArray[np.bool_] | None = None


class Predictor(GraphPredictor[Outputs, Answers]):
    """A schema, a graph and what its answers mean, ready to answer; for targets, see also :class:`ClusterPredictor`.

    Parameters
    ----------
    schema : Schema
    outputs : Outputs
    model : bytes
        The ONNX graph; one that came from elsewhere must have passed :func:`mainstay.bundle.audit.audit_graph`.
    threads : int, default 1
        How many blocks of rows may be computed at the same time; the answers are the same bits.

    Raises
    ------
    BundleError
        When the graph does not load, or lacks the output that the task needs.
    SchemaError
        When the schema cannot be decoded.
    """

    def __init__(self, schema: Schema, outputs: Outputs, model: bytes, *, threads: int = 1) -> None:
        super().__init__(schema, outputs, model, threads=threads)
        self._labels = np.empty(len(outputs.labels), object)
        self._labels[:] = list(outputs.labels)

    def _say(
        self,
        raw: NDArray[Any],
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> Answers:
        # Without a problem no row is refused, and a server need not look.
        said = Answers(raw, None, problems, rejected, extra_columns)
        refused = bool(problems) and bool(rejected.any())
        return self._amounts(said, refused) if self.outputs.task == "regression" else self._classes(said, refused)

    def _amounts(self, said: Answers, refused: bool) -> Answers:
        amounts = said.prediction[:, 0]
        if refused:
            amounts = np.where(said.rejected, np.nan, amounts)
        if self.outputs.intervals is None:
            return replace(said, prediction=amounts)
        low, high = self.outputs.intervals.limits(amounts)
        return replace(said, prediction=amounts, low=low, high=high)

    def _classes(self, said: Answers, refused: bool) -> Answers:
        raw = said.prediction
        labels = self._labels[self.outputs.decide(raw)]
        members = None if self.outputs.sets is None else self.outputs.sets.members(raw)
        if refused:
            labels[said.rejected] = None
            raw[said.rejected] = np.nan
            if members is not None:
                members[said.rejected] = False
        return Answers(labels, raw, said.problems, said.rejected, said.extra_columns, members=members)

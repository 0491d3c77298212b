"""From rows to answers: the one code that evaluation, batch prediction and the server run.

It exists apart from the bundle, so that training can score a model through it before there is a bundle to write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.records import encode_json, model_digest
from mainstay.contracts.errors import BundleError
from mainstay.data.decode import Decoder
from mainstay.graph.run import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.records import Outputs
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Decoded, Problem

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


class Predictor:
    """A schema, a graph and what its answers mean, ready to answer.

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
        self.schema = schema
        self.outputs = outputs
        self.model = model
        self.decoder = Decoder(schema)
        self._session = Session(model, threads=threads)
        self._name, (self._kind, self._width) = next(iter(outputs.graph_outputs.items()))
        self._labels = np.empty(len(outputs.labels), object)
        self._labels[:] = list(outputs.labels)
        if self._name not in self._session.outputs:
            raise BundleError(
                f"a graph for {outputs.task} must have the output {self._name!r}, and {self._session.outputs} came",
                where="model.onnx",
            )

    @property
    def model_digest(self) -> str:
        """What an evaluation of this predictor is bound to."""
        from mainstay.data.schema_file import to_toml

        return model_digest(to_toml(self.schema).encode(), self.model, encode_json(self.outputs))

    def predict_arrays(self, arrays: Arrays) -> Answers:
        """Answer decoded rows; none of them is refused.

        Raises
        ------
        BundleError
            When the arrays do not fit the graph.
        """
        return self._answer(arrays, (), np.zeros(arrays.rows, np.bool_), ())

    def predict_rows(self, rows: Sequence[Mapping[str, object]]) -> Answers:
        """Answer plain rows: the serving path, which needs no table library.

        Parameters
        ----------
        rows : sequence of mappings
            Values by column name; a column that is left out is missing.

        Raises
        ------
        SchemaError
            When a row is not a mapping.
        """
        return self._decoded(self.decoder.from_rows(rows))

    def predict_frame(self, frame: pl.DataFrame) -> Answers:
        """Answer a table.

        Raises
        ------
        SchemaError
            When a feature's column is not there.
        """
        return self._decoded(self.decoder.from_frame(frame))

    def _decoded(self, decoded: Decoded) -> Answers:
        return self._answer(decoded.arrays, decoded.problems, decoded.rejected, decoded.extra_columns)

    def _answer(
        self,
        arrays: Arrays,
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> Answers:
        raw = self._session.run(arrays)[self._name]
        if raw.shape != (arrays.rows, self._width) or raw.dtype != self._kind:
            raise BundleError(
                f"{self._name} must be {self._kind} of shape ({arrays.rows}, {self._width}), and {raw.dtype.name} of "
                f"shape {raw.shape} came",
                where="model.onnx",
            )
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

"""From rows to what the graph says of them: what all predictors share, whatever they answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from mainstay.bundle.records import Meaning, encode_json, model_digest
from mainstay.contracts.errors import BundleError
from mainstay.data.decode import Decoder, Problem
from mainstay.graph.run import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Decoded

__all__ = ["GraphPredictor", "refuse_empty"]

Said = TypeVar("Said")


def refuse_empty(schema: Schema, decoded: Decoded, told: str) -> Decoded:
    """Refuse rows without any value, with a sentence; a table without a column has none to lack."""
    empty = decoded.arrays.empty_rows() & ~decoded.rejected
    if not empty.any() or not schema.features:
        return decoded
    first = schema.features[0].name
    refused = [Problem(int(row), first, "missing", told, "reject") for row in np.flatnonzero(empty)]
    problems = tuple(sorted((*decoded.problems, *refused), key=lambda problem: problem.row))
    return replace(decoded, problems=problems, rejected=decoded.rejected | empty)


class GraphPredictor(ABC, Generic[Meaning, Said]):
    """A schema and a graph that answer rows; a subclass says what the answers mean.

    Parameters
    ----------
    schema : Schema
    outputs : Outputs, ClusterOutputs or DetectorOutputs
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

    def __init__(self, schema: Schema, outputs: Meaning, model: bytes, *, threads: int = 1) -> None:
        self.schema = schema
        self.outputs: Meaning = outputs
        self.model = model
        self.decoder = Decoder(schema)
        self._session = Session(model, threads=threads)
        self._name = next(iter(outputs.graph_outputs))
        for name in outputs.graph_outputs:
            if name not in self._session.outputs:
                raise BundleError(
                    f"a graph for {outputs.task} must have the output {name!r}, and {self._session.outputs} came",
                    where="model.onnx",
                )

    @property
    def model_digest(self) -> str:
        """What an evaluation of this predictor is bound to."""
        from mainstay.data.schema_file import to_toml

        return model_digest(to_toml(self.schema).encode(), self.model, encode_json(self.outputs))

    def predict_arrays(self, arrays: Arrays) -> Said:
        """Answer decoded rows; none of them is refused.

        Raises
        ------
        BundleError
            When the arrays do not fit the graph.
        """
        return self._answer(arrays, (), np.zeros(arrays.rows, np.bool_), ())

    def predict_rows(self, rows: Sequence[Mapping[str, object]]) -> Said:
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

    def predict_frame(self, frame: pl.DataFrame) -> Said:
        """Answer a table.

        Raises
        ------
        SchemaError
            When a feature's column is not there.
        """
        return self._decoded(self.decoder.from_frame(frame))

    def _decoded(self, decoded: Decoded) -> Said:
        return self._answer(decoded.arrays, decoded.problems, decoded.rejected, decoded.extra_columns)

    def _answer(
        self,
        arrays: Arrays,
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> Said:
        raw = self._session.run(arrays, (self._name,))[self._name]
        self._check(self._name, raw, arrays.rows)
        return self._say(raw, problems, rejected, extra_columns)

    def _check(self, name: str, raw: NDArray[Any], rows: int) -> None:
        """Refuse an output that is not what the task has."""
        kind, width = self.outputs.graph_outputs[name]
        if raw.shape != (rows, width) or raw.dtype != kind:
            raise BundleError(
                f"{name} must be {kind} of shape ({rows}, {width}), and {raw.dtype.name} of shape {raw.shape} came",
                where="model.onnx",
            )

    @abstractmethod
    def _say(
        self,
        raw: NDArray[Any],
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> Said:
        """Return what the graph's output means for rows of which some may be refused."""

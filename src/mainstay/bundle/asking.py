"""Which predictor a graph needs, by what its answers mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import ClusterOutputs, DetectorOutputs, Outputs
from mainstay.bundle.series import SeriesPredictor
from mainstay.bundle.series_outputs import SeriesOutputs

if TYPE_CHECKING:
    from mainstay.contracts.schema import Schema

__all__ = ["AnyOutputs", "AnyPredictor", "predictor_of"]

AnyOutputs = Outputs | ClusterOutputs | DetectorOutputs
AnyPredictor = Predictor | ClusterPredictor | DetectorPredictor


@overload
def predictor_of(schema: Schema, outputs: Outputs, model: bytes, *, threads: int = 1) -> Predictor: ...


@overload
def predictor_of(schema: Schema, outputs: ClusterOutputs, model: bytes, *, threads: int = 1) -> ClusterPredictor: ...


@overload
def predictor_of(schema: Schema, outputs: DetectorOutputs, model: bytes, *, threads: int = 1) -> DetectorPredictor: ...


def predictor_of(schema: Schema, outputs: AnyOutputs, model: bytes, *, threads: int = 1) -> AnyPredictor:
    """Return what answers rows with this graph, by its task.

    Raises
    ------
    BundleError
        When the graph does not load, or lacks the output that the task needs.
    SchemaError
        When the schema cannot be decoded.
    """
    if isinstance(outputs, ClusterOutputs):
        return ClusterPredictor(schema, outputs, model, threads=threads)
    if isinstance(outputs, SeriesOutputs):
        return SeriesPredictor(schema, outputs, model, threads=threads)
    if isinstance(outputs, DetectorOutputs):
        return DetectorPredictor(schema, outputs, model, threads=threads)
    return Predictor(schema, outputs, model, threads=threads)

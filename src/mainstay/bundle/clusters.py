"""From rows to clusters: the one code that labels the training rows, answers new ones and serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.predict_graph import GraphPredictor, refuse_empty
from mainstay.bundle.records import ClusterOutputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Decoded, Problem

__all__ = ["ClusterAnswers", "ClusterPredictor"]

_NOTHING = "no column that the groups were made of has a value, so the row belongs to none; the row is refused"


@dataclass(frozen=True, slots=True)
class ClusterAnswers:
    """Where rows belong.

    Parameters
    ----------
    cluster : int64 array of shape (n,)
        The nearest cluster, of equal ones the first; -1 where the row is refused.
    distance : float64 array of shape (n,)
        How far the row is from it; NaN where the row is refused.
    second : int64 array of shape (n,)
        The second nearest; -1 where there is one cluster, or the row is refused.
    second_distance : float64 array of shape (n,)
        NaN where there is no second.
    fits_none : bool array of shape (n,)
        Whether the row is further from its cluster than the cluster's limit; false where the row is refused.
    problems : tuple of Problem
        Cells that broke the schema, by row.
    rejected : bool array of shape (n,)
        Rows that are refused.
    extra_columns : tuple of str, default ()
        Columns that came and were not used.
    """

    cluster: NDArray[np.int64]
    distance: NDArray[np.float64]
    second: NDArray[np.int64]
    second_distance: NDArray[np.float64]
    fits_none: NDArray[np.bool_]
    problems: tuple[Problem, ...]
    rejected: NDArray[np.bool_]
    extra_columns: tuple[str, ...] = ()


class ClusterPredictor(GraphPredictor[ClusterOutputs, ClusterAnswers]):
    """A schema, a graph of distances and the clusters' names and limits, ready to answer.

    Parameters
    ----------
    schema : Schema
    outputs : ClusterOutputs
    model : bytes
        The ONNX graph; one that came from elsewhere must have passed :func:`mainstay.bundle.audit.audit_graph`.
    threads : int, default 1
        How many blocks of rows may be computed at the same time; the answers are the same bits.

    Raises
    ------
    BundleError
        When the graph does not load, or lacks the output "distances".
    SchemaError
        When the schema cannot be decoded.
    """

    def __init__(self, schema: Schema, outputs: ClusterOutputs, model: bytes, *, threads: int = 1) -> None:
        super().__init__(schema, outputs, model, threads=threads)
        self._limits = np.array([np.inf if limit is None else limit for limit in outputs.limits])

    def checked(self, decoded: Decoded) -> Decoded:
        """Refuse rows without any value: whatever stands in for all of it would make them look like typical ones."""
        return refuse_empty(self.schema, decoded, _NOTHING)

    def _decoded(self, decoded: Decoded) -> ClusterAnswers:
        return super()._decoded(self.checked(decoded))

    def _say(
        self,
        raw: NDArray[Any],
        problems: tuple[Problem, ...],
        rejected: NDArray[np.bool_],
        extra_columns: tuple[str, ...],
    ) -> ClusterAnswers:
        every = np.arange(len(raw))
        cluster = raw.argmin(axis=1)
        distance = raw[every, cluster]
        second, second_distance = np.full(len(raw), -1), np.full(len(raw), np.nan)
        if raw.shape[1] > 1:
            raw[every, cluster] = np.inf
            second = raw.argmin(axis=1)
            second_distance = raw[every, second]
        # Asked this way round, a row whose distance is no number fits none.
        fits_none = ~(distance <= self._limits[cluster])
        if problems and rejected.any():
            cluster[rejected], second[rejected] = -1, -1
            distance[rejected], second_distance[rejected] = np.nan, np.nan
            fits_none &= ~rejected
        return ClusterAnswers(cluster, distance, second, second_distance, fits_none, problems, rejected, extra_columns)

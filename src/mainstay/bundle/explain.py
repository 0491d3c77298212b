"""Why a row got its answer: what each raw column added, so that base and contributions are the answer.

From the bundle alone, for any model in it: trees and weighted sums exactly, everything else by asking it. Needs NumPy
and ONNX Runtime and nothing more, for a server explains too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.explain_asked import Asking
from mainstay.bundle.explain_graph import Graph
from mainstay.bundle.explain_origins import Tracer, column_places
from mainstay.bundle.explain_parts import Constant as ConstantPart
from mainstay.bundle.explain_parts import Link, Part, Scaled, Situation, Sum
from mainstay.bundle.explain_take_apart import Dismantler, last_dimension
from mainstay.bundle.explain_trees import KEPT_BYTES
from mainstay.bundle.explain_wanted import wanted_of
from mainstay.contracts.errors import BundleError, UsageError
from mainstay.graph.run import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.explain_wanted import Wanted
    from mainstay.bundle.predict import Predictor
    from mainstay.bundle.records import Label
    from mainstay.contracts.arrays import Arrays
    from mainstay.data.decode import Decoded

__all__ = ["Explainer", "Explanation", "background_rows"]

Scale = Literal["answer", "margin"]

_BACKGROUND = 16
"""Background rows that a model is asked about; weighted sums take all there are."""

_BLOCK = 64e6
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What each raw column added to the answers of some rows.

    Parameters
    ----------
    columns : tuple of str
        The features of the schema, in its order.
    base : float64 array of shape (n,)
        What is answered when nothing is known of the row. NaN where the row is refused.
    prediction : float64 array of shape (n,)
        The amount, or the probability of the class that is explained (the margin with ``scale="margin"``); of clusters
        how much further the second nearest is than the row's own; the score of an anomaly detector.
    contributions : float64 array of shape (n, columns)
        ``base + contributions.sum(axis=1)`` is the prediction.
    error : float64 array of shape (n, columns), optional
        The standard error of each contribution, where some are estimated.
    labels : tuple, optional
        The class that is explained, or the name of the cluster, by row; None for amounts and for refused rows.
    methods : tuple of str
        How: "trees", "linear", "link", "sampling"; "terms" of an anomaly detector.
    scale : {"answer", "margin"}
    rejected : bool array of shape (n,)
    predicted : array of shape (n,)
        What the model answers for the rows: labels, amounts, clusters or flags, whatever is explained.
    """

    columns: tuple[str, ...]
    base: NDArray[np.float64]
    prediction: NDArray[np.float64]
    contributions: NDArray[np.float64]
    error: NDArray[np.float64] | None
    labels: tuple[Label | None, ...] | None
    methods: tuple[str, ...]
    scale: Scale
    rejected: NDArray[np.bool_]
    predicted: NDArray[Any]


class Explainer:
    """Explains the answers of a model.

    Parameters
    ----------
    predictor : Predictor or ClusterPredictor
    background : sequence of mappings
        Raw rows to compare with; see :func:`background_rows`.
    seed : int, default 0
        Draws the orders in which columns change, where a model is asked.
    threads : int, default 2
    kept_bytes : float, default 256e6
        How much each sum of trees may keep for the next rows.

    Raises
    ------
    BundleError
        When no background row can be used.
    """

    def __init__(
        self,
        predictor: Predictor | ClusterPredictor,
        background: Sequence[Mapping[str, object]],
        *,
        seed: int = 0,
        threads: int = 2,
        kept_bytes: float = KEPT_BYTES,
    ) -> None:
        self._predictor = predictor
        decoded = predictor.decoder.from_rows(background)
        kept = np.flatnonzero(~decoded.rejected)
        if not len(kept):
            raise BundleError("there is no row to compare with", where="reference.json", hint="Train or pack it again.")
        self._background = decoded.arrays.take(kept)
        self.columns = tuple(column.name for column in predictor.schema.features)
        graph = Graph(predictor.model)
        self._session = Session(graph.telling(), threads=threads)
        self._name = next(iter(predictor.outputs.graph_outputs))
        self._session.outputs = tuple(name for node in graph.nodes for name in node.outputs)
        widths = {name: last_dimension(value) for name, value in self._session.run(self._background.take(_ONE)).items()}
        owners = column_places(self._background, predictor.schema)
        inputs = {name: places for name, places in owners.items() if name in graph.inputs}
        widths |= {name: len(places) for name, places in inputs.items()}
        tracer = Tracer(graph, widths, inputs, len(self.columns))
        asking = Asking(self._tensor, self._background.take(slice(0, _BACKGROUND)), owners, seed)
        apart = Dismantler(graph, widths, tracer, asking, outputs=widths[self._name], threads=threads,
                           kept_bytes=kept_bytes)  # fmt: skip
        self._part = apart.part(self._name)
        self._known: dict[str, NDArray[np.float64]] = {}

    @property
    def methods(self) -> tuple[str, ...]:
        """How the answers are explained: "trees", "linear", "link", "sampling"."""
        return tuple(sorted(self._part.methods))

    def explain_frame(self, frame: pl.DataFrame, *, label: Label | None = None, scale: Scale = "answer") -> Explanation:
        """Explain a table; see :meth:`explain_rows`."""
        return self._explain(self._predictor.decoder.from_frame(frame), label, scale)

    def explain_rows(
        self, rows: Sequence[Mapping[str, object]], *, label: Label | None = None, scale: Scale = "answer"
    ) -> Explanation:
        """Explain plain rows: the serving path.

        Parameters
        ----------
        rows : sequence of mappings
        label : label, optional
            The class whose probability is explained. Default: of two, the positive one; of more, the one answered.
        scale : {"answer", "margin"}
            "margin": before the link, where the model has one link.

        Raises
        ------
        UsageError
            When there is no such class, or no margin.
        """
        return self._explain(self._predictor.decoder.from_rows(rows), label, scale)

    def _explain(self, decoded: Decoded, label: Label | None, scale: Scale) -> Explanation:
        if isinstance(self._predictor, ClusterPredictor):
            if scale == "margin":
                raise _no_margin()
            decoded = self._predictor.checked(decoded)
        wanted = wanted_of(self._predictor, decoded.arrays, label)
        part = self._part if scale == "answer" else _before_link(self._part)
        base, pushes, variance = self._pushes(decoded.arrays, part, wanted, scale)
        total = base + pushes.sum(axis=1)
        prediction = wanted.prediction.copy() if scale == "answer" else total
        _check_sums(total, prediction, decoded.rejected)
        for one in (base, prediction, pushes):
            one[decoded.rejected] = np.nan
        labels = None if wanted.labels is None else tuple(
            None if refused else one for one, refused in zip(wanted.labels, decoded.rejected, strict=True)
        )  # fmt: skip
        return Explanation(
            columns=self.columns, base=base, prediction=prediction, contributions=pushes,
            error=None if variance is None else np.sqrt(variance), labels=labels,
            methods=tuple(sorted(part.methods)), scale=scale, rejected=decoded.rejected, predicted=wanted.predicted,
        )  # fmt: skip

    def _pushes(
        self, arrays: Arrays, part: Part, wanted: Wanted, scale: Scale
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
        """Return the base of each row, what each column added, and how sure that is, where it is estimated."""
        count, width = arrays.rows, len(self.columns)
        base, pushes = np.empty(count), np.empty((count, width))
        variance = np.zeros((count, width)) if "sampling" in part.methods else None
        step = max(1, int(_BLOCK / (8 * max(part.width, wanted.outputs) * width)))
        for at in range(0, count, step):
            rows = slice(at, min(at + step, count))
            output = np.minimum(wanted.chosen[rows], part.width - 1) if scale == "margin" else wanted.chosen[rows]
            here = np.arange(len(output))
            given = part.explain(self._situation(arrays.take(rows), part))
            base[rows], pushes[rows] = given.base[output], given.pushes[output, :, here]
            if variance is not None and given.variance is not None:
                variance[rows] = given.variance[output, :, here]
            if wanted.against is None:
                continue
            other = wanted.against[rows]
            base[rows] -= given.base[other]
            pushes[rows] -= given.pushes[other, :, here]
            if variance is not None and given.variance is not None:
                # Both come from the same draws; at worst their errors add up.
                variance[rows] = (np.sqrt(variance[rows]) + np.sqrt(given.variance[other, :, here])) ** 2
        return base, pushes, variance

    def _situation(self, arrays: Arrays, part: Part) -> Situation:
        missing = part.needs - self._known.keys()
        if missing:
            self._known |= self._tensors(self._background, missing)
        return Situation(arrays, self._tensors(arrays, part.needs), self._known, len(self.columns))

    def _tensors(self, arrays: Arrays, names: frozenset[str] | set[str]) -> dict[str, NDArray[np.float64]]:
        if not names:
            return {}
        self._session.outputs = tuple(sorted(names))
        return {name: np.asarray(value, np.float64) for name, value in self._session.run(arrays).items()}

    def _tensor(self, arrays: Arrays, name: str) -> NDArray[np.float64]:
        return self._tensors(arrays, {name})[name]


_ONE = slice(0, 1)


def background_rows(reference: Mapping[str, Any], golden: Any) -> list[dict[str, Any]]:
    """Return the rows that a bundle compares with: those kept for it, or else the golden ones.

    Parameters
    ----------
    reference : mapping
        The bundle's ``reference.json``.
    golden : Golden
    """
    kept = reference.get("background")
    if isinstance(kept, list) and kept and all(isinstance(row, dict) for row in kept):
        return kept
    return [dict(row.row) for row in golden.rows if not row.rejected and row.row]


def _before_link(part: Part) -> Part:
    """Return what goes into the only link of a model.

    Raises
    ------
    UsageError
        When the model has none, or several.
    """
    if "link" not in part.methods:
        return part
    while not isinstance(part, Link):
        inner = [one for one in part.parts if not isinstance(one, ConstantPart)] if isinstance(part, Sum) else []
        if isinstance(part, Scaled):
            part = part.part
        elif len(inner) == 1:
            part = inner[0]
        else:
            raise _no_margin()
    inner = list(part.parts.values())
    if len(inner) != 1 or "link" in inner[0].methods:
        raise _no_margin()
    return inner[0]


def _no_margin() -> UsageError:
    return UsageError(
        "the answers are put together from several links, so they have no margin of their own", where="scale",
        hint='Use scale="answer".',
    )  # fmt: skip


def _check_sums(total: NDArray[np.float64], prediction: NDArray[np.float64], rejected: NDArray[np.bool_]) -> None:
    """Refuse contributions that do not add up; what float32 rounding left is far below."""
    away = np.abs(total - prediction)[~rejected]
    allowed = _TOLERANCE * np.maximum(1.0, np.abs(prediction[~rejected]))
    if (away > allowed).any():
        raise BundleError(
            f"the contributions miss the answer by {away.max():.3g}", where="model.onnx",
            hint="This is an error of mainstay; please report it with the bundle.",
        )  # fmt: skip

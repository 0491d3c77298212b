"""The gate between a library and the bundle that is to answer in its place: every row, twice.

Kept apart from where a model comes from: a fitted estimator and an ONNX file pass the same gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.predict import Predictor
from mainstay.contracts.errors import ParityError
from mainstay.contracts.findings import Finding
from mainstay.graph.parity import check_parity, differences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.records import Outputs
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema
    from mainstay.graph.parity import Parity

__all__ = ["CHANGED", "Gate", "Proved", "own_answers"]

CHANGED = 1e-3
"""From which difference (of a probability, or of an amount relative to its size) rounding has changed an answer."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A graph that has passed the gate, and the rows as it decoded them."""

    predictor: Predictor
    gate: Gate
    answers: NDArray[np.float64]
    parity: Parity
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a library answers, for the rows as the decoder reads them and as they were given.

    Parameters
    ----------
    name : str
        The library's model.
    schema : Schema
    outputs : Outputs
    frame : polars.DataFrame
        All rows, raw.
    arrays : Arrays
        All rows, decoded.
    rejected : bool array of shape (n,)
        Rows that the schema refuses; the library is not asked for them.
    as_read, as_given : float64 array
        The library's answers for the other rows, in the order of the outputs' labels.
    decided : array, optional
        The labels that the library itself gives for them.
    numbers : mapping from column to float64 array
        The raw numbers, to tell which columns float32 changes most.
    rounding : float
        The largest share of rows that rounding may change.
    """

    name: str
    schema: Schema
    outputs: Outputs
    frame: pl.DataFrame
    arrays: Arrays
    rejected: NDArray[np.bool_]
    as_read: NDArray[np.float64]
    as_given: NDArray[np.float64]
    decided: NDArray[Any] | None
    numbers: Mapping[str, NDArray[np.float64]]
    rounding: float

    @property
    def kept(self) -> NDArray[np.int64]:
        """The rows that are not refused."""
        return np.flatnonzero(~self.rejected)

    def best(self, graphs: Sequence[tuple[bytes, float]]) -> Proved:
        """Return the graph whose answers for rows as they were given are the library's more often.

        The first graph must be the library's equal on every row as it was decoded; that proves the conversion. The
        others differ from it in how thresholds are rounded, and are held against the rows as they were given.
        """
        graph, limit = graphs[0]
        first = self._tried(graph)
        parity = self._proof(first[1], limit)
        found = [first, *(self._tried(other) for other, _ in graphs[1:] if other != graph and first[2].any())]
        predictor, _, changed, largest = min(found, key=lambda one: (int(one[2].sum()), one[3]))
        share = float(changed.mean())
        if share > self.rounding:
            raise ParityError(self._why(changed, share), where=self.name, hint=_ROUNDING_HINT)
        findings = (*self._rounding_finding(changed, largest), *self._label_finding(predictor, changed))
        return Proved(predictor, self, own_answers(predictor.predict_arrays(self.arrays)), parity, findings)

    def _tried(self, graph: bytes) -> tuple[Predictor, NDArray[np.float64], NDArray[np.bool_], float]:
        predictor = Predictor(self.schema, self.outputs, graph)
        answers = own_answers(predictor.predict_arrays(self.arrays.take(self.kept)))
        gaps = differences(self.as_given, answers, task=self.outputs.task)
        return predictor, answers, gaps > CHANGED, float(gaps.max(initial=0.0))

    def _proof(self, answers: NDArray[np.float64], limit: float) -> Parity:
        try:
            return check_parity(self.as_read, answers, task=self.outputs.task, limit=limit, where=self.name)
        except ParityError as error:
            gaps = differences(self.as_read, answers, task=self.outputs.task)
            worst = int(gaps.argmax())
            row = self.frame.row(int(self.kept[worst]), named=True)
            shown = ", ".join(f"{name}={value!r}" for name, value in list(row.items())[:8])
            raise ParityError(
                f"{error.message}; that is row {int(self.kept[worst]) + 1} of X: {shown}",
                where=error.where,
                hint="The model was not packed: a part of it is not what it is taken for, such as an estimator that "
                "overrides predict, or a step that looks at other rows. Please report it with the estimator.",
            ) from error

    def _why(self, changed: NDArray[np.bool_], share: float) -> str:
        row = int(self.kept[int(changed.argmax())]) + 1
        return (
            f"numbers are read as float32, and that changes the library's own answer by more than {CHANGED:g} for "
            f"{int(changed.sum()):,} of {len(changed):,} rows ({share:.1%}, allowed {self.rounding:.1%}), the "
            f"first of them row {row} of X{self._columns_beyond()}"
        )

    def _columns_beyond(self) -> str:
        """Name the columns that float32 changes most, as text for a message."""
        worst: dict[str, float] = {}
        for name, cells in self.numbers.items():
            known = cells[np.isfinite(cells)]
            with np.errstate(over="ignore"):
                lost = np.abs(known.astype(np.float32) - known).max(initial=0.0)
            worst[name] = float(lost / (known.std() or 1.0)) if len(known) else 0.0
        names = [name for name in sorted(worst, key=lambda one: -worst[one]) if worst[name] > 0][:3]
        return f"; the columns that lose most are {', '.join(map(repr, names))}" if names else ""

    def _rounding_finding(self, changed: NDArray[np.bool_], largest: float) -> tuple[Finding, ...]:
        if largest <= 1e-5:
            return ()
        count = int(changed.sum())
        return (
            Finding(
                severity="warning" if count else "info",
                code="pack.rounding",
                message=f"numbers are read as float32; against the rows as they were given this changes an answer by "
                f"up to {largest:.2g}, and by more than {CHANGED:g} for {count:,} of {len(changed):,} rows"
                + self._columns_beyond(),
                advice="Fit the model on X.astype('float32') to have the very same answers",
                rows=tuple(int(self.kept[at]) + 1 for at in np.flatnonzero(changed)[:5]),
            ),
        )

    def _label_finding(self, predictor: Predictor, changed: NDArray[np.bool_]) -> tuple[Finding, ...]:
        """Say where the library's own labels are not those of its own probabilities."""
        if self.decided is None:
            return ()
        given = self.decided
        own = predictor.predict_arrays(self.arrays.take(self.kept)).prediction
        pairs = enumerate(zip(given.tolist(), own.tolist(), strict=True))
        wrong = [at for at, (theirs, ours) in pairs if theirs != ours and not changed[at]]
        if not wrong:
            return ()
        return (
            Finding(
                severity="warning",
                code="pack.labels",
                message=f"for {len(wrong):,} of {len(own):,} rows the library's predict is not the most probable class "
                "of its predict_proba; the bundle answers the most probable one, from its threshold on",
                advice="Use the probabilities, or a classifier whose labels follow from them",
                rows=tuple(int(self.kept[at]) + 1 for at in wrong[:5]),
            ),
        )


_ROUNDING_HINT = (
    "Rows that a tree model was trained on often lie on its very thresholds: pack with rows that it has not seen, fit "
    "it on X.astype('float32'), or take a large offset off such columns before (a date as days since its "
    "first day); or allow it with rounding=SHARE."
)


def own_answers(answers: Any) -> NDArray[np.float64]:
    """Return a bundle's probabilities or amounts as float64."""
    given = answers.prediction if answers.probabilities is None else answers.probabilities
    return np.asarray(given, np.float64)

"""What the report of a model from elsewhere says: the same record as after training, with less that is known.

Nobody here chose the rows or knows how the model was fitted. So the report says what its scores were measured on in
the words of whoever packed it, and leaves blank what would be a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from mainstay.compute.clock import Clock
from mainstay.data.quality_values import present
from mainstay.data.read_digest import frame_digest
from mainstay.evaluate.curves import Curves, curves_of, histogram
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.importance import permutation_importance
from mainstay.evaluate.intervals import score_evidence
from mainstay.evaluate.metrics import default_metric
from mainstay.evaluate.report_data import ColumnRow, Member, ReportData, RowCounts

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.predict import Predictor
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Column
    from mainstay.data.decode import DecodedTarget
    from mainstay.data.quality_records import Histogram
    from mainstay.evaluate.importance import Importance
    from mainstay.evaluate.intervals import Score
    from mainstay.graph.parity import Parity

__all__ = ["Adopted", "AdoptedScores", "describe_adopted", "judge_adopted"]

_SEEN = "rows that the model may have been trained on: not an honest score"
_UNSEEN = "rows that whoever packed it says it was not trained on"
_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A proved model with its rows, before anything is said about it."""

    predictor: Predictor
    arrays: Arrays
    answers: NDArray[np.float64]
    rejected: NDArray[np.bool_]
    frame: pl.DataFrame
    truth: DecodedTarget | None
    parity: Parity
    findings: tuple[Finding, ...]
    library: str
    seen: bool
    seed: int

    @property
    def scored(self) -> NDArray[np.int64]:
        """The rows that have an answer and a true one."""
        if self.truth is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(self.truth.usable & ~self.rejected)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, as words."""
        return tuple(str(label) for label in self.predictor.outputs.labels)


@dataclass(frozen=True, slots=True)
class AdoptedScores:
    """What the rows say, where there are true answers."""

    metric: str
    scores: dict[str, Score]
    curves: Curves
    importance: Importance | None


def judge_adopted(adopted: Adopted) -> AdoptedScores:
    """Score the bundle's answers where true ones are known."""
    outputs, rows = adopted.predictor.outputs, adopted.scored
    metric = default_metric(outputs.task, len(outputs.labels) or 2)
    if not len(rows) or adopted.truth is None:
        return AdoptedScores(metric, {}, Curves(), None)
    truth, labels = adopted.truth.values[rows], adopted.labels
    evidence = gather(
        outputs.task, truth, adopted.answers[rows], labels=labels, predicted=_decided(adopted, adopted.answers[rows])
    )

    def again(arrays: Arrays) -> NDArray[np.float64]:
        found = adopted.predictor.predict_arrays(arrays)
        return np.asarray(found.prediction if found.probabilities is None else found.probabilities, np.float64)

    importance = permutation_importance(
        again, adopted.arrays.take(rows), truth, task=outputs.task, metric_name=metric,
        schema=adopted.predictor.schema, labels=labels, seed=adopted.seed, deadline=Clock(_SECONDS),
    )  # fmt: skip
    scores = score_evidence(evidence, seed=adopted.seed)
    return AdoptedScores(metric, scores, curves_of(evidence), importance)


def _decided(adopted: Adopted, answers: NDArray[np.float64]) -> NDArray[np.int64] | None:
    outputs = adopted.predictor.outputs
    if outputs.positive_class is None:
        return None
    return (answers[:, outputs.positive_class] >= outputs.threshold).astype(np.int64)


def describe_adopted(adopted: Adopted, judged: AdoptedScores) -> ReportData:
    """Return everything that is said about a model from elsewhere."""
    outputs, parity = adopted.predictor.outputs, adopted.parity
    rows = adopted.scored
    return ReportData(
        task=outputs.task,
        target=outputs.target,
        metric=judged.metric,
        scores=judged.scores,
        rows=RowCounts(
            total=len(adopted.rejected), train=0, test=len(rows), left_out=len(adopted.rejected) - len(rows)
        ),
        columns=tuple(_row(column, adopted.frame) for column in adopted.predictor.schema.columns),
        source="rows given with the model",
        labels=adopted.labels,
        positive=adopted.labels[1] if len(adopted.labels) == 2 else None,
        threshold=outputs.threshold if abs(outputs.threshold - 0.5) > 1e-9 else None,
        class_counts=_class_counts(adopted, rows),
        target_histogram=_histogram(adopted, rows),
        findings=(*adopted.findings, *_refused(adopted)),
        members=(Member(adopted.library, 1.0),),
        curves=judged.curves,
        importance=judged.importance,
        data_digest=frame_digest(adopted.frame),
        seed=adopted.seed,
        parity=f"the bundle was held against {adopted.library} on {parity.rows:,} rows, as the bundle reads them: the "
        f"largest difference is {parity.largest:.1e} (limit {parity.limit:.0e}), {parity.flips} answers differ",
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        packed=_SEEN if adopted.seen else _UNSEEN,
    )


def _row(column: Column, frame: pl.DataFrame) -> ColumnRow:
    missing = None
    if column.name in frame.columns:
        missing = present(frame.get_column(column.name), column).null_count() / max(1, frame.height)
    shown = ", ".join(column.categories[:6]) + (
        f" and {len(column.categories) - 6:,} more" if len(column.categories) > 6 else ""
    )
    return ColumnRow(name=column.name, kind=column.kind, role=column.role, missing=missing, detail=shown)


def _class_counts(adopted: Adopted, rows: NDArray[np.int64]) -> dict[str, int]:
    if adopted.truth is None or not adopted.labels:
        return {}
    counts = np.bincount(adopted.truth.values[rows].astype(np.int64), minlength=len(adopted.labels))
    return {label: int(count) for label, count in zip(adopted.labels, counts, strict=True)}


def _histogram(adopted: Adopted, rows: NDArray[np.int64]) -> Histogram | None:
    if adopted.truth is None or adopted.labels or not len(rows):
        return None
    return histogram(adopted.truth.values[rows].astype(np.float64))


def _refused(adopted: Adopted) -> tuple[Finding, ...]:
    from mainstay.contracts.findings import Finding as Found

    count = int(adopted.rejected.sum())
    if not count:
        return ()
    return (
        Found(
            severity="warning",
            code="pack.refused",
            message=f"{count:,} rows hold what the estimator itself refuses, such as a missing value; the bundle "
            "refuses them too",
            advice="Put an imputer or handle_unknown='ignore' into the pipeline if such rows must be answered",
            rows=tuple(int(at) + 1 for at in np.flatnonzero(adopted.rejected)[:5]),
        ),
    )

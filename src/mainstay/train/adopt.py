"""A model that was fitted elsewhere into a bundle: converted, proved against its library on every row, scored, packed.

What the gate holds against each other: the bundle's answers, through its own decoder and graph, and the library's for
the same values. Twice, because the decoder reads numbers as float32:

- *proof*: the library is asked for what the decoder passes on (numbers rounded to float32, words as their levels).
  Every row must agree to 1e-6 and no class may flip. This is about the conversion, and has no exceptions.
- *rounding*: the library is asked for the rows as they were given. A value that lies on a threshold, or a whole
  number above 16,777,216, may change its answer by being rounded. Such rows are counted and reported; where more than
  a share of them (1 %) change by more than 0.001, the model is refused, because it would be another one in use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.bundle.pack import seal
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import BundleContent, Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.errors import DataError, ParityError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column
from mainstay.convert.contract import contract_of
from mainstay.convert.estimator import convert_estimator
from mainstay.convert.library import library_of
from mainstay.convert.sample import Sample
from mainstay.data.decode import decode_target
from mainstay.data.decode_cell import cell_text
from mainstay.data.read import read
from mainstay.graph.parity import check_parity, differences
from mainstay.train.adopt_report import Adopted, describe_adopted, judge_adopted
from mainstay.train.finish import Finished
from mainstay.train.golden import golden_rows, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.records import Label
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema
    from mainstay.convert.flow import Raw
    from mainstay.convert.library import Library
    from mainstay.graph.parity import Parity

__all__ = ["CHANGED", "AdoptSettings", "adopt_estimator"]

CHANGED = 1e-3
"""From which difference (of a probability, or of an amount relative to its size) rounding has changed an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptSettings:
    """What is told beside the estimator and its rows.

    Parameters
    ----------
    target : str, default "target"
    task : str, optional
    labels : sequence, optional
        For boosters that know only the numbers of their classes.
    positive : label, optional
        Of two classes; default the second of the estimator.
    seen : bool, default True
        Whether the model may have been trained on these rows.
    rounding : float, default 0.01
        The largest share of rows whose answer may change because numbers are read as float32.
    unit : str, default ""
    seed : int, default 0
    """

    target: str = "target"
    task: str | None = None
    labels: Sequence[Label] | None = None
    positive: Label | None = None
    seen: bool = True
    rounding: float = 0.01
    unit: str = ""
    seed: int = 0


def adopt_estimator(
    estimator: Any, rows: Any, answers: Any = None, *, schema: Schema | None = None, settings: AdoptSettings
) -> Finished:
    """Convert, prove, score and pack a fitted estimator.

    Raises
    ------
    UsageError
        When a part of it cannot be written, or the rows are not those that it takes.
    ParityError
        When the graph does not answer as the library, or rounding to float32 changes too many answers.
    """
    library = library_of(estimator, task=settings.task, labels=settings.labels)
    sample, truth = _apart(rows, answers, settings)
    order = _order(library, settings.positive)
    labels = tuple(library.labels[at] for at in order)
    target = _target(settings, labels)
    contract = contract_of(estimator, sample, library.ask, target=target, schema=schema)
    known = contract.schema.target or target
    threshold = _threshold(library, order)
    outputs = Outputs(
        task=library.task, target=known.name, labels=labels, unit=known.unit,
        positive=labels[1] if len(labels) == 2 else None, threshold=threshold,
    )  # fmt: skip
    gate = _Gate(library, order, contract.raw, contract.schema, outputs, settings=settings)
    proved = gate.best(
        [convert_estimator(estimator, contract.raw, contract.schema, order=order, nearest=nearest, seed=settings.seed)
         for nearest in (False, True)]
    )  # fmt: skip
    return _finish(proved, truth, known, settings)


def _apart(rows: Any, answers: Any, settings: AdoptSettings) -> tuple[Sample, Any]:
    """Return the rows without their answers, and the answers; a name says that they are a column of the rows."""
    if not isinstance(answers, str):
        if answers is not None and len(answers) != len(rows):
            raise UsageError(f"there are {len(rows)} rows and {len(answers)} answers", where="y")
        return Sample(rows), answers
    del settings
    names = [str(name) for name in getattr(rows, "columns", ())]
    if answers not in names:
        raise UsageError(f"y names the column {answers!r}, which X does not have", where="y")
    return Sample(rows).taken([at for at, name in enumerate(names) if name != answers]), rows[answers]


def _order(library: Library, positive: Label | None) -> tuple[int, ...]:
    """Return the estimator's classes in the order of the bundle: of two, the positive one is the second."""
    places = tuple(range(len(library.labels)))
    if positive is None:
        return places
    if len(places) != 2 or positive not in library.labels:
        raise UsageError(
            f"the positive class must be one of two, and {positive!r} came", where="positive",
            hint=f"The classes are: {', '.join(map(str, library.labels)) or 'none'}.",
        )  # fmt: skip
    return places if library.labels[1] == positive else (1, 0)


def _threshold(library: Library, order: tuple[int, ...]) -> float:
    """Return from which probability the second class is answered; at a tie the estimator's first class wins."""
    if order == (1, 0):
        return 1.0 - library.threshold
    return float(np.nextafter(0.5, 1.0)) if library.threshold == 0.5 else library.threshold


def _target(settings: AdoptSettings, labels: Sequence[Label]) -> Column:
    if not labels:
        return Column(name=settings.target, kind="number", role="target", unit=settings.unit)
    words = tuple(cell_text(label) or "" for label in labels)
    if len(set(words)) < len(words) or "" in words:
        raise UsageError(f"the classes {list(labels)[:6]} are not different words", where="estimator")
    return Column(name=settings.target, kind="category", role="target", categories=words)


@dataclass(frozen=True, slots=True)
class Proved:
    """A graph that has passed the gate, and the rows as it decoded them."""

    predictor: Predictor
    arrays: Arrays
    answers: NDArray[np.float64]
    rejected: NDArray[np.bool_]
    parity: Parity
    findings: tuple[Finding, ...]
    library: Library
    raw: Raw


class _Gate:
    """The library's answers, for the rows as they were given and as the decoder reads them."""

    def __init__(
        self, library: Library, order: tuple[int, ...], raw: Raw, schema: Schema, outputs: Outputs, *,
        settings: AdoptSettings,
    ) -> None:  # fmt: skip
        from mainstay.data.decode import Decoder

        self.library, self.order, self.raw = library, order, raw
        self.schema, self.outputs, self.settings = schema, outputs, settings
        frame = read(raw.sample.data).frame
        frame.columns = [*raw.sample.names] if frame.width == raw.sample.width else frame.columns
        self.frame = frame
        decoded = Decoder(schema).from_frame(frame)
        self.arrays, self.rejected = decoded.arrays, decoded.rejected
        self.kept = np.flatnonzero(~decoded.rejected)
        if not len(self.kept):
            raise DataError("the schema refuses every row of X", where="X", hint=str(decoded.problems[:1]))
        self.as_read = self._ordered(library.ask(_as_decoded(raw, decoded.arrays.take(self.kept))))
        self.as_given = self._ordered(library.ask(_rows(raw.sample, self.kept)))

    def _ordered(self, answers: NDArray[np.float64]) -> NDArray[np.float64]:
        return answers[:, list(self.order)] if self.order else answers

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
        if share > self.settings.rounding:
            raise ParityError(self._why(changed, share), where=self.library.name, hint=_ROUNDING_HINT)
        everyone = np.asarray(_own(predictor.predict_arrays(self.arrays)))
        return Proved(
            predictor, self.arrays, everyone, self.rejected, parity,
            (*self._rounding_finding(changed, largest), *self._label_finding(predictor, changed)),
            self.library, self.raw,
        )  # fmt: skip

    def _tried(self, graph: bytes) -> tuple[Predictor, NDArray[np.float64], NDArray[np.bool_], float]:
        predictor = Predictor(self.schema, self.outputs, graph)
        answers = _own(predictor.predict_arrays(self.arrays.take(self.kept)))
        gaps = differences(self.as_given, answers, task=self.library.task)
        return predictor, answers, gaps > CHANGED, float(gaps.max(initial=0.0))

    def _proof(self, answers: NDArray[np.float64], limit: float) -> Parity:
        try:
            return check_parity(
                self.as_read, answers, task=self.library.task, limit=limit, where=self.library.name
            )
        except ParityError as error:
            gaps = differences(self.as_read, answers, task=self.library.task)
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
            f"{int(changed.sum()):,} of {len(changed):,} rows ({share:.1%}, allowed {self.settings.rounding:.1%}), the "
            f"first of them row {row} of X{self._columns_beyond()}"
        )

    def _columns_beyond(self) -> str:
        """Name the columns that float32 changes most, as text for a message."""
        worst: dict[str, float] = {}
        for source, at in ((s, at) for at, s in enumerate(self.raw.sources) if s.values is None):
            cells = np.array([np.nan if cell is None else float(cell) for cell in self.raw.sample.values(at)])
            spread = np.nanstd(cells) or 1.0
            with np.errstate(over="ignore", invalid="ignore"):
                worst[source.name] = float(np.nanmax(np.abs(cells.astype(np.float32) - cells), initial=0.0) / spread)
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
        if self.library.decide is None:
            return ()
        given = self.library.decide(_rows(self.raw.sample, self.kept))
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


def _own(answers: Any) -> NDArray[np.float64]:
    given = answers.prediction if answers.probabilities is None else answers.probabilities
    return np.asarray(given, np.float64)


def _rows(sample: Sample, kept: NDArray[np.int64]) -> Any:
    if len(kept) == sample.rows:
        return sample.data
    return sample.data.iloc[kept] if sample.library == "pandas" else sample.data[kept]


def _as_decoded(raw: Raw, arrays: Arrays) -> Any:
    """Return rows in the estimator's own kind of table, with the values that the decoder has read."""
    columns: list[Any] = []
    for at, source in enumerate(raw.sources):
        if source.values is not None:
            values = source.values
            columns.append([values[code] for code in arrays.categories[:, source.place].tolist()])
            continue
        numbers = arrays.numbers[:, source.place].astype(np.float64)
        if raw.sample.kind(at) == "boolean":
            columns.append([None if number != number else bool(number) for number in numbers.tolist()])  # noqa: PLR0124
        else:
            columns.append(numbers)
    return raw.sample.rebuilt(columns)


def _finish(proved: Proved, truth: Any, target: Column, settings: AdoptSettings) -> Finished:
    from mainstay.evaluate.card import model_card
    from mainstay.evaluate.report import training_report

    predictor, sample = proved.predictor, proved.raw.sample
    frame = read(sample.data).frame
    adopted = Adopted(
        predictor=predictor, arrays=proved.arrays, answers=proved.answers, rejected=proved.rejected, frame=frame,
        truth=_truth(truth, target, predictor.schema), parity=proved.parity, findings=proved.findings,
        library=proved.library.name, seen=settings.seen, seed=settings.seed,
    )  # fmt: skip
    report = describe_adopted(adopted, judge_adopted(adopted))
    kept = np.flatnonzero(~proved.rejected)
    content = BundleContent(
        schema=predictor.schema,
        model=predictor.model,
        outputs=predictor.outputs,
        recipe=_recipe(proved, settings, report.data_digest),
        evaluation={**msgspec.to_builtins(report), "model_digest": predictor.model_digest},
        golden=record_golden(predictor, golden_rows(predictor.schema, frame, settings.seed)),
        reference=reference(proved.arrays.take(kept), proved.answers[kept]),
        card=model_card(report),
    )
    return Finished(seal(replace(content, report=training_report(report))), report)


def _truth(given: Any, target: Column, schema: Schema) -> Any:
    """Return the true answers as codes or amounts, and which rows have one; None where none were given."""
    import polars as pl

    if given is None:
        return None
    del target
    column = schema.target
    cells = pl.Series(column.name if column else "target", np.asarray(given).tolist(), strict=False)
    return decode_target(schema, cells.to_frame())


def _recipe(proved: Proved, settings: AdoptSettings, digest: str) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("scikit-learn", "lightgbm", "xgboost", "catboost", "skl2onnx"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "packed": {"estimator": proved.library.name, "seen": settings.seen, "rounding": settings.rounding},
        "data": {"digest": digest, "rows": proved.raw.sample.rows},
        "libraries": versions,
    }

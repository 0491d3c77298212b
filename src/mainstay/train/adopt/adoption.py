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

from mainstay.bundle.kept_rows import background
from mainstay.bundle.pack import seal
from mainstay.bundle.records import BundleContent, Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import Column
from mainstay.convert.contract import contract_of
from mainstay.convert.estimator import convert_estimator
from mainstay.convert.library import library_of
from mainstay.convert.sample import Sample
from mainstay.data.decode import Decoder
from mainstay.data.decode_cell import cell_text
from mainstay.data.read import read
from mainstay.train.adopt.gate import Gate
from mainstay.train.adopt.report import Adopted, describe_adopted, judge_adopted
from mainstay.train.adopt.truth import every_row_refused, true_answers
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
    from mainstay.train.adopt.gate import Proved

__all__ = ["AdoptSettings", "adopt_estimator", "finish_adopted"]


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
    gate = _gate_of(library, order, contract.raw, contract.schema, outputs, rounding=settings.rounding)
    proved = gate.best(
        [convert_estimator(estimator, contract.raw, contract.schema, order=order, nearest=nearest, seed=settings.seed)
         for nearest in (False, True)]
    )  # fmt: skip
    return finish_adopted(proved, truth, settings)


def _apart(rows: Any, answers: Any, settings: AdoptSettings) -> tuple[Sample, Any]:
    """Return the rows without their answers, and the answers; a name says that they are a column of the rows."""
    if not isinstance(answers, str):
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


def _gate_of(
    library: Library, order: tuple[int, ...], raw: Raw, schema: Schema, outputs: Outputs, *, rounding: float
) -> Gate:
    """Ask the library for the rows as they were given and as the decoder reads them."""
    sample = raw.sample
    frame = read(sample.data).frame
    decoded = Decoder(schema).from_frame(frame)
    kept = np.flatnonzero(~decoded.rejected)
    if not len(kept):
        raise every_row_refused(decoded)
    given, as_read = _rows(sample, kept), _as_decoded(raw, decoded.arrays.take(kept))
    answers = [library.ask(rows) for rows in (as_read, given)]
    return Gate(
        name=library.name, schema=schema, outputs=outputs, frame=frame, arrays=decoded.arrays,
        rejected=decoded.rejected, rounding=rounding,
        as_read=answers[0][:, list(order)] if order else answers[0],
        as_given=answers[1][:, list(order)] if order else answers[1],
        decided=None if library.decide is None else library.decide(given),
        numbers={
            source.name: np.array([np.nan if cell is None else float(cell) for cell in sample.values(at)])
            for at, source in enumerate(raw.sources) if source.values is None
        },
    )  # fmt: skip


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


def finish_adopted(proved: Proved, truth: Any, settings: AdoptSettings) -> Finished:
    """Score, describe and pack what has passed the gate."""
    from mainstay.evaluate.card import model_card
    from mainstay.evaluate.report import training_report

    predictor, gate = proved.predictor, proved.gate
    known, unknown = true_answers(truth, predictor.schema, gate.frame.height)
    adopted = Adopted(
        predictor=predictor, arrays=gate.arrays, answers=proved.answers, rejected=gate.rejected, frame=gate.frame,
        truth=known, parity=proved.parity, findings=(*proved.findings, *unknown),
        library=gate.name, seen=settings.seen, seed=settings.seed,
    )  # fmt: skip
    report = describe_adopted(adopted, judge_adopted(adopted))
    content = BundleContent(
        schema=predictor.schema,
        model=predictor.model,
        outputs=predictor.outputs,
        recipe=_recipe(gate, settings, report.data_digest),
        evaluation={**msgspec.to_builtins(report), "model_digest": predictor.model_digest},
        golden=record_golden(predictor, golden_rows(predictor.schema, gate.frame, settings.seed)),
        reference=reference(gate.arrays.take(gate.kept), proved.answers[gate.kept])
        | {"background": background(predictor.schema, gate.frame[gate.kept], settings.seed)},
        card=model_card(report),
    )
    return Finished(seal(replace(content, report=training_report(report))), report)


def _recipe(gate: Gate, settings: AdoptSettings, digest: str) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("scikit-learn", "lightgbm", "xgboost", "catboost"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "packed": {"estimator": gate.name, "seen": settings.seen, "rounding": settings.rounding},
        "data": {"digest": digest, "rows": gate.frame.height},
        "libraries": versions,
    }

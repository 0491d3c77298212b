"""An ONNX file with its schema into a bundle: the same gate, with ONNX Runtime over the file itself as the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from msgspec.structs import replace

from mainstay.bundle.audit_fields import OPERATORS
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.convert.foreign import read_foreign
from mainstay.data.decode import Decoder
from mainstay.data.quality_values import as_numbers
from mainstay.data.read import read
from mainstay.graph.run import run_foreign
from mainstay.train.adopt.adoption import finish_adopted
from mainstay.train.adopt.gate import Gate
from mainstay.train.adopt.truth import every_row_refused

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.learner import TaskName
    from mainstay.convert.foreign import ForeignModel
    from mainstay.data.read import Reading
    from mainstay.train.adopt.adoption import AdoptSettings
    from mainstay.train.finish import Finished

__all__ = ["adopt_onnx"]

_BLOCK = 64
"""Rows at a time, for graphs whose nodes are not proved to be steady."""


def adopt_onnx(
    source: Any,
    rows: Any,
    answers: Any = None,
    *,
    schema: Schema | None = None,
    settings: AdoptSettings,
    **reading: Unpack[Reading],
) -> Finished:
    """Copy, prove, score and pack an ONNX model.

    Raises
    ------
    FormatError
        When the file holds what has no place in a bundle.
    UsageError
        When the rows or the schema do not fit its inputs.
    ParityError
        When the copy does not answer as the file does.
    """
    model = read_foreign(source)
    frame = read(rows, **reading).frame
    if answers is None and _answer_name(schema, settings) in frame.columns:
        answers = _answer_name(schema, settings)
    truth = frame.get_column(answers) if isinstance(answers, str) and answers in frame.columns else answers
    if isinstance(truth, str):
        raise UsageError(f"y names the column {truth!r}, which the rows do not have", where="y")
    features = _features(model, frame, schema, answers if isinstance(answers, str) else "")
    given = _numbers(frame, features)
    result, found = _result(model, given, settings)
    task, width = _task(found, schema, settings), found.shape[1]
    labels = _labels(task, width, schema, settings)
    known = Schema(columns=(*_strict(model, features, result, given), _target(schema, settings, labels)))
    outputs = Outputs(
        task=task, target=known.columns[-1].name, labels=labels, positive=labels[1] if len(labels) == 2 else None,
        threshold=float(np.nextafter(0.5, 1.0)) if labels else 0.5,
    )  # fmt: skip
    gate = _gate(model, result, known, outputs, frame=frame, settings=settings)
    return finish_adopted(gate.best([(_steady(model, result, gate, width), 1e-6)]), truth, settings)


def _answer_name(schema: Schema | None, settings: AdoptSettings) -> str:
    own = schema.target if schema is not None else None
    return own.name if own is not None else settings.target


def _features(model: ForeignModel, frame: pl.DataFrame, schema: Schema | None, answer: str) -> tuple[Column, ...]:
    """Return the columns that the inputs read, in their order."""
    if schema is not None:
        columns = schema.features
    else:
        columns = tuple(Column(name=name, kind="number") for name in frame.columns if name != answer)
    names = [one.name for one in model.inputs]
    if len(names) > 1 and {column.name for column in columns} == set(names):
        columns = tuple(sorted(columns, key=lambda column: names.index(column.name)))
    wrong = [column for column in columns if column.kind not in ("number", "boolean")]
    if wrong:
        raise UsageError(f"the column {wrong[0].name!r} is of kind {wrong[0].kind}, and an ONNX model that is packed "
                         "reads numbers and booleans", where="schema")  # fmt: skip
    if len(columns) != model.width:
        raise UsageError(
            f"the model reads {model.width} numbers, and there are {len(columns)} columns: "
            f"{', '.join(repr(column.name) for column in columns[:8])}", where="schema",
            hint=_width_hint(columns, model.width, named=bool(answer) or schema is not None),
        )  # fmt: skip
    return columns


def _width_hint(columns: tuple[Column, ...], width: int, *, named: bool) -> str:
    schema = "a schema whose features are the model's inputs, in their order"
    if named or len(columns) != width + 1:
        return f"Give {schema}."
    last = columns[-1].name
    shown = f'"{last}"' if " " in last else last
    return (
        f"That is one column too many: if one holds the true answers, name it, such as -t {shown} "
        f"(in Python target={last!r}). Otherwise give {schema}."
    )


def _numbers(frame: pl.DataFrame, features: tuple[Column, ...]) -> NDArray[np.float64]:
    missing = [column.name for column in features if column.name not in frame.columns]
    if missing:
        raise UsageError(f"the rows lack the column {missing[0]!r}", where="X")
    return np.stack([as_numbers(frame.get_column(column.name), column) for column in features], axis=1)


def _asked(model: ForeignModel, numbers: NDArray[np.float64]) -> dict[str, Any]:
    """Ask the file itself, as many rows at a time as it takes."""
    if model.rows is None:
        return run_foreign(model.data, model.feeds(numbers))
    parts = []
    for at in range(0, len(numbers), model.rows):
        block = numbers[at : at + model.rows]
        filled = np.pad(block, ((0, model.rows - len(block)), (0, 0)))
        parts.append(run_foreign(model.data, model.feeds(filled)))
    joined = {name: [_flat(part[name], model.rows) for part in parts] for name in parts[0]}
    return {name: np.concatenate(values)[: len(numbers)] for name, values in joined.items()}


def _flat(values: Any, rows: int) -> NDArray[Any]:
    found = np.stack([list(one.values()) for one in values]) if isinstance(values, list) else np.asarray(values)
    return found.reshape(rows, -1)


def _result(
    model: ForeignModel, numbers: NDArray[np.float64], settings: AdoptSettings
) -> tuple[str, NDArray[np.float64]]:
    """Return the tensor that holds the answers, and the answers for the rows: the one output of floats."""
    del settings
    found = {}
    for name, values in _asked(model, numbers).items():
        flat = _flat(values, len(numbers))
        if flat.dtype.kind == "f":
            found[name] = flat.astype(np.float64)
    chosen = [name for name in found if "prob" in name.lower()] or list(found)
    if len(chosen) != 1:
        raise UsageError(
            f"one output of probabilities or amounts was expected, and the model has {len(chosen)}: {chosen[:5]}",
            where="ONNX model", hint="Export it with one output, or call that one 'probabilities'.",
        )  # fmt: skip
    return chosen[0], found[chosen[0]]


def _task(found: NDArray[np.float64], schema: Schema | None, settings: AdoptSettings) -> TaskName:
    target = schema.target if schema is not None else None
    classes = settings.labels or (target is not None and target.kind != "number")
    told = settings.task or ("classification" if classes or found.shape[1] > 1 else "regression")
    if told == "classification":
        known = found[np.isfinite(found).all(axis=1)]
        sums = known.sum(axis=1)
        if ((known < -1e-6) | (known > 1 + 1e-6)).any() or (found.shape[1] > 1 and (np.abs(sums - 1) > 1e-3).any()):
            raise UsageError(
                "probabilities were expected, from 0 to 1 and 1 in all, and the output holds something else",
                where="ONNX model", hint="Export the model with its Softmax or Sigmoid at the end.",
            )  # fmt: skip
        return "classification"
    if found.shape[1] != 1:
        raise UsageError(f"one amount was expected, and the output has {found.shape[1]} columns", where="ONNX model")
    return "regression"


def _labels(task: TaskName, width: int, schema: Schema | None, settings: AdoptSettings) -> tuple[Any, ...]:
    if task == "regression":
        return ()
    target = schema.target if schema is not None else None
    count = max(width, 2)
    labels = tuple(settings.labels or (target.categories if target is not None else ()) or range(count))
    if len(labels) != count:
        raise UsageError(f"the model has {count} classes, and {len(labels)} labels came", where="labels")
    return labels


def _target(schema: Schema | None, settings: AdoptSettings, labels: tuple[Any, ...]) -> Column:
    own = schema.target if schema is not None else None
    name = own.name if own is not None else settings.target
    if not labels:
        return Column(name=name, kind="number", role="target", unit=own.unit if own is not None else "")
    return Column(name=name, kind="category", role="target", categories=tuple(str(label) for label in labels))


def _strict(
    model: ForeignModel, features: tuple[Column, ...], result: str, numbers: NDArray[np.float64]
) -> tuple[Column, ...]:
    """Let the schema refuse a missing cell where the model gives no number for it."""
    whole = numbers[np.isfinite(numbers).all(axis=1)]
    if not len(whole):
        return features
    trials = np.repeat(whole[:1], len(features), axis=0)
    np.fill_diagonal(trials, np.nan)
    with np.errstate(invalid="ignore"):
        answers = _flat(_asked(model, trials)[result], len(trials))
    takes = np.isfinite(answers).all(axis=1)
    return tuple(
        column if fine else replace(column, nullable=False, on_missing="reject")
        for column, fine in zip(features, takes, strict=True)
    )


def _gate(
    model: ForeignModel, result: str, schema: Schema, outputs: Outputs, *, frame: pl.DataFrame, settings: AdoptSettings
) -> Gate:
    decoded = Decoder(schema).from_frame(frame)
    kept = np.flatnonzero(~decoded.rejected)
    if not len(kept):
        raise every_row_refused(decoded)
    raw = _numbers(frame, schema.features)
    answers = []
    for numbers in (decoded.arrays.numbers[kept].astype(np.float64), raw[kept]):
        found = _flat(_asked(model, numbers)[result], len(kept)).astype(np.float64)
        second = outputs.task == "classification" and found.shape[1] == 1
        found = np.concatenate([1.0 - found, found], axis=1) if second else found
        answers.append(found if outputs.task == "classification" else found[:, 0])
    return Gate(
        name="ONNX model", schema=schema, outputs=outputs, frame=frame, arrays=decoded.arrays,
        rejected=decoded.rejected, as_read=answers[0], as_given=answers[1], decided=None, rounding=settings.rounding,
        numbers={column.name: raw[:, at] for at, column in enumerate(schema.features)},
    )  # fmt: skip


def _steady(model: ForeignModel, result: str, gate: Gate, width: int) -> bytes:
    """Return the graph with as many rows at a time as give a row the same bits wherever it stands."""
    tensor = model.results.get(result, result)
    arrays = gate.arrays.take(gate.kept[:200])
    for rows in (model.rows,) if model.rows else (_BLOCK, 1):
        graph = model.written(gate.outputs.task, tensor, width, rows=rows, operators=OPERATORS[""])
        if rows == 1:
            return graph
        predictor = Predictor(gate.schema, gate.outputs, graph)
        together = predictor.predict_arrays(arrays)
        alone = [predictor.predict_arrays(arrays.take(slice(at, at + 1))) for at in range(arrays.rows)]
        if all(_same(together, at, one) for at, one in enumerate(alone)):
            return graph
    raise UsageError(
        f"the model takes {model.rows} rows at a time and answers a row differently by its place among them",
        where="ONNX model", hint="Export it with a number of rows that is free, or 1.",
    )  # fmt: skip


def _same(together: Any, at: int, alone: Any) -> bool:
    left = together.prediction if together.probabilities is None else together.probabilities
    right = alone.prediction if alone.probabilities is None else alone.probabilities
    return bool(np.asarray(left)[at].tobytes() == np.asarray(right)[0].tobytes())

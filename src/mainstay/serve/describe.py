"""What a model says of itself, as plain data: for clients that ask, for the form at ``/`` and for the documentation.

One place, so that ``/models``, ``/openapi.json`` and the pages cannot tell different stories of one bundle.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.data.decode import Decoder
from mainstay.serve.answering.asked import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.records import ClusterOutputs, DetectorOutputs, Outputs
    from mainstay.contracts.schema import Column, Schema

__all__ = [
    "choose_row",
    "example_row",
    "is_required",
    "label_word",
    "made_up_row",
    "model_card",
    "models_document",
    "schema_document",
]

Row = dict[str, Any]

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")


def models_document(cards: Iterable[Mapping[str, Any]], *, default: str) -> dict[str, Any]:
    """Return the answer to ``GET /models``: the cards of all models and the name of the one behind ``/predict``.

    Examples
    --------
    >>> models_document([], default="churn")
    {'default': 'churn', 'models': []}
    """
    return {"default": default, "models": [dict(card) for card in cards]}


def model_card(name: str, bundle: Bundle, *, ready: bool = True) -> dict[str, Any]:
    """Return a model in a few words, for ``GET /models``.

    Parameters
    ----------
    name : str
        Under which it is served.
    bundle : Bundle
    ready : bool, default True
        Whether it answers now.
    """
    return {
        "name": name,
        "digest": bundle.digest,
        "task": bundle.task,
        "target": bundle.outputs.target if bundle.clusters is None and bundle.detector is None else None,
        "features": len(bundle.schema.features),
        "created": bundle.manifest.created,
        "ready": ready,
    }


def schema_document(name: str, bundle: Bundle) -> dict[str, Any]:
    """Return what a model takes and what it answers, for ``GET /models/{name}/schema``.

    Parameters
    ----------
    name : str
        Under which it is served.
    bundle : Bundle

    Returns
    -------
    dict
        "columns": one entry for each feature, in the order of the schema; "ignored": the columns of the schema that
        may come and are not used; "outputs"; "example": a row that is accepted. All of it is JSON without infinite
        numbers.
    """
    example = example_row(bundle)
    return {
        "name": name,
        "digest": bundle.digest,
        "created": bundle.manifest.created,
        "columns": [_column(column, example.get(column.name)) for column in bundle.schema.features],
        "ignored": [column.name for column in bundle.schema.columns if column.role != "feature"],
        "outputs": _meaning(bundle),
        "example": example,
    }


def label_word(label: object) -> str:
    """Return the name of a class in an object of probabilities.

    Examples
    --------
    >>> label_word("yes"), label_word(True), label_word(1), label_word(0.5)
    ('yes', 'true', '1', '0.5')
    """
    return label if isinstance(label, str) else msgspec.json.encode(label).decode()


def _column(column: Column, example: object) -> dict[str, Any]:
    return {
        "name": column.name,
        "where": path_of(column.name),
        "kind": column.kind,
        "nullable": column.nullable,
        "required": is_required(column),
        "categories": list(column.categories),
        "ordered": column.ordered,
        "low": _finite(column.low),
        "high": _finite(column.high),
        "unit": column.unit,
        "missing": list(column.missing),
        "decimal": column.decimal,
        "thousands": column.thousands,
        "formats": list(column.formats),
        "policies": {
            "bad": column.on_bad,
            "missing": column.on_missing,
            "unseen": column.on_unseen,
            "range": column.on_range,
        },
        "example": example,
    }


def is_required(column: Column) -> bool:
    """Return whether a row without this column is refused."""
    return not column.nullable and column.on_missing == "reject"


def _meaning(bundle: Bundle) -> dict[str, Any]:
    if bundle.clusters is not None:
        return _clusters(bundle.clusters.outputs)
    return _outputs(bundle.outputs) if bundle.detector is None else _alarms(bundle.detector.outputs)


def _alarms(outputs: DetectorOutputs) -> dict[str, Any]:
    """Return what a model that flags unusual rows answers; a cut of None flags none."""
    alarm = outputs.alarm
    return {
        "task": outputs.task,
        "target": None,
        "labels": [],
        "members": [{"name": member.name, "weight": member.weight} for member in outputs.members],
        "reference": outputs.reference,
        "rows": outputs.rows or None,
        "alarm": {"rule": alarm.rule, "amount": alarm.amount, "cut": alarm.cut, "guarantee": alarm.guarantee},
        "p_values": outputs.calibration.kind,
    }


def _outputs(outputs: Outputs) -> dict[str, Any]:
    positive = outputs.positive_class
    return {
        "task": outputs.task,
        "target": outputs.target,
        "labels": list(outputs.labels),
        "positive": None if positive is None else outputs.labels[positive],
        "threshold": None if positive is None else _finite(outputs.threshold),
        "unit": outputs.unit,
        "has_interval": outputs.intervals is not None,
        "interval_level": None if outputs.intervals is None else outputs.intervals.level,
        "prediction_sets": outputs.sets is not None,
        "prediction_set_level": None if outputs.sets is None else outputs.sets.level,
    }


def _clusters(outputs: ClusterOutputs) -> dict[str, Any]:
    """Return what a model that groups rows answers; a limit of None is never passed."""
    rows = outputs.rows or (None,) * outputs.clusters
    return {
        "task": outputs.task,
        "target": None,
        "labels": list(outputs.names),
        "clusters": [
            {"cluster": at, "name": name, "limit": limit, "rows": count}
            for at, (name, limit, count) in enumerate(zip(outputs.names, outputs.limits, rows, strict=True))
        ],
        "measure": outputs.measure,
        "level": outputs.level,
    }


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def example_row(bundle: Bundle) -> Row:
    """Return a row that the model accepts, to show and to try.

    A golden row where there is one, for that is a real row: the one with the fewest warnings, and of these the one with
    the most cells filled. Otherwise a row in the middle of the schema's ranges.

    Parameters
    ----------
    bundle : Bundle

    Returns
    -------
    dict
        Features only, in the order of the schema; texts that are plain numbers as numbers.
    """
    return choose_row([golden.row for golden in bundle.golden.rows if not golden.rejected], bundle.schema)


def choose_row(rows: Iterable[Mapping[str, object]], schema: Schema) -> Row:
    """Return the most telling of some rows, or one made up from the schema where none of them is accepted."""
    decoder, best, least = Decoder(schema), made_up_row(schema), math.inf
    for row in rows:
        written = {column.name: _written(column, row[column.name]) for column in schema.features if column.name in row}
        decoded = decoder.from_rows([written])
        filled = sum(value not in (None, "") for value in written.values())
        cost = len(decoded.problems) * (len(schema.columns) + 1) - filled
        if written and not decoded.rejected[0] and cost < least:
            best, least = written, cost
    return best


def _written(column: Column, value: object) -> Any:
    """Return a cell as a client would write it: a number that training read as text is a number all the same."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if column.kind != "number" or column.decimal != "." or not isinstance(value, str):
        return value
    if not _PLAIN.fullmatch(value):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def made_up_row(schema: Schema) -> Row:
    """Return a row in the middle of the schema's ranges, with the first of each category.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column, Schema
    >>> made_up_row(Schema(columns=(Column(name="age", kind="number", low=18, high=90),)))
    {'age': 54}
    """
    return {column.name: _made_up(column) for column in schema.features}


def _made_up(column: Column) -> Any:
    match column.kind:
        case "number":
            return _middle(column)
        case "boolean":
            return column.categories[0] if column.categories else False
        case "category":
            return column.categories[0] if column.categories else None
        case "datetime":
            return _some_day(column)
    return "some words"


def _middle(column: Column) -> float:
    low, high = _finite(column.low), _finite(column.high)
    if low is None or high is None:
        return low if low is not None else high if high is not None else 0
    middle = min(max(low / 2 + high / 2, low), high)  # half of the smallest number there is is 0
    rounded = round(middle)
    return rounded if low <= rounded <= high else middle


def _some_day(column: Column) -> str:
    from datetime import UTC, datetime, timedelta

    low, high = _finite(column.low), _finite(column.high)
    days = low if high is None else high if low is None else low / 2 + high / 2
    try:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=round(20_000 if days is None else days))
    except OverflowError:
        day = datetime(2024, 1, 1, tzinfo=UTC)
    return day.strftime("%Y-%m-%d")

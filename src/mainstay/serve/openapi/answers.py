"""What the server sends, as JSON Schema: answers of each model, refusals, and the documents about models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.serve.answering.voice import judges_together, voice_of
from mainstay.serve.describe import label_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.records import ClusterOutputs, DetectorOutputs, Outputs

__all__ = ["ERROR", "EXAMPLE_ID", "PROTOCOL_ERROR", "answer_example", "answer_schemas", "document_schemas", "reference"]

Document = dict[str, Any]

EXAMPLE_ID = "5f0c6a1e92b7d384-0000000000"
"""What an identity looks like, for examples."""

_TEXT: Document = {"type": "string"}
_FRACTION: Document = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_AMOUNT: Document = {"type": ["number", "null"], "description": "null where it is no finite number"}
_DIGEST: Document = {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
    "description": "SHA-256 of the model file's manifest: which bytes answered.",
}
_ID: Document = {"type": "string", "description": "The prediction's own id, under which it is logged."}
_LOGGED: Document = {"type": "boolean", "description": "With a durable log: whether the log keeps the answer."}

ERROR: Document = {
    "type": "object",
    "description": "The one shape of every refusal.",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "where", "hint", "id"],
            "additionalProperties": False,
            "properties": {
                "code": {**_TEXT, "description": "A stable word for programs."},
                "message": {**_TEXT, "description": "What was expected and what came."},
                "where": {**_TEXT, "description": "A JSON path, a header or a parameter."},
                "hint": {**_TEXT, "description": "What to do about it."},
                "id": {**_TEXT, "description": "The request's id, also in the header x-request-id."},
            },
        }
    },
}

PROTOCOL_ERROR: Document = {
    "type": "object",
    "description": "The same in the words of the Open Inference Protocol.",
    "required": ["error", "detail"],
    "additionalProperties": False,
    "properties": {
        "error": {**_TEXT, "description": "All of it in a sentence."},
        "detail": ERROR["properties"]["error"],
    },
}


def reference(name: str) -> Document:
    """Return a reference to a schema of the document.

    Examples
    --------
    >>> reference("Error")
    {'$ref': '#/components/schemas/Error'}
    """
    return {"$ref": f"#/components/schemas/{name}"}


def answer_schemas(key: str, name: str, bundle: Bundle) -> dict[str, Document]:
    """Return what a model answers, by component name: one answer, one among several, and several.

    Parameters
    ----------
    key : str
        The part of component names that stands for the model.
    name : str
        Under which it is served.
    bundle : Bundle
    """
    said = _said(bundle)
    required = [member for member in said if member not in ("warnings", "explanation")]
    from_model = {"model": {"const": name}, "digest": _DIGEST}
    logged = {"logged": _LOGGED}
    single = {**said, **from_model, "id": _ID, **logged}
    refused = {"error": ERROR["properties"]["error"], "id": _ID}
    return {
        f"Answer_{key}": _object(single, [*required, "model", "digest", "id"], f"The answer of {name} to one row."),
        f"RowAnswer_{key}": _object({**said, "id": _ID}, [*required, "id"], "The answer to one row of several."),
        "RowRefused": _object(refused, ["error", "id"], 'Why a row has no answer, with "on_error": "row".'),
        f"Answers_{key}": _object(
            {
                "predictions": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"oneOf": [reference(f"RowAnswer_{key}"), reference("RowRefused")]},
                    "description": "In the order of the rows.",
                },
                **from_model,
                **logged,
            },
            ["predictions", "model", "digest"],
            f"The answers of {name} to several rows.",
        ),
    }


def _object(members: Document, required: list[str], words: str) -> Document:
    return {
        "type": "object",
        "description": words,
        "required": required,
        "additionalProperties": False,
        "properties": members,
    }


def _said(bundle: Bundle) -> Document:
    if bundle.clusters is not None:
        said = _cluster(bundle.clusters.outputs)
    elif bundle.detector is not None:
        said = _alarm(bundle.detector.outputs)
    else:
        outputs = bundle.outputs
        said = _amount(outputs) if outputs.task == "regression" else _classes(outputs)
    return {**said, "warnings": {"type": "array", "items": _WARNING}, "explanation": _explanation(bundle)}


def _amount(outputs: Outputs) -> Document:
    unit = f" in {outputs.unit}" if outputs.unit else ""
    said: Document = {"prediction": {**_AMOUNT, "description": f"The expected {outputs.target}{unit}."}}
    if outputs.intervals is not None:
        said["low"] = {**_AMOUNT, "description": f"Where the {outputs.intervals.level:.0%} interval begins."}
        said["high"] = {**_AMOUNT, "description": "Where it ends."}
    return said


def _classes(outputs: Outputs) -> Document:
    keys = [label_word(label) for label in outputs.labels]
    label: Document = {"enum": list(outputs.labels)}
    said: Document = {
        "prediction": {**label, "description": _decision(outputs)},
        "probabilities": _object(dict.fromkeys(keys, _FRACTION), keys, "Of each class; they add up to 1."),
    }
    if outputs.sets is not None:
        said["prediction_set"] = {
            "type": "array",
            "items": label,
            "description": f"The classes that hold the truth in {outputs.sets.level:.0%} of cases, likeliest first.",
        }
    return said


def _cluster(outputs: ClusterOutputs) -> Document:
    last = outputs.clusters - 1
    number: Document = {"type": "integer", "minimum": 0, "maximum": last}
    second = {**number, "type": ["integer", "null"]} if last else {"type": "null"}
    far: Document = _AMOUNT if last else {"type": "null"}
    return {
        "cluster": {**number, "description": f"The cluster of the least {outputs.measure}."},
        "name": {"enum": list(outputs.names), "description": "What the cluster is called."},
        "distance": {**_AMOUNT, "description": f"The {outputs.measure} to it; null where it is no finite number."},
        "second": {**second, "description": "The second nearest; null where there is one cluster."},
        "second_distance": {**far, "description": "The same of the second nearest."},
        "fits_none": {
            "type": "boolean",
            "description": "Whether the distance is beyond the cluster's limit, as it is for "
            f"{outputs.level:.3g} of rows like those of training.",
        },
    }


def _alarm(outputs: DetectorOutputs) -> Document:
    cut = "never" if outputs.alarm.cut is None else f"where the score is at least {outputs.alarm.cut:.6g}"
    return {
        "score": {**_AMOUNT, "description": "How odd the row is beside usual ones; higher is odder."},
        "p_value": {**_FRACTION, "description": "The share of usual rows that look at least as odd."},
        "flagged": {"type": "boolean", "description": f"True {cut}. {outputs.alarm.guarantee}".strip()},
        "reason": {
            "type": ["string", "null"],
            "description": "Which columns made the row odd, and what is usual there; null where it is not flagged.",
        },
    }  # fmt: skip


def _decision(outputs: Outputs) -> str:
    positive = outputs.positive_class
    if positive is not None:
        label = label_word(outputs.labels[positive])
        return f"{label} where its probability is at least {outputs.threshold:.4g}."
    return "The class of the least expected cost." if outputs.known_costs else "The most probable class."


_WARNING: Document = _object(
    {
        "code": {"enum": ["bad", "missing", "unseen", "range"]},
        "where": {**_TEXT, "description": "The JSON path of the cell, or of the row where many cells were left out."},
        "message": {**_TEXT, "description": "What was expected, what came, and what was done."},
    },
    ["code", "where", "message"],
    "What broke the schema; the row is answered all the same.",
)


_EXPLAINED = {
    "classification": "The probability of the label.",
    "regression": "The amount.",
    "clustering": "How much further the second nearest cluster is; of one cluster the distance.",
    "anomaly_detection": "The score.",
    "series_anomaly_detection": "The score.",
}


def _explanation(bundle: Bundle) -> Document:
    names = [column.name for column in bundle.schema.features]
    amounts = _object(dict.fromkeys(names, _AMOUNT), names, "By column.")
    members: Document = {
        "base": {**_AMOUNT, "description": "What is answered when nothing is known of the row."},
        "answer": {**_AMOUNT, "description": _EXPLAINED[bundle.task]},
        "contributions": {**amounts, "description": "What each column added: base and contributions are the answer."},
        "methods": {"type": "array", "items": _TEXT},
        "standard_error": {**amounts, "description": "Of each contribution, where they are estimated."},
    }
    required = ["base", "answer", "contributions", "methods"]
    labels: Sequence[object] = ()
    if bundle.clusters is None:
        labels = bundle.outputs.labels if bundle.detector is None else ()
    else:
        labels = bundle.clusters.outputs.names
        members["scale"] = {"enum": [bundle.clusters.outputs.explained], "description": "What adds up."}
        required.append("scale")
    if labels:
        members["label"] = {"enum": list(labels), "description": "What is explained: a class, or the row's cluster."}
        required.append("label")
    return _object(members, required, "With ?explain=true: why.")


def document_schemas() -> dict[str, Document]:
    """Return the shapes of the documents about models, by component name."""
    card = {
        "name": _TEXT,
        "digest": _DIGEST,
        "task": {"enum": list(_EXPLAINED)},
        "target": {
            "type": ["string", "null"],
            "description": "null where the model groups rows or flags unusual ones.",
        },
        "features": {"type": "integer", "minimum": 0},
        "created": _TEXT,
        "ready": {"type": "boolean"},
    }
    models = {"default": _TEXT, "models": {"type": "array", "items": reference("Card")}}
    described = {
        "name": _TEXT,
        "digest": _DIGEST,
        "created": _TEXT,
        "columns": {"type": "array", "items": {"type": "object", "required": ["name", "kind", "where", "policies"]}},
        "ignored": {"type": "array", "items": _TEXT},
        "outputs": {"type": "object", "required": ["task", "target", "labels"]},
        "example": {"type": "object"},
    }
    return {
        "Error": ERROR,
        "ProtocolError": PROTOCOL_ERROR,
        "Card": _object(card, list(card), "A model in a few words."),
        "Models": _object(models, list(models), "All models; the default one answers POST /predict."),
        "Schema": _object(described, list(described), "What a model takes and what it answers."),
    }


def answer_example(name: str, bundle: Bundle, row: Document) -> Document | None:
    """Return the model's own answer to a row, as it is sent; None where the row is refused, or no row stands alone.

    Parameters
    ----------
    name : str
        Under which it is served.
    bundle : Bundle
    row : dict
    """
    if judges_together(bundle):
        return None
    written, problems = voice_of(bundle).rows([row])
    if any(problem.action == "reject" for problem in problems):
        return None
    said: Document = msgspec.json.decode(written[0])
    return {**said, "model": name, "digest": bundle.digest, "id": EXAMPLE_ID}

"""A client of the Open Inference Protocol V2, over REST and plain JSON, that asks as the metadata says."""

import json

from serving_parts.answers import of_json

SIZE = 200
"""Rows in a request."""


def ask(server, rows):
    """Yield an answer per row, as `of_json` words it."""
    model = json.loads(server.get("/models")[1])["default"]
    status, body = server.get(f"/v2/models/{model}")
    if status != 200:
        yield from [f"{status} {body[:200]!r}"] * len(rows)
        return
    inputs = json.loads(body)["inputs"]
    for start in range(0, len(rows), SIZE):
        part = rows[start : start + SIZE]
        yield from _infer(server, model, inputs, part)


def _infer(server, model, inputs, rows):
    tensors = [
        {
            "name": one["name"], "datatype": one["datatype"], "shape": [len(rows), *one["shape"][1:]],
            "data": [_value(row.get(one["name"]), one["datatype"]) for row in rows],
        }
        for one in inputs
    ]  # fmt: skip
    status, body = server.post(f"/v2/models/{model}/infer", json.dumps({"inputs": tensors}).encode())
    if status != 200:
        if len(rows) > 1:  # one refused row refuses its request
            for row in rows:
                yield from _infer(server, model, inputs, [row])
            return
        yield "refused" if status == 422 else f"{status} {body[:300]!r}"
        return
    yield from _rows_of(json.loads(body)["outputs"], len(rows))


def _value(value, datatype):
    if value is None:
        return None
    if datatype == "BYTES":
        return value if isinstance(value, str) else json.dumps(value)
    return value


def _rows_of(outputs, count):
    """Turn the tensors of an answer into the answers of `/predict`."""
    tensors = {one["name"]: one for one in outputs}
    labels = tensors.get("probabilities", {}).get("parameters", {}).get("labels")
    for row in range(count):
        answer = {name: tensors[name]["data"][row] for name in ("prediction", "low", "high") if name in tensors}
        if "probabilities" in tensors:
            width = tensors["probabilities"]["shape"][1]
            values = tensors["probabilities"]["data"][row * width : (row + 1) * width]
            answer["probabilities"] = dict(zip(map(str, labels), values, strict=True))
        yield of_json(answer)

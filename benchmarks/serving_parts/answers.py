"""What models answer to rows, bit for bit, from `Model.predict`: what a served answer is held against."""

import json

import polars as pl

import mainstay
from serving_parts.client import post
from serving_parts.forest import FEATURES


def expected(forest):
    """Return (digest, [answer per row]) of a forest's bundle, in the words of `told`."""
    model = mainstay.load(forest.bundle)
    found = model.predict(pl.DataFrame(forest.rows, schema=list(FEATURES)))
    return model.digest, [of_frame(row) for row in found.iter_rows(named=True)]


def of_frame(row):
    """Return a row of a frame of answers as what `of_json` makes of the same answer."""
    chances = {
        name.removeprefix("probability_"): value for name, value in row.items() if name.startswith("probability_")
    }
    known = {name: row[name] for name in ("prediction", "low", "high", "prediction_set") if name in row}
    return _settled({**known, **({"probabilities": chances} if chances else {})})


def of_json(answer):
    """Return the parts of a served answer that the model decides."""
    known = ("prediction", "low", "high", "prediction_set", "probabilities")
    return _settled({name: answer[name] for name in known if name in answer})


def _settled(answer):
    """Return an answer as text in which only equal bits are equal: labels as text, numbers in full."""
    if isinstance(answer.get("prediction_set"), (list, tuple)):
        answer["prediction_set"] = [str(label) for label in answer["prediction_set"]]
    if "probabilities" in answer:
        answer["prediction"] = str(answer["prediction"])
    return json.dumps(answer, sort_keys=True)


class Judge:
    """Holds every answer against what the model of its digest says to that row; counts what is wrong.

    `known` is {digest: [answer per row]}. `mixed` holds answers whose values are another model's than the digest's,
    `failed` all that was no answer.
    """

    def __init__(self, known):
        self.known = known
        self.right = 0
        self.mixed, self.failed = [], []
        self.by_digest = dict.fromkeys(known, 0)
        self.last = None
        self.row_of_last = 0

    def answered(self, row, status, body, _seconds):
        if status != 200:
            self.failed.append(f"{status}: {body[:200]!r}")
            return
        answer = json.loads(body)
        digest = answer["digest"]
        if digest not in self.known or of_json(answer) != self.known[digest][row]:
            self.mixed.append(f"row {row}: {body[:300]!r}")
            return
        self.right += 1
        self.by_digest[digest] += 1
        self.row_of_last = 1 if digest != self.last else self.row_of_last + 1
        self.last = digest

    def broken(self, _row, problem):
        self.failed.append(problem)


def requests_for(forest, port, path="/predict"):
    """Return the request bytes of every row."""
    return [post(path, json.dumps(forest.cells(row)).encode(), port) for row in range(len(forest.rows))]


def mixed_requests(forest, port):
    """Return requests of one row and, every tenth, of 25."""
    singles = requests_for(forest, port)
    rows = [forest.cells(row) for row in range(len(forest.rows))]
    for place in range(0, len(singles), 10):
        part = [rows[(place + more) % len(rows)] for more in range(25)]
        singles[place] = post("/predict", json.dumps({"rows": part}).encode(), port)
    return singles

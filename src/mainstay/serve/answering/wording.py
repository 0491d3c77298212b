"""Answers as JSON, written once for every endpoint, the log and the replay: the same answer is the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import Outputs

__all__ = ["Writer", "finished"]

_encode = msgspec.json.Encoder().encode


class Writer:
    """Writes the answers of one model.

    Parameters
    ----------
    outputs : Outputs

    Examples
    --------
    >>> from mainstay.bundle.predict import Answers
    >>> from mainstay.bundle.records import Outputs
    >>> outputs = Outputs(task="classification", target="t", labels=("no", "yes"))
    >>> chances = np.array([[0.25, 0.75]], np.float32)
    >>> said = Answers(np.array(["yes"], object), chances, (), np.zeros(1, np.bool_))
    >>> Writer(outputs).write(said)
    [b'{"prediction":"yes","probabilities":{"no":0.25,"yes":0.75}}']
    """

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        names = b",".join(_doubled(_encode(_key(label))) + b":%b" for label in outputs.labels)
        # A form for each label, to be filled with the probabilities; what stands in it is written once.
        self._forms = {
            label: b'{"prediction":' + _doubled(_encode(label)) + b',"probabilities":{' + names + b"}}"
            for label in (*outputs.labels, None)
        }

    def write(self, answers: Answers) -> list[bytes]:
        """Return one JSON object per row; what is written for a refused row means nothing."""
        if self._outputs.task == "regression":
            return self._amounts(answers)
        return self._classes(answers)

    def _amounts(self, answers: Answers) -> list[bytes]:
        values = answers.prediction.tolist()
        if answers.low is None or answers.high is None:
            return [b'{"prediction":' + _encode(value) + b"}" for value in values]
        limits = zip(values, answers.low.tolist(), answers.high.tolist(), strict=True)
        return [_encode({"prediction": value, "low": low, "high": high}) for value, low, high in limits]

    def _classes(self, answers: Answers) -> list[bytes]:
        if answers.probabilities is None or not len(answers.probabilities):
            return []
        # All numbers are written by one call, and taken apart again: [[0.25,0.75],[0.5,0.5]].
        rows = _encode(answers.probabilities.tolist())[2:-2].split(b"],[")
        forms = self._forms
        written = [forms[label] % tuple(row.split(b",")) for label, row in zip(answers.prediction, rows, strict=True)]
        if answers.members is None:
            return written
        sets = zip(written, self._sets(answers), strict=True)
        return [one[:-1] + b',"prediction_set":' + members + b"}" for one, members in sets]

    def _sets(self, answers: Answers) -> list[bytes]:
        """Return the labels in each row's prediction set, the most probable first."""
        labels = self._outputs.labels
        order = np.argsort(-np.asarray(answers.probabilities), axis=1, kind="stable")
        members = np.asarray(answers.members)
        return [_encode([labels[at] for at in row if inside[at]]) for row, inside in zip(order, members, strict=True)]


def _doubled(written: bytes) -> bytes:
    """Return JSON as it stands in a form, where a percent sign means something."""
    return written.replace(b"%", b"%%")


def _key(label: object) -> str:
    """Return a label as the key of an object: as JSON writes it, a text as it is."""
    return label if isinstance(label, str) else _encode(label).decode()


def finished(answer: bytes, further: Mapping[str, Any] | Sequence[tuple[str, bytes]]) -> bytes:
    """Return a JSON object with more members at its end.

    Parameters
    ----------
    answer : bytes
        A JSON object that is not empty.
    further : mapping, or sequence of name and JSON

    Examples
    --------
    >>> finished(b'{"prediction":1.5}', {"id": "a-0"})
    b'{"prediction":1.5,"id":"a-0"}'
    """
    if not further:
        return answer
    if not hasattr(further, "items"):
        parts = [_encode(name) + b":" + value for name, value in further]
    else:
        parts = [_encode(name) + b":" + _encode(value) for name, value in further.items()]
    return answer[:-1] + b"," + b",".join(parts) + b"}"

"""Alarms as JSON, written once for every endpoint, the log and the replay, and read back by whoever counts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mainstay.bundle.detectors import DetectorAnswers

__all__ = ["flagged", "write_alarms"]

_encode = msgspec.json.Encoder().encode
_FLAGGED = re.compile(rb'\{"score":[^,"]+,"p_value":[^,"]+,"flagged":true,')


def write_alarms(answers: DetectorAnswers) -> list[bytes]:
    """Return one JSON object per row; what is written for a refused row means nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.bundle.detectors import DetectorAnswers
    >>> one, no = np.ones(1), np.zeros(1, np.bool_)
    >>> said = DetectorAnswers(one * 2.5, one * 0.25, ~no, ("amount 7: usually 1 to 2",), one[:, None], (), no)
    >>> write_alarms(said)
    [b'{"score":2.5,"p_value":0.25,"flagged":true,"reason":"amount 7: usually 1 to 2"}']
    """
    if not len(answers.score):
        return []
    # All numbers are written by one call, and taken apart again: [[2.5,0.25],[0.5,null]].
    pairs = zip(answers.score.tolist(), answers.p_value.tolist(), strict=True)
    numbers = _encode([*pairs])[2:-2].split(b"],[")
    written = []
    for both, alarm, reason in zip(numbers, answers.flagged.tolist(), answers.reason, strict=True):
        score, p_value = both.split(b",")
        form = b'{"score":%b,"p_value":%b,"flagged":%b,"reason":%b}'
        written.append(form % (score, p_value, b"true" if alarm else b"false", _encode(reason)))
    return written


def flagged(body: bytes) -> bool:
    """Return whether an answer of :func:`write_alarms` is an alarm, whatever was added at its end.

    Examples
    --------
    >>> flagged(b'{"score":2.5,"p_value":0.25,"flagged":true,"reason":"a"}'), flagged(b'{"prediction":1.5}')
    (True, False)
    """
    return _FLAGGED.match(body) is not None

"""A request of the protocol from its body to its response, on the way that all rows go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mainstay.contracts.errors import RequestError
from mainstay.serve.predicting import Predicting
from mainstay.serve.protocol_v2.request import read_request
from mainstay.serve.protocol_v2.response import check_outputs, write_response
from mainstay.serve.protocol_v2.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serve.answering.served import Answered, ServedModel
    from mainstay.serve.protocol_v2.response import Written
    from mainstay.serve.protocol_v2.rows import Rows
    from mainstay.serve.serving import Serving
    from mainstay.serve.shelf import Place

__all__ = ["Inference", "Inferring"]


class Inference(NamedTuple):
    """A request: whom it asks, what, since when, and how much of the body is JSON where that is said."""

    place: Place
    model: ServedModel
    body: bytes
    began: float
    header: bytes | None


class Inferring:
    """Answers requests of the protocol.

    Parameters
    ----------
    serving : Serving
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._predicting = Predicting(serving)

    async def answer(self, asked: Inference) -> Written:
        """Return the response; one refused row refuses the request, for the protocol has no place for its error.

        Raises
        ------
        RequestError
        """
        model = asked.model
        request, parts = read_request(asked.body, asked.header)
        check_outputs(model, request)
        given = rows_of(model, request, parts, self._serving.limits.max_rows)
        answered = await self._predicting.answer_rows(model, given.rows, numbered=True)
        _refuse(answered, given, lambda rows: self._serving.metrics.rows_refused(asked.place.number, rows))
        identities = [self._serving.identities.new() for _ in answered]
        seconds = time.perf_counter() - asked.began
        bodies = [one.body for one in answered]
        kept = None
        if self._serving.log is not None:
            entries = zip(identities, map(msgspec.json.encode, given.rows), bodies, strict=True)
            kept = await self._predicting.remember(model, list(entries), seconds)
        self._serving.metrics.answered(asked.place.number, seconds, len(answered))
        if model.tallied:
            self._predicting.tally(asked.place, answered)
        answers = [
            {**msgspec.json.decode(body), "id": identity} for body, identity in zip(bodies, identities, strict=True)
        ]
        return write_response(model, request, answers, _parameters(model, given, answers, kept))


def _refuse(answered: Sequence[Answered], given: Rows, count: Any) -> None:
    errors = [(at, one.error) for at, one in enumerate(answered) if one.error is not None]
    if not errors:
        return
    count(len(errors))
    at, first = errors[0]
    refused = f"{len(errors):,} of {len(answered):,} rows {'is' if len(errors) == 1 else 'are'} refused; the first: "
    raise RequestError(
        f"{refused if len(answered) > 1 else ''}{first.message}", status=first.status,
        where=given.place(first.where, at), hint=first.hint, code=first.code,
    )  # fmt: skip


def _parameters(
    model: ServedModel, given: Rows, answers: Sequence[dict[str, Any]], kept: bool | None
) -> dict[str, Any]:
    """Return what is said of all answers: which bytes gave them, what was warned of, whether they are kept."""
    # A column that is left out has no place of its own, and its warning is the same for all rows.
    warnings = {
        (warning["code"], place, warning["message"]): {**warning, "where": place}
        for at, answer in enumerate(answers)
        for warning in answer.get("warnings", ())
        for place in (given.place(warning["where"], at),)
    }
    said: dict[str, Any] = {"digest": model.digest}
    if warnings:
        said["warnings"] = list(warnings.values())
    if kept is not None:
        said["logged"] = kept
    return said

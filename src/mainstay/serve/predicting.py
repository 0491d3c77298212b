"""A prediction from its body to the bytes of its response, logged on the way."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.alarm_wording import flagged
from mainstay.serve.answering.asked import raw_rows, read_body
from mainstay.serve.answering.cluster_wording import assigned
from mainstay.serve.answering.served import refuse_all
from mainstay.serve.answering.turns import SLOW_SECONDS
from mainstay.serve.answering.wording import finished
from mainstay.serve.log.record import Entry

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mainstay.serve.answering.asked import Asked, Row
    from mainstay.serve.answering.served import Answered, ServedModel
    from mainstay.serve.serving import Serving
    from mainstay.serve.shelf import Place

__all__ = ["Predicting", "Prediction"]

_INLINE_SECONDS = 0.002
"""What may be computed in the thread of the event loop; more goes to another thread."""

_MOST_EXPLAINED = 100
_EXPLAINED_TOGETHER = 16
_EXPLAIN_AT_A_TIME = 8


class Prediction(NamedTuple):
    """A request for predictions: whom it asks, what, since when, and the options of its address."""

    place: Place
    body: bytes
    began: float
    query: bytes = b""


class Predicting:
    """Answers requests for predictions.

    Parameters
    ----------
    serving : Serving
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._log = serving.log
        self._explaining = 0
        self._durable = serving.log is not None and serving.log.mode == "durable"
        self._new = serving.identities.new
        self._answered = serving.metrics.answered

    def waits(self, model: ServedModel) -> bool:
        """Return whether an answer may take longer than this turn of the loop."""
        return self._durable or model.seconds > SLOW_SECONDS

    def said(self, asked: Prediction, model: ServedModel, answered: Answered) -> bytes | Coroutine[None, None, bytes]:
        """Return the body of the response to a single row, at once unless it is to be kept before it is sent.

        Raises
        ------
        RequestError
            When the schema refuses the row.
        """
        if answered.error is not None:
            self._serving.metrics.rows_refused(asked.place.number, 1)
            raise answered.error
        identity = self._new()
        seconds = time.perf_counter() - asked.began
        self._answered(asked.place.number, seconds, 1)
        if model.tallied:
            self.tally(asked.place, (answered,))
        body = answered.body
        if self._log is not None:
            entry = _entry(model, (identity, asked.body, body), seconds)
            if self._durable:
                return self._kept(model, entry)
            self._log.record((entry,))
        return body[:-1] + model.tail + identity.encode() + b'"}'

    async def _kept(self, model: ServedModel, entry: Entry) -> bytes:
        """Return the body of the response to a single row once it is kept, or known not to be."""
        if self._log is None:
            raise RuntimeError
        kept = await self._log.keep((entry,))
        tail = b'","logged":true}' if kept else b'","logged":false}'
        return entry.output[:-1] + model.tail + entry.id.encode() + tail

    async def answer(self, asked: Prediction) -> bytes:
        """Return the body of the response to one row or many, with or without reasons.

        Raises
        ------
        RequestError
            When it cannot be read, or the schema refuses a row.
        """
        model = asked.place.model
        explain = _wants_reasons(asked.query)
        given = read_body(asked.body, self._serving.limits.max_rows)
        answered = await self.answer_rows(model, given.rows, numbered=not given.single)
        good = sum(one.error is None for one in answered)
        self._serving.metrics.rows_refused(asked.place.number, len(answered) - good)
        if given.on_error == "fail":
            error = refuse_all(answered, given)
            if error is not None:
                raise error
        reasons = await self._reasons(model, given.rows) if explain else [None] * len(answered)
        # Only answers count: a refused row is not in the log, and must not look like one that was lost.
        identities = [self._new() if one.error is None else self._serving.identities.request() for one in answered]
        seconds = time.perf_counter() - asked.began
        kept = None
        if self._log is not None:
            raws = raw_rows(asked.body, single=given.single)
            rows = zip(identities, raws, answered, strict=True)
            kept = await self.remember(model, [(name, raw, one.body) for name, raw, one in rows if one.body], seconds)
        self._answered(asked.place.number, seconds, good)
        if model.tallied:
            self.tally(asked.place, answered)
        parts = [_with_reason(one, why) for one, why in zip(answered, reasons, strict=True)]
        return _response(model, given, parts, identities, kept)

    def tally(self, place: Place, answered: Sequence[Answered]) -> None:
        """Count which clusters rows were given, and which rows were flagged."""
        for one in answered:
            said = assigned(one.body)
            if said is not None:
                self._serving.metrics.assigned(place.number, said.cluster, fits_none=said.fits_none)
            elif flagged(one.body):
                self._serving.metrics.flagged(place.number)

    async def answer_rows(self, model: ServedModel, rows: Sequence[Row], *, numbered: bool) -> list[Answered]:
        """Answer rows, in another thread where there is much to do."""
        if len(rows) * model.seconds < _INLINE_SECONDS:
            return model.answer_rows(rows, numbered=numbered)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._serving.threads, lambda: model.answer_rows(rows, numbered=numbered))

    async def _reasons(self, model: ServedModel, rows: Sequence[Row]) -> list[Any]:
        """Return why rows get their answers, in parts, so that who gives up waiting ends the work."""
        if len(rows) > _MOST_EXPLAINED:
            raise RequestError(
                f"reasons are given for {_MOST_EXPLAINED} rows at a time, and {len(rows):,} came", status=413,
                where="$.rows", hint="Ask for fewer, or explain a file: mainstay explain.", code="too_many_rows",
            )  # fmt: skip
        if self._explaining >= _EXPLAIN_AT_A_TIME:
            raise RequestError(
                "the server is giving reasons to as many as it can", status=503, where="explain", code="overloaded",
                hint="Try again in a second, or ask without ?explain=true.", headers={"retry-after": "1"},
            )  # fmt: skip
        loop, found = asyncio.get_running_loop(), list[Any]()
        self._explaining += 1
        try:
            for at in range(0, len(rows), _EXPLAINED_TOGETHER):
                part = rows[at : at + _EXPLAINED_TOGETHER]
                found += await loop.run_in_executor(self._serving.shelf.reasons, model.explain, part)
        finally:
            self._explaining -= 1
        return found

    async def remember(
        self, model: ServedModel, rows: Sequence[tuple[str, bytes, bytes]], seconds: float
    ) -> bool | None:
        """Give answers to the log: whether they are kept, or None where the answer does not wait for it.

        Parameters
        ----------
        model : ServedModel
        rows : sequence of (id, inputs, output)
        seconds : float
            What the answer took.
        """
        if self._log is None or not rows:
            return None
        entries = [_entry(model, row, seconds) for row in rows]
        if self._log.mode == "durable":
            return await self._log.keep(entries)
        self._log.record(entries)
        return None


def _entry(model: ServedModel, row: tuple[str, bytes, bytes], seconds: float) -> Entry:
    began = time.time_ns() - int(seconds * 1e9)
    return Entry(row[0], began, model.name, model.digest, row[1], row[2], int(seconds * 1e6))


def _wants_reasons(query: bytes) -> bool:
    """Return whether the address asks for reasons.

    Raises
    ------
    RequestError
        When it asks for anything else.
    """
    if not query:
        return False
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    for name in given:
        if name != "explain":
            raise RequestError(
                f"there is no parameter {name[:50]!r}", status=422, where="query", code="unknown_field",
                hint="There is one: ?explain=true.",
            )  # fmt: skip
    word = given.get("explain", ["false"])[-1].lower()
    if word not in ("true", "false", "1", "0"):
        raise RequestError(
            f"explain is true or false, and {word[:20]!r} came", status=422, where="query", code="bad",
            hint="Write ?explain=true.",
        )  # fmt: skip
    return word in ("true", "1")


def _with_reason(answered: Answered, reason: Any) -> Answered:
    if reason is None or not answered.body:
        return answered
    return answered._replace(body=finished(answered.body, {"explanation": reason}))


def _response(
    model: ServedModel, given: Asked, answered: list[Answered], identities: list[str], kept: bool | None
) -> bytes:
    logged = b"" if kept is None else b',"logged":true' if kept else b',"logged":false'
    if given.single:
        return answered[0].body[:-1] + model.tail + identities[0].encode() + b'"' + logged + b"}"
    rows = []
    for one, identity in zip(answered, identities, strict=True):
        if one.error is None:
            rows.append(one.body[:-1] + b',"id":"' + identity.encode() + b'"}')
        else:
            rows.append(msgspec.json.encode({"error": {**one.error.to_dict(), "id": identity}, "id": identity}))
    head = model.tail.removeprefix(b",").removesuffix(b',"id":"')
    return b'{"predictions":[' + b",".join(rows) + b"]," + head + logged + b"}"

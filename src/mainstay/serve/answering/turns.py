"""Requests that arrive in one turn of the event loop are answered together.

No request waits for another: what has come by the end of the turn is computed as one block, so that the cost of a call
into the runtime is shared. A row's answer is the same bits in any block (the law that training and tests prove), and
each waiter gets the answer of its own place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mainstay.serve.answering.asked import Cell
    from mainstay.serve.answering.served import Answered, ServedModel

__all__ = ["SLOW_SECONDS", "TURN_ROWS", "Turns", "Waiter"]

TURN_ROWS = 64
"""The most rows that one turn computes; more wait for the next, so that the loop is never held for long."""

SLOW_SECONDS = 0.001
"""A model that takes longer for a row is not computed in the thread of the event loop."""


class Waiter(Protocol):
    """Who waits for an answer: a future, or whatever takes the answer as a future does."""

    def done(self) -> bool:
        """Say whether an answer is no longer wanted."""
        ...

    def set_result(self, result: Answered, /) -> None:
        """Take the answer."""
        ...

    def set_exception(self, exception: Exception, /) -> None:
        """Take the error that came instead."""
        ...


_Waiting = tuple[tuple["Cell", ...], bytes, Waiter]


class Turns:
    """Collects single rows of plain cells for one model, and answers them at the end of the turn.

    Parameters
    ----------
    model : ServedModel
    threads : Executor
        For a model that takes long.
    """

    def __init__(self, model: ServedModel, threads: Executor) -> None:
        self._model = model
        self._threads = threads
        self._waiting: list[_Waiting] = []

    def ask(self, body: bytes, loop: asyncio.AbstractEventLoop | None) -> asyncio.Future[Answered] | None:
        """Return what will be the answer to a body that is one row of plain cells; None for any other body.

        It comes by the end of this turn, or from a thread where the model takes long.

        Parameters
        ----------
        body : bytes
        loop : event loop, optional
            The one that runs, where the caller knows it.
        """
        loop = loop or asyncio.get_running_loop()
        future: asyncio.Future[Answered] = loop.create_future()
        return future if self.give(body, loop, future) else None

    def give(self, body: bytes, loop: asyncio.AbstractEventLoop, waiter: Waiter) -> bool:
        """Let somebody wait for the answer to a body; False where the body is not one row of plain cells."""
        cells = self._model.plain_cells(body)
        if cells is None:
            return False
        if not self._waiting:
            # Once around the loop first: it looks at the sockets between, and a block of 16 rows costs as two of 3.
            loop.call_soon(loop.call_soon, self._answer, loop)
        self._waiting.append((cells, body, waiter))
        return True

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        turn, self._waiting = self._waiting[:TURN_ROWS], self._waiting[TURN_ROWS:]
        if self._waiting:
            loop.call_soon(self._answer, loop)
        if self._model.seconds > SLOW_SECONDS:
            computed = loop.run_in_executor(self._threads, self._answers, turn)
            computed.add_done_callback(lambda done: self._hand_out(turn, done))
            return
        try:
            answered = self._answers(turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must reach those who wait
            self._one_by_one(turn, error)
        else:
            _settle(turn, answered)

    def _answers(self, turn: list[_Waiting]) -> list[Answered]:
        return self._model.answer_plain([cells for cells, _, _ in turn], [body for _, body, _ in turn])

    def _hand_out(self, turn: list[_Waiting], computed: asyncio.Future[list[Answered]]) -> None:
        error = computed.exception()
        if isinstance(error, Exception):
            self._one_by_one(turn, error)
        elif error is None:
            _settle(turn, computed.result())

    def _one_by_one(self, turn: list[_Waiting], error: Exception) -> None:
        """Answer each row by itself after a block has failed, so that one row cannot take the others with it."""
        for waiting in turn:
            waiter = waiting[2]
            if waiter.done():
                continue
            if len(turn) == 1:
                waiter.set_exception(error)
                continue
            try:
                answered = self._answers([waiting])[0]
            except Exception as own:  # noqa: BLE001 - as above
                waiter.set_exception(own)
            else:
                waiter.set_result(answered)


def _settle(turn: list[_Waiting], answered: list[Answered]) -> None:
    for (_, _, waiter), answer in zip(turn, answered, strict=True):
        if waiter.done():
            continue
        try:
            waiter.set_result(answer)
        except Exception as error:  # noqa: BLE001 - whatever one connection does, the others get their answers
            asyncio.get_running_loop().call_exception_handler(
                {"message": "an answer was not taken", "exception": error}
            )

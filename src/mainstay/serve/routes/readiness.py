"""Whether the models answer as they did when they were packed: asked by every supervisor, so computed once a moment."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contracts.errors import MainstayError

if TYPE_CHECKING:
    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.serving import Serving

__all__ = ["Readiness"]

_SECONDS = 1.0
"""How long a verdict holds. Replaying golden rows is work, and a storm of questions must not become a storm of it."""

Verdict = dict[str, Any]


class Readiness:
    """Replays golden rows, at most once a second however often it is asked.

    Parameters
    ----------
    serving : Serving
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._verdicts: dict[str, Verdict] = {}
        self._until = 0.0
        self._digests: tuple[str, ...] = ()
        self._running: asyncio.Task[None] | None = None

    async def verdicts(self) -> dict[str, Verdict]:
        """Return for each model whether it is ready, its digest, and the number of golden rows or what is wrong."""
        if time.monotonic() >= self._until or self._digests != self._served():
            running = self._running
            if running is None or running.done() or running.get_loop() is not asyncio.get_running_loop():
                running = self._running = asyncio.create_task(self._check())
            await asyncio.shield(running)  # whoever asked may go away, and others wait for the same
        return self._verdicts

    async def document(self) -> dict[str, Any]:
        """Return what ``/health/ready`` says to whoever may know it."""
        models = await self.verdicts()
        ready = all(verdict["ready"] for verdict in models.values())
        said: dict[str, Any] = {"status": "ready" if ready else "not ready", "models": models}
        if self._serving.log is not None:
            said["log"] = msgspec.to_builtins(self._serving.log.state)
        if self._serving.draining:
            said["status"] = "ending"
        return said

    def _served(self) -> tuple[str, ...]:
        return tuple(place.model.digest for place in self._serving.shelf.places.values())

    async def _check(self) -> None:
        models = [place.model for place in self._serving.shelf.places.values()]
        found = await asyncio.to_thread(lambda: {model.name: self._verdict(model) for model in models})
        self._verdicts, self._digests = found, tuple(model.digest for model in models)
        self._until = time.monotonic() + _SECONDS

    def _verdict(self, model: ServedModel) -> Verdict:
        try:
            return {"ready": True, "digest": model.digest, "golden_rows": model.check()}
        except MainstayError as error:
            return {"ready": False, "digest": model.digest, "message": error.message}
        except Exception as error:  # noqa: BLE001 - a model that cannot answer at all is not ready either
            self._serving.journal.event("not_ready", model=model.name, error=type(error).__name__)
            return {"ready": False, "digest": model.digest, "message": "the golden rows get no answer"}

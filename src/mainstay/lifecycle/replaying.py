"""The verb that asks models again what a log says they answered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.model import Model, load
from mainstay.lifecycle.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mainstay.serve.replaying import ReplayReport

__all__ = ["ReplayResult", "replay"]


@dataclass(frozen=True, repr=False)
class ReplayResult(Result):
    """What a replay found; ``figures`` is ``{log, ok, checked, same, different, other_model, unreadable, ...}``."""

    @property
    def ok(self) -> bool:
        """Whether all that was asked for could be asked again, and gave the same bytes."""
        return bool(self.figures["ok"])

    def headline(self) -> str:
        """Return how many answers are the same."""
        figures = self.figures
        return f"{figures['same']:,} of {figures['checked']:,} logged answers are the same bytes"

    def table(self) -> list[tuple[str, ...]]:
        """Return the first answers that differ."""
        rows = [(one["id"], one["stored"], one["recomputed"]) for one in self.figures["differences"]]
        return [("id", "logged", "answered now"), *rows] if rows else []


def replay(
    log: str | Path,
    *,
    model: Model | str | Path | Sequence[Model | str | Path],
    id: str | Sequence[str] = (),  # noqa: A002 - the name that the option of the command has
    since: str | datetime | int | None = None,
    until: str | datetime | int | None = None,
    limit: int | None = None,
) -> ReplayResult:
    """Answer logged rows again, and compare each answer byte for byte with the one that was given.

    The log is only read, and may be written to meanwhile. An entry is asked of the model file whose digest it names;
    entries of other models are counted and left alone.

    Parameters
    ----------
    log : path or URL
        What ``log`` of :func:`mainstay.serve` was given.
    model : Model or path, or sequence of these
    id : str or sequence of str
        Only these predictions, by the ids in their answers.
    since, until : str, datetime or int, optional
        Only entries from here on, and before there: ``"2026-03-01"`` or ``"2026-03-01T12:00"``, in UTC unless it says
        otherwise, or nanoseconds since 1970.
    limit : int, optional
        At most so many entries, the oldest first.

    Raises
    ------
    UsageError
        When there is no such log, or a time cannot be read.
    DataError
        When the log cannot be read to its end.
    BundleError
        When a model file is refused.

    Examples
    --------
    >>> import json, mainstay, urllib.request
    >>> with mainstay.serve("left.mainstay", port=0, log="answers.db", background=True) as server:
    ...     row = json.dumps({"age": 31, "city": "Bern"}).encode()
    ...     request = urllib.request.Request(server.url + "/predict", row, {"content-type": "application/json"})
    ...     answer = json.load(urllib.request.urlopen(request))
    >>> figures = mainstay.replay("answers.db", model="left.mainstay", id=answer["id"]).to_dict()
    >>> figures["checked"], figures["same"]
    (1, 1)
    """
    from mainstay.serve.replaying import replay as ask_again

    if limit is not None and limit < 1:
        raise UsageError(f"the number of entries must be at least 1, and {limit} came", where="limit")
    models = [model] if isinstance(model, Model | str | Path) else list(model)
    opened = [one if isinstance(one, Model) else load(one) for one in models]
    wanted = (id,) if isinstance(id, str) else tuple(id)
    bundles = [one.bundle for one in opened]
    found = ask_again(str(log), bundles, ids=wanted, since=since, until=until, limit=limit)
    return ReplayResult(_figures(found, opened))


def _figures(found: ReplayReport, opened: Sequence[Model]) -> dict[str, object]:
    figures = msgspec.to_builtins(found)
    figures["missing"] = list(figures.pop("missing_ids"))
    return {"ok": found.ok, **figures, "digests": [one.digest for one in opened]}

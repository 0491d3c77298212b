"""The exchange of a model within one process: first all that can fail, then one assignment between two requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.bundle.open import open_bundle
from mainstay.contracts.errors import UsageError
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.processes.contract import contract_changes

if TYPE_CHECKING:
    from mainstay.serve.serving import Serving

__all__ = ["prepare", "put"]

_SHOWN_CHANGES = 5


def prepare(serving: Serving, name: str, data: bytes, *, allow_schema_change: bool = False) -> ServedModel:
    """Open a model with every check and the replay of its golden rows, and make it ready; may take a while.

    Raises
    ------
    BundleError
        When the bytes are refused.
    UsageError
        When its clients would trip over it, and that is not allowed.
    """
    place = serving.shelf[name]
    bundle = open_bundle(data, where=f"model {name}")
    changes = contract_changes(place.model.bundle, bundle)
    if changes and not allow_schema_change:
        more = f", and {len(changes) - _SHOWN_CHANGES} more" if len(changes) > _SHOWN_CHANGES else ""
        raise UsageError(
            f"clients of {name!r} would trip over the new model: {'; '.join(changes[:_SHOWN_CHANGES])}{more}",
            where=name, code="schema_change",
            hint="Serve it under a name of its own, or start the server with --allow-schema-change.",
        )  # fmt: skip
    return ServedModel(name, bundle)


def put(serving: Serving, model: ServedModel, *, count: bool = True) -> None:
    """Let requests that begin from now on have a model that was prepared; in the thread of the event loop.

    Where the same one stands there already nothing happens.
    """
    place = serving.shelf[model.name]
    if model.digest == place.model.digest:
        return
    place.put(model)
    if count:
        serving.metrics.swapped(place.number, done=True)

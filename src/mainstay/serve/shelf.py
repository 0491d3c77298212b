"""The models that are served now, by name; a model is replaced between two requests, never within one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mainstay.contracts.errors import RequestError, UsageError
from mainstay.serve.answering.asked import nearest
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.answering.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from mainstay.bundle.open import Bundle

__all__ = ["Place", "Shelf"]


class Place:
    """One name on the shelf, and the model that stands there now.

    A request takes ``model`` and ``turns`` once, at its beginning, and keeps them to its end.

    Attributes
    ----------
    number : int
        The position on the shelf, for counters.
    model : ServedModel
    turns : Turns
    """

    def __init__(self, number: int, model: ServedModel, threads: Executor) -> None:
        self.number = number
        self.name = model.name
        self._threads = threads
        self.put(model)

    def put(self, model: ServedModel) -> None:
        """Let requests that begin from now on have this model; those that have begun keep theirs."""
        self.model = model
        self.turns = Turns(model, self._threads)


class Shelf:
    """The served models; the first is the one that ``/predict`` asks.

    Parameters
    ----------
    bundles : mapping of str to Bundle

    Attributes
    ----------
    places : dict of str to Place
    threads : ThreadPoolExecutor
        For answers that take longer than the thread of the event loop may be held.
    reasons : ThreadPoolExecutor
        For explanations, which take longer still and must not keep answers waiting.

    Raises
    ------
    UsageError
        When there is none.
    """

    def __init__(self, bundles: Mapping[str, Bundle]) -> None:
        if not bundles:
            raise UsageError("a server needs a model", where="serve", hint="Give a .mainstay file.")
        self.threads = ThreadPoolExecutor(2, thread_name_prefix="answers")
        self.reasons = ThreadPoolExecutor(1, thread_name_prefix="reasons")
        self.places = {
            name: Place(number, ServedModel(name, bundle), self.threads)
            for number, (name, bundle) in enumerate(bundles.items())
        }
        self.first = next(iter(self.places.values()))

    def __getitem__(self, name: str) -> Place:
        """Return a place by its name.

        Raises
        ------
        RequestError
            With status 404.
        """
        place = self.places.get(name)
        if place is None:
            known = tuple(self.places)
            raise RequestError(
                f"there is no model {name[:100]!r}", status=404, where="path", hint=nearest(name, known).replace(
                    "The columns are", "The models are"), code="not_found",
            )  # fmt: skip
        return place

    def swap(self, name: str, bundle: Bundle) -> ServedModel:
        """Put another bundle in the place of a name, and return what stood there.

        The bundle has been opened, so it has been checked and its golden rows were replayed.
        """
        place = self[name]
        before = place.model
        if bundle.digest != before.digest:
            place.put(ServedModel(name, bundle))
        return before

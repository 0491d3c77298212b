"""Further candidates when the portfolio is through and time is left: what did well, changed a little.

A good setting's neighbours are about as good and err elsewhere, so the blend gains from them where searching the whole
space would gain less in the same seconds. With few rows no more is tried than those rows can tell apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.learners.catalogue import learner

if TYPE_CHECKING:
    from mainstay.contracts.learner import Parameter, Value
    from mainstay.train.candidates import Candidate
    from mainstay.train.search import Entry

__all__ = ["Variants"]

_SIZE = "n_estimators"
_PARENTS = 5  # the best so many candidates have variants
_CHANGED = 0.6  # of the parameters with a range are drawn anew
_REACH = 0.25  # of the range, as the deviation of a draw around the parent's value
_PATIENCE = 0.4  # the variants in a row without gain after which none is tried: rows to this power


class Variants:
    """Proposes neighbours of the best candidates, until a number of them in a row has brought nothing.

    Parameters
    ----------
    seed : int
    rows : int
        The rows to learn from.

    Examples
    --------
    >>> Variants(seed=0, rows=1_000).propose() is None
    True
    """

    def __init__(self, *, seed: int, rows: int) -> None:
        self._draw = np.random.default_rng(seed)
        self._patience = max(4, min(40, int(rows**_PATIENCE)))
        self._known: dict[str, tuple[float, Candidate]] = {}
        self._waiting: set[str] = set()
        self._count = 0
        self._idle = 0

    def propose(self) -> Candidate | None:
        """Return the next variant; None where none did well enough yet, or nothing was gained for a while."""
        parents = self._parents()
        if not parents or self._idle + len(self._waiting) >= self._patience:
            return None
        parent = parents[self._count % len(parents)]
        self._count += 1
        settings = {**parent.settings, **self._drawn(parent)}
        base = parent.name.partition("_variant_")[0]
        made = msgspec.structs.replace(parent, name=f"{base}_variant_{self._count}", settings=settings, always=False)
        self._waiting.add(made.name)
        return made

    def tell(self, entry: Entry) -> None:
        """Note what became of a candidate; a variant brought something if it is among the best now."""
        candidate, value = entry.candidate, entry.value
        mine = candidate.name in self._waiting
        self._waiting.discard(candidate.name)
        if entry.status == "done" and value is not None and math.isfinite(value):
            self._known[candidate.name] = (value, candidate)
        if mine:
            self._idle = 0 if candidate in self._parents() else self._idle + 1

    def _parents(self) -> list[Candidate]:
        able = [(value, one) for value, one in self._known.values() if _ranges(one)]
        return [one for _, one in sorted(able, key=lambda pair: -pair[0])[:_PARENTS]]

    def _drawn(self, parent: Candidate) -> dict[str, Value]:
        ranges = _ranges(parent)
        chosen = [one for one in ranges if self._draw.random() < _CHANGED] or ranges[:1]
        return {one.name: self._near(one, parent.settings.get(one.name, one.default)) for one in chosen}

    def _near(self, parameter: Parameter, value: Value) -> Value:
        """Draw a value near the parent's, on the scale on which the parameter is searched."""
        low, high = parameter.search or (0.0, 1.0)
        low, high = min(low, float(value)), max(high, float(value))
        logs = parameter.log and low > 0
        scale = math.log if logs else float
        start, end = scale(low), scale(high)
        drawn = min(max(scale(float(value)) + _REACH * (end - start) * self._draw.standard_normal(), start), end)
        found = math.exp(drawn) if logs else drawn
        whole = isinstance(parameter.default, int)
        return min(max(round(found), math.ceil(low)), math.floor(high)) if whole else float(f"{found:.4g}")


def _ranges(candidate: Candidate) -> list[Parameter]:
    """Return the parameters that declare a range to search, but for the number of trees, which only costs more."""
    declared = learner(candidate.learner).parameters
    return [one for one in declared if one.name != _SIZE and one.search is not None and one.search[0] < one.search[1]]

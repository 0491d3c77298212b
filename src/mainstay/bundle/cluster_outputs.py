"""What the answers of a model that groups rows mean: the clusters' names, and how far away is too far."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from mainstay.contracts.clusters import Measure  # noqa: TC001 - msgspec reads the annotations
from mainstay.contracts.errors import UsageError

__all__ = ["ClusterOutputs"]


class ClusterOutputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer of a clustering means.

    Parameters
    ----------
    task : "clustering"
    names : tuple of str
        What people call each cluster, in the order of their numbers from 0; all different.
    measure : {"euclidean distance", "negative log density"}, default "euclidean distance"
        What the distances are.
    limits : tuple of float or None, default ()
        For each cluster how far from it a row may be and still fit: beyond it the row fits none. None and infinity
        are never beyond. Empty stands for None everywhere.
    level : float, default 0.01
        The share of rows like those of training for which the limits were made.
    rows : tuple of int, default ()
        How many training rows each cluster has; empty where it is not known.

    Raises
    ------
    UsageError
        When there is no cluster, two names are the same, or the others do not fit their number.

    Examples
    --------
    >>> ClusterOutputs(names=("small", "big"), limits=(2.5, float("inf"))).limits
    (2.5, None)
    """

    task: Literal["clustering"] = "clustering"
    names: tuple[str, ...]
    measure: Measure = "euclidean distance"
    limits: tuple[float | None, ...] = ()
    level: float = 0.01
    rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.names)
        if not count or len(set(self.names)) != count or not all(self.names):
            shown = ", ".join(repr(name) for name in self.names[:8])
            raise UsageError(f"clusters need names that differ, and {shown or 'none'} came", where="outputs")
        limits = self.limits or (None,) * count
        if len(limits) != count or any(limit is not None and math.isnan(limit) for limit in limits):
            raise UsageError(f"{count} clusters need as many limits, and {limits} came", where="outputs")
        if len(self.rows) not in (0, count) or any(number < 0 for number in self.rows):
            raise UsageError(f"{count} clusters need as many counts of rows, and {self.rows} came", where="outputs")
        if not 0 <= self.level < 1:
            raise UsageError(f"the level must be from 0 to 1, and {self.level} came", where="outputs")
        # JSON has no infinity; one word for "never" keeps a record equal to what comes back from the file.
        plain = tuple(None if limit is None or math.isinf(limit) else float(limit) for limit in limits)
        msgspec.structs.force_setattr(self, "limits", plain)

    @property
    def explained(self) -> str:
        """What an explanation of a row adds up to, in the names of the answers."""
        return "distance" if self.clusters == 1 else "second_distance - distance"

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return len(self.names)

    @property
    def graph_outputs(self) -> dict[str, tuple[str, int]]:
        """The outputs that a model graph must have: name, element type and width."""
        return {"distances": ("float64", len(self.names))}

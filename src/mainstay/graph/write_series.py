"""The detectors of a series into graph nodes: each sees its own view of a row, and says one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.graph.write_detectors import write_members, write_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.graph.builder import GraphBuilder

__all__ = ["View", "write_series"]

View = tuple["AnomalyBody", "NDArray[np.int64]", "NDArray[np.int64]"]
"""A body, the places in a row that it sees, and the column that each of them was made from."""


def write_series(builder: GraphBuilder, views: Sequence[View], columns: int, features: str) -> tuple[str, str]:
    """Write the raw scores of all members, and what each column adds to them.

    Parameters
    ----------
    builder : GraphBuilder
    views : sequence of View
        One at least.
    columns : int
        How many columns of values there are.
    features : str
        The rows, float32.

    Returns
    -------
    (str, str)
        float64 tensors of shape (n, members) and (n, members * columns).

    Raises
    ------
    UsageError
        When there is no view, or a body does not fit its view.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_bodies import Deviation
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(3, 0)
    >>> view = (Deviation(np.zeros(2), np.eye(2)), np.array([0, 2]), np.array([0, 1]))
    >>> members, terms = write_series(builder, [view], 2, "numbers")
    >>> len(builder.build({"members": members, "terms": terms})) > 0
    True
    """
    if not views:
        raise UsageError("a series needs a detector", where="series graph")
    members, terms = [], []
    for body, places, source in views:
        seen = builder.node("Gather", [features, builder.constant(places.astype(np.int64))], axis=1)
        members.append(write_members(builder, [body], seen, len(places)))
        terms.append(write_terms(builder, [body], source, columns, seen))
    return _side_by_side(builder, members), _side_by_side(builder, terms)


def _side_by_side(builder: GraphBuilder, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else builder.node("Concat", parts, axis=1)

"""A hierarchy of merges as lines to draw: the highest joins only, leaves in an order in which no lines cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.clusters.report_data import Merge
    from mainstay.evaluate.sections import Cell

__all__ = ["tree_lines"]

_MOST = 40


def tree_lines(merges: Sequence[Merge], k: int, most: int = _MOST) -> tuple[dict[str, list[Cell]], float | None, int]:
    """Return the lines of the tree, the height at which it falls into k, and how many leaves are drawn.

    Parameters
    ----------
    merges : sequence of Merge
        n - 1 joins of n leaves, heights rising.
    k : int
    most : int, default 40
        Leaves to draw; what joins below is one leaf.

    Returns
    -------
    dict
        ``x``, ``y``, ``x2``, ``y2`` of lines and, with a ``text``, of leaves.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.report_data import Merge
    >>> data, cut, leaves = tree_lines([Merge(0, 1, 1.0, 2), Merge(2, 3, 4.0, 3)], 2)
    >>> cut, leaves, data["text"].count("")
    (2.5, 3, 6)
    """
    total = len(merges) + 1
    shown = min(max(most, k), total)
    drawn = list(range(total - shown, total - 1))  # the joins that are drawn, by position
    inside = {total + position for position in drawn}
    places: dict[int, float] = {}
    _order(merges, total, inside, places)
    lines: list[tuple[float, float, float, float, str]] = []
    floor = merges[drawn[0]].height * 0.0 if drawn else 0.0
    for node, place in list(places.items()):
        rows = merges[node - total].rows if node >= total else 1
        lines.append((place, floor, place, floor, count(rows)))
    for position in drawn:
        join, node = merges[position], total + position
        ends = [
            (places[part], merges[part - total].height if part in inside else floor)
            for part in (join.first, join.second)
        ]
        places[node] = (ends[0][0] + ends[1][0]) / 2
        lines += [(place, low, place, join.height, "") for place, low in ends]
        lines.append((ends[0][0], join.height, ends[1][0], join.height, ""))
    cut = None
    if 1 < k <= shown:
        below = merges[total - k - 1].height if total > k else 0.0
        cut = (below + merges[total - k].height) / 2
    names = ("x", "y", "x2", "y2", "text")
    return {name: [line[at] for line in lines] for at, name in enumerate(names)}, cut, shown


def _order(merges: Sequence[Merge], total: int, inside: set[int], places: dict[int, float]) -> None:
    """Give the leaves that are drawn their places from left to right; larger groups first."""
    todo = [total + len(merges) - 1]
    while todo:
        node = todo.pop()
        if node not in inside:
            places[node] = float(len(places))
            continue
        join = merges[node - total]
        parts = sorted((join.first, join.second), key=lambda part: merges[part - total].rows if part >= total else 1)
        todo += parts

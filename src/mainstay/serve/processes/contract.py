"""What clients of a served model rely on, and how another model would break it.

A model that was trained again on newer rows has other ranges and has seen other categories; a client does not notice.
Other columns, kinds or labels are another contract: a swap in the night must not let them in unless it was said so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.bundle.open import Bundle
    from mainstay.contracts.schema import Column

__all__ = ["contract_changes"]

_POLICIES = {"on_bad": "bad", "on_missing": "missing", "on_unseen": "unseen", "on_range": "out of range"}


def contract_changes(before: Bundle, after: Bundle) -> list[str]:
    """Return in words what a client of one model would trip over with the other; nothing where there is nothing.

    Counted are: another task, other labels, other names or another order of clusters, a feature that is new, gone, of
    another kind or unit, one that may no longer be missing, and one that now refuses values which it took.
    """
    changes = []
    if before.task != after.task:
        changes.append(f"the task was {before.task} and is {after.task}")
    else:
        changes += _label_changes(before, after)
    old = {column.name: column for column in before.schema.features}
    new = {column.name: column for column in after.schema.features}
    changes += [f"{name!r} is a new column" for name in new if name not in old]
    known = {column.name for column in after.schema.columns}
    changes += [f"{name!r} is no column any more" for name in old if name not in known]
    for name in old.keys() & new.keys():
        changes += _column_changes(old[name], new[name])
    return sorted(changes)


def _label_changes(before: Bundle, after: Bundle) -> list[str]:
    """Return how the words of the answers differ; of clusters their order is their number, which clients keep."""
    if before.clusters is not None and after.clusters is not None:
        old, new = before.clusters.outputs.names, after.clusters.outputs.names
        return [] if old == new else [f"the clusters were {_words(old)} and are {_words(new)}"]
    if before.detector is not None:
        return []
    was, now = before.outputs.labels, after.outputs.labels
    return [] if set(was) == set(now) else [f"the labels were {_words(was)} and are {_words(now)}"]


def _column_changes(old: Column, new: Column) -> list[str]:
    changes = [
        f"the {what} of {old.name!r} was {getattr(old, what)!r} and is {getattr(new, what)!r}"
        for what in ("kind", "unit")
        if getattr(old, what) != getattr(new, what)
    ]
    changes += [
        f"{old.name!r} now refuses a value that is {said}"
        for policy, said in _POLICIES.items()
        if getattr(new, policy) == "reject" != getattr(old, policy)
    ]
    if old.nullable and not new.nullable:
        changes.append(f"{old.name!r} may no longer be missing")
    return changes


def _words(labels: tuple[object, ...]) -> str:
    shown = ", ".join(map(str, labels[:5]))
    return f"{shown}, ... ({len(labels)})" if len(labels) > 5 else shown

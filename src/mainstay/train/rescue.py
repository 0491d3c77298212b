"""What is left of a search that ran out of time: a model of some of the folds is better than none at all.

A candidate counts when all its folds are done, for only then its answers can be held against the others'. Where only
the baseline came so far, the folds that another candidate has done are taken for all there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.train.material import Material
    from mainstay.train.search import Entry

__all__ = ["rescue"]

_BASELINE = "baseline"


def rescue(entries: Sequence[Entry], material: Material) -> Material:
    """Return the material with as many folds as can be compared; candidates with just these count as done.

    Parameters
    ----------
    entries : sequence of Entry
        Changed where candidates are rescued.
    material : Material
    """
    if any(entry.status == "done" and entry.candidate.learner != _BASELINE for entry in entries):
        return material
    begun = [entry for entry in entries if entry.status in ("stopped", "skipped") and 0 in entry.results]
    begun = [entry for entry in begun if not entry.hopeless]
    most = max((_first_folds(entry) for entry in begun), default=0)
    if not most:
        return material
    for entry in entries:
        whole = _first_folds(entry) >= most
        if whole and (entry in begun or entry.status == "done"):
            _trim(entry, most, len(material.folds))
    return replace(material, folds=material.folds[:most])


def _first_folds(entry: Entry) -> int:
    """Return how many folds are done, counted from the first without a gap."""
    count = 0
    while count in entry.results:
        count += 1
    return count


def _trim(entry: Entry, most: int, all_folds: int) -> None:
    for part in (entry.jobs, entry.results, entry.validation, entry.holdout, entry.scores):
        for fold in [one for one in part if one >= most]:
            del part[fold]
    if entry.status != "done":
        entry.status, entry.reason = "done", f"the time was up after {most} of {all_folds} folds"

"""The decoded data of a run, laid out as plain array files that worker processes map into memory.

The target of the held-out rows is never written here: no worker that fits can see it. Their features are, so that it
can say what the library itself answers for them, which the parity gate later holds against the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from mainstay.contracts.arrays import Arrays, Terms
from mainstay.contracts.learner import Target
from mainstay.data.split import Fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["SHARED", "Material", "load_material", "save_material"]

SHARED = "shared-"
"""Beginning of the names of files that the fits of one material share."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the search works on.

    Parameters
    ----------
    arrays : Arrays
        The training rows.
    target : Target
        Of the training rows.
    folds : tuple of Fold
    holdout : Arrays
        The held-out rows, without their target.
    stops : tuple of int64 arrays, default ()
        The validation rows of all folds that were drawn, also of those that are not fitted: a fold looks among its
        training rows for those of others to find out when to stop.
    """

    arrays: Arrays
    target: Target
    folds: tuple[Fold, ...]
    holdout: Arrays
    stops: tuple[NDArray[np.int64], ...] = ()


class _Names(msgspec.Struct, frozen=True):
    task: Literal["classification", "regression"]
    classes: int
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    levels: tuple[int, ...]
    folds: int
    weighted: bool
    texts: tuple[str, ...] = ()
    terms: tuple[int, ...] = ()
    stops: int = 0


def save_material(material: Material, folder: Path) -> None:
    """Write the arrays into a folder, without objects; what earlier rows left there for all candidates goes."""
    for stale in folder.glob(f"{SHARED}*"):
        stale.unlink()
    arrays, target = material.arrays, material.target
    weighted = target.weight is not None
    names = _Names(
        target.task, target.classes, arrays.number_names, arrays.category_names, arrays.category_levels,
        len(material.folds), weighted, arrays.text_names, arrays.text_terms,
        len(material.stops),
    )  # fmt: skip
    (folder / "names.json").write_bytes(msgspec.json.encode(names))
    _save(folder, "train", arrays)
    _save(folder, "holdout", material.holdout)
    np.save(folder / "target.npy", target.values, allow_pickle=False)
    if target.weight is not None:
        np.save(folder / "weight.npy", target.weight, allow_pickle=False)
    for number, fold in enumerate(material.folds):
        np.save(folder / f"fold-{number}-train.npy", fold.train, allow_pickle=False)
        np.save(folder / f"fold-{number}-validation.npy", fold.validation, allow_pickle=False)
    for number, stop in enumerate(material.stops):
        np.save(folder / f"stop-{number}.npy", stop, allow_pickle=False)


def _save(folder: Path, part: str, arrays: Arrays) -> None:
    np.save(folder / f"{part}-numbers.npy", arrays.numbers, allow_pickle=False)
    np.save(folder / f"{part}-categories.npy", arrays.categories, allow_pickle=False)
    for place, text in enumerate(arrays.texts):
        np.save(folder / f"{part}-text-{place}-starts.npy", text.starts, allow_pickle=False)
        np.save(folder / f"{part}-text-{place}-ids.npy", text.ids, allow_pickle=False)


def load_material(folder: Path, folds: Sequence[int]) -> Material:
    """Map the arrays of a folder into memory; only the folds asked for."""
    names = msgspec.json.decode((folder / "names.json").read_bytes(), type=_Names)

    def array(name: str) -> NDArray[np.generic]:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]

    def terms(name: str) -> Terms:
        return Terms(np.asarray(array(f"{name}-starts"), np.int64), np.asarray(array(f"{name}-ids"), np.int32))

    def part(name: str) -> Arrays:
        return Arrays(
            np.asarray(array(f"{name}-numbers"), np.float32), names.numbers,
            np.asarray(array(f"{name}-categories"), np.int64), names.categories, names.levels,
            tuple(terms(f"{name}-text-{place}") for place in range(len(names.texts))), names.texts, names.terms,
        )  # fmt: skip

    weight = np.asarray(array("weight"), np.float64) if names.weighted else None
    chosen = tuple(
        Fold(np.asarray(array(f"fold-{i}-train"), np.int64), np.asarray(array(f"fold-{i}-validation"), np.int64))
        for i in folds
    )
    target = Target(names.task, np.asarray(array("target")), names.classes, weight)
    stops = tuple(np.asarray(array(f"stop-{i}"), np.int64) for i in range(names.stops))
    return Material(part("train"), target, chosen, part("holdout"), stops)

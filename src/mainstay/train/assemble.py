"""Writes the chosen members, all their folds and their preparation into one graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import TaskName
    from mainstay.train.fold import FoldModel

__all__ = ["Member", "assemble", "join_trees"]

_FLOAT = 1  # ONNX's number for float32


@dataclass(frozen=True, slots=True)
class Member:
    """A part of the blend: the average of its fold models.

    Parameters
    ----------
    name : str
    weight : float
    folds : tuple of FoldModel
    """

    name: str
    weight: float
    folds: tuple[FoldModel, ...]


def assemble(members: Sequence[Member], arrays: Arrays, task: TaskName) -> bytes:
    """Return the model file of a blend.

    Parameters
    ----------
    members : sequence of Member
        Weights sum to one.
    arrays : Arrays
        Decoded rows, for their widths.
    task : {"classification", "regression"}

    Returns
    -------
    bytes
        An ONNX model with the output "probabilities" (float32) or "prediction" (float64, one column).
    """
    builder = GraphBuilder(arrays.numbers.shape[1], arrays.categories.shape[1])
    total = ""
    for member in members:
        answer = _member(builder, member)
        weighted = builder.node("Mul", [answer, builder.constant(np.array(member.weight, np.float64))])
        total = builder.node("Add", [total, weighted]) if total else weighted
    if task == "classification":
        return builder.build({"probabilities": builder.node("Cast", [total], to=_FLOAT)})
    return builder.build({"prediction": total})


def _member(builder: GraphBuilder, member: Member) -> str:
    """Write the mean of the folds; trees over the same features without a link become one ensemble."""
    written = [(fold.recipe.write(builder), fold) for fold in member.folds]
    bodies = [fold.model.body for _, fold in written]
    same = len({features for features, _ in written}) == 1
    if same and all(
        isinstance(body, Trees) and fold.model.link == "identity"
        for body, (_, fold) in zip(bodies, written, strict=True)
    ):
        joined = join_trees([body for body in bodies if isinstance(body, Trees)])
        return write_model(builder, ModelGraph(joined), written[0][0], len(written[0][1].recipe.names))
    total = ""
    for features, fold in written:
        answer = write_model(builder, fold.model, features, len(fold.recipe.names))
        total = builder.node("Add", [total, answer]) if total else answer
    return builder.node("Div", [total, builder.constant(np.array(len(written), np.float64))])


def join_trees(parts: Sequence[Trees]) -> Trees:
    """Return the average of tree ensembles as one ensemble."""
    starts = np.cumsum([0, *(len(part.feature) for part in parts[:-1])])

    def shifted(name: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        moved = [
            np.where(getattr(part, name) < 0, -1, getattr(part, name) + start)
            for part, start in zip(parts, starts, strict=True)
        ]
        return np.concatenate(moved).astype(np.int32)

    return Trees(
        roots=np.concatenate([part.roots + start for part, start in zip(parts, starts, strict=True)]),
        feature=np.concatenate([part.feature for part in parts]),
        threshold=np.concatenate([part.threshold for part in parts]),
        missing_left=np.concatenate([part.missing_left for part in parts]),
        left=shifted("left"),
        right=shifted("right"),
        value=np.concatenate([part.value for part in parts]) / len(parts),
        base=np.sum([part.base for part in parts], axis=0) / len(parts),
        members={
            int(node + start): codes
            for part, start in zip(parts, starts, strict=True)
            for node, codes in part.members.items()
        },
    )

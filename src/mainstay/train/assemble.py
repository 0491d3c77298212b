"""Writes the chosen members, all their folds and their preparation into one graph.

The graph is written by a worker process: building it takes several times its size in memory, which goes back to the
system when the worker leaves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.model import ModelGraph, Trees
from mainstay.evaluate.calibration import Stage  # noqa: TC001 - msgspec reads the annotation at run time
from mainstay.evaluate.calibration_graph import write_stages
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model
from mainstay.train.fold import FoldJob, load_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mainstay.contracts.executor import Payload
    from mainstay.train.fold import FoldModel

__all__ = ["AssembleJob", "Fitted", "Member", "assemble", "join_trees", "write_graph"]

_FLOAT = 1  # ONNX's number for float32


class Fitted(msgspec.Struct, frozen=True):
    """A fold model, where it lies: the job that fitted it, and its fitted recipe as JSON."""

    job: FoldJob
    recipe: str


class Member(msgspec.Struct, frozen=True):
    """A part of the blend: the average of its fold models.

    Parameters
    ----------
    weight : float
    folds : tuple of Fitted
    """

    weight: float
    folds: tuple[Fitted, ...]


class AssembleJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker is told.

    Parameters
    ----------
    members : tuple of Member
        Weights sum to one.
    numbers, categories : int
        Widths of the graph's inputs.
    texts : int, default 0
        How many text inputs there are.
    classes : bool
        Whether the answers are probabilities.
    file : str
        Where the graph goes.
    stages : tuple of Stage, default ()
        How the probabilities of the blend are mended.
    """

    members: tuple[Member, ...]
    numbers: int
    categories: int
    classes: bool
    file: str
    texts: int = 0
    stages: tuple[Stage, ...] = ()


def write_graph(payload: Payload) -> Payload:
    """Write the graph of a blend; run by a worker process."""
    job = msgspec.convert(payload, AssembleJob)
    members = ((member.weight, [load_model(one.job, one.recipe) for one in member.folds]) for member in job.members)
    graph = assemble(
        members,
        numbers=job.numbers,
        categories=job.categories,
        classes=job.classes,
        texts=job.texts,
        stages=job.stages,
    )
    return {"size": Path(job.file).write_bytes(graph)}


def assemble(
    members: Iterable[tuple[float, Sequence[FoldModel]]],
    *,
    numbers: int,
    categories: int,
    classes: bool,
    texts: int = 0,
    stages: Sequence[Stage] = (),
) -> bytes:
    """Return the model file of a blend.

    Parameters
    ----------
    members : iterable of (weight, fold models)
        Weights sum to one.
    numbers, categories : int
        Widths of the inputs.
    classes : bool
        Whether the answers are probabilities.
    texts : int, default 0
        How many text inputs there are.
    stages : sequence of Stage, default ()
        How the probabilities are mended.

    Returns
    -------
    bytes
        An ONNX model with the output "probabilities" (float32) or "prediction" (float64, one column).
    """
    builder = GraphBuilder(numbers, categories, texts)
    total = ""
    for weight, folds in members:
        answer = _member(builder, folds)
        weighted = builder.node("Mul", [answer, builder.constant(np.array(weight, np.float64))])
        total = builder.node("Add", [total, weighted]) if total else weighted
    if classes:
        total = write_stages(builder, total, stages)
        return builder.build({"probabilities": builder.node("Cast", [total], to=_FLOAT)})
    return builder.build({"prediction": total})


def _member(builder: GraphBuilder, folds: Sequence[FoldModel]) -> str:
    """Write the mean of the folds; trees over the same features without a link become one ensemble."""
    written = [(fold.recipe.write(builder), fold) for fold in folds]
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

    covered = all(len(part.cover) == len(part.feature) for part in parts)
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
        cover=np.concatenate([part.cover for part in parts]) if covered else np.empty(0),
    )

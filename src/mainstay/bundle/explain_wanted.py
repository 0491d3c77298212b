"""Which of a model's outputs is explained for each row: an amount, the probability of a class, or a gap of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.predict import Predictor
    from mainstay.bundle.records import Label
    from mainstay.contracts.arrays import Arrays

__all__ = ["Wanted", "wanted_of"]


class Wanted(NamedTuple):
    """What is explained of some rows.

    Parameters
    ----------
    outputs : int
        How many outputs the graph has.
    chosen : int64 array of shape (n,)
        The output that is explained.
    against : int64 array of shape (n,), optional
        The output that is taken off from it.
    prediction : float64 array of shape (n,)
        What contributions add up to.
    predicted : array of shape (n,)
        What the model answers.
    labels : array of labels of shape (n,), optional
        The class or cluster that is explained.
    """

    outputs: int
    chosen: NDArray[np.int64]
    against: NDArray[np.int64] | None
    prediction: NDArray[np.float64]
    predicted: NDArray[Any]
    labels: list[Label] | None


def wanted_of(predictor: Predictor | ClusterPredictor, arrays: Arrays, label: Label | None) -> Wanted:
    """Return what is explained of decoded rows.

    Of clusters it is the gap: how much further the second nearest is than the cluster that the row belongs to, so
    that what pushes it up speaks for the cluster. Of one cluster it is the distance.

    Raises
    ------
    UsageError
        When there is no such class.
    """
    if isinstance(predictor, ClusterPredictor):
        return _of_clusters(predictor, arrays, label)
    answers = predictor.predict_arrays(arrays)
    raw = answers.probabilities
    numbers = np.asarray(answers.prediction, np.float64)[:, None] if raw is None else raw.astype(np.float64)
    chosen = _chosen(predictor, len(numbers), answers.prediction, label)
    known = predictor.outputs.labels
    return Wanted(
        numbers.shape[1], chosen, None, numbers[np.arange(len(numbers)), chosen], answers.prediction,
        None if raw is None else [known[place] for place in chosen],
    )  # fmt: skip


def _of_clusters(predictor: ClusterPredictor, arrays: Arrays, label: Label | None) -> Wanted:
    if label is not None:
        raise UsageError(
            f"the model has no class {label!r}, for it groups rows", where="class",
            hint="Leave it out: each row's own cluster is explained.",
        )  # fmt: skip
    outputs, answers = predictor.outputs, predictor.predict_arrays(arrays)
    labels: list[Label] = [outputs.names[cluster] for cluster in answers.cluster]
    if outputs.clusters == 1:
        return Wanted(1, answers.cluster, None, answers.distance, answers.cluster, labels)
    gap = answers.second_distance - answers.distance
    return Wanted(outputs.clusters, answers.second, answers.cluster, gap, answers.cluster, labels)


def _chosen(predictor: Predictor, rows: int, prediction: NDArray[Any], label: Label | None) -> NDArray[np.int64]:
    """Return the output that is explained, by row."""
    outputs = predictor.outputs
    if label is not None:
        place = next((at for at, one in enumerate(outputs.labels) if one == label or str(one) == label), None)
        if place is None:
            known = ", ".join(map(str, outputs.labels)) or "none, for it answers amounts"
            raise UsageError(f"the model has no class {label!r}", where="class", hint=f"Its classes are: {known}.")
        return np.full(rows, place)
    if outputs.positive_class is not None:
        return np.full(rows, outputs.positive_class)
    places = {one: at for at, one in enumerate(outputs.labels)}
    return np.array([places.get(one, 0) for one in prediction], np.int64)

"""What answers for a model and words its answers: serving asks each task in its own way here, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mainstay.bundle.series import SeriesPredictor
from mainstay.serve.answering.alarm_wording import write_alarms
from mainstay.serve.answering.cluster_wording import ClusterWriter
from mainstay.serve.answering.wording import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.detectors import DetectorAnswers
    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.predict_graph import GraphPredictor
    from mainstay.contracts.arrays import Arrays
    from mainstay.data.decode import Problem
    from mainstay.serve.answering.asked import Cell

    PlainReader = Callable[[Sequence[tuple[Cell, ...]]], tuple[Arrays, NDArray[np.bool_]]]

__all__ = ["Voice", "judges_together", "plain_reader", "voice_of"]

Said = TypeVar("Said", bound="Answers | ClusterAnswers | DetectorAnswers")


class Voice(Generic[Said]):
    """Asks a model and words what it says.

    Parameters
    ----------
    predictor : GraphPredictor
    write : function
        From answers to one JSON object per row.
    """

    def __init__(self, predictor: GraphPredictor[Any, Said], write: Callable[[Said], list[bytes]]) -> None:
        self._predict_arrays: Callable[[Arrays], Said] = predictor.predict_arrays
        self._predict_rows: Callable[[Sequence[Mapping[str, object]]], Said] = predictor.predict_rows
        self._write = write

    def arrays(self, arrays: Arrays) -> list[bytes]:
        """Return the answers to decoded rows as JSON objects."""
        return self._write(self._predict_arrays(arrays))

    def rows(self, rows: Sequence[Mapping[str, object]]) -> tuple[list[bytes], tuple[Problem, ...]]:
        """Return the answers to plain rows as JSON objects, and the cells that broke the schema."""
        answers = self._predict_rows(rows)
        return self._write(answers), answers.problems


def voice_of(bundle: Bundle) -> Voice[Answers] | Voice[ClusterAnswers] | Voice[DetectorAnswers]:
    """Return the voice of a model, by its task."""
    if bundle.clusters is not None:
        return Voice(bundle.clusters, ClusterWriter(bundle.clusters.outputs).write)
    if bundle.detector is not None:
        return Voice(bundle.detector, write_alarms)
    return Voice(bundle.predictor, Writer(bundle.outputs).write)


def judges_together(bundle: Bundle) -> bool:
    """Return whether the rows of a request are judged as one stretch of a series: none of them can be asked alone."""
    return isinstance(bundle.detector, SeriesPredictor)


def plain_reader(bundle: Bundle) -> PlainReader | None:
    """Return what turns rows of plain cells into arrays, and says which are as plain as that; None where none can be.

    A row without any value is refused by a model that groups rows or flags unusual ones, so it is not plain for such.
    """
    quick = bundle.asked.decoder.quick
    if judges_together(bundle):
        return None
    if quick is None or (bundle.clusters is None and bundle.detector is None):
        return None if quick is None else quick.arrays

    def read(rows: Sequence[tuple[Cell, ...]]) -> tuple[Arrays, NDArray[np.bool_]]:
        arrays, plain = quick.arrays(rows)
        return arrays, plain & ~arrays.empty_rows()

    return read

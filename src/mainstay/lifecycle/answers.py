"""Answers as columns of a table, beside the rows that they belong to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.detectors import DetectorAnswers, DetectorPredictor
    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import ClusterOutputs, Outputs

__all__ = ["answer_frame", "cluster_frame", "detector_frame", "predicted", "with_answers", "with_parts"]


def predicted(
    bundle: Bundle, frame: pl.DataFrame, alarm: str | Mapping[str, float] | None = None
) -> tuple[Answers | ClusterAnswers | DetectorAnswers, pl.DataFrame]:
    """Ask a model of any task, and return its answers, as they are and as columns.

    Parameters
    ----------
    bundle : Bundle
    frame : polars.DataFrame
    alarm : str or mapping, optional
        Of a detector: the rule by which these rows are flagged, all together, in place of the fixed cut.

    Raises
    ------
    SchemaError
        When a feature's column is not there.
    UsageError
        When an alarm is asked of another model, or cannot be read.
    """
    if bundle.detector is not None:
        judged = bundle.detector.predict_frame(frame)
        judged = judged if alarm is None else _flagged_together(bundle.detector, judged, frame, alarm)
        return judged, detector_frame(judged)
    if alarm is not None:
        raise UsageError(
            "an alarm is asked of a model that finds anomalies, and this one does not", where="alarm",
            hint="Leave it out.",
        )  # fmt: skip
    if bundle.clusters is not None:
        grouped = bundle.clusters.predict_frame(frame)
        return grouped, cluster_frame(grouped, bundle.clusters.outputs)
    answers = bundle.predict_frame(frame)
    return answers, answer_frame(answers, bundle.outputs)


def _flagged_together(
    predictor: DetectorPredictor, answers: DetectorAnswers, frame: pl.DataFrame, alarm: str | Mapping[str, float]
) -> DetectorAnswers:
    """Return the answers with other flags: those that a rule comes to over all rows, and their reasons."""
    from mainstay.alarms.series_alarm import judge_together
    from mainstay.bundle.series import SeriesPredictor
    from mainstay.evaluate.anomalies.alarm import batch_flags, read_alarm

    if isinstance(predictor, SeriesPredictor):
        return judge_together(predictor, frame, read_alarm(alarm)).answers
    flagged = batch_flags(read_alarm(alarm), answers.score, predictor.outputs.calibration) & ~answers.rejected
    told = [reason if flag else None for reason, flag in zip(answers.reason, flagged, strict=True)]
    new = np.flatnonzero(flagged & ~answers.flagged)
    if len(new):
        read = predictor.decoder.from_frame(frame[new])
        for at, reason in zip(new.tolist(), predictor.reasons(read.arrays, read.problems), strict=True):
            told[at] = reason
    return replace(answers, flagged=flagged, reason=tuple(told))


def detector_frame(answers: DetectorAnswers) -> pl.DataFrame:
    """Return ``score``, ``p_value``, ``flagged`` and ``reason``; null where a row was refused."""
    import polars as pl

    return pl.DataFrame({
        "score": pl.Series(answers.score, dtype=pl.Float64).fill_nan(None),
        "p_value": pl.Series(answers.p_value, dtype=pl.Float64).fill_nan(None),
        "flagged": pl.select(pl.when(pl.Series(~answers.rejected)).then(pl.Series(answers.flagged))).to_series(),
        "reason": pl.Series(answers.reason, dtype=pl.String),
    })  # fmt: skip


def cluster_frame(answers: ClusterAnswers, outputs: ClusterOutputs) -> pl.DataFrame:
    """Return ``cluster``, ``cluster_name``, ``distance``, ``second_cluster``, ``second_distance`` and ``fits_none``.

    Null where a row was refused, and for the second where there is none.
    """
    import polars as pl

    names = np.array([*outputs.names, None], object)  # -1, where there is no answer, is the last
    columns = {
        "cluster": pl.Series(answers.cluster, dtype=pl.Int64),
        "cluster_name": pl.Series(names[answers.cluster].tolist(), dtype=pl.String),
        "distance": pl.Series(answers.distance, dtype=pl.Float64),
        "second_cluster": pl.Series(answers.second, dtype=pl.Int64),
        "second_distance": pl.Series(answers.second_distance, dtype=pl.Float64),
        "fits_none": pl.Series(answers.fits_none, dtype=pl.Boolean),
    }
    answered, second = pl.Series(~answers.rejected), pl.Series(answers.second >= 0)
    known = {name: second if name.startswith("second") else answered for name in columns}
    return pl.select(pl.when(known[name]).then(values).alias(name) for name, values in columns.items())


def answer_frame(answers: Answers, outputs: Outputs) -> pl.DataFrame:
    """Return ``prediction`` and ``probability_<label>``; null where a row was refused.

    Where the model has them also ``low`` and ``high`` of an amount, or the ``prediction_set`` of a row: its labels
    joined by "|", most probable first, and ``set_size``.
    """
    import polars as pl

    refused = pl.Series(answers.rejected)

    def shown(values: NDArray[Any]) -> pl.Series:
        return pl.select(pl.when(~refused).then(pl.Series(values))).to_series()

    if outputs.task == "regression":
        parts = {"prediction": answers.prediction, "low": answers.low, "high": answers.high}
        return pl.DataFrame({name: shown(np.asarray(one)) for name, one in parts.items() if one is not None})
    labels = [None if no else label for label, no in zip(answers.prediction, answers.rejected, strict=True)]
    columns: dict[str, Any] = {"prediction": pl.Series(labels, strict=False)}
    if answers.probabilities is not None:
        for i, label in enumerate(outputs.labels):
            columns[f"probability_{label}"] = shown(np.asarray(answers.probabilities[:, i], np.float32))
        if answers.members is not None:
            columns["prediction_set"] = shown(_sets(answers.members, answers.probabilities, outputs))
            columns["set_size"] = shown(answers.members.sum(axis=1))
    return pl.DataFrame(columns)


def _sets(members: NDArray[np.bool_], chances: NDArray[np.float32], outputs: Outputs) -> NDArray[Any]:
    """Return the labels of each row's set in one word, the most probable first."""
    order = np.argsort(-chances, axis=1, kind="stable")
    names = [str(label) for label in outputs.labels]
    words = ["|".join(names[at] for at in row if inside[at]) for row, inside in zip(order, members, strict=True)]
    return np.array(words, object)


def with_answers(frame: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their answers; a column of the input that has an answer's name is kept under another."""
    taken: dict[str, str] = {}
    for name in answers.columns:
        if name in frame.columns:
            taken[name] = _free(f"{name} (input)", {*frame.columns, *answers.columns, *taken.values()})
    return frame.rename(taken).hstack(answers)


def with_parts(frame: pl.DataFrame, train: NDArray[np.int64], test: NDArray[np.int64]) -> pl.DataFrame:
    """Return the rows with a column that says which were learned from: "train", "test" or "left out".

    The answers for rows that were learned from flatter the model, and must not be taken for a test.
    """
    import polars as pl

    parts = np.full(frame.height, "left out", dtype=object)
    parts[train], parts[test] = "train", "test"
    return frame.with_columns(pl.Series(_free("part", set(frame.columns)), parts.tolist(), pl.String))


def _free(name: str, used: set[str]) -> str:
    """Return the name, or the first of its numbered forms that is not used."""
    return next(one for one in (name, *(f"{name} {number}" for number in range(2, len(used) + 3))) if one not in used)

"""The verbs that use a model file: predict, evaluate, inspect, verify, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import msgspec
import numpy as np

from mainstay.contracts.errors import SchemaError, UsageError
from mainstay.lifecycle.answers import predicted, with_answers
from mainstay.lifecycle.model import Model, like, load
from mainstay.lifecycle.outputs import check_outputs, write_frame
from mainstay.lifecycle.results import EvaluateResult, InspectResult, PredictResult, ReportResult, VerifyResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mainstay.bundle.detector_outputs import DetectorOutputs
    from mainstay.bundle.open import Bundle
    from mainstay.data.read import Reading

__all__ = ["evaluate", "inspect", "predict", "report", "verify"]

_PROBLEMS_SHOWN = 20


def predict(
    model: Model | str | Path,
    data: Any,
    *,
    alarm: str | Mapping[str, float] | None = None,
    out: str | Path | Sequence[str | Path] = (),
    **reading: Unpack[Reading],
) -> PredictResult:
    """Answer rows, and write them with their answers.

    Parameters
    ----------
    model : Model or path
    data : path, SQL URL or data frame
    alarm : str or mapping, optional
        Of a model that finds anomalies: flag these rows by "fdr=0.1", "top=20", "rate=0.01" or "cost=50" over all of
        them; where None by the fixed cut of the model, by which a row's answer never depends on the others.
    out : path or sequence of paths
        ``.csv`` or ``.parquet``.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Raises
    ------
    SchemaError
        When a feature is missing.
    BundleError
        When the model file is refused.

    Examples
    --------
    >>> import mainstay
    >>> result = mainstay.predict("left.mainstay", "new.csv", out="scored.csv")
    >>> result.to_dict()["rows"], result.to_dict()["rejected"], result.answers.columns
    (20, 0, ['prediction', 'probability_no', 'probability_yes'])
    """
    from mainstay.data.read import read

    places = check_outputs(out, (".csv", ".parquet"))
    opened = _opened(model)
    table = read(data, **reading)
    try:
        answers, frame = predicted(opened.bundle, table.frame, alarm)
    except SchemaError as error:
        error.where = error.where or table.source
        raise
    for place in places:
        write_frame(with_answers(table.frame, frame), place)
    figures = {
        "rows": table.frame.height,
        "rejected": int(answers.rejected.sum()),
        "outputs": [str(place) for place in places],
        "digest": opened.digest,
        "problems": [msgspec.to_builtins(problem) for problem in answers.problems[:_PROBLEMS_SHOWN]],
        "problem_count": len(answers.problems),
        **_clusters_found(opened, frame),
        **_alarms_found(opened, frame, alarm),
    }
    return PredictResult(figures, like(data, frame))


def evaluate(
    model: Model | str | Path,
    data: Any,
    *,
    cost: Mapping[str, float] | str = "",
    at_k: Sequence[str | float] | str | float = (),
    labels: str | None = None,
    **reading: Unpack[Reading],
) -> EvaluateResult:
    """Score a model on rows whose target is known; every score has its 95 % interval.

    A model that groups rows is held against known groups where a column has them, and its shares against training; a
    model that finds anomalies against labels.

    Parameters
    ----------
    model : Model or path
    data : path, SQL URL or data frame
    cost : mapping or str, optional
        What errors cost: ``"fp=1,fn=8"``; default is what the model was trained for.
    at_k : sequence, str or number
        Numbers or shares of rows, such as 100 or "5%", for precision and recall among the most probable.
    labels : str, optional
        For a model that groups rows: the column with known groups; for one that finds anomalies: the column that says
        which rows are. The one named in training is found by itself.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Raises
    ------
    SchemaError
        When a feature or the target is missing.
    BundleError
        When the model file is refused.

    Examples
    --------
    >>> import mainstay
    >>> scores = mainstay.evaluate("left.mainstay", "later.csv").to_dict()["metrics"]
    >>> scores["roc_auc"]["low"] < scores["roc_auc"]["value"] < scores["roc_auc"]["high"]
    True
    >>> found = mainstay.evaluate("left.mainstay", "later.csv", cost="fp=1,fn=8", at_k=10).to_dict()
    >>> found["cost"]["value"] > 0, found["at_k"][0]["k"]
    (True, 10)
    """
    return _opened(model).evaluate(data, cost=cost, at_k=at_k, labels=labels, **reading)


def inspect(model: Model | str | Path) -> InspectResult:
    """Say what a bundle expects, answers and scored.

    Raises
    ------
    BundleError
        When the model file is refused.

    Examples
    --------
    >>> import mainstay
    >>> figures = mainstay.inspect("left.mainstay").to_dict()
    >>> figures["task"], figures["target"], figures["labels"]
    ('classification', 'left', ['no', 'yes'])
    """
    bundle = _opened(model).bundle
    evaluation = bundle.evaluation
    return InspectResult(
        {
            "format": bundle.manifest.format,
            "digest": bundle.digest,
            "task": bundle.task,
            **_answered(bundle),
            "schema": [msgspec.to_builtins(column) for column in bundle.schema.columns],
            "metrics": evaluation.get("scores", {}),
            "metric": evaluation.get("metric"),
            "rows": evaluation.get("rows"),
            "members": evaluation.get("members", []),
            "recipe": bundle.recipe,
            "created": bundle.manifest.created,
            "versions": bundle.manifest.versions,
            "members_of_file": [msgspec.to_builtins(member) for member in bundle.manifest.members],
        }
    )


def _answered(bundle: Bundle) -> dict[str, Any]:
    """Return what the answers of a model are."""
    if bundle.detector is not None:
        return _detected(bundle.detector.outputs)
    if bundle.clusters is None:
        return {"target": bundle.outputs.target, "labels": list(bundle.outputs.labels)}
    meaning = bundle.clusters.outputs
    clusters = [
        {"cluster": at, "name": name, "limit": limit, "rows": rows}
        for at, (name, limit, rows) in enumerate(
            zip(meaning.names, meaning.limits, meaning.rows or [None] * meaning.clusters, strict=True)
        )
    ]
    return {"target": None, "labels": list(meaning.names), "measure": meaning.measure, "level": meaning.level,
            "clusters": clusters}  # fmt: skip


def _detected(outputs: DetectorOutputs) -> dict[str, Any]:
    """Return what the answers of a detector are."""
    return {
        "target": None,
        "labels": [],
        "reference": outputs.reference,
        "detectors": [{"name": one.name, "weight": one.weight} for one in outputs.members],
        "alarm": msgspec.to_builtins(outputs.alarm),
        "p_values": {"kind": outputs.calibration.kind, "rows": outputs.calibration.size},
        "columns": list(outputs.columns),
    }


def _clusters_found(model: Model, frame: pl.DataFrame) -> dict[str, Any]:
    """Return how many rows each cluster got, and how many fit none; nothing of a model that answers a target."""
    if model.bundle.clusters is None:
        return {}
    answered = frame.get_column("cluster").drop_nulls().to_numpy()
    names = model.bundle.clusters.outputs.names
    counts = np.bincount(answered, minlength=len(names)).tolist()
    strangers = int(frame.get_column("fits_none").sum())

    def share(rows: int) -> float | None:
        return rows / len(answered) if len(answered) else None

    clusters = [
        {"cluster": at, "name": name, "rows": rows, "share": share(rows)}
        for at, (name, rows) in enumerate(zip(names, counts, strict=True))
    ]
    return {"clusters": clusters, "fits_none": {"rows": strangers, "share": share(strangers)}}


def _alarms_found(model: Model, frame: pl.DataFrame, alarm: str | Mapping[str, float] | None) -> dict[str, Any]:
    """Return how many rows are flagged, and what holds for them; nothing of a model that finds no anomalies."""
    from mainstay.evaluate.anomalies.alarm import read_alarm
    from mainstay.evaluate.anomalies.promises import batch_guarantee

    if model.bundle.detector is None:
        return {}
    outputs = model.bundle.detector.outputs
    flags = frame.get_column("flagged").drop_nulls()
    rule, guarantee = f"{outputs.alarm.rule}={outputs.alarm.amount:g}", outputs.alarm.guarantee
    if alarm is not None:
        wish = read_alarm(alarm)
        rule, guarantee = str(wish), batch_guarantee(wish.rule, wish.amount, outputs.reference)
    flagged = int(flags.sum())
    share = flagged / len(flags) if len(flags) else None
    return {"alarms": {"flagged": flagged, "share": share, "alarm": rule, "guarantee": guarantee}}


def verify(path: str | Path) -> VerifyResult:
    """Check that a model file is whole and true, and say what was checked.

    Raises
    ------
    FormatError
        When there is no such file.

    Examples
    --------
    >>> import mainstay
    >>> mainstay.verify("left.mainstay").to_dict()["ok"]
    True
    """
    from mainstay.bundle.verify import verify as check

    found = check(path)
    checks = [{"name": one.name, "ok": one.ok, "message": one.message} for one in found.checks]
    return VerifyResult({"digest": found.digest, "ok": found.ok, "checks": checks})


def report(model: Model | str | Path, *, out: str | Path | None = None) -> ReportResult:
    """Write the report that a bundle carries, as one HTML page; beside the bundle unless told otherwise.

    Raises
    ------
    UsageError
        When no place is known to write to.

    Examples
    --------
    >>> import mainstay
    >>> mainstay.report("left.mainstay").to_dict()["report"]
    'left.html'
    """
    opened = _opened(model)
    if out is None and isinstance(model, Model):
        raise UsageError("an opened model has no place of its own", where="out", hint="Say where: out='report.html'.")
    place = Path(str(model)).with_suffix(".html") if out is None else Path(out)
    return ReportResult({"report": str(opened.save_report(place)), "digest": opened.digest})


def _opened(model: Model | str | Path) -> Model:
    return model if isinstance(model, Model) else load(model)

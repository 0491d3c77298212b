"""A bundle as a person uses it: data frames in, data frames out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import msgspec

from mainstay.bundle.open import Bundle, open_bundle
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.report_data import ReportData
from mainstay.lifecycle.answers import predicted
from mainstay.lifecycle.judging_alarms import evaluate_alarms
from mainstay.lifecycle.judging_groups import evaluate_groups
from mainstay.lifecycle.results import EvaluateResult, write_text
from mainstay.lifecycle.scoring import evaluate_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.bundle.records import Label
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.evaluate.anomalies.report_data import AnomalyReport
    from mainstay.evaluate.clusters.report_data import ClusterReport
    from mainstay.evaluate.picture import Picture

__all__ = ["Model", "like", "load"]


class Model:
    """An opened bundle: the model file, with verbs.

    Parameters
    ----------
    bundle : Bundle
        As :func:`mainstay.bundle.open.open_bundle` returns it: checked, and its golden rows replayed.

    Attributes
    ----------
    schema : Schema
        What a row must be.
    digest : str
        The name of exactly these bytes.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    @property
    def schema(self) -> Schema:
        """What a row must be."""
        return self.bundle.schema

    @property
    def digest(self) -> str:
        """The name of exactly these bytes: the SHA-256 of the manifest."""
        return self.bundle.digest

    @property
    def report(self) -> str:
        """The report as an HTML page, with the digest written in."""
        from mainstay.evaluate.anomalies.report import anomaly_report
        from mainstay.evaluate.anomalies.report_data import AnomalyReport
        from mainstay.evaluate.clusters.report import cluster_report
        from mainstay.evaluate.report import training_report

        data = self.report_data
        if data is None:
            return self.bundle.report
        if isinstance(data, ReportData):
            return training_report(msgspec.structs.replace(data, digest=self.digest))
        if isinstance(data, AnomalyReport):
            return anomaly_report(msgspec.structs.replace(data, digest=self.digest))
        return cluster_report(msgspec.structs.replace(data, digest=self.digest))

    @property
    def report_data(self) -> ReportData | ClusterReport | AnomalyReport | None:
        """What the report says, as plain data; None where the bundle was packed without."""
        from mainstay.evaluate.anomalies.report_data import AnomalyReport
        from mainstay.evaluate.clusters.report_data import ClusterReport

        evaluation = self.bundle.evaluation
        if self.bundle.detector is not None:
            return msgspec.convert(evaluation, AnomalyReport) if "alarm" in evaluation else None
        if self.bundle.clusters is not None:
            return msgspec.convert(evaluation, ClusterReport) if "portraits" in evaluation else None
        return msgspec.convert(evaluation, ReportData) if evaluation.get("scores") else None

    def predict(self, data: Any, *, alarm: str | Mapping[str, float] | None = None, **reading: Unpack[Reading]) -> Any:
        """Answer rows.

        Parameters
        ----------
        data : path, URL or data frame
            All columns that the schema calls features; others are ignored.
        alarm : str or mapping, optional
            Of a model that finds anomalies: the rule by which these rows are flagged, all together; where None the
            model's fixed cut.
        **reading
            How to read the data, as in :func:`mainstay.data.read.read`.

        Returns
        -------
        polars.DataFrame
            ``prediction`` and, for classes, ``probability_<label>``; one row for each row given, null where the
            row was refused. Where the model has them also ``low`` and ``high``, or ``prediction_set`` and
            ``set_size``. Of a model that groups rows ``cluster``, ``cluster_name``, ``distance``, ``second_cluster``,
            ``second_distance`` and ``fits_none``. Of one that finds anomalies ``score``, ``p_value``, ``flagged`` and
            ``reason``. A pandas frame where a pandas frame came, with its index.

        Raises
        ------
        SchemaError
            When a feature is missing.
        """
        from mainstay.data.read import read

        _, answers = predicted(self.bundle, read(data, **reading).frame, alarm)
        return like(data, answers)

    def evaluate(
        self,
        data: Any,
        *,
        cost: Mapping[str, float] | str = "",
        at_k: Sequence[str | float] | str | float = (),
        labels: str | None = None,
        **reading: Unpack[Reading],
    ) -> EvaluateResult:
        """Score the model on rows whose target is known; groups against known ones, a detector by labels.

        Parameters
        ----------
        data : path, URL or data frame
        cost : mapping or str, optional
            What errors cost: ``"fp=1,fn=8"``; default is what the model was trained for.
        at_k : sequence, str or number
            Numbers or shares of rows, such as 100 or "5%", for precision and recall among the most probable.
        labels : str, optional
            For a model that groups rows or finds anomalies: the column with known groups, or that says which rows are
            anomalies; the one named in training where None.
        **reading
            How to read the data, as in :func:`mainstay.data.read.read`.

        Raises
        ------
        SchemaError
            When a feature or the target is missing.
        """
        from mainstay.data.read import read

        table = read(data, **reading)
        if self.bundle.detector is not None:
            if cost or at_k != ():
                raise UsageError(
                    "costs and the first k are about classes, and this model finds anomalies", where="evaluate",
                    hint="precision_at_k and recall_at_k are among its scores.",
                )  # fmt: skip
            return EvaluateResult(evaluate_alarms(self.bundle, table, labels))
        if labels is not None or self.bundle.clusters is not None:
            if cost or at_k != ():
                raise UsageError(
                    "costs and the first k are about classes, and this model groups rows", where="evaluate"
                )
            return EvaluateResult(evaluate_groups(self.bundle, table, labels))
        ks = (at_k,) if isinstance(at_k, (str, int, float)) else tuple(at_k)
        told = cost if isinstance(cost, str) else ",".join(f"{name}={value:g}" for name, value in cost.items())
        return EvaluateResult(evaluate_frame(self.bundle, table.frame, table.source, cost=told, at_k=ks))

    def explain(
        self, data: Any, *, label: Label | None = None, scale: Literal["answer", "margin"] = "answer", top: int = 0,
        **reading: Unpack[Reading],
    ) -> Any:  # fmt: skip
        """Say what each column of each row added to its answer; see :func:`mainstay.explain`.

        Returns
        -------
        polars.DataFrame
            ``prediction``, ``answer`` (what is explained), for classes ``class``, ``base`` and a column per feature;
            base and contributions add up to the answer. A pandas frame where a pandas frame came.

        Raises
        ------
        SchemaError
            When a feature is missing.
        UsageError
            When there is no such class or no margin.
        """
        from mainstay.data.read import read
        from mainstay.lifecycle.explained import explainer_of, frame_of

        frame = read(data, **reading).frame
        found = explainer_of(self.bundle).explain_frame(frame, label=label, scale=scale)
        return like(data, frame_of(found, frame, top, self.bundle.detector))

    def picture(self, name: str) -> Picture:
        """Return a picture of the report: a notebook shows it, ``.save("roc.svg")`` keeps it.

        Parameters
        ----------
        name : str
            Such as "leaderboard", "importance", "roc" or "calibration", or the key of a section: "inside" is the drawn
            tree or the coefficients, "effects" how answers move with a column. Of groups "elbow" or "cluster_map".

        Raises
        ------
        UsageError
            When the report has no such picture; the hint names those that it has.

        Examples
        --------
        >>> import mainstay
        >>> mainstay.load("left.mainstay").picture("roc")
        <picture 'roc': save it as .svg or .png; .chart is the Altair chart>
        """
        from mainstay.evaluate.anomalies.charts import anomaly_chart
        from mainstay.evaluate.anomalies.report_data import AnomalyReport
        from mainstay.evaluate.clusters.report import cluster_chart
        from mainstay.evaluate.picture import Picture
        from mainstay.evaluate.pictures import training_chart

        data = self.report_data
        if data is None:
            raise UsageError("this model was packed without a report, so it has no pictures", where="picture")
        drawn = (
            training_chart(data, name)
            if isinstance(data, ReportData)
            else anomaly_chart(data, name)
            if isinstance(data, AnomalyReport)
            else cluster_chart(data, name)
        )
        return Picture(name, drawn)

    def save(self, path: str | Path) -> Path:
        """Write the bundle: the very bytes that were evaluated."""
        place = Path(path)
        self.bundle.save(place)
        return place

    def save_report(self, path: str | Path) -> Path:
        """Write the report as an HTML page."""
        return write_text(self.report, path)

    def __repr__(self) -> str:
        what = _kind_of(self.bundle)
        return f"<mainstay model: {what} from {len(self.schema.features)} columns, digest {self.digest[:12]}>"

    def _repr_html_(self) -> str:
        import html

        return f"<code>{html.escape(repr(self))}</code>"


def _kind_of(bundle: Bundle) -> str:
    """Return in few words what a model answers."""
    if bundle.detector is not None:
        members = bundle.detector.outputs.members
        return f"anomalies, by {len(members)} detectors" if len(members) > 1 else f"anomalies, by {members[0].name}"
    if bundle.clusters is not None:
        return f"{bundle.clusters.outputs.clusters} clusters"
    outputs = bundle.outputs
    if outputs.labels:
        return f"{len(outputs.labels)} classes of {outputs.target!r}"
    return f"amounts of {outputs.target!r}"


def like(data: Any, frame: Any) -> Any:
    """Return a Polars frame as the kind of frame that came."""
    if type(data).__module__.partition(".")[0] != "pandas":
        return frame
    import pandas as pd

    columns = {name: frame.get_column(name).to_list() for name in frame.columns}
    return pd.DataFrame(columns, index=data.index)


def load(path: str | Path | bytes) -> Model:
    """Open a bundle: check every byte, audit the graph, replay the golden rows. Nothing in it is run or imported.

    Parameters
    ----------
    path : str, path or bytes
        A ``.mainstay`` file, or its content.

    Raises
    ------
    BundleError
        When the file is not whole and true; the message says which check it fails.

    Examples
    --------
    >>> import mainstay
    >>> model = mainstay.load("left.mainstay")
    >>> model.schema["city"].categories
    ('Bern', 'Rome')
    >>> model.predict([{"age": 70, "city": "Rome"}])["prediction"].to_list()
    ['yes']
    """
    return Model(open_bundle(path))

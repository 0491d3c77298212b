"""A bundle, opened: read, audited, loaded, replayed; only then does it answer.

Nothing here imports more than NumPy, ONNX Runtime and msgspec: this is what a server loads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.bundle.archive import Archive, unfold, walk
from mainstay.bundle.asking import AnyOutputs, AnyPredictor, predictor_of
from mainstay.bundle.audit import GraphFacts, audit_graph
from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.documents import read_json, read_text, read_toml
from mainstay.bundle.file import Source, read_file, write_atomically
from mainstay.bundle.layout import FORMAT_OF
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import ClusterOutputs, DetectorOutputs, Golden, Outputs
from mainstay.bundle.replay import replay_golden
from mainstay.bundle.series_outputs import SeriesOutputs
from mainstay.contracts.errors import FormatError, InputError, UsageError
from mainstay.data.decode import Decoder

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mainstay.bundle.manifest import Manifest
    from mainstay.bundle.predict import Answers
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema

__all__ = ["Bundle", "Documents", "audit_model", "check_task", "open_bundle", "read_documents", "told"]


@dataclass(frozen=True, slots=True)
class Documents:
    """The members of a bundle as records; the model is still bytes."""

    schema: Schema
    outputs: AnyOutputs
    recipe: dict[str, Any]
    evaluation: dict[str, Any]
    golden: Golden
    reference: dict[str, Any]
    report: str
    card: str
    model: bytes


class Bundle:
    """A model that answers, with all that is known of it. Made by :func:`open_bundle`.

    A model answers a target, groups rows or flags unusual ones; what belongs to another kind is refused.

    Attributes
    ----------
    digest : str
        By which the model is known: SHA-256 of its manifest.
    manifest : Manifest
    schema : Schema
    meaning : Outputs, ClusterOutputs or DetectorOutputs
        What the answers mean, of any kind.
    recipe, evaluation, reference : dict
    golden : Golden
    report : str
        HTML.
    card : str
        Markdown.
    facts : GraphFacts
        What the audit of the graph saw.
    data : bytes
        The file, byte for byte.
    asked : Predictor, ClusterPredictor or DetectorPredictor
        What answers, of any kind.
    clusters : ClusterPredictor, optional
        What answers, where the model groups rows; else None.
    detector : DetectorPredictor, optional
        What answers, where the model flags unusual rows; else None.
    """

    def __init__(self, archive: Archive, documents: Documents, facts: GraphFacts, asked: AnyPredictor) -> None:
        self.data = archive.data
        self.digest = archive.digest
        self.manifest: Manifest = archive.manifest
        self.schema = documents.schema
        self.meaning = documents.outputs
        self.recipe = documents.recipe
        self.evaluation = documents.evaluation
        self.reference = documents.reference
        self.golden = documents.golden
        self.report = documents.report
        self.card = documents.card
        self.facts = facts
        self.asked = asked
        self.clusters = asked if isinstance(asked, ClusterPredictor) else None
        self.detector = asked if isinstance(asked, DetectorPredictor) else None

    def __repr__(self) -> str:
        return f"<Bundle {self.digest[:12]}: {told(self.meaning)}>"

    @property
    def task(self) -> str:
        """What the model is for: "classification", "regression", "clustering" or "anomaly_detection"."""
        return self.meaning.task

    @property
    def model(self) -> bytes:
        """The ONNX graph."""
        return self.asked.model

    @property
    def predictor(self) -> Predictor:
        """What answers, where the model answers a target.

        Raises
        ------
        UsageError
            When it groups rows, or flags unusual ones.
        """
        if isinstance(self.asked, Predictor):
            return self.asked
        does, wanted = "flags unusual rows", "alarms"
        if isinstance(self.asked, ClusterPredictor):
            does, wanted = f"groups rows into {self.asked.outputs.clusters} clusters", "clusters"
        raise UsageError(
            f"this needs a model that answers a target, and this one {does}",
            where=f"model {self.digest[:12]}",
            hint=f"Ask it for {wanted} with mainstay predict.",
        )

    @property
    def outputs(self) -> Outputs:
        """What the answers mean, where the model answers a target.

        Raises
        ------
        UsageError
            When it groups rows, or flags unusual ones.
        """
        return self.predictor.outputs

    def predict_arrays(self, arrays: Arrays) -> Answers:
        """Answer decoded rows; see :meth:`Predictor.predict_arrays`."""
        return self.predictor.predict_arrays(arrays)

    def predict_rows(self, rows: Sequence[Mapping[str, object]]) -> Answers:
        """Answer plain rows; see :meth:`Predictor.predict_rows`."""
        return self.predictor.predict_rows(rows)

    def predict_frame(self, frame: pl.DataFrame) -> Answers:
        """Answer a table; see :meth:`Predictor.predict_frame`."""
        return self.predictor.predict_frame(frame)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the very bytes that were read, whole or not at all.

        Raises
        ------
        UsageError
            When the file cannot be written.
        """
        write_atomically(Path(path), self.data)


def open_bundle(source: Source, *, replay: bool = True, threads: int = 1, where: str = "") -> Bundle:
    """Open a bundle from a file or from its bytes.

    Parameters
    ----------
    source : path or bytes
    replay : bool, default True
        Whether the golden rows are asked. No other check can be left out.
    threads : int, default 1
        How many blocks of rows may be computed at the same time.
    where : str, default ""
        What messages call it; default is the path, or "bundle" for bytes.

    Returns
    -------
    Bundle

    Raises
    ------
    UsageError
        When the file cannot be read.
    FormatError
        When it is not a bundle, of a newer format, or holds what no bundle holds.
    IntegrityError
        When its bytes are not those that were written.
    ReplayError
        When the golden rows get other answers than those stored.
    """
    where = where or ("bundle" if isinstance(source, bytes) else str(source))
    archive = walk(read_file(source), where)
    documents = read_documents(unfold(archive), where)
    check_task(archive.manifest, documents, where)
    facts = audit_model(documents, where)
    asked = predictor_of(documents.schema, documents.outputs, documents.model, threads=threads)
    if replay:
        replay_golden(asked, documents.golden, where)
    return Bundle(archive, documents, facts, asked)


def read_documents(parts: Mapping[str, bytes], where: str) -> Documents:
    """Return the members as records.

    Raises
    ------
    FormatError
        Naming the member and the path in it.
    """
    from mainstay.data.schema_file import from_toml

    def place(name: str) -> str:
        return f"{where} > {name}"

    def table(name: str) -> dict[str, Any]:
        return read_json(parts[name], dict[str, Any], place(name))

    try:
        read_toml(parts["schema.toml"], place("schema.toml"))
        schema = from_toml(parts["schema.toml"].decode(), place("schema.toml"))
        Decoder(schema)
    except InputError as error:
        raise FormatError(f"the schema cannot be used ({error.message})", where=place("schema.toml")) from error
    return Documents(
        schema=schema,
        outputs=_read_outputs(parts["outputs.json"], place("outputs.json")),
        recipe=read_toml(parts["recipe.toml"], place("recipe.toml")),
        evaluation=table("evaluation.json"),
        golden=read_json(parts["golden.json"], Golden, place("golden.json")),
        reference=table("reference.json"),
        report=read_text(parts["report.html"], place("report.html")),
        card=read_text(parts["card.md"], place("card.md")),
        model=parts["model.onnx"],
    )


class _Task(msgspec.Struct):
    task: str = ""


def _read_outputs(data: bytes, where: str) -> AnyOutputs:
    """Return what answers mean, as the task says."""
    task = read_json(data, _Task, where).task
    if task == "clustering":
        return read_json(data, ClusterOutputs, where)
    if task == "anomaly_detection":
        return read_json(data, DetectorOutputs, where)
    if task == "series_anomaly_detection":
        return read_json(data, SeriesOutputs, where)
    return read_json(data, Outputs, where)


def check_task(manifest: Manifest, documents: Documents, where: str) -> None:
    """Refuse a task that the file's format does not have yet, for its readers could not tell what it needs.

    Raises
    ------
    FormatError
        When the format is too old for the task.
    """
    needed = FORMAT_OF[documents.outputs.task]
    if not isinstance(documents.outputs, Outputs) and manifest.format < needed:
        kind = "a clustering" if isinstance(documents.outputs, ClusterOutputs) else "an anomaly detection"
        raise FormatError(
            f"{kind} needs format {needed}, and the manifest says {manifest.format}",
            where=f"{where} > outputs.json",
        )


def told(meaning: AnyOutputs) -> str:
    """Return in few words what a model does.

    Examples
    --------
    >>> told(Outputs(task="regression", target="rent")), told(ClusterOutputs(names=("a", "b")))
    ("regression of 'rent'", 'clustering into 2')
    """
    if isinstance(meaning, ClusterOutputs):
        return f"clustering into {meaning.clusters}"
    if isinstance(meaning, SeriesOutputs):
        return f"anomaly detection in a series over {meaning.time!r}"
    if isinstance(meaning, DetectorOutputs):
        return f"anomaly detection by {', '.join(member.name for member in meaning.members)}"
    return f"{meaning.task} of {meaning.target!r}"


def audit_model(documents: Documents, where: str) -> GraphFacts:
    """Audit the graph against the inputs that the schema implies and the outputs that the task has.

    Raises
    ------
    FormatError
        When it is not plainly one of ours.
    """
    decoder = Decoder(documents.schema)
    inputs: dict[str, int | None] = {"numbers": len(decoder.number_names), "categories": len(decoder.category_names)}
    inputs |= {f"text_{place}": None for place in range(len(decoder.text_names))}
    if isinstance(documents.outputs, SeriesOutputs):  # the graph sees windows, not rows
        inputs = documents.outputs.graph_inputs
    return audit_graph(
        documents.model,
        inputs={name: width for name, width in inputs.items() if width != 0},
        outputs=documents.outputs.graph_outputs,
        where=f"{where} > model.onnx",
    )

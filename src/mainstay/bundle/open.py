"""A bundle, opened: read, audited, loaded, replayed; only then does it answer.

Nothing here imports more than NumPy, ONNX Runtime and msgspec: this is what a server loads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.bundle.archive import Archive, unfold, walk
from mainstay.bundle.audit import GraphFacts, audit_graph
from mainstay.bundle.documents import read_json, read_text, read_toml
from mainstay.bundle.file import Source, read_file, write_atomically
from mainstay.bundle.predict import Answers, Predictor
from mainstay.bundle.records import Golden, Outputs
from mainstay.bundle.replay import replay_golden
from mainstay.contracts.errors import FormatError, InputError
from mainstay.data.decode import Decoder

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mainstay.bundle.manifest import Manifest
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema

__all__ = ["Bundle", "Documents", "audit_model", "open_bundle", "read_documents"]


@dataclass(frozen=True, slots=True)
class Documents:
    """The members of a bundle as records; the model is still bytes."""

    schema: Schema
    outputs: Outputs
    recipe: dict[str, Any]
    evaluation: dict[str, Any]
    golden: Golden
    reference: dict[str, Any]
    report: str
    card: str
    model: bytes


class Bundle:
    """A model that answers, with all that is known of it. Made by :func:`open_bundle`.

    Attributes
    ----------
    digest : str
        By which the model is known: SHA-256 of its manifest.
    manifest : Manifest
    schema : Schema
    outputs : Outputs
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
    predictor : Predictor
    """

    def __init__(self, archive: Archive, documents: Documents, facts: GraphFacts, predictor: Predictor) -> None:
        self.data = archive.data
        self.digest = archive.digest
        self.manifest: Manifest = archive.manifest
        self.schema = documents.schema
        self.outputs = documents.outputs
        self.recipe = documents.recipe
        self.evaluation = documents.evaluation
        self.reference = documents.reference
        self.golden = documents.golden
        self.report = documents.report
        self.card = documents.card
        self.facts = facts
        self.predictor = predictor

    def __repr__(self) -> str:
        return f"<Bundle {self.digest[:12]}: {self.outputs.task} of {self.outputs.target!r}>"

    @property
    def model(self) -> bytes:
        """The ONNX graph."""
        return self.predictor.model

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
    facts = audit_model(documents, where)
    predictor = Predictor(documents.schema, documents.outputs, documents.model, threads=threads)
    if replay:
        replay_golden(predictor, documents.golden, where)
    return Bundle(archive, documents, facts, predictor)


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
        outputs=read_json(parts["outputs.json"], Outputs, place("outputs.json")),
        recipe=read_toml(parts["recipe.toml"], place("recipe.toml")),
        evaluation=table("evaluation.json"),
        golden=read_json(parts["golden.json"], Golden, place("golden.json")),
        reference=table("reference.json"),
        report=read_text(parts["report.html"], place("report.html")),
        card=read_text(parts["card.md"], place("card.md")),
        model=parts["model.onnx"],
    )


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
    return audit_graph(
        documents.model,
        inputs={name: width for name, width in inputs.items() if width != 0},
        outputs=documents.outputs.graph_outputs,
        where=f"{where} > model.onnx",
    )

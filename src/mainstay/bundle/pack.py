"""Content into a bundle: checked, packed in the one way there is, opened again, and only then written."""

from __future__ import annotations

import contextlib
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from mainstay.bundle.archive import write_archive
from mainstay.bundle.documents import write_toml
from mainstay.bundle.file import write_atomically
from mainstay.bundle.layout import FORMAT_OF
from mainstay.bundle.manifest import Manifest, Member
from mainstay.bundle.open import Bundle, open_bundle
from mainstay.bundle.records import BundleContent, encode_json, model_digest
from mainstay.contracts.errors import UsageError

__all__ = ["pack", "seal", "write_bundle"]

_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "lightgbm", "polars")


def pack(content: BundleContent[Any], *, created: datetime | None = None) -> bytes:
    """Return the bytes of a bundle, after they have been opened and their golden rows replayed.

    Parameters
    ----------
    content : BundleContent
    created : datetime, optional
        The time to write into it; default is now. The same content and time give the same bytes where the same
        versions write them.

    Raises
    ------
    UsageError
        When a part does not fit into the format.
    BundleError
        When the bundle would not open.
    """
    return seal(content, created=created).data


def seal(content: BundleContent[Any], *, created: datetime | None = None) -> Bundle:
    """Pack, and return what was packed as it opens: the same as ``open_bundle(pack(content))``, opened once.

    Raises
    ------
    UsageError
        When a part does not fit into the format.
    BundleError
        When the bundle would not open.
    """
    bundle = open_bundle(_bytes_of(content, created))
    _check_kept(content, bundle)
    return bundle


def write_bundle(content: BundleContent[Any], path: str | Path, *, created: datetime | None = None) -> Bundle:
    """Write a bundle to a file, whole or not at all, and return it opened.

    Raises
    ------
    UsageError
        When a part does not fit into the format, or the file cannot be written.
    BundleError
        When the bundle would not open.
    """
    bundle = seal(content, created=created)
    write_atomically(Path(path), bundle.data)
    return bundle


def _bytes_of(content: BundleContent[Any], created: datetime | None) -> bytes:
    from mainstay.data.schema_file import to_toml

    schema, outputs = to_toml(content.schema).encode(), encode_json(content.outputs)
    bound = model_digest(schema, content.model, outputs)
    evaluation = {**content.evaluation, "model_digest": content.evaluation.get("model_digest", bound)}
    if evaluation["model_digest"] != bound:
        raise UsageError(
            "the evaluation is of another model",
            where="evaluation > model_digest",
            hint="Evaluate the model that is packed.",
        )
    parts = {
        "schema.toml": schema,
        "model.onnx": content.model,
        "outputs.json": outputs,
        "recipe.toml": write_toml(content.recipe, "recipe"),
        "evaluation.json": _json(evaluation, "evaluation"),
        "golden.json": _json(content.golden, "golden"),
        "reference.json": _json(content.reference, "reference"),
        "report.html": content.report.encode(),
        "card.md": content.card.encode(),
    }
    time = (created or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return write_archive(parts, lambda members: _manifest(members, time, FORMAT_OF[content.outputs.task]))


def _json(record: Any, where: str) -> bytes:
    try:
        return encode_json(record)
    except (TypeError, ValueError, NotImplementedError, RecursionError) as error:
        raise UsageError(f"this does not fit into JSON ({error})", where=where) from error


def _manifest(members: tuple[Member, ...], created: str, number: int) -> Manifest:
    from mainstay import __version__

    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return Manifest(format=number, mainstay=__version__, created=created, versions=versions, members=members)


def _check_kept(content: BundleContent[Any], bundle: Bundle) -> None:
    """Refuse to write what does not come back as it went in."""
    pairs = {
        "schema": (content.schema, bundle.schema),
        "outputs": (content.outputs, bundle.meaning),
        "golden": (content.golden, bundle.golden),
        "report": (content.report, bundle.report),
        "card": (content.card, bundle.card),
    }
    for name, (given, kept) in pairs.items():
        if given != kept:
            raise UsageError("it does not come back from the file as it went in", where=name)

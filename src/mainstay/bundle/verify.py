"""Every check of a bundle, one by one and by name: what ``mainstay verify`` shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mainstay.bundle.archive import unfold, walk
from mainstay.bundle.asking import predictor_of
from mainstay.bundle.file import Source, read_file
from mainstay.bundle.open import audit_model, check_task, read_documents, told
from mainstay.bundle.records import model_digest
from mainstay.bundle.replay import TOLERANCE, replay_golden
from mainstay.contracts.errors import MainstayError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHECKS", "Check", "Verification", "verify"]

CHECKS = ("archive", "digests", "documents", "graph", "load", "golden", "evaluation")
"""The checks in their order; each needs those before it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check, whether it holds, and what was seen."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All checks of one file.

    Parameters
    ----------
    digest : str
        Empty where the file is no bundle.
    ok : bool
        Whether every check holds.
    checks : tuple of Check
        Always all of them, in the order of :data:`CHECKS`; one that could not be made does not hold.
    """

    digest: str
    ok: bool
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` shows."""
        return {"digest": self.digest, "ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def verify(source: Source) -> Verification:
    """Make every check of a bundle; a bad one is a result, not an error.

    Parameters
    ----------
    source : path or bytes

    Raises
    ------
    UsageError
        When the file cannot be read.

    Examples
    --------
    >>> result = verify(b"not a bundle")
    >>> result.ok, result.checks[0].name, result.checks[0].ok
    (False, 'archive', False)
    """
    steps = _Steps(read_file(source), "bundle" if isinstance(source, bytes) else str(source))
    checks: list[Check] = []
    for name in CHECKS:
        if checks and not checks[-1].ok:
            checks.append(Check(name, ok=False, message="not checked, because an earlier check does not hold"))
            continue
        step: Callable[[], str] = getattr(steps, name)
        try:
            checks.append(Check(name, ok=True, message=step()))
        except MainstayError as error:
            checks.append(Check(name, ok=False, message=str(error)))
    return Verification(steps.digest, all(check.ok for check in checks), tuple(checks))


class _Steps:
    """The checks; each keeps what the next one needs and says in a sentence what it saw."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data, self._where = data, where
        self.digest = ""

    def archive(self) -> str:
        self._archive = walk(self._data, self._where)
        self.digest = self._archive.digest
        manifest = self._archive.manifest
        return f"format {manifest.format}, written by mainstay {manifest.mainstay} at {manifest.created}"

    def digests(self) -> str:
        self._parts = unfold(self._archive)
        return f"{len(self._parts)} members are the bytes that the manifest names"

    def documents(self) -> str:
        self._documents = read_documents(self._parts, self._where)
        check_task(self._archive.manifest, self._documents, self._where)
        return f"{len(self._documents.schema.features)} features; {told(self._documents.outputs)}"

    def graph(self) -> str:
        facts = audit_model(self._documents, self._where)
        nodes = sum(facts.operators.values())
        return f"{nodes} nodes of {len(facts.operators)} known operators, {facts.trees} trees, nothing outside the file"

    def load(self) -> str:
        documents = self._documents
        self._predictor = predictor_of(documents.schema, documents.outputs, documents.model)
        return f"ONNX Runtime loads the graph ({len(documents.model)} bytes)"

    def golden(self) -> str:
        count = replay_golden(self._predictor, self._documents.golden, self._where)
        return f"{count} golden rows get the answers that are stored, within {TOLERANCE:g}"

    def evaluation(self) -> str:
        bound = model_digest(*(self._parts[name] for name in ("schema.toml", "model.onnx", "outputs.json")))
        if self._documents.evaluation.get("model_digest") != bound:
            raise MainstayError("the evaluation is not of this model", where=f"{self._where} > evaluation.json")
        return "the evaluation is bound to this schema, graph and meaning of answers"

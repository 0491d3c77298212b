"""One model as it is served: a bundle under a name, with all that is prepared once so that a request need not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from mainstay.bundle.explain import background_rows
from mainstay.bundle.explain_detectors import explainer_of
from mainstay.bundle.replay import replay_golden
from mainstay.contracts.errors import MainstayError, RequestError
from mainstay.serve.answering.asked import UnreadableRow, brief, nearest, path_of, path_of_client, row_path
from mainstay.serve.answering.voice import judges_together, plain_reader, voice_of
from mainstay.serve.answering.wording import finished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.bundle.explain import Explainer, Explanation
    from mainstay.bundle.explain_detectors import DetectorExplainer
    from mainstay.bundle.open import Bundle
    from mainstay.data.decode import Problem
    from mainstay.serve.answering.asked import Asked, Cell, Row

__all__ = ["Answered", "ServedModel", "refuse_all"]


_SINGLE_GAPS = 3
"""So many columns that were left out have a warning each; an answer must not grow with what is not there."""

_ROW = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


class Answered(NamedTuple):
    """What a row gets.

    Parameters
    ----------
    body : bytes
        The answer as a JSON object; empty where the row is refused.
    error : RequestError, optional
        Why it is refused.
    """

    body: bytes
    error: RequestError | None = None


class ServedModel:
    """A bundle that answers requests under a name.

    Parameters
    ----------
    name : str
    bundle : Bundle

    Attributes
    ----------
    digest : str
    seconds : float
        What a row takes, measured when the model was put up.
    tallied : bool
        Whether its answers are counted by what they say, clusters or alarms: it answers no target.
    tail : bytes
        The members of every answer that say which model gave it, as JSON without the closing brace.
    """

    def __init__(self, name: str, bundle: Bundle) -> None:
        self.name = name
        self.bundle = bundle
        self.digest = bundle.digest
        self.features = tuple(column.name for column in bundle.schema.features)
        self.tail = b',"model":' + msgspec.json.encode(name) + b',"digest":"' + bundle.digest.encode() + b'","id":"'
        self._known = frozenset(column.name for column in bundle.schema.columns)
        self._required = frozenset(column.name for column in bundle.schema.features if not column.nullable)
        self._features = frozenset(self.features)
        self.tallied = bundle.clusters is not None or bundle.detector is not None
        self._voice = voice_of(bundle)
        quick = bundle.asked.decoder.quick
        self._read = plain_reader(bundle)
        self._decode = None if quick is None or self._read is None else _row_decoder(quick.names, quick.numeric)
        self._explaining = threading.Lock()
        self._explainer: Explainer | DetectorExplainer | None = None
        self.seconds = self._measure()

    def __repr__(self) -> str:
        return f"<ServedModel {self.name!r}: {self.digest[:12]}>"

    def _measure(self) -> float:
        """Return what the answer to one row takes, in seconds; the first asking also warms everything up."""
        rows = [golden.row for golden in self.bundle.golden.rows if not golden.rejected] or [{}]
        asked = rows if judges_together(self.bundle) else rows[:1]
        taken = []
        for _ in range(3):
            began = time.perf_counter()
            self.answer_rows(asked)
            taken.append((time.perf_counter() - began) / len(asked))
        return min(taken)

    def plain_cells(self, body: bytes) -> tuple[Cell, ...] | None:
        """Return the cells of a body that is one row with every feature and nothing else; None for any other body."""
        if self._decode is None:
            return None
        try:
            row = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return msgspec.structs.astuple(row)

    def answer_plain(self, rows: Sequence[tuple[Cell, ...]], bodies: Sequence[bytes]) -> list[Answered]:
        """Answer bodies of one row each, byte for byte as :meth:`answer_rows` answers them.

        Parameters
        ----------
        rows : sequence of n tuples
            What :meth:`plain_cells` returned for each.
        bodies : sequence of n bytes
        """
        if self._read is None:
            return self.answer_rows([_ROW.decode(body) for body in bodies])
        arrays, plain = self._read(rows)
        if plain.all():
            return [Answered(body) for body in self._voice.arrays(arrays)]
        kept = np.flatnonzero(plain)
        answered = dict.fromkeys(range(len(rows)), Answered(b""))
        if len(kept):
            written = self._voice.arrays(arrays.take(kept))
            answered |= {int(at): Answered(body) for at, body in zip(kept, written, strict=True)}
        others = np.flatnonzero(~plain).tolist()
        full = self.answer_rows([_ROW.decode(bodies[at]) for at in others])
        answered |= dict(zip(others, full, strict=True))
        return [answered[at] for at in range(len(rows))]

    def answer_rows(self, rows: Sequence[Row], *, numbered: bool = False) -> list[Answered]:
        """Answer rows by the schema's policies: each gets its answer with warnings, or the reason of its refusal.

        Parameters
        ----------
        rows : sequence of dict
        numbered : bool, default False
            Whether places name the row, as ``$.rows[3].age``.
        """
        written, broken = self._voice.rows(rows)
        problems: dict[int, list[Problem]] = {}
        for problem in broken:
            problems.setdefault(problem.row, []).append(problem)
        answered = []
        for at, row in enumerate(rows):
            place = at if numbered else None
            error = self._refusal(row, place) or _refused(problems.get(at, ()), place)
            if error is not None:
                answered.append(Answered(b"", error))
                continue
            warnings = self._warnings(row, problems.get(at, ()), place)
            body = finished(written[at], {"warnings": warnings}) if warnings else written[at]
            answered.append(Answered(body))
        return answered

    def _refusal(self, row: Row, place: int | None) -> RequestError | None:
        """Return what is wrong with a row or its names, if anything is."""
        if isinstance(row, UnreadableRow):
            return row.error
        if not row.keys() <= self._known:
            unknown = next(name for name in row if name not in self._known)
            return RequestError(
                f"the model knows no column {brief(unknown)}", status=422, where=path_of_client(unknown, place),
                hint=nearest(unknown, self.features), code="unknown_field",
            )  # fmt: skip
        if self._features and not (row.keys() & self._features):
            return RequestError("the row has none of the model's columns", status=422, where=row_path(place),
                                hint=nearest("", self.features), code="empty")  # fmt: skip
        return None

    def _warnings(self, row: Row, problems: Sequence[Problem], place: int | None) -> list[dict[str, str]]:
        """Return what is odd about a row that is answered; of many columns that were left out in one sentence."""
        said = [_warning(one, place) for one in problems]
        if len(row) >= len(self.features) and row.keys() >= self._features:
            return said
        told = {one.column for one in problems if one.code == "missing"}
        gaps = [name for name in self.features if name not in row]
        left_out = [name for name in gaps if name in told or name not in self._required]
        if len(left_out) <= _SINGLE_GAPS:
            words = "it was left out; it is read as missing"
            return said + [_gap(path_of(name, place), words) for name in left_out if name not in told]
        named = ", ".join(left_out[:_SINGLE_GAPS])
        others = [_warning(one, place) for one in problems if one.code != "missing" or one.column in row]
        words = f"{len(left_out)} columns were left out and are read as missing: {named}, ..."
        return [*others, _gap(row_path(place), words)]

    def explain(self, rows: Sequence[Row], label: Any = None) -> list[dict[str, Any] | None]:
        """Return why each row gets its answer; None for a row that is refused.

        Slow beside an answer, so not for the thread of the event loop; one at a time.

        Parameters
        ----------
        rows : sequence of dict
        label : label, optional
            The class that is explained; default is the positive one of two, and of more each row's own answer.

        Raises
        ------
        RequestError
            When the label is none of the model's, or the model file has no rows to compare with.
        """
        try:
            with self._explaining:
                if self._explainer is None:
                    rows_to_compare = background_rows(self.bundle.reference, self.bundle.golden)
                    self._explainer = explainer_of(self.bundle.asked, rows_to_compare, threads=1, kept_bytes=0)
                found = self._explainer.explain_rows(rows, label=label)
        except MainstayError as error:
            raise RequestError(error.message, status=422, where="explain", hint=error.hint, code="explain") from error
        scale = "" if self.bundle.clusters is None else self.bundle.clusters.outputs.explained
        return [None if found.rejected[at] else _explanation(found, at, scale) for at in range(len(rows))]

    def check(self) -> int:
        """Ask the golden rows again, and return how many there are.

        Raises
        ------
        ReplayError
            When an answer is another than the one stored.
        """
        return replay_golden(self.bundle.asked, self.bundle.golden)


def _row_decoder(names: Sequence[str], numeric: Sequence[bool]) -> Any:
    """Return what reads a body into cells, in C; None where a column's name cannot be a field's."""
    kinds = {True: float | None, False: str | int | float | bool | None}
    fields = [(f"cell_{at}", kinds[number]) for at, number in enumerate(numeric)]
    rename = {f"cell_{at}": name for at, name in enumerate(names)}
    try:
        record = msgspec.defstruct("PlainRow", fields, rename=rename, forbid_unknown_fields=True, gc=False)
    except ValueError:
        return None
    return msgspec.json.Decoder(record).decode


def _refused(problems: Sequence[Problem], place: int | None) -> RequestError | None:
    for problem in problems:
        if problem.action == "reject":
            return RequestError(
                problem.message, status=422, where=path_of(problem.column, place), code=problem.code,
                hint="The schema of the model refuses such a row.",
            )  # fmt: skip
    return None


def _warning(problem: Problem, place: int | None) -> dict[str, str]:
    return {"code": problem.code, "where": path_of(problem.column, place), "message": problem.message}


def _gap(where: str, message: str) -> dict[str, str]:
    return {"code": "missing", "where": where, "message": message}


def _explanation(found: Explanation, at: int, scale: str = "") -> dict[str, Any]:
    """Return one row's explanation: base and contributions add up to the answer."""
    said: dict[str, Any] = {
        "base": float(found.base[at]),
        "answer": float(found.prediction[at]),
        "contributions": dict(zip(found.columns, found.contributions[at].tolist(), strict=True)),
        "methods": list(found.methods),
    }
    if found.labels is not None:
        said["label"] = found.labels[at]
    if scale:
        said["scale"] = scale
    if found.error is not None:
        said["standard_error"] = dict(zip(found.columns, found.error[at].tolist(), strict=True))
    return said


def refuse_all(answered: Sequence[Answered], asked: Asked) -> RequestError | None:
    """Return the error of a whole request: the first row's that is refused, saying how many there are.

    Examples
    --------
    >>> from mainstay.serve.answering.asked import Asked
    >>> bad = Answered(b"", RequestError("expected a number", status=422, where="$.rows[1].age"))
    >>> refuse_all([Answered(b"{}"), bad], Asked([{}, {}], single=False)).message
    '1 of 2 rows is refused: expected a number'
    """
    errors = [one.error for one in answered if one.error is not None]
    if not errors:
        return None
    first = errors[0]
    if asked.single:
        return first
    count = f"{len(errors):,} of {len(answered):,} rows {'is' if len(errors) == 1 else 'are'} refused"
    return RequestError(
        f"{count}: {first.message}" if len(errors) == 1 else f"{count}; the first: {first.message}",
        status=first.status, where=first.where, code=first.code,
        hint=f'{first.hint} With "on_error": "row" the other rows are answered.'.strip(),
    )  # fmt: skip

"""Asks the model again what the log says it answered; the answers must be the same bytes.

A log that cannot be replayed is a claim; one that can is a proof, of the answers and of the file that gave them.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import MainstayError
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.log.reading import read_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from mainstay.bundle.open import Bundle
    from mainstay.serve.answering.asked import Row
    from mainstay.serve.log.record import Entry

__all__ = ["Difference", "Gap", "ReplayReport", "replay"]

_BLOCK = 256
_SHOWN = 20
_ROW = msgspec.json.Decoder(dict[str, str | int | float | bool | None])
# In a batch a warning names the place of its row, which a row in the log has no more. A quote in a text of JSON is
# always escaped, so nothing but the name of a member matches.
_PLACE = re.compile(rb'"where":"\$\.rows\[\d+\]')
_IDENTITY = re.compile(r"([0-9a-f]{16})-([0-9a-f]{10,})")


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that is answered otherwise now.

    Parameters
    ----------
    id, model : str
    stored, recomputed : str
        Both answers as JSON; in place of the second, why there is none.
    """

    id: str
    model: str
    stored: str
    recomputed: str


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that a run of a worker has numbered and that are not in the log.

    Parameters
    ----------
    run : str
        The first half of the ids.
    first, last : int
        The lowest and the highest number that was read.
    missing : int
        How many between them were not.
    """

    run: str
    first: int
    last: int
    missing: int


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay found.

    Parameters
    ----------
    checked : int
        Entries that were asked again; of them ``same`` gave the same bytes, and ``different`` did not.
    same, different : int
    other_model : int
        Entries of a model that was not given.
    unreadable : int
        Entries whose inputs are no row.
    missing_ids : tuple of str
        What was asked for and is not in the log.
    differences : tuple of Difference
        The first 20.
    gaps : tuple of Gap
        Numbers that are missing, by run. Looked for only where the whole log is read, for entries lie by time and
        numbers by answer; deleting old entries leaves gaps too.
    other_digests : tuple of str
        The models that were not given.
    """

    checked: int
    same: int
    different: int
    other_model: int
    unreadable: int
    missing_ids: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    gaps: tuple[Gap, ...] = ()
    other_digests: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all that was asked for could be asked again, and was answered as before."""
        nothing = self.other_model > 0 and not self.checked
        return not (self.different or self.unreadable or self.missing_ids or nothing)


def replay(
    log: str,
    bundles: Sequence[Bundle],
    *,
    ids: Sequence[str] = (),
    since: str | datetime | int | None = None,
    until: str | datetime | int | None = None,
    limit: int | None = None,
) -> ReplayReport:
    """Answer logged rows again, each by the bundle of its own digest, and compare byte for byte.

    The log is only read, block by block, and may be written to meanwhile.

    Parameters
    ----------
    log : str
        What ``--log`` of the server was given.
    bundles : sequence of Bundle
    ids : sequence of str, default ()
        Only these predictions.
    since, until : str, datetime or int, optional
        Only entries from here on, and before there; see :func:`mainstay.serve.log.reading.read_entries`.
    limit : int, optional
        At most so many entries.

    Raises
    ------
    UsageError
        When there is no such log.
    DataError
        When the log cannot be read to its end.
    """
    whole = not ids and since is None and until is None and limit is None
    work = _Replaying(bundles, ids, whole=whole)
    entries = read_entries(log, ids=ids, since=since, until=until, limit=limit)
    for block in _blocks(entries):
        work.check(block)
    return work.report()


def _blocks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while block := list(islice(entries, _BLOCK)):
        yield block


class _Replaying:
    """The count so far."""

    def __init__(self, bundles: Sequence[Bundle], ids: Sequence[str], *, whole: bool) -> None:
        self._all = whole
        self._missing = dict.fromkeys(ids)
        self._models = {bundle.digest: ServedModel("replay", bundle) for bundle in bundles}
        self._same = self._different = self._unreadable = 0
        self._differences: list[Difference] = []
        self._others: dict[str, int] = {}
        self._runs: dict[str, tuple[int, int, int]] = {}

    def check(self, block: Sequence[Entry]) -> None:
        """Ask a block of entries again, all of a model at once."""
        by_digest: dict[str, list[tuple[Entry, Row]]] = {}
        for entry in block:
            self._note(entry)
            if entry.digest not in self._models:
                self._others[entry.digest] = self._others.get(entry.digest, 0) + 1
                continue
            try:
                by_digest.setdefault(entry.digest, []).append((entry, _ROW.decode(entry.inputs)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._unreadable += 1
        for digest, asked in by_digest.items():
            for (entry, _), answer in zip(asked, self._answers(digest, [row for _, row in asked]), strict=True):
                self._compare(entry, answer)

    def report(self) -> ReplayReport:
        """Return what was found."""
        gaps = [
            Gap(run=run, first=first, last=last, missing=last - first + 1 - count)
            for run, (first, last, count) in self._runs.items()
            if last - first + 1 > count
        ]
        return ReplayReport(
            checked=self._same + self._different,
            same=self._same,
            different=self._different,
            other_model=sum(self._others.values()),
            unreadable=self._unreadable,
            missing_ids=tuple(self._missing),
            differences=tuple(self._differences),
            gaps=tuple(gaps) if self._all else (),
            other_digests=tuple(self._others),
        )

    def _answers(self, digest: str, rows: list[Row]) -> list[bytes | str]:
        """Return the answers to rows, or why there is none."""
        try:
            answered = self._models[digest].answer_rows(rows)
        except MainstayError as error:
            if len(rows) == 1:
                return [f"no answer: {error.message}"]
            return [one for row in rows for one in self._answers(digest, [row])]
        return [one.body if one.error is None else f"refused: {one.error.message}" for one in answered]

    def _compare(self, entry: Entry, answer: bytes | str) -> None:
        if _PLACE.sub(b'"where":"$', entry.output) == answer:
            self._same += 1
            return
        self._different += 1
        if len(self._differences) < _SHOWN:
            now = answer if isinstance(answer, str) else answer.decode(errors="replace")
            stored = entry.output.decode(errors="replace")
            self._differences.append(Difference(id=entry.id, model=entry.model, stored=stored, recomputed=now))

    def _note(self, entry: Entry) -> None:
        """Remember which numbers were seen."""
        self._missing.pop(entry.id, None)
        found = _IDENTITY.fullmatch(entry.id)
        if found:
            number = int(found[2], 16)
            first, last, count = self._runs.get(found[1], (number, number, 0))
            self._runs[found[1]] = min(first, number), max(last, number), count + 1

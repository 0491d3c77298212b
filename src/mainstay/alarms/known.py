"""What is known of rows: labels in any usual words become 1 (an anomaly), 0 (usual) or -1 (not known).

People write 1 and 0, yes and no, fraud and ok, or the names of attacks. What cannot be told by the word is told by how
often it comes: anomalies are rare. That guess is a finding, so that a wrong one is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column
from mainstay.data.intake import check_names
from mainstay.data.quality_values import present

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.data.table import Table

__all__ = ["Known", "known_anomalies", "known_column"]

_ODD = frozenset(
    {"1", "true", "t", "yes", "y", "anomaly", "anomalous", "anomalies", "outlier", "outliers", "fraud", "fraudulent"}
    | {"attack", "intrusion", "malicious", "fault", "faulty", "failure", "failed", "broken", "defect", "defective"}
    | {"abnormal", "odd", "bad", "suspicious", "alarm"}
)
_USUAL = frozenset(
    {"0", "false", "f", "no", "n", "normal", "usual", "ok", "okay", "good", "benign", "legit", "legitimate", "genuine"}
    | {"regular", "healthy", "inlier", "inliers", "clean", "fine", "none"}
)
_MOST = 200
_SHOWN = 5
_MISSING = ("?", "NA", "N/A", "NaN", "nan", "null", "None", "unknown", "Unknown")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of rows.

    Parameters
    ----------
    column : str
        Where the labels come from.
    codes : int8 array of shape (n,)
        1 an anomaly, 0 usual, -1 not known.
    odd, usual : tuple of str
        The values that were taken as anomalies, and as usual.
    guessed : str
        Why, where the words alone do not say; empty otherwise.
    """

    column: str
    codes: NDArray[np.int8]
    odd: tuple[str, ...]
    usual: tuple[str, ...]
    guessed: str = ""

    @property
    def anomalies(self) -> int:
        """How many rows are known to be anomalies."""
        return int((self.codes == 1).sum())

    @property
    def labelled(self) -> int:
        """How many rows have a label."""
        return int((self.codes >= 0).sum())

    @property
    def complete(self) -> bool:
        """Whether every row has a label."""
        return bool((self.codes >= 0).all())

    def findings(self) -> tuple[Finding, ...]:
        """Return what a person should know of how the labels were read."""
        odd, usual = _listed(self.odd) or "nothing", _listed(self.usual) or "nothing"
        grounds = f"; {self.guessed}" if self.guessed else ""
        finding = Finding(
            severity="warning" if self.guessed else "info",
            code="labels",
            column=self.column,
            message=f"of {self.labelled:,} labelled rows {self.anomalies:,} are anomalies ({odd}), the others usual "
            f"({usual}){grounds}",
            advice="Write 1 for an anomaly and 0 for a usual row where this is wrong."
            if self.guessed
            else "Nothing is to be done.",
        )
        return (finding,)


def known_column(table: Table, name: str) -> Known:
    """Return what a column of a table says of its rows.

    Parameters
    ----------
    table : Table
    name : str

    Raises
    ------
    UsageError
        When there is no such column, or it does not tell anomalies from usual rows.
    """
    check_names(table, {"labels": (name,)})
    return known_anomalies(table.frame.get_column(name), name)


def known_anomalies(series: pl.Series, name: str) -> Known:
    """Return what labels say: by their words where these are usual ones, else the rarer value is the anomaly.

    Parameters
    ----------
    series : polars.Series of shape (n,)
    name : str
        What to call it in messages.

    Raises
    ------
    UsageError
        When there is no label at all, too many different ones, or two that come equally often.

    Examples
    --------
    >>> import polars as pl
    >>> known_anomalies(pl.Series(["ok", "fraud", None]), "kind").codes.tolist()
    [0, 1, -1]
    >>> found = known_anomalies(pl.Series(["a", "a", "b"]), "kind")
    >>> found.odd, found.guessed
    (('b',), 'the words do not say which is which, and the rarer one is taken as the anomaly')
    """
    import polars as pl

    words = _words(present(series, Column(name=name, kind="category", missing=_MISSING)))
    different = words.drop_nulls().value_counts(sort=True, name="rows").rows()
    if not different:
        raise UsageError(f"no row has a label in {name!r}", where="labels", hint="Write 1 for an anomaly, 0 for usual.")
    if len(different) > _MOST:
        raise UsageError(
            f"{name!r} has {len(different):,} different values, and labels say of a row whether it is an anomaly",
            where="labels", hint="Write 1 for an anomaly, 0 for a usual row, and leave out what is not known.",
        )  # fmt: skip
    meaning, guessed = _meaning({str(word): int(rows) for word, rows in different}, name)
    codes = words.replace_strict(meaning, default=-1, return_dtype=pl.Int8).fill_null(-1).to_numpy()
    odd = tuple(word for word, code in meaning.items() if code == 1)
    usual = tuple(word for word, code in meaning.items() if code == 0)
    return Known(name, codes.astype(np.int8), odd, usual, guessed)


def _words(cells: pl.Series) -> pl.Series:
    """Return the labels as lower-case words; whole numbers without a decimal point."""
    import polars as pl

    if cells.dtype.is_float():
        whole = cells.drop_nulls()
        if (whole == whole.round()).all() and bool((whole.abs() < 2**53).all()):
            cells = cells.cast(pl.Int64)
    text = cells.cast(pl.String).str.to_lowercase()
    return text.str.replace(r"^(-?\d+)\.0+$", "$1").rename("word")


def _meaning(counts: Mapping[str, int], name: str) -> tuple[dict[str, int], str]:
    """Return what each word means, the most frequent first, and why where the words do not say so."""
    words = list(counts)
    if set(words) <= {"-1", "1"} and "-1" in words:
        return {
            word: int(word == "-1") for word in words
        }, "-1 is taken as the anomaly and 1 as usual, as scikit-learn has it"
    odd, usual = [word for word in words if word in _ODD], [word for word in words if word in _USUAL]
    if len(odd) + len(usual) == len(words):
        return {word: int(word in _ODD) for word in words}, ""
    if usual:
        return {word: int(word not in _USUAL) for word in words}, "all other words are taken as anomalies"
    if odd and len(words) == 2:
        return {word: int(word in _ODD) for word in words}, "the other word is taken as usual"
    if len(words) == 1:
        raise UsageError(
            f"{name!r} says {words[0]!r} of every labelled row, which does not tell anomalies from usual rows",
            where="labels", hint="Write 1 for an anomaly, 0 for a usual row, and leave out what is not known.",
        )  # fmt: skip
    if counts[words[0]] == counts[words[1]]:
        raise UsageError(
            f"{words[0]!r} and {words[1]!r} come equally often in {name!r}, and neither word says which is the anomaly",
            where="labels", hint="Write 1 for an anomaly, 0 for a usual row.",
        )  # fmt: skip
    rarest = "the rarer one is" if len(words) == 2 else f"all but the most frequent ({words[0]!r}) are"
    taken = "taken as the anomaly" if len(words) == 2 else "taken as anomalies"
    return {word: int(word != words[0]) for word in words}, f"the words do not say which is which, and {rarest} {taken}"


def _listed(words: tuple[str, ...]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(repr(word) for word in words[:_SHOWN]) + more

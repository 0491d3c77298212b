"""The file in which a person answers: the rows whose labels would help most, to be filled in and given to the next run.

A row is known by its number in the table, and its cells are kept beside it, so that answers for another table are seen
before they teach anything wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.alarms.known import Known, known_anomalies
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.data.table import Table

__all__ = ["Asked", "feedback_frame", "read_feedback"]

ROW, LABEL = "row", "label"
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows whose labels would help most.

    Parameters
    ----------
    rows : int64 array of shape (k,)
        Their positions in the table, the most helpful first.
    why : tuple of str
        For each of them why it is asked.
    """

    rows: NDArray[np.int64]
    why: tuple[str, ...]


def feedback_frame(frame: pl.DataFrame, asked: Asked, answers: pl.DataFrame, known: Known | None) -> pl.DataFrame:
    """Return the rows to be labelled, with an empty column for the label, then those that have one already.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n, columns)
        The table.
    asked : Asked
    answers : polars.DataFrame of shape (n, ...)
        With the columns "score" and "reason".
    known : Known, optional
        Labels that were given so far; they are written down again, so that one file holds all.
    """
    import polars as pl

    old = np.array([], np.int64) if known is None else np.flatnonzero(known.codes >= 0)
    rows = np.concatenate([asked.rows, old])
    labels = [None] * len(asked.rows) + ([] if known is None else known.codes[old].tolist())
    head: dict[str, Any] = {
        ROW: pl.Series(rows + 1, dtype=pl.Int64),
        LABEL: pl.Series(labels, dtype=pl.Int64),
        "why": pl.Series([*asked.why, *["labelled already"] * len(old)], dtype=pl.String),
        "score": answers.get_column("score")[rows],
        "reason": answers.get_column("reason")[rows],
    }
    cells = frame[rows].rename({name: f"{name} (input)" for name in frame.columns if name in head})
    return pl.DataFrame(head).hstack(cells)


def read_feedback(feedback: Table, table: Table) -> Known:
    """Return what the filled-in file says of the rows of a table.

    Parameters
    ----------
    feedback : Table
        With the columns "row" and "label", as :func:`feedback_frame` makes it.
    table : Table

    Raises
    ------
    UsageError
        When a column lacks, a row number is none of the table's, or the rows are those of another table.
    """
    for name in (ROW, LABEL):
        if name not in feedback.columns:
            raise UsageError(
                f"a file of labels has the columns {ROW!r} and {LABEL!r}, and {name!r} is not there",
                where=feedback.source, hint="mainstay detect DATA --ask 10 -o feedback.csv writes one.",
            )  # fmt: skip
    places = _places(feedback, table.rows)
    _check_same(feedback, table, places)
    said = known_anomalies(feedback.frame.get_column(LABEL), f"{LABEL} of {feedback.source}")
    codes = np.full(table.rows, -1, np.int8)
    given = said.codes >= 0
    codes[places[given]] = said.codes[given]
    return Known(feedback.source, codes, said.odd, said.usual, said.guessed)


def _places(feedback: Table, rows: int) -> NDArray[np.int64]:
    import polars as pl

    numbers = feedback.frame.get_column(ROW).cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = np.flatnonzero(~((numbers >= 1) & (numbers <= rows) & (numbers == np.floor(numbers))))
    if len(wrong):
        raise UsageError(
            f"{feedback.frame.get_column(ROW)[int(wrong[0])]!r} in line {int(wrong[0]) + 1:,} is no row of the table, "
            f"which has 1 to {rows:,}",
            where=f"{feedback.source}, column {ROW}", hint="Give the labels with the table that they were made for.",
        )  # fmt: skip
    return numbers.astype(np.int64) - 1


def _check_same(feedback: Table, table: Table, places: NDArray[np.int64]) -> None:
    """Refuse answers for another table: at least half of the cells of each row must be those of the table."""
    shared = [
        name
        for name in table.columns
        if name in feedback.columns and name not in (ROW, LABEL, "why", "score", "reason")
    ]
    if not shared:
        return
    same = np.mean(
        [_equal(feedback.frame.get_column(name), table.frame.get_column(name)[places]) for name in shared], axis=0
    )
    other = np.flatnonzero(same < _SAME)
    if len(other):
        raise UsageError(
            f"row {int(places[other[0]]) + 1:,} has other values in this table than where it was labelled",
            where=feedback.source, hint="Give the labels with the table that they were made for.",
        )  # fmt: skip


def _equal(one: pl.Series, other: pl.Series) -> NDArray[np.bool_]:
    """Say which cells are the same, as numbers or as text."""
    import polars as pl

    text = [series.cast(pl.String, strict=False).fill_null("") for series in (one, other)]
    mine, theirs = (series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy() for series in text)
    alike: NDArray[np.bool_] = (text[0] == text[1]).to_numpy() | np.isclose(mine, theirs, rtol=1e-6, atol=0.0)
    return alike

"""What a detection run is told: one record, kept in the bundle's recipe, enough to run it again."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["REFERENCES", "Settings", "read_reference"]

REFERENCES = ("contaminated", "clean")
"""What the rows that a detector learns from may be: with anomalies among them, or known to have none."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All choices of a detection run that are not in the schema.

    Parameters
    ----------
    reference : {"contaminated", "clean"}, default "contaminated"
        Whether anomalies may be among the rows that are learned from.
    assumed : bool, default False
        Whether nobody said which case it is.
    reference_source : str, default ""
        The name of the table of clean rows, where there is one; the data is then judged against it.
    alarm : str, default "fdr=0.1"
        When a row is flagged: "fdr=0.1", "top=20", "rate=0.01" or "cost=50".
    method : str, default "ensemble"
        A learner of the catalogue.
    columns : tuple of str, optional
        The columns to watch; all that tell something where None.
    labels : str, default ""
        A column, or the name of a file, that says of some or all rows whether they are anomalies.
    time : str, default ""
        The column of time, where the rows are a series.
    ask : int, default 0
        How many rows to propose for a label.
    seed : int, default 0
    time_budget : float, default infinity
        Seconds from start to written bundle.

    Raises
    ------
    UsageError
        When a setting is none that there is.

    Examples
    --------
    >>> Settings(reference="clean").assumed
    False
    """

    reference: Literal["contaminated", "clean"] = "contaminated"
    assumed: bool = False
    reference_source: str = ""
    alarm: str = "fdr=0.1"
    method: str = "ensemble"
    columns: tuple[str, ...] | None = None
    labels: str = ""
    time: str = ""
    ask: int = 0
    seed: int = 0
    time_budget: float = float("inf")

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise UsageError(f"a seed must be a whole number from 0 to {2**32 - 1}; {self.seed!r} came", where="seed")
        if isinstance(self.ask, bool) or not isinstance(self.ask, int) or self.ask < 0:
            raise UsageError(f"the number of rows to ask about is 0 or more, and {self.ask!r} came", where="ask")
        if self.columns is not None and not self.columns:
            raise UsageError("no column is named to watch", where="columns", hint="Name some, or leave it out.")
        for where, name in (("labels", self.labels), ("time", self.time)):
            if name and name in (self.columns or ()):
                raise UsageError(
                    f"{name!r} is named as a column to watch too", where=where, hint="Take it out of the columns."
                )


def read_reference(reference: object) -> Literal["contaminated", "clean"] | None:
    """Return the reference case that a word names; None where it is no such word but data, or nothing was said.

    Raises
    ------
    UsageError
        When it is another word, and there is no file or folder of that name.

    Examples
    --------
    >>> read_reference("Clean"), read_reference("clean_rows.csv"), read_reference(None)
    ('clean', None, None)
    """
    word = reference.strip().lower() if isinstance(reference, str) else ""
    if word in REFERENCES:
        return "contaminated" if word == "contaminated" else "clean"
    if word.isidentifier() and not Path(str(reference)).exists():
        raise UsageError(
            f"there is no reference {reference!r}, and no such file", where="reference",
            hint="Say contaminated (there may be anomalies among the rows) or clean (there are none), or give a file "
            "of clean rows.",
        )  # fmt: skip
    return None

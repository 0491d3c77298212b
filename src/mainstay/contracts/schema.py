"""The input contract: what a row of data is, for training, batch, REST and drift alike.

A schema is inferred once, shown, edited if wanted (as TOML), kept in the bundle, and from then on it is the only
thing that says how a raw value becomes a number. It is data: nothing in it runs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.contracts.errors import SchemaError

__all__ = ["DATETIME_PARTS", "TEXT_PARTS", "TEXT_TERMS", "Column", "Kind", "Policy", "Role", "Schema"]

Kind = Literal["number", "boolean", "category", "datetime", "text", "identifier", "image"]
Role = Literal["feature", "target", "group", "time", "weight", "ignored"]
Policy = Literal["reject", "warn", "missing"]

DATETIME_PARTS = ("days", "year", "month", "day", "weekday", "hour")
"""The numbers that a datetime becomes: days since 1970-01-01 with fraction, year, month 1-12, day 1-31,
weekday 0-6 from Monday, hour 0-24 with fraction."""

TEXT_PARTS = ("characters", "words", "digits", "capitals", "symbols")
"""The numbers that a free text becomes: its length in characters, its words, and the counts of digits,
capital letters and other signs (neither letter, digit nor white space)."""

TEXT_TERMS = 262_144
"""How many numbers the words and letter groups of a text are hashed into, where inference finds the text."""


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One column of the input contract.

    Parameters
    ----------
    name : str
        As in the header of the data.
    kind : str
        "number", "boolean", "category", "datetime", "text", "identifier" or "image".
    role : str, default "feature"
        "feature", "target", "group", "time", "weight" or "ignored".
    nullable : bool, default True
        Whether a missing value is allowed.
    categories : tuple of str, default ()
        The known levels of a category (or of a class target), in the order of their codes; the false and the true
        word of a boolean, in that order.
    ordered : bool, default False
        Whether the order of the categories means something: "low", "medium", "high". Then a feature is the place in
        that order, a number, for every learner, and an unseen word is missing.
    low, high : float, optional
        The range seen in training, for numbers; for datetimes, in days since 1970-01-01.
    unit : str, default ""
        For people: "EUR", "months".
    missing : tuple of str, default ()
        Words that mean "no value" in this column, beside the empty cell: "?", "NA".
    decimal : str, default "."
        The decimal mark of numbers written as text: "." or ",".
    thousands : str, default ""
        The mark between thousands of numbers written as text: "", ",", ".", "'", " " or "_".
    formats : tuple of str, default ()
        strptime formats of a datetime written as text, tried in this order.
    terms : int, default 0
        For a text: how many numbers its words and letter groups are hashed into, beside the five counts of
        ``TEXT_PARTS``. 0 leaves it at the counts.
    on_bad, on_missing, on_unseen, on_range : {"reject", "warn", "missing"}
        What happens to a value that cannot be read as this kind; to a missing value where ``nullable`` is false;
        to an unknown category; to a number outside the range seen. "warn" keeps the answer and says so;
        "missing" treats the value as missing without a word; "reject" refuses the row.
        An unknown category that is not rejected has a code of its own; a number out of range that is only
        warned of is used as it is.
    evidence : str, default ""
        Why this kind was inferred, for people.

    Examples
    --------
    >>> Column(name="tenure", kind="number", low=0, high=72).role
    'feature'
    """

    name: str
    kind: Kind
    role: Role = "feature"
    nullable: bool = True
    categories: tuple[str, ...] = ()
    ordered: bool = False
    low: float | None = None
    high: float | None = None
    unit: str = ""
    missing: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    formats: tuple[str, ...] = ()
    terms: int = 0
    on_bad: Policy = "warn"
    on_missing: Policy = "reject"
    on_unseen: Policy = "warn"
    on_range: Policy = "warn"
    evidence: str = ""


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """All columns of a table, in their order.

    Parameters
    ----------
    columns : tuple of Column
        Names are unique.

    Raises
    ------
    SchemaError
        When two columns share a name, or more than one is the target.

    Examples
    --------
    >>> schema = Schema(columns=(Column(name="age", kind="number"), Column(name="city", kind="category")))
    >>> [column.name for column in schema.features]
    ['age', 'city']
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise SchemaError(f"column names must be unique, and {repeated} repeat", hint="Rename one of each.")
        targets = [column.name for column in self.columns if column.role == "target"]
        if len(targets) > 1:
            raise SchemaError(f"one column can be the target, and {targets} are", hint="Give the others another role.")

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that a model sees, in their order."""
        return tuple(column for column in self.columns if column.role == "feature")

    @property
    def target(self) -> Column | None:
        """The target column, or None."""
        return next((column for column in self.columns if column.role == "target"), None)

    def with_role(self, role: Role) -> Column | None:
        """Return the first column of that role, or None."""
        return next((column for column in self.columns if column.role == role), None)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        known = ", ".join(column.name for column in self.columns)
        raise SchemaError(f"there is no column {name!r}", hint=f"The columns are: {known}.")

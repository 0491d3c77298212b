"""The records of a profile: plain data, so that terminal, JSON, HTML and the report draw from the same numbers."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.contracts.findings import Finding  # noqa: TC001 - msgspec reads annotations at run time
from mainstay.contracts.schema import Kind, Role  # noqa: TC001 - as above

__all__ = [
    "Association",
    "ColumnProfile",
    "Histogram",
    "Level",
    "NumberSummary",
    "Profile",
    "TargetSummary",
    "TextSummary",
]


class Histogram(msgspec.Struct, frozen=True):
    """How often values fall between edges.

    Parameters
    ----------
    edges : tuple of float, of length bins + 1
    counts : tuple of int, of length bins
    below, above : int, default 0
        Values left and right of the edges, where a few far values would leave one bar for all others.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0


class NumberSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of a number or, in days since 1970-01-01, of a datetime.

    Parameters
    ----------
    minimum, maximum, mean, median : float
    std : float
        The sample standard deviation; 0 for one value.
    skew : float
        The third standardised moment; 0 for a constant.
    quantiles : dict
        From the share, as text ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"), to the value.
    zeros, negatives : int
    outliers : int
        Values that the rule calls far.
    outlier_rule : str
        The rule, with its limits.
    whole : bool
        Whether all values are whole numbers.
    at_minimum, at_maximum : int
        How often the smallest and the largest value occur.
    histogram : Histogram
    """

    minimum: float
    maximum: float
    mean: float
    median: float
    std: float
    skew: float
    quantiles: dict[str, float]
    zeros: int
    negatives: int
    outliers: int
    outlier_rule: str
    whole: bool
    at_minimum: int
    at_maximum: int
    histogram: Histogram


class Level(msgspec.Struct, frozen=True):
    """A value, how many rows have it, and their share of the rows that have a value."""

    value: str
    rows: int
    share: float


class TextSummary(msgspec.Struct, frozen=True):
    """Lengths of texts, in characters, and words for each text.

    Parameters
    ----------
    shortest, longest : int
    mean, median : float
    words : float
        The mean number of words.
    """

    shortest: int
    longest: int
    mean: float
    median: float
    words: float


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What one column holds.

    Parameters
    ----------
    name, kind, role
        As in the schema.
    missing : int
        Rows without a value.
    missing_share : float
    unreadable : int
        Cells that have a text which is no value of this kind.
    distinct : int
        Different values.
    evidence : str
        Why this kind was inferred.
    numbers : NumberSummary, optional
        For numbers and datetimes.
    first, last : str, optional
        The earliest and the latest instant, for datetimes.
    levels : tuple of Level
        The most frequent values, at most 20, for all other kinds.
    text : TextSummary, optional
        For texts and identifiers.
    """

    name: str
    kind: Kind
    role: Role
    missing: int
    missing_share: float
    unreadable: int
    distinct: int
    evidence: str
    numbers: NumberSummary | None = None
    first: str | None = None
    last: str | None = None
    levels: tuple[Level, ...] = ()
    text: TextSummary | None = None


class Association(msgspec.Struct, frozen=True):
    """Two columns that are related.

    Parameters
    ----------
    first, second : str
    measure : str
        "spearman" or "pearson" (absolute), "cramers_v" (bias-corrected) or "correlation_ratio" (bias-corrected).
    value : float
        From 0 to 1.
    same : {"", "identical", "one_to_one"}
        Whether all cells are equal, or each value of one stands for exactly one value of the other.
    """

    first: str
    second: str
    measure: str
    value: float
    same: Literal["", "identical", "one_to_one"] = ""


class TargetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be predicted.

    Parameters
    ----------
    name : str
    task : {"classification", "regression"}
    missing : int
    classes : tuple of Level
        All classes, the most frequent first (at most 200); empty for amounts.
    numbers : NumberSummary, optional
        For amounts.
    conflicts : int, default 0
        Rows whose inputs equal those of a row with another class.
    """

    name: str
    task: Literal["classification", "regression"]
    missing: int
    classes: tuple[Level, ...] = ()
    numbers: NumberSummary | None = None
    conflicts: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds, and what a person should know about it.

    Parameters
    ----------
    source : str
    rows : int
    columns : tuple of ColumnProfile
    findings : tuple of Finding
        The gravest first.
    associations : tuple of Association
        Related pairs, the strongest first.
    target : TargetSummary, optional
    duplicates : int
        Rows that repeat an earlier row.
    """

    source: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]
    associations: tuple[Association, ...] = ()
    target: TargetSummary | None = None
    duplicates: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the profile as plain dictionaries, lists, texts and numbers, for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain

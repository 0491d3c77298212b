"""What a clustering run is told: one record, kept in the bundle's recipe, enough to run it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["SCALES", "Settings", "Wanted", "read_k", "read_weights"]

SCALES = ("auto", "none", "standard", "robust")
"""How numbers can be brought to one scale."""

_MOST = 100_000
_EXAMPLE = "Write auto, a number such as 5, or a range such as 2..10."


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many groups are asked for.

    Parameters
    ----------
    low, high : int or None
        The ends of the range; the same number where one is asked for, None where none is.
    """

    low: int | None = None
    high: int | None = None

    @classmethod
    def of(cls, k: str) -> Wanted:
        """Return what :func:`read_k` returned, as numbers."""
        if k == "auto":
            return cls()
        low, _, high = k.partition("..")
        return cls(int(low), int(high or low))

    @property
    def given(self) -> int | None:
        """The one number asked for, or None."""
        return self.low if self.low == self.high else None


def read_k(k: str | int | Sequence[int] | None) -> str:
    """Return the number of groups asked for in the one form in which it is kept.

    Parameters
    ----------
    k : str, int or pair of int
        "auto", 5, "5", "2..10" or (2, 10).

    Raises
    ------
    UsageError
        When it is none of these, or below 1.

    Examples
    --------
    >>> read_k(5), read_k((2, 10)), read_k("auto"), read_k(range(2, 11))
    ('5', '2..10', 'auto', '2..10')
    """
    if k is None:
        return "auto"
    if isinstance(k, range) and len(k) and k.step == 1:
        return read_k((k[0], k[-1]))
    text = f"{k[0]}..{k[1]}" if isinstance(k, (tuple, list)) and len(k) == 2 else str(k).strip().lower()
    if text == "auto":
        return text
    match = re.fullmatch(r"(\d+)(?:\s*\.\.\s*(\d+))?", text)
    if match is None:
        raise UsageError(f"the number of groups is auto, a number or a range, and {k!r} came", where="k", hint=_EXAMPLE)
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= _MOST:
        raise UsageError(
            f"groups are counted from 1 to {_MOST:,}, the smaller number first, and {k!r} came", where="k",
            hint=_EXAMPLE,
        )  # fmt: skip
    return str(low) if low == high else f"{low}..{high}"


def read_weights(weights: Mapping[str, float] | Sequence[str]) -> dict[str, float]:
    """Return how much each column counts, given as a mapping or as words such as "income=2".

    Raises
    ------
    UsageError
        When a weight is no number of at least 0.

    Examples
    --------
    >>> read_weights(["income=2", "age = 0.5"])
    {'income': 2.0, 'age': 0.5}
    """
    if isinstance(weights, str):
        weights = [weights]
    pairs = weights.items() if isinstance(weights, Mapping) else [_pair(word) for word in weights]
    found: dict[str, float] = {}
    for name, value in pairs:
        try:
            weight = float(value)
        except (TypeError, ValueError):
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise UsageError(
                f"a weight is a number of at least 0, and {value!r} came for {name!r}", where="weight",
                hint="2 lets a column count twice as much, 0 leaves it out of the grouping.",
            )  # fmt: skip
        found[str(name)] = weight
    return found


def _pair(word: str) -> tuple[str, str]:
    name, mark, value = word.rpartition("=")
    if not mark or not name.strip():
        raise UsageError(f"a weight is written COLUMN=NUMBER, and {word!r} came", where="weight", hint="Such as age=2.")
    return name.strip(), value.strip()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All choices of a clustering run that are not in the schema.

    Parameters
    ----------
    k : str, default "auto"
        "auto", a number, or a range such as "2..10".
    method : str, default "kmeans"
        A learner of the catalogue; "auto" compares several.
    columns : tuple of str, optional
        The columns to group by; all that tell something where None.
    labels : str, default ""
        A column with known groups; it is kept out and compared with at the end.
    weights : dict of str to float
        How much a column counts, 1 where it is not named.
    scale : {"auto", "none", "standard", "robust"}, default "auto"
        How numbers are brought to one scale.
    outliers : float, default 0.01
        The share of rows like those of training that "fits none" may mark by mistake.
    seed : int, default 0
    time_budget : float, default infinity
        Seconds from start to written bundle.

    Raises
    ------
    UsageError
        When a setting is none that there is.

    Examples
    --------
    >>> Settings(k="2..6").wanted.high
    6
    """

    k: str = "auto"
    method: str = "kmeans"
    columns: tuple[str, ...] | None = None
    labels: str = ""
    weights: dict[str, float] = msgspec.field(default_factory=dict)
    scale: str = "auto"
    outliers: float = 0.01
    seed: int = 0
    time_budget: float = float("inf")

    def __post_init__(self) -> None:
        read_k(self.k)
        if self.scale not in SCALES:
            raise UsageError(f"scale is one of {', '.join(SCALES)}, and {self.scale!r} came", where="scale")
        if not 0.0001 <= self.outliers <= 0.5:
            raise UsageError(
                f"the share of rows that fit none is from 0.0001 to 0.5, and {self.outliers} came", where="outliers",
                hint="0.01 marks about one in a hundred rows that are like those of training.",
            )  # fmt: skip
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise UsageError(f"a seed must be a whole number from 0 to {2**32 - 1}; {self.seed!r} came", where="seed")
        if self.columns is not None and not self.columns:
            raise UsageError("no column is named to group by", where="columns", hint="Name some, or leave it out.")
        if self.labels and self.labels in (self.columns or ()):
            raise UsageError(
                f"{self.labels!r} holds the known groups and is to be grouped by", where="labels",
                hint="A comparison with groups that the grouping has seen says nothing: take it out of the columns.",
            )  # fmt: skip

    @property
    def wanted(self) -> Wanted:
        """How many groups are asked for, as numbers."""
        return Wanted.of(self.k)

"""How long answers are kept, and how many; said by the user in days and bytes, kept by the writer."""

from __future__ import annotations

import re

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["Retention", "read_retention"]

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_DAY_NS = 86_400 * 10**9
_HINT = "Give bytes, as 500MB or 2GB, or a number of rows, as '1000000 rows'."


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What of a log is kept; None keeps all.

    Parameters
    ----------
    keep_ns : int, optional
        How old an entry may be, in nanoseconds.
    max_bytes, max_rows : int, optional
        How much there may be; the oldest go first.
    """

    keep_ns: int | None = None
    max_bytes: int | None = None
    max_rows: int | None = None

    @property
    def limits(self) -> bool:
        """Whether anything is ever deleted."""
        return self != Retention()

    def surplus(self, rows: int, size: int) -> int:
        """Return how many rows are too many in a log of so many rows and bytes.

        Examples
        --------
        >>> Retention(max_rows=80, max_bytes=700).surplus(100, 1000)
        30
        """
        by_rows = rows - self.max_rows if self.max_rows is not None else 0
        by_size = -(-(size - self.max_bytes) * rows // size) if self.max_bytes is not None and size else 0
        return max(0, by_rows, by_size)


def read_retention(keep_days: float | None = None, max_size: str | int | None = None) -> Retention:
    """Return what is kept.

    Parameters
    ----------
    keep_days : float, optional
        How old an entry may be, in days; more than 0.
    max_size : str or int, optional
        Bytes as a number or as ``"500MB"``, or rows as ``"1000000 rows"``.

    Raises
    ------
    UsageError
        When one of them cannot be understood.

    Examples
    --------
    >>> read_retention(max_size="2GB").max_bytes
    2000000000
    >>> read_retention(30, "1_000_000 rows").max_rows
    1000000
    """
    if keep_days is not None and not 0 < keep_days < 1e6:
        raise UsageError(f"days to keep must be more than 0, and {keep_days} came", where="keep_days")
    keep = None if keep_days is None else int(keep_days * _DAY_NS)
    if max_size is None:
        return Retention(keep_ns=keep)
    found = re.fullmatch(r"\s*([\d_.]+)\s*([a-z]*)\s*", str(max_size).lower())
    try:
        amount = float(found[1].replace("_", "")) if found else 0.0
    except ValueError:
        amount = 0.0
    unit = found[2] if found else ""
    if not 1 <= amount < 1e18 or (unit != "rows" and unit not in _UNITS):
        raise UsageError(f"the size of the log must be a size, and {max_size!r} came", where="max_size", hint=_HINT)
    if unit == "rows":
        return Retention(keep_ns=keep, max_rows=int(amount))
    return Retention(keep_ns=keep, max_bytes=int(amount * _UNITS[unit]))

"""What an inspection of data has to say: one record for quality, leaks and reading notes alike."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Finding", "Severity"]

Severity = Literal["info", "warning", "error"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One thing that a person should know about their data.

    Parameters
    ----------
    severity : {"info", "warning", "error"}
        How much it matters; "error" means that a result would be wrong or impossible.
    code : str
        A stable name, such as ``"constant"`` or ``"leak.solo"``.
    message : str
        The evidence in one sentence, with its numbers.
    advice : str
        What to do.
    column : str, optional
        The column concerned; None for the table as a whole.
    rows : tuple of int, default ()
        A few row numbers (from 1, the header not counted) that show it.

    Examples
    --------
    >>> Finding(severity="warning", code="constant", column="unit", message="one value only", advice="Drop it.").column
    'unit'
    """

    severity: Severity
    code: str
    message: str
    advice: str
    column: str | None = None
    rows: tuple[int, ...] = ()

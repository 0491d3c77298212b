"""What a raw cell is before it has a kind: blanks, the text of a value, and the flaw that a bad cell leaves.

Both executors read every cell that is not plain sailing through the readers built on this file, which is why they
cannot disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from mainstay.contracts.schema import Column, Policy

__all__ = ["BLANKS", "Flaw", "Reader", "Reading", "canonical", "cell_text", "flaw", "native", "number_text", "shown"]

BLANKS = (
    " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""The characters taken off both ends of a text cell; one list, because Python and Polars have different ideas."""

_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Flaw:
    """A cell that broke the contract: the problem to report and the value to go on with.

    Parameters
    ----------
    code : str
        "bad", "missing", "unseen" or "range".
    message : str
    action : {"reject", "warn"}
    value : float, int or None
        What stands in the arrays; None for missing.
    came : str, default ""
        The word itself, where it is an unseen category.
    """

    code: str
    message: str
    action: Literal["reject", "warn"]
    value: float | None = None
    came: str = ""


Reading = float | int | tuple[float, ...] | Flaw | None
"""A number, a code, the parts of a datetime or text, a flaw, or None for missing."""


class Reader(Protocol):
    """Reads the cells of one column; policies are already worked in.

    ``absent`` is what a missing cell reads as: None, or a flaw where a value is required.
    """

    @property
    def column(self) -> Column:
        """The column that is read."""
        ...

    @property
    def absent(self) -> Flaw | None:
        """What a missing cell reads as."""
        ...

    def read(self, value: object) -> Reading:
        """Return what the cell reads as."""
        ...


def flaw(code: str, policy: Policy, expected: str, value: object = None, use: float | None = None) -> Flaw | None:
    """Return the flaw that a policy makes of a bad cell; None where the policy is to treat it as missing, silently."""
    if policy == "missing":
        return None
    came = "nothing came" if code == "missing" else f"{shown(value)} came"
    if policy == "reject":
        done = "the row is refused"
    elif use is None:
        done = "it is read as missing"
    else:
        done = "it is used as it is" if code == "range" else "it is read as an unknown category"
    return Flaw(code, f"{expected}, and {came}; {done}", policy, use)


def shown(value: object) -> str:
    """Return a short picture of a value for a message.

    Examples
    --------
    >>> shown("abc"), shown(-0.0), shown("x" * 100)
    ("'abc'", '0.0', "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...")
    """
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, date):
        value = value.isoformat()
    picture = repr(value + 0.0 if isinstance(value, float) else value)
    return picture if len(picture) <= _SHOWN else f"{picture[:_SHOWN]}..."


def number_text(number: float) -> str:
    """Return the one text of a number: whole numbers without a point, others as Python writes them.

    Examples
    --------
    >>> number_text(3.0), number_text(0.5), number_text(-0.0)
    ('3', '0.5', '0')
    """
    return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(number)


def canonical(text: str) -> str:
    """Return the one text of a number written plainly, and any other text as it is.

    Leading zeros stay, because they make a code.

    Examples
    --------
    >>> canonical("3.0"), canonical("0.50"), canonical("007"), canonical("3a")
    ('3', '0.5', '007', '3a')
    """
    return number_text(float(text)) if _PLAIN_NUMBER.fullmatch(text) else text


def native(value: object) -> object:
    """Return a NumPy scalar as the Python value that it holds, None for any NaN, and anything else as it is.

    Examples
    --------
    >>> native(float("nan")) is None, native(3)
    (True, 3)
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    return None if isinstance(value, float | datetime) and value != value else value  # noqa: PLR0124 - NaN and NaT


def cell_text(value: object) -> str | None:
    """Return the text of a scalar as it would stand in a file, without blanks at its ends; None for anything else.

    Examples
    --------
    >>> cell_text(" a "), cell_text(3.0), cell_text(True), cell_text([1])
    ('a', '3', 'true', None)
    """
    value = native(value)
    if isinstance(value, str):
        return value.strip(BLANKS)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else None
    if isinstance(value, float):
        return number_text(value) if abs(value) != float("inf") else str(value)
    if isinstance(value, Decimal):
        return canonical(format(value, "f")) if value.is_finite() and abs(value.adjusted()) < 40 else str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else None

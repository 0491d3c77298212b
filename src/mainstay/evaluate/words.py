"""Numbers in words, the same in every message, page and card."""

from __future__ import annotations

import numpy as np

__all__ = ["NOTHING", "count", "duration", "megabytes", "number", "percent", "together"]

NOTHING = "-"
"""What stands where there is no number."""


def number(value: float | None) -> str:
    """Return a number with about four digits.

    Examples
    --------
    >>> number(0.84561), number(48211.34), number(0.00001234), number(None)
    ('0.8456', '48,211', '1.234e-05', '-')
    """
    if value is None or not np.isfinite(value):
        return NOTHING
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if size >= 1 or size < 0.001 else f"{value:.4f}"


def together(value: float | None, low: float | None, high: float | None) -> tuple[str, str, str]:
    """Return a value and its limits with as many decimals as the interval's width deserves.

    Examples
    --------
    >>> together(0.84612, 0.8233, 0.86821), together(57.37, 49.76, 67.35), together(0.5, None, None)
    (('0.846', '0.823', '0.868'), ('57.4', '49.8', '67.3'), ('0.5000', '-', '-'))
    """
    if value is None or low is None or high is None or not np.isfinite([value, low, high]).all():
        return number(value), number(low), number(high)
    # Two digits of the width, or three of the value where that is at most one more.
    wide = 3 if high <= low else 1 - int(np.floor(np.log10(high - low)))
    large = 3 if value == 0 else 2 - int(np.floor(np.log10(abs(value))))
    places = int(np.clip(max(wide, min(large, wide + 1)), 0, 8))
    return f"{value:,.{places}f}", f"{low:,.{places}f}", f"{high:,.{places}f}"


def count(value: float | None) -> str:
    """Return a whole number with its thousands marked; weights keep a decimal.

    Examples
    --------
    >>> count(7043), count(12.5)
    ('7,043', '12.5')
    """
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float | None, places: int = 1) -> str:
    """Return a share in percent, never rounded to none or to all.

    Examples
    --------
    >>> percent(0.2654), percent(0.0001), percent(0.99999), percent(0.0)
    ('26.5 %', 'under 0.1 %', 'over 99.9 %', '0 %')
    >>> percent(0.2654, 0), percent(0.004, 0), percent(1.0, 0)
    ('27 %', 'under 1 %', '100 %')
    """
    if share is None:
        return NOTHING
    least = 10.0 ** -(places + 2)
    if 0 < share < least:
        return f"under {100 * least:.{places}f} %"
    if 1 - least < share < 1:
        return f"over {100 * (1 - least):.{places}f} %"
    return f"{100 * share:.{places}f} %" if share % 1 else f"{100 * share:.0f} %"


def duration(seconds: float | None) -> str:
    """Return a time.

    Examples
    --------
    >>> duration(0.0421), duration(7.26), duration(59.8), duration(3725)
    ('42 ms', '7.3 s', '60 s', '1 h 2 min')
    """
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 600:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def megabytes(size: float | None) -> str:
    """Return a size that was given in megabytes.

    Examples
    --------
    >>> megabytes(412.3), megabytes(4096)
    ('412 MB', '4.1 GB')
    """
    if size is None:
        return NOTHING
    return f"{size:,.0f} MB" if size < 1000 else f"{size / 1000:,.1f} GB"

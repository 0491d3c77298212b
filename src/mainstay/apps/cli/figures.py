"""How numbers are written for a person in a terminal: enough digits to decide by, never more than are known."""

import math

__all__ = ["amount", "count", "figure", "interval", "seconds", "share"]


def figure(value: float | None) -> str:
    """Write a score; blank where there is none.

    Examples
    --------
    >>> [figure(value) for value in (0.84629, 48210.4, 3.14159, 0.00002, -0.5, None, float("nan"))]
    ['0.8463', '48,210', '3.142', '2.0e-05', '-0.5000', '', '']
    """
    if value is None or not math.isfinite(value):
        return ""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 1:
        return f"{value:.4g}"
    return f"{value:.4f}" if size >= 0.001 or size == 0 else f"{value:.1e}"


def amount(value: float | None) -> str:
    """Write a value of the data, with at most four digits where it is no whole number.

    Examples
    --------
    >>> [amount(value) for value in (0.0, 72.0, 18.25, 8684.8, 500001.0, 0.00012, None)]
    ['0', '72', '18.25', '8,685', '500,001', '0.00012', '']
    """
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"


def interval(low: float | None, high: float | None) -> str:
    """Write a 95 % interval; blank where there is none.

    Examples
    --------
    >>> interval(0.8262, 0.8671), interval(None, None)
    ('0.8262 to 0.8671', '')
    """
    return f"{figure(low)} to {figure(high)}" if figure(low) and figure(high) else ""


def seconds(value: float | None) -> str:
    """Write a duration.

    Examples
    --------
    >>> [seconds(value) for value in (0.034, 4.21, 58.1, 192.0, None)]
    ['0.03 s', '4.2 s', '58 s', '3 min 12 s', '']
    """
    if value is None or not math.isfinite(value):
        return ""
    if value >= 60:
        return f"{int(value) // 60} min {int(value) % 60} s"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s" if value >= 1 else f"{value:.2f} s"


def count(value: float | None) -> str:
    """Write a count with a mark between thousands.

    Examples
    --------
    >>> count(541909), count(None)
    ('541,909', '')
    """
    return "" if value is None else f"{int(value):,}"


def share(part: float, whole: float) -> str:
    """Write a part of a whole as a percentage; blank for nothing at all.

    Examples
    --------
    >>> share(11, 7043), share(0, 7043), share(1, 0)
    ('0.16 %', '', '')
    """
    if not part or not whole:
        return ""
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"

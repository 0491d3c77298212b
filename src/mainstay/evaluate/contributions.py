"""What contributions say together: which columns push answers, how sure that is, and the reasons of single rows.

Contributions come as plain arrays, so this knows nothing of how they were found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluate.proportions import Z
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.evaluate.sections import Cell

__all__ = ["ColumnPush", "pushes_of", "pushes_section", "reason", "row_section", "value_levels"]

_DRAWN_COLUMNS, _DRAWN_ROWS = 12, 150
_WORD = 30


class ColumnPush(msgspec.Struct, frozen=True):
    """How much a column moves answers.

    Parameters
    ----------
    name : str
    mean_absolute : float
        The mean size of its contributions.
    low, high : float or None
        The 95 % interval of that mean, over rows; None with fewer than two rows.
    mean : float
        The mean contribution, with its sign.
    """

    name: str
    mean_absolute: float
    low: float | None
    high: float | None
    mean: float


def pushes_of(columns: Sequence[str], contributions: NDArray[np.float64]) -> tuple[ColumnPush, ...]:
    """Return the columns by the mean size of their contributions, largest first.

    Parameters
    ----------
    columns : sequence of p str
    contributions : float64 array of shape (n, p)
        Rows that hold NaN (refused ones) are left out.

    Examples
    --------
    >>> found = pushes_of(["age", "city"], np.array([[0.1, -0.4], [0.3, 0.2]]))
    >>> [(one.name, round(one.mean_absolute, 2), round(one.mean, 2)) for one in found]
    [('city', 0.3, -0.1), ('age', 0.2, 0.2)]
    """
    given = contributions[~np.isnan(contributions).any(axis=1)]
    if not len(given):
        return ()
    sizes = np.abs(given)
    means = sizes.mean(axis=0)
    reach = Z * sizes.std(axis=0, ddof=1) / np.sqrt(len(given)) if len(given) > 1 else None
    order = np.argsort(-means, kind="stable")
    return tuple(
        ColumnPush(
            columns[at],
            float(means[at]),
            None if reach is None else max(0.0, float(means[at] - reach[at])),
            None if reach is None else float(means[at] + reach[at]),
            float(given[:, at].mean()),
        )
        for at in order
    )


def reason(columns: Sequence[str], values: Mapping[str, object], contributions: NDArray[np.float64], top: int) -> str:
    """Return the largest contributions of a row as a sentence.

    Examples
    --------
    >>> reason(["age", "city"], {"age": 31, "city": "Bern"}, np.array([0.125, -0.5]), 2)
    'city = Bern (-0.500), age = 31 (+0.125)'
    """
    order = np.argsort(-np.abs(contributions), kind="stable")[:top]
    return ", ".join(
        f"{_told(columns[at], values)} ({contributions[at]:+.3g})"
        if abs(contributions[at]) >= 1000
        else f"{_told(columns[at], values)} ({contributions[at]:+.3f})"
        for at in order
        if contributions[at] != 0
    )


def _told(column: str, values: Mapping[str, object]) -> str:
    value = values.get(column)
    if value is None or value != value:  # noqa: PLR0124 - NaN is missing
        return f"{column} missing"
    text = f"{value:.6g}" if isinstance(value, float) else _short(str(value))
    return f"{column} = {text if len(text) <= _WORD else text[: _WORD - 3] + '...'}"


def _short(text: str) -> str:
    """Return a number that is written with many digits with six of them."""
    if len(text) <= 8:
        return text
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text


def value_levels(arrays: Arrays, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return where each row's value stands among the others, from 0 to 1; NaN for values without an order.

    Parameters
    ----------
    arrays : Arrays
        The decoded rows; of a datetime its day counts.
    columns : sequence of p str
        Raw columns.

    Returns
    -------
    float64 array of shape (n, p)
    """
    places = {name: place for place, name in enumerate(arrays.number_names)}
    levels = np.full((arrays.rows, len(columns)), np.nan)
    for at, name in enumerate(columns):
        place = places.get(name, places.get(f"{name}.days"))
        values = np.empty(0) if place is None else arrays.numbers[:, place].astype(np.float64)
        known = np.sort(values[~np.isnan(values)])
        if len(known) and known[0] < known[-1]:
            middle = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / 2
            levels[:, at] = np.where(np.isnan(values), np.nan, middle / len(known))
    return levels


def pushes_section(
    columns: Sequence[str],
    contributions: NDArray[np.float64],
    levels: NDArray[np.float64],
    *,
    what: str,
    notes: Sequence[str] = (),
    seed: int = 0,
) -> Section:
    """Return a section on all rows: bars with intervals, and every row's contributions as a cloud of points.

    Parameters
    ----------
    columns : sequence of p str
    contributions : float64 array of shape (n, p)
    levels : float64 array of shape (n, p)
        Where a row's value stands among the others, from 0 (low) to 1 (high); NaN where that means nothing.
    what : str
        What is pushed: "the probability of yes", "price".
    notes : sequence of str
        More paragraphs.
    seed : int, default 0
        Draws which rows are shown.
    """
    found = pushes_of(columns, contributions)
    if not found:
        return Section(key="pushes", title="What pushes answers up and down", text=("No row could be explained.",))
    rows = int((~np.isnan(contributions).any(axis=1)).sum())
    first = (
        f"A row's answer is the base plus one contribution per column. The bars show the mean size of a column's "
        f"contributions to {what} over {rows:,} rows, with the 95 % interval of that mean. This says what the model "
        "uses, not what causes the target."
    )
    shown = found[:_DRAWN_COLUMNS]
    bars: dict[str, list[Cell]] = {
        "name": [one.name for one in shown],
        "value": [one.mean_absolute for one in shown],
    }
    if rows > 1:
        bars |= {"low": [one.low for one in shown], "high": [one.high for one in shown]}
    plots = (
        Plot(kind="bars", title="Mean size of contributions", data=bars, options={"x": f"contribution to {what}"},
             words="The mean size of each column's contributions, with its 95 % interval."),
        Plot(kind="pushes", title="Every row's contributions", options={"x": f"contribution to {what}"},
             data=_cloud(columns, contributions, levels, [one.name for one in shown], seed),
             words="A point is a row; orange is a high value of the column, blue a low one, grey where a value has no "
             "order or is missing."),
    )  # fmt: skip
    cells = tuple((one.name, one.mean_absolute, one.low, one.high, one.mean) for one in found)
    table = Grid(columns=("column", "mean size", "low", "high", "mean"), rows=cells)
    return Section(
        key="pushes", title="What pushes answers up and down", text=(first, *notes), plots=plots, tables=(table,)
    )


def row_section(
    name: str, columns: Sequence[str], values: Mapping[str, object], contributions: NDArray[np.float64], *,
    base: float, prediction: float, what: str, key: str,
) -> Section:  # fmt: skip
    """Return a section on one row: its largest contributions as bars.

    Parameters
    ----------
    name : str
        The row's heading.
    columns : sequence of p str
    values : mapping
        Its raw values.
    contributions : float64 array of shape (p,)
    base, prediction : float
    what : str
        What is pushed.
    key : str
        The section's anchor.
    """
    order = [at for at in np.argsort(-np.abs(contributions), kind="stable")[:_DRAWN_COLUMNS] if contributions[at]]
    data: dict[str, list[Cell]] = {
        "name": [_told(columns[at], values) for at in order],
        "value": [float(contributions[at]) for at in order],
    }
    rest = float(contributions.sum() - contributions[order].sum())
    text = f"{what[:1].upper()}{what[1:]}: {number(prediction)} = {number(base)} (base) + contributions" + (
        f"; the columns that are not shown add {rest:+.3g}." if abs(rest) > 1e-12 else "."
    )
    words = f"The largest contributions: {reason(columns, values, contributions, 3) or 'none'}."
    plot = Plot(kind="bars", title=name, data=data, words=words, options={"x": f"contribution to {what}"})
    return Section(key=key, title=name, text=(text,), plots=(plot,) if order else ())


def _cloud(
    columns: Sequence[str],
    contributions: NDArray[np.float64],
    levels: NDArray[np.float64],
    shown: Sequence[str],
    seed: int,
) -> dict[str, list[Cell]]:
    """Return the points of some rows: where rows crowd, they stand apart from the middle line."""
    kept = np.flatnonzero(~np.isnan(contributions).any(axis=1))
    if len(kept) > _DRAWN_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(kept, _DRAWN_ROWS, replace=False))
    data: dict[str, list[Cell]] = {"name": [], "value": [], "offset": [], "level": []}
    for name in shown:
        place = list(columns).index(name)
        pushes, level = contributions[kept, place], levels[kept, place]
        data["name"] += [name] * len(kept)
        data["value"] += [float(f"{one:.4g}") for one in pushes]
        data["offset"] += _apart(pushes)
        data["level"] += [None if np.isnan(one) else round(float(one), 2) for one in level]
    return data


def _apart(values: NDArray[np.float64]) -> list[float]:
    """Return how far each point stands from the middle line, -1 to 1: those in one bin alternate sides."""
    span = float(np.ptp(values)) or 1.0
    bins = np.floor((values - values.min()) / span * 60).astype(np.int64)
    counts = np.bincount(bins)
    most, seen, offsets = int(counts.max()), np.zeros(len(counts), np.int64), []
    for one in bins:
        seen[one] += 1
        offsets.append(round(float((seen[one] // 2) * (1 if seen[one] % 2 else -1) * 2 / max(most, 6)), 3))
    return offsets

"""Describes one column at a time: its distribution, its levels, its lengths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.quality_records import ColumnProfile, Histogram, Level, NumberSummary, TextSummary
from mainstay.data.quality_values import as_numbers, present

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column

__all__ = ["count_levels", "describe", "summarise"]

_LEVELS = 20
_SHOWN = 200
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_FENCE = 3.0
_BINS = (5, 30)


def describe(series: pl.Series, column: Column) -> ColumnProfile:
    """Return what one column holds.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> about = describe(pl.Series("a", ["1", "2", "", "x"]), Column(name="a", kind="number"))
    >>> about.missing, about.unreadable, about.distinct, about.numbers.maximum
    (1, 1, 3, 2.0)
    """
    cells = present(series, column)
    missing = cells.null_count()
    known = cells.drop_nulls()
    numbers, unreadable = None, 0
    ends: tuple[str | None, str | None] = (None, None)
    if column.kind in ("number", "datetime"):
        values = as_numbers(series, column)
        values = values[np.isfinite(values)]
        unreadable = len(cells) - missing - len(values)
        numbers = summarise(values)
        ends = _ends(numbers) if column.kind == "datetime" else ends
    numeric = column.kind in ("number", "datetime")
    return ColumnProfile(
        name=column.name,
        kind=column.kind,
        role=column.role,
        missing=missing,
        missing_share=round(missing / max(len(cells), 1), 6),
        unreadable=unreadable,
        distinct=_distinct(known),
        evidence=column.evidence,
        numbers=numbers,
        first=ends[0],
        last=ends[1],
        levels=() if numeric else count_levels(known, _LEVELS),
        text=_lengths(known) if column.kind in ("text", "identifier") else None,
    )


def _distinct(known: pl.Series) -> int:
    import polars as pl

    if known.dtype == pl.Object:
        return len({repr(value) for value in known.to_list()})
    return known.n_unique()


def count_levels(known: pl.Series, most: int) -> tuple[Level, ...]:
    """Return the most frequent values and how many rows have them; equal counts in the order of their text."""
    import polars as pl

    if known.dtype == pl.Object or known.dtype.is_nested() or known.dtype == pl.Binary:
        known = pl.Series([repr(value) for value in known.to_list()], dtype=pl.String)
    counts = known.alias("value").value_counts(name="rows")
    # Only the top is turned into text and sorted, for a column may hold a million values.
    least = counts.get_column("rows").top_k(min(most, counts.height)).min() if counts.height else 0
    top = counts.filter(pl.col("rows") >= least).top_k(10 * most, by="rows")
    shown = top.with_columns(pl.col("value").cast(pl.String)).sort(["rows", "value"], descending=[True, False])
    return tuple(
        Level(value[:_SHOWN], rows, round(rows / len(known), 6)) for value, rows in shown.head(most).iter_rows()
    )


def _lengths(known: pl.Series) -> TextSummary | None:
    import polars as pl

    if known.dtype != pl.String or not len(known):
        return None
    lengths = known.str.len_chars().to_numpy()
    words = known.str.count_matches(r"\S+").to_numpy()
    return TextSummary(
        int(lengths.min()),
        int(lengths.max()),
        round(float(lengths.mean()), 3),
        float(np.median(lengths)),
        round(float(words.mean()), 3),
    )


def _ends(numbers: NumberSummary | None) -> tuple[str | None, str | None]:
    if numbers is None:
        return None, None
    return _instant(numbers.minimum), _instant(numbers.maximum)


def _instant(days: float) -> str | None:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return None
    text = moment.replace(tzinfo=None).isoformat(sep=" ")
    return text.removesuffix(" 00:00:00")


def summarise(values: NDArray[np.float64]) -> NumberSummary | None:
    """Return the distribution of finite numbers, or None where there are none.

    Far values are counted by Tukey's outer fences: below Q1 - 3 (Q3 - Q1) or above Q3 + 3 (Q3 - Q1). Where half of the
    values are equal the fences fall together and say nothing, and no value is called far.
    Source: Tukey, Exploratory Data Analysis, 1977, section 2D.

    Examples
    --------
    >>> about = summarise(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    >>> about.median, about.outliers, about.outlier_rule
    (3.0, 1, 'Tukey outer fences: below -4 or above 10')
    """
    if not len(values):
        return None
    ordered = np.sort(values)
    shares = np.quantile(ordered, _QUANTILES)
    low, high = shares[2] - _FENCE * (shares[4] - shares[2]), shares[4] + _FENCE * (shares[4] - shares[2])
    fenced = shares[4] > shares[2]
    far = _count_outside(ordered, low, high) if fenced else 0
    rule = f"Tukey outer fences: below {low:,.6g} or above {high:,.6g}" if fenced else "none: half the values are equal"
    first_zero, after_zero = np.searchsorted(ordered, 0.0, "left"), np.searchsorted(ordered, 0.0, "right")
    mean, std, skew = _moments(ordered)
    return NumberSummary(
        minimum=float(ordered[0]),
        maximum=float(ordered[-1]),
        mean=mean,
        median=float(shares[3]),
        std=std,
        skew=skew,
        quantiles={f"{share:g}": float(value) for share, value in zip(_QUANTILES, shares, strict=True)},
        zeros=int(after_zero - first_zero),
        negatives=int(first_zero),
        outliers=far,
        outlier_rule=rule,
        whole=bool((ordered == np.floor(ordered)).all()),
        at_minimum=int(np.searchsorted(ordered, ordered[0], "right")),
        at_maximum=int(len(ordered) - np.searchsorted(ordered, ordered[-1], "left")),
        histogram=_histogram(ordered, float(shares[0]), float(shares[-1])),
    )


def _count_outside(ordered: NDArray[np.float64], low: float, high: float) -> int:
    below, above = np.searchsorted(ordered, low, "left"), len(ordered) - np.searchsorted(ordered, high, "right")
    return int(below + above)


def _moments(ordered: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return mean, standard deviation and skew, scaled so that huge numbers do not overflow."""
    scale = max(abs(float(ordered[0])), abs(float(ordered[-1]))) or 1.0
    scaled = ordered / scale
    mean = float(scaled.mean())
    centred = scaled - mean
    variance = float(np.mean(centred**2))
    if len(ordered) < 2 or variance < 1e-30:
        return mean * scale, 0.0, 0.0
    std = float(np.sqrt(variance * len(ordered) / (len(ordered) - 1)))
    return mean * scale, std * scale, float(np.mean(centred**3) / variance**1.5)


def _histogram(ordered: NDArray[np.float64], low: float, high: float) -> Histogram:
    """Count values between edges: a bar for each of a few whole numbers, else by Freedman and Diaconis."""
    first, last = float(ordered[0]), float(ordered[-1])
    if first == last:
        return Histogram((first - 0.5, first + 0.5), (len(ordered),))
    few = np.unique(ordered[:: max(len(ordered) // 2000, 1)])
    if last - first < _BINS[1] and bool((few == np.floor(few)).all()) and bool((ordered == np.floor(ordered)).all()):
        edges = np.arange(first - 0.5, last + 1.0)
    else:
        if high > low and last - first > 20 * (high - low):
            first, last = low, high
        edges = np.linspace(first, last, _bins(ordered, last - first) + 1)
    places = np.searchsorted(ordered, edges, "left")
    places[-1] = np.searchsorted(ordered, edges[-1], "right")
    counts = np.diff(places)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), int(places[0]), int(len(ordered) - places[-1]))


def _bins(ordered: NDArray[np.float64], width: float) -> int:
    spread = float(np.subtract(*np.quantile(ordered, (0.75, 0.25))))
    step = 2 * spread / len(ordered) ** (1 / 3)
    return int(np.clip(width / step if step > 0 else _BINS[1], *_BINS))

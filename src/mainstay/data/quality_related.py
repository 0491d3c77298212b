"""Finds pairs of columns that say the same or nearly the same, with the measure that suits their kinds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.data.quality_records import Association
from mainstay.data.quality_values import as_codes, as_numbers, present

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema

__all__ = ["correlation_ratio", "cramers_v", "find_related"]

SAMPLE_ROWS = 20_000
_MOST_NUMBERS, _MOST_CATEGORIES = 100, 60
_MOST_LEVELS = 50
_CODED_NUMBERS = 50
_LEAST_VALUE = 0.3
_LEAST_ROWS = 20
_KEPT = 200


@dataclass(frozen=True)
class _Coded:
    """A column as codes, -1 missing."""

    name: str
    codes: NDArray[np.int64]
    levels: int
    number: bool

    def grouped(self) -> tuple[NDArray[np.int64], int]:
        """Return codes of at most 51 levels: the most frequent ones, and one for all others."""
        if self.levels <= _MOST_LEVELS:
            return self.codes, self.levels
        counts = np.bincount(self.codes[self.codes >= 0], minlength=self.levels)
        rank = np.empty(self.levels + 1, np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(self.levels), _MOST_LEVELS)
        rank[-1] = -1
        return rank[self.codes], _MOST_LEVELS + 1


def find_related(frame: pl.DataFrame, schema: Schema, *, seed: int = 0) -> tuple[Association, ...]:
    """Return related pairs of columns, the strongest first.

    Two numbers are compared by rank (Spearman) and by size (Pearson), and the larger of the two is given; two
    categories by Cramer's V with Bergsma's correction (doi:10.1016/j.jkss.2012.10.002); a category and a number by the
    correlation ratio with Kelley's correction. At most 20,000 rows, drawn by chance, and the first 100 numbers and 60
    categories are looked at; identical and one-to-one pairs are then checked on all rows.

    Parameters
    ----------
    frame : polars.DataFrame
    schema : Schema
    seed : int, default 0

    Returns
    -------
    tuple of Association
        With a value of at least 0.3, at most 200 of them.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> frame = pl.DataFrame({"a": range(50), "b": [2 * value for value in range(50)]})
    >>> schema = Schema(columns=(Column(name="a", kind="number"), Column(name="b", kind="number")))
    >>> [(pair.first, pair.second, pair.value) for pair in find_related(frame, schema)]
    [('a', 'b', 1.0)]
    """
    columns = [column for column in schema.columns if column.name in frame.columns and column.kind != "image"]
    sample = frame.select(column.name for column in columns)
    if frame.height > SAMPLE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(frame.height, SAMPLE_ROWS, replace=False))
        sample = sample[rows]
    found = _one_to_one(sample, frame, columns)
    numbers = [column for column in columns if column.kind in ("number", "datetime")][:_MOST_NUMBERS]
    matrix = np.column_stack([as_numbers(sample[column.name], column) for column in numbers] or [np.empty((0, 0))])
    matrix[~np.isfinite(matrix)] = np.nan
    categories = [column for column in columns if column.kind in ("category", "boolean")][:_MOST_CATEGORIES]
    coded = [_code(sample[column.name], column) for column in categories]
    names = [column.name for column in numbers]
    for pair in (*_number_pairs(matrix, names), *_category_pairs(coded), *_mixed_pairs(matrix, names, coded)):
        key = frozenset((pair.first, pair.second))
        if key not in found and pair.value >= _LEAST_VALUE:
            found[key] = pair
    return tuple(sorted(found.values(), key=lambda pair: (-bool(pair.same), -pair.value, pair.first)))[:_KEPT]


def _code(series: pl.Series, column: Column) -> _Coded:
    codes, levels = as_codes(series, column)
    return _Coded(column.name, codes, len(levels), column.kind == "number")


def _one_to_one(sample: pl.DataFrame, frame: pl.DataFrame, columns: list[Column]) -> dict[frozenset[str], Association]:
    """Find pairs whose values stand for each other, identical columns included."""
    coded = [_code(sample[column.name], column) for column in columns if column.kind != "text"]
    coded = [one for one in coded if one.levels >= 2]
    kinds = {column.name: column for column in columns}
    found = {}
    for first, second in combinations(coded, 2):
        if first.levels != second.levels or not _stand_for_each_other(first, second):
            continue
        one, two = kinds[first.name], kinds[second.name]
        same = _check_all(frame, one, two, unique=first.levels > len(sample) // 2)
        if same is not None:
            measure = "spearman" if first.number and second.number else "cramers_v"
            found[frozenset((one.name, two.name))] = Association(one.name, two.name, measure, 1.0, same)
    return found


def _stand_for_each_other(first: _Coded, second: _Coded) -> bool:
    if not np.array_equal(first.codes < 0, second.codes < 0):
        return False
    known = first.codes >= 0
    pairs = first.codes[known] * second.levels + second.codes[known]
    head = pairs[:500]
    if len(np.unique(head)) > len(np.unique(head // second.levels)):  # most pairs fail here, at little cost
        return False
    return len(np.unique(pairs)) == first.levels


def _check_all(
    frame: pl.DataFrame, first: Column, second: Column, *, unique: bool
) -> Literal["identical", "one_to_one"] | None:
    """Say on all rows whether two columns are identical or stand for each other; values that never repeat do not."""
    one, two = present(frame[first.name], first), present(frame[second.name], second)
    if one.dtype == two.dtype and one.equals(two, null_equal=True):
        return "identical"
    if unique:
        return None
    both = one.alias("one").to_frame().with_columns(two.alias("two")).unique()
    pairs = both.height
    return "one_to_one" if pairs == both["one"].n_unique() == both["two"].n_unique() else None


def _number_pairs(matrix: NDArray[np.float64], names: list[str]) -> Iterator[Association]:
    if len(names) < 2:
        return
    by_size, rows = _correlations(matrix)
    by_rank, _ = _correlations(_ranks(matrix))
    for one, two in combinations(range(len(names)), 2):
        size, rank = abs(by_size[one, two]), abs(by_rank[one, two])
        if rows[one, two] >= _LEAST_ROWS and max(size, rank) >= _LEAST_VALUE:
            measure = "spearman" if rank >= size - 1e-9 else "pearson"
            yield Association(names[one], names[two], measure, round(float(max(size, rank)), 4))


def _ranks(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each value in its column, equal values sharing their mean rank; NaN stays."""
    ranks = np.full_like(matrix, np.nan)
    for place in range(matrix.shape[1]):
        known = ~np.isnan(matrix[:, place])
        codes, counts = np.unique(matrix[known, place], return_inverse=True, return_counts=True)[1:]
        ranks[known, place] = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return ranks


def _correlations(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the correlation of each pair over the rows that have both, and how many rows those are."""
    known = ~np.isnan(matrix)
    scale = np.where(known, np.abs(matrix), 0).max(axis=0, initial=0)
    scaled = np.where(known, matrix, 0) / np.where(scale > 0, scale, 1)
    centre = scaled.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values, mask = np.where(known, scaled - centre, 0), known.astype(np.float64)
    if known.all():  # one product of matrices in place of four
        rows = np.full((matrix.shape[1],) * 2, float(len(matrix)))
        sums, squares = np.zeros_like(rows), np.broadcast_to((values**2).sum(axis=0)[:, None], rows.shape)
    else:
        rows = mask.T @ mask
        sums, squares = values.T @ mask, (values**2).T @ mask
    share = np.maximum(rows, 1)
    spread = squares - sums**2 / share
    together = values.T @ values - sums * sums.T / share
    norm = np.sqrt(np.maximum(spread, 0) * np.maximum(spread.T, 0))
    safe = np.minimum(spread, spread.T) > 1e-12 * share
    return np.where(safe, together / np.where(safe, norm, 1), 0).clip(-1, 1), rows


def _category_pairs(coded: list[_Coded]) -> Iterator[Association]:
    grouped = [(one.name, *one.grouped()) for one in coded if one.levels >= 2]
    for (first, codes, levels), (second, other, more) in combinations(grouped, 2):
        known = (codes >= 0) & (other >= 0)
        if known.sum() < _LEAST_ROWS:
            continue
        table = np.bincount(codes[known] * more + other[known], minlength=levels * more).reshape(levels, more)
        value = round(cramers_v(table), 4)
        # The column with more levels comes first: it can tell the other, seldom the other way round.
        yield Association(*((first, second) if levels >= more else (second, first)), "cramers_v", value)


def cramers_v(table: NDArray[np.int64]) -> float:
    """Return Cramer's V of a table of counts, corrected for chance; 0 for none, 1 where one says the other.

    Source: Bergsma, "A bias-correction for Cramer's V and Tschuprow's T", 2013, doi:10.1016/j.jkss.2012.10.002.

    Examples
    --------
    >>> cramers_v(np.array([[50, 0], [0, 50]])), cramers_v(np.array([[25, 25], [25, 25]]))
    (1.0, 0.0)
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(np.float64)
    rows, columns = table.shape
    total = table.sum()
    if rows < 2 or columns < 2 or total < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi = float(((table - expected) ** 2 / expected).sum() / total)
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    least = min(rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1))
    return float(min(1.0, np.sqrt(phi / (least - 1)))) if least > 1 else 0.0


def _mixed_pairs(matrix: NDArray[np.float64], names: list[str], coded: list[_Coded]) -> Iterator[Association]:
    for one in coded:
        codes, levels = one.grouped()
        if one.levels < 2 or not names:
            continue
        for place, ratio in enumerate(correlation_ratio(codes, levels, matrix).tolist()):
            yield Association(one.name, names[place], "correlation_ratio", round(ratio, 4))


def correlation_ratio(codes: NDArray[np.int64], levels: int, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far a category says each number: the root of the share of the variance between its levels.

    Corrected for chance (Kelley, "An unbiased correlation ratio measure", 1935, doi:10.1073/pnas.21.9.554).

    Parameters
    ----------
    codes : int64 array of shape (n,)
        -1 where missing.
    levels : int
    matrix : float64 array of shape (n, p)
        NaN where missing.

    Returns
    -------
    float64 array of shape (p,)

    Examples
    --------
    >>> correlation_ratio(np.repeat([0, 1], 20), 2, np.repeat([[1.0], [5.0]], 20, axis=0)).tolist()
    [1.0]
    """
    known = ~np.isnan(matrix) & (codes >= 0)[:, None]
    ratios = np.zeros(matrix.shape[1])
    for place in range(matrix.shape[1]):
        rows = known[:, place]
        values, groups = matrix[rows, place], codes[rows]
        if len(values) < _LEAST_ROWS:
            continue
        values = (values - values.mean()) / (np.abs(values).max() or 1.0)
        counts = np.bincount(groups, minlength=levels)
        sums = np.bincount(groups, weights=values, minlength=levels)
        total = float((values**2).sum())
        used, count = int((counts > 0).sum()), len(values)
        if total < 1e-12 * count or used < 2 or count <= used:
            continue
        within = 1 - float((sums**2 / np.maximum(counts, 1)).sum()) / total
        ratios[place] = np.sqrt(min(1.0, max(0.0, 1 - max(within, 0.0) * (count - 1) / (count - used))))
    return ratios

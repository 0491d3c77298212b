"""Where a model is worst: parts of the rows, by one column or two, in which its loss is higher than elsewhere.

A good score over all rows can hide a part that is served badly (Chung et al., "Slice Finder", ICDE 2019,
doi:10.1109/ICDE.2019.00139). Parts that only chance made bad are kept out: each is tested against the rest (Welch),
and the false discovery rate over all parts that were looked at is held at 5 % (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays

__all__ = ["Slice", "Strip", "strips_of", "worst_slices"]

_RATE = 0.05
_PAIRED = 14  # the strips with the largest loss are crossed with each other
_PARTS = 4
_MOST_LEVELS = 30


@dataclass(frozen=True, slots=True)
class Strip:
    """The rows that share one trait of one column.

    Parameters
    ----------
    column : str
    words : str
        "city is Bern", "age up to 31".
    rows : bool array of shape (n,)
    """

    column: str
    words: str
    rows: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the rows with a higher loss than the rest.

    Parameters
    ----------
    words : str
        What its rows share.
    rows : bool array of shape (n,)
    loss, rest : float
        The mean loss inside and outside.
    low, high : float
        The 95 % interval of the difference.
    p_value : float
        Adjusted for all the parts that were looked at.
    """

    words: str
    rows: NDArray[np.bool_]
    loss: float
    rest: float
    low: float
    high: float
    p_value: float


def strips_of(arrays: Arrays, levels: Mapping[str, Sequence[str]], *, least: int) -> tuple[Strip, ...]:
    """Return the traits of each column that at least so many rows share: levels, quarters of the numbers, missing.

    Parameters
    ----------
    arrays : Arrays of n rows
    levels : mapping of str to sequence of str
        The words of each category column's levels.
    least : int
    """
    found: list[Strip] = []
    for place, name in enumerate(arrays.number_names):
        found += _strips_of_numbers(name, arrays.numbers[:, place].astype(np.float64))
    for place, name in enumerate(arrays.category_names):
        codes, words = arrays.categories[:, place], levels.get(name, ())
        for code in np.unique(codes)[: _MOST_LEVELS + 2]:
            known = 0 <= code < len(words)
            said = f"{name} is {words[code]}" if known else f"{name} is {'missing' if code < 0 else 'new'}"
            found.append(Strip(name, said, codes == code))
    return tuple(strip for strip in found if least <= strip.rows.sum() <= len(strip.rows) - least)


def _strips_of_numbers(name: str, values: NDArray[np.float64]) -> list[Strip]:
    missing = np.isnan(values)
    strips = [Strip(name, f"{name} is missing", missing)]
    known = values[~missing]
    different = np.unique(known)
    if len(different) <= _PARTS:
        return strips + [Strip(name, f"{name} is {value:.6g}", values == value) for value in different]
    ends = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1)[1:-1], method="lower"))
    low = -np.inf
    for high in [*ends, np.inf]:
        inside = (values > low) & (values <= high)
        said = f"{name} up to {high:.6g}" if low == -np.inf else f"{name} over {low:.6g}"
        if np.isfinite(low) and np.isfinite(high):
            said = f"{name} over {low:.6g} up to {high:.6g}"
        strips.append(Strip(name, said, inside))
        low = high
    return strips


def worst_slices(strips: Sequence[Strip], loss: NDArray[np.float64], *, least: int, most: int = 8) -> tuple[Slice, ...]:
    """Return the parts in which the loss is higher than elsewhere beyond chance, the surest difference first.

    Parameters
    ----------
    strips : sequence of Strip
    loss : float64 array of shape (n,)
        Of each row.
    least : int
        The fewest rows of a part.
    most : int, default 8

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bad = np.arange(1000) < 200
    >>> strips = (Strip("town", "town is Bern", bad), Strip("town", "town is Rome", ~bad))
    >>> [one.words for one in worst_slices(strips, rng.exponential(np.where(bad, 2.0, 1.0)), least=20)]
    ['town is Bern']
    """
    single = [_against_rest(strip.words, strip.rows, loss) for strip in strips]
    ranked = sorted(zip(single, strips, strict=True), key=lambda pair: -pair[0].low)[:_PAIRED]
    pairs = [
        crossed
        for place, (first, one) in enumerate(ranked)
        for second, other in ranked[place + 1 :]
        if (crossed := _crossed(one, other, loss, least)) is not None
        and crossed.low > max(first.loss - first.rest, second.loss - second.rest)  # more than either alone explains
    ]
    looked_at = len(strips) + _PAIRED * (_PAIRED - 1) // 2
    everything = sorted([*single, *pairs], key=lambda one: one.p_value)
    kept = _discoveries(everything, looked_at)
    return tuple(sorted(kept, key=lambda one: -one.low)[:most])


def _crossed(one: Strip, other: Strip, loss: NDArray[np.float64], least: int) -> Slice | None:
    """Return the part that two traits of different columns share, where it has rows enough."""
    both = one.rows & other.rows
    if one.column == other.column or both.sum() < least:
        return None
    return _against_rest(f"{one.words} and {other.words}", both, loss)


def _against_rest(words: str, rows: NDArray[np.bool_], loss: NDArray[np.float64]) -> Slice:
    """Compare the loss inside and outside by Welch's test, one-sided."""
    from scipy.stats import norm

    inside, outside = loss[rows], loss[~rows]
    if len(inside) < 2 or len(outside) < 2:
        return Slice(words, rows, 0.0, 0.0, -np.inf, np.inf, 1.0)
    difference = float(inside.mean() - outside.mean())
    error = float(np.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)))
    p_value = float(norm.sf(difference / error)) if error > 0 else float(difference <= 0)
    reach = 1.96 * error
    return Slice(
        words, rows, float(inside.mean()), float(outside.mean()), difference - reach, difference + reach, p_value
    )


def _discoveries(ordered: list[Slice], looked_at: int) -> list[Slice]:
    """Keep what stands at the false discovery rate, with the adjusted p-value."""
    kept: list[Slice] = []
    adjusted = 1.0
    for place in range(len(ordered), 0, -1):
        one = ordered[place - 1]
        adjusted = min(adjusted, one.p_value * looked_at / place)
        if adjusted <= _RATE:
            kept.append(Slice(one.words, one.rows, one.loss, one.rest, one.low, one.high, adjusted))
    return kept

"""Why a row was flagged, in a sentence that a person can act on: the columns that made it odd, and what is usual there.

Plain Python over a few chosen cells, so that a row reads the same alone, in a batch and served. A share of oddness
names the columns; what is usual of them (kept in the bundle) gives the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.bundle.anomaly_phrases import named_word, phrases_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.anomaly_phrases import Phrase
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.usual import UsualColumn
    from mainstay.data.decode import Problem

__all__ = ["MOST_COLUMNS", "reasons"]

MOST_COLUMNS = 3
"""How many columns a reason names at most."""

_LEAST_SHARE, _LEAST_OF_FIRST = 0.1, 0.2
"""What a column beyond the first must have of the row's oddness, and of what the first has, to be named."""
_QUIET_SHARE = 0.5
"""What a value that is usual alone must have of what the first column has, to be named beside odd values."""
_NOTHING = "no single column: the row as a whole is unusual"


def reasons(
    usual: Sequence[UsualColumn],
    columns: Sequence[str],
    arrays: Arrays,
    shares: NDArray[np.float64],
    problems: Iterable[Problem] = (),
) -> list[str]:
    """Return why each row was flagged, naming up to three columns, the one with the largest share first.

    Parameters
    ----------
    usual : sequence of UsualColumn
        Of the table's columns.
    columns : sequence of str
        The C columns that the shares are about.
    arrays : Arrays
        The f flagged rows, decoded.
    shares : float64 array of shape (f, C)
        How much each column adds to a row's oddness, 0 or more.
    problems : iterable of Problem, default ()
        Of the same rows: they know the words that arrays do not.

    Returns
    -------
    list of str
        One sentence for each row, never empty.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> from mainstay.contracts.usual import UsualColumn, UsualPart
    >>> amount = UsualColumn(
    ...     name="amount", kind="number", parts=(UsualPart(name="amount", low=3.0, high=120.0, middle=25.0),)
    ... )
    >>> country = UsualColumn(name="country", kind="category", levels=("FR", "NG"), shares=(0.9998, 0.0002))
    >>> row = Arrays(np.array([[4980]], np.float32), ("amount",), np.array([[1]]), ("country",), (2,))
    >>> reasons((amount, country), ("amount", "country"), row, np.array([[3.0, 1.0]]))
    ['amount 4,980: usually 3 to 120; country NG: 0.02 % of rows']
    """
    known = np.nan_to_num(np.asarray(shares, np.float64))
    ranked, named = _chosen(known)
    largest = np.take_along_axis(known, ranked, axis=1)
    heavy = largest >= _QUIET_SHARE * largest[:, :1]
    by_name = {column.name: column for column in usual}
    words = {(problem.row, problem.column): problem.came for problem in problems if problem.came}
    told: list[list[Phrase | None]] = [[None] * ranked.shape[1] for _ in range(arrays.rows)]
    for at, name in enumerate(columns):
        rows, ranks = np.nonzero((ranked == at) & named)
        if not len(rows) or name not in by_name:
            continue
        for row, rank, phrase in zip(
            rows.tolist(), ranks.tolist(), phrases_of(by_name[name], arrays, rows), strict=True
        ):
            told[row][rank] = named_word(phrase, words.get((row, name), ""))
    return [_sentence(_telling(phrases, weights)) for phrases, weights in zip(told, heavy.tolist(), strict=True)]


def _chosen(shares: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the columns of the largest shares, shape (f, up to 3), and which of them are worth a word."""
    ranked = np.argsort(-shares, axis=1, kind="stable")[:, :MOST_COLUMNS]
    largest = np.take_along_axis(shares, ranked, axis=1)
    total = np.zeros(len(shares))
    for column in shares.T:  # one after the other: the same sum for a row in every batch
        total += column
    named = largest >= np.maximum(_LEAST_SHARE * total[:, None], _LEAST_OF_FIRST * largest[:, :1])
    return ranked, named & (largest > 0)


def _telling(phrases: list[Phrase | None], heavy: list[bool]) -> list[Phrase]:
    """Return the phrases to be told: beside odd values a usual one only where it weighs as much and says something."""
    odd = any(phrase is not None and phrase.odd for phrase in phrases)
    pairs = zip(phrases, heavy, strict=True)
    return [
        phrase for phrase, weighs in pairs if phrase is not None and (phrase.odd or not odd or (weighs and phrase.told))
    ]


def _sentence(phrases: list[Phrase]) -> str:
    quiet = [phrase for phrase in phrases if not phrase.odd]
    if not phrases:
        return _NOTHING
    said = []
    for phrase in phrases:
        if phrase.odd:
            said.append(f"{phrase.value}: {phrase.told}")
        elif phrase is quiet[0]:
            said.append(_beside(quiet, phrases))
    return "; ".join(said)


def _beside(quiet: list[Phrase], phrases: list[Phrase]) -> str:
    """Return what is said of values that are usual alone: what they are unusual beside."""
    if len(quiet) > 1:
        names = ", ".join(phrase.value for phrase in quiet[:-1])
        return f"{names} and {quiet[-1].value}: each usual alone, not together"
    others = [phrase.value for phrase in phrases if phrase is not quiet[0]]
    beside = " and ".join(others) if others else "the other columns"
    usually = f" ({quiet[0].told})" if quiet[0].told else ""
    return f"{quiet[0].value}: usual alone{usually}, not beside {beside}"

"""The words that set the texts of one cluster apart, so that a cluster of documents has a name that people understand.

The model sees hashed terms; words are counted here, in the raw texts, with the pieces that are hashed there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.data.decode_terms import pieces_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["cluster_words"]

_MOST_ROWS = 100_000
_MOST_WORDS = 50_000
_PRIOR = 1_000.0
"""How many rows the prior weighs as: a word of a small cluster must stand out the more."""
_LEAST = 1.96
_FEWEST = 2


def cluster_words(
    texts: pl.Series, labels: NDArray[np.int64], clusters: int, top: int = 10
) -> list[list[tuple[str, float, int]]]:
    """Return for each cluster the words that its texts have more often than all others have.

    A word's score is the log-odds of having it, inside against outside, divided by its standard error, with the words
    of all texts as the prior (Monroe, Colaresi and Quinn 2008, doi:10.1093/pan/mpn018): words of a row or two score
    low. They are ranked by score times inverse document frequency, so that words that are everywhere stand behind
    without a list of stop words, in any language.

    Parameters
    ----------
    texts : polars.Series of n texts
        Null and empty texts have no words.
    labels : int64 array of shape (n,)
        The cluster of each text; rows of -1 are left out.
    clusters : int
        How many there are.
    top : int, default 10
        The most words per cluster.

    Returns
    -------
    list of list of (word, score, rows)
        The best first, with scores of 1.96 at least; ``rows`` is how many texts of the cluster have the word. Of more
        than 100,000 texts as many are read, evenly spread, and counts are of those.

    Raises
    ------
    UsageError
        When there are not as many labels as texts.

    Examples
    --------
    >>> import polars as pl
    >>> texts = pl.Series(["win a prize now", "claim the prize", "see you at home", "home by the train"] * 10)
    >>> found = cluster_words(texts, np.array([0, 0, 1, 1] * 10), 2, top=1)
    >>> [(word, rows) for words in found for word, _, rows in words]
    [('prize', 20), ('home', 20)]
    """
    if len(texts) != len(labels):
        raise UsageError(f"a label for each of {len(texts):,} texts was expected, and {len(labels):,} came")
    rows = np.flatnonzero((labels >= 0) & (labels < clusters))
    rows = rows[:: max(1, -(-len(rows) // _MOST_ROWS))]
    words, counts = _count(texts.gather(rows).cast(_string()).to_list(), labels[rows], clusters)
    if not words:
        return [[] for _ in range(clusters)]
    sizes = np.bincount(labels[rows], minlength=clusters).astype(np.float64)
    scores = _scores(counts, sizes)
    rarity = np.log((1.0 + sizes.sum()) / (1.0 + counts.sum(axis=0)))
    return [
        _best(words, scores[cluster], scores[cluster] * rarity, counts[cluster])[:top] for cluster in range(clusters)
    ]


def _string() -> type[pl.String]:
    import polars as pl

    return pl.String


def _count(texts: list[str | None], labels: NDArray[np.int64], clusters: int) -> tuple[list[str], NDArray[np.float64]]:
    """Return the words, the most frequent if there are very many, and how many texts of each cluster have them."""
    found: list[Counter[str]] = [Counter() for _ in range(clusters)]
    for text, label in zip(texts, labels.tolist(), strict=True):
        if text:
            found[label].update(_words(text))
    whole: Counter[str] = Counter()
    for part in found:
        whole.update(part)
    words = sorted(word for word, count in whole.most_common(_MOST_WORDS) if count >= _FEWEST)
    return words, np.array([[part[word] for word in words] for part in found], np.float64)


def _words(text: str) -> set[str]:
    """Return the words of a text: no bare signs or numbers, no single letters; pairs of signs where none is spaced."""
    words: set[str] = set()
    for piece in pieces_of(text):
        if not piece.isascii() and len(piece) > 2 and _unspaced(piece):
            words.update(piece[at : at + 2] for at in range(len(piece) - 1))
        elif len(piece) > 1 and any(sign.isalpha() for sign in piece):
            words.add(piece)
    return words


def _unspaced(piece: str) -> bool:
    """Say whether a piece is of a script without blanks between words, by its first sign."""
    return "\u0e00" <= piece[0] <= "\u0eff" or "\u1000" <= piece[0] <= "\u109f" or "\u1780" <= piece[0] <= "\u17ff" or (
        piece[0] >= "\u3040" and not "\uac00" <= piece[0] <= "\ud7a3"
    )  # fmt: skip


def _scores(counts: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standardised log-odds of each word in each cluster, shape (clusters, words)."""
    whole, rows = counts.sum(axis=0), sizes.sum()
    prior = _PRIOR * (whole + 0.5) / (rows + 1.0)
    weight = min(1.0, rows / _PRIOR)  # few texts: a light prior
    have, lack = prior * weight, (_PRIOR - prior) * weight
    inside, outside = counts + have, whole - counts + have
    inside_not = sizes[:, None] - counts + lack
    outside_not = (rows - sizes)[:, None] - (whole - counts) + lack
    odds = np.log(inside / inside_not) - np.log(outside / outside_not)
    return np.asarray(odds / np.sqrt(1.0 / inside + 1.0 / outside), np.float64)


def _best(
    words: list[str], scores: NDArray[np.float64], rank: NDArray[np.float64], counts: NDArray[np.float64]
) -> list[tuple[str, float, int]]:
    chosen = np.flatnonzero((scores >= _LEAST) & (counts >= _FEWEST))
    ordered = chosen[np.argsort(-rank[chosen], kind="stable")]
    return [(words[place], float(scores[place]), int(counts[place])) for place in ordered]

"""Words that name a cluster of texts."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.words import cluster_words

TEXTS = [
    "Win a PRIZE now, call 0800!", "The prize is waiting: call", "are you at home", "at home by the train", None, "",
] * 20  # fmt: skip
LABELS = np.array([0, 0, 1, 1, 0, 1] * 20)


def names(found):
    return [[word for word, _, _ in words] for words in found]


def test_words_of_one_cluster_and_not_of_the_other():
    found = cluster_words(pl.Series(TEXTS), LABELS, 2)
    assert {"prize", "call"} <= set(names(found)[0])
    assert {"home", "at"} <= set(names(found)[1])
    assert not set(names(found)[0]) & set(names(found)[1])
    assert not any(word.isdigit() or len(word) < 2 for words in names(found) for word in words)
    assert {word: rows for word, _, rows in found[0]}["prize"] == 40


def test_words_that_are_everywhere_do_not_name_a_cluster():
    texts = [f"the {word} and the rest" for word in ("apple", "iron")] * 50
    assert names(cluster_words(pl.Series(texts), np.array([0, 1] * 50), 2)) == [["apple"], ["iron"]]


def test_rows_without_a_cluster_and_clusters_without_rows():
    labels = LABELS.copy()
    labels[labels == 1] = -1
    assert names(cluster_words(pl.Series(TEXTS), labels, 3))[1:] == [[], []]
    assert cluster_words(pl.Series([None, None], dtype=pl.String), np.array([0, 1]), 2) == [[], []]


def test_scripts_without_blanks_have_words_too():
    texts = ["\u82f9\u679c\u5f88\u597d\u5403", "\u94c1\u5f88\u786c\u5f88\u91cd"] * 40
    found = names(cluster_words(pl.Series(texts), np.array([0, 1] * 40), 2))
    assert "\u82f9\u679c" in found[0]


def test_as_many_words_as_asked_for():
    assert len(cluster_words(pl.Series(TEXTS), LABELS, 2, top=1)[0]) == 1
    with pytest.raises(UsageError, match="a label for each of 120 texts"):
        cluster_words(pl.Series(TEXTS), LABELS[:-1], 2)

"""Tables at the edge: columns of nearly one value, infinite numbers, and tables without any usable column."""

import numpy as np
import pandas as pd
import pytest

import mainstay
from mainstay.contracts.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("table", "odd"),
    [
        ({"a": [0] * 99 + [1]}, {99}),
        ({"a": ["x"] * 99 + ["y"]}, {99}),
        ({"a": [0.0] * 95 + [1, 2, 3, 4, 5.0]}, {95, 96, 97, 98, 99}),
        ({"a": [0] * 99 + [1], "b": [0] * 50 + [1] + [0] * 49}, {50, 99}),
    ],
)
def test_the_odd_rows_of_a_nearly_constant_table_come_first(table, odd):
    scores = mainstay.detect(table).scores
    assert set(np.argsort(-scores)[: len(odd)].tolist()) == odd
    assert scores[list(odd)].min() > np.delete(scores, list(odd)).max()


def test_one_odd_row_of_very_many_equal_ones_comes_first():
    table = np.ones((150_000, 2))
    table[5] = 9
    scores = mainstay.detect(table).scores
    assert int(scores.argmax()) == 5
    assert scores[5] > np.delete(scores, 5).max()


def test_two_rows_and_vanishing_numbers_have_answers():
    assert np.isfinite(mainstay.detect({"a": [1, 2], "b": [3, 4]}).scores).all()
    tiny = np.random.default_rng(0).normal(size=(60, 2)) * 1e-300
    assert np.isfinite(mainstay.detect(tiny).scores).all()


@pytest.mark.parametrize("table", [{"a": [[1], [2]] * 50}, {"a": [{"q": 1}, {"q": 2}] * 50, "b": list(range(100))}])
def test_cells_that_are_lists_or_objects_are_refused_with_a_sentence(table):
    with pytest.raises(DataError, match="no column tells rows apart"):
        mainstay.detect(pd.DataFrame(table))


def test_a_reference_that_is_no_word_and_no_file_names_the_words():
    with pytest.raises(UsageError, match="no reference 'dirty', and no such file") as told:
        mainstay.detect({"a": [1, 2, 3, 4]}, reference="dirty")
    assert "contaminated" in str(told.value)
    assert "clean" in str(told.value)


def test_a_word_never_seen_is_told_and_reads_the_same_on_every_path():
    chance = np.random.default_rng(0)
    bills = [{"amount": float(one), "country": str(chance.choice(["NL", "FR"]))} for one in chance.normal(50, 9, 400)]
    odd = [{"amount": 51.0, "country": "NG"}, {"amount": 4980.0, "country": "NL"}, {"amount": 49.0, "country": "ZZ"}]
    new = [*bills[:40], *odd]
    found = mainstay.detect(new, reference=bills, alarm="top=3")
    words = [f"country {word}: never seen in the rows learned from" for word in ("NG", "ZZ")]
    assert [found.reasons[at] for at in (40, 42)] == words
    together = found.model.predict(new, alarm="top=3")["reason"].to_list()
    assert together == found.reasons
    alone = [found.model.predict([row], alarm="top=1")["reason"][0] for row in odd]
    assert alone == together[40:]
    assert mainstay.explain(found.model, odd, top=1).frame["reason"].to_list() == alone

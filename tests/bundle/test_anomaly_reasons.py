"""Reasons in words: what is said of each kind of cell, and the same words alone and in a batch."""

import time

import numpy as np
import pytest

from mainstay.bundle.anomaly_phrases import figure
from mainstay.bundle.anomaly_reasons import MOST_COLUMNS, reasons
from mainstay.contracts.arrays import Arrays, Terms
from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS, Column, Schema
from mainstay.evaluate.anomalies.usual import usual_columns

ROWS = 4000
SCHEMA = Schema(
    columns=(
        Column(name="amount", kind="number", unit="EUR"),
        Column(name="kids", kind="number"),
        Column(name="country", kind="category", categories=("FR", "DE", "NG")),
        Column(name="at", kind="datetime"),
        Column(name="note", kind="text", terms=64),
        Column(name="ok", kind="boolean", categories=("no", "yes")),
        Column(name="size", kind="category", categories=("small", "large"), ordered=True),
    )
)
COLUMNS = tuple(column.name for column in SCHEMA.columns)
NAMES = (
    "amount", "kids", *(f"at.{part}" for part in DATETIME_PARTS), *(f"note.{part}" for part in TEXT_PARTS),
    "ok", "size",
)  # fmt: skip


def table():
    generator = np.random.default_rng(0)
    weekday = generator.integers(0, 5, ROWS)
    numbers = {
        "amount": generator.lognormal(3, 1, ROWS), "kids": generator.integers(0, 4, ROWS),
        "at.days": 18_000 + 300 * generator.random(ROWS), "at.year": np.full(ROWS, 2020),
        "at.month": generator.integers(1, 13, ROWS), "at.day": generator.integers(1, 29, ROWS), "at.weekday": weekday,
        "at.hour": 8 + 10 * generator.random(ROWS), "note.characters": generator.poisson(50, ROWS),
        "note.words": generator.poisson(10, ROWS), "note.digits": generator.poisson(3, ROWS),
        "note.capitals": generator.poisson(2, ROWS), "note.symbols": generator.poisson(1, ROWS),
        "ok": generator.random(ROWS) < 0.999, "size": generator.random(ROWS) < 0.5,
    }  # fmt: skip
    matrix = np.stack([np.asarray(numbers[name], np.float32) for name in NAMES], axis=1)
    country = generator.choice(3, ROWS, p=[0.6, 0.399, 0.001])[:, None]
    terms = Terms(np.arange(0, 5 * ROWS + 1, 5), generator.integers(0, 50, 5 * ROWS).astype(np.int32))
    return Arrays(matrix, NAMES, country, ("country",), (3,), (terms,), ("note",), (64,))


ARRAYS = table()
USUAL = usual_columns(SCHEMA, ARRAYS, np.ones(ROWS, bool))


def said(shares, **cells):
    """Return what is said of the first row with some cells set, for shares by name."""
    row = ARRAYS.take(np.array([0]))
    numbers, categories = row.numbers.copy(), row.categories.copy()
    for name, value in cells.items():
        if name == "country":
            categories[0, 0] = value
        elif name != "terms":
            numbers[0, NAMES.index(name.replace("__", "."))] = value
    texts = (Terms(np.array([0, 2]), np.array(cells["terms"], np.int32)),) if "terms" in cells else row.texts
    changed = Arrays(numbers, NAMES, categories, ("country",), (3,), texts, ("note",), (64,))
    given = np.array([[shares.get(name, 0.0) for name in COLUMNS]])
    return reasons(USUAL, COLUMNS, changed, given)[0]


def test_a_number_out_of_range_and_a_rare_word_have_the_words_of_the_issue():
    found = said({"amount": 3.0, "country": 2.0}, amount=4980, country=2)
    assert found.startswith("amount 4,980 EUR: usually 2 to 20")
    assert found.split("; ")[1].startswith("country NG: 0.")
    assert found.endswith(" % of rows")


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("amount", {"amount": np.nan}, "amount missing: in no usual row"),
        ("country", {"country": 3}, "country: a value never seen in the rows learned from"),
        ("country", {"country": -1}, "country missing: in no usual row"),
        ("kids", {"kids": 2.5}, "kids 2.5: in no usual row"),
        ("kids", {"kids": -1}, "kids -1: usually 0 to 3"),
        ("at", {"at__days": 25_000.0}, "at 2038-06-13: usually 2019-04-1"),
        ("at", {"at__days": np.nan}, "at missing: in no usual row"),
        ("at", {"at__weekday": 6}, "a Sunday, which no usual row is"),
        ("at", {"at__hour": 3.2}, "hour 3.2, usually 8.0"),
        ("note", {"terms": [60, 61]}, "note: 100 % of its words and letter groups are in no usual row"),
        ("note", {"note__characters": 900}, "note with 900 characters: usually"),
        ("ok", {"ok": 0}, "ok no: 0."),
        ("size", {"size": np.nan}, "size missing: in no usual row"),
    ],
)
def test_what_is_unusual_of_a_cell_is_said(column, cells, words):
    assert words in said({column: 1.0}, **cells)


def test_values_that_are_usual_alone_are_told_beside_each_other():
    assert said({"amount": 3.0, "kids": 2.0}, amount=20, kids=1) == (
        "amount 20 EUR and kids 1: each usual alone, not together"
    )
    assert said({"country": 3.0, "kids": 2.0}, country=0, kids=9).startswith("country FR: usual alone (6")
    assert said({"country": 3.0, "kids": 2.0}, country=0, kids=9).endswith("not beside kids 9; kids 9: usually 0 to 3")
    assert "not beside the other columns" in said({"amount": 1.0}, amount=20)


def test_a_usual_value_or_text_beside_an_odd_one_is_told_only_where_it_weighs_as_much():
    alone = said({"kids": 3.0}, kids=9)
    assert said({"kids": 3.0, "country": 1.0}, country=0, kids=9) == alone
    assert said({"kids": 3.0, "note": 2.9}, kids=9) == alone
    assert "country FR" in said({"kids": 3.0, "country": 2.0}, country=0, kids=9)


def test_only_columns_that_matter_are_named_and_three_at_most():
    assert "kids" not in said({"amount": 9.0, "kids": 0.5}, amount=4980)
    everything = said(dict.fromkeys(COLUMNS, 1.0), amount=4980, kids=9, country=2, ok=0)
    assert everything.count(";") == MOST_COLUMNS - 1


def test_a_row_without_a_share_still_has_a_sentence():
    assert said({}) == "no single column: the row as a whole is unusual"
    assert said({"amount": np.nan}) == said({})


def test_one_row_has_the_words_that_it_has_among_many_and_fast():
    shares = np.random.default_rng(1).random((ROWS, len(COLUMNS))) ** 4
    began = time.perf_counter()
    together = reasons(USUAL, COLUMNS, ARRAYS, shares)
    assert time.perf_counter() - began < 1.0
    assert all(together)
    for at in range(0, ROWS, 97):
        assert reasons(USUAL, COLUMNS, ARRAYS.take(np.array([at])), shares[at : at + 1]) == [together[at]]


def test_no_row_has_no_reasons():
    assert reasons(USUAL, COLUMNS, ARRAYS.take(np.array([], np.int64)), np.empty((0, len(COLUMNS)))) == []


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-30, 0.5, 99.995, 1234.5, 1e11, 1e300, -7.25])
def test_figures_are_short_and_near(value):
    written = figure(value)
    assert len(written) <= 15
    assert float(written.replace(",", "")) == pytest.approx(value, rel=1e-3)

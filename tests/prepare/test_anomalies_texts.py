"""A text counts as one number does: an ordinary one is not odd, one of other words is."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import DataError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.anomalies import fit_for_anomalies
from mainstay.prepare.fitted import from_json

WORDS = "the parcel came late again please call me back today thanks for your help with this order number was wrong"
ODD = "Guten Morgen, die Sitzung beginnt heute leider zwanzig Minuten später"


def table_of(texts, numbers=None):
    columns = [Column(name="note", kind="text", terms=4096)]
    frame = {"note": texts}
    if numbers is not None:
        columns.append(Column(name="size", kind="number"))
        frame["size"] = numbers
    return Decoder(Schema(columns=tuple(columns))).from_frame(pl.DataFrame(frame)).arrays


@pytest.fixture(scope="module")
def notes():
    chance = np.random.default_rng(0)
    return [" ".join(chance.choice(WORDS.split(), 8)) for _ in range(600)]


def test_an_ordinary_text_varies_as_much_as_one_number(notes):
    rows = table_of(notes, np.random.default_rng(1).normal(size=600))
    recipe = fit_for_anomalies(rows)
    matrix = recipe.transform(rows)
    topics = [at for at, name in enumerate(recipe.names) if "topic" in name]
    assert 0.7 < matrix[:, topics].var(axis=0).sum() < 1.4
    assert 0.5 < matrix[:, recipe.names.index("note rare words")].std() < 1.5
    assert len(topics) <= 3


def test_a_text_of_other_words_is_far(notes):
    recipe = fit_for_anomalies(table_of([*notes, ODD]))
    rare = recipe.transform(table_of([*notes[:50], ODD, ""]))[:, recipe.names.index("note rare words")]
    assert rare[50] > 2 * np.abs(rare[:50]).max()
    assert abs(rare[51]) < 3


def test_the_graph_and_the_file_give_the_same_bits(notes):
    rows = table_of([*notes, ODD], np.arange(601.0))
    recipe = fit_for_anomalies(rows)
    builder = GraphBuilder.over(rows)
    session = Session(builder.build({"features": recipe.write(builder)}))
    whole = recipe.transform(rows).tobytes()
    assert session.run(rows)["features"].tobytes() == whole
    alone = [session.run(rows.take(slice(at, at + 1)))["features"] for at in (0, 7, 600)]
    assert np.concatenate(alone).tobytes() == recipe.transform(rows.take(np.array([0, 7, 600]))).tobytes()
    assert from_json(recipe.fitted.to_json()).transform(rows).matrix.tobytes() == whole


def test_a_table_without_any_feature_is_refused_with_a_sentence():
    rows = Arrays(np.empty((3, 0), np.float32), (), np.zeros((3, 1), np.int64), ("kind",), (1,))
    with pytest.raises(DataError, match="no column tells rows apart: kind"):
        fit_for_anomalies(rows)


def test_one_odd_value_of_very_many_is_not_lost_in_the_sample():
    numbers = np.ones((150_000, 1), np.float32)
    numbers[5] = 9
    rows = Arrays(numbers, ("x",), np.empty((150_000, 0), np.int64), (), ())
    assert fit_for_anomalies(rows).transform(rows).argmax() == 5

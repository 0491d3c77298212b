"""Texts as features: exact in the graph, honest on the training rows, and good on real messages."""

import time
from pathlib import Path

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays, Terms
from mainstay.contracts.learner import Target
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.data.decode_terms import terms_of
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare import text_linear
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.recipe import Recipe
from mainstay.prepare.text_linear import cross_fit

TERMS = 1 << 18
SMS = Path(__file__).parents[3] / "shared" / "data" / "sms_spam" / "SMSSpamCollection.tsv"
PLAIN = {"missing": "none", "scale": "none", "encode": "none"}


def rows_of(*columns):
    texts = tuple(terms_of(column, TERMS) for column in columns)
    rows, names = len(columns[0]), tuple(f"text{place}" for place in range(len(columns)))
    return Arrays(
        np.empty((rows, 0), np.float32), (), np.empty((rows, 0), np.int64), (), (), texts, names, (TERMS,) * len(names)
    )


def topics(rows, seed=0, classes=2):
    """Texts of noise words, with a few words of their class."""
    chance = np.random.default_rng(seed)
    codes = chance.integers(0, classes, rows)
    own = [["refund", "invoice"], ["goal", "match"], ["flour", "oven"]]
    texts = []
    for code in codes:
        words = [f"noise{place}" for place in chance.integers(0, 400, 12)]
        texts.append(" ".join([*words, *(own[code] if chance.random() < 0.8 else [])]))
    return texts, codes


def run_graph(fitted, arrays):
    builder = GraphBuilder.over(arrays)
    return Session(builder.build({"features": builder.node("Identity", [fitted.write(builder)])}))


def auc(codes, scores):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(codes, scores)


def test_a_score_tells_the_classes_apart_on_new_rows():
    texts, codes = topics(600)
    fitted = fit(Recipe(**PLAIN), rows_of(texts), Target("classification", codes, 2))
    assert fitted.names == ("text0 score",)
    new, truth = topics(400, seed=1)
    assert auc(truth, fitted.transform(rows_of(new)).matrix[:, 0]) > 0.85


def test_training_scores_come_from_other_rows():
    """On pure noise a fitted model knows its own rows by heart; cross-fitted scores must not."""
    texts, _ = topics(400)
    codes = np.random.default_rng(9).integers(0, 2, 400)
    rows = rows_of(texts)
    fitted = fit(Recipe(**PLAIN), rows, Target("classification", codes, 2))
    assert auc(codes, fitted.transform(rows).matrix[:, 0]) > 0.9
    assert 0.4 < auc(codes, fitted.transform_training(rows).matrix[:, 0]) < 0.6


def test_many_classes_have_a_score_each():
    texts, codes = topics(600, classes=3)
    fitted = fit(Recipe(**PLAIN), rows_of(texts), Target("classification", codes, 4))  # class 3 has no rows
    assert fitted.names == ("text0 score = 0", "text0 score = 1", "text0 score = 2")
    new, truth = topics(300, seed=1, classes=3)
    assert (fitted.transform(rows_of(new)).matrix.argmax(axis=1) == truth).mean() > 0.75


def test_amounts_are_scored():
    texts, codes = topics(600)
    amounts = codes * 100.0 + np.random.default_rng(0).normal(size=600)
    fitted = fit(Recipe(**PLAIN), rows_of(texts), Target("regression", amounts))
    new, truth = topics(300, seed=1)
    assert np.corrcoef(fitted.transform(rows_of(new)).matrix[:, 0], truth)[0, 1] > 0.6


def test_without_a_target_texts_become_components():
    texts, codes = topics(400)
    fitted = fit(Recipe(**PLAIN, components=4), rows_of(texts))
    assert fitted.names == tuple(f"text0 component {number}" for number in (1, 2, 3, 4))
    matrix = fitted.transform(rows_of(texts)).matrix
    assert max(abs(np.corrcoef(column, codes)[0, 1]) for column in matrix.T) > 0.5


@pytest.mark.parametrize("text", ["linear", "svd", "both"])
def test_the_graph_gives_the_same_bits_whatever_the_padding(text):
    texts, codes = topics(200)
    other = ["" if row % 3 else "short" for row in range(200)]
    rows = rows_of(texts, other)
    fitted = fit(Recipe(**PLAIN, text=text, components=3), rows, Target("classification", codes, 2))
    session = run_graph(fitted, rows)
    long = rows_of(
        ["refund " + " ".join(f"new{place}" for place in range(3000)), "", "refund", "\u4f60\u597d"],
        ["", "a", "short", ""],
    )
    for some in (rows, long):
        ours = fitted.transform(some).matrix
        assert np.array_equal(session.run(some)["features"], ours)
        alone = [session.run(some.take(np.array([row])))["features"] for row in range(some.rows)]
        assert np.array_equal(np.concatenate(alone), ours)
        assert np.array_equal(from_json(fitted.to_json()).transform(some).matrix, ours)


def test_the_largest_cell_does_not_overflow():
    """The most terms that a cell can have, all of the largest weight, in one direction."""
    rows = 40
    ids = np.concatenate([np.arange(8192) if row % 2 else np.arange(8192, 8200) for row in range(rows)]).astype(
        np.int32
    )
    lengths = [8192 if row % 2 else 8 for row in range(rows)]
    terms = Terms(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), ids)
    empty = (np.empty((rows, 0), np.float32), (), np.empty((rows, 0), np.int64), (), ())
    arrays = Arrays(*empty, (terms,), ("t",), (TERMS,))
    fitted = fit(Recipe(**PLAIN), arrays, Target("classification", np.arange(rows) % 2, 2))
    matrix = fitted.transform(arrays).matrix
    assert auc(np.arange(rows) % 2, matrix[:, 0]) == 1.0
    assert np.abs(matrix).max() < 10
    assert np.array_equal(run_graph(fitted, arrays).run(arrays)["features"], matrix)


@pytest.mark.parametrize("texts", [[""] * 30, ["same text"] * 30, [f"only{row}" for row in range(30)], ["x"] * 5])
def test_texts_that_say_nothing_give_harmless_features(texts):
    codes = np.arange(len(texts)) % 2
    rows = rows_of(texts)
    fitted = fit(Recipe(**PLAIN), rows, Target("classification", codes, 2))
    assert np.isfinite(fitted.transform(rows).matrix).all()
    one_class = fit(Recipe(**PLAIN), rows, Target("classification", 0 * codes, 2))
    assert one_class.transform(rows).matrix.shape == (len(texts), 0)


def test_a_memory_gives_the_same_steps(tmp_path, monkeypatch):
    texts, codes = topics(100)
    rows, target = rows_of(texts), Target("classification", codes, 2)
    first = fit(Recipe(**PLAIN), rows, target, memory=tmp_path / "fold-0")
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr("mainstay.prepare.text_memory.fit_text", lambda *_: 1 / 0)
    second = fit(Recipe(scale="minmax", missing="none", encode="none"), rows, target, memory=tmp_path / "fold-0")
    assert second.steps == first.steps
    assert np.array_equal(second.transform_training(rows).matrix, first.transform_training(rows).matrix)
    with pytest.raises(ZeroDivisionError):
        fit(Recipe(**PLAIN), rows, target, memory=tmp_path / "fold-1")


def test_dropped_rows_are_not_in_the_training_features():
    texts, codes = topics(100)
    rows = rows_of(texts)
    numbers = np.where(np.arange(100) % 10 == 0, np.nan, 1.0).astype(np.float32)[:, None]
    arrays = Arrays(numbers, ("a",), rows.categories, (), (), rows.texts, rows.text_names, rows.text_terms)
    fitted = fit(Recipe(missing="drop"), arrays, Target("classification", codes, 2))
    assert fitted.transform_training(arrays.take(fitted.kept)).matrix.shape == (90, 2)


class Hurry:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())


def test_little_time_means_fewer_steps_and_still_a_score(monkeypatch):
    texts, codes = topics(2000)
    rows, target = rows_of(texts), Target("classification", codes, 2)
    products = []
    back = text_linear._System._back
    monkeypatch.setattr(text_linear._System, "_back", lambda self, given: products.append(1) or back(self, given))
    hurried = fit(Recipe(**PLAIN), rows, target, deadline=Hurry(0.0))
    few = len(products)
    fit(Recipe(**PLAIN), rows, target)
    assert few < (len(products) - few) / 2
    assert auc(codes, hurried.transform_training(rows).matrix[:, 0]) > 0.8


def test_of_many_texts_some_are_learned_from(monkeypatch):
    texts, codes = topics(3000)
    rows, target = rows_of(["x"] * 3000, texts), Target("classification", codes, 2)
    monkeypatch.setattr("mainstay.prepare.text._LARGEST", 150_000)
    fitted = fit(Recipe(**PLAIN), rows, target)
    training, new = fitted.transform_training(rows).matrix[:, -1], fitted.transform(rows).matrix[:, -1]
    assert 1000 <= np.count_nonzero(training == new) < 2900  # rows that were not learned from have one score
    assert 0.85 < auc(codes, training) < auc(codes, new)


def test_the_solver_finds_the_ridge_regression():
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import Ridge

    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(80, 6)) * (chance.random((80, 6)) < 0.5)
    answers, weight = chance.normal(size=(80, 2)), chance.random(80) + 0.5
    coefficients, intercept = text_linear._System(csr_matrix(matrix), answers, weight).solve(0.7, np.inf)
    other = Ridge(alpha=0.7).fit(matrix, answers, sample_weight=weight)
    assert np.allclose(coefficients, other.coef_.T, atol=2e-3)
    assert np.allclose(intercept, other.intercept_, atol=2e-3)


def test_weights_count():
    from scipy.sparse import csr_matrix

    codes = np.arange(200) % 2
    matrix = csr_matrix(np.column_stack([np.ones(200), codes]).astype(float))
    heavy = cross_fit(matrix, Target("classification", codes, 2, np.where(codes == 1, 50.0, 1.0)), seed=0)
    light = cross_fit(matrix, Target("classification", codes, 2), seed=0)
    assert heavy.held_out[codes == 0].mean() > light.held_out[codes == 0].mean()


@pytest.mark.skipif(not SMS.exists(), reason="the development data are not here")
def test_real_messages_are_told_apart():
    lines = list(dict.fromkeys(SMS.read_text(encoding="utf-8").splitlines()))
    codes = np.array([line.startswith("spam") for line in lines]).astype(np.int64)
    schema = Schema(columns=(Column(name="text", kind="text", terms=TERMS),))
    rows = Decoder(schema).from_rows([{"text": line.split("\t", 1)[1]} for line in lines]).arrays
    order = np.random.default_rng(0).permutation(len(lines))
    train, test = order[:4000], order[4000:]
    fitted = fit(Recipe(**PLAIN), rows.take(train), Target("classification", codes[train], 2))
    scores = fitted.transform(rows.take(test)).matrix[:, -1]
    assert auc(codes[test], scores) > 0.985
    assert auc(codes[train], fitted.transform_training(rows.take(train)).matrix[:, -1]) > 0.98
    assert np.array_equal(run_graph(fitted, rows).run(rows.take(test))["features"][:, -1], scores)

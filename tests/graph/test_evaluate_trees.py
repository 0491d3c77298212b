"""The second opinion itself, on a tree small enough to follow by hand."""

import numpy as np

from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.evaluate_trees import apply_link, evaluate, leaves_reached


def by_hand(*, missing_left):
    return Trees(
        roots=np.array([0, 4]),
        feature=np.array([0, -1, 1, -1, -1, -1], np.int32),
        threshold=np.array([1.5, 0, 0, 0, 0, 0]),
        missing_left=np.array([missing_left, False, missing_left, False, False, False]),
        left=np.array([1, -1, 3, -1, -1, -1], np.int32),
        right=np.array([2, -1, 5, -1, -1, -1], np.int32),
        value=np.array([[0.0], [1.0], [0.0], [2.0], [100.0], [4.0]]),
        base=np.array([1000.0]),
        members={2: np.array([3, 70])},
    )


def test_every_path():
    features = np.array([[1.5, 3], [1.6, 3], [1.6, 70], [1.6, 4], [1.6, -1], [9, 3.5], [np.inf, 1e30]], np.float32)
    answers = evaluate(ModelGraph(by_hand(missing_left=False)), features)[:, 0]
    assert answers.tolist() == [1101, 1102, 1102, 1104, 1104, 1104, 1104]
    assert leaves_reached(by_hand(missing_left=False), 0, features).tolist() == [1, 3, 3, 5, 5, 5, 5]


def test_missing_values_follow_their_flag():
    features = np.array([[np.nan, 3], [9, np.nan]], np.float32)
    assert evaluate(ModelGraph(by_hand(missing_left=True)), features)[:, 0].tolist() == [1101, 1102]
    assert evaluate(ModelGraph(by_hand(missing_left=False)), features)[:, 0].tolist() == [1102, 1104]


def test_links_at_the_extremes():
    assert apply_link(np.array([[1000.0], [-1000.0]]), "sigmoid").tolist() == [[0, 1], [1, 0]]
    assert apply_link(np.array([[1000.0, -1000.0]]), "softmax").tolist() == [[1, 0]]

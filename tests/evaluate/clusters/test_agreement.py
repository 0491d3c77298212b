"""Agreement with known labels: the values are scikit-learn's, and the intervals hold the truth as often as they say."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.agreement import Agreement, agreement
from sklearn import metrics

PEERS = {
    "adjusted_rand": metrics.adjusted_rand_score,
    "adjusted_mutual_info": metrics.adjusted_mutual_info_score,
    "v_measure": metrics.v_measure_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
}


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_values_are_those_of_scikit_learn(data):
    rows = data.draw(st.integers(2, 60))
    labels = data.draw(hnp.arrays(np.int64, rows, elements=st.integers(0, 4)))
    truth = data.draw(hnp.arrays(np.int64, rows, elements=st.integers(0, 3)))
    found = agreement(labels, truth.tolist()).metrics
    for name, peer in PEERS.items():
        assert found[name].value == pytest.approx(peer(truth, labels), abs=1e-9), name
        low, high = found[name].low, found[name].high
        assert low is None or low <= found[name].value <= high


def test_the_table_counts_rows_and_the_best_match_is_one_to_one():
    found = agreement(np.array([0, 0, 0, 1, 1, 2]), ["a", "a", "b", "a", "a", "b"])
    assert found.labels == ("a", "b")
    assert found.counts == ((2.0, 1.0), (2.0, 0.0), (0.0, 1.0))
    assert [match.label for match in found.matches] == ["a", "a", "b"]
    partners = [match.matched for match in found.matches if match.matched]
    assert sorted(partners) == ["a", "b"]
    assert found.metrics["matched_accuracy"].value == pytest.approx(3 / 6)


def test_rows_without_a_label_are_left_out_and_counted():
    found = agreement(np.array([0, 0, 1, 1, 1]), ["a", None, "b", float("nan"), ""])
    assert (found.rows, found.left_out) == (2, 3)
    assert found.metrics["adjusted_rand"].value == 1.0


def test_no_disagreement_in_few_rows_is_not_certainty():
    few, many = (agreement(np.repeat([0, 1], rows), ["a"] * rows + ["b"] * rows) for rows in (10, 1000))
    assert few.metrics["adjusted_rand"].value == 1.0
    assert few.metrics["adjusted_rand"].low < 0.8 < 0.98 < many.metrics["adjusted_rand"].low


def test_weights_are_copies_of_rows():
    labels, truth, weight = np.array([0, 0, 1, 1, 1]), ["a", "b", "b", "b", "a"], np.array([3, 1, 2, 4, 1])
    heavy = agreement(labels, truth, weight=weight)
    copied = agreement(np.repeat(labels, weight), np.repeat(truth, weight).tolist())
    assert heavy.counts == copied.counts
    for name in PEERS:
        assert heavy.metrics[name].value == pytest.approx(copied.metrics[name].value)


def test_intervals_hold_the_truth_of_the_world():
    """A world of 3 labels by 3 clusters, sampled 150 times; the truth is the value in a very large sample."""
    world = np.array([[0.25, 0.05, 0.02], [0.03, 0.3, 0.02], [0.03, 0.05, 0.25]])
    draw = np.random.default_rng(5)
    large = draw.choice(9, 400_000, p=world.ravel())
    truth = {name: agreement(large // 3, (large % 3).tolist()).metrics[name].value for name in PEERS}
    held = dict.fromkeys(PEERS, 0)
    for _ in range(150):
        cells = draw.choice(9, 120, p=world.ravel())
        found = agreement(cells // 3, (cells % 3).tolist()).metrics
        for name in PEERS:
            held[name] += found[name].low <= truth[name] <= found[name].high
    assert all(133 <= count <= 150 for count in held.values()), held


def test_the_record_is_plain_data():
    found = agreement(np.array([0, 0, 1, 1]), ["a", "a", "b", "a"])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Agreement) == found


@pytest.mark.parametrize(
    ("labels", "truth", "words"),
    [
        ([0, 1], ["a"], "2 clusters and 1 labels"),
        ([0, 1], [None, ""], "no row has a label"),
        (list(range(1001)), [str(number) for number in range(1001)], "1001 different labels"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(labels, truth, words):
    with pytest.raises(UsageError, match=words):
        agreement(np.array(labels), truth)

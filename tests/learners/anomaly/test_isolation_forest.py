"""Isolation forests: paths counted by hand, the same bits by every way, reasons, and input of any kind."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.anomaly_scores import leaves_of, member_scores, member_terms
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.isolation_forest import IsolationForestDetector, fit_isolation_forest
from mainstay.learners.anomaly.packed_trees import packed_scores


def ways(body, row):
    """Walk down each tree by hand: yield the depth of the leaf, and the nodes on the way."""
    trees = body.trees
    pool = body.directions
    extra = [] if pool is None else pool.values(row[None])[0]
    asked = np.concatenate([row.astype(np.float64), extra])
    for root in trees.roots:
        node, path = int(root), []
        while trees.feature[node] >= 0:
            path.append(node)
            left = asked[trees.feature[node]] <= trees.threshold[node]
            node = int(trees.left[node] if left else trees.right[node])
        yield node, path


def mean_depth(count):
    return 2 * sum(1 / k for k in range(1, count)) - 2 * (count - 1) / count if count > 1 else 0.0


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_score_is_the_way_that_was_saved(share):
    rows = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    body = fit_isolation_forest(rows, trees=64, rows=100, two_features=share, seed=3)
    for row, score in zip(rows[:5], member_scores(body, rows[:5]), strict=True):
        by_hand = [
            round(mean_depth(100)) - len(path) - mean_depth(int(body.trees.cover[leaf]))
            for leaf, path in ways(body, row)
        ]
        assert score == pytest.approx(np.mean(by_hand), abs=1 / 16)


def test_leaves_hold_the_rows_that_were_drawn():
    rows = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    body = fit_isolation_forest(rows, trees=5, two_features=0.3, seed=0)  # every row is drawn for every tree
    asked = np.concatenate([rows, body.directions.values(rows)], axis=1)
    leaves, counts = np.unique(leaves_of(body.trees, asked), return_counts=True)
    assert (body.trees.cover[leaves] == counts).all()
    assert counts.sum() == 5 * 200


def test_both_children_hold_rows_and_no_tree_is_too_deep():
    rows = np.random.default_rng(2).integers(0, 3, size=(1000, 5)).astype(np.float32)
    body = fit_isolation_forest(rows, two_features=0.3, seed=0)
    assert (body.trees.cover >= 1).all()
    assert max(len(path) for _, path in ways(body, rows[0])) <= 8
    values = body.trees.value / 2.0**-20
    assert (values == np.rint(values)).all()


def test_terms_are_the_shortening_of_each_split():
    rows = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    body = fit_isolation_forest(rows, trees=8, two_features=0.0, seed=1)
    expected = np.zeros(3)
    for leaf, path in ways(body, rows[7]):
        for node, child in zip(path, [*path[1:], leaf], strict=True):
            sizes = [int(body.trees.cover[at]) for at in (node, child)]
            saved = mean_depth(sizes[0]) - 1 - mean_depth(sizes[1])
            expected[body.trees.feature[node]] += 2 ** max(0.0, saved) - 1
    assert member_terms(body, rows[7:8])[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("width", "among"), [(5, 1), (10, 1), (30, 3)])
def test_a_planted_column_comes_out_first(width, among):
    chance = np.random.default_rng(5)
    rows = chance.normal(size=(2000, width)).astype(np.float32)
    rows[:40] = chance.normal(size=(40, width))
    planted = chance.integers(width, size=40)
    rows[np.arange(40), planted] = chance.choice([-7, 7], size=40)
    body = fit_isolation_forest(rows, seed=0)
    first = np.argsort(-member_terms(body, rows[:40]), axis=1)[:, :among]
    assert (first == planted[:, None]).any(axis=1).mean() >= 0.95


def test_a_seed_decides_everything():
    rows = np.random.default_rng(0).normal(size=(500, 4)).astype(np.float32)
    one, same, other = (member_scores(fit_isolation_forest(rows, seed=seed), rows) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((1, 3)), np.zeros((2, 3)), np.ones((5000, 2)), np.full((4, 2), 3e38), np.arange(6.0).reshape(2, 3),
        np.array([[3e38, 0], [-3e38, 1], [0, 1]]), np.array([[1e-45], [0.0]]),
    ],
)  # fmt: skip
def test_hardly_any_rows_or_values(rows):
    rows = rows.astype(np.float32)
    body = fit_isolation_forest(rows, seed=0)
    scores, terms = member_scores(body, rows), member_terms(body, rows)
    assert np.isfinite(scores).all()
    assert np.isfinite(terms).all()
    assert (terms >= 0).all()
    assert (packed_scores(body, rows) == scores).all()
    if (rows == rows[0]).all():
        assert len(set(scores.tolist())) == 1


def test_one_column_that_varies_among_many_that_do_not():
    rows = np.zeros((600, 200), np.float32)
    rows[:, 120] = np.random.default_rng(0).normal(size=600)
    rows[17, 120] = 30
    body = fit_isolation_forest(rows, seed=0)
    assert member_scores(body, rows).argmax() == 17
    assert member_terms(body, rows[17:18]).argmax() == 120


@settings(max_examples=20, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 200), st.integers(1, 6)), elements=st.floats(-9, 9, width=32)),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.4, 1.0]),
)
def test_packed_bits_are_the_very_scores(rows, trees, share):
    body = fit_isolation_forest(rows, trees=trees, rows=64, two_features=share, seed=0)
    whole = packed_scores(body, rows, threads=2)
    assert (whole == member_scores(body, rows)).all()
    assert (packed_scores(body, rows[-1:]) == whole[-1:]).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_packed_bits_of_several_blocks_and_groups_of_trees(threads):
    rows = np.random.default_rng(1).normal(size=(20011, 5)).astype(np.float32)
    body = fit_isolation_forest(rows, trees=61, seed=0)
    assert (packed_scores(body, rows, threads=threads) == member_scores(body, rows)).all()


def test_packed_bits_of_leaves_that_share_bits_or_have_none():
    from mainstay.contracts.anomaly_bodies import TreeSum
    from mainstay.contracts.model import Trees

    ends, inner = np.full(4, -1), [2, 3, 4]  # the first tree is a leaf alone, the second has four leaves
    trees = Trees(
        roots=np.array([0, 1]), feature=np.array([-1, 0, 0, 0, *ends], np.int32),
        threshold=np.array([0.0, 0, -1, 1, 0, 0, 0, 0]), missing_left=np.zeros(8, np.bool_),
        left=np.array([-1, *np.array(inner) * 2 - 2, *ends], np.int32),
        right=np.array([-1, *np.array(inner) * 2 - 1, *ends], np.int32),
        value=np.array([[-3.0], [0], [0], [0], [-8], [7], [12], [13]]), base=np.array([0.5]),
    )  # fmt: skip
    rows = np.array([[-2], [-1], [-0.5], [0], [1], [2]], np.float32)
    assert packed_scores(TreeSum(trees), rows).tolist() == [-10.5, -10.5, 4.5, 4.5, 9.5, 10.5]


def test_packed_bits_want_the_layout_they_know():
    from mainstay.contracts.anomaly_bodies import TreeSum
    from mainstay.contracts.model import Trees

    swapped = Trees(
        roots=np.array([0]), feature=np.array([0, -1, -1], np.int32), threshold=np.zeros(3),
        missing_left=np.zeros(3, np.bool_), left=np.array([2, -1, -1], np.int32),
        right=np.array([1, -1, -1], np.int32), value=np.array([[0.0], [1.0], [0.0]]), base=np.zeros(1),
    )  # fmt: skip
    with pytest.raises(UsageError, match="order of levels"):
        packed_scores(TreeSum(swapped), np.zeros((1, 1), np.float32))


def test_settings_are_checked():
    rows = Observations.of(np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.raises(UsageError, match="trees"):
        IsolationForestDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline(), settings={"trees": 0})
    few = IsolationForestDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline(), settings={"trees": 3})
    assert len(few.members[0].body.trees.roots) == 3
    assert math.isclose(few.members[0].weight, 1.0)

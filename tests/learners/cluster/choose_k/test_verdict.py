"""What choose_k answers: clear groups, none, several, and rows at the edge of sense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.learners.cluster.choose_k import choose_k
from mainstay.learners.cluster.kmeans_path import kmeans_path

CRITERIA = ("valleys", "gap", "stability", "silhouette", "calinski_harabasz", "davies_bouldin", "bic", "knee")


class Over:
    """A clock on which no time is left."""

    def left(self):
        return 0.0


def chosen(rows, k_max=8, **more):
    path = kmeans_path(rows, k_max, sample_weight=more.get("sample_weight"), threads=1)
    return choose_k(path, rows, **more)


def groups(seed, k, columns=2, each=60, apart=9.0):
    rng = np.random.default_rng(seed)
    middles = np.zeros((k, columns))
    middles[:, 0] = apart * (np.arange(k) % 3)
    middles[:, 1] = apart * (np.arange(k) // 3)
    return (rng.normal(size=(k * each, columns)) + np.repeat(middles, each, axis=0)).astype(np.float32)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_clear_groups_are_counted(k):
    choice = chosen(groups(k, k))
    assert (choice.k, choice.verdict, choice.plausible) == (k, "one clear k", (k,))
    assert str(k) in choice.sentence


def test_stretched_groups_of_unequal_size_are_counted():
    rng = np.random.default_rng(1)
    parts = [rng.normal(size=(n, 2)) * [8, 1] + [0, 7 * at] for at, n in enumerate([400, 60, 150])]
    assert chosen(np.concatenate(parts)).k == 3


NULLS = {
    "cube": lambda rng: rng.random((600, 3)),
    "flat box": lambda rng: rng.random((600, 2)) * [5, 1],
    "gaussian": lambda rng: rng.normal(size=(500, 5)),
    "correlated": lambda rng: rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)),
    "heavy tails": lambda rng: rng.standard_t(3, (500, 2)),
    "line": lambda rng: rng.random((600, 1)) * [[1.0, 2.0, -1.0]],
}


@pytest.mark.parametrize("kind", NULLS)
def test_rows_without_structure_are_said_to_have_none(kind):
    answers = [chosen(NULLS[kind](np.random.default_rng(seed)), 6) for seed in range(2)]
    assert [choice.k for choice in answers] == [1, 1]
    assert all(choice.verdict == "no structure" and choice.plausible == (1,) for choice in answers)


def test_all_criteria_are_heard():
    choice = chosen(groups(0, 3))
    assert tuple(one.name for one in choice.evidence) == CRITERIA
    assert all(one.curve.shape == (8,) and one.sentence.endswith(".") for one in choice.evidence)
    assert choice["gap"].k == 3
    assert choice["silhouette"].k == 3
    assert choice.knee == choice["knee"].k == 3
    assert choice.gap.shape == choice.gap_error.shape == choice.stability.shape == (8,)
    with pytest.raises(KeyError):
        choice["astrology"]


def test_the_same_seed_gives_the_same_answer():
    rows = groups(4, 4, apart=4.0)
    first, again = chosen(rows, seed=3), chosen(rows, seed=3)
    assert (first.k, first.sentence) == (again.k, again.sentence)
    np.testing.assert_array_equal(first.gap, again.gap)
    np.testing.assert_array_equal(first.stability, again.stability)


def test_when_no_time_is_left_there_is_still_an_answer_that_says_so():
    choice = chosen(groups(0, 3), deadline=Over())
    assert 1 <= choice.k <= 8
    assert "2 references" in choice["gap"].sentence
    assert "1 pair of halves" in choice["stability"].sentence


def test_heavy_rows_count_as_many():
    rows = groups(5, 3)
    far = np.concatenate([rows, [[100.0, 100.0]] * 3]).astype(np.float32)
    assert chosen(far, sample_weight=np.r_[np.ones(len(rows)), np.zeros(3)]).k == 3
    assert chosen(rows, sample_weight=np.full(len(rows), 7.0)).k == 3


@pytest.mark.parametrize(
    ("rows", "k_max"),
    [
        (np.zeros((1, 3)), 5),
        (np.array([[0.0, 0.0], [1.0, 1.0]]), 5),
        (np.ones((200, 2)), 5),
        (np.random.default_rng(0).normal(size=(50, 2)), 1),
    ],
    ids=["one row", "two rows", "constant", "k_max 1"],
)
def test_where_there_is_nothing_to_choose_the_answer_is_one(rows, k_max):
    choice = chosen(rows, k_max)
    assert (choice.k, choice.verdict) == (1, "no structure")


def test_few_different_rows_are_as_many_groups():
    rows = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 40, axis=0)
    assert chosen(rows).k == 3


def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    assert chosen(rng.normal(size=(40, 90)) + 6 * (np.arange(40) % 2)[:, None]).k == 2


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(1, 30), columns=st.integers(1, 4), values=st.integers(1, 4), k_max=st.integers(1, 6),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_any_rows_have_an_answer_within_the_path(rows, columns, values, k_max, seed):
    table = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(np.float32)
    path = kmeans_path(table, k_max, threads=1)
    choice = choose_k(path, table, seed=seed)
    assert 1 <= choice.k <= len(path)
    assert choice.k in choice.plausible
    assert choice.plausible == tuple(sorted(set(choice.plausible)))
    assert choice.plausible[-1] <= len(path)


def test_a_bent_cluster_is_not_cut_and_two_moons_are_two():
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, 2000)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.05, (2000, 2))
    assert chosen(ring, 20).k <= 2  # 6 to 9 hills by the lines between tops alone
    half = angle[:600] / 2
    moon = np.column_stack([np.cos(half), np.sin(half)]) + rng.normal(0, 0.06, (600, 2))
    other = [1.0, 0.5] - moon
    assert chosen(np.concatenate([moon, other]), 15).k == 2


def test_hills_are_told_row_by_row():
    rows = groups(2, 3)
    choice = chosen(rows)
    truth = np.repeat(np.arange(3), 60)[choice.looked_at]
    assert choice.same_as(truth) > 0.95
    assert choice.clear
    assert choice.same_as(np.arange(len(truth)) % 3) < 0.1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.ones((50, 2)), "same values"),
        (np.eye(5), "too few"),
        (np.random.default_rng(0).random((90, 2)), "one cloud"),
    ],
)
def test_nothing_is_told_for_what_it_is(rows, words):
    assert words in chosen(rows).sentence

"""Names, cuts, samples, silhouettes, maps, stability and trees: each by what it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.columns import ColumnView
from mainstay.evaluate.clusters.map import map_of
from mainstay.evaluate.clusters.names import name_clusters, shortened
from mainstay.evaluate.clusters.profiles import neighbours, typical_rows
from mainstay.evaluate.clusters.records import Condition, Contrast, LevelContrast
from mainstay.evaluate.clusters.report_data import Merge
from mainstay.evaluate.clusters.rule_candidates import candidates_of, fits, roundest
from mainstay.evaluate.clusters.rules import rules_of
from mainstay.evaluate.clusters.sample import row_weights, stratified
from mainstay.evaluate.clusters.silhouettes import silhouettes
from mainstay.evaluate.clusters.stability import resampled_labels, stability
from mainstay.evaluate.clusters.tree import tree_lines
from mainstay.evaluate.intervals import Score


def trait(column, aspect="high", **more):
    return Contrast(column=column, kind="number", aspect=aspect, effect=Score(0.9), tells=True, words="", **more)


def test_names_speak_plainly():
    female = LevelContrast("Female", 0.8, 0.4, Score(0.4))
    yes = LevelContrast("Yes", 1.0, 0.4, Score(0.6))
    found = name_clusters(
        [
            [trait("Annual_Income (k$)"), trait("Spending_Score", "low")],
            [trait("Gender", "mostly", level="Female", levels=(female,)), trait("body_mass_g", "middle")],
            [trait("Churn", "mostly", level="Yes", levels=(yes,)), trait("cabin", "absent")],
            [],
        ]
    )
    assert found == [
        "high Annual Income, low Spending Score",
        "mostly Female, middling body mass",
        "Churn Yes, no cabin",
        "average in everything",
    ]


def test_twins_get_a_further_trait_or_a_number():
    first, second, third = trait("a"), trait("b"), trait("c")
    assert name_clusters([[first, second, third], [first, second]]) == ["high a, high b, high c", "high a, high b"]
    assert name_clusters([[first], [first], []]) == ["high a (1)", "high a (2)", "average in everything"]


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4, unique=True), max_size=12))
def test_names_are_always_unique(columns):
    found = name_clusters([[trait(column) for column in some] for some in columns])
    assert len(set(found)) == len(found)


def test_columns_that_would_sound_alike_keep_their_names():
    assert name_clusters([[trait("rate (EUR)")], [trait("rate (USD)")]]) == ["high rate (EUR)", "high rate (USD)"]
    assert shortened("x" * 50, 20).count("x") == 19


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_a_cut_lies_between_its_values(low, step):
    high = low + step
    if high > low:
        assert low <= roundest(low, high) < high


def test_conditions_treat_missing_values_as_they_say():
    view = ColumnView("age", "number", np.array([10.0, 30.0, np.nan]))
    assert fits(view, Condition(column="age", above=20.0)).tolist() == [False, True, False]
    assert fits(view, Condition(column="age", above=20.0, missing=True)).tolist() == [False, True, True]
    assert fits(view, Condition(column="age", missing=True)).tolist() == [False, False, True]
    edges = [fits(view, Condition(column="age", **{side: 10.0})).tolist() for side in ("above", "up_to")]
    assert edges == [[False, True, False], [True, False, False]]
    dates = ColumnView("since", "datetime", np.array([18_000.0, 18_500.0, 18_262.0]))
    words = [entry.condition.words for entry in candidates_of([dates], np.arange(3))]
    assert "since after 2019-12-31" in words
    after = next(entry for entry in candidates_of([dates], np.arange(3)) if entry.condition.words == words[2])
    assert fits(dates, after.condition).sum() == 1


def test_a_rule_may_name_several_levels_and_missing_values():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1], 300)
    codes = np.where(labels == 0, draw.integers(0, 2, 600), draw.integers(2, 6, 600)).astype(float)
    kinds = ColumnView("kind", "category", codes, tuple("ABCDEF"))
    rule = rules_of([kinds], labels, np.bincount(labels))[0]
    assert rule.words == "kind in {A, B}"
    assert rule.purity.value == rule.coverage.value == 1.0
    gaps = ColumnView("age", "number", np.where(labels == 0, np.nan, draw.normal(size=600)))
    assert rules_of([gaps], labels, np.bincount(labels))[0].words == "age is missing"


def test_no_rule_is_made_of_noise():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [500, 300, 100])
    views = [ColumnView(f"c{place}", "number", draw.normal(size=900)) for place in range(10)]
    for rule in rules_of(views, labels, np.bincount(labels)):
        assert rule is None or rule.purity.low < 0.7


def test_samples_see_every_cluster_and_weigh_it_back():
    labels = np.repeat([0, 1, 2], [50_000, 500, 3])
    rows = stratified(labels, 1_000, seed=1)
    seen = np.bincount(labels[rows])
    assert 700 < len(rows) <= 1_006
    assert seen[2] >= 2
    assert len(np.unique(rows)) == len(rows)
    weights = row_weights(labels[rows], np.bincount(labels))
    assert np.bincount(labels[rows], weights) == pytest.approx([50_000, 500, 3])
    assert np.array_equal(rows, stratified(labels, 1_000, seed=1))


def test_silhouettes_are_those_of_scikit_learn_and_a_sample_tells_the_same():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [4_000, 1_500, 500])
    matrix = draw.normal(size=(6_000, 3)) + np.array([0, 4, 8])[labels][:, None]
    small = np.sort(draw.choice(6_000, 800, replace=False))
    exact = silhouettes(matrix[small], labels[small])
    assert exact.mean.value == pytest.approx(silhouette_score(matrix[small], labels[small]), abs=1e-6)
    sampled = silhouettes(matrix, labels, most=1_500)
    assert sampled.mean.low <= silhouette_score(matrix, labels) <= sampled.mean.high
    assert list(sampled.cluster) == sorted(sampled.cluster)
    assert [part.cluster for part in sampled.clusters] == [0, 1, 2]
    assert silhouettes(matrix, np.zeros(6_000, np.int64)) is None


def test_the_map_keeps_the_directions_of_most_variance():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    matrix = np.stack([20 * labels + draw.normal(size=400), 3 * draw.normal(size=400), 0.1 * draw.normal(size=400)], 1)
    found = map_of(matrix, labels, ("income", "age", "noise"))
    assert found.directions == ("more income", "more age")
    assert found.explained[0] > found.explained[1] > 0.05
    first, second = sorted(found.centres, key=lambda centre: centre.cluster)
    assert abs(second.x - first.x) == pytest.approx(20, abs=1)
    only = map_of(matrix[:, :1], labels, ("income",))
    assert set(only.y) == {0.0}


def test_the_map_of_a_sample_is_that_of_the_whole_table():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1], [60_000, 12_000])
    matrix = np.stack([6 * labels + draw.normal(size=72_000), *(3 * draw.normal(size=(2, 72_000)))], axis=1)
    labels = labels + 2 * (draw.random(72_000) < 0.02)  # two small clusters, of which the sample takes far more
    spread = np.linalg.eigvalsh(np.cov(matrix.T))[::-1]
    found = map_of(matrix, labels, ("a", "b", "c"))
    assert found.explained == pytest.approx(tuple(spread / spread.sum())[:2], abs=0.02)
    assert found.rows == 72_000


def test_two_columns_are_shown_as_they_are():
    matrix = np.random.default_rng(0).normal(size=(50, 1)) * np.array([1.0, 3.0]) + np.array([5.0, 0.0])
    found = map_of(matrix, np.repeat([0, 1], 25), ("a", "b"))
    assert found.directions == ("more a", "more b")
    np.testing.assert_allclose(found.x, matrix[list(found.row), 0] - matrix[:, 0].mean(), atol=1e-3)
    assert found.explained == pytest.approx((0.1, 0.9))


def test_typical_rows_and_neighbours():
    matrix, labels = np.array([[0.0], [1.0], [5.0], [9.0], [10.0]]), np.array([0, 0, 0, 1, 1])
    assert typical_rows(matrix, labels, 2).tolist() == [1, 3]
    assert neighbours(np.ones((3, 1)), np.zeros(3, np.int64)) == [None]


def test_stability_knows_what_comes_back():
    draw = np.random.default_rng(0)
    values = np.concatenate([draw.normal(0, 1, 200), draw.normal(50, 1, 100), draw.normal(60, 6, 100)])
    reference = np.repeat([0, 1, 2], [200, 100, 100])

    def refit(some, seed):
        cut = np.random.default_rng(seed).normal(52, 6)
        return (values > 20).astype(np.int64) + (values > cut)

    found = stability(reference, resampled_labels(refit, 400, draws=12, seed=0))
    assert found.clusters[0].jaccard.value == 1.0
    assert found.clusters[0].words == "stable"
    assert found.clusters[2].jaccard.value < 0.9
    assert found.agreement.low <= found.agreement.value <= found.agreement.high
    with pytest.raises(UsageError, match="as long as the one at hand"):
        stability(reference, [np.zeros(3, np.int64)])


def test_resampling_stops_at_the_deadline_with_two_draws_at_least():
    class Passed:
        def left(self):
            return 0.0

    found = resampled_labels(lambda some, seed: np.zeros(10, np.int64), 10, draws=9, seed=0, deadline=Passed())
    assert len(found) == 2


def test_a_tree_shows_the_highest_joins_and_no_lines_cross():
    from scipy.cluster.hierarchy import linkage

    draw = np.random.default_rng(0)
    steps = linkage(draw.normal(size=(120, 2)), "ward")
    merges = [Merge(int(a), int(b), float(height), int(rows)) for a, b, height, rows in steps]
    data, cut, leaves = tree_lines(merges, 5)
    assert leaves == 40
    assert merges[-5].height <= cut <= merges[-4].height
    assert sum(int(text) for text in data["text"] if text) == 120
    places = sorted(x for x, text in zip(data["x"], data["text"], strict=True) if text)
    assert places == list(range(40))
    assert tree_lines(merges, 1)[1] is None


def test_a_cut_lies_in_the_middle_of_the_gap_between_two_groups():
    draw = np.random.default_rng(3)
    values = np.concatenate([draw.normal(0, 1, 100), draw.normal(20, 1, 101)])
    labels = np.repeat([0, 1], [100, 101])
    rules = rules_of([ColumnView("a", "number", values)], labels, np.bincount(labels))
    assert [rule.words for rule in rules] == ["a <= 10", "a > 10"]
    assert [rule.purity.value for rule in rules] == [1.0, 1.0]


def test_a_rule_that_finds_nothing_on_other_rows_is_no_rule():
    """Rare clusters in noise: what a search finds on few rows does not hold on the rows held out."""
    for seed in range(30):
        draw = np.random.default_rng(seed)
        labels = np.repeat([0, 1], [400, 6])
        views = [ColumnView(f"n{place}", "number", draw.normal(size=406)) for place in range(8)]
        for rule in rules_of(views, labels, np.bincount(labels), seed=seed):
            assert rule is None or (rule.purity.value > 0 and rule.coverage.value >= 0.01)

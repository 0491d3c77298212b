"""Each member by distance: against the library or the textbook formula, on planted faults, and on real sets."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.covariance import MinCovDet
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.anomaly_scores import member_scores
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.kmeans_distance import fit_kmeans_distance, numbers_of_clusters
from mainstay.learners.anomaly.knn import fit_knn, left_out_distances
from mainstay.learners.anomaly.lof import LOFDetector, fit_lof, left_out_factors
from mainstay.learners.anomaly.one_class_svm import fit_one_class_svm
from mainstay.learners.anomaly.pca import fit_pca
from mainstay.learners.anomaly.robust_mahalanobis import fit_robust_mahalanobis, robust_units

ADBENCH = Path(__file__).resolve().parents[4] / "shared" / "data" / "adbench"
CLOUD = np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)


def askew(rows=500, seed=0):
    """Rows whose first two columns go together; the third alone."""
    chance = np.random.default_rng(seed)
    along = chance.normal(size=rows)
    columns = [along, along + 0.1 * chance.normal(size=rows), 3 * chance.normal(size=rows)]
    return np.column_stack(columns).astype(np.float32)


class TestRobustMahalanobis:
    def test_it_is_the_librarys_distance_on_gaussian_rows(self):
        rows = askew()
        theirs = np.sqrt(MinCovDet(support_fraction=0.6, random_state=0).fit(rows).mahalanobis(rows))
        ours = member_scores(fit_robust_mahalanobis(rows, seed=0), rows)
        assert np.corrcoef(ours, theirs)[0, 1] > 0.99
        assert np.median(ours / theirs) == pytest.approx(1, abs=0.1)

    @pytest.mark.parametrize("share", [0.1, 0.2, 0.35])
    def test_many_anomalies_do_not_move_it(self, share):
        rows = askew(1000)
        count = int(share * len(rows))
        rows[:count] = [5, -5, 20] + 0.1 * np.random.default_rng(1).normal(size=(count, 3))
        scores = member_scores(fit_robust_mahalanobis(rows, seed=0), rows)
        assert scores[:count].min() > 2 * scores[count:].max()

    def test_units_of_columns_do_not_matter(self):
        rows = askew()
        scaled = rows * np.array([1e-3, 1, 1e4], np.float32) + np.array([0, 7, 1e5], np.float32)
        here = member_scores(fit_robust_mahalanobis(rows, seed=0, most=10**6), rows)
        there = member_scores(fit_robust_mahalanobis(scaled, seed=0, most=10**6), scaled)
        assert np.allclose(here, there, rtol=0.02)

    def test_a_broken_relation_is_odd_though_each_value_is_usual(self):
        body = fit_robust_mahalanobis(askew(), seed=0)
        scores = member_scores(body, np.array([[1.5, 1.5, 0], [1.5, -1.5, 0]], np.float32))
        assert scores[1] > 8 * scores[0]

    def test_equal_columns_and_rare_flags_bear_finite_distances(self):
        rows = askew()
        flag = np.zeros(len(rows), np.float32)
        flag[::100] = 1
        wide = np.column_stack([rows, rows[:, 0], flag, np.full(len(rows), 4.0)]).astype(np.float32)
        scores = member_scores(fit_robust_mahalanobis(wide, seed=0), wide)
        assert np.isfinite(scores).all()
        assert np.median(scores[flag == 1]) > np.median(scores[flag == 0])

    def test_more_columns_than_rows_still_rank(self):
        chance = np.random.default_rng(2)
        rows = chance.normal(size=(60, 200)).astype(np.float32)
        fresh = np.concatenate([chance.normal(size=(50, 200)), 2.5 * chance.normal(size=(50, 200))]).astype(np.float32)
        scores = member_scores(fit_robust_mahalanobis(rows, seed=0), fresh)
        assert roc_auc_score(np.repeat([0, 1], 50), scores) > 0.99

    def test_the_unit_of_a_flag_is_its_standard_deviation(self):
        middle, unit = robust_units(np.array([[0.0], [0.0], [0.0], [1.0]]))
        assert (middle.tolist(), unit.tolist()) == ([0.0], [0.5])


class TestKNN:
    def test_one_bag_is_the_librarys_mean_distance(self):
        body = fit_knn(CLOUD, seed=0, count=5, points=10_000, bags=1)
        fresh = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
        theirs = NearestNeighbors(n_neighbors=5).fit(CLOUD).kneighbors(fresh)[0].mean(axis=1)
        assert np.allclose(member_scores(body, fresh), theirs, rtol=1e-5)

    def test_a_row_is_left_out_of_its_own_neighbours(self):
        body = fit_knn(CLOUD, seed=0, count=5, points=10_000, bags=1)
        theirs = NearestNeighbors(n_neighbors=5).fit(CLOUD).kneighbors()[0].mean(axis=1)
        assert np.allclose(left_out_distances(body, CLOUD), theirs, rtol=1e-5)
        assert (member_scores(body, CLOUD) < theirs).all()

    def test_rows_that_were_not_drawn_have_the_same_score_either_way(self):
        body = fit_knn(CLOUD, seed=0, bags=4)
        fresh = np.random.default_rng(1).normal(size=(300, 3)).astype(np.float32)
        assert np.allclose(left_out_distances(body, fresh), member_scores(body, fresh), rtol=1e-6)

    def test_copies_do_not_hide_a_row(self):
        rows = np.concatenate([CLOUD, np.full((200, 3), 8, np.float32)])
        scores = left_out_distances(fit_knn(rows, seed=0), rows)
        assert scores[600:].min() > scores[:600].max()

    def test_bags_show_a_dense_group_that_one_sample_hides(self):
        chance = np.random.default_rng(3)
        usual = chance.normal(size=(2000, 3))
        rows = np.concatenate([usual, 7 + 0.01 * chance.normal(size=(30, 3))]).astype(np.float32)
        odd = np.arange(len(rows)) >= 2000
        found = [roc_auc_score(odd, left_out_distances(fit_knn(rows, seed=0, bags=bags), rows)) for bags in (1, 16)]
        assert found[0] < 0.2
        assert found[1] > 0.98

    def test_bags_are_no_smaller_than_they_may_be(self):
        assert fit_knn(CLOUD[:50], seed=0, count=5).bags == 1
        assert fit_knn(CLOUD[:100], seed=0, count=5).bags == 2
        assert fit_knn(CLOUD[:1], seed=0, count=5).count == 1


class TestKMeansDistance:
    def test_it_is_the_distance_to_the_nearest_large_cluster(self):
        chance = np.random.default_rng(0)
        parts = [chance.normal(0, 1, (400, 2)), chance.normal(20, 1, (400, 2)), chance.normal(-40, 0.1, (15, 2))]
        rows = np.concatenate(parts).astype(np.float32)
        body = fit_kmeans_distance(rows, seed=0, clusters=(3,))
        centres = body.points + body.centre
        assert sorted(np.round(centres[:, 0] / 20).tolist()) == [0, 1]
        near = np.linalg.norm(rows[:, None] - centres, axis=2).min(axis=1)
        assert np.allclose(member_scores(body, rows), near, atol=1e-6)
        every = fit_kmeans_distance(rows, seed=0, clusters=(3,), small=True)
        assert len(every.points) == 3
        assert member_scores(every, rows)[-15:].max() < 1

    def test_a_wide_cluster_forgives_by_its_width(self):
        chance = np.random.default_rng(0)
        rows = np.concatenate([chance.normal(0, 1, (400, 2)), chance.normal(60, 6, (400, 2))]).astype(np.float32)
        beside = np.array([[8, 0], [68, 60]], np.float32)
        plain, own = (
            member_scores(fit_kmeans_distance(rows, seed=0, clusters=(2,), width=width), beside) for width in (0, 1)
        )
        assert plain[0] == pytest.approx(plain[1], rel=0.15)
        assert own[0] > 4 * own[1]

    def test_several_numbers_are_averaged(self):
        rows = np.concatenate([CLOUD, CLOUD + 30, CLOUD[:, ::-1] - 30])
        alone = [member_scores(fit_kmeans_distance(rows, seed=0, clusters=(k,)), rows) for k in (1, 3)]
        both = fit_kmeans_distance(rows, seed=0, clusters=(1, 3))
        assert (both.bags, both.count, len(both.points)) == (2, 1, 6)
        assert np.allclose(member_scores(both, rows), np.mean(alone, axis=0), rtol=1e-3)

    def test_few_rows_have_few_clusters(self):
        assert numbers_of_clusters(39) == (1,)
        assert numbers_of_clusters(10**6) == (2, 4, 8, 16, 32)


class TestLOF:
    def test_it_is_the_librarys_factor(self):
        theirs = LocalOutlierFactor(n_neighbors=20).fit(CLOUD)
        body = fit_lof(CLOUD, seed=0, count=20, points=10_000)
        assert np.allclose(left_out_factors(body, CLOUD), -theirs.negative_outlier_factor_, rtol=1e-4)
        fresh = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
        novel = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(CLOUD)
        assert np.allclose(member_scores(body, fresh), -novel.score_samples(fresh), rtol=1e-4)

    def test_a_row_beside_a_dense_group_is_odder_than_one_in_a_loose_group(self):
        chance = np.random.default_rng(0)
        dense, loose = chance.normal(0, 0.05, (300, 2)), chance.normal(20, 2, (300, 2))
        body = fit_lof(np.concatenate([dense, loose]), seed=0)
        scores = member_scores(body, np.array([[0.6, 0.6], [21, 19]], np.float32))
        assert scores[0] > 3 > 1.5 > scores[1]

    def test_contaminated_rows_are_given_more_neighbours(self):
        counts = [
            LOFDetector().fit(Observations.of(CLOUD), reference=reference, seed=0, deadline=NoDeadline())
            for reference in ("clean", "contaminated")
        ]
        assert [found.members[0].body.count for found in counts] == [20, 100]


class TestOneClassSVM:
    def test_it_is_the_librarys_boundary(self):
        body = fit_one_class_svm(CLOUD, seed=0, outside=0.2, gamma=0.3)
        standard = body.kernel.scaling.apply(CLOUD)
        theirs = OneClassSVM(gamma=0.3, nu=0.2).fit(standard)
        assert np.allclose(member_scores(body, CLOUD), -theirs.decision_function(standard), atol=1e-2)
        assert (member_scores(body, CLOUD) > 0).mean() == pytest.approx(0.2, abs=0.03)

    def test_equal_rows_are_one_with_a_weight(self):
        rows = np.concatenate([np.zeros((500, 2)), np.ones((100, 2)), [[5.0, 5.0]]]).astype(np.float32)
        body = fit_one_class_svm(rows, seed=0)
        assert len(body.kernel.points) <= 3
        assert np.argmax(member_scores(body, rows)) == 600


class TestPCA:
    def test_it_sees_what_breaks_the_relation(self):
        body = fit_pca(askew(), seed=0)
        scores = member_scores(body, np.array([[1.5, 1.5, 0], [1.5, -1.5, 0]], np.float32))
        assert scores[1] > 8 * scores[0]

    def test_anomalies_do_not_turn_it(self):
        rows = askew(1000)
        rows[:150, :2] = [6, -6]
        scores = member_scores(fit_pca(rows, seed=0), rows)
        assert scores[:150].min() > scores[150:].max()


# The least ROC-AUC on real sets, and what scikit-learn's own estimator of the kind has there, give or take.
FITS = {
    "robust_mahalanobis": (
        lambda m: fit_robust_mahalanobis(m, seed=0),
        0.85,
        lambda m: MinCovDet(random_state=0).fit(m),
    ),
    "knn": (lambda m: fit_knn(m, seed=0), 0.85, None),
    "kmeans_distance": (lambda m: fit_kmeans_distance(m, seed=0), 0.85, None),
    "lof": (lambda m: fit_lof(m, seed=0, count=100), 0.7, None),
    "one_class_svm": (lambda m: fit_one_class_svm(m, seed=0), 0.8, None),
    "pca": (lambda m: fit_pca(m, seed=0), 0.8, None),
}


@pytest.mark.skipif(not ADBENCH.is_dir(), reason="the shared data is not there")
@pytest.mark.parametrize("name", FITS)
def test_real_sets_are_told_apart(name):
    fit, least, library = FITS[name]
    ours, theirs = [], []
    for file in ("38_thyroid", "43_WDBC", "18_Ionosphere", "4_breastw", "40_vowels"):
        held = np.load(ADBENCH / f"{file}.npz")
        middle, unit = robust_units(held["X"].astype(float))
        matrix = ((held["X"] - middle) / np.where(unit > 0, unit, 1)).astype(np.float32)
        ours.append(roc_auc_score(held["y"], member_scores(fit(matrix), matrix)))
        if library is not None:
            theirs.append(roc_auc_score(held["y"], library(matrix).mahalanobis(matrix)))
    assert np.mean(ours) > least
    assert not theirs or np.mean(ours) > np.mean(theirs) - 0.01


def test_levels_of_a_category_that_many_rows_have_do_not_lie_far_from_the_bulk():
    chance = np.random.default_rng(21)
    rarity = np.log(1 / np.array([0.4, 0.35, 0.25]))[chance.choice(3, 2000, p=[0.4, 0.35, 0.25])]
    rows = np.column_stack([chance.normal(size=(2000, 2)), rarity])
    rows[0, 0] = 8
    scores = member_scores(fit_robust_mahalanobis(rows, seed=0), rows.astype(np.float32))
    assert np.argmax(scores) == 0
    often = rarity == rarity.min()
    assert np.median(scores[~often]) < 3 * np.median(scores[often])

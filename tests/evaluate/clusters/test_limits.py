"""Limits keep their word on fresh rows, whatever the body, and what is far away is beyond them."""

import numpy as np
import pytest

from mainstay.contracts.clusters import Centres, Mixture, assign
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.limits import calibrate_limits, left_out_answers

MEANS = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 3.0], [0.0, 12.0, -3.0]])
SCALES = np.array([1.0, 0.3, 2.0])


def draw(rows, seed, shares=(0.5, 0.3, 0.2)):
    generator = np.random.default_rng(seed)
    which = generator.choice(3, rows, p=shares)
    noise = generator.standard_t(5, size=(rows, 3)) * SCALES[which, None]
    return (MEANS[which] + noise).astype(np.float32)


def centres(matrix, k=3):
    points = MEANS if k == 3 else matrix[np.random.default_rng(0).choice(len(matrix), k, replace=False)]
    points = points.astype(np.float64)
    for _ in range(15):
        labels = assign(Centres.of(points), matrix)
        points = np.stack([matrix[labels == j].mean(axis=0) if (labels == j).any() else points[j] for j in range(k)])
    return Centres.of(points)


def own_rows(matrix):
    return Centres.of(matrix, assign(Centres.of(MEANS), matrix))


def mixture(matrix):
    labels = assign(Centres.of(MEANS), matrix)
    covariances = [np.cov(matrix[labels == j].T) for j in range(3)]
    roots = np.stack([np.linalg.inv(np.linalg.cholesky(one)).T for one in covariances])
    shares = np.bincount(labels) / len(labels)
    logs = np.array([np.log(np.diag(root)).sum() for root in roots])
    offset = 1.5 * np.log(2 * np.pi) - logs - np.log(shares)
    return Mixture(np.stack([matrix[labels == j].mean(axis=0) for j in range(3)]), roots, offset)


def marked(body, limits, fresh):
    distances = body.distances(fresh)
    cluster = distances.argmin(axis=1)
    return distances[np.arange(len(fresh)), cluster] > limits[cluster]


@pytest.mark.parametrize("make", [centres, own_rows, mixture, lambda matrix: centres(matrix, 10)])
@pytest.mark.parametrize(("rows", "level"), [(1500, 0.01), (300, 0.05), (180, 0.01)])
def test_the_share_of_fresh_rows_beyond_the_limits_is_the_level(make, rows, level):
    shares, draws = [], 12
    for seed in range(draws):
        matrix = draw(rows, seed)
        body = make(matrix)
        limits = calibrate_limits(body, matrix, assign(body, matrix), level=level)
        assert np.isfinite(limits[np.unique(assign(body, matrix))]).all()
        shares.append(marked(body, limits, draw(20_000, 1000 + seed)).mean())
        far = np.array([[200.0, -300.0, 80.0], [-90.0, 0.0, 0.0]], np.float32)
        assert marked(body, limits, far).all()
    error = np.std(shares) / np.sqrt(draws)
    assert np.mean(shares) <= level + 3 * error, (np.mean(shares), error)
    assert np.mean(shares) >= level / 4 - 3 * error, np.mean(shares)


def test_in_sample_distances_would_break_the_word():
    """Without leaving rows out, own rows are at distance 0 and every new row would fit none."""
    matrix = draw(400, 0)
    body = own_rows(matrix)
    labels = assign(body, matrix)
    inside = body.distances(matrix)[np.arange(len(matrix)), labels]
    assert inside.max() < 1e-5
    assert left_out_answers(body, matrix, labels)[1].min() > 1e-3


def test_left_out_is_what_a_run_without_the_row_says():
    matrix = draw(60, 3)
    labels = assign(Centres.of(MEANS), matrix)
    means = np.stack([matrix[labels == j].astype(np.float64).mean(axis=0) for j in range(3)])
    _, quick = left_out_answers(Centres.of(means), matrix, labels)
    for row in range(len(matrix)):
        others = (labels == labels[row]) & (np.arange(len(matrix)) != row)
        mean = matrix[others].astype(np.float64).mean(axis=0)
        assert quick[row] == pytest.approx(np.linalg.norm(matrix[row] - mean), rel=1e-9)
    _, quick = left_out_answers(Centres.of(matrix, labels), matrix, labels)
    for row in range(len(matrix)):
        others = (labels == labels[row]) & (np.arange(len(matrix)) != row)
        assert quick[row] == pytest.approx(np.linalg.norm(matrix[others] - matrix[row], axis=1).min(), rel=1e-5)


def test_copies_of_a_row_stay_and_rows_that_are_no_points_are_measured_as_they_are():
    rows = np.array([[0.0], [0.0], [4.0], [10.0], [11.0]], np.float32)
    labels = np.zeros(5, np.int64)
    unique = Centres.of(np.array([[0.0], [4.0], [10.0]]), np.zeros(3, np.int64))
    assert left_out_answers(unique, rows, labels)[1] == pytest.approx([0.0, 0.0, 4.0, 6.0, 1.0])
    twice = left_out_answers(unique, rows[[0, 2, 3, 4]], labels[:4], weight=np.array([2.0, 1.0, 1.0, 1.0]))[1]
    assert twice == pytest.approx([4.0, 4.0, 6.0, 1.0])  # a weight is one row that is left out as a whole


def test_a_row_alone_in_its_cluster_goes_to_another():
    rows = np.array([[0.0], [1.0], [7.0]], np.float32)
    clusters, distances = left_out_answers(Centres.of(np.array([[0.5], [7.0]])), rows, np.array([0, 0, 1]))
    assert clusters.tolist() == [0, 0, 0]
    assert distances == pytest.approx([1.0, 1.0, 6.5])


def test_a_cluster_of_one_row_takes_the_scale_of_the_others():
    matrix = np.concatenate([draw(500, 5), np.array([[90.0, 90.0, 90.0]], np.float32)])
    body = Centres.of(np.concatenate([MEANS, matrix[-1:]]))
    limits = calibrate_limits(body, matrix, assign(body, matrix))
    assert np.isfinite(limits).all()
    assert 1.0 < limits[3] < 500.0


def test_weights_count_rows():
    matrix = draw(300, 7)
    twice = np.concatenate([matrix, matrix])
    body = centres(matrix)
    labels = assign(body, matrix)
    weighted = calibrate_limits(body, matrix, labels, level=0.05, weight=np.full(300, 2.0))
    doubled = calibrate_limits(body, twice, np.concatenate([labels, labels]), level=0.05)
    np.testing.assert_allclose(weighted, doubled, rtol=0.02)


def test_few_rows_and_rows_that_are_all_the_same():
    few = draw(20, 1)
    limits = calibrate_limits(centres(few), few, assign(centres(few), few))
    assert np.isfinite(limits).all()
    assert not marked(centres(few), limits, few).any()
    same = np.full((200, 2), 3.0, np.float32)
    body = Centres.of(np.array([[3.0, 3.0], [3.0, 4.0]]))
    limits = calibrate_limits(body, same, np.zeros(200, np.int64))
    assert not marked(body, limits, same).any()
    assert limits[1] == np.inf
    empty = Centres(np.empty(0), np.empty((1, 0)), np.zeros(1, np.int64))
    assert calibrate_limits(empty, np.empty((5, 0), np.float32), np.zeros(5, np.int64)).tolist() == [0.0]


def test_what_cannot_be_is_refused():
    body, rows = Centres.of(MEANS), draw(5, 0)
    for level in (0.0, 1.0, -1.0):
        with pytest.raises(UsageError, match="level between 0 and 1"):
            calibrate_limits(body, rows, np.zeros(5, np.int64), level=level)
    with pytest.raises(UsageError, match="a label per row"):
        calibrate_limits(body, rows, np.zeros(4, np.int64))

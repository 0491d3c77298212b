"""K-means for one k, and over a stream: labels are the body's, and a stream ends near what all rows at once give."""

import numpy as np
import pytest

from mainstay.contracts.clusters import Points, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.kmeans import KMeans
from mainstay.learners.cluster.mini_batch_kmeans import MiniBatchKMeans, begin, update


def points(rows=30_000, number=5, weight=None):
    generator = np.random.default_rng(0)
    centres = generator.uniform(-10, 10, (number, 4))
    matrix = (centres[generator.integers(0, number, rows)] + generator.normal(size=(rows, 4))).astype(np.float32)
    return Points(matrix, ("a", "b", "c", "d"), weight)


def inertia(clustering, rows):
    return float((clustering.body.distances(rows.matrix).min(axis=1) ** 2).sum())


@pytest.mark.parametrize("learner", [KMeans(), MiniBatchKMeans()])
def test_labels_are_what_the_body_says(learner):
    rows = points(3000)
    found = learner.fit(rows, 5, seed=0, deadline=NoDeadline())
    assert (found.labels == assign(found.body, rows.matrix)).all()
    assert (np.diff(np.bincount(found.labels)) <= 0).all()
    assert found.body.clusters == 5


def test_a_stream_ends_near_what_all_rows_give():
    rows = points()
    whole = KMeans().fit(rows, 5, seed=0, deadline=NoDeadline())
    stream = MiniBatchKMeans().fit(rows, 5, seed=0, deadline=NoDeadline())
    assert stream.notes["blocks"] == 5
    assert inertia(stream, rows) < 1.001 * inertia(whole, rows)


def test_kmeans_comes_to_rest():
    rows = points(5000)
    found = KMeans().fit(rows, 7, seed=0, deadline=NoDeadline())
    for number in range(7):
        own = rows.matrix[found.labels == number].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(found.body.points[number] + found.body.centre, own, atol=2e-3)


def test_weights_pull():
    rows = points(2000, weight=np.where(np.arange(2000) < 10, 1e6, 1.0))
    found = KMeans().fit(rows, 1, seed=0, deadline=NoDeadline())
    np.testing.assert_allclose(found.body.centre, rows.matrix[:10].mean(axis=0), atol=0.01)


def test_a_state_is_the_mean_of_what_it_stands_for():
    rows = points(4000).matrix
    state = begin(rows[:1000], 5)
    after = update(state, rows[1000:])
    assert after.mass.sum() == pytest.approx(4000)
    assert state.mass.sum() == pytest.approx(1000)
    total = (after.mass[:, None] * after.centres).sum(axis=0)
    np.testing.assert_allclose(total / 4000, rows.mean(axis=0), atol=1e-3)


def test_a_stream_that_drifts_is_followed():
    state = begin(np.array([[0.0], [1.0], [20.0], [21.0]]), 2)
    for _ in range(30):
        state = update(state, np.array([[3.0], [4.0]]), keep=0.5)
    assert state.centres.min() == pytest.approx(3.5, abs=0.01)


@pytest.mark.parametrize("learner", [KMeans(), MiniBatchKMeans()])
def test_what_does_not_fit_gets_a_sentence(learner):
    rows = points(100)
    with pytest.raises(UsageError, match="number of clusters"):
        learner.fit(rows, None, seed=0, deadline=NoDeadline())
    with pytest.raises(UsageError, match="different rows"):
        learner.fit(Points(np.ones((9, 2), np.float32), ("a", "b")), 2, seed=0, deadline=NoDeadline())
    with pytest.raises(UsageError, match="no parameter"):
        learner.fit(rows, 2, seed=0, deadline=NoDeadline(), settings={"speed": 9})


@pytest.mark.parametrize(("block", "keep"), [([[1.0, 2.0]], 1.0), ([[np.nan]], 1.0), ([[1.0]], 0.0)])
def test_a_bad_block_gets_a_sentence(block, keep):
    with pytest.raises(UsageError):
        update(begin(np.array([[0.0], [1.0]]), 2), np.array(block), keep=keep)

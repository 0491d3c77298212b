"""The K-means path: exact figures, a falling curve, the same answer whatever the threads, a sentence for bad input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from threadpoolctl import threadpool_limits

from mainstay.contracts.errors import UsageError
from mainstay.learners.cluster.kmeans_path import kmeans_fit, kmeans_path, quick_path

DATA = Path(__file__).resolve().parents[5] / "shared" / "data"


class Over:
    """A deadline that has passed."""

    def left(self):
        return 0.0


def groups(rows, width, number, *, seed=0, spread=1.0):
    generator = np.random.default_rng(seed)
    centres = generator.uniform(-10, 10, (number, width))
    return (centres[generator.integers(0, number, rows)] + spread * generator.normal(size=(rows, width))).astype(
        np.float32
    )


def check(path, X, weight=None):
    """Every figure of every fit is what its centres say about the rows."""
    rows = np.asarray(X, np.float64)
    heavy = np.ones(len(rows)) if weight is None else weight
    whole = float(heavy @ ((rows - np.average(rows, axis=0, weights=heavy)) ** 2).sum(axis=1))
    for fit in path:
        labels = path.labels(X, fit.k)
        again = float(heavy @ ((rows - fit.centres[labels]) ** 2).sum(axis=1))
        assert fit.inertia == pytest.approx(again, rel=1e-5, abs=1e-9 * whole)
        assert fit.sizes.sum() == pytest.approx(heavy.sum(), rel=1e-6)
        assert (fit.sizes > 0).all()
        assert (np.diff(fit.sizes) <= 0).all()
        assert fit.centres.shape == (fit.k, rows.shape[1])
    assert (np.diff(path.inertia) <= 0).all()


def test_every_figure_is_what_the_centres_say():
    X = groups(6000, 5, 6)
    path = kmeans_path(X, 12)
    assert [fit.k for fit in path] == list(range(1, 13))
    assert path.finished
    check(path, X)


def test_criteria_agree_with_scikit_learn():
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    X = groups(3000, 4, 5)
    path = kmeans_path(X, 7)
    assert np.isnan(path[1].silhouette)
    assert np.isnan(path[1].calinski_harabasz)
    for fit in list(path)[1:]:
        labels = path.labels(X, fit.k)
        assert fit.calinski_harabasz == pytest.approx(calinski_harabasz_score(X, labels), rel=1e-3)
        assert fit.davies_bouldin == pytest.approx(davies_bouldin_score(X, labels), rel=1e-2)
        apart = np.sort(np.linalg.norm(X[:, None] - fit.centres, axis=2), axis=1)
        assert fit.silhouette == pytest.approx(float((1 - apart[:, 0] / apart[:, 1]).mean()), abs=1e-3)
    assert min(path, key=lambda fit: fit.bic).k == 5


@pytest.mark.parametrize("number", [3, 12])
def test_groups_that_stand_apart_are_all_found(number):
    X = groups(5000, 6, number, seed=number, spread=0.2)
    fit = kmeans_path(X, number)[number]
    assert fit.inertia == pytest.approx(5000 * 6 * 0.04, rel=0.03)


def test_it_is_not_worse_than_a_loop():
    from sklearn.cluster import KMeans

    X = groups(3000, 6, 8)
    path = kmeans_path(X, 10)
    worst = []
    for k in range(2, 11):
        with threadpool_limits(1):
            loop = np.median([KMeans(k, n_init=1, random_state=seed).fit(X).inertia_ for seed in range(3)])
        worst.append(path[k].inertia / loop)
    assert max(worst) < 1.0005
    assert np.exp(np.log(worst).mean()) < 0.995


def test_rows_without_groups_are_not_worse_either():
    from sklearn.cluster import KMeans

    X = np.random.default_rng(0).random((8_000, 6)).astype(np.float32)
    path = kmeans_path(X, 8)
    with threadpool_limits(1):
        loop = [np.median([KMeans(k, n_init=1, random_state=s).fit(X).inertia_ for s in range(3)]) for k in (2, 4, 8)]
    assert max(path[k].inertia / other for k, other in zip((2, 4, 8), loop, strict=True)) < 1.001


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not there")
@pytest.mark.parametrize(
    ("name", "ks"),
    [
        ("seeds/seeds.csv", (2, 3, 5, 8)),
        ("iris/iris.csv", (2, 3, 5, 8)),
        ("wholesale_customers/wholesale_customers.csv", (2, 4, 8)),
        ("cluster_shapes/a3.csv", (3, 20, 50)),
    ],
)
def test_real_data_is_not_worse_than_a_loop(name, ks):
    import polars as pl
    from sklearn.cluster import KMeans

    X = pl.read_csv(DATA / name).select(pl.selectors.numeric()).to_numpy().astype(np.float64)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    path = kmeans_path(X, max(ks))
    with threadpool_limits(1):
        loop = [np.median([KMeans(k, n_init=1, random_state=s).fit(X).inertia_ for s in range(5)]) for k in ks]
    ratios = [path[k].inertia / other for k, other in zip(ks, loop, strict=True)]
    assert max(ratios) < 1.003  # one seed of ours beside the median of five
    assert np.exp(np.log(ratios).mean()) < 1.0


def test_far_centres_are_left_out_without_a_difference():
    """Rows in groups go through passes that skip centres out of reach; the figures stay those of all centres."""
    X = groups(40_000, 4, 30, spread=0.1)
    check(kmeans_path(X, 40), X)


@pytest.mark.parametrize("rows", [700, 20_000, 40_000])
def test_the_threads_change_no_bit(rows):
    X = groups(rows, 7, 5)
    one, two = kmeans_path(X, 4, threads=1), kmeans_path(X, 4, threads=2)
    for a, b in zip(one, two, strict=True):
        assert a.centres.tobytes() == b.centres.tobytes()
        assert (a.inertia, a.bic) == (b.inertia, b.bic)


def test_the_seed_decides():
    X = np.random.default_rng(0).random((3000, 6)).astype(np.float32)
    one, again, other = (kmeans_path(X, 9, seed=seed).inertia for seed in (3, 3, 4))
    assert (one == again).all()
    assert (one != other).any()


def test_a_weight_counts_as_repeated_rows():
    generator = np.random.default_rng(0)
    X = groups(800, 3, 4)
    weight = generator.integers(1, 5, 800)
    light = kmeans_path(X, 5, sample_weight=weight.astype(float))
    long = kmeans_path(np.repeat(X, weight, axis=0), 5)
    check(light, X, weight.astype(float))
    np.testing.assert_allclose(light.inertia, long.inertia, rtol=2e-3)
    np.testing.assert_allclose(light[4].sizes, long[4].sizes, rtol=1e-6)


def test_equal_rows_end_the_path():
    X = np.repeat(np.array([[0.0, 1], [1, 0], [5, 5]]), 40, axis=0)
    path = kmeans_path(X, 10)
    assert len(path) == 3
    assert path[3].inertia == 0.0
    assert path[3].sizes.tolist() == [40, 40, 40]
    check(path, X)


@pytest.mark.parametrize(
    "X",
    [np.ones((1, 3)), np.full((50, 2), 7.5), np.full((200_000, 3), 3.3, np.float32)],
    ids=["one row", "constant", "many equal rows"],
)
def test_what_is_all_one_is_one_cluster(X):
    path = kmeans_path(X, 5)
    assert len(path) == 1
    assert path[1].inertia == 0.0
    assert path[1].sizes.tolist() == [len(X)]
    np.testing.assert_allclose(path[1].centres, X[:1], rtol=1e-6)


@pytest.mark.parametrize("offset", [1e4, 1e6])
def test_large_offsets_cost_nothing(offset):
    X = groups(3000, 4, 5).astype(np.float64)
    moved = kmeans_path(X + offset, 5)
    check(moved, X + offset)
    assert moved[5].inertia == pytest.approx(kmeans_path(X, 5)[5].inertia, rel=1e-3)


def test_a_small_group_far_away_is_found():
    generator = np.random.default_rng(0)
    X = np.concatenate([generator.normal(size=(100_000, 3)), generator.normal(size=(50, 3)) + 100]).astype(np.float32)
    assert kmeans_path(X, 3)[2].sizes.tolist() == [100_000, 50]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_colours_are_compressed_without_loss(kind):
    X = np.random.default_rng(0).integers(0, 40, (80_000, 3)).astype(kind)
    path = kmeans_path(X, 4)
    assert path.rows == 80_000
    check(path, X)


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_units_do_not_matter(scale):
    X = groups(500, 2, 3).astype(np.float64)
    np.testing.assert_allclose(kmeans_path(X * scale, 4).inertia / scale**2, kmeans_path(X, 4).inertia, rtol=1e-4)


def test_when_time_is_over_every_k_still_has_a_fit():
    X = groups(40_000, 5, 6)
    path = kmeans_path(X, 9, deadline=Over())
    assert len(path) == 9
    assert not path.finished
    check(path, X)


def test_a_quick_path_is_a_path():
    X = groups(2000, 5, 6)
    quick = quick_path(X, 9, seed=1)
    check(quick, X)
    assert quick[6].inertia < 1.05 * kmeans_path(X, 9)[6].inertia


def test_one_fit_is_as_good_as_that_of_the_path():
    X = groups(20_000, 6, 9)
    fit = kmeans_fit(X, 9)
    assert fit.k == 9
    assert fit.inertia <= kmeans_path(X, 9)[9].inertia * 1.0001


def test_rows_of_a_file_are_read_in_blocks(tmp_path):
    X = groups(20_000, 4, 3)
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert (kmeans_path(mapped, 4).inertia == kmeans_path(X, 4).inertia).all()


def test_the_rows_given_are_left_as_they_are():
    X = groups(3000, 4, 3)
    before = X.copy()
    kmeans_path(X, 4)
    assert np.array_equal(X, before)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.array([[1.0, np.nan]]), "missing"),
        (np.array([[np.inf, 1.0]]), "infinite"),
        (np.array([[np.inf, -np.inf]]).T, "infinite"),
        (np.zeros((0, 3)), "at least one row"),
        (np.zeros((3, 0)), "at least one row"),
        (np.zeros(3), "at least one row"),
        (np.array([["a"]]), "numbers were expected"),
    ],
)
def test_bad_rows_get_a_sentence(X, words):
    with pytest.raises(UsageError, match=words):
        kmeans_path(X, 2)


@pytest.mark.parametrize("weight", [[-1.0, 1], [np.nan, 1], [0, 0], [1.0, 1, 1]])
def test_bad_weights_get_a_sentence(weight):
    with pytest.raises(UsageError, match="weight"):
        kmeans_path(np.eye(2), 2, sample_weight=np.array(weight))


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_a_bad_k_gets_a_sentence(k):
    with pytest.raises(UsageError, match="whole number of at least 1"):
        kmeans_path(np.eye(2), k)


def test_an_unknown_k_is_a_key_error():
    with pytest.raises(KeyError):
        kmeans_path(np.eye(2), 2)[3]


@settings(max_examples=60, deadline=None)
@given(
    X=arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 25), st.integers(1, 3)),
        elements=st.sampled_from([0.0, 1.0, -2.0, 0.5, 3.25, 100.0]) | st.floats(-50, 50, width=32),
    ),
    k_max=st.integers(1, 12),
    weighted=st.booleans(),
)
def test_any_small_table_has_a_path(X, k_max, weighted):
    weight = np.arange(1.0, len(X) + 1) if weighted else None
    path = kmeans_path(X, k_max, sample_weight=weight, threads=1)
    different = len(np.unique((X - np.average(X, axis=0, weights=weight)).astype(np.float32), axis=0))
    assert len(path) <= min(k_max, len(np.unique(X, axis=0)))
    assert len(path) >= min(k_max, different) - 1  # rows that float32 cannot tell apart after scaling may be one
    check(path, X, weight)


def test_a_seed_below_zero_and_a_k_that_is_not_there_are_named():
    rows = np.arange(6.0)[:, None]
    with pytest.raises(UsageError, match="seed must be a whole number"):
        kmeans_path(rows, 2, seed=-1)
    with pytest.raises(KeyError, match="1 to 2 clusters"):
        kmeans_path(rows, 2)[99]


def test_differences_too_small_for_float32_are_none():
    path = kmeans_path(np.array([[1.4e-45], [0.0]]), 1)
    assert path[1].inertia == pytest.approx(0.0, abs=1e-60)

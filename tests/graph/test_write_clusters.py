"""Distances to clusters: the graph says what the body says, and a row gets the same bits in every batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.bundle.audit import audit_graph
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.clusters import Centres, Mixture
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.write_clusters import write_clusters


def asked(body, matrix):
    """Return what the graph says, after an audit."""
    matrix = np.asarray(matrix, np.float32)
    width = matrix.shape[1]
    arrays = Arrays(matrix, tuple(f"x{at}" for at in range(width)), np.empty((len(matrix), 0), np.int64), (), ())
    builder = GraphBuilder.over(arrays)
    model = builder.build({"distances": write_clusters(builder, body, "numbers" if width else "", width)})
    audit_graph(model, inputs={"numbers": width} if width else {}, outputs={"distances": ("float64", body.clusters)})
    session = Session(model)
    return lambda rows: session.run(arrays.take(rows))["distances"], arrays


def points_body(generator, clusters, most, width, scale=1.0):
    counts = generator.integers(1, most + 1, clusters)
    owner = np.repeat(np.arange(clusters), counts)
    return Centres.of(generator.normal(size=(len(owner), width)) * scale + 3 * owner[:, None], owner)


def mixture_body(generator, clusters, width):
    roots = np.linalg.cholesky(
        np.stack(
            [np.cov(generator.normal(size=(3 * width + 3, width)).T).reshape(width, width) for _ in range(clusters)]
        )
    )
    return Mixture(generator.normal(size=(clusters, width)), roots, generator.normal(size=clusters))


def body_of(generator, kind, clusters, width, most):
    return mixture_body(generator, clusters, width) if kind == "mixture" else points_body(
        generator, clusters, most, width
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from(["points", "mixture"]), st.integers(1, 9), st.integers(1, 19),
    st.sampled_from([1, 2, 40]), st.integers(1, 70),
)  # fmt: skip
def test_one_by_one_is_the_batch_bit_for_bit_and_both_are_what_the_body_says(seed, kind, clusters, width, most, rows):
    generator = np.random.default_rng(seed)
    body = body_of(generator, kind, clusters, width, most)
    matrix = (generator.normal(size=(rows, width)) * 4).astype(np.float32)
    ask, _ = asked(body, matrix)
    batch = ask(slice(0, rows))
    assert batch.shape == (rows, clusters)
    singles = np.concatenate([ask(slice(at, at + 1)) for at in range(rows)])
    assert batch.tobytes() == singles.tobytes()
    cut = int(generator.integers(0, rows + 1))
    parts = np.concatenate([ask(slice(0, cut)), ask(slice(cut, rows))])
    assert batch.tobytes() == parts.tobytes()
    np.testing.assert_allclose(batch, body.distances(matrix), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("counts", [[3000, 700, 3], [1] * 700, [600, *[7] * 200], [1], [2500], [5, 513, 1, 512]])
def test_thousands_of_points_in_few_or_many_clusters(counts):
    generator = np.random.default_rng(5)
    owner = np.repeat(np.arange(len(counts)), counts)
    body = Centres.of(generator.normal(size=(len(owner), 6)) + owner[:, None] % 13, owner)
    matrix = (generator.normal(size=(300, 6)) * 5).astype(np.float32)
    ask, _ = asked(body, matrix)
    batch = ask(slice(0, 300))
    np.testing.assert_allclose(batch, body.distances(matrix), rtol=1e-9, atol=1e-7)
    some = range(0, 300, 29)
    assert all(ask(slice(at, at + 1)).tobytes() == batch[at : at + 1].tobytes() for at in some)


@pytest.mark.parametrize("kind", ["points", "mixture"])
def test_hundreds_of_columns_are_steady_too(kind):
    generator = np.random.default_rng(8)
    body = body_of(generator, kind, 5, 301, 90)
    matrix = (generator.normal(size=(70, 301)) * 5).astype(np.float32)
    ask, _ = asked(body, matrix)
    batch = ask(slice(0, 70))
    np.testing.assert_allclose(batch, body.distances(matrix), rtol=1e-9)
    assert batch.tobytes() == np.concatenate([ask(slice(at, at + 1)) for at in range(70)]).tobytes()


def test_a_far_origin_costs_no_digits_and_a_point_is_at_distance_0_of_itself():
    generator = np.random.default_rng(0)
    points = (generator.normal(size=(4, 3)) + 1e6).astype(np.float32)
    body = Centres.of(points)
    ask, _ = asked(body, points)
    exact = np.sqrt(((points.astype(np.float64)[:, None] - points[None].astype(np.float64)) ** 2).sum(axis=2))
    np.testing.assert_allclose(ask(slice(0, 4)), exact, atol=1e-6)


def test_without_a_column_every_row_is_equally_far():
    ask, arrays = asked(Centres(np.empty(0), np.empty((3, 0)), np.array([0, 1, 2])), np.empty((4, 0)))
    assert arrays.rows == 4
    assert ask(slice(0, 4)).tolist() == [[0.0, 0.0, 0.0]] * 4
    ask, _ = asked(Mixture(np.empty((2, 0)), np.empty((2, 0, 0)), np.array([0.5, 1.5])), np.empty((2, 0)))
    assert ask(slice(0, 2)).tolist() == [[0.5, 1.5]] * 2


@pytest.mark.parametrize(
    "body",
    [
        Centres(np.zeros(2), np.zeros((2, 3)), np.array([0, 1])),
        Centres(np.zeros(3), np.zeros((2, 3)), np.array([1, 0])),
        Centres(np.zeros(3), np.zeros((2, 3)), np.array([0, 2])),
        Centres(np.zeros(3), np.full((2, 3), np.nan), np.array([0, 1])),
        Centres(np.zeros(3), np.zeros((0, 3)), np.empty(0, np.int64)),
        Mixture(np.zeros((2, 3)), np.zeros((2, 3, 2)), np.zeros(2)),
        Mixture(np.zeros((2, 3)), np.zeros((2, 3, 3)), np.array([0.0, np.inf])),
    ],
)
def test_a_body_that_does_not_fit_is_refused(body):
    with pytest.raises(UsageError, match="do not fit"):
        write_clusters(GraphBuilder(3, 0), body, "numbers", 3)

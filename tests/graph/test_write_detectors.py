"""Detectors as graphs: they say what numpy says, and a row gets the same bits in every batch and with any threads."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.detector_bodies import KINDS, random_body, stacked_body

from mainstay.bundle.audit import audit_graph
from mainstay.contracts.anomalies import Detection, Member, Scale
from mainstay.contracts.anomaly_bodies import LocalDensity, Nearest
from mainstay.contracts.anomaly_scores import detection_scores, member_scores, member_terms, rounding_of
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.write_detectors import write_members, write_terms


def arrays_of(matrix):
    matrix = np.asarray(matrix, np.float32)
    names = tuple(f"x{at}" for at in range(matrix.shape[1]))
    return Arrays(matrix, names, np.empty((len(matrix), 0), np.int64), (), ())


def asked(bodies, width, source, columns, threads=1):
    """Return what the graph says of arrays, after an audit."""
    builder = GraphBuilder(width, 0)
    model = builder.build({
        "members": write_members(builder, bodies, "numbers", width),
        "terms": write_terms(builder, bodies, source, columns, "numbers"),
    })  # fmt: skip
    outputs = {"members": ("float64", len(bodies)), "terms": ("float64", len(bodies) * columns)}
    audit_graph(model, inputs={"numbers": width}, outputs=outputs)
    return Session(model, threads=threads)


def said(bodies, matrix, source, columns):
    """Return the same by numpy."""
    raw, terms = np.empty((len(matrix), 0)), []
    one = (source[:, None] == np.arange(columns)).astype(np.float64)
    for body in bodies:
        terms.append(member_terms(body, matrix, raw) @ one)
        raw = np.column_stack([raw, member_scores(body, matrix, raw)])
    return raw, np.concatenate(terms, axis=1)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
    st.booleans(),
    st.integers(1, 19),
    st.integers(1, 40),
)
def test_one_by_one_is_the_batch_bit_for_bit_and_both_are_what_numpy_says(seed, kinds, stacked, width, rows):
    generator = np.random.default_rng(seed)
    bodies = [random_body(generator, kind, width) for kind in kinds]
    bodies += [stacked_body(generator, width, len(bodies))] if stacked else []
    columns = int(generator.integers(1, width + 1))
    source = generator.integers(0, columns, width)
    arrays = arrays_of(generator.normal(size=(rows, width)) * 3)
    session = asked(bodies, width, source, columns)
    batch = session.run(arrays)
    raw, terms = said(bodies, arrays.numbers, source, columns)
    np.testing.assert_allclose(batch["members"], raw, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(batch["terms"], terms, rtol=1e-9, atol=1e-9 * max(1.0, float(terms.max())))
    assert (batch["terms"] >= 0).all()
    for name in ("members", "terms"):
        singles = np.concatenate([session.run(arrays.take(slice(at, at + 1)))[name] for at in range(rows)])
        assert batch[name].tobytes() == singles.tobytes()
        assert session.run(arrays, (name,))[name].tobytes() == batch[name].tobytes()


def test_many_rows_have_the_same_bits_with_two_threads():
    generator = np.random.default_rng(4)
    width, rows = 5, 9000
    bodies = [random_body(generator, kind, width) for kind in KINDS]
    bodies.append(stacked_body(generator, width, len(bodies)))
    arrays = arrays_of(generator.normal(size=(rows, width)) * 3)
    one, two = (asked(bodies, width, np.arange(width), width, threads).run(arrays) for threads in (1, 2))
    few = asked(bodies, width, np.arange(width), width).run(arrays.take(slice(4090, 4103)))
    for name in ("members", "terms"):
        assert one[name].tobytes() == two[name].tobytes()
        assert one[name][4090:4103].tobytes() == few[name].tobytes()
    np.testing.assert_allclose(one["members"], said(bodies, arrays.numbers, np.arange(width), width)[0], rtol=1e-9)


def test_hundreds_of_columns_and_large_bags():
    generator = np.random.default_rng(8)
    width = 301
    bodies = [random_body(generator, kind, width) for kind in KINDS]
    large = random_body(generator, "nearest", width)
    points = generator.normal(size=(2 * 1100, width))
    bodies.append(replace(large, points=points, bags=2, count=3, scale=np.ones(len(points))))
    arrays = arrays_of(generator.normal(size=(20, width)) * 2)
    session = asked(bodies, width, np.arange(width) % 40, 40)
    batch = session.run(arrays)
    raw, terms = said(bodies, arrays.numbers, np.arange(width) % 40, 40)
    np.testing.assert_allclose(batch["members"], raw, rtol=1e-9)
    np.testing.assert_allclose(batch["terms"], terms, rtol=1e-8, atol=1e-9 * float(terms.max()))
    for name in ("members", "terms"):
        singles = np.concatenate([session.run(arrays.take(slice(at, at + 1)))[name] for at in range(20)])
        assert batch[name].tobytes() == singles.tobytes()


@pytest.mark.parametrize("kind", ["density", "bags"])
def test_points_at_equal_distances_count_alike_on_both_sides(kind):
    """Whole numbers times a factor that is none: many distances are equal but for what rounding leaves of them."""
    generator = np.random.default_rng(6)
    points = np.unique(generator.integers(0, 5, (700, 4)), axis=0) * 0.1 + 7.0
    points = points[: len(points) // 4 * 4]
    if kind == "density":
        reach, density = generator.random((2, len(points))) + 0.1
        body = LocalDensity(np.full(4, 7.2), points - 7.2, 9, reach, density)
    else:
        body = Nearest(np.full(4, 7.2), points - 7.2, 4, 9, np.ones(len(points)))
    arrays = arrays_of(generator.integers(-1, 6, (500, 4)) * 0.1 + 7.0)
    batch = asked([body], 4, np.arange(4), 4).run(arrays)
    raw, terms = said([body], arrays.numbers, np.arange(4), 4)
    np.testing.assert_allclose(batch["members"], raw, rtol=1e-9, atol=1e-7)
    if kind == "density":
        np.testing.assert_allclose(batch["terms"], terms, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("bags", [1, 8])
def test_rows_that_are_points_are_at_distance_0_on_both_sides(bags):
    """Waves that are alike but for noise: what they have in common is a million times what sets them apart."""
    generator = np.random.default_rng(6)
    wave = 5_000 * np.sin(np.arange(96) / 15)
    points = (wave + generator.normal(0, 0.01, (1600, 96))).astype(np.float32).astype(np.float64)
    body = Nearest(np.zeros(96), points, bags, 1, np.ones(len(points)))
    arrays = arrays_of(points)
    batch = asked([body], 96, np.zeros(96, np.int64), 1).run(arrays)["members"]
    raw, _ = said([body], arrays.numbers, np.zeros(96, np.int64), 1)
    if bags == 1:
        assert not batch.any()
        assert not raw.any()
    assert np.abs(batch - raw).max() <= rounding_of(body, arrays.numbers).min()


def test_thousands_of_points_for_local_outlier_factors():
    generator = np.random.default_rng(6)
    points = generator.normal(size=(4700, 3))
    reach, density = generator.random((2, len(points))) + 0.1
    body = LocalDensity(np.zeros(3), points, 30, reach, density)
    arrays = arrays_of(generator.normal(size=(40, 3)))
    session = asked([body], 3, np.arange(3), 3)
    batch = session.run(arrays)
    raw, terms = said([body], arrays.numbers, np.arange(3), 3)
    np.testing.assert_allclose(batch["members"], raw, rtol=1e-9)
    np.testing.assert_allclose(batch["terms"], terms, rtol=1e-9, atol=1e-9)
    single = np.concatenate([session.run(arrays.take(slice(at, at + 1)))["members"] for at in range(40)])
    assert single.tobytes() == batch["members"].tobytes()


def test_trees_over_members_are_held_to_the_scores_that_they_were_given():
    generator = np.random.default_rng(2)
    body, stacked = random_body(generator, "deviation", 3), stacked_body(generator, 3, 1)
    arrays = arrays_of(generator.normal(size=(200, 3)))
    members = asked([body, stacked], 3, np.arange(3), 3).run(arrays)["members"]
    scale = Scale(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    detection = Detection(tuple(Member(name, one, scale, 0.5) for name, one in (("a", body), ("b", stacked))))
    np.testing.assert_array_equal(detection_scores(detection, arrays.numbers, members)[:, 1], members[:, 1])
    moved = members + np.array([5.0, 0.0])
    assert (detection_scores(detection, arrays.numbers, moved)[:, 1] != members[:, 1]).any()


def test_only_what_is_asked_for_is_computed():
    generator = np.random.default_rng(3)
    body = random_body(generator, "bags", 4)
    session = asked([body], 4, np.arange(4), 4)
    answers = session.run(arrays_of(generator.normal(size=(3, 4))), ("members",))
    assert list(answers) == ["members"]


def _broken(kind, **changes):
    return replace(random_body(np.random.default_rng(1), kind, 3), **changes)


@pytest.mark.parametrize(
    "body",
    [
        _broken("deviation", centre=np.zeros(2)),
        _broken("deviation", root=np.full((3, 2), np.nan)),
        _broken("deviation", root=np.empty((3, 0))),
        _broken("nearest", scale=np.ones(1)),
        _broken("clusters", count=0),
        _broken("nearest", bags=0),
        _broken("nearest", count=1000),
        _broken("density", reach=np.zeros(3)),
        _broken("density", points=np.zeros((0, 3))),
        _broken("trees", path_features=np.full((1, 1), 0, np.int32)),
    ],
)
def test_a_body_that_does_not_fit_is_refused(body):
    with pytest.raises(UsageError):
        write_members(GraphBuilder(3, 0), [body], "numbers", 3)


def test_terms_below_zero_sources_outside_and_no_member_are_refused():
    generator = np.random.default_rng(1)
    body = random_body(generator, "trees", 3)
    with pytest.raises(UsageError, match="at least 0"):
        write_members(GraphBuilder(3, 0), [replace(body, path_values=body.path_values - 1)], "numbers", 3)
    with pytest.raises(UsageError, match="source"):
        write_terms(GraphBuilder(3, 0), [body], np.array([0, 1, 3]), 3, "numbers")
    with pytest.raises(UsageError, match="member"):
        write_members(GraphBuilder(3, 0), [], "numbers", 3)

"""The graph of a series answers as NumPy does, and the same for a window in any batch."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.write_series import write_series
from mainstay.learners.series.grid import regular_grid
from mainstay.learners.series.learn import learn_series, raw_scores
from mainstay.learners.series.windows import point_rows, view_places, width_of


@pytest.fixture(scope="module")
def learned():
    random = np.random.default_rng(0)
    wave = np.sin(np.arange(900) * 2 * np.pi / 30)
    values = np.stack([wave, 3 * wave], axis=1) + random.normal(0, 0.2, (900, 2))
    grid = regular_grid(np.arange(900.0), values)
    found = learn_series(grid)
    return found, point_rows(found.plan, grid.pieces)


def session_of(found):
    plan = found.plan
    views = [
        (one.body, view_places(plan, one.view), np.repeat([0, 1], 1 if one.view == "own" else plan.bins))
        for one in found.members
    ]
    builder = GraphBuilder(width_of(plan), 0)
    members, terms = write_series(builder, views, 2, "numbers")
    return Session(builder.build({"members": members, "terms": terms}))


def asked(session, rows):
    names = tuple(str(at) for at in range(rows.shape[1]))
    return session.run(Arrays(rows, names, np.empty((len(rows), 0), np.int64), (), ()))


def test_the_graph_says_what_numpy_says(learned):
    found, rows = learned
    said = asked(session_of(found), rows)
    np.testing.assert_allclose(said["members"], raw_scores(found, rows), rtol=1e-7, atol=1e-7)
    assert said["terms"].shape == (len(rows), 2 * len(found.members))
    assert (said["terms"] >= -1e-9).all()


def test_a_window_has_the_same_bits_alone_and_among_others(learned):
    found, rows = learned
    session = session_of(found)
    every = asked(session, rows)["members"]
    for at in (0, 17, len(rows) - 1):
        assert asked(session, rows[at : at + 1])["members"].tobytes() == every[at : at + 1].tobytes()


def test_a_graph_without_a_view_is_refused():
    with pytest.raises(UsageError, match="needs a detector"):
        write_series(GraphBuilder(3, 0), [], 1, "numbers")

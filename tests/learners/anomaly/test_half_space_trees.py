"""Detection in a stream: the same answers however it is cut, bounded memory, a state that can be kept, quality."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.learners.anomaly.half_space_trees import HalfSpaceTrees

STREAM = np.random.default_rng(0).normal(size=(700, 3))


def made(**told):
    return HalfSpaceTrees(**({"window": 100, "trees": 10, "height": 6} | told))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 699), max_size=12))
def test_batches_do_not_matter(cuts):
    whole, cut = made(), made()
    answers = whole.update(STREAM)
    edges = [0, *sorted(cuts), 700]
    parts = [cut.update(STREAM[one:other]) for one, other in pairwise(edges)]
    for name in ("score", "p_value", "flagged"):
        assert (np.concatenate([getattr(part, name) for part in parts]) == getattr(answers, name)).all()
    assert (whole.score(STREAM[:50]) == cut.score(STREAM[:50])).all()


def test_the_state_goes_on_where_it_stopped(tmp_path):
    for seen in (0, 30, 100, 350):
        one = made()
        one.update(STREAM[:seen])
        np.savez(tmp_path / "state.npz", **one.to_arrays())
        with np.load(tmp_path / "state.npz", allow_pickle=False) as file:
            other = HalfSpaceTrees.from_arrays(dict(file))
        assert other.rows_seen == seen
        assert (one.update(STREAM[seen:]).score == other.update(STREAM[seen:]).score).all()


def test_memory_does_not_grow():
    stream = made(recent=200)
    sizes = set()
    for _ in range(6):
        stream.update(STREAM[:300])
        sizes.add(sum(array.nbytes for array in stream.to_arrays().values()))
    assert len(sizes) == 1


def test_the_rate_is_about_kept_and_faults_are_flagged():
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(20_000, 4))
    faults = np.arange(5000, 20_000, 500)
    rows[faults] = chance.choice([-1, 1], size=(len(faults), 4)) * 6
    answers = HalfSpaceTrees(rate=0.02, seed=0).update(rows)
    assert answers.flagged[faults].mean() > 0.9
    assert 0.005 < np.delete(answers.flagged, faults)[2000:].mean() < 0.04


def test_it_follows_a_stream_that_moves():
    chance = np.random.default_rng(2)
    stream = made()
    stream.update(chance.normal(size=(500, 2)))
    moved = chance.normal(size=(500, 2)) + 20
    before = stream.score(moved).mean()
    stream.update(moved)
    assert stream.score(moved).mean() < before - 1


def test_nothing_is_said_before_the_first_window():
    answers = made().update(STREAM[:99])
    assert not answers.score.any()
    assert (answers.p_value == 1).all()
    assert not answers.flagged.any()


def test_constant_rows_and_hardly_any():
    stream = made(window=2)
    assert np.isfinite(stream.update(np.full((10, 2), 3.0)).score).all()
    assert len(stream.update(np.empty((0, 2))).score) == 0
    assert stream.score(np.full((1, 2), 1e300))[0] >= stream.score(np.full((1, 2), 3.0))[0]


def test_what_does_not_fit_is_refused_and_nothing_learned():
    stream = made()
    stream.update(STREAM[:10])
    for wrong in (np.zeros((2, 4)), np.zeros(3), np.array([[0.0, np.nan, 0.0]])):
        with pytest.raises(UsageError):
            stream.update(wrong)
    assert stream.rows_seen == 10
    for told in ({"height": 0}, {"window": 1}, {"rate": 0.0}, {"rate": 1.0}, {"trees": 0}):
        with pytest.raises(UsageError):
            made(**told)
    state = stream.to_arrays()
    with pytest.raises(UsageError, match="state"):
        HalfSpaceTrees.from_arrays({"settings": state["settings"]})
    with pytest.raises(UsageError, match="state"):
        HalfSpaceTrees.from_arrays({**state, "low": np.zeros(7)})


def test_a_seed_decides_everything():
    one, same, other = (made(seed=seed).update(STREAM).score for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()

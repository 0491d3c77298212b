"""Hills of density: those of chance do not count, those that are there do."""

import numpy as np
import pytest

from mainstay.contracts.clusters import Points
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.density_peaks import DensityPeaks, peaks_of
from mainstay.learners.cluster.number_of_groups import number_of_groups


@pytest.mark.parametrize("columns", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [40, 150, 600])
def test_chance_has_one_hill(rows, columns):
    chance = np.random.default_rng(rows + columns)
    draws = [chance.random((rows, columns)) for _ in range(20)]
    draws += [chance.normal(size=(rows, columns)) for _ in range(20)]
    wrong = sum(number_of_groups(points, np.ones(rows)) > 1 for points in draws)
    assert wrong <= 2


@pytest.mark.parametrize("columns", [1, 2, 10])
def test_far_groups_are_hills(columns):
    chance = np.random.default_rng(0)
    points = np.concatenate([chance.normal(9 * one, 1, (60, columns)) for one in range(4)])
    assert number_of_groups(points, np.ones(240)) == 4


@pytest.mark.parametrize("k", [1, 2, 7, 39, 40])
def test_as_many_groups_as_asked_for(k):
    points = np.random.default_rng(0).random((40, 2))
    labels = peaks_of(points, np.ones(40)).labels(k)
    assert set(labels.tolist()) == set(range(k))


def test_weights_make_a_hill():
    points = np.random.default_rng(0).random((400, 2))
    weight = np.where(np.abs(points - [0.2, 0.2]).max(axis=1) < 0.15, 300.0, 1.0)
    weight = np.where(np.abs(points - [0.8, 0.8]).max(axis=1) < 0.15, 300.0, weight)
    assert number_of_groups(points, np.ones(400)) == 1
    assert number_of_groups(points, weight) == 2


def test_its_notes_say_how_many_stand_out():
    chance = np.random.default_rng(0)
    rows = np.concatenate([chance.normal(0, 1, (80, 2)), chance.normal(9, 1, (80, 2))]).astype(np.float32)
    found = DensityPeaks().fit(Points(rows, ("a", "b")), 3, seed=0, deadline=NoDeadline())
    assert (found.body.clusters, found.notes["peaks_standing_out"]) == (3, 2)

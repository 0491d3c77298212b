"""The gate: equal answers pass, a wrong distance or a wrong group does not, a tie may fall either way."""

from dataclasses import replace

import numpy as np
import pytest

from mainstay.bundle.clusters import ClusterAnswers
from mainstay.contracts.clusters import Centres
from mainstay.contracts.errors import ParityError
from mainstay.segments.gate import LIMIT, check_groups
from mainstay.segments.numbering import by_falling_size

ROWS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


def said(body, matrix=ROWS):
    distances = body.distances(matrix)
    cluster = distances.argmin(axis=1)
    none = np.zeros(len(matrix), np.bool_)
    return ClusterAnswers(
        cluster, distances.min(axis=1), -np.ones(len(matrix), np.int64), np.full(len(matrix), np.nan), none, (), none
    )


@pytest.mark.parametrize("body", [Centres.of(ROWS[:4]), Centres.of(ROWS, np.arange(50) % 5), Centres.of(ROWS[:1])])
def test_equal_answers_pass(body):
    found = check_groups(body, ROWS, said(body), where="kmeans")
    assert (found.rows, found.flips) == (50, 0)
    assert found.largest <= LIMIT


def test_a_distance_that_is_off_is_refused_with_its_row():
    body = Centres.of(ROWS[:4])
    answers = said(body)
    answers.distance[17] += 1e-4
    with pytest.raises(ParityError, match="row 17 of 50"):
        check_groups(body, ROWS, answers, where="kmeans")
    answers.distance[17] = np.nan
    with pytest.raises(ParityError):
        check_groups(body, ROWS, answers, where="kmeans")


def test_another_group_is_refused_even_with_its_own_distance():
    body = Centres.of(ROWS[:4])
    answers = said(body)
    answers.cluster[20] = (answers.cluster[20] + 1) % 4
    answers.distance[20] = body.distances(ROWS)[20, answers.cluster[20]]
    with pytest.raises(ParityError, match="1 groups differ"):
        check_groups(body, ROWS, answers, where="kmeans")


def test_a_tie_may_fall_either_way():
    body = Centres.of(np.array([[-1.0], [1.0]]))
    middle = np.zeros((3, 1), np.float32)
    answers = said(body, middle)
    assert check_groups(body, middle, replace(answers, cluster=np.array([0, 1, 0])), where="kmeans").flips == 0


def test_groups_are_numbered_by_size_whatever_their_points():
    owner = np.array([0, 1, 1, 2])
    body = Centres.of(np.array([[0.0], [10.0], [12.0], [50.0]]), owner)
    rows = np.array([[0], [11], [12], [10], [50], [51]], np.float32)
    labels = body.distances(rows).argmin(axis=1)
    numbered = by_falling_size(body, labels)
    assert numbered.distances(rows).argmin(axis=1).tolist() == [2, 0, 0, 0, 1, 1]
    assert np.all(np.diff(numbered.owner) >= 0)
    empty = by_falling_size(body, np.zeros(6, np.int64))
    assert empty.clusters == 1

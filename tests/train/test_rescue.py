"""A run that is out of time ships a model of some folds rather than none."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import Target
from mainstay.data.split import Fold
from mainstay.train.candidates import Candidate
from mainstay.train.choose import choose, validated_rows
from mainstay.train.fold import FoldResult
from mainstay.train.material import Material
from mainstay.train.rescue import rescue
from mainstay.train.search import Entry
from mainstay.train.steering import steer

ROWS = 90


@pytest.fixture
def material():
    rows = np.arange(ROWS)
    folds = tuple(Fold(rows[rows % 3 != part], rows[rows % 3 == part]) for part in range(3))
    arrays = Arrays(np.zeros((ROWS, 1), np.float32), ("x",), np.empty((ROWS, 0), np.int64), (), ())
    return Material(arrays, Target("regression", np.linspace(0, 1, ROWS)), folds, arrays)


def entry(name, material, folds, status, learner="ridge"):
    made = Entry(Candidate(name=name, learner=learner), status=status, reason="the time was up")
    for fold in folds:
        truth = material.target.values[material.folds[fold].validation]
        made.validation[fold] = np.full(len(truth), 0.5) if learner == "baseline" else truth
        made.results[fold] = FoldResult(seconds=1, predict_seconds=0.1, cost=1, size=0, notes={}, recipe="")
        made.scores[fold] = 1.0
    return made


def test_the_folds_that_were_done_are_taken_for_all(material):
    baseline = entry("baseline", material, (0, 1, 2), "done", learner="baseline")
    begun = entry("begun", material, (0, 2), "stopped")
    left = rescue([baseline, begun], material)
    assert len(left.folds) == 1
    assert (begun.status, begun.reason) == ("done", "the time was up after 1 of 3 folds")
    assert sorted(baseline.results) == sorted(begun.results) == [0]
    steering = steer("regression", "auto", 0, 0)
    choice = choose(
        [baseline, begun], left, score=steering.score, loss=steering.loss, tied=steering.tied, seed=0
    )  # fmt: skip
    assert choice.name == "begun"
    assert validated_rows(left).tolist() == material.folds[0].validation.tolist()


def test_where_a_candidate_is_done_nothing_changes(material):
    entries = [
        entry("baseline", material, (0, 1, 2), "done", learner="baseline"),
        entry("whole", material, (0, 1, 2), "done"),
        entry("begun", material, (0,), "stopped"),
    ]
    assert rescue(entries, material) is material
    assert entries[2].status == "stopped"


def test_what_was_hopeless_stays_out(material):
    poor = entry("poor", material, (0,), "stopped")
    poor.hopeless = True
    baseline = entry("baseline", material, (0, 1, 2), "done", learner="baseline")
    assert rescue([baseline, poor], material) is material
    assert poor.status == "stopped"

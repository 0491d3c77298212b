"""The search keeps its clock, drops what is hopeless, and forgets no candidate."""

import msgspec
import numpy as np
import pytest

from mainstay.compute.clock import Clock
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.executor import Outcome
from mainstay.contracts.learner import Target
from mainstay.contracts.model import Constant, ModelGraph, to_arrays
from mainstay.data.split import Fold
from mainstay.train.candidates import Candidate
from mainstay.train.fold import FoldJob, FoldResult
from mainstay.train.material import Material
from mainstay.train.search import Search

ROWS = 90


class Stage:
    """An executor that plays what each candidate is told to do."""

    slots = 2

    def __init__(self, plays, material):
        self.plays, self.material, self.queue, self.submitted = plays, material, [], []

    def submit(self, job):
        self.queue.append(job)
        told = msgspec.convert(job.payload, FoldJob)
        self.submitted.append((told.candidate.name, told.fold))

    def wait(self, seconds):
        if not self.queue:
            return []
        job = self.queue.pop(0)
        told = msgspec.convert(job.payload, FoldJob)
        play = self.plays[told.candidate.name]
        if play == "interrupt":
            raise KeyboardInterrupt
        if isinstance(play, str):
            return [Outcome(job.number, "failed", {}, 0.1, play)]
        fold = self.material.folds[told.fold]
        truth = self.material.target.values[fold.validation]
        answers = np.full(len(truth), np.nan) if np.isnan(play) else truth + play
        model = {"model." + key: value for key, value in to_arrays(ModelGraph(Constant(np.zeros(1)))).items()}
        np.savez(told.file, validation=answers, holdout=np.zeros(5), **model)
        result = FoldResult(seconds=0.1, predict_seconds=0.001, cost=1, size=0, notes={}, recipe="{}", rounds=7)
        return [Outcome(job.number, "done", msgspec.to_builtins(result), 0.1)]

    def stop(self, number):
        self.queue = [job for job in self.queue if job.number != number]

    def close(self):
        self.queue.clear()


@pytest.fixture
def material():
    rows = np.arange(ROWS)
    folds = tuple(Fold(rows[rows % 3 != part], rows[rows % 3 == part]) for part in range(3))
    arrays = Arrays(np.zeros((ROWS, 1), np.float32), ("x",), np.empty((ROWS, 0), np.int64), (), ())
    return Material(arrays, Target("regression", np.linspace(0, 1, ROWS)), folds, arrays.take(slice(0, 5)))


def search(plays, material, tmp_path, seconds=60.0, always=(), sign=1.0):
    stage = Stage(plays, material)
    candidates = tuple(Candidate(name=name, learner="ridge", always=name in always) for name in plays)
    events = []
    made = Search(
        candidates, material, tmp_path, stage, clock=Clock(seconds), seed=0, sign=sign,
        score=lambda y, p: -float(np.mean((y - p) ** 2)), loss=lambda y, p: float(np.mean((y - p) ** 2)) + 1e-12,
        apart=lambda y, best, other: bool(np.abs(best - other).max() > 0.5),
        listener=events.append,
    )  # fmt: skip
    return made, {entry.candidate.name: entry for entry in made.run()}, stage, events


def test_every_fold_of_every_good_candidate_is_fitted(material, tmp_path):
    _, entries, _, _ = search({"a": 0.1, "b": 0.1}, material, tmp_path)
    assert {name: entry.status for name, entry in entries.items()} == {"a": "done", "b": "done"}
    assert all(sorted(entry.results) == [0, 1, 2] for entry in entries.values())


def test_a_hopeless_candidate_stops_after_its_first_fold_with_the_reason(material, tmp_path):
    _, entries, stage, _ = search({"good": 0.1, "poor": 5.0}, material, tmp_path)
    assert entries["poor"].status == "stopped"
    assert "of good" in entries["poor"].reason
    assert ("poor", 1) not in stage.submitted


def test_the_linear_model_runs_to_the_end_however_it_compares(material, tmp_path):
    _, entries, _, _ = search({"good": 0.1, "poor": 5.0}, material, tmp_path, always=("poor",))
    assert entries["poor"].status == "done"


def test_a_failure_keeps_its_reason_and_harms_no_other(material, tmp_path):
    _, entries, _, events = search({"bad": "it does not like the data", "good": 0.1}, material, tmp_path)
    assert (entries["bad"].status, entries["bad"].reason) == ("failed", "it does not like the data")
    assert entries["good"].status == "done"
    assert [event.reason for event in events if event.name == "bad"] == ["it does not like the data"]


def test_answers_that_are_not_numbers_are_a_failure(material, tmp_path):
    _, entries, _, _ = search({"nan": float("nan"), "good": 0.1}, material, tmp_path)
    assert entries["nan"].status == "failed"
    assert "not finite" in entries["nan"].reason


def test_no_time_is_said_for_each_candidate(material, tmp_path):
    _, entries, stage, _ = search({"a": 0.1, "b": 0.1}, material, tmp_path, seconds=0.0)
    assert {entry.status for entry in entries.values()} == {"skipped"}
    assert stage.submitted == []


def test_an_interruption_keeps_what_is_done(material, tmp_path):
    made, entries, _, _ = search({"a": 0.1, "b": "interrupt", "c": 0.1}, material, tmp_path)
    assert made.interrupted
    assert entries["a"].status == "done" or entries["a"].reason == "it was interrupted"
    assert entries["b"].reason == "it was interrupted"
    assert all(entry.status != "running" for entry in entries.values())


def test_events_tell_scores_in_the_metrics_own_direction(material, tmp_path):
    made, _, _, events = search({"a": 0.5}, material, tmp_path, sign=-1.0)
    assert made.entries[0].value < 0
    assert events[-1].value == events[-1].best == pytest.approx(0.25)


def test_what_one_fold_cannot_tell_apart_goes_on(material, tmp_path):
    _, entries, _, _ = search({"good": 0.1, "close": 0.3}, material, tmp_path)
    assert entries["close"].status == "done"


def test_rounds_found_on_the_first_fold_are_told_to_the_others(material, tmp_path):
    _, entries, _, _ = search({"a": 0.1}, material, tmp_path)
    jobs = entries["a"].jobs
    assert [jobs[fold].rounds for fold in range(3)] == [None, 7, 7]


def test_a_dear_candidate_is_not_begun_where_its_time_is_not_left(material, tmp_path):
    stage = Stage({"a": 0.1, "b": 0.1}, material)
    stage.slots = 1
    candidates = (Candidate(name="a", learner="ridge"), Candidate(name="b", learner="ridge", effort=1e6))
    made = Search(
        candidates, material, tmp_path, stage, clock=Clock(60.0), seed=0, score=lambda y, p: 0.0,
        loss=lambda y, p: 1.0, apart=lambda y, best, other: False, listener=lambda event: None,
    )  # fmt: skip
    entries = {entry.candidate.name: entry for entry in made.run()}
    assert entries["a"].status == "done"
    assert entries["b"].status == "skipped"
    assert ("b", 0) not in stage.submitted

"""How long a learner goes on is found on rows that are not scored, and noise looks like noise."""

import numpy as np

from mainstay.compute.clock import Clock
from mainstay.contracts.arrays import Features
from mainstay.contracts.learner import Parameter, Target
from mainstay.learners.catalogue import learner
from mainstay.train.stopping import fit_stopped, probes_for

ROWS = 200


class Counting:
    """A learner that notes what it was given and is best after as many rounds as it has rows to stop by."""

    name = "counting"
    tasks = ("regression",)
    parameters = (Parameter("n_estimators", 1000, "Rounds.", low=1, high=10_000),)
    takes_missing, takes_codes, uses_validation = True, True, True

    def __init__(self):
        self.calls = []

    def fit(self, features, target, *, seed, deadline, settings=None, validation=None):
        held = 0 if validation is None else len(validation[1].values)
        self.calls.append((len(target.values), held, dict(settings or {})))
        rounds = held if validation is not None else (settings or {}).get("n_estimators")

        class Fitted:
            def notes(self):
                return {"rounds": rounds}

        return Fitted()


def arrays(rows=ROWS):
    matrix = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    return Features(matrix, ("a", "b", "c")), Target("regression", matrix[:, 0].astype(np.float64))


def stopped(taught, stops, rounds=None):
    features, target = arrays()
    return fit_stopped(
        taught, features, target, settings={}, stops=stops, rounds=rounds, seed=0, deadline=Clock()
    )  # fmt: skip


def test_few_rows_are_probed_several_times_and_learned_from_in_the_end():
    taught = Counting()
    fitted, rounds = stopped(taught, [np.arange(40), np.arange(40, 60)])
    assert rounds == 33  # a tenth more than the mean of 40 and 20
    assert [call[:2] for call in taught.calls] == [(160, 40), (180, 20), (200, 0)]
    assert fitted.notes()["rounds"] == 33


def test_one_probe_of_many_rows_is_the_model():
    taught = Counting()
    fitted, rounds = stopped(taught, [np.arange(50)])
    assert [call[:2] for call in taught.calls] == [(150, 50)]
    assert (fitted.notes()["rounds"], rounds) == (50, 55)


def test_the_rounds_of_the_first_fold_are_not_looked_for_again():
    taught = Counting()
    _, rounds = stopped(taught, [np.arange(40)], rounds=7)
    assert taught.calls == [(ROWS, 0, {"n_estimators": 7})]
    assert rounds == 7


def test_a_learner_that_watches_nothing_gets_all_rows():
    _, rounds = stopped(learner("ridge"), [np.arange(40)])
    assert rounds is None


def test_more_rows_are_probed_less():
    assert [probes_for(rows) for rows in (100, 4_000, 100_000)] == [4, 2, 1]


def test_out_of_fold_answers_on_noise_are_no_better_than_chance():
    """Stopping on the scored rows gave 0.537 here."""
    scores = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        matrix = rng.normal(size=(240, 6)).astype(np.float32)
        truth = rng.integers(0, 2, 240)
        answers, parts = np.zeros(240), rng.permutation(240) % 4
        rounds = None
        for part in range(4):
            kept = np.flatnonzero(parts != part)
            stops = [np.flatnonzero(parts[kept] == other) for other in range(4) if other != part]
            fitted, rounds = fit_stopped(
                learner("lightgbm"), Features(matrix[kept], tuple("abcdef")), Target("classification", truth[kept], 2),
                settings={}, stops=stops, rounds=rounds, seed=seed, deadline=Clock(),
            )  # fmt: skip
            held = np.flatnonzero(parts == part)
            answers[held] = fitted.predict(Features(matrix[held], tuple("abcdef")))[:, 1]
        order = answers[:, None][truth == 1] - answers[:, None][truth == 0].T
        scores.append(float((order > 0).mean() + 0.5 * (order == 0).mean()))
    assert np.mean(scores) < 0.5 + 2.5 * np.std(scores) / np.sqrt(len(scores))

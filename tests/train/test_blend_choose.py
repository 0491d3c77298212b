"""The blend is greedy and honest; the choice prefers what is cheap among what cannot be told apart."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import BudgetError
from mainstay.contracts.learner import Target
from mainstay.data.split import Fold
from mainstay.train.blend import blend, mix
from mainstay.train.candidates import Candidate
from mainstay.train.choose import choose, out_of_fold
from mainstay.train.fold import FoldResult
from mainstay.train.material import Material
from mainstay.train.search import Entry
from mainstay.train.steering import steer

ROWS = 600


def negative_error(target, answers):
    return -float(np.mean((target - answers) ** 2))


def test_blend_of_independent_errors_beats_each():
    rng = np.random.default_rng(1)
    y = rng.normal(size=ROWS)
    answers = [y + rng.normal(size=ROWS) * scale for scale in (1.0, 1.0, 1.2)]
    weights = blend(answers, y, negative_error, seed=0)
    assert sum(weights) == pytest.approx(1.0)
    assert negative_error(y, mix(answers, weights)) > max(negative_error(y, one) for one in answers)


def test_blend_gives_nothing_to_noise():
    rng = np.random.default_rng(2)
    y = rng.normal(size=ROWS)
    weights = blend([y + 0.1 * rng.normal(size=ROWS), rng.normal(size=ROWS) * 10], y, negative_error, seed=0)
    assert weights[1] == 0.0


def test_blend_keeps_the_number_of_members():
    rng = np.random.default_rng(3)
    y = rng.normal(size=ROWS)
    answers = [y + rng.normal(size=ROWS) for _ in range(14)]
    weights = blend(answers, y, negative_error, seed=0, members=4)
    assert 1 < np.count_nonzero(weights) <= 4


def entry(name, answers, material, *, cost, learner="ridge", status="done"):
    made = Entry(Candidate(name=name, learner=learner), status=status)
    for number, fold in enumerate(material.folds):
        made.validation[number] = answers[fold.validation]
        made.results[number] = FoldResult(seconds=1, predict_seconds=0.1, cost=cost, size=0, notes={}, recipe="")
    return made


@pytest.fixture
def material():
    rng = np.random.default_rng(4)
    y = rng.normal(size=ROWS)
    rows = np.arange(ROWS)
    folds = tuple(Fold(rows[rows % 3 != part], rows[rows % 3 == part]) for part in range(3))
    arrays = Arrays(np.zeros((ROWS, 1), np.float32), ("x",), np.empty((ROWS, 0), np.int64), (), ())
    return Material(arrays, Target("regression", y), folds, arrays)


def pick(entries, material):
    steering = steer("regression", "auto", 0, 0)
    return choose(entries, material, score=steering.score, loss=steering.loss, tied=steering.tied, seed=0)


def test_the_cheaper_of_two_that_are_alike_is_shipped(material):
    y, rng = material.target.values, np.random.default_rng(5)
    shared = rng.normal(size=ROWS)
    dear = entry("dear", y + shared + 0.001 * rng.normal(size=ROWS), material, cost=100)
    cheap = entry("cheap", y + shared + 0.001 * rng.normal(size=ROWS), material, cost=1)
    choice = pick([dear, cheap], material)
    assert choice.name == "cheap"
    assert {"dear", "cheap"} <= set(choice.tied)


def test_what_is_clearly_better_is_shipped_whatever_it_costs(material):
    y, rng = material.target.values, np.random.default_rng(6)
    good = entry("good", y + 0.1 * rng.normal(size=ROWS), material, cost=1000)
    poor = entry("poor", y + 2.0 * rng.normal(size=ROWS), material, cost=1)
    assert pick([poor, good], material).weights == {"good": 1.0}


def test_no_model_beats_the_baseline_on_noise(material):
    rng = np.random.default_rng(7)
    baseline = entry("baseline", np.full(ROWS, material.target.values.mean()), material, cost=0, learner="baseline")
    noise = entry("noise", 0.01 * rng.normal(size=ROWS), material, cost=5)
    assert pick([baseline, noise], material).name == "baseline"


def test_unfinished_candidates_are_not_compared(material):
    y = material.target.values
    failed = entry("perfect", y, material, cost=1, status="failed")
    done = entry("done", y * 0.5, material, cost=1)
    assert pick([failed, done], material).name == "done"


def test_nothing_finished_is_said_with_every_reason(material):
    failed = entry("a", material.target.values, material, cost=1, status="failed")
    failed.reason = "it ran out of memory"
    with pytest.raises(BudgetError, match="a: it ran out of memory"):
        pick([failed], material)


def test_a_baseline_answers_one_value_although_its_folds_differ(material):
    answers = np.zeros(ROWS)
    for number, fold in enumerate(material.folds):
        answers[fold.validation] = number
    made = entry("baseline", answers, material, cost=0, learner="baseline")
    assert set(out_of_fold(made, material)) == {1.0}


def test_few_rows_do_not_make_a_plainly_worse_model_a_tie():
    rng = np.random.default_rng(8)
    y = rng.normal(size=30)
    rows = np.arange(30)
    folds = tuple(Fold(rows[rows % 3 != part], rows[rows % 3 == part]) for part in range(3))
    arrays = Arrays(np.zeros((30, 1), np.float32), ("x",), np.empty((30, 0), np.int64), (), ())
    few = Material(arrays, Target("regression", y), folds, arrays)
    wild = y.copy()
    wild[3] += 9.0  # one answer is far off, the others are exact: no interval tells it from the good one
    good = entry("good", y + 0.5 * rng.normal(size=30), few, cost=100)
    assert pick([good, entry("wild", wild, few, cost=1)], few).name == "good"


def three(seed=11, rows=ROWS):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=rows)
    return y, [y + scale * rng.normal(size=rows) for scale in (1.0, 1.1, 6.0)]


def test_a_vote_gives_equal_voices_to_the_best_of_each_learner():
    y, answers = three()
    weights = blend([*answers, answers[0]], y, negative_error, seed=0, way="voting", learners=["a", "b", "c", "a"])
    assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])


@pytest.mark.parametrize("rows", [40, 2_000])
def test_a_stack_of_amounts_has_weights_above_zero_and_beats_each(rows):
    y, answers = three(rows=rows)
    weights = blend(answers, y, negative_error, seed=0, way="stacking")
    assert min(weights) >= 0
    assert sum(weights) == pytest.approx(1.0)
    assert weights[2] < 0.1
    assert negative_error(y, mix(answers, weights)) > max(negative_error(y, one) for one in answers)


def test_a_stack_of_classes_finds_the_shares_of_a_mixture():
    rng = np.random.default_rng(12)
    sharp, blunt = rng.dirichlet([0.3] * 3, 4_000), np.full((4_000, 3), 1 / 3)
    truth = np.array([rng.choice(3, p=row) for row in 0.7 * sharp + 0.3 * blunt])
    weights = blend([sharp, blunt], truth, lambda y, p: 0.0, seed=0, way="stacking")
    assert weights == pytest.approx([0.7, 0.3], abs=0.05)


def test_the_cheaper_of_two_is_not_shipped_where_it_is_plainly_less_good(material):
    """Few rows tell hardly anything apart; that alone does not make a worse model the better choice."""
    y, rng = material.target.values, np.random.default_rng(13)
    shared = rng.normal(size=ROWS)
    good = entry("good", y + shared, material, cost=100)
    less = entry("less", y + 1.01 * shared + 0.1 * rng.normal(size=ROWS), material, cost=1)
    choice = pick([good, less], material)
    assert "less" in choice.tied or choice.name == "good"
    assert choice.name == "good"


@pytest.mark.parametrize("how", ["off", "voting", "stacking"])
def test_the_user_says_how_candidates_are_joined(material, how):
    y, rng = material.target.values, np.random.default_rng(14)
    entries = [entry(name, y + rng.normal(size=ROWS), material, cost=1, learner=name) for name in ("a", "b", "c")]
    steering = steer("regression", "auto", 0, 0)
    choice = choose(entries, material, score=steering.score, loss=steering.loss, tied=steering.tied, seed=0, blend=how)
    if how == "off":
        assert choice.blend_weights == {}
        assert len(choice.weights) == 1
    else:
        assert choice.name == "blend"
        assert choice.weights == pytest.approx(dict.fromkeys("abc", 1 / 3), abs=0.1)

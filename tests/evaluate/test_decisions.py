"""Costs as people write them, thresholds that are not luck, and how good the first k rows are."""

import numpy as np
import pytest

from mainstay.contracts.deciding import decide, decision_gap, expected_costs
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.costs import balanced_costs, cost_threshold, read_costs
from mainstay.evaluate.decisions import at_k, cost_of, read_k, threshold_lines
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.thresholds import check_rule, choose_threshold

COSTS = ((0.0, 1.0), (8.0, 0.0))


def world(rows, seed):
    generator = np.random.default_rng(seed)
    chance = generator.beta(1, 4, rows)
    return chance, (generator.random(rows) < chance).astype(np.int64)


def evidence(rows, seed, **more):
    chance, truth = world(rows, seed)
    return gather("classification", truth, np.stack([1 - chance, chance], axis=1), labels=("no", "yes"), **more)


@pytest.mark.parametrize(
    ("text", "labels", "positive", "costs"),
    [
        ("fp=1,fn=8", ("no", "yes"), 1, COSTS),
        ("fn=8", ("no", "yes"), 1, COSTS),
        (" FP = 1 , FN = 8 ", ("no", "yes"), 1, COSTS),
        ("fp=1,fn=8", ("yes", "no"), 0, ((0.0, 8.0), (1.0, 0.0))),
        ("tp=-5,fn=0", ("no", "yes"), 1, ((0.0, 1.0), (0.0, -5.0))),
        ("no>yes=1,yes>no=8", ("no", "yes"), 1, COSTS),
        ("<=50K>>50K=3", ("<=50K", ">50K"), 1, ((0.0, 3.0), (1.0, 0.0))),
        ("a, b>c=2", ("a, b", "c"), 1, ((0.0, 2.0), (1.0, 0.0))),
        ("*>c=4", ("a", "b", "c"), None, ((0.0, 1.0, 4.0), (1.0, 0.0, 4.0), (1.0, 1.0, 0.0))),
    ],
)
def test_costs_are_read(text, labels, positive, costs):
    assert read_costs(text, labels, positive) == costs


@pytest.mark.parametrize(
    ("text", "labels", "message"),
    [
        ("fp", ("no", "yes"), "names with numbers"),
        ("fp=x", ("no", "yes"), "names with numbers"),
        ("fp=inf", ("no", "yes"), "names with numbers"),
        ("fq=1", ("no", "yes"), "no cost 'fq'"),
        ("maybe>yes=1", ("no", "yes"), "no cost"),
        ("fp=0", ("no", "yes"), "must cost more"),
        ("tp=9,fn=8", ("no", "yes"), "must cost more"),
        ("fp=1", ("a", "b", "c"), "positive class"),
    ],
)
def test_costs_that_make_no_sense_are_refused(text, labels, message):
    with pytest.raises(UsageError, match=message):
        read_costs(text, labels, 1 if len(labels) == 2 else None)


def test_the_cost_threshold_is_where_both_answers_cost_the_same():
    for costs in (COSTS, ((0.0, 3.0), (1.0, -2.0)), ((-1.0, 4.0), (6.0, 1.0))):
        share = cost_threshold(costs, 1)
        both = expected_costs(np.array([[1 - share, share]]), costs)[0]
        assert both[0] == pytest.approx(both[1])


def test_the_answer_of_least_cost_is_chosen_among_several():
    chances = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    costs = balanced_costs([1.0, 2.0, 10.0])
    assert decide(chances, positive=None, threshold=0.5, costs=costs).tolist() == [2, 2]
    assert decide(chances, positive=None, threshold=0.5, costs=None).tolist() == [0, 2]
    assert (decision_gap(chances, positive=None, threshold=0.5, costs=costs) > 0).all()


def test_an_answer_cannot_change_within_its_gap():
    generator = np.random.default_rng(0)
    chances = generator.dirichlet(np.ones(4), 300)
    table = generator.random((4, 4)) + 0.1
    np.fill_diagonal(table, 0.0)
    how = {"positive": None, "threshold": 0.5, "costs": tuple(map(tuple, table.tolist()))}
    gap = decision_gap(chances, **how)
    moved = chances + generator.uniform(-1, 1, chances.shape) * 0.49 * gap[:, None]
    np.testing.assert_array_equal(decide(chances, **how), decide(moved, **how))


def test_a_threshold_by_cost_is_theory_for_true_probabilities_and_not_for_false_ones():
    chance, truth = world(4000, 0)
    assert choose_threshold("auto", chance, truth == 1, costs=COSTS)[0] == pytest.approx(1 / 9)
    squeezed = chance**3
    threshold, words = choose_threshold("cost", squeezed, truth == 1, costs=COSTS)
    assert threshold == pytest.approx((1 / 9) ** 3, rel=0.9)
    assert "training rows" in words


@pytest.mark.parametrize("rule", ["f1", "balanced_accuracy", "accuracy"])
def test_a_threshold_by_a_metric_is_near_the_best_on_fresh_rows(rule):
    from sklearn import metrics

    score = getattr(metrics, {"f1": "f1_score", "accuracy": "accuracy_score"}.get(rule, "balanced_accuracy_score"))
    fresh, happened = world(40_000, 99)
    grid = [score(happened, fresh >= cut) for cut in np.linspace(0.02, 0.98, 49)]
    for seed in range(5):
        chance, truth = world(1500, seed)
        threshold, _ = choose_threshold(rule, chance, truth == 1, seed=seed)
        assert score(happened, fresh >= threshold) > max(grid) - 0.015


def test_a_threshold_for_a_share_reaches_it():
    fresh, happened = world(40_000, 99)
    chance, truth = world(5000, 0)
    yes = fresh >= choose_threshold("recall=0.8", chance, truth == 1)[0]
    assert happened[yes].sum() / happened.sum() == pytest.approx(0.8, abs=0.04)
    yes = fresh >= choose_threshold("precision=0.5", chance, truth == 1)[0]
    assert happened[yes].mean() == pytest.approx(0.5, abs=0.06)


def test_rules_that_make_no_sense_are_refused():
    for rule in ("roc_auc", "1.2", "precision", "recall=3", ""):
        with pytest.raises(UsageError, match="no rule"):
            check_rule(rule)
    with pytest.raises(UsageError, match="needs costs"):
        choose_threshold("cost", *world(10, 0))


def test_the_cost_of_answers_is_their_mean_and_its_interval_holds_the_truth():
    found = evidence(2000, 0)
    chance, truth = world(400_000, 5)
    expected = np.array(COSTS)[truth, (chance >= 0.5).astype(int)].mean()
    held = 0
    for seed in range(40):
        score = cost_of(evidence(500, seed), COSTS, seed=seed)
        held += score.low <= expected <= score.high
    assert held >= 34
    weighted = cost_of(evidence(2000, 0, weight=np.full(2000, 3.0)), COSTS)
    assert weighted.value == pytest.approx(cost_of(found, COSTS).value)


def test_threshold_lines_count_right():
    found = evidence(500, 1)
    (line,) = threshold_lines(found, np.array([0.3]), COSTS)
    yes, true = found.probabilities[:, 1] >= 0.3, found.truth == 1
    assert line.alarms == pytest.approx(yes.mean())
    assert line.precision == pytest.approx(true[yes].mean())
    assert line.recall == pytest.approx(yes[true].mean())
    assert line.cost.value == pytest.approx((8 * (true & ~yes).sum() + (~true & yes).sum()) / 500)


def test_the_first_k_are_told_with_intervals_that_hold_the_truth():
    chance, truth = world(400_000, 7)
    bound = np.quantile(chance, 0.9)
    expected = (truth[chance >= bound].mean(), truth[chance >= bound].sum() / truth.sum())
    held = np.zeros(2)
    for seed in range(80):
        found = at_k(evidence(600, seed), 60)
        held += [
            score.low <= truth_of_it <= score.high
            for score, truth_of_it in zip((found.precision, found.recall), expected, strict=True)
        ]
    assert (held >= 70).all(), held


def test_ties_at_the_bound_count_by_their_share():
    chances = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    truth = np.array([1, 1, 0, 1, 0, 0])
    found = at_k(gather("classification", truth, np.stack([1 - chances, chances], axis=1)), 3)
    assert found.precision.value == pytest.approx(2 / 3)
    assert found.recall.value == pytest.approx(2 / 3)


def test_k_is_read():
    assert [read_k(text, 1000) for text in ("50", "5%", "0.05", 50, "100%")] == [50, 50, 50, 50, 1000]
    for text in ("0", "-3", "5000", "x", "2.5", "200%"):
        with pytest.raises(UsageError, match="k is a number"):
            read_k(text, 1000)


def test_where_there_is_no_positive_class_there_are_no_first_k():
    chances = np.full((10, 3), 1 / 3)
    assert at_k(gather("classification", np.arange(10) % 3, chances), 3) is None
    with pytest.raises(UsageError, match="two classes"):
        threshold_lines(gather("classification", np.arange(10) % 3, chances), np.array([0.5]), None)

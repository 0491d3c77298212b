"""Variants stay near good parents, within what is allowed, and stop when they bring nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.learner import check_parameters
from mainstay.learners.catalogue import learner
from mainstay.train.candidates import Preparation, portfolio
from mainstay.train.search import Entry
from mainstay.train.variants import Variants


def done(candidate, score):
    entry = Entry(candidate, status="done")
    entry.scores[0] = score
    return entry


def with_portfolio(seed=0, rows=1_000, task="classification"):
    variants = Variants(seed=seed, rows=rows)
    for place, candidate in enumerate(portfolio(task, Preparation(), rows=rows)):
        variants.tell(done(candidate, 0.9 - 0.01 * place))
    return variants


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), task=st.sampled_from(["classification", "regression"]))
def test_every_variant_is_allowed_and_named_once(seed, task):
    variants = with_portfolio(seed, task=task)
    made = [variants.propose() for _ in range(8)]
    assert len({one.name for one in made}) == 8
    for one in made:
        check_parameters(one.learner, learner(one.learner).parameters, one.settings)


def test_the_same_seed_proposes_the_same():
    first, second = with_portfolio(3), with_portfolio(3)
    assert [first.propose().settings for _ in range(5)] == [second.propose().settings for _ in range(5)]


def test_parents_are_the_best_that_can_vary():
    variants = with_portfolio()
    assert variants.propose().name.startswith("logistic_variant_")  # the baseline has nothing to vary


def test_it_ends_when_nothing_was_gained_for_a_while():
    variants, count = with_portfolio(rows=100), 0
    while (one := variants.propose()) is not None:
        variants.tell(done(one, 0.1))
        count += 1
        assert count < 100
    assert count == 6


def test_a_gain_starts_the_patience_anew():
    variants = with_portfolio(rows=100)
    for place in range(20):
        one = variants.propose()
        assert one is not None
        variants.tell(done(one, 0.95 + 0.001 * place))


def test_failures_count_as_no_gain():
    variants = with_portfolio(rows=100)
    for _ in range(6):
        entry = Entry(variants.propose(), status="failed")
        variants.tell(entry)
    assert variants.propose() is None


def test_with_many_rows_a_fast_model_comes_before_the_linear_one():
    few, many = (portfolio("classification", Preparation(), rows=rows) for rows in (500, 50_000))
    assert [one.name for one in few][:2] == ["baseline", "logistic"]
    assert [one.name for one in many][:3] == ["baseline", "lightgbm_fast", "logistic"]
    assert "svm" in {one.name for one in few} - {one.name for one in many}


def test_with_many_classes_and_few_rows_what_grows_no_tree_per_class_comes_first():
    made = portfolio("classification", Preparation(), rows=1_000, classes=10)
    names = [one.name for one in made]
    assert names[:2] == ["baseline", "logistic"]
    assert names.index("random_forest") < names.index("svm") < names.index("lightgbm_fast") < names.index("catboost")
    efforts = {one.name: one.effort for one in made}
    assert efforts["lightgbm_small"] == 10 * efforts["logistic"]

"""The logarithm that every machine agrees on, and when it is taken."""

import numpy as np
import pytest
from scipy.stats import norm, uniform

from mainstay.prepare.limit import limits_of
from mainstay.prepare.operations import NumpyOperations
from mainstay.prepare.skew import Bend, Unskew, choose_bend, tail_measures
from mainstay.prepare.step import Block

CHANCE = np.random.default_rng(0)


def unskew(values, centre, unit):
    block = Block(np.column_stack([values, np.zeros(len(values))]).astype(np.float32))
    return Unskew(2, (0,), (centre,), (unit,)).apply(NumpyOperations(), block).numbers


def test_square_roots_give_the_logarithm():
    values = np.array([-1e9, -5.0, 0.0, 1e-6, 0.1, 1.0, 1e3, 1e9, 1e30])
    made = unskew(values, 0.0, 1.0)
    exact = np.sign(values) * np.log1p(np.abs(values))
    assert np.allclose(made[:, 0], exact, rtol=0.01, atol=0)
    assert not made[:, 1].any()
    assert np.allclose(made[3, 0], 1e-6, rtol=1e-3)


def test_what_is_missing_or_infinite_stays_so():
    made = unskew(np.array([np.nan, np.inf, -np.inf]), 1.0, 2.0)[:, 0]
    assert np.isnan(made[0])
    assert made[1:].tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize(
    "values",
    [
        CHANCE.normal(5, 1, 600),
        CHANCE.uniform(0, 1, 600),
        np.concatenate([CHANCE.normal(10, 0.3, 540), CHANCE.normal(30, 0.3, 60)]),  # two groups far apart, not a tail
        np.tile([0.0, 1.0, 2.0, 3.0], 100),
        np.arange(10.0),
        np.concatenate([np.zeros(400), [1.0] * 30]),
        1900 + CHANCE.exponential(10, 500),  # years: a logarithm from 0 mends nothing
    ],
)
def test_columns_without_a_long_tail_are_left_alone(values):
    assert choose_bend(values) is None


@pytest.mark.parametrize(
    "values", [CHANCE.lognormal(0, 1, 500), CHANCE.pareto(1.5, 500), CHANCE.standard_cauchy(800) * 3 - 7]
)
def test_long_tails_are_bent_towards_symmetry(values):
    bend = choose_bend(values)
    before, after = tail_measures(values), tail_measures(bend.of(values))
    assert abs(after[0]) + max(0, after[1] - 0.123) <= 0.5 * (abs(before[0]) + max(0, before[1] - 0.123))


def test_amounts_with_many_zeros_are_not_torn_apart():
    values = np.concatenate([np.zeros(300), CHANCE.lognormal(6, 1.5, 200)])
    bend = choose_bend(values)
    amounts = bend.of(np.sort(values[values > 0]))
    assert amounts[20] < 1.0  # the small ones lie near 0


def test_the_unit_does_not_matter():
    values = CHANCE.lognormal(0, 1.2, 500)
    one, other = choose_bend(values), choose_bend(values * 1e6)
    assert np.allclose(one.of(values), other.of(values * 1e6))
    assert other == Bend(0.0, pytest.approx(one.unit * 1e6))


def test_measures_of_known_distributions():
    places = (np.arange(20_000) + 0.5) / 20_000
    assert tail_measures(norm.ppf(places)) == pytest.approx((0, 0.1226), abs=2e-3)
    assert tail_measures(uniform.ppf(places)) == pytest.approx((0, 0), abs=2e-3)
    assert tail_measures(np.full(50, 3.0)) == (0.0, 0.0)


def test_limits_leave_what_is_usual_alone():
    values = CHANCE.normal(size=5000)
    low, high = limits_of(values)
    assert low < values.min()
    assert values.max() < high < 7
    group = np.concatenate([CHANCE.normal(size=950), CHANCE.normal(40, 1, 50)])  # 5 % far away are a group
    assert limits_of(group)[1] > group.max()
    assert limits_of(np.zeros(10)) == (0.0, 0.0)
    assert limits_of(np.array([0.0] * 999 + [5.0])) == (0.0, 5.0)

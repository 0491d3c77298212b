"""Baseline, logistic and ridge regression against answers that are known otherwise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, RidgeCV

from mainstay.contracts.arrays import Features
from mainstay.contracts.errors import BudgetError, UsageError
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.learners.supervised.baseline import Baseline
from mainstay.learners.supervised.logistic import Logistic
from mainstay.learners.supervised.ridge import GRID, Ridge

NO_DEADLINE = NoDeadline()


class Steps:
    """A deadline that comes after so many questions."""

    def __init__(self, questions, each=1.0):
        self.questions, self.each = questions, each

    def left(self):
        self.questions -= 1
        return max(0.0, self.questions * self.each)


def fit(learner, matrix, target, deadline=NO_DEADLINE, **given):
    names = tuple(f"x{column}" for column in range(matrix.shape[1]))
    features = Features(matrix.astype(np.float32), names)
    return learner.fit(features, target, seed=0, deadline=deadline, settings=given), features


def table(rows=400, width=5, seed=0):
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, width)).astype(np.float32)
    return matrix, matrix @ np.arange(1, width + 1) + chance.normal(size=rows)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_baseline_answers_with_weighted_shares(codes, seed):
    values, weight = np.array(codes), np.random.default_rng(seed).random(len(codes)) + 0.1
    fitted, features = fit(Baseline(), np.zeros((len(codes), 0)), Target("classification", values, 4, weight))
    expected = [weight[values == code].sum() / weight.sum() for code in range(4)]
    assert np.allclose(fitted.predict(features), expected)


def test_baseline_median_of_weighted_amounts():
    target = Target("regression", np.array([1.0, 2.0, 100.0]), weight=np.array([1.0, 1.0, 5.0]))
    fitted, features = fit(Baseline(), np.zeros((3, 1)), target, amount="median")
    assert fitted.predict(features).tolist() == [100.0] * 3


def test_logistic_is_scikit_learns():
    matrix, signal = table()
    codes = np.digitize(signal, [-3, 3])
    fitted, features = fit(Logistic(), matrix, Target("classification", codes, 3), C=0.5, tol=1e-8)
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(matrix.astype(np.float64), codes)
    assert np.allclose(fitted.predict(features), theirs.predict_proba(matrix.astype(np.float64)), atol=1e-5)
    assert fitted.notes()["converged"]


def test_logistic_learns_the_same_from_sparse_columns():
    chance = np.random.default_rng(0)
    hot = np.eye(12, dtype=np.float32)[chance.integers(0, 12, 500)]
    codes = (hot @ np.linspace(-2, 2, 12) + chance.normal(size=500) > 0).astype(np.int64)
    fitted, features = fit(Logistic(), hot, Target("classification", codes, 2), tol=1e-9)
    theirs = LogisticRegression(tol=1e-9, max_iter=1000).fit(hot.astype(np.float64), codes)
    assert np.allclose(fitted.predict(features), theirs.predict_proba(hot.astype(np.float64)), atol=1e-6)


def test_logistic_stops_with_what_it_has():
    matrix, signal = table()
    target = Target("classification", (signal > 0).astype(np.int64), 2)
    fitted, features = fit(Logistic(), matrix, target, Steps(2, each=1e-9), tol=0.0)
    assert fitted.notes() == {"iterations": 10, "converged": False}
    assert ((fitted.predict(features)[:, 1] > 0.5) == (signal > 0)).mean() > 0.9


def test_ridge_chooses_as_leave_one_out_does():
    matrix, signal = table(rows=80, width=8)
    standard = (matrix - matrix.mean(0, dtype=np.float64)) / matrix.std(0, dtype=np.float64)
    theirs = RidgeCV(alphas=GRID, scoring=None).fit(standard, signal)
    fitted, features = fit(Ridge(), matrix, Target("regression", signal))
    assert fitted.notes()["alpha"] == pytest.approx(float(theirs.alpha_))
    assert np.allclose(fitted.predict(features), theirs.predict(standard), atol=1e-6)


def test_ridge_leave_one_out_error_is_that_of_refitting():
    matrix, signal = table(rows=12, width=3)
    weight = np.linspace(0.5, 2, 12)
    fitted, _ = fit(Ridge(), matrix, Target("regression", signal, weight=weight), alpha=2.0)
    # by hand: the same centre and scale, then each row left out in turn
    wide = weight * 12 / weight.sum()
    centre = wide @ matrix / 12
    scaled = (matrix - centre) / np.sqrt(wide @ (matrix - centre) ** 2 / 12)
    design, penalty = np.column_stack([np.ones(12), scaled]), np.diag([0.0, 2.0, 2.0, 2.0])
    errors = []
    for row in range(12):
        rest = np.arange(12) != row
        inner = design[rest].T @ (design[rest] * wide[rest, None]) + penalty
        slopes = np.linalg.solve(inner, design[rest].T @ (signal[rest] * wide[rest]))
        errors.append(signal[row] - design[row] @ slopes)
    assert fitted.notes()["leave_one_out_rmse"] == pytest.approx(np.sqrt(wide @ np.square(errors) / 12), rel=1e-6)


def test_ridge_takes_more_features_than_rows():
    matrix, signal = table(rows=20, width=60)
    fitted, features = fit(Ridge(), matrix, Target("regression", signal))
    assert np.isfinite(fitted.predict(features)).all()


def test_ridge_says_when_the_time_was_too_short():
    matrix, signal = table(rows=30_000)
    with pytest.raises(BudgetError, match="time ended"):
        fit(Ridge(), matrix, Target("regression", signal), Steps(3))


def test_a_classifier_refuses_amounts():
    matrix, signal = table()
    with pytest.raises(UsageError, match="logistic: it learns classification, and the task is regression"):
        fit(Logistic(), matrix, Target("regression", signal))


def test_codes_out_of_range_are_refused():
    matrix, _ = table()
    with pytest.raises(UsageError, match="class codes from 0 to 1 were expected, and 0 to 2 came"):
        fit(Logistic(), matrix, Target("classification", np.arange(400) % 3, 2))

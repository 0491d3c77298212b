"""The autoencoder: asked for by name where PyTorch is missing, and where it is there it learns what goes together."""

import importlib.util

import numpy as np
import pytest

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.anomaly_scores import member_scores
from mainstay.contracts.errors import MissingPackageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly import autoencoder

ROWS = Observations.of(np.random.default_rng(0).normal(size=(50, 3)))


def fit(rows, **settings):
    return autoencoder.AutoencoderDetector().fit(
        rows, reference="contaminated", seed=0, deadline=NoDeadline(), settings=settings
    )


def test_without_pytorch_the_line_that_installs_it_is_said(monkeypatch):
    monkeypatch.setattr(autoencoder, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r'pip install "mainstay\[deep\]"'):
        fit(ROWS)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_broken_relation_is_not_made_again():
    along = np.random.default_rng(0).normal(size=(1000, 1))
    rows = (along @ np.array([[1.0, 1.0, -1.0]]) + 0.05 * np.random.default_rng(1).normal(size=(1000, 3))).astype("f4")
    body = fit(Observations.of(rows), narrow=1, steps=1500).members[0].body
    scores = member_scores(body, np.array([[1, 1, -1], [1, -1, -1]], np.float32))
    assert scores[1] > 5 * scores[0]


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_seed_has_one_answer():
    one, two = (fit(ROWS, steps=50).members[0].body.layers.weights[0] for _ in range(2))
    assert np.array_equal(one, two)

"""Why a row is in its cluster: what each column adds to how much further the second nearest is."""

import numpy as np
import pytest
from tests.bundle.clusters import NAMES, SCHEMA, body_of, graph, matrix_of, one_group, people, table

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.explain import Explainer
from mainstay.bundle.records import ClusterOutputs
from mainstay.contracts.clusters import Centres, Mixture, assign
from mainstay.contracts.errors import UsageError


def bodies():
    matrix = matrix_of(table())
    yield body_of()
    yield Centres.of(matrix, assign(body_of(), matrix))
    labels = assign(body_of(), matrix)
    means = np.stack([matrix[labels == j].mean(axis=0) for j in range(3)]).astype(np.float64)
    yield Mixture(means, np.stack([np.eye(3) * scale for scale in (1.0, 2.0, 3.0)]), np.array([0.5, 1.0, 0.0]))


@pytest.mark.parametrize("body", list(bodies()), ids=["centres", "rows", "mixture"])
def test_contributions_are_the_gap(body):
    predictor = ClusterPredictor(SCHEMA, ClusterOutputs(names=NAMES, measure=body.measure), graph(body))
    rows = [*table(30, seed=8).to_dicts(), {}]
    found = Explainer(predictor, table(40, seed=2).to_dicts()).explain_rows(rows)
    answers = predictor.predict_rows(rows)
    kept = ~answers.rejected
    gap = answers.second_distance - answers.distance
    np.testing.assert_allclose(found.prediction[kept], gap[kept])
    np.testing.assert_allclose((found.base + found.contributions.sum(axis=1))[kept], gap[kept], atol=1e-6)
    assert found.labels[:30] == tuple(NAMES[at] for at in answers.cluster[:30])
    assert found.rejected.tolist() == [False] * 30 + [True]
    assert found.labels[30] is None
    # Ages and fees make these groups; the plan is a tenth of them.
    mean = np.abs(found.contributions[kept]).mean(axis=0)
    assert mean[:2].min() > mean[2]


def test_a_column_that_decides_alone_gets_all():
    rows = [{"age": 25, "fee": 12, "plan": "basic"}, {"age": 65, "fee": 12, "plan": "basic"}]
    body = Centres.of(np.array([[2.5, 1.2, 0.0], [6.5, 1.2, 0.0]]))
    predictor = ClusterPredictor(SCHEMA, ClusterOutputs(names=("young", "old")), graph(body))
    found = Explainer(predictor, rows).explain_rows(rows)
    assert found.prediction == pytest.approx([4.0, 4.0], rel=1e-6)
    assert found.contributions[:, 1:] == pytest.approx(np.zeros((2, 2)), abs=1e-6)


def test_of_one_cluster_the_distance_is_explained():
    found = Explainer(one_group().clusters, table(20).to_dicts()).explain_frame(table(5, seed=1))
    answers = one_group().clusters.predict_frame(table(5, seed=1))
    assert found.prediction.tolist() == answers.distance.tolist()
    assert found.labels == ("all",) * 5


def test_a_class_or_a_margin_is_refused():
    explainer = Explainer(people().clusters, table(20).to_dicts())
    with pytest.raises(UsageError, match="groups rows"):
        explainer.explain_frame(table(2), label="dear")
    with pytest.raises(UsageError, match="no margin"):
        explainer.explain_frame(table(2), scale="margin")

"""The default detector: planted anomalies lead, one bad member does no harm, and odd tables get an answer."""

import warnings

import numpy as np
import pytest

from mainstay.contracts.anomalies import DetectorLearner, Observations, blended
from mainstay.contracts.anomaly_bodies import Deviation
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly import ensemble_members
from mainstay.learners.anomaly.ensemble import EnsembleDetector
from mainstay.learners.anomaly.ensemble_weights import trust
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of


def fitted(matrix, reference="contaminated", seed=0, **settings):
    rows = Observations.of(np.asarray(matrix, np.float32))
    return EnsembleDetector().fit(rows, reference=reference, seed=seed, deadline=NoDeadline(), settings=settings)


def scores(found, matrix):
    weights = np.array([member.weight for member in found.members])
    raw = detection_scores(found, np.asarray(matrix, np.float32))
    return blended(raw, tuple(member.scale for member in found.members), weights)


@pytest.fixture(scope="module")
def planted():
    chance = np.random.default_rng(0)
    usual = np.concatenate([chance.normal(0, 1, (400, 4)), chance.normal(8, 2, (300, 4))])
    odd = chance.uniform(-12, 20, (12, 4))
    return np.concatenate([usual, odd]), np.repeat([False, True], [len(usual), len(odd)])


def test_it_keeps_the_contract():
    assert isinstance(EnsembleDetector(), DetectorLearner)


@pytest.mark.parametrize("reference", ["contaminated", "clean"])
def test_planted_anomalies_lead(planted, reference):
    rows, odd = planted
    found = fitted(rows if reference == "contaminated" else rows[~odd], reference)
    seen = scores(found, rows)
    assert sum(member.weight for member in found.members) == pytest.approx(1)
    assert odd[np.argsort(-seen)[:10]].mean() >= 0.8


def test_a_dense_group_of_equal_anomalies_leads():
    chance = np.random.default_rng(1)
    rows = np.concatenate([chance.normal(0, 1, (3000, 3)), np.repeat([[6.0, -5.0, 6.0]], 200, axis=0)])
    found = fitted(rows)
    seen = scores(found, rows)
    assert found.notes["doubles"] == 199
    assert (seen[3000:].min() > np.quantile(seen[:3000], 0.99)).all()


def test_the_same_seed_gives_the_same_scores(planted):
    rows, _ = planted
    one, two, other = (scores(fitted(rows, seed=seed), rows) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((1, 3)),
        np.array([[0.0, 1.0], [2.0, 1.0]]),
        np.full((500, 3), 7.0),
        np.random.default_rng(0).normal(size=(10, 60)),
        np.concatenate([np.zeros((99, 2)), [[1e6, -1e6]]]),
    ],
    ids=["one row", "two rows", "all equal", "more columns than rows", "one that differs"],
)
@pytest.mark.parametrize("reference", ["contaminated", "clean"])
def test_small_and_flat_tables_get_an_answer_without_a_warning(rows, reference):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fitted(rows, reference)
        seen = scores(found, rows)
    assert np.isfinite(seen).all()
    assert not [note for note in found.notes if note.startswith("left out")]
    assert "warning" not in found.notes
    if (rows == rows[0]).all():
        assert len(set(seen.tolist())) == 1


def test_the_one_row_that_differs_is_the_oddest():
    rows = np.concatenate([np.zeros((99, 2)), [[50.0, -50.0]]])
    assert np.argmax(scores(fitted(rows), rows)) == 99


def test_a_member_that_fails_is_left_out_and_named(planted, monkeypatch):
    def broken(matrix, case):
        raise ValueError("no such luck")

    monkeypatch.setitem(ensemble_members.FITTERS, "kmeans_distance", broken)
    found = fitted(planted[0])
    assert "kmeans_distance" not in [member.name for member in found.members]
    assert found.notes["left out: kmeans_distance"] == "ValueError: no such luck"
    assert sum(member.weight for member in found.members) == pytest.approx(1)


def test_when_all_members_fail_it_says_why(planted, monkeypatch):
    def broken(matrix, case):
        raise ValueError("no such luck")

    for name in ensemble_members.FITTERS:
        monkeypatch.setitem(ensemble_members.FITTERS, name, broken)
    with pytest.raises(MainstayError, match=r"every member failed.*no such luck"):
        fitted(planted[0])


def test_when_the_time_is_over_one_member_answers(planted):
    class Over:
        def left(self):
            return 0.0

    rows = Observations.of(planted[0])
    found = EnsembleDetector().fit(rows, reference="contaminated", seed=0, deadline=Over())
    assert len(found.members) == 1
    assert "the time was over" in [value for name, value in found.notes.items() if name.startswith("left out")]


def test_members_may_be_chosen(planted):
    found = fitted(planted[0], members="knn, robust_mahalanobis")
    assert [member.name for member in found.members] == ["knn", "robust_mahalanobis"]


@pytest.mark.parametrize("members", ["", "knn,luck"])
def test_members_that_are_not_there_are_named(planted, members):
    with pytest.raises(UsageError, match="there is no member"):
        fitted(planted[0], members=members)


def test_a_member_that_agrees_with_no_other_counts_for_less():
    agreed = np.array([[1, 0.7, 0.0], [0.7, 1, -0.1], [0.0, -0.1, 1]])
    kept = trust(agreed)
    assert kept[0] == 1
    assert kept[1] > 0.5
    assert kept[2] == pytest.approx(0.05)
    assert (trust(np.array([[1.0, -0.3], [-0.3, 1.0]])) == 1).all()


def test_who_is_doubted_is_told(planted, monkeypatch):
    contrary = Deviation(np.full(4, 50.0), np.eye(4))
    monkeypatch.setitem(ensemble_members.FITTERS, "histogram", lambda matrix, case: contrary)
    found, deaf = fitted(planted[0]), fitted(planted[0], listen=False)
    weight, plain = (next(m.weight for m in one.members if m.name == "histogram") for one in (found, deaf))
    assert weight < 0.2 * plain
    assert "unlike" in found.notes["trust in histogram"]


def test_a_second_look_forgets_the_anomalies_it_learned_from():
    chance = np.random.default_rng(3)
    rows = np.concatenate([chance.normal(0, 1, (900, 2)), chance.normal(7, 0.2, (60, 2))])
    twice, once = fitted(rows), fitted(rows, second_look=False)
    assert twice.notes["set aside at the second look"] == 96
    raw = [detection_scores(found, rows.astype(np.float32)) for found in (once, twice)]
    at = [member.name for member in twice.members].index("knn")
    apart = [float(np.median(one[900:, at]) / np.median(one[:900, at])) for one in raw]
    assert apart[1] > 5 * apart[0]


def test_many_rows_are_looked_at_in_part():
    chance = np.random.default_rng(4)
    rows = chance.normal(size=(21_000, 2))
    rows[:30] = 9
    found = fitted(rows, members="robust_mahalanobis")
    assert found.notes["doubles"] == 29
    assert set(np.argsort(-scores(found, rows))[:30]) == set(range(30))


def places_of(numbers, codes, levels):
    """Return the place of each row in the list of a prepared table, 0 the oddest."""
    names = tuple(f"n{at}" for at in range(numbers.shape[1]))
    arrays = Arrays(numbers.astype(np.float32), names, codes[:, None].astype(np.int64), ("kind",), (levels,))
    rows = observations_of(fit_for_anomalies(arrays), arrays)
    found = EnsembleDetector().fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    return np.argsort(np.argsort(-scores(found, rows.matrix), kind="stable"), kind="stable")


def test_a_blatant_bill_comes_before_mild_ones():
    chance = np.random.default_rng(11)
    amounts = np.append(np.clip(chance.lognormal(3.3, 0.7, 600), 3, 180), 4_980)[:, None]
    assert places_of(amounts, np.append(chance.choice(3, 600, p=[0.6, 0.3, 0.1]), 3), 4)[-1] == 0


def test_blatant_values_of_a_mixed_table_come_first():
    chance = np.random.default_rng(12)
    ages, hours = chance.normal(42, 12, 400).clip(18, 80), chance.normal(13, 1.5, 400)
    numbers = np.stack([ages, hours, chance.lognormal(3.5, 0.4, 400).clip(5, 120)], axis=1)
    numbers[[0, 1, 2], [0, 1, 2]] = [140, 23.5, 4_980]
    places = places_of(numbers, chance.choice(3, 400, p=[0.6, 0.3, 0.1]), 3)
    assert places[:3].max() < 3


def test_a_hundredth_of_amounts_made_thirty_times_larger_leads():
    chance = np.random.default_rng(13)
    numbers = np.stack([chance.lognormal(3.5, 0.4, 2000), chance.normal(size=2000)], axis=1)
    numbers[:20, 0] *= 30
    assert places_of(numbers, chance.choice(3, 2000, p=[0.6, 0.3, 0.1]), 3)[:20].max() < 20

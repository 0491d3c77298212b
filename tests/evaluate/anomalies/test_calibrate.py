"""P-values: exactly valid on clean rows, cautious and still of use on contaminated ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.alarm import benjamini_hochberg
from mainstay.evaluate.anomalies.calibrate import calibrate, split_for_clean

SCORES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=50).map(np.array)


@given(SCORES, st.floats(0.001, 0.999))
def test_conformal_p_values_are_super_uniform_over_every_order(scores, level):
    # Each row in turn is the new one: exchangeable rows, ties among them, and the share of p <= t must not pass t.
    turns = [
        calibrate(np.delete(scores, at), "clean").of(scores[at : at + 1])[0] if len(scores) > 1 else 1.0
        for at in range(len(scores))
    ]
    assert np.mean(np.array(turns) <= level) <= level + 1e-12


@settings(deadline=None, max_examples=20)
@given(st.integers(2001, 60_000), st.integers(0, 5), st.booleans())
def test_a_thinned_calibration_is_never_more_sure_and_hardly_less(rows, seed, ties):
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=rows)
    scores = scores.round(2) if ties else scores
    found = calibrate(scores, "clean")
    asked = np.concatenate([generator.normal(0, 1.5, 500), scores[:500]])
    exact = (1 + rows - np.searchsorted(np.sort(scores), asked, "left")) / (1 + rows)
    given_p = found.of(asked)
    assert len(found.scores) < 2500
    assert (given_p >= exact - 1e-15).all()
    assert (given_p <= exact * 1.01 + 1e-12).all()
    assert found.least == pytest.approx(1 / (1 + rows))


def test_the_false_discovery_rate_is_kept_with_clean_rows():
    generator = np.random.default_rng(0)
    shares, powers = [], []
    for _ in range(200):
        known = calibrate(generator.standard_t(3, size=1000), "clean")
        judged = np.concatenate([generator.standard_t(3, size=900), generator.normal(30, 3, 100)])
        flags = benjamini_hochberg(known.of(judged), 0.1)
        shares.append(flags[:900].sum() / max(flags.sum(), 1))
        powers.append(flags[900:].mean())
    assert np.mean(shares) <= 0.1 + 2 * np.std(shares) / np.sqrt(200)
    assert np.mean(shares) > 0.06  # neither is the rate left unused
    assert np.mean(powers) > 0.9


USUAL = {
    "normal": lambda g, size: g.normal(size=size),
    "t3": lambda g, size: g.standard_t(3, size=size),
    "lognormal": lambda g, size: g.lognormal(size=size),
    "exponential": lambda g, size: g.exponential(size=size),
    "uniform": lambda g, size: g.uniform(size=size),
}


def distances(rows):
    """Return scores of three simple detectors: lengths, largest coordinates, distances from the median row."""
    centred = rows - np.median(rows, axis=0)
    return np.stack(
        [np.sqrt((centred**2).sum(axis=1)), np.abs(centred).max(axis=1), np.abs(centred).sum(axis=1)], axis=1
    )


def ranked(members):
    places = members.argsort(axis=0).argsort(axis=0)
    return -np.log10(1 - (places + 0.5) / len(members)).mean(axis=1)


def test_where_there_is_no_anomaly_hardly_anything_is_flagged():
    any_flag = []
    for draw in range(50):
        generator = np.random.default_rng(draw)
        kind = list(USUAL)[draw % len(USUAL)]
        members = distances(USUAL[kind](generator, (int(generator.choice([300, 1000])), 6)))
        scores = ranked(members)
        p_values = calibrate(scores, "contaminated", members=members).of(scores)
        any_flag.append(benjamini_hochberg(p_values, 0.1).any())
    assert np.mean(any_flag) < 0.15


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("kind", ["normal", "exponential", "uniform"])
def test_anomalies_that_lie_apart_are_found_though_scores_are_ranks(share, kind):
    false = []
    for draw in range(5):
        generator = np.random.default_rng(draw)
        rows = USUAL[kind](generator, (2000, 6))
        odd = np.arange(2000) < share * 2000
        rows[odd] = 80 + generator.normal(size=(int(odd.sum()), 6))
        members = distances(rows)
        scores = ranked(members)
        flags = benjamini_hochberg(calibrate(scores, "contaminated", members=members).of(scores), 0.1)
        assert flags[odd].mean() > 0.9
        false.append(flags[~odd].sum() / flags.sum())
    assert np.mean(false) <= 0.15


def test_with_a_third_of_anomalies_there_is_silence_or_sense():
    generator = np.random.default_rng(4)
    rows = generator.normal(size=(900, 6))
    rows[:300] = 4 + 2 * generator.normal(size=(300, 6))
    members = distances(rows)
    scores = ranked(members)
    flags = benjamini_hochberg(calibrate(scores, "contaminated", members=members).of(scores), 0.1)
    assert flags[300:].sum() <= 5


def test_in_the_middle_p_values_are_shares_of_rows():
    scores = np.random.default_rng(5).gamma(2.0, size=5000)
    found = calibrate(scores, "contaminated")
    asked = np.quantile(scores, [0.2, 0.5, 0.8])
    assert found.of(asked) == pytest.approx([0.8, 0.5, 0.2], abs=0.01)
    everywhere = found.of(np.linspace(0, 1000, 5000))
    assert (np.diff(everywhere) <= 0).all()
    assert everywhere[-1] > 0


def flagged(scores, members):
    return benjamini_hochberg(calibrate(scores, "contaminated", members=members).of(scores), 0.1)


@pytest.mark.parametrize("rows", [300, 5000])
def test_no_p_value_is_smaller_than_a_row_that_ten_such_tables_hold_once(rows):
    generator = np.random.default_rng(7)
    scores = generator.exponential(size=rows)
    scores[0] = 1e6
    found = calibrate(scores, "contaminated")
    everywhere = found.of(np.append(np.geomspace(1, 1e12, 5000), np.inf))
    assert everywhere.min() == pytest.approx(0.1 / rows)
    assert found.least == pytest.approx(0.1 / rows)
    assert np.flatnonzero(flagged(scores, scores[:, None])).tolist() == [0]
    assert found.score_at(0.05 / rows) is None


@pytest.mark.parametrize(("share", "found"), [(0.03, True), (0.08, True), (0.2, False)])
def test_a_group_apart_is_flagged_unless_it_is_large(share, found):
    generator = np.random.default_rng(8)
    rows = generator.normal(size=(2000, 6))
    odd = np.arange(2000) < share * 2000
    rows[odd] += 60
    members = distances(rows)
    flags = flagged(ranked(members), members)
    assert flags[odd].mean() > 0.9 if found else not flags.any()


def test_one_member_alone_does_not_set_a_group_apart():
    generator = np.random.default_rng(9)
    members = np.stack([np.abs(generator.normal(size=2000)) for _ in range(5)], axis=1)
    members[:160, 0] += 1e6  # an amount that is mostly 0
    levels = members / members[160:].std(axis=0)
    assert not flagged(levels.mean(axis=1), members).any()


def test_a_tail_like_paretos_is_believed():
    shares = []
    for draw in range(20):
        scores = np.random.default_rng(draw).pareto(2.0, size=2000)
        shares.append(flagged(scores, scores[:, None]).mean())
    assert np.mean(np.array(shares) > 0) <= 0.1
    assert max(shares) < 0.005


@pytest.mark.parametrize("reference", ["clean", "contaminated"])
@pytest.mark.parametrize(
    "scores", [np.array([1.0]), np.full(1000, 2.0), np.array([0.0, 1.0]), np.r_[np.zeros(999), 1.0], np.arange(5.0)]
)
def test_few_rows_and_equal_rows_have_p_values(reference, scores):
    found = calibrate(scores, reference)
    p_values = found.of(scores)
    assert ((p_values > 0) & (p_values <= 1)).all()
    assert not benjamini_hochberg(p_values, 0.1)[scores == scores.min()].any()


def test_the_order_of_rows_does_not_matter_and_refused_rows_do_not_count():
    generator = np.random.default_rng(6)
    scores = generator.normal(size=500)
    members = scores[:, None] ** 3
    turned = generator.permutation(500)
    first = calibrate(scores, "contaminated", members=members)
    assert calibrate(scores[turned], "contaminated", members=members[turned]) == first
    with_refused = calibrate(np.append(scores, np.nan), "contaminated", members=np.append(members, [[np.nan]], axis=0))
    assert with_refused == first


def test_no_score_or_an_infinite_one_is_a_sentence():
    for scores in (np.array([]), np.array([np.nan]), np.array([1.0, np.inf])):
        with pytest.raises(UsageError, match="finite score"):
            calibrate(scores, "clean")


@pytest.mark.parametrize(("rows", "kept"), [(2, 1), (100, 50), (4000, 2000), (10_000, 3000), (1_000_000, 20_000)])
def test_a_clean_reference_is_split_without_overlap(rows, kept):
    fitted, back = split_for_clean(rows, 0)
    assert len(back) == kept
    assert (np.sort(np.concatenate([fitted, back])) == np.arange(rows)).all()
    assert (split_for_clean(rows, 0)[1] == back).all()
    if rows > 2:
        assert (split_for_clean(rows, 1)[1] != back).any()


def test_one_clean_row_cannot_be_split():
    with pytest.raises(UsageError, match="two rows"):
        split_for_clean(1, 0)

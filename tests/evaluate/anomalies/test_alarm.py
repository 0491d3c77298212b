"""Rules as people write them, the cuts that they come to, and what is said of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from mainstay.contracts.alarms import Alarm, Calibration
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.alarm import AlarmWish, batch_flags, benjamini_hochberg, decide_alarm, read_alarm
from mainstay.evaluate.anomalies.calibrate import calibrate
from mainstay.evaluate.anomalies.promises import batch_guarantee

SHARES = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=60).map(np.array)


@pytest.mark.parametrize(
    ("text", "rule", "amount", "share"),
    [
        ("fdr=0.1", "fdr", 0.1, 0.05),
        (" FDR = 10% , share=0.02", "fdr", 0.1, 0.02),
        ("top=20", "top", 20, 0.05),
        ("rate=1%", "rate", 0.01, 0.05),
        ("cost=50,share=0.001", "cost", 50, 0.001),
        ({"top": 3}, "top", 3, 0.05),
        (AlarmWish("fdr", 0.2), "fdr", 0.2, 0.05),
    ],
)
def test_a_wish_is_read(text, rule, amount, share):
    found = read_alarm(text)
    assert (found.rule, found.amount, found.share) == (rule, pytest.approx(amount), share)
    assert read_alarm(str(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no"),
        ("fdr", "no number"),
        ("fdr=high", "'high' is no number"),
        ("fdr=1.5", "between 0 and 1"),
        ("fdr=nan", "between 0 and 1"),
        ("rate=0", "between 0 and 1"),
        ("top=0", "number of rows"),
        ("top=2.5", "number of rows"),
        ("top=inf", "number of rows"),
        ("cost=-1", "above 0"),
        ("cost=inf", "above 0"),
        ("fdr=0.1,top=20", "expected one rule"),
        ("fdr=0.1,fdr=0.2", "twice"),
        ("banana", "there is no alarm 'banana'"),
        ("share=0.1", "expected one rule"),
        ("top=5,share=0.1", "share goes with"),
        ("fdr=0.1,share=1", "share is between"),
        ("contamination=0.1", "there is no alarm 'contamination'; there are fdr, top, rate, cost"),
    ],
)
def test_a_wish_that_cannot_be_says_why(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        read_alarm(text)
    assert caught.value.where == "alarm"
    assert "fdr=0.1" in caught.value.hint


@given(SHARES, st.floats(0.001, 0.999))
def test_benjamini_hochberg_is_scipys(p_values, rate):
    adjusted = false_discovery_control(p_values)
    clear = np.abs(adjusted - rate) > 1e-12
    assert (benjamini_hochberg(p_values, rate) == (adjusted <= rate))[clear].all()


@given(SHARES, st.floats(0.001, 0.5))
def test_benjamini_hochberg_grows_with_its_rate_and_forgets_order(p_values, rate):
    few, many = benjamini_hochberg(p_values, rate), benjamini_hochberg(p_values, min(2 * rate, 0.999))
    assert (many | ~few).all()
    assert (benjamini_hochberg(p_values[::-1], rate)[::-1] == few).all()


def test_rows_that_were_refused_neither_count_nor_are_flagged():
    p_values = np.array([0.02, np.nan, np.nan, 0.9, 0.9, 0.9])
    assert benjamini_hochberg(p_values, 0.1).tolist() == [True, False, False, False, False, False]
    assert not benjamini_hochberg(np.full(3, np.nan), 0.1).any()
    assert not benjamini_hochberg(np.array([]), 0.1).any()


def bulk(rows=2000, odd=40, seed=0):
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.exponential(size=rows), generator.uniform(30, 60, odd)])


RULES = ["fdr=0.1", "top=20", "rate=0.01", "cost=20"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("reference", ["contaminated", "clean"])
def test_the_fixed_cut_flags_the_same_rows_alone_and_together(rule, reference):
    scores = bulk()
    calibration = calibrate(scores if reference == "contaminated" else scores[:2000], reference)
    alarm = decide_alarm(read_alarm(rule), scores, calibration, reference)
    flags = alarm.flagged(scores)
    assert 0 < flags.sum() < 1000
    assert [bool(alarm.flagged(scores[at : at + 1])[0]) for at in range(1990, 2010)] == flags[1990:2010].tolist()
    assert alarm.guarantee.endswith((".", ";"))
    assert alarm.power


@pytest.mark.parametrize("rule", ["fdr=0.1", "top=20", "cost=20", "rate=0.01"])
def test_on_contaminated_rows_batch_and_fixed_cut_agree(rule):
    scores = bulk()
    calibration = calibrate(scores, "contaminated")
    wish = read_alarm(rule)
    cut = decide_alarm(wish, scores, calibration, "contaminated")
    assert (batch_flags(wish, scores, calibration) == cut.flagged(scores)).all()


def test_top_never_flags_more_and_says_so():
    scores = np.array([1.0, 2.0, 2.0, 2.0, 3.0])
    alarm = decide_alarm(read_alarm("top=2"), scores, calibrate(scores, "contaminated"), "contaminated")
    assert alarm.flagged(scores).sum() == 1
    assert "3 rows at the border have equal" in alarm.notes[0]


def test_all_equal_rows_are_not_flagged_and_it_is_said():
    scores = np.full(1000, 0.3)
    calibration = calibrate(scores, "contaminated")
    for rule in RULES:
        alarm = decide_alarm(read_alarm(rule), scores, calibration, "contaminated")
        assert not alarm.flagged(scores).any(), rule
        assert alarm.notes


def test_what_is_flagged_of_clean_rows_is_no_word_about_others():
    scores = np.linspace(0.0, 1.0, 50)
    calibration = calibrate(scores, "clean")
    for rule in ("fdr=0.1", "rate=0.001", "cost=2"):
        alarm = decide_alarm(read_alarm(rule), scores, calibration, "clean")
        assert not alarm.flagged(scores).any(), rule
        assert not alarm.notes, rule


def test_top_of_more_than_there_are_flags_all_and_says_so():
    scores = np.array([1.0, 2.0])
    alarm = decide_alarm(read_alarm("top=20"), scores, calibrate(scores, "contaminated"), "contaminated")
    assert alarm.flagged(scores).all()
    assert any("All rows" in note for note in alarm.notes)


def test_too_few_clean_rows_are_told_and_the_cut_lies_beyond_them():
    scores = np.arange(20.0)
    alarm = decide_alarm(read_alarm("fdr=0.1"), scores, calibrate(scores, "clean"), "clean")
    assert "too few" in alarm.guarantee
    assert alarm.flagged(np.array([19.0, 19.5])).tolist() == [False, True]


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_clean_cut_keeps_the_rate_at_the_share_that_it_assumes(share):
    generator = np.random.default_rng(1)
    alarm = decide_alarm(
        AlarmWish("fdr", 0.1, share), np.zeros(1), calibrate(generator.normal(size=20_000), "clean"), "clean"
    )
    usual, odd = generator.normal(size=1_000_000), int(1_000_000 * share / (1 - share))
    false = alarm.flagged(usual).sum()
    assert false / (false + odd) == pytest.approx(0.1, abs=0.03)


def test_a_missed_anomaly_that_costs_more_lowers_the_cut():
    generator = np.random.default_rng(2)
    scores = np.concatenate([generator.normal(size=5000), generator.normal(6.0, 2.0, 250)])
    for reference in ("contaminated", "clean"):
        calibration = calibrate(scores if reference == "contaminated" else scores[:5000], reference)
        cuts = [decide_alarm(read_alarm(f"cost={c}"), scores, calibration, reference).cut for c in (5, 20, 100)]
        assert all(cut is not None for cut in cuts)
        assert cuts[0] >= cuts[1] >= cuts[2]
        assert cuts[0] > cuts[2]


def test_with_labels_the_cut_costs_least():
    generator = np.random.default_rng(3)
    labels = (generator.random(500) < 0.2).astype(np.int64)
    scores = generator.normal(size=500) + 1.5 * labels
    hidden = np.where(generator.random(500) < 0.5, labels, -1)
    alarm = decide_alarm(read_alarm("cost=3"), scores, calibrate(scores, "contaminated"), "contaminated", labels=hidden)

    def cost(flags):
        return 3 * ((hidden == 1) & ~flags).sum() + ((hidden == 0) & flags).sum()

    assert cost(alarm.flagged(scores)) == min(cost(scores >= cut) for cut in [*scores, np.inf])
    assert "labelled" in alarm.guarantee


def test_a_cut_survives_being_written():
    import msgspec

    none = Alarm(rule="fdr", amount=0.1)
    assert not msgspec.json.decode(msgspec.json.encode(none), type=Alarm).flagged(np.array([1e300])).any()
    all_of_them = decide_alarm(AlarmWish("rate", 0.999999), np.arange(3.0), calibrate(np.arange(3.0), "clean"), "clean")
    again = msgspec.json.decode(msgspec.json.encode(all_of_them), type=Alarm)
    scores = np.array([-5.0, 0.5, 7.0, np.nan])
    assert (again.flagged(scores) == all_of_them.flagged(scores)).all()


@pytest.mark.parametrize("rule", ["fdr", "top", "rate", "cost"])
@pytest.mark.parametrize("reference", ["contaminated", "clean"])
def test_every_case_has_its_sentence(rule, reference):
    said = batch_guarantee(rule, 5.0 if rule in {"top", "cost"} else 0.1, reference)
    assert said.endswith(".")
    if reference == "contaminated" and rule in {"fdr", "rate"}:
        assert "estimated" in said
        assert "not guaranteed" in said


def test_no_score_is_a_sentence():
    with pytest.raises(UsageError, match="rows with a score"):
        decide_alarm(read_alarm("top=1"), np.array([np.nan]), Calibration(kind="conformal", scores=(1.0,)), "clean")

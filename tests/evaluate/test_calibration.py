"""Maps of probabilities: they mend what is wrong, leave alone what is not, and the graph does the same sums."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.calibration import KINDS, Stage, apply_stages, fit_stage, prior_stage, steepest
from mainstay.evaluate.calibration_choice import calibrate, cross_fitted, row_losses
from mainstay.evaluate.calibration_error import calibration_error
from mainstay.evaluate.calibration_graph import write_stages
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.resample import draw
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session


def answers(rows, classes, seed, power=1.0):
    """Draw true probabilities and what happened; a power above 1 makes the answers too sure."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=1.5, size=(rows, classes))
    true = np.exp(logits)
    true /= true.sum(axis=1, keepdims=True)
    truth = (true.cumsum(axis=1) > generator.random((rows, 1))).argmax(axis=1)
    given = true**power
    return given / given.sum(axis=1, keepdims=True), truth, true


def logloss(probabilities, truth):
    return float(row_losses(probabilities, truth).mean())


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_map_mends_answers_that_are_too_sure(kind, classes):
    given, truth, _ = answers(4000, classes, 1, power=2.5)
    stage = fit_stage(kind, given, truth)
    fresh, happened, true = answers(20_000, classes, 2, power=2.5)
    mended = stage.apply(fresh)
    assert mended.sum(axis=1) == pytest.approx(np.ones(len(mended)))
    # what is left to the best possible is a small part of what was wrong
    wrong, left = (logloss(one, happened) - logloss(true, happened) for one in (fresh, mended))
    assert left < 0.15 * wrong


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("kind", [*KINDS, "prior"])
def test_the_graph_does_the_same_sums_row_by_row_and_in_batches(kind, classes):
    given, truth, _ = answers(700, classes, 3, power=2.0)
    given = np.asarray(given, np.float32).astype(np.float64)
    given[0], given[1] = 0.0, 0.0
    given[0, 0], given[1, -1] = 1.0, 1.0
    stage = prior_stage(range(1, classes + 1)) if kind == "prior" else fit_stage(kind, given, truth)
    builder = GraphBuilder(classes, 0)
    mended = write_stages(builder, builder.node("Cast", ["numbers"], to=11), [stage, stage])
    session = Session(builder.build({"mended": mended}))
    names = tuple(f"p{place}" for place in range(classes))
    rows = Arrays(given.astype(np.float32), names, np.empty((len(given), 0), np.int64), (), ())
    batch = session.run(rows)["mended"]
    np.testing.assert_allclose(batch, apply_stages([stage, stage], given), rtol=0, atol=1e-12)
    for size in (1, 3, 16):
        parts = [session.run(rows.take(np.arange(at, min(at + size, 48))))["mended"] for at in range(0, 48, size)]
        np.testing.assert_array_equal(np.concatenate(parts), batch[:48])


def test_beta_and_quadratic_keep_the_order_of_rows():
    given, truth, _ = answers(300, 2, 4, power=0.3)
    line = np.stack([1 - np.linspace(0, 1, 4001), np.linspace(0, 1, 4001)], axis=1)
    for kind in ("beta", "quadratic", "temperature", "isotonic"):
        mended = fit_stage(kind, given, truth).apply(line)[:, 1]
        assert (np.diff(mended) >= 0).all(), kind


def test_auto_leaves_honest_answers_alone_and_mends_others():
    kept = [calibrate("auto", *answers(3000, 2, seed)[:2]).kind for seed in range(12)]
    assert kept.count("none") >= 8
    assert calibrate("auto", *answers(3000, 2, 0, power=2.0)[:2]).kind != "none"
    assert calibrate("auto", *answers(3000, 4, 0, power=2.0)[:2]).kind == "temperature"


def test_auto_never_hurts_by_more_than_a_half_percent():
    for seed in range(8):
        for rows in (250, 1000):
            given, truth, _ = answers(rows, 2, seed)
            found = calibrate("auto", given, truth, seed=seed)
            fresh, happened, _ = answers(40_000, 2, seed + 100)
            assert logloss(apply_stages(found.stages, fresh), happened) < 1.005 * logloss(fresh, happened)


def test_few_rows_are_not_enough_to_tell():
    found = calibrate("auto", *answers(120, 2, 0, power=3.0)[:2])
    assert found.stages == ()
    assert "too few" in found.reason


def test_a_named_map_is_fitted_in_any_case_and_off_is_off():
    given, truth, _ = answers(150, 2, 0)
    assert calibrate("isotonic", given, truth).stages[0].kind == "isotonic"
    assert calibrate("off", given, truth, priors=(1.0, 2.0)).stages == ()


def test_class_weights_are_undone():
    _, truth, true = answers(6000, 3, 5)
    factors = np.array([0.4, 1.0, 3.0])
    weighted = true * factors / (true * factors).sum(axis=1, keepdims=True)
    found = calibrate("auto", weighted, truth, priors=factors)
    np.testing.assert_allclose(found.stages[0].apply(weighted), true, atol=1e-12)
    assert found.kind == "none"


def test_rows_of_a_group_are_fitted_together():
    """Copies of rows would let a map seem to help; in one group they cannot."""
    given, truth, _ = answers(60, 2, 6)
    given, truth = np.repeat(given, 40, axis=0), np.repeat(truth, 40)
    alone = calibrate("auto", given, truth)
    together = calibrate("auto", given, truth, groups=np.repeat(np.arange(60), 40))
    assert min(trial.error for trial in together.trials) > 3 * min(trial.error for trial in alone.trials)


def test_no_row_is_judged_by_a_map_that_has_seen_it():
    given, truth, _ = answers(400, 2, 7)
    units = np.arange(400)
    first = cross_fitted("beta", given, truth, np.ones(400), units=units, seed=0)
    other = truth.copy()
    other[0] = 1 - other[0]
    second = cross_fitted("beta", given, other, np.ones(400), units=units, seed=0)
    assert first[0].tolist() == second[0].tolist()
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_that_part_without_an_error_give_finite_numbers(kind):
    chance = np.concatenate([np.linspace(0, 0.4, 50), np.linspace(0.6, 1, 50)])
    stage = fit_stage(kind, np.stack([1 - chance, chance], axis=1), (chance > 0.5).astype(np.int64))
    mended = stage.apply(np.stack([1 - chance, chance], axis=1))
    assert np.isfinite(mended).all()
    assert steepest(stage, np.stack([1 - chance, chance], axis=1)) < 1e7


def test_numbers_that_are_none_of_a_map_are_refused():
    for wrong in (((1.0, 2.0),), ((1.0, 1.0, np.nan),), ((1.0, 1.0, 0.0),) * 2):
        with pytest.raises(UsageError, match="numbers of a beta map"):
            Stage(kind="beta", classes=2, columns=wrong)
    with pytest.raises(UsageError, match="no calibration"):
        fit_stage("platt", np.full((4, 2), 0.5), np.array([0, 1, 0, 1]))


def test_the_calibration_error_of_honest_answers_is_that_of_chance_and_its_interval_holds_the_truth():
    held, honest, by_chance = 0, [], []
    for seed in range(40):
        given, truth, true = answers(1500, 2, seed, power=1.8)
        found, _ = calibration_error(gather("classification", truth, given), draw(1500, seed))
        order = np.argsort(given[:, 1])
        apart = [abs((given[part, 1] - true[part, 1]).mean()) for part in np.array_split(order, 10)]
        held += found.low <= np.mean(apart) <= found.high
        plain, alone = calibration_error(gather("classification", truth, true), draw(1500, seed))
        honest.append(plain.value)
        by_chance.append(alone)
    assert held >= 34
    assert np.mean(honest) == pytest.approx(np.mean(by_chance), rel=0.1)


def test_what_averaging_mends_by_itself_is_not_mended_twice():
    """Single models are too sure, each in its own way; maps that make answers surer are not held back."""
    given, truth, _ = answers(3000, 2, 0, power=1.5)
    assert calibrate("auto", given, truth).kind != "none"
    found = calibrate("auto", given, truth, noise=1.0)
    assert found.kind == "none"
    assert "average" in found.reason
    given, truth, _ = answers(3000, 2, 0, power=0.5)
    assert calibrate("auto", given, truth, noise=1.0).kind != "none"

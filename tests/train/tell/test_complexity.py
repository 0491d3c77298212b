"""Learning curve and complexity, as a user asks for them; the corrected test over folds beside them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mainstay
from mainstay.evaluate.learning import forecast


def waves(rows, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, (rows, 3))
    return pl.DataFrame(
        {**{f"x{i}": x[:, i] for i in range(3)}, "y": np.sin(2 * x[:, 0]) + x[:, 1] ** 2 / 3 + rng.normal(0, 0.3, rows)}
    )


@pytest.fixture(scope="module")
def sections(tmp_path_factory):
    place = tmp_path_factory.mktemp("diagnose") / "waves.mainstay"
    mainstay.train(waves(1500), target="y", models=["decision_tree", "ridge"], time_budget=60, diagnose=True, out=place)
    data = mainstay.load(place).report_data
    return {section.key: section for section in data.sections}


def test_more_rows_help_a_tree_on_waves(sections):
    curve = sections["learning-curve"]
    (plot,) = curve.plots
    lines = dict(zip(zip(plot.data["series"], plot.data["x"], strict=True), plot.data["y"], strict=True))
    sizes = sorted({x for _, x in lines})
    assert len(sizes) >= 4
    assert lines["validation rows", sizes[-1]] < 0.85 * lines["validation rows", sizes[0]]
    assert all(lines["training rows", size] < lines["validation rows", size] for size in sizes)
    assert curve.tables[0].rows[0][2] < 0  # a forecast of less error with more rows


def test_complexity_shows_bias_at_one_end_and_variance_at_the_other(sections):
    (table,) = sections["complexity"].tables
    training, validation = [row[1] for row in table.rows], [row[2] for row in table.rows]
    assert training[0] > 1.2 * min(validation)
    assert validation[-1] - training[-1] > validation[0] - training[0]


def test_the_folds_say_how_sure_the_choice_was(sections):
    (table,) = sections["folds"].tables
    by_name = {row[0]: row for row in table.rows}
    assert {"baseline", "ridge", "decision_tree"} <= set(by_name)
    assert by_name["baseline"][4] == "< 0.001"


def test_without_the_wish_nothing_is_refitted(tmp_path):
    run = mainstay.train(waves(300), target="y", models=["ridge"], time_budget=20)
    assert not {"learning-curve", "complexity"} & {section.key for section in run.model.report_data.sections}


@settings(deadline=None, max_examples=20)
@given(
    floor=st.floats(0, 1), slope=st.floats(0.1, 50), exponent=st.floats(0.2, 1.2), folds=st.integers(2, 5),
)  # fmt: skip
def test_a_forecast_without_noise_is_the_curve(floor, slope, exponent, folds):
    rows = np.array([100, 200, 400, 800, 1600])
    errors = np.repeat((floor + slope * rows**-exponent)[:, None], folds, axis=1)
    (told,) = forecast(rows, errors, [3200])
    truth = floor + slope * 3200**-exponent
    assert told.error == pytest.approx(truth, rel=0.05, abs=1e-3 * slope)
    assert told.low <= told.error <= told.high


def test_a_forecast_comes_with_a_95_percent_interval(sections):
    assert sections["learning-curve"].tables[0].columns[3] == "95 % interval"
    folds = np.random.default_rng(0).normal(0.5, 0.05, 30)  # a curve that is flat: the forecast is the folds' mean
    (told,) = forecast([100, 200, 400, 800], np.tile(folds, (4, 1)), [800])
    reach = (told.high - told.low) / (folds.std() / np.sqrt(30))
    assert reach == pytest.approx(2 * 1.96, rel=0.1)  # 90 % would be 2 * 1.645

"""What contributions say together: order, intervals, reasons, sections and their pictures."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.evaluate.contributions import pushes_of, pushes_section, reason, row_section, value_levels
from mainstay.evaluate.plots import draw_plot


def pushes(rows=60):
    chance = np.random.default_rng(0)
    return chance.normal(size=(rows, 3)) * [0.1, 1.0, 0.0]


def test_columns_come_by_the_mean_size_with_an_interval_that_holds_it():
    found = pushes_of(["small", "large", "nothing"], pushes())
    assert [one.name for one in found] == ["large", "small", "nothing"]
    assert found[0].low < np.abs(pushes()[:, 1]).mean() < found[0].high
    assert found[2].mean_absolute == 0


def test_the_interval_covers_the_mean_of_fresh_rows():
    chance = np.random.default_rng(1)
    draws = [pushes_of(["a"], chance.normal(size=(200, 1)))[0] for _ in range(300)]
    assert 0.91 < np.mean([one.low <= np.sqrt(2 / np.pi) <= one.high for one in draws]) < 0.99


def test_refused_rows_are_left_out():
    given = pushes()
    given[3] = np.nan
    assert pushes_of("abc", given) == pushes_of("abc", np.delete(given, 3, axis=0))
    assert pushes_of("abc", np.full((2, 3), np.nan)) == ()


def test_one_row_has_no_interval_and_still_a_section():
    section = pushes_section("abc", pushes(1), np.full((1, 3), np.nan), what="price")
    assert "low" not in section.plots[0].data
    for plot in section.plots:
        draw_plot(plot).to_dict()


def test_columns_without_an_order_are_drawn_too():
    levels = np.full((60, 3), np.nan)
    levels[:, 0] = np.linspace(0, 1, 60)
    (_, cloud) = pushes_section(["a", "b", "c"], pushes(), levels, what="price").plots
    drawn = draw_plot(cloud).to_dict()
    shown = {row["name"] for rows in drawn["datasets"].values() for row in rows if "name" in row} if (
        "datasets" in drawn
    ) else {row["name"] for layer in drawn["layer"] for row in layer["data"]["values"] if "name" in row}  # fmt: skip
    assert shown == {"a", "b", "c"}


def test_the_bars_of_a_row_say_what_they_leave_out():
    contributions = np.linspace(1, 2, 15)
    names = [f"c{place}" for place in range(15)]
    section = row_section(
        "Row 1", names, {}, contributions, base=0.5, prediction=0.5 + contributions.sum(), what="price", key="row-1"
    )
    left_out = np.sort(contributions)[:3].sum()
    assert f"{left_out:+.3g}" in section.text[0]
    assert len(section.plots[0].data["name"]) == 12


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "a missing"), (float("nan"), "a missing"), (2.5, "a = 2.5"), ("57.49162461393017", "a = 57.4916")],
)
def test_reasons_name_the_value(value, said):
    assert reason(["a"], {"a": value}, np.array([0.5]), 1).startswith(said)
    assert reason(["a"], {"a": value}, np.array([0.0]), 1) == ""


def test_levels_are_ranks_of_numbers_and_dates():
    numbers = np.array([[3, 10], [1, 20], [2, np.nan]], np.float32)
    arrays = Arrays(numbers, ("age", "seen.days"), np.zeros((3, 1), np.int64), ("city",), (2,))
    levels = value_levels(arrays, ["age", "city", "seen"])
    assert np.argsort(levels[:, 0]).tolist() == [1, 2, 0]
    assert np.isnan(levels[:, 1]).all()
    assert levels[0, 2] < levels[1, 2]
    assert np.isnan(levels[2, 2])

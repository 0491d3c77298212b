"""The score of the whole procedure on outer folds: it is there when asked for, honest on noise, and refused in time."""

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import UsageError
from mainstay.train.asides import Nested, OuterFold


def table(rows=240, *, noise=False, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    chance = rng.random(rows) < 0.5 if noise else x[:, 0] + 0.5 * rng.logistic(size=rows) > 0
    return pl.DataFrame({**{f"x{i}": x[:, i] for i in range(3)}, "y": np.where(chance, "yes", "no")})


def test_the_procedure_is_scored_on_each_outer_fold():
    run = mainstay.train(table(), target="y", models=["logistic"], nested=3, time_budget=150)
    sections = {section.key: section for section in run.model.report_data.sections}
    (grid,) = sections["nested"].tables
    assert [row[2] for row in grid.rows] == [80, 80, 80]
    assert all(0.75 < row[3] <= 1 for row in grid.rows)
    assert "3 outer folds" in sections["nested"].text[0]


def test_the_mean_has_the_corrected_interval():
    folds = tuple(OuterFold("logistic", 50, value, value - 0.1, value + 0.1) for value in (0.80, 0.84, 0.88, 0.82))
    value, low, high = Nested("roc_auc", folds, 4).score()
    spread = np.std([0.80, 0.84, 0.88, 0.82], ddof=1)
    plain = 3.182 * spread * np.sqrt(1 / 4)
    assert value == pytest.approx(0.835)
    assert (high - low) / 2 == pytest.approx(plain * np.sqrt(1 + 4 / 3), rel=1e-3)


def test_a_fold_without_a_score_is_left_out_of_the_mean():
    folds = (OuterFold("a", 5, None, None, None), OuterFold("a", 5, 0.7, 0.6, 0.8))
    assert Nested("roc_auc", folds, 2).score() == (0.7, None, None)
    assert Nested("roc_auc", (), 2, "no time").score() is None


def test_it_wants_two_folds_and_no_rows_held_out_by_hand():
    with pytest.raises(UsageError, match="2 to 20"):
        mainstay.train(table(), target="y", models=["logistic"], nested=1, time_budget=60)
    with pytest.raises(UsageError, match="--test"):
        mainstay.train(table(), target="y", test=table(seed=1), models=["logistic"], nested=3, time_budget=60)


def test_texts_are_read_anew_in_each_outer_fold(tmp_path):
    """What the first fold learned of its texts must not answer for the others."""
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import Target
    from mainstay.data.split import Fold
    from mainstay.train.material import SHARED, Material, save_material

    arrays = Arrays(np.zeros((4, 1), np.float32), ("x",), np.zeros((4, 0), np.int64), (), ())
    rows = np.arange(2)
    material = Material(arrays, Target("regression", np.zeros(4)), (Fold(rows, rows + 2),), arrays)
    (tmp_path / f"{SHARED}0-old.npz").write_bytes(b"of other rows")
    save_material(material, tmp_path)
    assert not list(tmp_path.glob(f"{SHARED}*"))

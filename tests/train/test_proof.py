"""Shuffled targets keep what hangs together; noise is scored beside the baseline, and is told of when it wins."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.schema import Column, Schema
from mainstay.data.table import Table
from mainstay.train.asides import NoiseDraw, Proof
from mainstay.train.proof import _judge, shuffle_target

SCHEMA = Schema(
    columns=(
        Column(name="who", kind="number"),
        Column(name="day", kind="number"),
        Column(name="y", kind="number", role="target"),
    )
)


def table(y, who=None):
    rows = len(y)
    cells = {"who": np.arange(rows) // 5 if who is None else who, "day": np.arange(rows), "y": y}
    return Table(pl.DataFrame(cells), source="t", digest="")


def draws(*pairs):
    return tuple(NoiseDraw("a", "baseline", value, value - 0.02, value + 0.02, chance) for value, chance in pairs)


class TestShuffling:
    @pytest.mark.parametrize("how", ["random", "group:who", "time:day"])
    def test_the_targets_stay_the_same_and_move(self, how):
        y = np.arange(400)
        moved = shuffle_target(table(y), SCHEMA, how, seed=0).frame["y"].to_numpy()
        assert sorted(moved) == list(range(400))
        assert (moved == y).mean() < 0.2

    def test_missing_targets_stay_where_they_are(self):
        y = pl.Series([None if row % 3 == 0 else row for row in range(90)])
        moved = shuffle_target(Table(pl.DataFrame({"y": y}), source="t", digest=""), SCHEMA, "random", seed=0)
        assert (moved.frame["y"].is_null() == y.is_null()).all()

    def test_a_group_keeps_its_targets_together(self):
        moved = shuffle_target(table(np.arange(400) // 5), SCHEMA, "group:who", seed=0).frame
        assert moved.group_by("who").agg(pl.col("y").n_unique())["y"].max() == 1

    def test_what_is_near_in_time_stays_alike(self):
        moved = shuffle_target(table(np.arange(400)), SCHEMA, "time:day", seed=0).frame["y"].to_numpy()
        assert (np.abs(np.diff(moved)) == 1).mean() > 0.8

    def test_the_same_seed_gives_the_same(self):
        one, two = (shuffle_target(table(np.arange(99)), SCHEMA, "random", seed=3).frame for _ in range(2))
        assert one.equals(two)


class TestVerdict:
    def test_honest_noise_is_silent(self):
        proof = Proof("roc_auc", 1.0, draws((0.49, 0.5), (0.51, 0.5), (0.5, 0.5)))
        assert _judge(proof) == ()
        assert proof.noise()[1] < 0.5 < proof.noise()[2]
        assert proof.p_value(0.8) == 0.25
        assert proof.p_value(0.495) == 0.75

    def test_noise_above_chance_is_an_error(self):
        found = _judge(Proof("roc_auc", 1.0, draws((0.63, 0.5), (0.61, 0.5), (0.65, 0.5))))
        assert [(one.severity, one.code) for one in found] == [("error", "proof.noise")]
        assert "0.63" in found[0].message

    def test_smaller_may_be_better(self):
        found = _judge(Proof("rmse", -1.0, draws((0.7, 1.0), (0.72, 1.0), (0.71, 1.0))))
        assert found[0].code == "proof.noise"
        assert _judge(Proof("rmse", -1.0, draws((1.02, 1.0), (1.01, 1.0)))) == ()

    def test_nothing_drawn_is_said(self):
        proof = Proof("roc_auc", 1.0, ())
        assert proof.noise() is None
        assert proof.p_value(0.8) is None
        assert _judge(proof)[0].code == "proof.unfinished"


def test_a_whole_run_on_noise(tmp_path):
    import mainstay

    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] + rng.normal(size=240) > 0, "yes", "no")})
    run = mainstay.train(frame, target="y", models=["logistic"], time_budget=None, proof="shuffle", seed=1,
                         out=tmp_path / "a.html")  # fmt: skip
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "What noise scores" in page
    assert "Leak audit" in page
    said = ("nothing of the held-out rows reaches the model", "Noise could not be scored")
    assert any(one in page for one in said)
    assert "proof.noise" not in [one["code"] for one in run.to_dict()["findings"]]

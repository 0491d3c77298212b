"""Models of every kind over one small table of raw rows, for the tests of explanations."""

import datetime as dt

import numpy as np
import polars as pl

from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.learners.catalogue import learner
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe
from mainstay.train.assemble import assemble
from mainstay.train.fold import FoldModel

SCHEMA = Schema(
    columns=(
        Column(name="age", kind="number"),
        Column(name="fee", kind="number"),
        Column(name="base", kind="number"),
        Column(name="city", kind="category", categories=("Bern", "Rome", "Oslo", "Lima")),
        Column(name="plan", kind="category", categories=("a", "b")),
        Column(name="since", kind="datetime"),
        Column(name="left", kind="category", role="target", categories=("no", "yes")),
    )
)
SIMPLE = {"scale": "none", "missing": "none"}


def table(rows, seed=0):
    chance = np.random.default_rng(seed)
    age = chance.uniform(18, 80, rows)
    fee = np.where(chance.random(rows) < 0.1, np.nan, chance.exponential(20, rows))
    days = chance.integers(0, 3000, rows)
    frame = pl.DataFrame(
        {
            "age": age,
            "fee": [None if np.isnan(one) else float(one) for one in fee],
            "base": chance.normal(size=rows),
            "city": chance.choice(["Bern", "Rome", "Oslo", "Lima"], rows),
            "plan": chance.choice(["a", "b"], rows),
            "since": [dt.datetime(2015, 1, 1) + dt.timedelta(days=int(day)) for day in days],
        }
    )
    city = frame["city"].is_in(["Bern", "Oslo"]).to_numpy()
    signal = (age - 50) / 20 + np.nan_to_num(fee, nan=60) / 40 * city + (days > 1500) + 0.3 * chance.normal(size=rows)
    return frame, signal


def model(members, *, classes=2, rows=300, stages=(), schema=SCHEMA, seed=0):
    """Return a predictor over a blend of ``(learner, settings, recipe)``, and the rows it learned from.

    ``classes`` is 0 for amounts.
    """
    frame, signal = table(rows, seed)
    arrays = Decoder(schema).from_frame(frame).arrays
    target = (
        Target("regression", signal * 100.0)
        if not classes
        else Target("classification", np.argsort(np.argsort(signal)) * classes // rows, classes)
    )
    parts = [(1 / len(members), [_fold(*member, arrays, target)]) for member in members]
    graph = assemble(
        parts,
        numbers=arrays.numbers.shape[1],
        categories=arrays.categories.shape[1],
        classes=bool(classes),
        stages=stages,
    )
    labels = ("no", "yes") if classes == 2 else tuple("abcdefgh"[:classes])
    outputs = Outputs(task="classification" if classes else "regression", target="left", labels=labels[:classes])
    return Predictor(schema, outputs, graph), frame


def _fold(name, settings, recipe, arrays, target):
    made = learner(name)
    codes = {"encode": "codes"} if made.takes_codes else {}
    steps = fit(Recipe(**((SIMPLE | codes) if made.takes_missing else {}) | recipe), arrays, target, seed=0)
    features = steps.transform(arrays)
    fitted = made.fit(features, target, seed=0, deadline=NoDeadline(), settings=settings)
    return FoldModel(steps, fitted.graph())

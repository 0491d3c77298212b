"""Judges the whole procedure on outer folds: what another run of training, on other rows, would have come to.

The score of a bundle is that of one model. Here everything (splits, preparation, search, tuning, blend, choice) is run
again inside each outer fold and scored on rows that this fold's run has not seen: nested cross-validation (Cawley and
Talbot 2010, jmlr.org/papers/v11/cawley10a.html), with the corrected interval of Nadeau and Bengio.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.contracts.events import StageBegun, silent
from mainstay.data.decode import decode_target
from mainstay.data.split_table import find_ties
from mainstay.data.table import Table
from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number
from mainstay.train.asides import Nested, OuterFold
from mainstay.train.run import train_model
from mainstay.train.shipped import score_shipped

if TYPE_CHECKING:
    from mainstay.compute.clock import Clock
    from mainstay.contracts.schema import Schema
    from mainstay.evaluate.sections import Cell
    from mainstay.train.settings import Settings
    from mainstay.train.tell.scene import Scene
    from mainstay.train.trained import Surroundings, Trained

__all__ = ["before_nested", "check_nested", "evaluate_nested", "find_nested"]

_SHARE, _SHARE_BESIDE_PROOF = 0.6, 0.4
_AFTER = 8.0  # seconds for judging, drawing and packing the real model


def before_nested(clock: Clock, settings: Settings) -> Clock:
    """Return the clock of the real run: a good half of the time is kept where a nested evaluation is wanted."""
    wanted = settings.nested > 0 and clock.seconds != float("inf")
    share = _SHARE if settings.proof == "none" else _SHARE_BESIDE_PROOF
    return clock.earlier(share * clock.seconds) if wanted else clock


def evaluate_nested(table: Table, schema: Schema, settings: Settings, around: Surroundings) -> Nested:
    """Run the whole training inside each outer fold, and score each on the rows that it has not seen.

    Parameters
    ----------
    table : Table
        Without rows that the user holds out himself.
    schema : Schema
    settings : Settings
        As of the real run.
    around : Surroundings
        Of the real run; its jobs must be over.
    """
    around.listener(StageBegun("nested", around.clock.left()))
    target = decode_target(schema, table.frame)
    usable = np.flatnonzero(target.usable)
    ties = find_ties(table, schema, how=settings.split).take(usable)
    folds = ties.folds(target.values[usable], count=settings.nested, seed=settings.seed)
    clock = around.clock if around.clock.seconds == float("inf") else around.clock.earlier(_AFTER)
    found: list[OuterFold] = []
    metric = settings.metric
    for place, fold in enumerate(folds):
        rows = np.concatenate([usable[fold.train], usable[fold.validation]])
        part = Table(table.frame[rows], source=table.source, digest=table.digest, notes=table.notes)
        share = type(clock)(clock.left() / (len(folds) - place))
        inner = msgspec.structs.replace(
            settings, given=len(fold.validation), nested=0, proof="none", diagnose=False, study="", intervals=None,
            time_budget=share.seconds,
        )  # fmt: skip
        try:
            while around.pool.wait(0.5):  # jobs that were told to stop must not come back under a new one's number
                pass
            trained = train_model(part, schema, inner, replace(around, clock=share, listener=silent, audited=False))
        except MainstayError as error:
            return Nested(metric, tuple(found), len(folds), str(error))
        metric = trained.steering.name
        found.append(_score(trained))
        if trained.interrupted:
            return Nested(metric, tuple(found), len(folds), "it was interrupted")
    return Nested(metric, tuple(found), len(folds))


def check_nested(settings: Settings) -> None:
    """Refuse what cannot be done before anything is begun.

    Raises
    ------
    UsageError
        When there is one outer fold or very many, or the user holds rows out himself.
    """
    if settings.nested and not 2 <= settings.nested <= 20:
        raise UsageError(f"a nested evaluation has 2 to 20 outer folds, and {settings.nested} came", where="nested")
    if settings.nested and settings.given:
        raise UsageError(
            "a nested evaluation takes its outer folds from the data, and --test holds rows out", where="nested",
            hint="Leave one of them out.",
        )  # fmt: skip


def _score(trained: Trained) -> OuterFold:
    """Score what would have been shipped: calibrated, by its threshold or costs, rows by their weights."""
    found = score_shipped(trained)
    return OuterFold(trained.choice.name, len(trained.intake.test_target), found.value, found.low, found.high)


def find_nested(scene: Scene) -> Section | None:
    """Return the score of the whole procedure beside that of the bundle; None where it was not asked for."""
    nested = scene.trained.nested
    if nested is None:
        return None
    title, score = "The procedure on outer folds", nested.score()
    if score is None:
        return Section(key="nested", title=title, text=(f"No outer fold came to an end: {nested.ended}.",))
    name = METRICS[nested.metric].title
    interval = "" if score[1] is None else f" (95 %: {number(score[1])} to {number(score[2])})"
    told = (
        f"Everything was run again inside {len(nested.folds)} outer folds, each in a part of the time, scored on rows "
        f"that its run had not seen: {name} {number(score[0])}{interval}. The bundle has "
        f"{scene.judgement.scores[nested.metric]}."
    )
    text = [told, "This is what another run on other rows of this kind comes to, and not the score of one model."]
    if nested.ended:
        text.append(f"{nested.wanted - len(nested.folds)} of {nested.wanted} folds are missing: {nested.ended}.")
    rows: list[tuple[Cell, ...]] = [
        (f"fold {place + 1}", one.shipped, one.rows, one.value, one.low, one.high)
        for place, one in enumerate(nested.folds)
    ]
    grid = Grid(columns=("Outer fold", "Would be shipped", "Rows", name, "From", "To"), rows=tuple(rows))
    plot = Plot(
        kind="dots", title="Outer folds",
        data={
            "name": [row[0] for row in rows], "value": [row[3] for row in rows],
            "low": [row[4] for row in rows], "high": [row[5] for row in rows],
        },
        options={"x": name}, words="Each with the 95 % interval over its rows.",
    )  # fmt: skip
    return Section(key="nested", title=title, text=tuple(text), tables=(grid,), plots=(plot,))

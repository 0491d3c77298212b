"""Tells where the shipped model is worst on the held-out rows, and which training labels look wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.label_suspects import suspect_amounts, suspect_labels
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.slices import strips_of, worst_slices
from mainstay.evaluate.words import number, percent
from mainstay.train.blend import mix
from mainstay.train.choose import out_of_fold, validated_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.label_suspects import Suspect
    from mainstay.evaluate.sections import Cell
    from mainstay.evaluate.slices import Slice
    from mainstay.train.tell.scene import Scene

__all__ = ["find_label_suspects", "find_worst_slices"]

_SHOWN = 20
_TINY = 1e-15


def find_worst_slices(scene: Scene) -> Section | None:
    """Return the parts of the held-out rows in which the bundle does worse than elsewhere."""
    intake = scene.trained.intake
    rows = len(intake.test_target)
    least = max(20, rows // 100)
    if rows < 4 * least:
        return None
    levels = {column.name: column.categories for column in intake.schema.columns}
    strips = strips_of(intake.material.holdout, levels, least=least)
    loss = _loss(scene)
    found = worst_slices(strips, loss, least=least)
    measure = "log-loss" if intake.task == "classification" else "squared error"
    if not found:
        text = (
            (
                f"No part of the rows, by one column or two, has a higher {measure} than the rest beyond chance "
                f"({len(strips)} parts with at least {least} rows were looked at, and their crossings)."
            ),
        )
        return Section(key="slices", title="Where it is worst", text=text)
    return Section(
        key="slices",
        title="Where it is worst",
        text=(
            (
                f"Parts of the held-out rows with a higher mean {measure} than the other rows, of {len(strips)} parts "
                f"with at least {least} rows and their crossings. Chance finds one in twenty of them at most; the "
                "worst ones look a little worse here than they will be on new rows."
            ),
        ),
        tables=(_grid(scene, found, measure),),
        plots=(_plot(found, measure),),
    )


def _loss(scene: Scene) -> NDArray[np.float64]:
    truth, answers = scene.trained.intake.test_target, scene.answers
    if scene.trained.intake.task == "regression":
        return np.square(truth - answers)
    chosen = np.take_along_axis(answers, truth.astype(np.int64)[:, None], axis=1)[:, 0]
    return -np.log(np.clip(chosen, _TINY, 1.0))


def _grid(scene: Scene, found: tuple[Slice, ...], measure: str) -> Grid:
    intake = scene.trained.intake
    amounts = intake.task == "regression"
    total = len(intake.test_target)
    decided = None if amounts else scene.predictor.outputs.decide(scene.answers)

    def row(one: Slice) -> tuple[Cell, ...]:
        count = int(one.rows.sum())
        base: tuple[Cell, ...] = (one.words, f"{count:,} ({percent(count / total)})")
        if decided is None:
            return (*base, np.sqrt(one.loss).item(), np.sqrt(one.rest).item(), number(one.p_value))
        right = decided[one.rows] == intake.test_target[one.rows]
        return (*base, one.loss, one.rest, percent(float(right.mean())), number(one.p_value))

    what = (
        ("RMSE there", "RMSE elsewhere") if amounts else (f"Mean {measure} there", "Elsewhere", "Right answers there")
    )
    note = "" if intake.test_weight is None else "Every row counts once here, whatever its weight."
    return Grid(
        columns=("Rows where", "How many", *what, "p, adjusted"), rows=tuple(row(one) for one in found), note=note
    )


def _plot(found: tuple[Slice, ...], measure: str) -> Plot:
    return Plot(
        kind="dots",
        title="How much worse",
        data={
            "name": [one.words for one in found],
            "value": [one.loss - one.rest for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
        },
        words=f"Mean {measure} there minus elsewhere, with its 95 % interval.",
        options={"x": f"Difference of mean {measure}"},
    )


def find_label_suspects(scene: Scene) -> Section | None:
    """Return training rows whose given answer looks wrong to models that had not seen them."""
    trained = scene.trained
    material, entries = trained.intake.material, {one.candidate.name: one for one in trained.entries}
    members = {name: weight for name, weight in trained.choice.weights.items() if name in entries}
    if not members or trained.choice.name == "baseline":
        return None
    answers = mix([out_of_fold(entries[name], material) for name in members], list(members.values()))
    rows = validated_rows(material)
    target = material.target.values[rows]
    classes = trained.intake.task == "classification"
    suspects = (
        suspect_labels(target.astype(np.int64), answers)
        if classes
        else suspect_amounts(target.astype(np.float64), answers)
    )
    title, key = "Answers that look wrong", "label-suspects"
    if not suspects:
        return Section(key=key, title=title, text=("No training row looks wrongly labelled.",))
    text = (
        f"{len(suspects):,} of {len(rows):,} training rows ({percent(len(suspects) / len(rows))}) have an answer that "
        + (
            "models which had not seen them are surer is another (confident learning). Some are mistakes in the data, "
            "some are just hard: look at the first ones."
            if classes
            else "is far from what models which had not seen them expect, against the errors of like rows."
        )
    )
    return Section(key=key, title=title, text=(text,), tables=(_suspect_grid(scene, suspects, rows),))


def _suspect_grid(scene: Scene, suspects: tuple[Suspect, ...], rows: NDArray[np.int64]) -> Grid:
    intake = scene.trained.intake
    labels = intake.labels

    def told(value: float) -> Cell:
        return labels[int(value)] if labels else value

    return Grid(
        columns=("Row", "Given", "Expected", "Surer by" if labels else "Times the usual spread"),
        rows=tuple(
            (f"{int(intake.train[rows[one.row]]) + 1:,}", told(one.given), told(one.suggested), one.margin)
            for one in suspects[:_SHOWN]
        ),
        note=f"The {min(_SHOWN, len(suspects))} surest; rows are counted from 1, without the header.",
    )

"""The report's part about uncertainty: how wide sets and intervals are, and how many truths they held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.conformal import few_rows, least_rows, measure_coverage
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number, percent
from mainstay.train.choose import validated_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.records import Outputs
    from mainstay.evaluate.intervals import Score
    from mainstay.train.tell.scene import Scene

    Held = tuple[NDArray[np.bool_], NDArray[np.float64]]

__all__ = ["find_uncertainty"]

_PARTS = 5
_LEAST_ROWS = 20  # of a band of predictions; a class is shown with one row, for its interval says how little it tells
_MOST_DRAWN = 20
_CAVEATS = {
    "random": "The promise holds for new rows that are drawn like these.",
    "group": (
        "Out-of-fold answers were for groups that the model had not seen, so the promise is about rows of new groups; "
        "with few groups the share that is held varies more than the interval of independent rows would say."
    ),
    "time": (
        "The promise needs new rows to be like the training rows. Later rows often are not: what was held on the last "
        "rows, below, is the better guide, and it should be measured again as time goes on."
    ),
}


def find_uncertainty(scene: Scene) -> Section | None:
    """Tell how many truths the sets or intervals held on held-out rows, in all and by kind of row."""
    outputs = scene.predictor.outputs
    if not outputs.uncertainty:
        return None
    held, names, place = _held(scene, outputs)
    level, sets = outputs.uncertainty.level, outputs.sets is not None
    width = "Classes in a set" if sets else "Width"
    lines = [_line("all", scene, held, np.ones(len(place), np.bool_))]
    lines += [_line(name, scene, held, place == code) for code, name in enumerate(names)]
    shown = [line for line in lines if line is not None]
    drawn = shown[: _MOST_DRAWN + 1]
    return Section(
        key="uncertainty",
        title="How wide uncertainty is",
        text=(
            *_words(scene, level, sets=sets),
            _CAVEATS[scene.settings.split.partition(":")[0]],
            *_sizes(held, sets=sets),
        ),
        tables=(
            Grid(
                columns=("True class" if sets else "Prediction", "Rows", "Held (95 % interval)", f"{width} (mean)"),
                rows=tuple((name, rows, str(share), str(wide)) for name, rows, share, wide in shown),
                note="On held-out rows, which no choice has seen.",
            ),
        ),
        plots=(
            Plot(
                kind="bars",
                title="Held, by kind of row",
                data={
                    "name": [line[0] for line in drawn],
                    "value": [line[2].value for line in drawn],
                    "low": [line[2].low for line in drawn],
                    "high": [line[2].high for line in drawn],
                },
                words=f"The share of truths that were held, with its 95 % interval; {level:.0%} was promised.",
                options={"x": "Share of truths held"},
            ),
        ),
    )


def _words(scene: Scene, level: float, *, sets: bool) -> tuple[str, ...]:
    if sets:
        words = (
            f"A prediction set holds every class that is probable enough for its own limit, so that {level:.0%} of the "
            "truths of each class are held. A set of several classes says that the model cannot tell; an empty one, "
            "that no class fits well. The limits come from out-of-fold answers."
        )
        return (words, *_few(scene, level))
    words = (
        f"An interval is made to hold {level:.0%} of the truths. How far it reaches to each side depends on the "
        "predicted amount, as out-of-fold errors do; it does not know other reasons for which a row may be hard."
    )
    return (words,)


def _few(scene: Scene, level: float) -> tuple[str, ...]:
    """Name the classes for which the promise is not measured well."""
    intake = scene.trained.intake
    truth = intake.material.target.values[validated_rows(intake.material)].astype(np.int64)
    few = [intake.labels[code] for code in few_rows(truth, len(intake.labels), level)]
    if not few:
        return ()
    named = ", ".join(few[:_MOST_DRAWN]) + (f" and {len(few) - _MOST_DRAWN:,} more" if len(few) > _MOST_DRAWN else "")
    words = (
        f"{level:.0%} is not promised for {named}: fewer than {least_rows(level):,} training rows, too few for a limit "
        "that can be relied on. Such classes share a limit, or keep the lowest that their own rows ask for where that "
        "is more inclusive; how many of their truths are held is in the table, with its wide interval."
    )
    return (words,)


def _held(scene: Scene, outputs: Outputs) -> tuple[Held, list[str], NDArray[np.int64]]:
    """Return what was held and how wide, the kinds of rows by name, and the kind of each row."""
    truth = scene.trained.intake.test_target
    if outputs.sets is not None:
        members = outputs.sets.members(scene.answers)
        names = list(scene.trained.intake.labels)
        codes = truth.astype(np.int64)
        return (members[np.arange(len(codes)), codes], members.sum(axis=1).astype(np.float64)), names, codes
    low, high = scene.answers, scene.answers
    if outputs.intervals is not None:
        low, high = outputs.intervals.limits(scene.answers)
    edges = np.unique(np.quantile(scene.answers, np.linspace(0, 1, _PARTS + 1)[1:-1]))
    place = np.searchsorted(edges, scene.answers, side="right").astype(np.int64)
    ends = [number(edge) for edge in edges.tolist()]
    names = [f"{a} to {b}" for a, b in zip(["least", *ends], [*ends, "most"], strict=True)]
    return ((low <= truth) & (truth <= high), high - low), names, place


def _line(name: str, scene: Scene, held: Held, rows: NDArray[np.bool_]) -> tuple[str, int, Score, Score] | None:
    if rows.sum() < (1 if scene.predictor.outputs.sets is not None else _LEAST_ROWS):
        return None
    intake = scene.trained.intake
    found = measure_coverage(
        held[0][rows],
        held[1][rows],
        weight=None if intake.test_weight is None else intake.test_weight[rows],
        groups=None if intake.test_groups is None else intake.test_groups[rows],
        seed=scene.trained.steering.seed,
    )
    return name, found.rows, found.share, found.width


def _sizes(held: Held, *, sets: bool) -> tuple[str, ...]:
    """Say how many sets hold no, one or more classes."""
    if not sets:
        return ()
    sizes = held[1]
    shares = [percent(float(part.mean())) for part in (sizes == 1, sizes > 1, sizes == 0)]
    return (f"Of the held-out rows {shares[0]} have a set of one class, {shares[1]} of several, {shares[2]} of none.",)

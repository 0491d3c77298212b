"""Tells how the bundle's answers move with the columns that it leans on most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.importance import column_places
from mainstay.evaluate.partial import effect_of_category, effect_of_number
from mainstay.evaluate.sections import Plot, Section

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column
    from mainstay.evaluate.partial import Effect
    from mainstay.evaluate.sections import Cell
    from mainstay.train.tell.scene import Scene

__all__ = ["find_effects"]

_COLUMNS = 6
_ROWS = 200
_LINES = 30


def find_effects(scene: Scene) -> Section | None:
    """Return partial dependence and single rows for the most important columns."""
    importance = scene.judgement.importance
    names = [one.column for one in importance.columns if one.loss > 0][:_COLUMNS]
    effects: list[Effect] = []
    longest = 0.0
    for name in names:
        left = scene.clock.left()
        if left <= longest:  # the next column is asked only where it would be through in time
            break
        effect = _effect(scene, name)
        longest = max(longest, left - scene.clock.left())
        if effect is not None:
            effects.append(effect)
    if not effects:
        return None
    what = _what(scene)
    return Section(
        key="effects",
        title="How answers move",
        text=(
            (
                f"Held-out rows were given other values of one column, all else left as it is: the thick line is the "
                f"mean {what} (partial dependence), each thin line a row by itself. Lines that cross say that the "
                "column works in another way for other rows. Where columns hang together some of these rows cannot "
                "exist, and nothing here is a cause."
            ),
        ),
        plots=tuple(_plot(effect, what) for effect in effects),
    )


def _what(scene: Scene) -> str:
    intake = scene.trained.intake
    target = intake.schema.target.name if intake.schema.target is not None else "target"
    return f"probability of {intake.labels[_class(scene)]}" if intake.labels else target


def _class(scene: Scene) -> int:
    """Return the class that is followed: the positive one of two, else the most frequent."""
    labels = scene.trained.intake.labels
    return 1 if len(labels) == 2 else int(np.bincount(scene.trained.intake.test_target.astype(np.int64)).argmax())


def _effect(scene: Scene, name: str) -> Effect | None:
    intake = scene.trained.intake
    rows = np.random.default_rng(scene.settings.seed).permutation(intake.material.holdout.rows)[:_ROWS]
    arrays = intake.material.holdout.take(np.sort(rows))
    numbers, categories = column_places(arrays, intake.schema).get(name, ([], []))
    if len(numbers) == 1 and not categories:
        return _in_words(effect_of_number(_answer(scene), arrays, numbers[0]), intake.schema[name])
    if len(categories) == 1 and not numbers:
        return effect_of_category(_answer(scene), arrays, categories[0], intake.schema[name].categories)
    return None  # dates and texts have many parts that cannot be moved one by one


def _in_words(effect: Effect | None, column: Column) -> Effect | None:
    """Return the effect over words where the numbers stand for some: places in an order, no and yes."""
    words = {"category": column.categories, "boolean": column.categories or ("no", "yes")}.get(column.kind, ())
    if effect is None or not words:
        return effect
    return replace(effect, values=tuple(words[int(value)] for value in effect.values))


def _answer(scene: Scene) -> Callable[[Arrays], NDArray[np.float64]]:
    def answer(arrays: Arrays) -> NDArray[np.float64]:
        given = scene.predictor.predict_arrays(arrays)
        if given.probabilities is None:
            return np.asarray(given.prediction, np.float64)
        return np.asarray(given.probabilities[:, _class(scene)], np.float64)

    return answer


def _plot(effect: Effect, what: str) -> Plot:
    if isinstance(effect.values[0], str):
        low, high = effect.limits
        return Plot(
            kind="dots",
            title=effect.column,
            data={
                "name": list(effect.values), "value": effect.mean.tolist(), "low": low.tolist(), "high": high.tolist(),
            },
            words=f"Mean {what} with its 95 % interval over rows.",
            options={"x": what},
        )  # fmt: skip
    lines = min(_LINES, len(effect.single))
    points = len(effect.values)
    data: dict[str, list[Cell]] = {
        "x": [*effect.values] * (lines + 1),
        "y": [*effect.single[:lines].ravel().tolist(), *effect.mean.tolist()],
        "row": [*(str(row) for row in range(lines) for _ in range(points)), *["mean"] * points],
    }
    return Plot(
        kind="single_rows", title=effect.column, data=data, options={"x": effect.column, "y": what},
        words=f"Thick: the mean {what}. Thin: {lines} rows.",
    )  # fmt: skip

"""Tells how sure the choice among candidates was: their scores over the validation folds, against what is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.resampled import compare_folds
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number
from mainstay.train.blend import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.sections import Cell
    from mainstay.train.tell.scene import Scene
    from mainstay.train.trained import Trained

__all__ = ["find_fold_scores"]

_MARGIN = 0.01  # of the shipped model's error: smaller differences are alike


def find_fold_scores(scene: Scene) -> Section | None:
    """Return each candidate's validation score and how sure its difference from the shipped model is."""
    trained = scene.trained
    scores = _scores(trained)
    name = trained.choice.name
    shipped = scores.get(name)
    if shipped is None or len(shipped) < 2 or len(scores) < 2:
        return None
    sign = trained.steering.sign
    margin = _MARGIN * abs(1.0 - shipped.mean() if sign > 0 else shipped.mean())
    order = sorted(scores, key=lambda one: -scores[one].mean())
    rows = [_row(one, scores[one], shipped, sign=sign, margin=margin) for one in order]
    title = METRICS[trained.steering.name].title
    return Section(
        key="folds",
        title="How sure the choice was",
        text=(
            (f"{title} on the {len(shipped)} validation folds of the training rows, by models that had not seen them. "
            f"Each candidate is held against {name}, which is in the bundle. Folds share most of their training rows, "
            "so the intervals are those of the corrected resampled t-test (Nadeau and Bengio 2003)."),
        ),
        tables=(
            Grid(
                columns=(
                    "Candidate", f"Mean {title}", f"Minus {name}", "95 % interval", "Better", "Alike within 1 %",
                ),
                rows=tuple(rows),
                note="Better and alike are probabilities; what is missing to one is the probability of being worse.",
            ),
        ),
        plots=(_plot(order, scores, sign, title),),
    )  # fmt: skip


def _scores(trained: Trained) -> dict[str, NDArray[np.float64]]:
    """Return the score of each fold, greater is better, for every finished candidate and for what is shipped."""
    done = {entry.candidate.name: entry for entry in trained.entries if entry.status == "done"}
    folds = sorted(next(iter(done.values())).scores) if done else []
    found = {name: np.array([entry.scores[fold] for fold in folds]) for name, entry in done.items()}
    weights = trained.choice.weights
    if trained.choice.name not in found and all(name in done for name in weights):
        material = trained.intake.material
        found[trained.choice.name] = np.array(
            [
                trained.steering.score(
                    material.target.values[material.folds[fold].validation],
                    mix([done[name].validation[fold] for name in weights], list(weights.values())),
                )
                for fold in folds
            ]
        )
    return {name: values for name, values in found.items() if np.isfinite(values).all()}


def _row(
    name: str, scores: NDArray[np.float64], shipped: NDArray[np.float64], *, sign: float, margin: float
) -> tuple[Cell, ...]:
    if scores is shipped:
        return (name, sign * float(scores.mean()), None, "it is in the bundle", None, None)
    found = compare_folds(scores, shipped, margin=margin)
    ends = sorted((sign * (found.low or 0.0), sign * (found.high or 0.0)))
    return (
        name, sign * float(scores.mean()), sign * found.difference, f"{number(ends[0])} to {number(ends[1])}",
        _chance(found.probability_better), _chance(found.probability_alike),
    )  # fmt: skip


def _chance(probability: float | None) -> str:
    if probability is None:
        return ""
    return "< 0.001" if probability < 0.001 else f"{probability:.3f}"


def _plot(order: list[str], scores: dict[str, NDArray[np.float64]], sign: float, title: str) -> Plot:
    points: list[tuple[str, float, float, float]] = []
    for name in order:
        values = sign * scores[name]
        points.append((name, float(values.mean()), float(values.min()), float(values.max())))
    names, means, lows, highs = (list(column) for column in zip(*points, strict=True))
    return Plot(
        kind="dots",
        title="Validation scores",
        data={"name": names, "value": means, "low": lows, "high": highs},
        words="The mean over the folds, and the worst and the best fold.",
        options={"x": title},
    )

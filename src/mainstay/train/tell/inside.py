"""Tells what the shipped model looks like inside: coefficients of linear members, a drawn tree of tree members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.sections import Cell
    from mainstay.train.portraits import Branch, Portrait
    from mainstay.train.tell.scene import Scene

__all__ = ["find_inside"]

_SHOWN = 25
_CLASSES = 3
_NAMED = 12


def find_inside(scene: Scene) -> Section | None:
    """Return coefficients and trees of the members that have some."""
    portraits = scene.trained.portraits
    linear = [one for one in portraits if one.coefficients][:1]
    drawn = [one for one in portraits if one.tree is not None][:1]
    if not linear and not drawn:
        return None
    labels, counts = scene.trained.intake.labels, _counts(scene)
    return Section(
        key="inside",
        title="The model inside",
        text=(
            *(_linear_words(one) + _left_out(one, labels, counts) for one in linear),
            *(_tree_words(one, labels) for one in drawn),
        ),
        plots=(
            *(plot for one in linear for plot in _linear_plots(one, labels, counts)),
            *(_tree_plot(one, labels) for one in drawn),
        ),
        tables=tuple(_coefficient_table(one, labels) for one in linear),
    )


def _counts(scene: Scene) -> NDArray[np.int64]:
    """Return how many held-out rows each class has; empty for amounts."""
    intake = scene.trained.intake
    if not intake.labels:
        return np.zeros(0, np.int64)
    return np.bincount(intake.test_target.astype(np.int64), minlength=len(intake.labels)).astype(np.int64)


def _linear_words(portrait: Portrait) -> str:
    scale = "log-odds" if portrait.link != "identity" else "the target's unit"
    return (
        f"{portrait.name} is a weighted sum of prepared features, the mean of {portrait.folds} models. A coefficient "
        f"is what one unit of it (a standard deviation, where numbers were scaled) adds, in {scale}, all else "
        "equal. Features that say the same share their weight."
    )


def _tree_words(portrait: Portrait, labels: tuple[str, ...]) -> str:
    if portrait.trees == 1:
        leaf = (
            "A leaf names the class that is most probable in it, with its probability"
            if _tells_classes(portrait, labels)
            else "A leaf says its answer"
        )
        return (
            f"{portrait.name} is the mean of {portrait.folds} trees, one for each fold; the first is drawn. {leaf}; "
            "below stands the share of training rows that come there."
        )
    return (
        f"{portrait.name} is a sum of {portrait.trees} trees in each of {portrait.folds} models; the first tree of the "
        "first is drawn, which says what the model asks first, and no more than its own share of the answer."
    )


def _outputs(portrait: Portrait, labels: tuple[str, ...], counts: NDArray[np.int64]) -> list[tuple[int, str]]:
    """Return the outputs whose coefficients are drawn, of many classes the most frequent, and their labels."""
    found = sorted({one.output for one in portrait.coefficients})
    if len(found) == 1:
        return [(found[0], labels[-1] if len(labels) == 2 else "")]
    drawn = sorted(found, key=lambda output: -int(counts[output]) if output < len(counts) else 0)[:_CLASSES]
    return [(output, labels[output] if output < len(labels) else str(output)) for output in drawn]


def _left_out(portrait: Portrait, labels: tuple[str, ...], counts: NDArray[np.int64]) -> str:
    """Return which classes are not drawn, as a sentence."""
    drawn = {output for output, _ in _outputs(portrait, labels, counts)}
    rest = [
        labels[output] if output < len(labels) else str(output)
        for output in sorted({one.output for one in portrait.coefficients} - drawn)
    ]
    if not rest:
        return ""
    more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    return (
        f" Drawn are the {len(drawn)} most frequent classes; the table goes over all of them. "
        f"Not drawn: {', '.join(rest[:_NAMED])}{more}."
    )


def _linear_plots(portrait: Portrait, labels: tuple[str, ...], counts: NDArray[np.int64]) -> list[Plot]:
    plots = []
    for output, label in _outputs(portrait, labels, counts):
        chosen = [one for one in portrait.coefficients if one.output == output][:_SHOWN]
        plots.append(
            Plot(
                kind="bars",
                title="Coefficients" + (f" for {label}" if label else ""),
                data={
                    "name": [one.feature for one in chosen], "value": [one.value for one in chosen],
                    "low": [one.low for one in chosen], "high": [one.high for one in chosen],
                },
                words="Thin lines: the least and the greatest of the folds.",
                options={"x": "Coefficient"},
            )
        )  # fmt: skip
    return plots


def _coefficient_table(portrait: Portrait, labels: tuple[str, ...]) -> Grid:
    several = len({one.output for one in portrait.coefficients}) > 1
    rows: list[tuple[Cell, ...]] = []
    for one in portrait.coefficients[: 2 * _SHOWN]:
        label: tuple[Cell, ...] = (labels[one.output],) if several and one.output < len(labels) else ()
        rows.append((one.feature, *label, one.value, f"{number(one.low)} to {number(one.high)}"))
    heads = ("Feature", *(("Class",) if several else ()), "Coefficient", "Over the folds")
    more = len(portrait.coefficients) - len(rows)
    return Grid(columns=heads, rows=tuple(rows), note=f"{more:,} smaller ones are not shown." if more > 0 else "")


def _tells_classes(portrait: Portrait, labels: tuple[str, ...]) -> bool:
    """Say whether what leaves hold are probabilities, as in trees and forests, and not parts of log-odds."""
    return bool(labels) and portrait.link == "identity"


def _leaf_class(values: tuple[float, ...], labels: tuple[str, ...]) -> tuple[str, float]:
    """Return the most probable class of a leaf and its probability."""
    shares = values if len(values) == len(labels) else (1.0 - values[-1], values[-1])
    best = int(np.argmax(shares))
    return labels[best], shares[best]


def _tree_plot(portrait: Portrait, labels: tuple[str, ...]) -> Plot:
    """Lay the tree out: leaves side by side, each question over the middle of its two ends."""
    names = ("x", "depth", "words", "share", "value", "class", "from_x", "way")
    data: dict[str, list[Cell]] = {name: [] for name in names}
    leaves, classes = 0, _tells_classes(portrait, labels)

    def place(branch: Branch, depth: int) -> int:
        """Put a branch and all below it down; return its row."""
        nonlocal leaves
        row = len(data["x"])
        for column in data.values():
            column.append(None)
        below = [place(child, depth + 1) for child in (branch.yes, branch.no) if child is not None]
        x = sum(float(data["x"][child] or 0.0) for child in below) / len(below) if below else float(leaves)
        leaves += not below
        data["x"][row], data["depth"][row], data["words"][row] = x, depth, branch.words
        data["share"][row], data["value"][row] = _known(branch.share), _known(branch.value)
        if classes and branch.values:
            label, probability = _leaf_class(branch.values, labels)
            data["class"][row], data["words"][row] = label, f"{label}: {percent(probability)}"
        for child, way in zip(below, ("yes", "no"), strict=False):
            data["from_x"][child], data["way"][child] = x, way
        return row

    if portrait.tree is not None:
        place(portrait.tree, 0)
    return Plot(
        kind="tree", title=f"A tree of {portrait.name}", data=data,
        words="Rows for which the question holds go left.",
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value

"""What a shipped model looks like inside, taken while its parts still lie where the workers put them.

Coefficients of linear members are averaged over their folds, as the bundle does; of trees the first one is kept, down
to a depth that a person can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.model import Affine, Trees
from mainstay.train.fold import load_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.schema import Schema
    from mainstay.train.choose import Choice
    from mainstay.train.fold import FoldModel
    from mainstay.train.search import Entry

__all__ = ["Branch", "Coefficient", "Portrait", "portray"]

_DEPTH = 4
_BY_CLASS = (" score", " target mean")
"""How features that stand for a class end: the name of a column, one of these, and the class's code."""
_FORESTS = ("random_forest", "extra_trees")


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A feature's weight in a linear model.

    Parameters
    ----------
    feature : str
        In words: "city = Rome".
    output : int
        The class, or 0.
    value : float
        Averaged over the folds.
    low, high : float
        The least and the greatest of the folds.
    """

    feature: str
    output: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of a drawn tree.

    Parameters
    ----------
    words : str
        The question, or the answer of a leaf.
    share : float
        Of the training rows that came here; NaN where it is not known.
    value : float
        Of a leaf: the last class's, or the amount; NaN at a question.
    values : tuple of float
        Of a leaf: each output's.
    yes, no : Branch, optional
        Where the rows go; both None at a leaf, and where the drawing ends.
    """

    words: str
    share: float
    value: float
    values: tuple[float, ...] = ()
    yes: Branch | None = None
    no: Branch | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """A member of what is shipped, seen from inside.

    Parameters
    ----------
    name : str
        The candidate.
    folds : int
        How many models it is the mean of.
    link : str
        What turns the sum into an answer.
    coefficients : tuple of Coefficient
        Of a linear model; largest first.
    tree : Branch, optional
        The first tree.
    trees : int
        How many trees each model has.
    """

    name: str
    folds: int
    link: str
    coefficients: tuple[Coefficient, ...] = ()
    tree: Branch | None = None
    trees: int = field(default=0)


def portray(choice: Choice, entries: Sequence[Entry], schema: Schema) -> tuple[Portrait, ...]:
    """Return a portrait of each linear or tree member, the one with the largest weight first.

    Parameters
    ----------
    choice : Choice
    entries : sequence of Entry
        Whose results still lie in the scratch folder.
    schema : Schema
        For the words of levels.
    """
    by_name = {entry.candidate.name: entry for entry in entries}
    found: list[Portrait] = []
    for name in sorted(choice.weights, key=lambda one: -choice.weights[one]):
        entry = by_name.get(name)
        if entry is not None and entry.results:
            portrait = _portrait(entry, schema)
            if portrait is not None:
                found.append(portrait)
    return tuple(found)


def _portrait(entry: Entry, schema: Schema) -> Portrait | None:
    folds = sorted(entry.results)
    first = load_model(entry.jobs[folds[0]], entry.results[folds[0]].recipe)
    name, body, link = entry.candidate.name, first.model.body, first.model.link
    if isinstance(body, Affine):
        others = [load_model(entry.jobs[fold], entry.results[fold].recipe) for fold in folds[1:]]
        return Portrait(name, len(folds), link, coefficients=_coefficients([first, *others], schema))
    if isinstance(body, Trees) and entry.candidate.learner != "baseline":
        words = _Words(first, schema)
        tree = _branch(body, int(body.roots[0]), words, _answer_of(body, entry.candidate.learner))
        return Portrait(name, len(folds), link, tree=tree, trees=len(body.roots))
    return None


def _coefficients(models: Sequence[FoldModel], schema: Schema) -> tuple[Coefficient, ...]:
    """Average over the folds; a feature that a fold does not have counts as 0 there."""
    values: dict[tuple[str, int], list[float]] = {}
    for model in models:
        body = model.model.body
        if not isinstance(body, Affine):
            continue
        words = _Words(model, schema)
        for place, row in enumerate(body.coefficients):
            for output, value in enumerate(row):
                values.setdefault((words.feature(place), output), []).append(float(value))
    made = [
        Coefficient(feature, output, sum(found) / len(models), min(found), max(found))
        for (feature, output), seen in values.items()
        for found in [seen + [0.0] * (len(models) - len(seen))]
    ]
    return tuple(sorted(made, key=lambda one: -abs(one.value)))


class _Words:
    """The names of a model's features, with the words of levels in place of their codes."""

    def __init__(self, model: FoldModel, schema: Schema) -> None:
        self.names = model.recipe.names
        self._levels = {column.name: column.categories for column in schema.columns}
        classes = schema.target.categories if schema.target is not None else ()
        by_class = {f"{column.name}{mark}": classes for column in schema.features for mark in _BY_CLASS}
        self._levels = {**by_class, **self._levels}

    def feature(self, place: int) -> str:
        """Return "city = Rome" for the feature "city = 2", and the class's name for "review score = 1"."""
        column, equal, code = self.names[place].rpartition(" = ")
        levels = self._levels.get(column, ())
        return (
            f"{column} = {levels[int(code)]}"
            if equal and code.isdigit() and int(code) < len(levels)
            else self.names[place]
        )

    def levels(self, place: int) -> tuple[str, ...]:
        """Return the words of a category column that stands as it is; empty for any other feature."""
        return self._levels.get(self.names[place], ())

    def members(self, place: int, codes: Sequence[int]) -> str:
        """Return the levels that go one way, in words."""
        known = dict(enumerate(self.levels(place)))
        said = [known.get(code, "new" if code == len(known) else "missing") for code in codes]
        shown = ", ".join(said[:3])
        return f"{self.names[place]}: {shown}" + (f" and {len(said) - 3} more" if len(said) > 3 else "")


@dataclass(frozen=True, slots=True)
class _Answer:
    """How the value of a leaf becomes an answer: forests keep shares of a mean, boosters a part of a sum."""

    scale: float
    base: tuple[float, ...]

    def of(self, leaf: Sequence[float]) -> tuple[float, ...]:
        """Return what a leaf with these values answers."""
        return tuple(base + self.scale * float(value) for base, value in zip(self.base, leaf, strict=True))


def _answer_of(trees: Trees, learner: str) -> _Answer:
    base = tuple(float(value) for value in trees.base)
    if len(trees.roots) == 1:
        return _Answer(1.0, base)
    return _Answer(len(trees.roots), base) if learner in _FORESTS else _Answer(1.0, (0.0,) * len(base))


def _branch(trees: Trees, node: int, words: _Words, answer: _Answer, depth: int = 0) -> Branch:
    whole = trees.cover[int(trees.roots[0])] if len(trees.cover) else np.nan
    share = float(trees.cover[node] / whole) if len(trees.cover) and whole else float("nan")
    if trees.feature[node] < 0:
        values = answer.of(trees.value[node])
        return Branch(f"{values[-1]:.4g}", share, values[-1], values)
    if depth == _DEPTH:
        return Branch("...", share, float("nan"))
    question = _question(trees, node, words)
    yes, no = (_branch(trees, int(child[node]), words, answer, depth + 1) for child in (trees.left, trees.right))
    return Branch(question, share, float("nan"), yes=yes, no=no)


def _question(trees: Trees, node: int, words: _Words) -> str:
    place, threshold = int(trees.feature[node]), float(trees.threshold[node])
    if node in trees.members:
        return words.members(place, [int(code) for code in trees.members[node]])
    levels = words.levels(place)
    if levels:  # codes as plain numbers: missing is -1
        return words.members(place, [code for code in range(-1, len(levels) + 1) if code <= threshold])
    if " = " in words.feature(place) and 0 <= threshold < 1:
        return f"not {words.feature(place)}"
    return f"{words.feature(place)} <= {threshold:.5g}"

"""The portfolio: which candidates are tried on this table, with which preparation.

The baseline and a linear model come first, so that every other score has something to be held against; with many rows
one fast model of trees comes before the linear one.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import MissingPackageError, UsageError
from mainstay.learners.catalogue import absent, learner, names, paths
from mainstay.prepare.recipe import Recipe
from mainstay.train.shelf import SHELF, Offer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.learner import TaskName

__all__ = ["Candidate", "Preparation", "portfolio"]


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says about preparation; "auto" leaves it to each candidate.

    Parameters
    ----------
    missing, scale, encode : str, default "auto"
        As in :class:`mainstay.prepare.recipe.Recipe`.
    polynomial : int, default 1
        2 adds squares and products of the numeric columns.
    rare : int, default 0
        Levels of categories with fewer rows than this are taken as unseen.
    text : str, default "auto"
        As in :class:`mainstay.prepare.recipe.Recipe`; "auto" is "linear".
    derive : tuple of str, default ()
        Expressions such as ``"total = monthly * tenure"``.
    monotone : dict of str to int, default {}
        Number columns with which answers must not fall (1) or not rise (-1).
    """

    missing: str = "auto"
    scale: str = "auto"
    encode: str = "auto"
    polynomial: int = 1
    rare: int = 0
    text: str = "auto"
    derive: tuple[str, ...] = ()
    monotone: dict[str, int] = {}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A learner with its settings and its recipe: all it takes to fit it again.

    Parameters
    ----------
    name : str
        As on the leaderboard.
    learner : str
        A name in the catalogue of learners.
    settings : dict
        Its parameters, where they differ from the defaults.
    recipe : Recipe
    always : bool
        Whether it runs to the end however it compares (baseline and linear).
    effort : float, default 1.0
        About how much longer a fit takes than that of boosting with few leaves.
    """

    name: str
    learner: str
    settings: dict[str, float | int | str | bool] = {}
    recipe: Recipe = Recipe()
    always: bool = False
    effort: float = 1.0


_BASELINE = Offer("baseline", "baseline")
_SQUARES = "ridge_squares"
_FIRST, _MANY = "lightgbm_fast", 10_000
_FEW_CLASSES = 3
_MOST_LEVELS = 30  # one-hot columns of a category; each more takes memory, and rare levels tell a linear model little
_MOST_CODES = 8  # levels of a column whose codes are taken as numbers; with more the order of the codes tells nothing
_STEADY = ("baseline", "logistic", "ridge")
_SCALED = ("logistic", "ridge", "lasso", "elastic_net", "quantile_regression", "linear_svm", "svm", "mlp",
           "nearest_neighbours", "gaussian_process", "naive_bayes")  # fmt: skip
"""Learners to which codes of levels are no amounts: they get a column for each frequent level, at one scale."""


def portfolio(
    task: TaskName, preparation: Preparation, *, models: Sequence[str] | None = None, rows: int = 0, classes: int = 2
) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are tried.

    Parameters
    ----------
    task : {"classification", "regression"}
    preparation : Preparation
    models : sequence of str, optional
        Names of learners or candidates to keep; the baseline stays in any case. Learners that are not in the portfolio
        come with their defaults.
    rows : int, default 0
        The rows to learn from: with many, those that cannot use them are not tried by themselves.
    classes : int, default 2
        Boosting grows trees for each class, so with many classes and few rows what is cheaper comes first.

    Raises
    ------
    UsageError
        When a name is not known, or a model cannot keep the directions that are asked for.
    MissingPackageError
        When a model that is named needs a package that is not installed.

    Examples
    --------
    >>> [candidate.name for candidate in portfolio("regression", Preparation())][:3]
    ['baseline', 'ridge', 'decision_tree']
    """
    offers = tuple(one for one in SHELF[task] if _keeps(one.learner, preparation))
    if models is None:
        able = [one for one in offers if rows <= (one.most_rows or rows) and _is_at_hand(one.learner)]
        chosen = _in_order([_priced(one, classes) for one in able], rows, classes)
        return tuple(_candidate(one, preparation) for one in (_BASELINE, *chosen))
    others = [name for name in names(task) if name not in {one.name for one in offers} and _keeps(name, preparation)]
    alone = [Offer(name, name) for name in others]
    everything = [one for one in (*offers, *alone) if one.learner in names(task) and one.learner != _BASELINE.learner]
    known = {one.name for one in everything} | {one.learner for one in everything} | {_BASELINE.name}
    unknown = [name for name in models if name not in known]
    for name in unknown:
        _check_package(name)
        _check_directions(name, preparation)
    if unknown:
        other: TaskName = "regression" if task == "classification" else "classification"
        elsewhere = unknown[0] in {*names(other), *(one.name for one in SHELF[other])}
        raise UsageError(
            f"there is no model {unknown[0]!r} for {task}" + (f"; it is for {other}" if elsewhere else ""),
            where="models",
            hint=f"Choose from: {', '.join(sorted(known))}.",
        )
    named = [one for one in everything if one.name in models or one.learner in models]
    # What the user names is not dropped in the race.
    made = (msgspec.structs.replace(_candidate(one, preparation), always=True) for one in named)
    return (_candidate(_BASELINE, preparation), *made)


def _priced(offer: Offer, classes: int) -> Offer:
    """Boosting with several classes grows a tree for each in every round."""
    grown = classes if classes > 2 and learner(offer.learner).uses_validation else 1
    return replace(offer, effort=offer.effort * grown)


def _in_order(offers: list[Offer], rows: int, classes: int) -> list[Offer]:
    """Put first what must not wait: with many rows one fast model of trees, for a linear one may take all the time."""
    if rows > _MANY:
        return sorted(offers, key=lambda one: one.name != _FIRST)
    return sorted(offers, key=lambda one: one.effort) if classes > _FEW_CLASSES else offers


def _keeps(name: str, preparation: Preparation) -> bool:
    """Say whether a learner keeps directions, where some are asked for."""
    return not preparation.monotone or (name in paths() and getattr(learner(name), "takes_monotone", False))


def _check_package(name: str) -> None:
    """Say how to get the package where a model is left out for want of it."""
    kind = {one.name: one.learner for offers in SHELF.values() for one in offers}.get(name, name)
    if kind in absent():
        package = getattr(learner(kind), "package", kind)
        raise MissingPackageError(
            f"{name} needs the package {package}, which is not installed", where="models", hint=f"Run: {absent()[kind]}"
        )


def _check_directions(name: str, preparation: Preparation) -> None:
    """Say it where a model is left out because it cannot keep directions."""
    kind = {one.name: one.learner for offers in SHELF.values() for one in offers}.get(name, name)
    if kind in paths() and not _keeps(kind, preparation):
        able = [one for one in paths() if getattr(learner(one), "takes_monotone", False)]
        raise UsageError(
            f"{name} cannot keep directions, and monotone asks for {len(preparation.monotone)}",
            where="models",
            hint=f"These can: {', '.join(able)}.",
        )


def _is_at_hand(name: str) -> bool:
    """Say whether a learner is in the catalogue, and the package that it needs is installed."""
    if name not in paths():
        return False
    package = getattr(learner(name), "package", None)
    return package is None or find_spec(package) is not None


def _candidate(offer: Offer, preparation: Preparation) -> Candidate:
    return Candidate(
        name=offer.name,
        learner=offer.learner,
        settings=offer.settings,
        recipe=_recipe(offer.name, offer.learner, preparation),
        always=offer.name in _STEADY,
        effort=offer.effort,
    )


def _recipe(name: str, kind: str, preparation: Preparation) -> Recipe:
    if kind == "baseline":
        return Recipe(missing="none", scale="none", encode="ordinal", text="none")
    taught, linear = learner(kind), kind in _SCALED
    automatic = {
        "missing": "none" if taught.takes_missing else "median",
        "scale": "standard" if linear else "none",
        "encode": "codes" if taught.takes_codes else ("one_hot" if linear else "ordinal"),
    }
    given = {option: getattr(preparation, option) for option in automatic}
    chosen = {option: automatic[option] if value == "auto" else value for option, value in given.items()}
    return Recipe(
        missing=chosen["missing"],
        scale=chosen["scale"],
        encode=chosen["encode"],
        indicator=linear,
        max_levels=_MOST_LEVELS if linear or taught.takes_codes else _MOST_CODES,
        many_levels="same" if preparation.encode != "auto" else ("both" if taught.takes_codes else "target"),
        rare=preparation.rare,
        cyclic=linear,
        text="linear" if preparation.text == "auto" else preparation.text,
        polynomial=2 if name == _SQUARES else preparation.polynomial,
        derive=preparation.derive,
        monotone=preparation.monotone if getattr(taught, "takes_monotone", False) else {},
    )

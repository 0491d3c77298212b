"""The portfolio: which settings are tried, and in which order.

Good defaults tried in the order of what they cost beat a search at small budgets (AMLB and TabArena tables); the
baseline and a linear model always come first, so that every other score has something to be held against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.learners.catalogue import learner, names
from mainstay.prepare.recipe import Recipe

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
    derive : tuple of str, default ()
        Expressions such as ``"total = monthly * tenure"``.
    """

    missing: str = "auto"
    scale: str = "auto"
    encode: str = "auto"
    polynomial: int = 1
    derive: tuple[str, ...] = ()


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
    """

    name: str
    learner: str
    settings: dict[str, float | int | str | bool] = {}
    recipe: Recipe = Recipe()
    always: bool = False


_Settings = dict[str, float | int | str | bool]

_Row = tuple[str, str, _Settings]

_SQUARES = "ridge_squares"
_MOST_LEVELS = 30  # one-hot columns of a category; each more takes memory, and rare levels tell a linear model little
_LINEAR = ("logistic", "ridge")

# Settings from "Better by default" (arXiv 2407.04491, tuned over 118 data sets), and variants of them that were best or
# nearly so on our development tables at a fraction of the time. The order is that of gain per second.
# A split of a category is a list of levels in the graph, and long lists take most of a model's memory.
_SHORT_SETS: _Settings = {"max_cat_threshold": 16}
# The folds together have a few hundred trees; more in each makes the file large and the answers slow, for little.
_FOREST: _Settings = {"n_estimators": 50, "max_leaf_nodes": 800}
_CLASSIFICATION: tuple[_Row, ...] = (
    ("logistic", "logistic", {}),
    ("decision_tree", "decision_tree", {}),
    ("lightgbm_fast", "lightgbm", {"learning_rate": 0.1, "colsample": 0.8}),
    ("lightgbm_small", "lightgbm", {"num_leaves": 8, "learning_rate": 0.06, "colsample": 0.6}),
    ("lightgbm_tuned", "lightgbm", {
        "learning_rate": 0.04, "num_leaves": 50, "subsample": 0.75, "min_data_in_leaf": 40,
        "min_sum_hessian_in_leaf": 1e-7,
    }),
    ("random_forest", "random_forest", _FOREST),
    ("lightgbm", "lightgbm", {}),
    ("lightgbm_extra", "lightgbm", {"extra_trees": True, "num_leaves": 40, "colsample": 0.5}),
    ("extra_trees", "extra_trees", _FOREST),
    ("lightgbm_penalised", "lightgbm", {"learning_rate": 0.04, "colsample": 0.4, "subsample": 0.75, "l2": 20.0}),
)  # fmt: skip
_REGRESSION: tuple[_Row, ...] = (
    ("ridge", "ridge", {}),
    ("decision_tree", "decision_tree", {}),
    ("lightgbm_fast", "lightgbm", {"learning_rate": 0.1, "num_leaves": 63, "colsample": 0.8}),
    ("ridge_squares", "ridge", {}),
    ("lightgbm_narrow", "lightgbm", {
        "num_leaves": 60, "learning_rate": 0.05, "colsample": 0.5, "l2": 5.0, "subsample": 0.8,
    }),
    ("extra_trees", "extra_trees", _FOREST),
    ("lightgbm_tuned", "lightgbm", {
        "learning_rate": 0.05, "num_leaves": 100, "subsample": 0.7, "min_data_in_leaf": 3,
        "min_sum_hessian_in_leaf": 1e-7,
    }),
    ("random_forest", "random_forest", _FOREST),
    ("lightgbm_small", "lightgbm", {"num_leaves": 10, "learning_rate": 0.1, "colsample": 0.6}),
)  # fmt: skip


def portfolio(
    task: TaskName, preparation: Preparation, *, models: Sequence[str] | None = None
) -> tuple[Candidate, ...]:
    """Return the candidates in the order in which they are tried.

    Parameters
    ----------
    task : {"classification", "regression"}
    preparation : Preparation
    models : sequence of str, optional
        Names of learners or candidates to keep; the baseline stays in any case.

    Raises
    ------
    UsageError
        When a name is not known.

    Examples
    --------
    >>> [candidate.name for candidate in portfolio("regression", Preparation())][:3]
    ['baseline', 'ridge', 'decision_tree']
    """
    everything = _all(task, preparation)
    if models is None:
        return everything
    known = {candidate.name for candidate in everything} | {candidate.learner for candidate in everything}
    unknown = [name for name in models if name not in known]
    if unknown:
        raise UsageError(
            f"there is no model {unknown[0]!r} for {task}",
            where="models",
            hint=f"Choose from: {', '.join(sorted(known))}.",
        )
    named = [one for one in everything if one.name in models or one.learner in models]
    # What the user names is not dropped in the race.
    return (everything[0], *(msgspec.structs.replace(one, always=True) for one in named if one is not everything[0]))


def _all(task: TaskName, preparation: Preparation) -> tuple[Candidate, ...]:
    rows = _CLASSIFICATION if task == "classification" else _REGRESSION
    known = set(names(task))
    return tuple(
        Candidate(
            name=name,
            learner=kind,
            settings=settings | _SHORT_SETS if kind == "lightgbm" else settings,
            recipe=_recipe(name, kind, preparation),
            always=name in ("baseline", *_LINEAR),
        )
        for name, kind, settings in (("baseline", "baseline", {}), *rows)
        if kind in known
    )


def _recipe(name: str, kind: str, preparation: Preparation) -> Recipe:
    if kind == "baseline":
        return Recipe(missing="none", scale="none", encode="ordinal", text="none")
    taught, linear = learner(kind), kind in _LINEAR
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
        max_levels=_MOST_LEVELS,
        polynomial=2 if name == _SQUARES else preparation.polynomial,
        derive=preparation.derive,
    )

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

_TUNED: dict[TaskName, _Settings] = {
    # The defaults that were tuned over 118 data sets in "Better by default", arXiv 2407.04491.
    "classification": {
        "learning_rate": 0.04, "num_leaves": 50, "subsample": 0.75, "min_data_in_leaf": 40,
        "min_sum_hessian_in_leaf": 1e-7,
    },
    "regression": {
        "learning_rate": 0.05, "num_leaves": 100, "subsample": 0.7, "min_data_in_leaf": 3,
        "min_sum_hessian_in_leaf": 1e-7,
    },
}  # fmt: skip

_VARIANTS: tuple[tuple[str, _Settings], ...] = (
    # Random thresholds, few leaves and few columns: cheap sources of difference for the blend.
    ("lightgbm_small", {"num_leaves": 9, "learning_rate": 0.07, "colsample": 0.6, "min_data_in_leaf": 20}),
    ("lightgbm_extra_small", {"extra_trees": True, "num_leaves": 12, "learning_rate": 0.08, "colsample": 0.7}),
    ("lightgbm_penalised", {"num_leaves": 31, "colsample": 0.4, "l2": 20.0}),
    ("lightgbm_extra", {"extra_trees": True, "colsample": 0.55}),
    ("lightgbm_wide", {"num_leaves": 120, "learning_rate": 0.03, "colsample": 0.5, "min_data_in_leaf": 30}),
)


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
    return tuple(one for one in everything if one.name in models or one.learner in models or one.name == "baseline")


def _all(task: TaskName, preparation: Preparation) -> tuple[Candidate, ...]:
    linear = "logistic" if task == "classification" else "ridge"
    tuned = _TUNED[task]
    lightgbm = [("lightgbm", "lightgbm", tuned), *((name, "lightgbm", tuned | more) for name, more in _VARIANTS)]
    rows: list[tuple[str, str, _Settings]] = [
        ("baseline", "baseline", {}),
        (linear, linear, {}),
        ("decision_tree", "decision_tree", {}),
        *lightgbm[:2],
        ("random_forest", "random_forest", {}),
        *lightgbm[2:4],
        ("extra_trees", "extra_trees", {}),
        *lightgbm[4:],
    ]
    known = set(names(task))
    return tuple(
        Candidate(
            name=name,
            learner=kind,
            settings=settings,
            recipe=_recipe(kind, preparation),
            always=kind in ("baseline", linear),
        )
        for name, kind, settings in rows
        if kind in known
    )


def _recipe(kind: str, preparation: Preparation) -> Recipe:
    taught = learner(kind)
    linear = kind in ("logistic", "ridge")
    automatic = {
        "missing": "none" if taught.takes_missing else "median",
        "scale": "standard" if linear else "none",
        "encode": "codes" if taught.takes_codes else ("one_hot" if linear else "ordinal"),
    }
    given = {name: getattr(preparation, name) for name in automatic}
    chosen = {name: automatic[name] if value == "auto" else value for name, value in given.items()}
    if kind == "baseline":
        chosen = {"missing": "none", "scale": "none", "encode": "ordinal"}
    return Recipe(
        missing=chosen["missing"],
        scale=chosen["scale"],
        encode=chosen["encode"],
        indicator=linear and chosen["missing"] != "none",
        polynomial=preparation.polynomial if kind != "baseline" else 1,
        derive=preparation.derive,
    )

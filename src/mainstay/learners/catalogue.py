"""Which algorithms there are: a table of names and dotted paths, so that naming one imports nothing else.

Adding a learner is one file and one line here (or one entry point in the group ``mainstay.learners`` of another
package); the checks in :mod:`mainstay.contracts.checks.check_learner` then run over it.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Learner
from mainstay.learners.plugins import load, with_plugins
from mainstay.learners.supervised.optional import INSTALL, is_installed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.learner import TaskName

__all__ = ["GROUP", "LEARNERS", "absent", "learner", "names", "paths"]

GROUP = "mainstay.learners"
"""The entry-point group by which another package adds learners: name = "package.module.Class"."""

_NEEDS = "a learner with name, tasks, parameters, takes_missing, takes_codes, uses_validation and fit"

LEARNERS: dict[str, str] = {
    "baseline": "mainstay.learners.supervised.baseline.Baseline",
    "ridge": "mainstay.learners.supervised.ridge.Ridge",
    "logistic": "mainstay.learners.supervised.logistic.Logistic",
    "naive_bayes": "mainstay.learners.supervised.naive_bayes.NaiveBayes",
    "lasso": "mainstay.learners.supervised.lasso.Lasso",
    "elastic_net": "mainstay.learners.supervised.elastic_net.ElasticNet",
    "nearest_neighbours": "mainstay.learners.supervised.nearest_neighbours.NearestNeighbours",
    "linear_svm": "mainstay.learners.supervised.linear_svm.LinearSVM",
    "quantile_regression": "mainstay.learners.supervised.quantile_regression.QuantileRegression",
    "mlp": "mainstay.learners.supervised.mlp.MLP",
    "gaussian_process": "mainstay.learners.supervised.gaussian_process.GaussianProcess",
    "svm": "mainstay.learners.supervised.svm.SVM",
    "decision_tree": "mainstay.learners.supervised.decision_tree.DecisionTree",
    "lightgbm": "mainstay.learners.supervised.lightgbm.LightGBM",
    "hist_gradient_boosting": "mainstay.learners.supervised.hist_gradient_boosting.HistGradientBoosting",
    "xgboost": "mainstay.learners.supervised.xgboost.XGBoost",
    "catboost": "mainstay.learners.supervised.catboost.CatBoost",
    "extra_trees": "mainstay.learners.supervised.extra_trees.ExtraTrees",
    "adaboost": "mainstay.learners.supervised.adaboost.AdaBoost",
    "random_forest": "mainstay.learners.supervised.random_forest.RandomForest",
}
"""The built-in learners, cheap ones first."""


def paths() -> Mapping[str, str]:
    """Return every learner's name with its dotted path: the built-in ones, then those of installed plugins.

    Raises
    ------
    UsageError
        When a plugin takes a name that is taken.

    Examples
    --------
    >>> paths()["ridge"]
    'mainstay.learners.supervised.ridge.Ridge'
    """
    return with_plugins(LEARNERS, GROUP, entry_points)


def learner(name: str) -> Learner:
    """Return the learner of that name.

    Raises
    ------
    UsageError
        When there is none of that name, or a plugin's class is not a learner.

    Examples
    --------
    >>> learner("baseline").tasks
    ('classification', 'regression')
    """
    known = paths()
    if name not in known:
        raise UsageError(f"there is no learner {name!r}", hint=f"There are: {', '.join(known)}.")
    found: Learner = load(known[name], Learner, _NEEDS, GROUP)
    return found


def names(task: TaskName) -> tuple[str, ...]:
    """Return the learners for a task, in the order of the catalogue; without those whose package is :func:`absent`.

    Examples
    --------
    >>> names("regression")[:3]
    ('baseline', 'ridge', 'lasso')
    """
    away = absent()
    return tuple(name for name in paths() if name not in away and task in learner(name).tasks)


def absent() -> Mapping[str, str]:
    """Return the learners whose optional package is not installed, each with the line that installs it.

    A learner names its package, where it needs one beyond the core, as ``package``; its ``fit`` then raises
    :class:`~mainstay.contracts.errors.MissingPackageError`.

    Examples
    --------
    >>> "ridge" in absent()
    False
    """
    return {name: INSTALL for name in paths() if (package := _package(name)) and not is_installed(package)}


def _package(name: str) -> str:
    """Return the optional package that a learner says it needs, or nothing."""
    return str(getattr(learner(name), "package", ""))

"""What the portfolio offers: settings of learners that are known to be good, in the order in which they are tried.

Good defaults tried in the order of what they cost beat a search at small budgets (AMLB and TabArena tables). Settings
named "tuned" are those of "Better by default" (arXiv 2407.04491, tuned over 118 data sets); variants with few leaves,
with thresholds drawn by chance and with strong penalties make the others' errors average out (the first members of the
published portfolios are of these kinds). None was fitted to one table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.contracts.learner import TaskName, Value

__all__ = ["SHELF", "Offer"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate before anything is known of the table.

    Parameters
    ----------
    name : str
        As on the leaderboard.
    learner : str
    settings : dict
        Where they differ from the learner's defaults.
    most_rows : int, optional
        With more rows it is not tried by itself: it would look at a part of them, or take longer than it is worth.
    effort : float, default 1.0
        About how much longer a fit takes than that of boosting with few leaves; measured on 1,000 to 30,000 rows.
    """

    name: str
    learner: str
    settings: dict[str, Value] = field(default_factory=dict)
    most_rows: int | None = None
    effort: float = 1.0


# A split of a category is a list of levels in the graph, and long lists take most of a model's memory.
_SHORT: dict[str, Value] = {"max_cat_threshold": 16}
# The folds together have a few hundred trees; more in each makes the file large and the answers slow, for little.
_FOREST: dict[str, Value] = {"n_estimators": 50, "max_leaf_nodes": 800}
_FEWEST = 1_000
_FEW = 5_000
_SOME = 20_000

_CLASSIFICATION = (
    Offer("logistic", "logistic"),
    Offer("decision_tree", "decision_tree", {}, _SOME),
    Offer("lightgbm_fast", "lightgbm", {"learning_rate": 0.1, "colsample": 0.8, **_SHORT}, effort=0.8),
    Offer("lightgbm_small", "lightgbm", {"num_leaves": 8, "learning_rate": 0.06, "colsample": 0.6, **_SHORT}),
    Offer("catboost", "catboost", effort=4.0),
    Offer("random_forest", "random_forest", _FOREST, effort=2.0),
    Offer("lightgbm_tuned", "lightgbm", {
        "learning_rate": 0.04, "num_leaves": 50, "subsample": 0.75, "min_data_in_leaf": 40,
        "min_sum_hessian_in_leaf": 1e-7, **_SHORT,
    }, effort=1.8),
    Offer("lightgbm_extra", "lightgbm", {
        "extra_trees": True, "num_leaves": 40, "learning_rate": 0.04, "colsample": 0.5, **_SHORT,
    }, effort=1.8),
    Offer("extra_trees", "extra_trees", _FOREST, effort=2.0),
    Offer("xgboost", "xgboost", effort=2.0),
    Offer("mlp", "mlp", {}, _SOME, effort=4.0),
    Offer("lightgbm_penalised", "lightgbm", {
        "learning_rate": 0.04, "colsample": 0.4, "subsample": 0.75, "l2": 20.0, **_SHORT,
    }, effort=2.0),
    Offer("svm", "svm", {}, _FEW, effort=4.0),
    Offer("gaussian_process", "gaussian_process", {}, _FEWEST, effort=4.0),
    Offer("catboost_slow", "catboost", {
        "learning_rate": 0.04, "depth": 7, "l2_leaf_reg": 3.0, "subsample": 0.7, "colsample": 0.6,
    }, effort=6.0),
    Offer("lightgbm_stumps", "lightgbm", {"num_leaves": 4, "learning_rate": 0.08, "colsample": 0.5, **_SHORT}),
    Offer("nearest_neighbours", "nearest_neighbours", {}, _SOME),
    Offer("naive_bayes", "naive_bayes", {}, _FEW),
)  # fmt: skip
_REGRESSION = (
    Offer("ridge", "ridge"),
    Offer("decision_tree", "decision_tree", {}, _SOME),
    Offer("lightgbm_fast", "lightgbm", {
        "learning_rate": 0.1, "num_leaves": 63, "colsample": 0.8, **_SHORT,
    }, effort=0.6),
    Offer("lightgbm_narrow", "lightgbm", {
        "num_leaves": 60, "learning_rate": 0.05, "colsample": 0.5, "l2": 5.0, "subsample": 0.8, **_SHORT,
    }, effort=1.8),
    Offer("catboost", "catboost", {
        "learning_rate": 0.09, "random_strength": 0.0, "leaf_estimation_iterations": 1, "depth": 7,
    }, effort=4.0),
    Offer("extra_trees", "extra_trees", _FOREST, effort=2.0),
    Offer("lightgbm_small", "lightgbm", {"num_leaves": 8, "learning_rate": 0.06, "colsample": 0.6, **_SHORT}),
    Offer("lightgbm_tuned", "lightgbm", {
        "learning_rate": 0.05, "num_leaves": 100, "subsample": 0.7, "min_data_in_leaf": 3,
        "min_sum_hessian_in_leaf": 1e-7, **_SHORT,
    }, effort=2.2),
    Offer("ridge_squares", "ridge"),
    Offer("random_forest", "random_forest", _FOREST, effort=2.5),
    Offer("xgboost", "xgboost", {
        "learning_rate": 0.05, "max_depth": 9, "min_child_weight": 2.0, "subsample": 0.7, "colsample_bylevel": 1.0,
    }, effort=3.0),
    Offer("mlp", "mlp", {}, _SOME, effort=4.0),
    Offer("svm", "svm", {}, _FEW, effort=4.0),
    Offer("gaussian_process", "gaussian_process", {}, _FEWEST, effort=4.0),
    Offer("lightgbm_extra", "lightgbm", {
        "extra_trees": True, "num_leaves": 60, "learning_rate": 0.05, "colsample": 0.7, **_SHORT,
    }, effort=2.0),
    Offer("catboost_slow", "catboost", {
        "learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 3.0, "subsample": 0.7, "colsample": 0.6,
        "random_strength": 1.0,
    }, effort=6.0),
    Offer("nearest_neighbours", "nearest_neighbours", {}, _SOME),
    Offer("elastic_net", "elastic_net", {}, _FEW),
)  # fmt: skip

SHELF: dict[TaskName, tuple[Offer, ...]] = {"classification": _CLASSIFICATION, "regression": _REGRESSION}
"""The offers of each task."""

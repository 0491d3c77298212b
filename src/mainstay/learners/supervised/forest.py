"""How a forest grows under a deadline: a few trees at a time; the two forests differ only in the estimator."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.sklearn_trees import TreeModel, affordable_depth, writable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Learner, Target, Value

__all__ = ["LEAVES", "Growth", "forest_parameters", "grow"]

LEAVES = 240_000
"""The leaves of a whole forest, times its outputs, that the default settings allow: about 10 MB of graph."""


def forest_parameters(*, max_features: float, bootstrap: bool) -> tuple[Parameter, ...]:
    """Return what both forests declare; the defaults that differ are given."""
    return (
        Parameter("n_estimators", 100, "The most trees.", low=1, high=100_000, log=True, search=(50, 500)),
        Parameter(
            "max_features",
            max_features,
            "The share of features that a split looks at; 0 takes the square root of their number in "
            "classification and half of them in regression.",
            low=0,
            high=1,
            search=(0.1, 1.0),
        ),
        Parameter(
            "min_samples_leaf",
            0,
            "The fewest rows in a leaf; 0 takes 5 in classification, 2 in regression, and one per 5,000 rows if more.",
            low=0,
            high=10**9,
            search=(1, 30),
        ),
        Parameter(
            "max_leaf_nodes",
            0,
            f"The most leaves of a tree; 0 shares {LEAVES:,} leaves (times outputs) among the trees.",
            low=0,
            high=10**9,
        ),
        Parameter("max_depth", 0, "The most questions that a tree asks; 0 sets no limit.", low=0, high=60),
        Parameter(
            "criterion", "auto", "How a split is judged in classification.", choices=("auto", "gini", "entropy")
        ),
        Parameter("bootstrap", bootstrap, "Whether each tree sees rows drawn with replacement."),
        Parameter(
            "max_samples", 1.0, "The share of rows that each tree draws, with bootstrap.", low=0.01, high=1,
            search=(0.5, 1.0),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Growth:
    """What to grow.

    Parameters
    ----------
    learner : Learner
    make : callable
        Task and keyword arguments -> scikit-learn forest.
    """

    learner: Learner
    make: Callable[..., Any]

    def fit(
        self, features: Features, target: Target, settings: Mapping[str, Value], *, seed: int, deadline: Deadline
    ) -> Fitted:
        """Grow the forest and return it; see the learner's own ``fit``."""
        chosen = admit(self.learner, features, target, settings, deadline)
        if target.task == "classification":
            classes, amounts = classes_of(target), None
            if len(classes.present) == 1:
                return ConstantModel(shares(target), target.task)
            values: Any = classes.codes
        else:
            classes, amounts = None, amounts_of(target)
            if amounts.spread == 0:
                return ConstantModel(np.array([amounts.centre]), target.task)
            values = amounts.values
        matrix = writable(features.matrix)
        weight = None if target.weight is None else writable(target.weight)
        rows, width = matrix.shape
        outputs = 1 if classes is None else len(classes.present)
        options = _options(chosen, rows, width, outputs=outputs)
        stump = self.make(target.task, n_estimators=1, random_state=0, **(options | {"max_depth": 1}))
        depth = affordable_depth(stump, matrix, values, deadline)
        if depth is not None and depth < (options["max_depth"] or 60):
            options["max_depth"] = depth
        model = self.make(target.task, random_state=seed & 0x7FFFFFFF, warm_start=True, **options)
        grow(model, matrix, values, weight, trees=int(chosen["n_estimators"]), deadline=deadline)
        remarks: dict[str, Value] = {"cut_short": len(model.estimators_) < int(chosen["n_estimators"])}
        trees = [member.tree_ for member in model.estimators_]
        return TreeModel(self.learner, model, trees, classes, amounts, remarks)


def grow(model: Any, matrix: Any, values: Any, weight: Any, *, trees: int, deadline: Deadline) -> None:
    """Add trees to a forest with ``warm_start`` until there are so many or the deadline is near.

    The seed of each tree depends on its place alone, so the size of the steps changes nothing.
    """
    grown, began = 0, time.perf_counter()
    while grown < trees:
        left = deadline.left()
        pace = (time.perf_counter() - began) / grown if grown else 0.0
        if grown and left < 1.5 * pace:
            break
        step = 1 if not grown else trees - grown
        if grown and left < float("inf"):
            # half of what would fit, so that a slow tree is noticed in time; not more often than it costs
            step = min(step, max(1, int(0.5 * left / max(pace, 1e-9))), max(1, int(1.0 / max(pace, 1e-9))))
        model.n_estimators = grown + step
        model.fit(matrix, values, sample_weight=weight)
        grown += step


def _options(chosen: Mapping[str, Value], rows: int, width: int, *, outputs: int) -> dict[str, Any]:
    """Turn our settings into scikit-learn's, filling in what depends on the data."""
    trees, share, drawn = int(chosen["n_estimators"]), float(chosen["max_features"]), float(chosen["max_samples"])
    regression = outputs == 1
    if share == 0:
        share = 0.5 if regression else width**-0.5
    leaves = int(chosen["max_leaf_nodes"]) or max(64, LEAVES // (trees * outputs if outputs > 2 else trees))
    options: dict[str, Any] = {
        "max_features": max(1, min(width, round(share * width))),
        "min_samples_leaf": int(chosen["min_samples_leaf"]) or max(2 if regression else 5, rows // 5_000),
        "max_leaf_nodes": max(2, leaves) if leaves < rows else None,
        "max_depth": int(chosen["max_depth"]) or None,
        "bootstrap": bool(chosen["bootstrap"]),
        "max_samples": max(1, round(drawn * rows)) if chosen["bootstrap"] and drawn < 1 else None,
        "n_jobs": 1,
    }
    if not regression and chosen["criterion"] != "auto":
        options["criterion"] = chosen["criterion"]
    return options

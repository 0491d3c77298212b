"""The estimator of amounts, as scikit-learn's callers know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_consistent_length

from mainstay.contracts.schema import Column
from mainstay.sklearn.cells import free_name, read_cells
from mainstay.sklearn.estimator import Estimator, as_value_errors, one_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Regressor"]


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]
    """Amounts from mainstay: a search within a time budget, and a verified bundle as its result.

    Parameters
    ----------
    time_budget : str or float, default "60s"
        Seconds from the start of ``fit`` to the bundle. With ``models`` named, ``fit`` ends as soon as they are done.
    memory_budget : str or float, optional
        For all processes together; default is no limit.
    metric : str, default "auto"
        What is steered by: RMSE, or a name of yours.
    models : sequence of str, optional
        Learners to try, such as ``["ridge", "lightgbm"]``; all where None.
    holdout : float, default 0.2
        The share of rows that is held out for the score; no model learns from them.
    split : str, default "random"
        "random", or for data frames "time:COLUMN" or "group:COLUMN".
    blend : {"greedy", "voting", "stacking", "off"}
        How finished candidates are joined.
    tune : {"off", "grid", "random", "bayes"}
        Search the learners' settings beside the portfolio.
    grid : mapping or path, optional
        Your own search space, as in :func:`mainstay.train`.
    trials : int, optional
        How many settings are tried at most.
    missing, scale, encode, text : str, default "auto"
        Preparation, as in :func:`mainstay.train`.
    derive : sequence of str, default ()
        New columns, such as ``"total = monthly * tenure"``.
    polynomial, rare : int, default 1 and 0
        2 adds squares and products; levels with fewer rows than ``rare`` are taken as unseen.
    monotone : sequence of str, default ()
        Directions that answers must keep, such as ``"x0=+1"``.
    intervals : float, optional
        Percent of the truths that intervals shall hold: see ``model_.predict``.
    workers : {"auto", "processes", "none"}
        Where models are fitted; "auto" starts no processes for a small table with ``models`` named, and then keeps
        no limit of memory and stops no learner in the middle of a step.
    random_state : int, RandomState instance or None, default 0
        None is 0: the same rows give the same model.

    Attributes
    ----------
    model_ : Model
        The bundle, opened; ``model_.save("m.mainstay")`` writes it, ``model_.report`` tells all about it.
    leaderboard_ : list of dict
        The candidates on held-out rows, best first.
    n_features_in_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        Only where X had names.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Regressor(models=["ridge"]).fit(X, y)
    >>> bool(model.score(X, y) > 0.45), model.predict(X[:1]).shape
    (True, (1,))
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X : array or data frame of shape (n, features)
            Cells of an array are numbers; columns of a data frame may be words, dates or texts too. NaN is missing.
        y : array of shape (n,)
            Amounts.
        sample_weight : array of shape (n,), optional
            In learning and in scores; a row of weight 0 counts for nothing.

        Raises
        ------
        ValueError
            When the rows cannot be learned from: fewer than 10, infinite cells.
        """
        given = self._checked(X, first=True)
        amounts = one_column(self, y, dtype=np.float64)
        check_consistent_length(given, amounts)
        weights = self._weights(sample_weight, len(amounts))
        with as_value_errors():
            cells = read_cells(given)
        column = Column(name=free_name("target", cells.frame.columns), kind="number", role="target")
        self._keep(self._learn(cells, (column, amounts), weights, task="regression"), cells.frame.columns)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the amount of each row, shape (n,)."""
        return np.asarray(self._answers(X).prediction, np.float64)

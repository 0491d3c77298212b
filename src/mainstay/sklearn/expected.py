"""Which of scikit-learn's checks an estimator cannot pass, and why: said once, for tests and for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["expected_failed_checks"]

_WEIGHTS = (
    "folds and the held-out part are drawn by rows: a row of weight 2 is one row there, and the same row twice is two; "
    "and the check fits 9 rows, where mainstay refuses fewer than 10, since no part of them could be held out"
)
_CLOCK = (
    "the search ends when its time is up, so that two runs of the same search need not try the same candidates; "
    "name models, and the search ends by itself and gives the same bits"
)


def expected_failed_checks(estimator: BaseEstimator) -> dict[str, str]:
    """Return the checks of scikit-learn that an estimator of mainstay fails, with the reason of each.

    Parameters
    ----------
    estimator : Classifier or Regressor

    Returns
    -------
    dict of str to str
        As :func:`sklearn.utils.estimator_checks.parametrize_with_checks` takes it. Those that hang on the clock may
        also pass: do not make ``xfail_strict`` of them.

    Examples
    --------
    >>> from mainstay.sklearn import Classifier
    >>> list(expected_failed_checks(Classifier(models=["logistic"])))
    ['check_sample_weight_equivalence_on_dense_data']
    """
    expected = {"check_sample_weight_equivalence_on_dense_data": _WEIGHTS}
    told = estimator.get_params(deep=False)
    if told["models"] is None or told["tune"] != "off":
        names = ("check_fit_idempotent", "check_classifier_data_not_an_array", "check_regressor_data_not_an_array")
        expected |= dict.fromkeys(names, _CLOCK)
    return expected

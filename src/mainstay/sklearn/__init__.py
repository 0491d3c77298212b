"""Mainstay as scikit-learn estimators: for pipelines, cross-validation and searches that already exist."""

from mainstay.sklearn.estimators import Classifier, Regressor
from mainstay.sklearn.expected import expected_failed_checks

__all__ = ["Classifier", "Regressor", "expected_failed_checks"]

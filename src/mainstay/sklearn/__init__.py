"""Mainstay as scikit-learn estimators: for pipelines, cross-validation and searches that already exist."""

from mainstay.sklearn.classifier import Classifier
from mainstay.sklearn.expected import expected_failed_checks
from mainstay.sklearn.regressor import Regressor

__all__ = ["Classifier", "Regressor", "expected_failed_checks"]

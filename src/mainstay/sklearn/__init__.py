"""Mainstay as scikit-learn estimators: for pipelines, cross-validation and searches that already exist."""

from mainstay.sklearn.estimators import Classifier, Regressor

__all__ = ["Classifier", "Regressor"]

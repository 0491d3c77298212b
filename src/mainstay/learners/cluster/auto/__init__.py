"""The method that suits the rows: several are run on a sample, compared, and the choice is told in plain words."""

from mainstay.learners.cluster.auto.choice import choose_method
from mainstay.learners.cluster.auto.records import Comparison, MethodChoice

__all__ = ["Comparison", "MethodChoice", "choose_method"]

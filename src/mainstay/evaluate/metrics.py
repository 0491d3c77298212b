"""The one table of metrics: names, direction, needs and meaning; every face and file asks it.

Names are scikit-learn's, and so are the values. A metric that does not apply to the rows at hand is None, never 0
(law 3): precision when nothing is predicted positive, ROC-AUC with one class in the rows, percentages of zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate import metrics_amounts, metrics_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.contracts.learner import TaskName
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.measured import Measured

__all__ = ["METRICS", "Metric", "default_metric", "measure", "metric", "metrics_of", "value"]

Need = Literal["probabilities", "labels", "amounts"]
Way = Literal["moments", "share", "rank", "median"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : str
        scikit-learn's name.
    title : str
        For people.
    task : {"classification", "regression"}
    greater_is_better : bool
    needs : {"probabilities", "labels", "amounts"}
    meaning : str
        One sentence.
    unit : {"", "target", "target squared"}
        Whether the value is in the unit of the target.
    way : {"moments", "share", "rank", "median"}
        How its interval is found.
    compute : callable
        From evidence to sums and a formula; None where the metric does not apply.
    """

    name: str
    title: str
    task: TaskName
    greater_is_better: bool
    needs: Need
    meaning: str
    way: Way
    compute: Callable[[Evidence], Measured | None]
    unit: str = ""

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value that the metric can have; the Brier score is 2 at most."""
        if self.name == "r2":
            return -np.inf, 1.0
        if self.name == "brier_score":
            return 0.0, 2.0
        return 0.0, 1.0 if self.greater_is_better else np.inf


_CLASSES = (
    Metric(
        "roc_auc", "ROC-AUC", "classification", True, "probabilities",
        "The chance that a random positive row gets a higher score than a random negative one; 0.5 is guessing.",
        "rank", metrics_classes.roc_auc,
    ),
    Metric(
        "average_precision", "Average precision", "classification", True, "probabilities",
        "The area under the precision-recall curve; guessing gives the share of positive rows.",
        "rank", metrics_classes.average_precision,
    ),
    Metric(
        "log_loss", "Log-loss", "classification", False, "probabilities",
        "Minus the mean logarithm of the probability given to what happened; certain errors cost most.",
        "moments", metrics_classes.log_loss,
    ),
    Metric(
        "brier_score", "Brier score", "classification", False, "probabilities",
        "The mean squared distance between probabilities and what happened.",
        "moments", metrics_classes.brier_score,
    ),
    Metric(
        "accuracy", "Accuracy", "classification", True, "labels",
        "The share of rows whose class is predicted right.",
        "share", metrics_classes.accuracy,
    ),
    Metric(
        "balanced_accuracy", "Balanced accuracy", "classification", True, "labels",
        "The share predicted right within each class, averaged over classes; guessing gives 1 / classes.",
        "share", metrics_classes.balanced_accuracy,
    ),
    Metric(
        "precision", "Precision", "classification", True, "labels",
        "Of the rows predicted positive, the share that is.",
        "share", metrics_classes.precision,
    ),
    Metric(
        "recall", "Recall", "classification", True, "labels",
        "Of the positive rows, the share that is found.",
        "share", metrics_classes.recall,
    ),
    Metric(
        "f1", "F1", "classification", True, "labels",
        "The harmonic mean of precision and recall.",
        "share", metrics_classes.f1,
    ),
)  # fmt: skip
_AMOUNTS = (
    Metric(
        "rmse", "RMSE", "regression", False, "amounts",
        "The typical error, large errors counted more, in the unit of the target.",
        "moments", metrics_amounts.rmse, "target",
    ),
    Metric(
        "mae", "MAE", "regression", False, "amounts",
        "The mean size of the error, in the unit of the target.",
        "moments", metrics_amounts.mae, "target",
    ),
    Metric(
        "median_absolute_error", "Median absolute error", "regression", False, "amounts",
        "Half of the errors are smaller than this, in the unit of the target.",
        "median", metrics_amounts.median_absolute_error, "target",
    ),
    Metric(
        "r2", "R2", "regression", True, "amounts",
        "The share of the target's variance that is explained; always answering the mean gives 0.",
        "moments", metrics_amounts.r2,
    ),
    Metric(
        "mse", "MSE", "regression", False, "amounts",
        "The mean squared error, in the squared unit of the target.",
        "moments", metrics_amounts.mse, "target squared",
    ),
    Metric(
        "mape", "MAPE", "regression", False, "amounts",
        "The mean size of the error as a share of the true value; blank where true values are near zero.",
        "moments", metrics_amounts.mape,
    ),
)  # fmt: skip

METRICS: dict[str, Metric] = {entry.name: entry for entry in (*_CLASSES, *_AMOUNTS)}
"""All metrics by name, in the order in which they are shown."""


def metric(name: str, task: TaskName | None = None) -> Metric:
    """Return a metric by name.

    Raises
    ------
    UsageError
        When there is no such metric, or it is one of another task.

    Examples
    --------
    >>> metric("roc_auc").greater_is_better
    True
    """
    found = METRICS.get(name)
    known = [entry.name for entry in METRICS.values() if task is None or entry.task == task]
    if found is None or found.name not in known:
        raise UsageError(
            f"there is no metric {name!r}" + (f" for {task}" if task else ""), hint=f"Take one of: {', '.join(known)}."
        )
    return found


def metrics_of(task: TaskName, names: Sequence[str] | None = None) -> tuple[Metric, ...]:
    """Return the metrics of a task, or those named.

    Examples
    --------
    >>> [entry.name for entry in metrics_of("regression")][:2]
    ['rmse', 'mae']
    """
    if names is not None:
        return tuple(metric(name, task) for name in names)
    return tuple(entry for entry in METRICS.values() if entry.task == task)


def default_metric(task: TaskName, classes: int = 2) -> str:
    """Return the metric that is steered by when the user names none.

    Examples
    --------
    >>> default_metric("classification"), default_metric("classification", 3), default_metric("regression")
    ('roc_auc', 'log_loss', 'rmse')
    """
    if task == "regression":
        return "rmse"
    return "roc_auc" if classes == 2 else "log_loss"


def measure(name: str, evidence: Evidence) -> Measured | None:
    """Return a metric on the rows as sums and a formula; None where it does not apply."""
    entry = metric(name, evidence.task)
    if entry.needs == "probabilities" and evidence.probabilities is None:
        return None
    return entry.compute(evidence)


def value(name: str, evidence: Evidence) -> float | None:
    """Return a metric on the rows; None where it does not apply.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> value("mae", gather("regression", [1.0, 2.0], [1.5, 2.0]))
    0.25
    """
    measured = measure(name, evidence)
    if measured is None:
        return None
    number = measured.value
    return number if np.isfinite(number) else None

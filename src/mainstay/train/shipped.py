"""What would be shipped, before it is a bundle: its answers for held-out rows, calibrated, and what they decide.

Nested folds and the leaderboard are about what a user would get. So they calibrate and decide by the same stages,
threshold and costs as the bundle does, and not by the most probable class of the raw blend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.deciding import decide
from mainstay.evaluate.calibration import apply_stages
from mainstay.evaluate.intervals import evaluate
from mainstay.evaluate.metrics import metric
from mainstay.train.blend import mix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.evaluate.intervals import Score
    from mainstay.train.trained import Trained

    Floats = NDArray[np.float64]

__all__ = ["answer_as_shipped", "decide_as_shipped", "decide_candidate", "decides", "score_shipped"]


def decides(trained: Trained) -> bool:
    """Say whether the metric is one of answered classes, and so depends on the threshold or the costs."""
    return bool(trained.intake.labels) and metric(trained.steering.name).needs == "labels"


def decide_as_shipped(trained: Trained, probabilities: Floats) -> NDArray[np.int64]:
    """Return the class codes that the bundle's rule answers for probabilities of shape (n, classes)."""
    decision = trained.decision
    positive = 1 if len(trained.intake.labels) == 2 else None
    return decide(probabilities, positive=positive, threshold=decision.threshold, costs=decision.costs)


def decide_candidate(trained: Trained, name: str) -> NDArray[np.int64]:
    """Return what a candidate answers for the held-out rows by the bundle's rule, after the bundle's calibration.

    The baseline knows no rows to be mended for, and is corrected for weighted classes only.
    """
    stages = trained.decision.calibration.stages
    if name == "baseline":
        stages = tuple(stage for stage in stages if stage.kind == "prior")
    return decide_as_shipped(trained, apply_stages(stages, trained.candidate_answers[name]))


def answer_as_shipped(trained: Trained) -> Floats:
    """Return what the model that would be shipped says of the held-out rows, by its libraries, after calibration."""
    weights = trained.choice.weights
    answers = mix([trained.candidate_answers[name] for name in weights], list(weights.values()))
    if not trained.intake.labels:
        return answers
    return apply_stages(trained.decision.calibration.stages, answers)


def score_shipped(trained: Trained) -> Score:
    """Return the metric of what would be shipped on the held-out rows, with its 95 % interval."""
    intake, name = trained.intake, trained.steering.name
    answers = answer_as_shipped(trained)
    return evaluate(
        intake.task, intake.test_target, answers, labels=intake.labels, metrics=[name], seed=trained.steering.seed,
        groups=intake.test_groups, weight=intake.test_weight,
        predicted=decide_as_shipped(trained, answers) if intake.labels else None,
    )[name]  # fmt: skip

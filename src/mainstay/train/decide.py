"""From a chosen model's answers to decisions: honest probabilities, a threshold, and how wide uncertainty is.

Everything here rests on out-of-fold answers of the training rows. What it is worth is measured afterwards on the
held-out rows; the score of a tuned threshold on the rows that it was tuned on is never shown as one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.evaluate.calibration import apply_stages, prior_stage
from mainstay.evaluate.calibration_choice import Calibration, averaging_gain, calibrate, row_losses
from mainstay.evaluate.conformal import fit_intervals, fit_sets, least_rows
from mainstay.evaluate.costs import balanced_costs, read_costs
from mainstay.evaluate.thresholds import check_rule, choose_threshold
from mainstay.train.blend import mix
from mainstay.train.choose import out_of_fold, validated_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.deciding import Costs, PredictionIntervals, PredictionSets
    from mainstay.train.choose import Choice
    from mainstay.train.intake import Intake
    from mainstay.train.search import Entry
    from mainstay.train.settings import Settings

    Floats = NDArray[np.float64]

__all__ = ["Decision", "check_decisions", "class_factors", "decide", "weigh_classes"]

_LEAST_SHRINK = 0.8


@dataclass(frozen=True, slots=True)
class Decision:
    """How the chosen model's answers become decisions.

    Parameters
    ----------
    before, answers : float64 arrays
        Its out-of-fold answers for the validated rows, as the members gave them and after calibration.
    calibration : Calibration
    threshold : float, default 0.5
    rule : str, default ""
        Where the threshold, or the costs that decide among more classes, come from, in words.
    costs : Costs, optional
        What the user says that answers cost, or what balanced classes stand for where there are more than two.
    uncertainty : PredictionSets or PredictionIntervals, optional
    factors : tuple of float, default ()
        What a row of each class counted in learning, where classes were weighted.
    """

    before: Floats
    answers: Floats
    calibration: Calibration = field(default_factory=Calibration)
    threshold: float = 0.5
    rule: str = ""
    costs: Costs | None = None
    uncertainty: PredictionSets | PredictionIntervals | None = None
    factors: tuple[float, ...] = ()


def check_decisions(settings: Settings, intake: Intake) -> None:
    """Refuse what cannot be decided for this target, before anything is learned.

    Raises
    ------
    UsageError
        When a setting does not fit the task or the classes.
    DataError
        When there are too few rows for intervals of this level.
    """
    if settings.intervals is not None:
        rows = len(validated_rows(intake.material))
        needed = least_rows(settings.intervals / 100)
        if rows < needed:
            raise DataError(
                f"sets or intervals that hold {settings.intervals:g} % need {needed:,} rows to measure by, and there "
                f"are {rows:,}",
                where="intervals", hint="Ask for a lower level, or give more rows.",
            )  # fmt: skip
    if intake.task == "regression":
        _check_amounts(settings)
        return
    check_rule(settings.threshold)
    if len(intake.labels) > 2 and settings.threshold not in ("auto", "cost"):
        raise UsageError(
            f"a threshold parts two classes, and there are {len(intake.labels)}", where="threshold",
            hint="Say what errors cost instead: the answer is then the one of the least expected cost.",
        )  # fmt: skip
    if settings.threshold == "cost" and not settings.cost:
        raise UsageError("a threshold by cost needs costs", where="threshold", hint="Add --cost fp=1,fn=8.")
    _costs(settings, intake)


def _check_amounts(settings: Settings) -> None:
    given = {
        "cost": settings.cost != "",
        "threshold": settings.threshold != "auto",
        "class_weight": settings.class_weight != "none",
        "calibrate": settings.calibrate not in ("auto", "off"),
    }
    for name, is_given in given.items():
        if is_given:
            raise UsageError(f"{name} is about classes, and the target is a number", where=name)


def _costs(settings: Settings, intake: Intake) -> Costs | None:
    positive = 1 if len(intake.labels) == 2 else None
    return read_costs(settings.cost, intake.labels, positive) if settings.cost else None


def class_factors(intake: Intake) -> tuple[float, ...]:
    """Return what a row of each class counts, so that all classes together count the same."""
    target = intake.material.target
    weight = np.ones(len(target.values)) if intake.row_weight is None else intake.row_weight
    totals = np.bincount(target.values.astype(np.int64), weight, minlength=target.classes)
    return tuple((totals.sum() / (len(totals) * totals)).tolist())


def weigh_classes(intake: Intake, settings: Settings) -> Intake:
    """Return the intake with rows of rare classes counted more, where the settings say so.

    Raises
    ------
    UsageError, DataError
        What :func:`check_decisions` refuses, before anything is learned.
    """
    check_decisions(settings, intake)
    if settings.class_weight == "none":
        return intake
    material, target = intake.material, intake.material.target
    factors = np.array(class_factors(intake))[target.values.astype(np.int64)]
    weight = factors if target.weight is None else factors * target.weight
    return replace(intake, material=replace(material, target=replace(target, weight=weight)))


def decide(choice: Choice, entries: Sequence[Entry], intake: Intake, settings: Settings) -> Decision:
    """Calibrate, set the threshold and fit sets or intervals, on out-of-fold answers of the chosen model.

    Parameters
    ----------
    choice : Choice
    entries : sequence of Entry
    intake : Intake
    settings : Settings
    """
    by_name = {entry.candidate.name: entry for entry in entries}
    members = [by_name[name] for name in choice.weights]
    shares = list(choice.weights.values())
    given = mix([out_of_fold(entry, intake.material) for entry in members], shares)
    rows = validated_rows(intake.material)
    weight = None if intake.row_weight is None else intake.row_weight[rows]
    by_fold = _by_fold(members, shares)
    if intake.task == "regression":
        return _amounts(given, intake, settings, weight, shrink=_shrink(given, by_fold, intake))
    noise = 0.0 if by_fold is None else averaging_gain(by_fold)
    return _classes(given, choice, intake, settings, weight, noise=noise)


def _amounts(given: Floats, intake: Intake, settings: Settings, weight: Floats | None, *, shrink: float) -> Decision:
    if settings.intervals is None:
        return Decision(given, given)
    truth = intake.material.target.values[validated_rows(intake.material)].astype(np.float64)
    level = settings.intervals / 100
    return Decision(given, given, uncertainty=fit_intervals(given, truth, level, weight=weight, shrink=shrink))


def _classes(
    given: Floats, choice: Choice, intake: Intake, settings: Settings, weight: Floats | None, *, noise: float
) -> Decision:
    rows = validated_rows(intake.material)
    truth = intake.material.target.values[rows].astype(np.int64)
    factors = class_factors(intake) if settings.class_weight != "none" else ()
    calibration = Calibration(reason="a model that ignores the columns has nothing to mend")
    if choice.name != "baseline":
        calibration = calibrate(
            settings.calibrate, given, truth, weight=weight, seed=settings.seed, noise=noise,
            groups=None if intake.groups is None else intake.groups[rows],
            priors=factors if factors and _is_better(prior_stage(factors).apply(given), given, truth, weight) else None,
        )  # fmt: skip
    mended = apply_stages(calibration.stages, given)
    threshold, rule, costs = _rule(mended, truth, weight, intake, settings, factors=factors)
    sets = None if settings.intervals is None else fit_sets(mended, truth, settings.intervals / 100, weight=weight)
    return Decision(given, mended, calibration, threshold, rule, costs, sets, factors)


def _is_better(one: Floats, other: Floats, truth: NDArray[np.int64], weight: Floats | None) -> bool:
    return bool(np.average(row_losses(one, truth) - row_losses(other, truth), weights=weight) < 0)


def _rule(
    mended: Floats,
    truth: NDArray[np.int64],
    weight: Floats | None,
    intake: Intake,
    settings: Settings,
    *,
    factors: tuple[float, ...],
) -> tuple[float, str, Costs | None]:
    """Return the threshold, where it comes from, and the costs."""
    costs, several = _costs(settings, intake), len(intake.labels) > 2
    # Without costs, weighted classes say that an error on a rare one counts as much as all those on a frequent one.
    balanced = bool(factors) and costs is None and settings.threshold == "auto" and settings.calibrate != "off"
    if several:
        if balanced:
            return 0.5, "the classes count the same", balanced_costs(factors)
        return 0.5, "the most probable class" if costs is None else "the least expected cost", costs
    if balanced:
        return factors[0] / (factors[0] + factors[1]), "the classes count the same", None
    threshold, words = choose_threshold(
        settings.threshold, mended[:, 1], truth == 1, weight=weight, costs=costs, seed=settings.seed
    )
    return threshold, words, costs


def _by_fold(members: Sequence[Entry], shares: Sequence[float]) -> Floats | None:
    """Return what each fold's models say together for the held-out rows; None where there is one fold."""
    folds = sorted(members[0].holdout)
    if len(folds) < 2 or any(sorted(member.holdout) != folds for member in members):
        return None
    answers = np.stack([mix([member.holdout[fold] for member in members], shares) for fold in folds])
    return answers if answers.size else None


def _shrink(given: Floats, by_fold: Floats | None, intake: Intake) -> float:
    """Return how much smaller the errors of the average of fold models are than those of single ones.

    The squared error of an average is that of its members less their spread around it (Krogh and Vedelsby 1995); the
    spread needs no targets, and is taken where all fold models answer the same rows.
    """
    if by_fold is None:
        return 1.0
    truth = intake.material.target.values[validated_rows(intake.material)].astype(np.float64)
    error = float(np.mean(np.square(given - truth)))
    spread = float(by_fold.var(axis=0).mean())
    return float(np.sqrt(max(1.0 - spread / error, _LEAST_SHRINK**2))) if error > 0 else 1.0

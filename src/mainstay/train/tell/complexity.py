"""Two questions about a finished model, answered by fits on parts of the training rows, where the user asks for them.

Would more rows help (the learning curve), and is the model too simple or too free (scores on training and validation
rows over its complexity: the picture of bias and variance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.data.split import Fold
from mainstay.evaluate.learning import forecast
from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number
from mainstay.learners.catalogue import learner
from mainstay.train.refit import Refit, refit

if TYPE_CHECKING:
    from mainstay.contracts.learner import Parameter
    from mainstay.train.candidates import Candidate
    from mainstay.train.refit import Refitted
    from mainstay.train.tell.scene import Scene

__all__ = ["find_complexity", "find_learning_curve"]

_SHARES = (0.1, 0.18, 0.32, 0.56, 1.0)
_FOLDS = 3
_LEAST_ROWS = 30
_STEPS = 7
# What makes a model free, in the order of preference; the learner's own declaration gives the range.
_COMPLEXITY = (
    "num_leaves", "max_leaves", "max_depth", "max_leaf_nodes", "depth", "n_neighbors", "C", "alpha", "gamma",
    "hidden_units", "n_estimators",
)  # fmt: skip


def find_learning_curve(scene: Scene) -> Section | None:
    """Return validation and training scores over the number of rows, and what more rows would buy."""
    candidate = _candidate(scene)
    if not scene.settings.diagnose or candidate is None:
        return None
    folds = scene.trained.intake.material.folds[:_FOLDS]
    rng = np.random.default_rng(scene.settings.seed)
    orders = [rng.permutation(fold.train) for fold in folds]
    sizes = sorted({max(_LEAST_ROWS, round(share * min(map(len, orders)))) for share in _SHARES})
    wanted = [
        Refit(msgspec.structs.replace(candidate, name=f"rows-{size}-{number}"), _part(fold, order[:size]))
        for size in sizes
        for number, (fold, order) in enumerate(zip(folds, orders, strict=True))
    ]
    done = _scored(scene, wanted, share=0.5)
    finished = [
        size for place, size in enumerate(sizes) if all(place * len(folds) + n in done for n in range(len(folds)))
    ]
    if len(finished) < 3:
        return _unfinished("learning-curve", "What more rows would buy")
    places = [sizes.index(size) * len(folds) for size in finished]
    validation = np.array([[done[place + n][0] for n in range(len(folds))] for place in places])
    training = np.array([[done[place + n][1] for n in range(len(folds))] for place in places])
    return _curve_section(scene, candidate.name, np.array(finished), validation, training)


def _candidate(scene: Scene) -> Candidate | None:
    """Return the member with the largest weight in what is shipped."""
    weights = scene.trained.choice.weights
    name = max(weights, key=lambda one: weights[one])
    known = {entry.candidate.name: entry.candidate for entry in scene.trained.entries}
    found = known.get(name)
    return None if found is None or found.learner == "baseline" else found


def _part(fold: Fold, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Fold:
    return Fold(np.sort(rows), fold.validation)


def _scored(scene: Scene, wanted: list[Refit], *, share: float) -> dict[int, tuple[float, float]]:
    """Return validation and training score of each finished fit, in the metric's own direction."""
    material, steering = scene.trained.intake.material, scene.trained.steering
    clock = scene.clock.at_most(share * scene.clock.left()) if scene.clock.left() != float("inf") else scene.clock
    found = refit(wanted, material, seed=scene.settings.seed, clock=clock)

    def scores(place: int, one: Refitted) -> tuple[float, float]:
        fold, values = wanted[place].fold, material.target.values
        pairs = ((fold.validation, one.validation), (fold.train, one.train))
        first, second = (steering.sign * steering.score(values[rows], answers) for rows, answers in pairs)
        return first, second

    scored = {place: scores(place, one) for place, one in found.items()}
    return {place: pair for place, pair in scored.items() if np.isfinite(pair).all()}


def _curve_section(
    scene: Scene,
    name: str,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    validation: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    training: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> Section:
    steering = scene.trained.steering
    title, greater = METRICS[steering.name].title, steering.sign > 0
    most = int(rows[-1])
    later = [most + 1000, 2 * most, 10 * most]
    ceiling = 1.0 if greater else 0.0
    told = forecast(rows, ceiling - validation if greater else validation, [most, *later], seed=scene.settings.seed)
    known = told[0].error
    table = tuple(
        (
            f"{one.rows:,}", ceiling - one.error if greater else one.error, (known - one.error) * steering.sign
            if greater else one.error - known,
            _reach(ceiling - one.high, ceiling - one.low) if greater else _reach(one.low, one.high),
        )
        for one in told[1:]
    )  # fmt: skip
    gain = known - told[1].error
    words = (
        f"1,000 more rows are expected to change {title} by {_signed(gain if greater else -gain)}; ten times as many "
        f"by {_signed((known - told[3].error) if greater else (told[3].error - known))}."
    )
    return Section(
        key="learning-curve",
        title="What more rows would buy",
        text=(f"{name} was fitted on parts of the training rows and scored on {validation.shape[1]} folds.", words),
        plots=(_two_lines("Learning curve", list(map(float, rows)), training, validation, x="Training rows", y=title),),
        tables=(
            Grid(
                columns=("Training rows", f"{title} expected", "Change", "95 % interval"), rows=table,
                note="A power law through the points; a forecast far beyond them is a guess.",
            ),
        ),
    )  # fmt: skip


def _signed(change: float) -> str:
    return ("+" if change > 0 else "") + number(change)


def _reach(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _two_lines(
    title: str,
    places: list[float],
    training: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    validation: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    *,
    x: str,
    y: str,
) -> Plot:
    data: dict[str, list[str | float | int | bool | None]] = {"x": [], "y": [], "low": [], "high": [], "series": []}
    for series, values in (("training rows", training), ("validation rows", validation)):
        data["x"] += places
        data["y"] += values.mean(axis=1).tolist()
        data["low"] += values.min(axis=1).tolist()
        data["high"] += values.max(axis=1).tolist()
        data["series"] += [series] * len(places)
    return Plot(
        kind="lines", title=title, data=data, options={"x": x, "y": y, "log": "x"},
        words="Lines: the mean over the folds; bands: from the worst to the best fold.",
    )  # fmt: skip


def find_complexity(scene: Scene) -> Section | None:
    """Return training and validation scores over what makes the shipped model free: bias to variance."""
    candidate = _candidate(scene)
    if not scene.settings.diagnose or candidate is None:
        return None
    parameter = _complexity(candidate)
    if parameter is None:
        return None
    values = _walk(parameter)
    folds = scene.trained.intake.material.folds[:_FOLDS]
    wanted = [
        Refit(
            msgspec.structs.replace(
                candidate, name=f"step-{step}-{number}", settings={**candidate.settings, parameter.name: value}
            ),
            fold,
        )
        for step, value in enumerate(values)
        for number, fold in enumerate(folds)
    ]
    done = _scored(scene, wanted, share=0.9)
    steps = [step for step in range(len(values)) if all(step * len(folds) + n in done for n in range(len(folds)))]
    if len(steps) < 3:
        return _unfinished("complexity", "Too simple or too free")
    pairs = np.array([[done[step * len(folds) + n] for n in range(len(folds))] for step in steps])
    return _complexity_section(scene, candidate, parameter, [float(values[step]) for step in steps], pairs)


def _complexity(candidate: Candidate) -> Parameter | None:
    """Return the numeric parameter that makes the learner more or less free."""
    declared = {parameter.name: parameter for parameter in learner(candidate.learner).parameters}
    return next((declared[name] for name in _COMPLEXITY if name in declared and _range(declared[name])), None)


def _range(parameter: Parameter) -> tuple[float, float] | None:
    if isinstance(parameter.default, (bool, str)):
        return None
    low, high = parameter.search or (parameter.low, parameter.high)
    return None if low is None or high is None or high <= low else (low, high)


def _walk(parameter: Parameter) -> list[float | int]:
    """Return values from one end of the range to the other, evenly by ratio."""
    low, high = _range(parameter) or (0.0, 1.0)
    whole = isinstance(parameter.default, int)
    # Zero and less often mean "no limit"; they have no place on an axis of ratios.
    low = max(low, 1.0 if whole else high * 1e-6)
    values = np.geomspace(low, high, _STEPS)
    if whole:
        return sorted({round(float(value)) for value in values})
    return [float(f"{value:.3g}") for value in values]


def _complexity_section(
    scene: Scene,
    candidate: Candidate,
    parameter: Parameter,
    values: list[float],
    pairs: np.ndarray[tuple[int, int, int], np.dtype[np.float64]],
) -> Section:
    title, sign = METRICS[scene.trained.steering.name].title, scene.trained.steering.sign
    validation, training = pairs[:, :, 0], pairs[:, :, 1]
    best = int(np.argmax(sign * validation.mean(axis=1)))
    gap = abs(float(training.mean(axis=1)[best] - validation.mean(axis=1)[best]))
    text = (
        f"{candidate.name} was fitted with {parameter.name} from {values[0]:g} to {values[-1]:g} ({parameter.meaning}) "
        f"Where both lines are poor the model is too simple (bias); where they part it is too free (variance)."
    )
    verdict = (
        f"The best validation score is at {values[best]:g}; there the training rows are {number(gap)} better than the "
        f"validation rows. The bundle has {candidate.settings.get(parameter.name, parameter.default)}."
    )
    return Section(
        key="complexity",
        title="Too simple or too free",
        text=(text, verdict),
        plots=(_two_lines("Bias and variance", values, training, validation, x=parameter.name, y=title),),
        tables=(
            Grid(
                columns=(parameter.name, f"{title}, training rows", f"{title}, validation rows"),
                rows=tuple(
                    (value, float(t), float(v))
                    for value, t, v in zip(values, training.mean(axis=1), validation.mean(axis=1), strict=True)
                ),
            ),
        ),
    )


def _unfinished(key: str, title: str) -> Section:
    return Section(key=key, title=title, text=("There was no time for it: give a longer time budget.",))

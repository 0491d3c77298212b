"""Searches the settings of learners beside the portfolio: by grid, by chance or by Bayesian optimisation (Optuna).

The space comes from what each learner declares about its parameters, or from the user's own grid. A trial is a
candidate like any other: it runs on the same validation folds, is stopped on its first fold when it is clearly worse
(racing), may enter the blend, and never sees the test part. The trials are kept in a file (``tuning_file``) that a
later run resumes.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import check_parameters
from mainstay.learners.catalogue import learner
from mainstay.train.tuning_file import earlier_trials, open_study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.contracts.learner import Parameter, Value
    from mainstay.train.candidates import Candidate
    from mainstay.train.search import Entry
    from mainstay.train.settings import Grid, Settings

__all__ = ["Tuner", "space_of", "tuner"]

_LEARNER = "learner"
_GRID_POINTS = 3
_MOST_GRID = 10_000
_FIRST_AGAIN = 3
"""The best trials of an earlier run are fitted again first: settings are kept between runs, models are not."""


def space_of(name: str, grid: Grid | None) -> dict[str, list[Value] | Parameter]:
    """Return what is searched of a learner: the user's values, or the parameters that it declares with a range.

    Raises
    ------
    UsageError
        When a value of the grid is not allowed.

    Examples
    --------
    >>> sorted(space_of("ridge", None)), space_of("ridge", {"ridge": {"alpha": [1.0, 10.0]}})
    (['alpha'], {'alpha': [1.0, 10.0]})
    """
    declared = {parameter.name: parameter for parameter in learner(name).parameters}
    if grid is None:
        return {key: parameter for key, parameter in declared.items() if parameter.search is not None}
    chosen: dict[str, list[Value] | Parameter] = {}
    for key, values in grid.get(name, {}).items():
        if not values:
            raise UsageError(f"the grid has no value for {key}", where=f"grid, {name}", hint="Give a list of values.")
        chosen[key] = [check_parameters(name, tuple(declared.values()), {key: value})[key] for value in values]
    return chosen


def tuner(settings: Settings, candidates: Sequence[Candidate], *, identity: str) -> Tuner | None:
    """Return the source of further candidates that the settings ask for; None where they ask for none.

    Parameters
    ----------
    settings : Settings
    candidates : sequence of Candidate
        The portfolio: the first of each learner is what a trial starts from.
    identity : str
        What the study belongs to: data, target, metric and folds. A file of another study is refused.

    Raises
    ------
    UsageError
        When the grid names a learner that is not in the portfolio, or nothing is left to search.
    """
    if settings.tune == "off":
        if settings.grid is not None:
            raise UsageError("a grid is given and tuning is off", where="grid", hint="Add --tune grid.")
        return None
    bases: dict[str, Candidate] = {}
    for one in candidates:
        if one.learner != "baseline":
            bases.setdefault(one.learner, one)
    unknown = sorted(set(settings.grid or {}) - set(bases))
    if unknown:
        raise UsageError(
            f"the grid names {unknown[0]!r}, which is not among the models", where="grid",
            hint=f"Known here: {', '.join(sorted(bases))}.",
        )  # fmt: skip
    spaces = {name: space for name in bases if (space := space_of(name, settings.grid))}
    if not spaces:
        raise UsageError("none of the models has a parameter to search", where="tune", hint="Name others, or a grid.")
    return Tuner(settings, {name: bases[name] for name in spaces}, spaces, identity=identity)


class Tuner:
    """Proposes candidates and learns from what became of them.

    Parameters
    ----------
    settings : Settings
    bases : dict of str to Candidate
        By learner: what a trial changes.
    spaces : dict of str to dict
        By learner: values, or the parameter that declares a range.
    identity : str
    """

    def __init__(
        self,
        settings: Settings,
        bases: Mapping[str, Candidate],
        spaces: Mapping[str, Mapping[str, list[Value] | Parameter]],
        *,
        identity: str,
    ) -> None:
        self._bases, self._spaces = dict(bases), {name: dict(space) for name, space in spaces.items()}
        self._left = math.inf if settings.trials is None else settings.trials
        self._running: dict[str, Any] = {}
        self._asked: list[dict[str, Any]] = []
        self._points = _grid_points(self._spaces) if settings.tune == "grid" else None
        self._study = open_study(settings, identity, self._space_in_words())
        self._earlier = earlier_trials(self._study, identity)
        self._begun = len(self._study.trials)
        self._enqueue_best()

    def propose(self) -> Candidate | None:
        """Return the next candidate; None where there are no more."""
        if self._left <= 0:
            return None
        if self._points is not None and not self._enqueue_next_point():
            return None
        self._left -= 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna warns that parts of it may change
            trial = self._study.ask()
            name = trial.suggest_categorical(_LEARNER, sorted(self._bases))
            settings = {key: _suggest(trial, name, key, space) for key, space in self._spaces[name].items()}
        base = self._bases[name]
        named = f"{name}_trial_{trial.number + 1}"
        self._running[named] = trial
        self._asked.append(dict(trial.params))
        return msgspec.structs.replace(base, name=named, settings={**base.settings, **settings}, always=False)

    def tell(self, entry: Entry) -> None:
        """Note what became of a candidate; others than this tuner's are left alone."""
        from optuna.trial import TrialState

        trial = self._running.pop(entry.candidate.name, None)
        if trial is None:
            return
        for fold, score in sorted(entry.scores.items()):
            trial.report(score, fold)
        if entry.status == "done" and entry.value is not None and math.isfinite(entry.value):
            self._study.tell(trial, entry.value)
        else:
            pruned = entry.status == "stopped" and entry.scores
            self._study.tell(trial, state=TrialState.PRUNED if pruned else TrialState.FAIL)

    def _space_in_words(self) -> dict[str, Any]:
        """Return what is searched, as plain values: trials of one study must all be drawn from the same space."""
        return {
            name: {
                "from": base.settings,
                "over": {key: _in_words(space) for key, space in self._spaces[name].items()},
            }
            for name, base in self._bases.items()
        }

    def _enqueue_best(self) -> None:
        """Put the best trials of earlier runs first, whatever they searched, where this run could draw them too."""
        done = sorted((one for one in self._earlier if one.value is not None), key=lambda one: -one.value)
        chosen: list[dict[str, Any]] = []
        for one in done:
            if one.params not in chosen and self._could_draw(one.params):
                chosen.append(dict(one.params))
        for parameters in chosen[:_FIRST_AGAIN]:
            self._study.enqueue_trial(parameters)

    def _could_draw(self, parameters: Mapping[str, Any]) -> bool:
        """Say whether a trial's parameters are all of one learner's present ones, with values that are searched."""
        name = parameters.get(_LEARNER)
        if name not in self._bases:
            return False
        space = {f"{name}.{key}": one for key, one in self._spaces[name].items()}
        told = {key: value for key, value in parameters.items() if key != _LEARNER}
        return told.keys() == space.keys() and all(_holds(space[key], value) for key, value in told.items())

    def _enqueue_next_point(self) -> bool:
        """Queue the next point of the grid that neither an earlier run nor this one has tried."""
        if self._study_waits():
            return True
        tried = [one.params for one in self._study.trials[: self._begun] if one.value is not None]
        for point in self._points or ():
            if point not in tried and point not in self._asked:
                self._study.enqueue_trial(point)
                return True
        return False

    def _study_waits(self) -> bool:
        from optuna.trial import TrialState

        return bool(self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _in_words(space: list[Value] | Parameter) -> Any:
    """Return values, or a range, as plain values."""
    if isinstance(space, list):
        return [repr(value) for value in space]
    return {"range": space.search, "log": space.log, "whole": isinstance(space.default, int)}


def _holds(space: list[Value] | Parameter, value: Any) -> bool:
    """Say whether a value is among those that are searched."""
    if isinstance(space, list):
        return any(type(one) is type(value) and one == value for one in space)
    if isinstance(value, bool) or not isinstance(value, int if isinstance(space.default, int) else (int, float)):
        return False
    low, high = space.search or (0.0, 1.0)
    return bool(low <= value <= high)


def _suggest(trial: Any, name: str, key: str, space: list[Value] | Parameter) -> Value:
    label = f"{name}.{key}"
    if isinstance(space, list):
        return trial.suggest_categorical(label, space)  # type: ignore[no-any-return]
    low, high = space.search or (0.0, 1.0)
    if isinstance(space.default, int):
        return trial.suggest_int(label, int(low), int(high), log=space.log)  # type: ignore[no-any-return]
    return trial.suggest_float(label, float(low), float(high), log=space.log)  # type: ignore[no-any-return]


def _grid_points(spaces: Mapping[str, Mapping[str, list[Value] | Parameter]]) -> Any:
    """Return an iterator over all points, learner by learner; a declared range gives three values."""
    sizes = {name: math.prod(len(_values(one)) for one in space.values()) for name, space in spaces.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    if sizes[largest] > _MOST_GRID:
        raise UsageError(
            f"a grid over {largest} has {sizes[largest]:,} points", where="tune",
            hint="Name fewer values with --grid FILE.toml, or search with --tune bayes.",
        )  # fmt: skip
    for name, space in spaces.items():
        labels = [f"{name}.{key}" for key in space]
        for values in itertools.product(*(_values(one) for one in space.values())):
            yield {_LEARNER: name, **dict(zip(labels, values, strict=True))}


def _values(space: list[Value] | Parameter) -> list[Value]:
    if isinstance(space, list):
        return space
    low, high = space.search or (0.0, 1.0)
    steps = [step / (_GRID_POINTS - 1) for step in range(_GRID_POINTS)]
    even = [low * (high / low) ** step if space.log and low > 0 else low + (high - low) * step for step in steps]
    if isinstance(space.default, int):
        return sorted({round(value) for value in even})
    return [float(f"{value:.6g}") for value in even]

"""How long a learner goes on that can go on too long, found on rows that are not scored.

Whoever stops on the validation rows of a fold and scores the same rows has picked the best of a thousand models for
them: on noise that gave an out-of-fold ROC-AUC of 0.52 to 0.54. Here the first fold finds the number of rounds inside
its own training rows, on the rows that are other folds' validation rows there (so groups and times stay together); the
others then learn that many rounds from all their rows. This also takes less time than stopping in each fold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Learner, Target, Value

__all__ = ["ROUNDS", "fit_stopped", "probes_for"]

ROUNDS = "rounds"
"""The note in which a learner says how many rounds it kept."""

_SETTING = "n_estimators"
_MORE = 1.1  # with all the rows of a fold a little more can be learned than with what a probe leaves
_PROBE_SHARE = 0.45  # of the time, for one probe
_FINAL = 1.5  # the time of the fit with all rows, in probes, with a margin


def probes_for(rows: int) -> int:
    """Return how many probes are worth their time: few rows say little of when to stop.

    Examples
    --------
    >>> probes_for(500), probes_for(5_000), probes_for(50_000)
    (4, 2, 1)
    """
    return 4 if rows < 3_000 else 2 if rows < 10_000 else 1


def fit_stopped(
    taught: Learner,
    features: Features,
    target: Target,
    *,
    settings: dict[str, Value],
    stops: Sequence[NDArray[np.int64]],
    rounds: int | None,
    seed: int,
    deadline: Clock,
) -> tuple[Fitted, int | None]:
    """Fit a learner for as long as it should, and return it with the rounds that were set.

    Parameters
    ----------
    taught : Learner
    features : Features
    target : Target
    settings : dict
    stops : sequence of int64 arrays
        Sets of rows, by position, by which the time to stop may be found; they are learned from in the end.
    rounds : int, optional
        As found before; looked for where None.
    seed : int
    deadline : Clock
    """

    def fitted(given: dict[str, Value], until: Deadline) -> Fitted:
        return taught.fit(features, target, seed=seed, deadline=until, settings=given)

    if not taught.uses_validation or not stops:
        return fitted(settings, deadline), None
    if _SETTING not in {parameter.name for parameter in taught.parameters}:
        return _apart(taught, features, target, stops[0], settings=settings, seed=seed, until=deadline), None
    if rounds is None and len(stops) == 1:  # many rows: what the probe lacks of them is not worth a second fit
        probe = _apart(taught, features, target, stops[0], settings=settings, seed=seed, until=deadline)
        return probe, _rounds([probe])
    if rounds is None:
        rounds = _probe(taught, features, target, stops, settings=settings, seed=seed, until=deadline)
    return fitted({**settings, _SETTING: rounds}, deadline), rounds


def _probe(
    taught: Learner,
    features: Features,
    target: Target,
    stops: Sequence[NDArray[np.int64]],
    *,
    settings: dict[str, Value],
    seed: int,
    until: Clock,
) -> int:
    """Return the mean of the rounds at which several probes were best."""
    probes: list[Fitted] = []
    for stop in stops:
        began = until.elapsed()
        short = until.at_most(_PROBE_SHARE * until.left())
        probes.append(_apart(taught, features, target, stop, settings=settings, seed=seed, until=short))
        if until.left() < (1.0 + _FINAL) * (until.elapsed() - began):
            break
    return _rounds(probes)


def _rounds(probes: Sequence[Fitted]) -> int:
    return max(1, round(_MORE * float(np.mean([int(probe.notes().get(ROUNDS, 1)) for probe in probes]))))


def _apart(
    taught: Learner,
    features: Features,
    target: Target,
    stop: NDArray[np.int64],
    *,
    settings: dict[str, Value],
    seed: int,
    until: Deadline,
) -> Fitted:
    """Fit without some rows, by which the learner stops."""
    rest = np.setdiff1d(np.arange(len(target.values)), stop, assume_unique=True)
    watched = (features.take(stop), target.take(stop))
    return taught.fit(
        features.take(rest), target.take(rest), seed=seed, deadline=until, settings=settings, validation=watched
    )

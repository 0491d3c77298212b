"""Tries the candidates, two folds at a time, and stops when the clock says so.

Each candidate is met on its first fold; only what is not clearly worse than the best goes on to the others (racing).
A candidate that fails, is stopped or is left out keeps its place on the leaderboard with the reason (law 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
import numpy as np

from mainstay.contracts.events import CandidateScored
from mainstay.contracts.executor import Job
from mainstay.learners.catalogue import learner
from mainstay.learners.supervised.admission import NO_TIME
from mainstay.train.blend import MEMBERS
from mainstay.train.fold import FoldJob, FoldResult, load_result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.contracts.events import Listener
    from mainstay.contracts.executor import Executor, Outcome
    from mainstay.train.candidates import Candidate
    from mainstay.train.material import Material

__all__ = ["INTERRUPTED", "PLAINLY_WORSE", "Entry", "Search", "Source", "Status"]

INTERRUPTED = "it was interrupted"

Status = Literal["done", "running", "waiting", "failed", "stopped", "skipped"]

_SLACK = 0.02  # of the baseline's loss: near zero a ratio says nothing
PLAINLY_WORSE = 1.25  # a first fold with so many times the best loss does not come back in a blend
_FIRST_SHARE = 0.6  # of the time that is left, for the first candidate of unknown cost
_LINEAR_SHARE = 0.25  # of the time that is left, for the baseline and the linear model
_WIDE_BYTES = 32e6
_SECONDS_PER_BYTE = 1.0e-7  # to write a fitted model into the graph, pack it and read it back; measured
_SECONDS_PER_LINE, _SECONDS_PER_ANSWER = 0.02, 1.2e-5  # to score a candidate for the leaderboard; measured
_GRACE = 1.0  # seconds that a learner may take to stop by itself before it is stopped


@dataclass(slots=True)
class Entry:
    """A candidate and what has become of it.

    Parameters
    ----------
    candidate : Candidate
    status : str
    reason : str
    jobs, results : dict by fold
    validation : dict by fold
        The library's answers for the fold's validation rows.
    holdout : dict by fold
        The library's answers for the held-out rows.
    scores : dict by fold
        Greater is better.
    hopeless : bool
        Whether it was given up for its first fold.
    """

    candidate: Candidate
    status: Status = "waiting"
    reason: str = ""
    jobs: dict[int, FoldJob] = field(default_factory=dict)
    results: dict[int, FoldResult] = field(default_factory=dict)
    validation: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    holdout: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    hopeless: bool = False

    @property
    def seconds(self) -> float:
        """Processor time of all folds."""
        return sum(result.seconds for result in self.results.values())

    @property
    def predict_seconds(self) -> float:
        """Time to predict 1,000 rows with all fold models."""
        return sum(result.predict_seconds for result in self.results.values())

    @property
    def cost(self) -> float:
        """About how many operations an answer of all fold models takes."""
        return sum(result.cost for result in self.results.values())

    @property
    def size(self) -> int:
        """The bytes of all fold models."""
        return sum(result.size for result in self.results.values())

    @property
    def value(self) -> float | None:
        """The mean score over the folds that are done, greater is better."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None


class Source(Protocol):
    """Where candidates come from beside the portfolio."""

    def propose(self) -> Candidate | None:
        """Return the next candidate, or None where there are no more."""
        ...

    def tell(self, entry: Entry) -> None:
        """Hear what became of a candidate, of whatever source."""
        ...


class Search:
    """One walk through the portfolio.

    Jobs of others may run on the same executor; their outcomes are kept in ``others`` by number.

    Parameters
    ----------
    candidates : tuple of Candidate
    material : Material
    folder : Path
        Where the material was saved.
    executor : Executor
    clock : Clock
        Of the whole run.
    reserve : float, default 0.0
        Seconds of it that are kept for what comes after the search.
    slower : float, default 1.0
        How many times longer work takes now than on the quiet machine on which it was measured.
    sign : float, default 1.0
        -1 where the metric is better when smaller: events tell scores in the metric's own direction.
    score : callable
        ``(target, answers) -> float``; greater is better.
    loss : callable
        ``(target, answers) -> float``; a loss above zero, for racing.
    apart : callable
        ``(target, best, other) -> bool``; whether the first fold tells the two apart.
    more : Source, optional
        Proposes further candidates when those given are through, and is told what became of each.
    """

    def __init__(
        self,
        candidates: tuple[Candidate, ...],
        material: Material,
        folder: Path,
        executor: Executor,
        *,
        clock: Clock,
        reserve: float = 0.0,
        slower: float = 1.0,
        sign: float = 1.0,
        seed: int,
        score: Callable[[NDArray[Any], NDArray[np.float64]], float],
        loss: Callable[[NDArray[Any], NDArray[np.float64]], float],
        apart: Callable[[NDArray[Any], NDArray[np.float64], NDArray[np.float64]], bool],
        listener: Listener,
        more: Source | None = None,
    ) -> None:
        self._more = more
        self.entries = [Entry(candidate) for candidate in candidates]
        self.interrupted = False
        self.others: dict[int, Outcome] = {}
        self._material, self._folder, self._executor = material, folder, executor
        self._clock, self._reserve, self._slower = clock, reserve, slower
        self._sign, self._seed = sign, seed
        self._score, self._loss, self._apart, self._listener = score, loss, apart, listener
        self._folds = len(material.folds)
        self._numbers: dict[int, tuple[Entry, int]] = {}
        self._first_loss: dict[str, float] = {}

    def begin(self) -> None:
        """Fill the slots and return at once, so that the caller can do other work meanwhile."""
        while len(self._numbers) < self._executor.slots and self._submit_next():
            pass

    def run(self) -> list[Entry]:
        """Search until nothing is left to try or the time is up; Ctrl-C ends it with what there is."""
        try:
            self.begin()
            while self._numbers and self._may_go_on():
                for outcome in self._executor.wait(min(0.5, self._clock.left())):
                    self._take(outcome)
                self.begin()
        except KeyboardInterrupt:
            self.interrupted = True
        self._end()
        return self.entries

    def _left(self) -> float:
        """Return the seconds that are left when the held-out rows must still be answered by all that may be shipped."""
        rows, begun = self._material.holdout.rows, [entry for entry in self.entries if entry.results]
        judging = rows / 1000.0 * sum(sorted(entry.predict_seconds for entry in begun)[-MEMBERS:])
        writing = _SECONDS_PER_BYTE * sum(sorted(entry.size for entry in begun)[-MEMBERS:])
        comparing = len(begun) * (_SECONDS_PER_LINE + _SECONDS_PER_ANSWER * rows)
        return max(0.0, self._clock.left() - self._reserve - judging - self._slower * (writing + comparing))

    def _may_go_on(self) -> bool:
        """Say whether there is time: to the last for the baseline, without which there would be no answer at all."""
        waits = self.entries[0].status in ("waiting", "running")
        return self._left() > 0 or (waits and self._clock.left() > 0)

    def _submit_next(self) -> bool:
        for entry in self.entries:
            fold = self._next_fold(entry)
            if fold is None:
                continue
            seconds = self._allowance(entry)
            if seconds <= 0 and self._promised(entry) > 0:
                continue  # what others have begun may turn out hopeless, and leave time
            if seconds <= 0:
                self._finish(entry, "skipped", self._no_time(entry))
                continue
            self._submit(entry, fold, seconds)
            return True
        return self._submit_proposed()

    def _submit_proposed(self) -> bool:
        """Begin a candidate that the source of more proposes; where there is no time for one, ask no more."""
        proposed = None if self._more is None else self._more.propose()
        if proposed is None:
            return False
        entry = Entry(proposed)
        seconds = self._allowance(entry)
        if seconds <= 0:
            self._more = None
            return False
        self.entries.append(entry)
        self._submit(entry, 0, seconds)
        return True

    def _next_fold(self, entry: Entry) -> int | None:
        """Return the fold to fit next: the first alone, the others once it has been judged."""
        if entry.status not in ("waiting", "running"):
            return None
        if entry.jobs and 0 not in entry.results:
            return None
        if self._is_wide(entry) and any(self._is_wide(other) for other, _ in self._numbers.values()):
            return None
        return next((fold for fold in range(self._folds) if fold not in entry.jobs), None)

    def _is_wide(self, entry: Entry) -> bool:
        """Say whether one-hot columns make the features so large that two such fits at a time are one too many."""
        recipe, arrays = entry.candidate.recipe, self._material.arrays
        if recipe.encode != "one_hot":
            return False
        width = len(arrays.number_names) + sum(min(levels, recipe.max_levels) + 2 for levels in arrays.category_levels)
        return 4.0 * width * arrays.rows > _WIDE_BYTES

    def _allowance(self, entry: Entry) -> float:
        """Return the seconds that the next fit of this candidate may take; 0 where it is not worth beginning."""
        left = self._left() - 0.2
        if entry is self.entries[0]:
            return max(left, min(2.0, self._clock.left()))
        left = max(0.0, left - self._promised(entry))
        open_folds = self._folds - len(entry.results)
        rounds = -(-open_folds // self._executor.slots)
        fair = left / rounds
        if 0 in entry.results:
            return fair if fair >= 0.5 * entry.results[0].seconds else 0.0
        others_begun = any(other.results for other in self.entries if not other.candidate.always)
        if entry.candidate.always or not others_begun:
            return fair * (_LINEAR_SHARE if entry.candidate.always and len(self.entries) > 3 else _FIRST_SHARE)
        expected = self._typical_seconds(entry)
        return fair if fair >= expected else 0.0

    def _promised(self, entry: Entry) -> float:
        """Return the seconds that the open folds of other candidates will take: half done is wasted."""
        seconds = 0.0
        for other in self.entries:
            if other is entry or other.status != "running":
                continue
            each = other.results[0].seconds if 0 in other.results else self._typical_seconds(other)
            seconds += each * (self._folds - len(other.results))
        return seconds / self._executor.slots

    def _typical_seconds(self, entry: Entry) -> float:
        """Guess a fold's time from candidates of the same learner, else from all that are not linear, by effort."""
        same = [other for other in self.entries if other.results and other.candidate.learner == entry.candidate.learner]
        known = same or [other for other in self.entries if other.results and not other.candidate.always]
        times = [result.seconds / other.candidate.effort for other in known for result in other.results.values()]
        return entry.candidate.effort * float(np.median(times)) if times else 0.0

    def _no_time(self, entry: Entry) -> str:
        folds = "its other folds" if entry.results else "it"
        return f"no time was left for {folds} ({self._left():.1f} s)"

    def _submit(self, entry: Entry, fold: int, seconds: float) -> None:
        limited = None if seconds == float("inf") else seconds
        job = FoldJob(
            folder=str(self._folder),
            candidate=entry.candidate,
            fold=fold,
            seed=self._seed,
            seconds=limited,
            rounds=entry.results[0].rounds if 0 in entry.results else None,
        )
        number = sum(len(other.jobs) for other in self.entries)
        entry.jobs[fold] = job
        entry.status = "running"
        self._numbers[number] = (entry, fold)
        limit = min(1.5 * seconds + _GRACE, max(self._left(), seconds))
        package = getattr(learner(entry.candidate.learner), "package", None)
        modules = () if package is None else (package,)
        self._executor.submit(Job(number, "mainstay.train.fold:fit_fold", msgspec.to_builtins(job), limit, modules))

    def _take(self, outcome: Outcome) -> None:
        if outcome.number not in self._numbers:
            self.others[outcome.number] = outcome
            return
        entry, fold = self._numbers.pop(outcome.number)
        if entry.status not in ("waiting", "running"):
            return
        if outcome.status != "done":
            late = outcome.status != "failed" or NO_TIME in outcome.reason
            self._finish(entry, "stopped" if late else "failed", outcome.reason)
            return
        self._keep(entry, fold, outcome)
        if fold not in entry.results:
            return
        if fold == 0 and (reason := self._is_hopeless(entry)):
            entry.hopeless = True
            self._finish(entry, "stopped", reason)
        elif len(entry.results) == self._folds:
            self._finish(entry, "done", "")

    def _keep(self, entry: Entry, fold: int, outcome: Outcome) -> None:
        result, validation, holdout = load_result(entry.jobs[fold], outcome.payload)
        if not np.isfinite(validation).all() or not np.isfinite(holdout).all():
            self._finish(entry, "failed", "its predictions are not finite numbers")
            return
        target = self._material.target.values[self._material.folds[fold].validation]
        entry.results[fold], entry.validation[fold], entry.holdout[fold] = result, validation, holdout
        entry.scores[fold] = self._score(target, validation)
        if fold == 0:
            self._first_loss[entry.candidate.name] = self._loss(target, validation)

    def _is_hopeless(self, entry: Entry) -> str:
        if entry.candidate.always or self._folds == 1:
            return ""
        name, loss = entry.candidate.name, self._first_loss[entry.candidate.name]
        rivals = {other: value for other, value in self._first_loss.items() if other != name}
        best = min(rivals, key=lambda other: rivals[other], default="")
        slack = _SLACK * self._first_loss.get("baseline", 0.0)
        if not best or loss <= PLAINLY_WORSE * rivals[best] + slack:
            return ""
        target = self._material.target.values[self._material.folds[0].validation]
        leader = next(other for other in self.entries if other.candidate.name == best)
        if not self._apart(target, leader.validation[0], entry.validation[0]):
            return ""
        return f"on the first fold its loss was {loss:.3g}, against {rivals[best]:.3g} of {best}"

    def _finish(self, entry: Entry, status: Status, reason: str) -> None:
        entry.status, entry.reason = status, reason
        if self._more is not None:
            self._more.tell(entry)
        for number, (other, _) in list(self._numbers.items()):
            if other is entry:
                self._executor.stop(number)
        values = [other.value for other in self.entries if other.status == "done" and other.value is not None]
        self._listener(
            CandidateScored(
                entry.candidate.name,
                status,
                self._own(entry.value),
                self._own(max(values, default=None)),
                self._clock.left(),
                reason,
            )
        )

    def _own(self, score: float | None) -> float | None:
        """Return a score in the metric's own direction."""
        return None if score is None or not np.isfinite(score) else self._sign * score

    def _end(self) -> None:
        """Stop what still runs; a candidate with a part of its folds is not comparable and stays out."""
        for number in list(self._numbers):
            self._executor.stop(number)
        self._numbers.clear()
        why = INTERRUPTED if self.interrupted else "the time was up before its folds were done"
        for entry in self.entries:
            if entry.status == "running":
                self._finish(entry, "stopped", why)
            elif entry.status == "waiting":
                self._finish(entry, "skipped", why)

"""A detector that learns from a few labels: trees over the features and what the members say, which may only agree.

A handful of known anomalies is too little to learn from alone, and enough to say which kind of oddness matters. Two
things make it safe. Rows without a label stand in for usual ones, the odder the fewer of them (bagging of positive
against unlabelled rows: Mordelet and Vert 2014, doi:10.1016/j.patrec.2013.06.010). And no tree may find a row less odd
because a member finds it odder (monotone constraints), so a wrong lesson from three labels cannot turn the detector
around. Extremely randomised trees (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1) were better here than boosting at
every number of labels tried (docs/log.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.anomalies import TAUGHT, Detection, Member, blended
from mainstay.contracts.anomaly_bodies import Stacked
from mainstay.contracts.anomaly_scores import detection_scores, member_scores
from mainstay.contracts.errors import UsageError
from mainstay.learners.anomaly.feedback_paths import leaf_paths
from mainstay.learners.anomaly.levels import scale_of
from mainstay.learners.scikit_trees import read_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Observations
    from mainstay.contracts.learner import Deadline
    from mainstay.contracts.model import Trees

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["cross_taught", "with_labels"]

_BAGS, _TREES = 10, 20
_WEIGHT = 0.9
"""How much the taught member counts: the others settle the order of rows that no label says anything about."""
_POOL = 20_000
_LEAST, _PER_ANOMALY, _WITHOUT_LABEL = 64, 4, 200
_MOST_LABELLED = 5_000
_TRUSTED = 20.0
"""Known usual rows that weigh as much as all that are only assumed to be usual."""
_USUAL_LEVEL, _STEEP = 1.5, 3.0
_FOLDS = 5


def with_labels(
    detection: Detection, observations: Observations, labels: NDArray[np.integer], *, seed: int, deadline: Deadline
) -> Detection:
    """Add a member that was taught by labels.

    Parameters
    ----------
    detection : Detection
        Fitted without labels.
    observations : Observations
        Rows like those that it was fitted on, n of them; labelled and other rows.
    labels : int array of shape (n,)
        1 a known anomaly (one at least), 0 known to be usual, -1 not known.
    seed : int
    deadline : Deadline
        With little time fewer trees are grown, 20 at the least.

    Returns
    -------
    Detection
        The members as they were with a tenth of the weight together, and the taught one behind them.

    Raises
    ------
    UsageError
        When no anomaly is known, or the labels are not as many as rows.

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> from mainstay.learners.anomaly.catalogue import learner
    >>> chance = np.random.default_rng(0)
    >>> rows = Observations.of(chance.normal(size=(400, 3)))
    >>> found = learner("knn").fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    >>> labels = np.where(np.arange(400) < 5, rows.matrix[:, 0] > 0, -1)
    >>> [member.name for member in with_labels(found, rows, labels, seed=0, deadline=NoDeadline()).members]
    ['knn', 'taught']
    """
    if len(labels) != observations.rows or not (labels == 1).any():
        raise UsageError(
            f"one known anomaly at least and a label, or -1, for each of {observations.rows:,} rows were expected, and "
            f"{len(labels):,} labels with {int((labels == 1).sum())} anomalies came",
            where="labels", hint="Label an anomaly as 1, a usual row as 0, and leave the others empty.",
        )  # fmt: skip
    lesson = _Lesson.of(detection, observations, labels, seed)
    trees = _grow(lesson, seed, deadline)
    return _behind(detection, lesson, trees)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """Rows to learn from: the labelled ones, and some of the others.

    Parameters
    ----------
    matrix : float32 array of shape (m, d)
    raw, levels : float64 array of shape (m, members)
    score : float64 array of shape (m,)
        What the members together say.
    labels : int array of shape (m,)
    """

    matrix: NDArray[np.float32]
    raw: Doubles
    levels: Doubles
    score: Doubles
    labels: NDArray[np.integer]

    @classmethod
    def of(cls, detection: Detection, observations: Observations, labels: NDArray[np.integer], seed: int) -> _Lesson:
        chance = np.random.default_rng([seed, 41])
        known, unknown = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
        if len(unknown) > _POOL:
            unknown = chance.choice(unknown, _POOL, replace=False)
        if len(known) > _POOL:  # every anomaly, and as many usual rows as fit
            odd, usual = (np.flatnonzero(labels == label) for label in (1, 0))
            usual = chance.choice(usual, min(len(usual), max(_POOL - len(odd), len(odd))), replace=False)
            known = np.concatenate([odd, usual])
        rows = np.sort(np.concatenate([known, unknown]))
        matrix = observations.matrix[rows]
        raw = detection_scores(detection, matrix)
        scales = tuple(member.scale for member in detection.members)
        levels = np.column_stack([scale.level(raw[:, at]) for at, scale in enumerate(scales)])
        weights = np.array([member.weight for member in detection.members])
        return cls(matrix, raw, levels, blended(raw, scales, weights), labels[rows])

    def without(self, rows: Places) -> _Lesson:
        """Return the lesson with the labels of these rows hidden."""
        labels = self.labels.copy()
        labels[rows] = -1
        return replace(self, labels=labels)


def _grow(lesson: _Lesson, seed: int, deadline: Deadline) -> Trees:
    """Grow trees on bags, each with all known anomalies and other rows that stand in for usual ones."""
    inputs = np.column_stack([lesson.matrix, lesson.levels]).astype(np.float32)
    grown: list[Any] = []
    for bag in range(_BAGS):
        if grown and deadline.left() <= 0:
            break
        rows, answers, weight = _bag(lesson, np.random.default_rng([seed, 43, bag]))
        grown += _forest(inputs[rows], answers, weight, width=lesson.matrix.shape[1], seed=seed * _BAGS + bag)
    values = [_odd_share(tree) / len(grown) for tree in grown]
    return read_trees(grown, values, np.zeros(1))


def _forest(inputs: NDArray[np.float32], answers: Places, weight: Doubles, *, width: int, seed: int) -> list[Any]:
    from sklearn.ensemble import ExtraTreesClassifier

    monotone = [0] * width + [1] * (inputs.shape[1] - width)
    model = ExtraTreesClassifier(
        n_estimators=_TREES, max_features="sqrt", monotonic_cst=monotone, random_state=seed % (2**31)
    )
    return [one.tree_ for one in model.fit(inputs, answers, weight).estimators_]


def _odd_share(tree: Any) -> Doubles:
    """Return the share of anomalies in each node; shares are fractions of 2^20, so that sums are exact in any order."""
    value: Doubles = tree.value[:, 0, :]
    shares = value[:, 1:] / value.sum(axis=1, keepdims=True)
    return np.asarray(np.round(shares * 2.0**20) / 2.0**20, np.float64)


def _bag(lesson: _Lesson, chance: np.random.Generator) -> tuple[Places, Places, Doubles]:
    """Draw the rows of a bag; both sides weigh as much."""
    odd, usual, unknown = (np.flatnonzero(lesson.labels == label) for label in (1, 0, -1))
    odd, usual = (rows if len(rows) <= _MOST_LABELLED else chance.choice(rows, _MOST_LABELLED, replace=False)
                  for rows in (odd, usual))  # fmt: skip
    wanted = max(_LEAST if len(usual) < _MOST_LABELLED else 0, min(_PER_ANOMALY * len(odd), _WITHOUT_LABEL * 5))
    assumed = _assumed(lesson, unknown, max(wanted, _WITHOUT_LABEL - len(usual)), chance)
    trust = len(usual) / (len(usual) + _TRUSTED) if len(assumed) else 1.0
    weight = np.concatenate([
        np.full(len(odd), 1.0 / len(odd)),
        np.full(len(usual), trust / max(1, len(usual))),
        np.full(len(assumed), (1.0 - trust) / max(1, len(assumed))),
    ])  # fmt: skip
    answers = np.concatenate([np.ones(len(odd)), np.zeros(len(usual) + len(assumed))]).astype(np.int64)
    return np.concatenate([odd, usual, assumed]), answers, weight


def _assumed(lesson: _Lesson, unknown: Places, count: int, chance: np.random.Generator) -> Places:
    """Draw rows without a label, the odder the less likely."""
    if len(unknown) <= count:
        return unknown
    level = _level_of(lesson.score, unknown)
    likely = 1.0 / (1.0 + np.exp(np.minimum(_STEEP * (level - _USUAL_LEVEL), 50.0)))
    return chance.choice(unknown, count, replace=False, p=likely / likely.sum())


def _level_of(score: Doubles, rows: Places) -> Doubles:
    return scale_of(score).level(score[rows])


def _behind(detection: Detection, lesson: _Lesson, trees: Trees) -> Detection:
    """Return the detection with the trees as its last member."""
    width = lesson.matrix.shape[1]
    asked = _asking_raw(trees, lesson, width)
    features, values = leaf_paths(trees, width)
    body = Stacked(asked, features, values)
    scale = scale_of(member_scores(body, lesson.matrix, lesson.raw))
    members = [replace(member, weight=member.weight * (1.0 - _WEIGHT)) for member in detection.members]
    odd, usual = (int((lesson.labels == label).sum()) for label in (1, 0))
    notes = {**detection.notes, "taught_by": f"{odd:,} known anomalies and {usual:,} known usual rows"}
    return Detection((*members, Member(TAUGHT, body, scale, _WEIGHT)), notes, detection.first)


def _asking_raw(trees: Trees, lesson: _Lesson, width: int) -> Trees:
    """Return the trees asking the members' raw scores, where they were grown on levels.

    A level rises with its raw score, so each threshold has a place between two raw scores that were seen.
    """
    threshold = trees.threshold.copy()
    for member in range(lesson.raw.shape[1]):
        nodes = np.flatnonzero(trees.feature == width + member)
        order = np.argsort(lesson.raw[:, member], kind="stable")
        raw, level = lesson.raw[order, member], lesson.levels[order, member].astype(np.float32)
        place = np.searchsorted(level, trees.threshold[nodes], side="right")  # the first that goes right
        ends = np.concatenate([[raw[0]], raw, [raw[-1]]])
        threshold[nodes] = 0.5 * ends[place] + 0.5 * ends[place + 1]
    return replace(trees, threshold=threshold)


def cross_taught(
    detection: Detection, observations: Observations, labels: NDArray[np.integer], *, seed: int, deadline: Deadline
) -> Doubles | None:
    """Return what a taught detector says of labelled rows whose labels it has not seen, to judge it by.

    The labelled rows are dealt into folds, and each is scored by a detector that was taught by the others.

    Parameters
    ----------
    detection, observations, labels, seed, deadline
        As in :func:`with_labels`.

    Returns
    -------
    float64 array of shape (labelled rows,), or None
        In the order of the rows. None where fewer than two anomalies are known, or time is over.
    """
    odd, usual = (np.flatnonzero(labels == label) for label in (1, 0))
    if len(odd) < 2:
        return None
    folds = min(_FOLDS, len(odd))
    chance = np.random.default_rng([seed, 47])
    fold = np.full(len(labels), -1)
    for rows in (odd, usual):
        fold[chance.permutation(rows)] = np.arange(len(rows)) % folds
    scores = np.full(len(labels), np.nan)
    for number in range(folds):
        if deadline.left() <= 0:
            return None
        hidden = np.flatnonzero(fold == number)
        seen = labels.copy()
        seen[hidden] = -1
        taught = with_labels(detection, observations, seen, seed=seed, deadline=deadline)
        raw = detection_scores(taught, observations.matrix[hidden])
        weights = np.array([member.weight for member in taught.members])
        scores[hidden] = blended(raw, tuple(member.scale for member in taught.members), weights)
    return np.asarray(scores[labels >= 0], np.float64)

"""Asks whether the test part can be told from the training part: then a score on it says little of the other.

A model learns to tell the two parts apart; of a fair draw it does so no better than a coin. Where it can, columns are
named that give the part away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_model import answers_of
from mainstay.data.leaks_solo import Goal, bin_column, score_bins
from mainstay.data.split_fingerprints import fingerprints

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema

__all__ = ["Apart", "judge_apart"]

_ROWS = 4000
_MOST_COLUMNS = 100
_SUSPECT, _PLAIN = 0.6, 0.9
_NAMED = 3


class Apart(msgspec.Struct, frozen=True):
    """How well the test part is told from the training part.

    Parameters
    ----------
    score : float
        ROC-AUC on rows not seen; 0.5 is chance.
    low, high : float
        Its 95 % interval.
    columns : tuple of (str, float)
        What tells the parts apart alone, the best first, with its ROC-AUC.
    """

    score: float
    low: float
    high: float
    columns: tuple[tuple[str, float], ...] = ()


def judge_apart(
    frame: pl.DataFrame,
    schema: Schema,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    *,
    how: str,
    seed: int,
) -> tuple[Apart | None, tuple[Finding, ...]]:
    """Return how well the parts are told apart, and a finding where it is too well.

    After a split by chance, over 0.6 is a warning; things of other groups may differ up to 0.9; later rows always
    differ, and are told about above 0.9.
    """
    columns = [one for one in schema.features if one.name in frame.columns and one.kind != "text"][:_MOST_COLUMNS]
    if min(len(train), len(test)) < 50 or not columns:
        return None, ()
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(train)[:_ROWS], rng.permutation(test)[:_ROWS]])
    late = np.repeat([0, 1], [min(len(train), _ROWS), min(len(test), _ROWS)])
    some = frame[rows]
    goal = Goal(late, 2, _folds(some, [one.name for one in columns], rng))
    bins = {one.name: bin_column(some.get_column(one.name), one) for one in columns}
    matrix = np.column_stack(list(bins.values())).astype(np.float64)
    answers = answers_of(matrix, late.astype(np.float64), goal.folds, seed=seed, binary=True)
    predicted = np.column_stack([1 - answers, answers])
    score = goal.score(predicted)
    reach = 1.96 * goal.error(predicted, score)
    alone = sorted(((round(score_bins(codes, goal), 4), name) for name, codes in bins.items()), reverse=True)
    told = tuple((name, value) for value, name in alone[:_NAMED] if value > 0.55)
    apart = Apart(round(score, 4), round(max(score - reach, 0), 4), round(min(score + reach, 1), 4), told)
    limit = _SUSPECT if how == "random" else _PLAIN
    return apart, (_finding(apart, how),) if apart.low > limit else ()


def _folds(frame: pl.DataFrame, names: list[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw folds that keep equal rows together: they are on one side of the split, and would give each other away."""
    places = np.unique(fingerprints(frame, names), return_inverse=True)[1]
    return np.asarray((rng.permutation(int(places.max()) + 1) % 3)[places], np.int64)


def _finding(apart: Apart, how: str) -> Finding:
    named = ", ".join(f"{name!r} ({value:.3g} alone)" for name, value in apart.columns) or "no column alone"
    if how == "random":
        advice = "The parts were not drawn by chance from one table: find out where they come from."
    else:
        advice = "The model answers for rows that it has seen few of: leave out what only names the part."
    return Finding(
        severity="info" if how.startswith("time:") else "warning",
        code="leak.apart",
        column=apart.columns[0][0] if apart.columns else None,
        message=(
            f"the test part can be told from the training part (ROC-AUC {apart.score:.3f}, {apart.low:.3f} to "
            f"{apart.high:.3f}; 0.5 is chance), most of all by {named}"
        ),
        advice=advice,
    )

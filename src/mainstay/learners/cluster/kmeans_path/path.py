"""The K-means path from rows to records: form, sample, walk, polish on all rows, and the criteria of each k."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.kmeans_path.criteria import fits_of
from mainstay.learners.cluster.kmeans_path.distinct import merged, packed
from mainstay.learners.cluster.kmeans_path.drawing import Drawing
from mainstay.learners.cluster.kmeans_path.explore import explored
from mainstay.learners.cluster.kmeans_path.gather import gathered
from mainstay.learners.cluster.kmeans_path.mend import mended, mended_one
from mainstay.learners.cluster.kmeans_path.passes import sums_of
from mainstay.learners.cluster.kmeans_path.polish import lloyd, moving, rested, stirred
from mainstay.learners.cluster.kmeans_path.records import KMeansPath
from mainstay.learners.cluster.kmeans_path.table import SHORT, numbers, table_of
from mainstay.learners.cluster.kmeans_path.workers import working

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.records import KMeansFit
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["kmeans_fit", "kmeans_path", "quick_path"]

_WHERE = "K-means"

_WALKS = 6
_ROUNDS = 6
"""Walks on small samples, and rounds of exchange in each: see :mod:`mainstay.learners.cluster.kmeans_path.explore`."""

_FEW = 16
"""Up to so many clusters of a short table one walk is enough, for it ends on the table itself."""

_EXTRA = 6
"""More passes over all rows for the sets of fewest centres."""


def kmeans_path(
    X: NDArray[np.floating | np.integer],
    k_max: int,
    *,
    sample_weight: NDArray[np.floating] | None = None,
    seed: int = 0,
    deadline: Deadline | None = None,
    threads: int = 1,
) -> KMeansPath:
    """Return the K-means fits of all k from 1 to ``k_max``, with exact inertia on all rows.

    Parameters
    ----------
    X : array of shape (n, d)
        Finite numbers; worked on as float32 after centring.
    k_max : int
        The largest k, at least 1; the path ends earlier where there are fewer different rows.
    sample_weight : array of shape (n,), optional
        How many rows each one stands for, at least 0.
    seed : int, default 0
        The same seed gives the same path, whatever the number of threads.
    deadline : Deadline, optional
        When it is over, every k still has a fit, polished less.
    threads : int, default 1
        The answer does not depend on it. Measured on two cores, two threads are no quicker: blocks are small, and
        threads wait for each other.

    Returns
    -------
    KMeansPath

    Raises
    ------
    UsageError
        When X holds a missing or infinite value or no row, a weight is below 0, or ``k_max`` is below 1.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> [round(fit.inertia, 3) for fit in kmeans_path(rows, 9)]
    [101.0, 1.0, 0.5, 0.0]
    """
    return _path(
        X,
        k_max,
        sample_weight,
        seed,
        deadline=deadline or NoDeadline(),
        threads=threads,
        walks=_WALKS,
        rounds=_ROUNDS,
    )


def kmeans_fit(
    X: NDArray[np.floating | np.integer],
    k: int,
    *,
    sample_weight: NDArray[np.floating] | None = None,
    seed: int = 0,
    deadline: Deadline | None = None,
    threads: int = 1,
    rounds: int = 300,
) -> KMeansFit:
    """Return the fit of one k: found as in the path, then Lloyd's algorithm on all rows until it rests.

    Parameters
    ----------
    X, sample_weight, seed, deadline, threads
        As for :func:`kmeans_path`.
    k : int
        How many clusters, at least 1.
    rounds : int, default 300
        The most passes over all rows at the end.

    Raises
    ------
    UsageError
        As :func:`kmeans_path`, and when there are fewer than k different rows.

    Examples
    --------
    >>> kmeans_fit(np.array([[0.0], [1.0], [10.0], [11.0]]), 2).sizes.tolist()
    [2.0, 2.0]
    """
    _check(k, "k", seed)
    clock = deadline or NoDeadline()
    with working(threads):
        table, _ = _admitted(X, sample_weight)
        if k > table.rows:
            raise UsageError(
                f"k is {k}, and there are only {table.rows} different rows",
                where=_WHERE,
                hint="Ask for fewer clusters.",
            )
        generator = np.random.default_rng(seed)
        table = gathered(table, generator)
        drawing = Drawing(table, generator)
        sets = explored(drawing, k, clock, walks=_walks(table, k), rounds=_ROUNDS)[k - 1 : k]
        if sets and clock.left() > 0:
            sets = rested(table, _polished(drawing, sets, clock), rounds, clock)
        answers = mended_one(table, sums_of(table, sets) if sets else [], k)
        return fits_of(table, [answers], drawing)[0][0]


def quick_path(
    X: NDArray[np.floating | np.integer],
    k_max: int,
    *,
    sample_weight: NDArray[np.floating] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> KMeansPath:
    """Return a path that is found with less effort: for curves of resamples, which are compared with each other.

    For up to some ten thousand rows. Parameters and answer are those of :func:`kmeans_path`.

    Examples
    --------
    >>> len(quick_path(np.array([[0.0], [1.0], [10.0]]), 2))
    2
    """
    return _path(X, k_max, sample_weight, seed, deadline=NoDeadline(), threads=threads, walks=0, rounds=3)


def _path(
    X: NDArray[np.floating | np.integer],
    k_max: int,
    sample_weight: NDArray[np.floating] | None,
    seed: int,
    *,
    deadline: Deadline,
    threads: int,
    walks: int,
    rounds: int,
) -> KMeansPath:
    _check(k_max, "k_max", seed)
    with working(threads if len(X) > SHORT else 1):
        table, rows = _admitted(X, sample_weight)
        generator = np.random.default_rng(seed)
        table = gathered(table, generator)
        drawing = Drawing(table, generator)
        most = min(k_max, table.rows)
        sets = explored(drawing, most, deadline, walks=min(walks, _walks(table, most)), rounds=rounds)
        if deadline.left() > 0 and walks:
            sets = _polished(drawing, sets, deadline)
        answers = mended(table, sums_of(table, sets), most)
        fits, seen = fits_of(table, answers, drawing)
        return KMeansPath(fits, rows, table.mass, seen, deadline.left() > 0)


def _check(k: int, name: str, seed: int) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"seed must be a whole number of at least 0, and {seed!r} came", where=_WHERE)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise UsageError(f"{name} must be a whole number of at least 1, and {k!r} came", where=_WHERE)


def _walks(table: Table, k_max: int) -> int:
    if table.rows > SHORT:
        return _WALKS
    return 1 if table.rows > SHORT // 2 and k_max <= _FEW else 2


def _admitted(X: NDArray[np.floating | np.integer], sample_weight: NDArray[np.floating] | None) -> tuple[Table, int]:
    """Return the rows in form, equal ones drawn together, and how many came."""
    matrix = numbers(X)
    if sample_weight is None:
        narrow, counts = packed(matrix)
        return merged(table_of(narrow, counts)), len(matrix)
    return merged(table_of(matrix, np.asarray(sample_weight, np.float64))), len(matrix)


def _polished(drawing: Drawing, sets: list[Doubles], deadline: Deadline) -> list[Doubles]:
    """Bring centres that were found on samples to rest on all rows."""
    table, generator = drawing.table, drawing.generator
    restless = moving(table, sets, generator)
    if restless:
        stirred_sets = stirred(table, [sets[number] for number in restless], generator=generator, deadline=deadline)
        for number, centres in zip(restless, stirred_sets, strict=True):
            sets[number] = centres
    few = sum(len(centres) ** 2 <= len(sets) for centres in sets)  # the first ones, which cost next to nothing
    return lloyd(table, [*lloyd(table, sets[:few], _EXTRA), *sets[few:]], 1)

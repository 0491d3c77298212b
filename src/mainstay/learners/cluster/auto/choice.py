"""The choice of a method: the groups that cut the fewest links between near neighbours, whatever their shape.

Groups that do not come back on other rows are barred before. Of those that cut hardly more than the least the one is
taken that they agree with most. Tried on 45 made sets and on 15
known ones: see docs/log.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres, Clustering, assign
from mainstay.learners.cluster.admission import admit
from mainstay.learners.cluster.auto.candidates import run_methods, stability_of
from mainstay.learners.cluster.auto.number import Number, number_for
from mainstay.learners.cluster.auto.records import Comparison, MethodChoice
from mainstay.learners.cluster.auto.sample import is_whole, sample_of
from mainstay.learners.cluster.catalogue import learner
from mainstay.learners.cluster.links import links_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points
    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.auto.candidates import Candidate

__all__ = ["choose_method"]

_OWN_RULE = ("kmeans", "gaussian_mixture", "k_prototypes")
"""Methods whose body is learned anew from all rows; those of the others are the rows of the sample."""

_UNSTEADY = 0.25
"""Groups that come back less surely than those of another method by more than this are not taken."""

_NEAR, _NOTHING = 1.25, 0.001
"""A cut up to a quarter larger than the least, or one of next to nothing, is as good."""


def choose_method(
    points: Points,
    k: int | None,
    *,
    seed: int,
    deadline: Deadline,
    compact_k: int | None = None,
    clear: bool = False,
) -> MethodChoice:
    """Run several methods on a sample, and take the one whose groups cut the fewest links between near neighbours.

    Parameters
    ----------
    points : Points
    k : int, optional
        The number of groups; found where none is given, 1 where there is no structure.
    seed : int
    deadline : Deadline
    compact_k : int, optional
        How many compact groups ``choose_k`` saw, so that it need not be asked again; used where no k is given.
    clear : bool, default False
        Whether it saw deep valleys between these, and no other number was plausible.

    Returns
    -------
    MethodChoice
        With the agreement of the methods with each other, the stability of each, and reasons in plain words.

    Raises
    ------
    UsageError
        When there are no rows, a value is not finite, or k is more than there are different rows.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> chance = np.random.default_rng(0)
    >>> angle = chance.uniform(0, 2 * np.pi, 300)
    >>> rings = np.column_stack([np.cos(angle), np.sin(angle)]) * np.repeat([1.0, 4.0], 150)[:, None]
    >>> rings = Points(rings.astype(np.float32), ("a", "b"))
    >>> choose_method(rings, 2, seed=0, deadline=NoDeadline()).name in ("genie", "hdbscan", "spectral")
    True
    """
    admit(learner("kmeans"), points, k, {})
    sample = sample_of(points, seed=seed, deadline=deadline)
    number = (
        Number(k, f"{k} groups were asked for")
        if k is not None
        else number_for(sample, compact_k, clear=clear, seed=seed, deadline=deadline)
    )
    if number.k == 1 or sample.rows < number.k + 2:
        return _plain(points, number, seed, deadline)
    links = links_between(sample.matrix.astype(np.float64))
    found, missing = run_methods(sample, number.k, links, seed=seed, deadline=deadline)
    steady = {one.name: stability_of(one, sample, number.k, seed=seed, deadline=deadline) for one in found}
    best = _best(found, steady)
    order = [best, *sorted((one for one in found if one is not best), key=lambda one: one.cut)]
    compared = tuple(
        Comparison(one.name, one.clustering.body.clusters, one.cut, steady[one.name], one.seconds) for one in order
    )
    agreement = _agreement([one.clustering.labels for one in order])
    clustering = _of_all(points, best, sample, number.k, seed=seed, deadline=deadline)
    reasons = (f"{number.reason[0].upper()}{number.reason[1:]}.", *_reasons(compared, agreement))
    return MethodChoice(best.name, clustering, compared, agreement, reasons, tuple(missing))


def _best(found: list[Candidate], steady: dict[str, float]) -> Candidate:
    """Return the candidate of the least cut, or of those hardly worse the one that these agree with most.

    A few rows far out cut no links, and are others on each part of the rows: groups that do not come back are barred.
    """
    known = [value for value in steady.values() if np.isfinite(value)]
    least = max(known, default=0.0) - _UNSTEADY
    found = [one for one in found if not steady[one.name] < least]
    most = min(one.cut for one in found) * _NEAR + _NOTHING
    near = [one for one in found if one.cut <= most]
    agreed = _agreement([one.clustering.labels for one in near]).sum(axis=1)
    return near[int(agreed.argmax())]


def _plain(points: Points, number: Number, seed: int, deadline: Deadline) -> MethodChoice:
    """Return K-means' answer where there is nothing to compare."""
    clustering = learner("kmeans").fit(points, number.k, seed=seed, deadline=deadline)
    one = Comparison("kmeans", clustering.body.clusters, 0.0, float("nan"), 0.0)
    reason = f"{number.reason[0].upper()}{number.reason[1:]}."
    return MethodChoice("kmeans", clustering, (one,), np.ones((1, 1)), (reason,))


def _of_all(points: Points, best: Candidate, sample: Points, k: int, *, seed: int, deadline: Deadline) -> Clustering:
    """Return the clustering of all rows by the method that won on the sample."""
    if best.name in _OWN_RULE and not is_whole(sample, points):
        return learner(best.name).fit(points, k, seed=seed, deadline=deadline)
    body, notes = best.clustering.body, dict(best.clustering.notes)
    if not is_whole(sample, points):
        notes["sampled_rows"] = sample.rows
    stray = None
    if best.clustering.stray is not None and isinstance(body, Centres) and is_whole(sample, points):
        stray = _far_from(points, sample.matrix[best.clustering.stray])
    return Clustering(body, assign(body, points.matrix), notes, stray)


def _far_from(points: Points, noise: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each row whether it is one of those that the sample called noise."""
    kinds = {row.tobytes() for row in noise}
    return np.array([row.tobytes() in kinds for row in points.matrix + np.float32(0.0)])


def _agreement(labels: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    from sklearn.metrics import adjusted_rand_score

    return np.array([[adjusted_rand_score(one, two) for two in labels] for one in labels], np.float64)


def _reasons(compared: tuple[Comparison, ...], agreement: NDArray[np.float64]) -> tuple[str, ...]:
    """Return why the first method was chosen, how far the others agree with it, and how stable it is."""
    best, others = compared[0], compared[1:]
    said = [
        f"Of {len(compared)} methods {best.name} was chosen: its groups lose {best.cut:.1%} of the links between near "
        "neighbours to other groups"
        + (
            f", those of {others[0].name} {others[0].cut:.1%} and of {others[-1].name} {others[-1].cut:.1%}"
            if others
            else ""
        )
    ]
    if others:
        alike = [one.name for one, share in zip(others, agreement[0, 1:], strict=True) if share >= 0.8]
        said.append(
            f"The same groups, all but a few rows, are found by {', '.join(alike)}"
            if alike
            else "No other method finds the same groups: look at the map before you rely on them"
        )
    if np.isfinite(best.stability):
        said.append(
            f"Found again on random parts of the rows, its groups have an adjusted Rand index of {best.stability:.2f}"
        )
    return tuple(f"{sentence}." for sentence in said)

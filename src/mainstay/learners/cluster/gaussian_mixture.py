"""Gaussian mixtures: groups that overlap, lie askew or differ in width, and a number of groups that BIC can name.

scikit-learn fits them; each start is a solution of the K-means path, so that no luck is needed. Weights are not known
to it: rows are drawn in their proportion instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.clusters import Mixture, Points, assign
from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, by_size
from mainstay.learners.cluster.dequantise import dequantised
from mainstay.learners.cluster.kmeans_path import kmeans_path
from mainstay.learners.cluster.stand_ins import different_rows, drawn_rows, nearest
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["COVARIANCES", "FittedMixture", "GaussianMixture", "best_mixture", "learned_rows"]

COVARIANCES = ("full", "diag", "spherical", "tied")
_MOST = 20_000
_WIDEST_FULL = 60
_ROUNDS = 100
_LEAST_VARIANCE = 1e-4
"""The part of the mean variance of the columns that is added to each: a group of equal rows keeps some width."""
_K_MAX = 60


@dataclass(frozen=True, slots=True)
class FittedMixture:
    """A mixture with how well it explains the rows.

    Parameters
    ----------
    mixture : Mixture
    bic : float
        The lower the better.
    covariance : str
        One of COVARIANCES.
    k : int
    """

    mixture: Mixture
    bic: float
    covariance: str
    k: int


class GaussianMixture:
    """Groups are Gaussians; the kind of covariance, and k where none is given, are those of the lowest BIC.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> chance = np.random.default_rng(0)
    >>> rows = np.concatenate([chance.normal(0, 1, (80, 2)), chance.normal(9, 3, (50, 2))]).astype(np.float32)
    >>> GaussianMixture().fit(Points(rows, ("a", "b")), None, seed=0, deadline=NoDeadline()).notes["k"]
    2
    """

    name = "gaussian_mixture"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "covariance",
            "best",
            "The kind of covariance of the Gaussians, or the one of the lowest BIC.",
            choices=("best", *COVARIANCES),
        ),
        Parameter("k_max", _K_MAX, "The largest number of groups that is tried where none is given.", low=1, high=500),
    )

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Clustering:
        """Fit mixtures of k Gaussians, or of 1, 2, ... until BIC has long ceased to fall."""
        checked = admit(self, points, k, settings)
        rows = _spread(learned_rows(points, seed), points, seed)
        covariance = str(checked["covariance"])
        kinds = COVARIANCES if covariance == "best" else (covariance,)
        notes: dict[str, Value] = {}
        numbers = _numbers(int(checked["k_max"])) if k is None else (k,)
        with quiet(notes):
            best = best_mixture(rows, numbers, kinds=kinds, seed=seed, deadline=deadline)
            body = best.mixture
            if k is not None and len(np.unique(assign(body, points.matrix))) < k:
                notes["note"] = "the Gaussians are those of the K-means groups: some of a better fit held no row"
                body = _round_groups(points, k, seed)
        notes |= {"k": best.k, "covariance": best.covariance, "bic": best.bic}
        if points.weight is not None:
            notes["weights"] = "rows were drawn in proportion to their weight"
        return by_size(points, body, notes)


def _spread(rows: Doubles, points: Points, seed: int) -> Doubles:
    """Spread columns of few values: on a yes or no a Gaussian may become a needle, and BIC would buy many of them."""
    return dequantised(Points(rows.astype(np.float32), points.names, blocks=points.blocks), seed).astype(np.float64)


def _numbers(k_max: int) -> tuple[int, ...]:
    """Return 1 to 12, then steps of about an eighth, for so many Gaussians are never told apart better."""
    numbers = list(range(1, min(12, k_max) + 1))
    while numbers[-1] < k_max:
        numbers.append(min(k_max, numbers[-1] + max(1, numbers[-1] // 8)))
    return tuple(numbers)


def learned_rows(points: Points, seed: int, most: int = _MOST) -> Doubles:
    """Return the rows to learn from in an order of their own: all, or ``most`` of them; weighted ones are repeated."""
    rows = different_rows(points)
    share = np.cumsum(rows.weight)
    if points.rows == 1:
        return np.repeat(rows.points, 2, axis=0)  # the library asks for two
    if points.weight is None and points.rows <= most:
        return np.repeat(rows.points, rows.weight.astype(np.int64), axis=0)
    count = min(most, points.rows)
    start = np.random.default_rng(seed).random()
    # evenly spaced over the weights: each row as often as its weight says, give or take one
    drawn: Whole = np.searchsorted(share, (start + np.arange(count)) / count * share[-1], side="right")
    return rows.points[np.minimum(drawn, len(rows.points) - 1)]


def best_mixture(
    rows: Doubles,
    numbers: Iterable[int],
    *,
    kinds: tuple[str, ...] = COVARIANCES,
    seed: int,
    deadline: Deadline,
) -> FittedMixture:
    """Return the mixture of the lowest BIC (Schwarz 1978, doi 10.1214/aos/1176344136) over k and covariance.

    Parameters
    ----------
    rows : float64 array of shape (n, d)
    numbers : iterable of int
        The k to try, rising; the search ends once none of a quarter more Gaussians was better.
    kinds : tuple of str, default all
    seed : int
    deadline : Deadline
        When it is over, the best so far is returned; the first is always fitted.
    """
    different = len(np.unique(rows, axis=0))
    tried = [k for k in numbers if k <= different] or [different]
    path = kmeans_path(rows, max(tried), seed=seed, deadline=deadline, threads=1)
    best: FittedMixture | None = None
    for k in tried:
        if best is not None and (deadline.left() <= 0 or k > best.k + 3 + best.k // 4):
            break
        centres = path[min(k, len(path))].centres
        for kind in kinds:
            if best is not None and (
                deadline.left() <= 0 or (kind in {"full", "tied"} and rows.shape[1] > _WIDEST_FULL)
            ):
                continue
            fitted = _fit(rows, centres, kind, rounds=_ROUNDS if deadline.left() > 0 else 1)
            if best is None or fitted.bic < best.bic:
                best = fitted
    assert best is not None
    return best


def _fit(rows: Doubles, centres: Doubles, kind: str, rounds: int) -> FittedMixture:
    from sklearn.mixture import GaussianMixture as Fitted

    owner = nearest(rows, centres)
    share = (np.bincount(owner, minlength=len(centres)) + 1.0) / (len(rows) + len(centres))
    least = _LEAST_VARIANCE * max(float(rows.var(axis=0).mean()), 1e-12)
    model = Fitted(
        len(centres),
        covariance_type=kind,
        means_init=centres,
        weights_init=share / share.sum(),
        precisions_init=_precisions(rows, centres, owner, kind, least),
        reg_covar=least,
        max_iter=rounds,
        tol=1e-3,
        random_state=0,
    ).fit(rows)
    return FittedMixture(_mixture(model), float(model.bic(rows)), kind, len(centres))


def _precisions(rows: Doubles, centres: Doubles, owner: Whole, kind: str, least: float) -> Any:
    """Return a start for the precisions: round Gaussians as wide as the K-means groups are on average."""
    width, count = rows.shape[1], len(centres)
    precision = 1 / (float(((rows - centres[owner]) ** 2).mean()) + least)
    return {
        "full": np.tile(np.eye(width) * precision, (count, 1, 1)),
        "diag": np.full((count, width), precision),
        "spherical": np.full(count, precision),
        "tied": np.eye(width) * precision,
    }[kind]


def _mixture(model: Any) -> Mixture:
    """Return the library's mixture with a whole Cholesky factor for each Gaussian, whatever its kind."""
    count, width = model.means_.shape
    roots = model.precisions_cholesky_
    spread = {"diag": (slice(None), slice(None), None), "spherical": (slice(None), None, None)}
    kind = str(model.covariance_type)
    whole = np.array(
        roots[spread[kind]] * np.eye(width) if kind in spread else np.broadcast_to(roots, (count, width, width))
    )
    log_det = np.log(np.diagonal(whole, axis1=1, axis2=2)).sum(axis=1)
    share = np.maximum(model.weights_, 1e-300)
    offset = 0.5 * width * np.log(2 * np.pi) - log_det - np.log(share)
    return Mixture(np.array(model.means_, np.float64), np.array(whole, np.float64), np.array(offset, np.float64))


def _round_groups(points: Points, k: int, seed: int) -> Mixture:
    """Return equal round Gaussians around K-means centres, each of which holds rows whatever the rows are."""
    rows = different_rows(points)
    some = drawn_rows(rows, _MOST, seed)
    centres = kmeans_path(rows.points[some], k, sample_weight=rows.weight[some], seed=seed, threads=1)[k].centres
    width = centres.shape[1]
    scale = max(float(np.sqrt(points.matrix.var(axis=0).mean())), 1e-6) / k
    roots = np.tile(np.eye(width) / scale, (k, 1, 1))
    offset = np.full(k, 0.5 * width * np.log(2 * np.pi) + width * np.log(scale) + np.log(k))
    return Mixture(centres, roots, offset)

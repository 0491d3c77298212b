"""A mixture of Gaussians on a sample, fitted many times in a second: both steps of EM are one matrix product each.

The quadratic form of every Gaussian is linear in the products of a row's coordinates, which are computed once. A
little of a uniform density takes up outliers, and the covariance of a cluster is drawn towards what the clusters share,
so that few rows are enough for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.choose_k.look import Look

    Doubles = NDArray[np.float64]

__all__ = ["Family", "Gaussians", "Products", "fitted", "log_density", "products_of"]

Family = Literal["round", "aligned", "alike", "free"]
"""Covariances: a multiple of the unit matrix; diagonal; the same for all clusters; any."""

_MOST_OUTLIERS = 0.03
_ENOUGH = 2e-4
"""Gain of the mean log density below which EM ends."""


@dataclass(frozen=True, slots=True)
class Products:
    """Rows with the products of their coordinates.

    Parameters
    ----------
    table : float64 array of shape (m, 1 + q + q (q + 1) / 2)
        1, the coordinates, and the products of two coordinates.
    weight : float64 array of shape (m,)
    width : int
        How many coordinates there are.
    background : float
        The log density of a uniform distribution over the box of the rows.
    """

    table: Doubles
    weight: Doubles
    width: int
    background: float


@dataclass(frozen=True, slots=True)
class Gaussians:
    """A fitted mixture.

    Parameters
    ----------
    means : float64 array of shape (k, q)
    precisions : float64 array of shape (k, q, q)
    log_share : float64 array of shape (k,)
    coefficients : float64 array of shape (1 + q + q (q + 1) / 2, k)
        Times :class:`Products`, the log of share times density.
    belonging : float64 array of shape (m, k)
        How far each row belongs to each; rows of outliers sum to less than 1.
    bic : float
        Bayesian information criterion, lower is better.
    lenient : float
        The same with each cluster's parameters at the price of the log of its own rows.
    family : Family
    """

    means: Doubles
    precisions: Doubles
    log_share: Doubles
    coefficients: Doubles
    belonging: Doubles
    bic: float
    lenient: float
    family: Family

    @property
    def k(self) -> int:
        """How many Gaussians there are."""
        return len(self.means)


def products_of(look: Look) -> Products:
    """Return the rows with the products of their coordinates."""
    width = look.rows.shape[1]
    span = np.log(np.maximum(np.ptp(look.rows, axis=0), 1e-9)).sum() if width else 0.0
    return Products(_table(look.rows), look.weight, width, -float(span))


def fitted(products: Products, belonging: Doubles, family: Family, steps: int) -> Gaussians:
    """Return the mixture that EM reaches from a first belonging of the rows.

    Parameters
    ----------
    products : Products
    belonging : float64 array of shape (m, k)
    family : Family
    steps : int
        At most as many steps.

    References
    ----------
    Fraley, Raftery (2002), "Model-based clustering, discriminant analysis, and density estimation",
    doi:10.1198/016214502760047131.
    """
    outliers, reached = 1e-3, -np.inf
    for _ in range(steps):
        means, precisions, log_share = _maximised(products, belonging, family, outliers)
        coefficients = _coefficients(means, precisions, log_share)
        belonging, density = _expected(products, coefficients, outliers)
        before, reached = reached, float(products.weight @ density) / float(products.weight.sum())
        outliers = min(_MOST_OUTLIERS, max(1e-9, 1.0 - float(products.weight @ belonging.sum(axis=1)) / len(density)))
        if reached - before < _ENOUGH:
            break
    total = float(products.weight.sum())
    size, width = products.weight @ belonging, means.shape[1]
    bic, lenient = (
        -2.0 * reached * total + _penalty(family, each, width) for each in (np.full(len(size), total), size)
    )
    return Gaussians(means, precisions, log_share, coefficients, belonging, bic, lenient, family)


def log_density(mixture: Gaussians, points: Doubles) -> Doubles:
    """Return the log density of the mixture without its outliers at points of shape (n, q)."""
    parts = _table(points) @ mixture.coefficients
    top = parts.max(axis=1)
    logs: Doubles = top + np.log(np.exp(parts - top[:, None]).sum(axis=1))
    return logs


def _table(rows: Doubles) -> Doubles:
    first, second = np.triu_indices(rows.shape[1])
    return np.concatenate([np.ones((len(rows), 1)), rows, rows[:, first] * rows[:, second]], axis=1)


def _expected(products: Products, coefficients: Doubles, outliers: float) -> tuple[Doubles, Doubles]:
    parts = products.table @ coefficients
    background = products.background + np.log(outliers)
    top = np.maximum(parts.max(axis=1), background)
    np.exp(np.subtract(parts, top[:, None], out=parts), out=parts)
    total = parts.sum(axis=1) + np.exp(background - top)
    parts /= total[:, None]
    return parts, np.log(total) + top


def _maximised(
    products: Products, belonging: Doubles, family: Family, outliers: float
) -> tuple[Doubles, Doubles, Doubles]:
    width = products.width
    sums = (belonging * products.weight[:, None]).T @ products.table
    size = sums[:, 0] + 1e-9
    means = sums[:, 1 : 1 + width] / size[:, None]
    scatter = np.empty((len(size), width, width))
    first, second = np.triu_indices(width)
    scatter[:, first, second] = sums[:, 1 + width :]
    scatter[:, second, first] = sums[:, 1 + width :]
    scatter -= size[:, None, None] * means[:, :, None] * means[:, None, :]
    covariances = _drawn(scatter, size, family)
    covariances += 1e-6 * np.eye(width) * max(float(np.trace(scatter.sum(axis=0))) / (size.sum() * width), 1e-12)
    share = size / size.sum() * (1.0 - outliers)
    return means, np.asarray(np.linalg.inv(covariances), np.float64), np.log(share)


def _drawn(scatter: Doubles, size: Doubles, family: Family) -> Doubles:
    """Return covariances of a family, each as if some rows more had come with the covariance shared by all."""
    count, width = scatter.shape[:2]
    shared = scatter.sum(axis=0) / size.sum()
    if family == "alike":
        return np.repeat(shared[None], count, axis=0)
    if family == "free":
        drawn: Doubles = (scatter + (width + 2) * shared) / (size + width + 2)[:, None, None]
        return drawn
    diagonal = np.diagonal(scatter, axis1=1, axis2=2)
    variances = (diagonal + 3 * np.diagonal(shared)) / (size + 3)[:, None]
    if family == "round":
        variances = np.repeat(variances.mean(axis=1)[:, None], width, axis=1)
    return np.asarray(variances[:, :, None] * np.eye(width))


def _coefficients(means: Doubles, precisions: Doubles, log_share: Doubles) -> Doubles:
    width = means.shape[1]
    pulled = np.einsum("kij,kj->ki", precisions, means)
    constant = log_share + 0.5 * (np.linalg.slogdet(precisions)[1] - width * np.log(2 * np.pi))
    constant -= 0.5 * (pulled * means).sum(axis=1)
    first, second = np.triu_indices(width)
    twice = np.where(first == second, -0.5, -1.0)
    return np.concatenate([constant[:, None], pulled, precisions[:, first, second] * twice], axis=1).T.copy()


def _penalty(family: Family, size: Doubles, width: int) -> float:
    """Return what the parameters cost: for each the log of the rows of its cluster."""
    free = width * (width + 1) / 2
    own = 1 + width + {"round": 1.0, "aligned": width, "alike": 0.0, "free": free}[family]
    logs = np.log(np.maximum(size, 2.0)).sum()
    return float(own * logs + (free if family == "alike" else 0.0) * np.log(np.maximum(size, 2.0)).max())

"""Models that are a formula over standardised features: kernels, neighbours, layers of neurons, quadratics.

Beside trees and affine maps (``contracts.model``) these are the shapes that a learner may hand to the graph writer.
Each begins with the same standardisation, so that one outlier can never blow up a distance or a sum, and each is
plain arrays: it crosses the border between processes without becoming code.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mainstay.contracts.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = [
    "ACTIVATIONS",
    "FORMULAS",
    "Activation",
    "Formula",
    "Kernel",
    "Layers",
    "Neighbours",
    "Quadratic",
    "Scaling",
    "formula_arrays",
    "formula_base",
    "formula_from",
    "formula_operations",
]

Activation = Literal["identity", "relu", "tanh", "logistic"]
ACTIVATIONS: tuple[Activation, ...] = ("identity", "relu", "tanh", "logistic")


@dataclass(frozen=True, slots=True)
class Scaling:
    """``clip((features - centre) * factor, -limit, limit)``, computed in float64.

    Parameters
    ----------
    centre, factor : float64 array of shape (d,)
        A factor of 0 leaves a feature out.
    limit : float64 array of shape ()
        How far from the centre a feature counts; infinity does not clip.

    Examples
    --------
    >>> scaling = Scaling(np.array([1.0]), np.array([2.0]), np.array(8.0))
    >>> scaling.apply(np.array([[2.0], [100.0]], np.float32)).ravel().tolist()
    [2.0, 8.0]
    """

    centre: Doubles
    factor: Doubles
    limit: Doubles

    def apply(self, features: NDArray[np.float32]) -> Doubles:
        """Return the standardised features, float64 of shape (n, d)."""
        moved: Doubles = (features.astype(np.float64) - self.centre) * self.factor
        return np.clip(moved, -self.limit, self.limit)


@dataclass(frozen=True, slots=True)
class Kernel:
    """``sum_j coefficients[j] * exp(-gamma * |z - points[j]|^2) + intercept``, z being the standardised features.

    Squared distances are ``|z|^2 - 2 z.p + |p|^2``, never below 0.

    Parameters
    ----------
    scaling : Scaling
    points : float64 array of shape (m, d)
        Standardised too.
    gamma : float64 array of shape ()
        At least 0.
    coefficients : float64 array of shape (m, outputs)
    intercept : float64 array of shape (outputs,)
    """

    scaling: Scaling
    points: Doubles
    gamma: Doubles
    coefficients: Doubles
    intercept: Doubles


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A vote of the nearest points, shrunk towards a prior.

    Standardised features are rounded to whole multiples of ``1 / steps``, so every squared distance is a whole
    number that float64 holds exactly: no order of summation changes it. Points at the same distance come in the order
    in which they are stored. With c the closeness of a neighbour (1, or ``1 / distance``; where some lie at distance
    0 these alone count) the answer is
    ``(count * sum(c * votes) / sum(c * weight) + smoothing * prior) / (count + smoothing)``.

    Parameters
    ----------
    scaling : Scaling
        With a finite limit.
    steps : float64 array of shape ()
    points : float32 array of shape (m, d)
        Whole numbers: standardised, multiplied by ``steps`` and rounded.
    count : int64 array of shape ()
        How many neighbours; at most m.
    by_distance : bool array of shape ()
    votes : float64 array of shape (m, outputs)
        Each point's weight times its answer.
    weight : float64 array of shape (m,)
        Above 0.
    prior : float64 array of shape (outputs,)
    smoothing : float64 array of shape ()
        How many neighbours the prior stands for; at least 0.
    """

    scaling: Scaling
    steps: Doubles
    points: NDArray[np.float32]
    count: NDArray[np.int64]
    by_distance: NDArray[np.bool_]
    votes: Doubles
    weight: Doubles
    prior: Doubles
    smoothing: Doubles


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers of neurons: ``z @ weights + biases``, an activation after each layer but the last.

    Parameters
    ----------
    scaling : Scaling
    weights : tuple of float64 arrays of shape (inputs, outputs)
    biases : tuple of float64 arrays of shape (outputs,)
    activation : one of ACTIVATIONS
        "relu" is ``max(0, x)``, "logistic" is ``1 / (1 + exp(-x))``.
    """

    scaling: Scaling
    weights: tuple[Doubles, ...]
    biases: tuple[Doubles, ...]
    activation: Activation


@dataclass(frozen=True, slots=True)
class Quadratic:
    """``z^2 @ squares + z @ coefficients + intercept``: Gaussians whose axes are the features.

    Parameters
    ----------
    scaling : Scaling
    squares, coefficients : float64 array of shape (d, outputs)
    intercept : float64 array of shape (outputs,)
    """

    scaling: Scaling
    squares: Doubles
    coefficients: Doubles
    intercept: Doubles


Formula = Kernel | Neighbours | Layers | Quadratic

FORMULAS: dict[str, type[Formula]] = {kind.__name__: kind for kind in (Kernel, Neighbours, Layers, Quadratic)}
"""Every kind of formula by its name."""

_PLAIN: tuple[type[Kernel | Neighbours | Quadratic], ...] = (Kernel, Neighbours, Quadratic)
_TYPES: dict[str, type[np.generic]] = {
    "Neighbours.points": np.float32,
    "Neighbours.count": np.int64,
    "Neighbours.by_distance": np.bool_,
}


def formula_arrays(body: Formula) -> dict[str, NDArray[np.generic]]:
    """Return a formula as named arrays; a list of arrays is numbered, as in "weights.0".

    Examples
    --------
    >>> scaling = Scaling(np.zeros(1), np.ones(1), np.array(np.inf))
    >>> body = Quadratic(scaling, np.ones((1, 2)), np.zeros((1, 2)), np.zeros(2))
    >>> formula_from("Quadratic", formula_arrays(body)).squares.tolist()
    [[1.0, 1.0]]
    """
    arrays: dict[str, NDArray[np.generic]] = {
        f"scaling.{part.name}": np.asarray(getattr(body.scaling, part.name)) for part in fields(Scaling)
    }
    for part in fields(body):
        value = getattr(body, part.name)
        if isinstance(value, tuple):
            arrays |= {f"{part.name}.{place}": array for place, array in enumerate(value)}
        elif part.name != "scaling":
            arrays[part.name] = np.asarray(value)
    return arrays


def formula_from(kind: str, arrays: Mapping[str, NDArray[np.generic]]) -> Formula:
    """Rebuild a formula from :func:`formula_arrays`.

    Raises
    ------
    WorkerError
        When the arrays name an activation that does not exist.
    """
    scaling = Scaling(**{part.name: np.asarray(arrays[f"scaling.{part.name}"], np.float64) for part in fields(Scaling)})
    for made in _PLAIN:
        if made.__name__ == kind:
            given: dict[str, NDArray[Any]] = {
                part.name: np.asarray(arrays[part.name], _TYPES.get(f"{kind}.{part.name}", np.float64))
                for part in fields(made)
                if part.name != "scaling"
            }
            return made(scaling, **given)
    activation = next((name for name in ACTIVATIONS if name == str(arrays["activation"])), None)
    if activation is None:
        raise WorkerError(f"a model came back with the unknown activation {arrays['activation']!s}")
    return Layers(scaling, _listed(arrays, "weights"), _listed(arrays, "biases"), activation)


def formula_base(body: Formula) -> Doubles:
    """Return what is added to the sums of a formula at the end, float64 of shape (outputs,)."""
    if isinstance(body, Layers):
        return body.biases[-1]
    if isinstance(body, Neighbours):
        part: Doubles = body.prior * (body.smoothing / (body.count + body.smoothing))
        return part
    return body.intercept


def formula_operations(body: Formula) -> float:
    """Return about how many products an answer for one row takes."""
    if isinstance(body, Layers):
        return float(sum(weights.size + len(biases) for weights, biases in zip(body.weights, body.biases, strict=True)))
    if isinstance(body, Quadratic):
        return float(2 * body.squares.size)
    if isinstance(body, Neighbours):
        return float(body.points.size + 8 * len(body.points) + int(body.count) * body.votes.shape[1])
    exponentials = 10 * len(body.points)
    return float(body.points.size + exponentials + body.coefficients.size)


def _listed(arrays: Mapping[str, NDArray[np.generic]], name: str) -> tuple[Doubles, ...]:
    count = sum(key.startswith(f"{name}.") for key in arrays)
    return tuple(np.asarray(arrays[f"{name}.{place}"], np.float64) for place in range(count))

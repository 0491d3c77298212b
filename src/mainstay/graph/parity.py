"""The gate between a library and its graph: every row, both answers, or the file is not written.

Converters in the wild are silently wrong at times, so equality is measured and never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import ParityError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import TaskName

__all__ = ["Parity", "check_parity", "differences"]


@dataclass(frozen=True, slots=True)
class Parity:
    """How well a graph keeps to its library.

    Parameters
    ----------
    rows : int
        Rows compared.
    largest : float
        The largest difference: of a probability, or of an amount relative to its size.
    flips : int
        Rows whose class differs.
    limit : float
        What was allowed.
    """

    rows: int
    largest: float
    flips: int
    limit: float


def check_parity(
    library: NDArray[np.floating],
    graph: NDArray[np.floating],
    *,
    task: TaskName,
    limit: float = 1e-6,
    where: str = "",
) -> Parity:
    """Compare the answers of a library with those of its graph.

    Parameters
    ----------
    library, graph : array of shape (n, classes), or (n,) or (n, 1) for regression
    task : {"classification", "regression"}
    limit : float, default 1e-6
        For probabilities the absolute difference. For amounts the difference divided by the larger of the amount
        and the root mean square of all amounts, so that a target of tiny numbers is held to its own scale.
    where : str, default ""
        The model's name, for the message.

    Returns
    -------
    Parity

    Raises
    ------
    ParityError
        When the shapes differ, any difference is above the limit or not a number, or a class flips. A flip is a row
        whose most probable class differs although the library's two best are more than twice the limit apart:
        nearer ones are a tie, which rounding may settle either way.

    Examples
    --------
    >>> check_parity(np.array([[0.2, 0.8]]), np.array([[0.2, 0.8]]), task="classification").flips
    0
    """
    left, right = (np.asarray(values, np.float64) for values in (library, graph))
    if task == "regression":
        left, right = left.reshape(len(left), -1), right.reshape(len(right), -1)
    if left.shape != right.shape:
        raise ParityError(f"the library answers {left.shape} and the graph {right.shape}", where=where)
    if not left.size:
        return Parity(len(left), 0.0, 0, limit)
    difference = _differences(left, right, relative=task == "regression")
    worst = int(difference.argmax())
    flipped = _flips(left, right, 2 * limit) if task == "classification" else np.zeros(len(left), np.bool_)
    result = Parity(len(left), float(difference[worst]), int(flipped.sum()), limit)
    if result.largest > limit or result.flips:
        row = worst if result.largest > limit else int(flipped.argmax())
        raise ParityError(
            f"the graph does not answer as the library: row {row} (of {result.rows}) is {_shown(left[row])} in the "
            f"library and {_shown(right[row])} in the graph; largest difference {result.largest:.3g}, allowed "
            f"{limit:g}; {result.flips} classes flip",
            where=where,
            hint="The model was not written. Please report this with the model's settings.",
        )
    return result


def differences(left: NDArray[np.floating], right: NDArray[np.floating], *, task: TaskName) -> NDArray[np.float64]:
    """Return by how much two sets of answers differ, row by row, as :func:`check_parity` measures it.

    Examples
    --------
    >>> differences(np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]), task="classification").tolist()
    [0.25]
    """
    first, second = (np.asarray(values, np.float64).reshape(len(values), -1) for values in (left, right))
    return _differences(first, second, relative=task == "regression")


def _differences(left: NDArray[np.float64], right: NDArray[np.float64], *, relative: bool) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        difference = np.abs(left - right)
    difference[(left == right) | (np.isnan(left) & np.isnan(right))] = 0.0
    difference[np.isnan(difference)] = np.inf
    if relative:
        finite = np.abs(left[np.isfinite(left)])
        largest = finite.max(initial=0.0)
        spread = largest * np.sqrt(np.mean((finite / largest) ** 2)) if largest > 0 else 0.0
        size = np.maximum(np.where(np.isfinite(left), np.abs(left), 0.0), max(spread, np.finfo(np.float32).tiny))
        difference = difference / size
    return np.asarray(difference.max(axis=1), np.float64)


def _flips(left: NDArray[np.float64], right: NDArray[np.float64], tie: float) -> NDArray[np.bool_]:
    if left.shape[1] < 2:
        return np.zeros(len(left), np.bool_)
    best = np.sort(left, axis=1)
    clear = best[:, -1] - best[:, -2] > tie
    return np.asarray(clear & (left.argmax(axis=1) != right.argmax(axis=1)), np.bool_)


def _shown(answer: NDArray[np.float64]) -> str:
    shown = ", ".join(f"{value:.9g}" for value in answer[:6])
    return f"({shown}{', ...' if len(answer) > 6 else ''})"

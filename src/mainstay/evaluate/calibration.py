"""Mends probabilities, as data: a few numbers that NumPy and the graph apply alike.

What helps and what hurts was measured over 1,100 models by CalArena: on logits beta and quadratic maps improve most
binary models and temperature most of several classes; isotonic steps hurt as often as they help, so they are offered
and never chosen. Each map is continuous: a last-bit difference between library and graph stays one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.calibration_fits import fit_beta, fit_isotonic, fit_quadratic, fit_temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["KINDS", "LEAST", "Stage", "apply_stages", "fit_stage", "prior_stage", "steepest"]

KINDS = ("beta", "quadratic", "temperature", "isotonic")
"""Every map that can be fitted."""

LEAST = 1e-7
"""Probabilities are held this far from 0 and 1 before their logarithm is taken; it is what float32 keeps of them."""

_PARTS = {"beta": 3, "quadratic": 5}
_NUDGE = 1e-6


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One map from probabilities to probabilities.

    Parameters
    ----------
    kind : {"prior", "temperature", "beta", "quadratic", "isotonic"}
        "prior": each class times a number, then shares of the sum. "temperature": a power of all, then shares.
        "beta": the logit is ``a ln p - b ln(1 - p) + c`` (Kull, Silva Filho and Flach 2017,
        proceedings.mlr.press/v54/kull17a). "quadratic": the logit is ``c0 + c1 z + c2 z^2`` in the logit z, and
        straight beyond the logits seen. "isotonic": straight lines between rising points.
    classes : int
    columns : tuple of tuples of float
        The numbers: one tuple for "prior" (a factor for each class) and "temperature" (the power); for the others one
        for the second of two classes, or one for each of more, whose answers are then divided by their sum.
        "quadratic": c0, c1, c2, lowest and highest logit seen. "isotonic": all x, then all y.

    Examples
    --------
    >>> Stage(kind="temperature", classes=2, columns=((0.5,),)).apply(np.array([[0.2, 0.8]])).round(3).tolist()
    [[0.333, 0.667]]
    """

    kind: Literal["prior", "temperature", "beta", "quadratic", "isotonic"]
    classes: int
    columns: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        wanted = 1 if self.kind in ("prior", "temperature") or self.classes == 2 else self.classes
        sizes = {len(column) for column in self.columns}
        size = {"prior": self.classes, "temperature": 1, **_PARTS}.get(self.kind)
        fits = len(self.columns) == wanted and (sizes == {size} or (size is None and not any(n % 2 for n in sizes)))
        if self.classes < 2 or not fits or not all(np.isfinite(column).all() for column in self.columns):
            raise UsageError(f"these are not the numbers of a {self.kind} map", where="calibration")

    def apply(self, probabilities: Floats) -> Floats:
        """Return the mended probabilities, float64 of shape (n, classes)."""
        if self.kind == "prior":
            return _shares(probabilities * np.array(self.columns[0]))
        held = np.clip(probabilities, LEAST, 1 - LEAST)
        if self.classes == 2:
            second = self._second(held[:, 1])
            return np.stack([1.0 - second, second], axis=1)
        if self.kind == "temperature":
            powers = np.log(held) * self.columns[0][0]
            return _shares(np.exp(powers - powers.max(axis=1, keepdims=True)))
        parts = [_MAPS[self.kind](held[:, code], numbers) for code, numbers in enumerate(self.columns)]
        return _shares(np.stack(parts, axis=1))

    def _second(self, chance: Floats) -> Floats:
        if self.kind == "temperature":
            return _beta(chance, (self.columns[0][0], self.columns[0][0], 0.0))
        return _MAPS[self.kind](chance, self.columns[0])


def apply_stages(stages: Sequence[Stage], probabilities: Floats) -> Floats:
    """Return the probabilities after all stages, in their order.

    Examples
    --------
    >>> apply_stages((), np.array([[0.5, 0.5]])).tolist()
    [[0.5, 0.5]]
    """
    for stage in stages:
        probabilities = stage.apply(probabilities)
    return probabilities


def fit_stage(kind: str, probabilities: Floats, truth: NDArray[np.int64], weight: Floats | None = None) -> Stage:
    """Fit a map on answers for rows that the model was not trained on.

    Parameters
    ----------
    kind : one of KINDS
    probabilities : float64 array of shape (n, classes)
    truth : int64 array of shape (n,)
    weight : float64 array of shape (n,), optional

    Raises
    ------
    UsageError
        When the kind is unknown.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> chance = generator.uniform(0.02, 0.98, 2000)
    >>> truth = (generator.random(2000) < chance).astype(np.int64)
    >>> sure = chance**3 / (chance**3 + (1 - chance) ** 3)
    >>> stage = fit_stage("temperature", np.stack([1 - sure, sure], axis=1), truth)
    >>> round(stage.columns[0][0], 1)
    0.3
    """
    if kind not in KINDS:
        raise UsageError(f"there is no calibration {kind!r}", hint=f"Take one of: {', '.join(KINDS)}.")
    classes = probabilities.shape[1]
    weights = np.ones(len(truth)) if weight is None else weight / weight.mean()
    held = np.clip(probabilities, LEAST, 1 - LEAST)
    if kind == "temperature":
        columns: tuple[tuple[float, ...], ...] = ((fit_temperature(np.log(held), truth, weights),),)
    else:
        codes = (1,) if classes == 2 else tuple(range(classes))
        fit = {"beta": fit_beta, "quadratic": fit_quadratic, "isotonic": fit_isotonic}[kind]
        columns = tuple(fit(held[:, code], (truth == code).astype(np.float64), weights) for code in codes)
    return Stage(kind=kind, classes=classes, columns=columns)  # type: ignore[arg-type]


def prior_stage(factors: Sequence[float]) -> Stage:
    """Return the map that undoes class weights: each probability divided by what its class was counted for.

    Saerens, Latinne and Decaestecker 2002, doi:10.1162/089976602753284446.

    Parameters
    ----------
    factors : sequence of float
        The weight of each class in learning, above zero.

    Examples
    --------
    >>> prior_stage([1.0, 4.0]).apply(np.array([[0.5, 0.5]])).tolist()
    [[0.8, 0.2]]
    """
    return Stage(kind="prior", classes=len(factors), columns=(tuple(1.0 / factor for factor in factors),))


def steepest(stage: Stage, probabilities: Floats) -> float:
    """Return by how much an answer at most moves where its probabilities move by a small share of themselves.

    Rounding errors of a probability are a share of it, so this is what they may grow to.

    Examples
    --------
    >>> round(steepest(Stage(kind="temperature", classes=2, columns=((3.0,),)), np.array([[0.5, 0.5]])), 3)
    0.75
    """
    rows, found = np.arange(len(probabilities)), 0.0
    for way in (probabilities.argmin(axis=1), probabilities.argmax(axis=1)):
        moved = np.clip(probabilities, LEAST, 1 - LEAST)
        step = _NUDGE * moved[rows, way] * (1.0 - moved[rows, way])
        before = stage.apply(moved)
        moved = moved * (1.0 - step / (1.0 - moved[rows, way]))[:, None]
        moved[rows, way] += step / (1.0 - np.clip(probabilities, LEAST, 1 - LEAST)[rows, way])
        found = max(found, float(np.abs(stage.apply(moved) - before).max() / _NUDGE))
    return found


def _shares(parts: Floats) -> Floats:
    return np.asarray(parts / parts.sum(axis=1, keepdims=True), np.float64)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), np.float64)


def _beta(chance: Floats, numbers: tuple[float, ...]) -> Floats:
    a, b, c = numbers
    return _sigmoid(a * np.log(chance) - b * np.log(1.0 - chance) + c)


def _quadratic(chance: Floats, numbers: tuple[float, ...]) -> Floats:
    c0, c1, c2, low, high = numbers
    logit = np.log(chance) - np.log(1.0 - chance)
    inside = np.clip(logit, low, high)
    # The tangent beyond the logits seen: a parabola would turn round out there.
    return _sigmoid(c0 + c1 * logit + c2 * (inside * (2.0 * logit - inside)))


def _isotonic(chance: Floats, numbers: tuple[float, ...]) -> Floats:
    at, heights = np.split(np.array(numbers), 2)
    return np.asarray(np.interp(chance, at, heights), np.float64)


_MAPS = {"beta": _beta, "quadratic": _quadratic, "isotonic": _isotonic}

"""Writes calibration maps into a graph: the same sums as in NumPy, in float64, and the same for a row in any batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.calibration import LEAST
from mainstay.graph.steady import first_columns, steady, widen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.calibration import Stage
    from mainstay.graph.builder import GraphBuilder

__all__ = ["write_stages"]


def write_stages(builder: GraphBuilder, probabilities: str, stages: Sequence[Stage]) -> str:
    """Write maps after each other and return the tensor of the mended probabilities.

    Parameters
    ----------
    builder : GraphBuilder
    probabilities : str
        float64 of shape (n, classes).
    stages : sequence of Stage

    Examples
    --------
    >>> from mainstay.evaluate.calibration import Stage
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(2, 0)
    >>> given = builder.node("Cast", ["numbers"], to=11)
    >>> stage = Stage(kind="beta", classes=2, columns=((1.0, 1.0, 0.0),))
    >>> len(builder.build({"mended": write_stages(builder, given, [stage])})) > 0
    True
    """
    for stage in stages:
        probabilities = _write(builder, probabilities, stage)
    return probabilities


def _write(builder: GraphBuilder, given: str, stage: Stage) -> str:
    if stage.kind == "prior":
        return _shares(builder, builder.node("Mul", [given, _row(builder, stage.columns[0])]), stage.classes)
    held = builder.node("Clip", [given, _scalar(builder, LEAST), _scalar(builder, 1.0 - LEAST)])
    if stage.classes == 2:
        signed = builder.node("Mul", [_mapped(builder, held, 1, stage, 0), _row(builder, (-1.0, 1.0))])
        return builder.node("Add", [signed, _row(builder, (1.0, 0.0))])
    if stage.kind == "temperature":
        return _powered(builder, held, stage)
    parts = [_mapped(builder, held, code, stage, code) for code in range(stage.classes)]
    return _shares(builder, builder.node("Concat", parts, axis=1), stage.classes)


def _mapped(builder: GraphBuilder, held: str, code: int, stage: Stage, place: int) -> str:
    """Return one class's probabilities after its map, of shape (n, 1)."""
    chance = builder.node("Gather", [held, builder.constant(np.array([code], np.int64))], axis=1)
    numbers = stage.columns[place]
    if stage.kind == "isotonic":
        return _lines(builder, chance, numbers)
    log = steady(builder, "Log", chance, 1, dtype=np.float64)
    rest = builder.node("Sub", [_scalar(builder, 1.0), chance])
    log_rest = steady(builder, "Log", rest, 1, dtype=np.float64)
    if stage.kind == "quadratic":
        logit = _parabola(builder, builder.node("Sub", [log, log_rest]), numbers)
    else:
        a, b, c = (numbers[0], numbers[0], 0.0) if stage.kind == "temperature" else numbers
        sides = builder.node("Sub", [_times(builder, log, a), _times(builder, log_rest, b)])
        logit = builder.node("Add", [sides, _scalar(builder, c)])
    return steady(builder, "Sigmoid", logit, 1, dtype=np.float64)


def _parabola(builder: GraphBuilder, logit: str, numbers: tuple[float, ...]) -> str:
    c0, c1, c2, low, high = numbers
    inside = builder.node("Clip", [logit, _scalar(builder, low), _scalar(builder, high)])
    bent = builder.node("Mul", [inside, builder.node("Sub", [_times(builder, logit, 2.0), inside])])
    line = builder.node("Add", [_times(builder, logit, c1), _scalar(builder, c0)])
    return builder.node("Add", [line, _times(builder, bent, c2)])


def _lines(builder: GraphBuilder, chance: str, numbers: tuple[float, ...]) -> str:
    """Write lines between points as a sum of ramps: each rises by its slope from its point to the next."""
    at, heights = np.split(np.array(numbers), 2)
    first = _scalar(builder, float(heights[0]))
    if len(at) == 1:
        return builder.node("Add", [_times(builder, chance, 0.0), first])
    widths = np.diff(at)
    above = builder.node("Sub", [chance, _row(builder, at[:-1])])
    ramps = builder.node("Max", [builder.node("Min", [above, _row(builder, widths)]), _scalar(builder, 0.0)])
    slopes = builder.constant((np.diff(heights) / widths)[:, None])
    return builder.node("Add", [builder.node("MatMul", [ramps, slopes]), first])


def _powered(builder: GraphBuilder, held: str, stage: Stage) -> str:
    logs = steady(builder, "Log", held, stage.classes, dtype=np.float64)
    wide = widen(builder, _times(builder, logs, stage.columns[0][0]), stage.classes, value=-np.inf, dtype=np.float64)
    along = builder.constant(np.array([1], np.int64))
    powers = builder.node("Exp", [builder.node("Sub", [wide, builder.node("ReduceMax", [wide, along], keepdims=1)])])
    shares = builder.node("Div", [powers, builder.node("ReduceSum", [powers, along], keepdims=1)])
    return first_columns(builder, shares, stage.classes)


def _shares(builder: GraphBuilder, parts: str, classes: int) -> str:
    return builder.node("Div", [parts, builder.node("MatMul", [parts, builder.constant(np.ones((classes, 1)))])])


def _times(builder: GraphBuilder, tensor: str, factor: float) -> str:
    return builder.node("Mul", [tensor, _scalar(builder, factor)])


def _scalar(builder: GraphBuilder, value: float) -> str:
    return builder.constant(np.array(value, np.float64))


def _row(builder: GraphBuilder, values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return builder.constant(np.array(values, np.float64)[None, :])

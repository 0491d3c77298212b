"""Steps over raw columns: pipelines, column transformers, and encoders of words as tables.

No converter is trusted with an encoder: their handling of unknown words and missing cells is where exported models
are silently wrong. A fitted encoder is asked instead, for every level, for a missing cell and for an unseen word, and
its answers become a constant table. That holds where each column that it gives depends on one column that it is
given, which is proved on random rows and held against the whole model at the gate.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.flow import DOUBLE, Matrix, Raw, class_names, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.convert.flow import Flow, Scribe, Source

__all__ = ["STEPS", "STRUCTURES", "named_steps", "picked", "run_steps", "tabulate"]

_PROOF_ROWS = 200
_LARGEST_TABLE = 20_000_000


def run_steps(scribe: Scribe, steps: Sequence[Any], flow: Flow) -> Flow:
    """Write steps one after the other."""
    at = 0
    while at < len(steps):
        if isinstance(flow, Raw) and flow.has_words and not scribe.is_structure(steps[at]):
            flow, used = scribe.tabulate(scribe, steps[at:], flow)
            at += used
        else:
            flow = scribe.transform(steps[at], flow)
            at += 1
    return flow


def named_steps(pipeline: Any) -> list[Any]:
    """Return the steps of a pipeline that do something; samplers that act in fitting only are left out."""
    found = [step for _, step in pipeline.steps]
    return [step for step in found if step is not None and step != "passthrough" and not hasattr(step, "fit_resample")]


def _pipeline(scribe: Scribe, step: Any, flow: Flow) -> Matrix:
    return scribe.matrix(run_steps(scribe, named_steps(step), flow), step)


def _column_transformer(scribe: Scribe, step: Any, flow: Flow) -> Matrix:
    parts = []
    for name, part, chosen in step.transformers_:
        places = picked(step, chosen, flow)
        if not places or (isinstance(part, str) and part == "drop"):
            continue
        inner = flow.taken(places) if isinstance(flow, Raw) else scribe.columns(flow, places)
        passes = isinstance(part, str) or _does_nothing(part)
        found = scribe.matrix(inner, "passthrough") if passes else scribe.transform(part, inner)
        parts.append(_weighted(scribe, found, (step.transformer_weights or {}).get(name)))
    return scribe.joined(parts)


def _does_nothing(part: Any) -> bool:
    return "sklearn.FunctionTransformer" in class_names(part) and part.func is None


def _weighted(scribe: Scribe, matrix: Matrix, weight: float | None) -> Matrix:
    if weight is None:
        return matrix
    return Matrix(scribe.node("Mul", [matrix.tensor, scribe.constant(np.array(float(weight)))]), matrix.width)


def picked(step: Any, chosen: Any, flow: Flow) -> list[int]:
    """Return the positions of the columns that a part of a column transformer takes."""
    names = [str(name) for name in getattr(step, "feature_names_in_", ())]
    width = flow.width
    if isinstance(chosen, slice):
        start = names.index(chosen.start) if isinstance(chosen.start, str) else chosen.start
        # a slice of names includes its end
        stop = names.index(chosen.stop) + 1 if isinstance(chosen.stop, str) else chosen.stop
        return list(range(width))[start : stop : chosen.step]
    if isinstance(chosen, (str, int, np.integer)):
        chosen = [chosen]
    wanted = list(chosen)
    if wanted and all(isinstance(one, (bool, np.bool_)) for one in wanted):
        return [at for at, kept in enumerate(wanted) if kept]
    try:
        return [names.index(str(one)) if isinstance(one, str) else int(one) % width for one in wanted]
    except (ValueError, TypeError):
        raise refuse(step, f"it picks the columns {wanted[:5]}, which are not among those that it is given") from None


def _union(scribe: Scribe, step: Any, flow: Flow) -> Matrix:
    weights = step.transformer_weights or {}
    parts = []
    for name, part in step.transformer_list:
        if isinstance(part, str) and part == "drop":
            continue
        found = scribe.matrix(flow, step) if isinstance(part, str) else scribe.transform(part, flow)
        parts.append(_weighted(scribe, found, weights.get(name)))
    return scribe.joined(parts)


def tabulate(scribe: Scribe, steps: Sequence[Any], flow: Raw) -> tuple[Matrix, int]:
    """Write the first steps, up to the one that gives numbers, as tables of what they give for each value.

    Returns
    -------
    (Matrix, int)
        What they give, and how many steps that are.

    Raises
    ------
    UsageError
        When no step gives numbers, or a column that is given depends on more than one.
    """
    numbers = [source.name for source in flow.sources if source.values is None]
    if numbers:
        raise refuse(
            steps[0], f"it takes words and the numbers {numbers[:3]} in one; give each kind its own step in a "
            "ColumnTransformer",
        )  # fmt: skip
    for used in range(1, len(steps) + 1):
        asked = _Asked(steps[:used], flow)
        if asked.base is not None:
            return asked.written(scribe), used
    raise refuse(steps[-1], "it gives no numbers for words")


class _Asked:
    """Steps that were asked for every value of every column, one at a time."""

    def __init__(self, steps: Sequence[Any], flow: Raw) -> None:
        self.steps, self.flow = steps, flow
        self.sources: list[Source] = list(flow.sources)
        self.usual = [min(set(range(len(_values(s)))) - s.refused, default=0) for s in self.sources]
        self.base = self._ask([self.usual])

    def _ask(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float64] | None:
        """Return what the steps give for rows of positions in the columns' values; None where it is no numbers."""
        columns = [[_values(source)[row[at]] for row in rows] for at, source in enumerate(self.sources)]
        found = self.flow.sample.rebuilt(columns)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in self.steps:
                found = step.transform(found)
        return _as_matrix(found)

    def written(self, scribe: Scribe) -> Matrix:
        """Write the tables of all columns."""
        tables = [self._table(at) for at in range(len(self.sources))]
        base = np.asarray(self.base)[0]
        touched = np.array([(~_same(table, base)).any(axis=0) for table in tables])
        if (touched.sum(axis=0) > 1).any():
            raise refuse(self.steps[-1], "a column that it gives depends on more than one column of words")
        owner = np.where(touched.any(axis=0), touched.argmax(axis=0), 0)
        self._prove(tables, owner, scribe.seed)
        parts = [self._looked_up(scribe, at, tables[at][:, owner == at]) for at in range(len(tables))]
        joined = scribe.joined(parts)
        order = np.argsort(np.argsort(owner, kind="stable"), kind="stable")
        return scribe.columns(joined, order.tolist())

    def _table(self, at: int) -> NDArray[np.float64]:
        """Return what the steps give for each value of a column, the others at their usual values."""
        source = self.sources[at]
        rows = [
            [*self.usual[:at], self.usual[at] if value in source.refused else value, *self.usual[at + 1 :]]
            for value in range(len(_values(source)))
        ]
        found = self._ask(rows)
        if found is None or found.size > _LARGEST_TABLE:
            raise refuse(self.steps[-1], f"its table for the column {source.name!r} would be too large")
        return found

    def _prove(self, tables: list[NDArray[np.float64]], owner: NDArray[np.int64], seed: int) -> None:
        """Ask random combinations of values, and refuse where the tables do not give the same."""
        generator = np.random.default_rng(seed)
        allowed = [[v for v in range(len(_values(s))) if v not in s.refused] or [0] for s in self.sources]
        rows = np.stack([generator.choice(kept, _PROOF_ROWS) for kept in allowed], axis=1)
        given = self._ask(rows.tolist())
        places = np.arange(len(owner))
        told = np.stack([[tables[owner[c]][row[owner[c]], c] for c in places] for row in rows]).reshape(len(rows), -1)
        if given is None or given.shape != told.shape or not _same(given, told).all():
            raise refuse(self.steps[-1], "what it gives for a word depends on the other columns")

    def _looked_up(self, scribe: Scribe, at: int, table: NDArray[np.float64]) -> Matrix:
        source, width = self.sources[at], table.shape[1]
        if not width:
            return Matrix("", 0)
        place = scribe.constant(np.array(source.place, np.int64))
        code = scribe.node("Gather", ["categories", place], axis=1)
        if len(table) > 64 and (np.isin(table, (0, 1)).all()) and (table.sum(axis=0) <= 1).all():
            return Matrix(_indicators(scribe, source.place, table), width, exact=True)
        exact = bool(_same(table.astype(np.float32).astype(np.float64), table).all())
        return Matrix(scribe.node("Gather", [scribe.constant(table), code], axis=0), width, exact)


def _indicators(scribe: Scribe, place: int, table: NDArray[np.float64]) -> str:
    """Write a table of ones that stand alone in their columns as a comparison, which needs no square of numbers."""
    code = scribe.node("Gather", ["categories", scribe.constant(np.array([place], np.int64))], axis=1)
    owner = np.where(table.any(axis=0), table.argmax(axis=0), -9)
    owner = np.where(owner == len(table) - 1, -1, owner)
    return scribe.cast(scribe.node("Equal", [code, scribe.constant(owner[None, :].astype(np.int64))]), DOUBLE)


def _values(source: Source) -> tuple[Any, ...]:
    return source.values or ()


def _same(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((left == right) | (np.isnan(left) & np.isnan(right)), np.bool_)


def _as_matrix(found: Any) -> NDArray[np.float64] | None:
    """Return what a step gave as float64 of two dimensions; None where it is no numbers."""
    if hasattr(found, "toarray"):
        found = found.toarray()
    elif hasattr(found, "to_numpy"):
        found = found.to_numpy()
    values = np.asarray(found)
    if values.dtype.kind not in "fiub" or values.ndim != 2:
        return None
    return values.astype(np.float64)


STEPS = {
    "sklearn.Pipeline": _pipeline,
    "sklearn.ColumnTransformer": _column_transformer,
    "sklearn.FeatureUnion": _union,
}
STRUCTURES = frozenset(STEPS)

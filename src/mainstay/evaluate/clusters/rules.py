"""A short rule for each cluster, in raw values: "income > 70 and spending <= 40: 93 % pure, finds 88 % of it".

A rule lets a person find the segment in a spreadsheet or a query, without the model. It is searched on 70 % of the rows
and measured on the other 30 %: a rule's own rows always flatter it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.records import Condition, Rule
from mainstay.evaluate.clusters.rule_candidates import Candidate, candidates_of, fits, joined
from mainstay.evaluate.clusters.sample import row_weights
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.evaluate.clusters.columns import ColumnView

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["matching", "rules_of"]

_HELD_OUT, _MOST_COLUMNS, _BEAM, _STEPS = 0.3, 3, 6, 7
_PRICE, _WORTH = 0.01, 0.01
"""What each bound costs in F1, and each column besides; a bound must also gain more than one row of the cluster."""
_FOUND = 0.01
"""The share of a cluster that a rule must find on other rows."""
_LEAST = 0.02
"""By how much F1, less the price, must pass that of the rule that takes every row."""


@dataclass(frozen=True, slots=True)
class _State:
    """A rule under way: its conditions by column, the sides that are taken, the rows that fit, and what it is worth."""

    conditions: tuple[Condition, ...]
    columns: tuple[int, ...]
    sides: frozenset[tuple[int, str]]
    mask: NDArray[np.bool_]
    worth: float


def rules_of(views: Sequence[ColumnView], labels: Ints, sizes: Ints, *, seed: int = 0) -> list[Rule | None]:
    """Return a rule for each cluster; None where none beats taking every row, or none holds on rows held out.

    Parameters
    ----------
    views : sequence of ColumnView
        The columns, n rows each.
    labels : int64 array of shape (n,)
        The cluster of each row of the sample.
    sizes : int64 array of shape (clusters,)
        The sizes of the clusters in the whole table; purity counts rows by what they stand for.
    seed : int, default 0
        Of the rows held out.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> income = ColumnView("income", "number", np.arange(100.0))
    >>> found = rules_of([income], np.repeat([0, 1], 50), np.array([50, 50]))
    >>> found[1].words, found[1].purity.value, found[1].rows
    ('income > 49', 1.0, 30)
    """
    learn, check = _halves(labels, len(sizes), seed)
    if not views or len(sizes) < 2 or not len(check):
        return [None] * len(sizes)
    weight = row_weights(labels, sizes)
    candidates = candidates_of(views, learn, labels)
    if not candidates:
        return [None] * len(sizes)
    search = _Search(views, candidates, learn, labels, weight)
    found = [search.best(cluster) for cluster in range(len(sizes))]
    seen = np.bincount(labels[check], minlength=len(sizes))
    rules = [
        _measured(views, conditions, labels == cluster, weight, check) if conditions and seen[cluster] else None
        for cluster, conditions in enumerate(found)
    ]
    chance = np.bincount(labels[check], weights=weight[check], minlength=len(sizes)) / weight[check].sum()
    return [
        rule if rule is not None and _finds(rule, float(chance[cluster])) else None
        for cluster, rule in enumerate(rules)
    ]


def matching(views: Sequence[ColumnView], conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """Return which rows fulfil all conditions.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.columns import ColumnView
    >>> matching([ColumnView("age", "number", np.array([18.0, 31.0]))], [Condition(column="age", above=20.0)]).tolist()
    [False, True]
    """
    by_name = {view.name: view for view in views}
    inside = np.ones(len(views[0].values), np.bool_)
    for condition in conditions:
        inside &= fits(by_name[condition.column], condition)
    return inside


def _halves(labels: Ints, clusters: int, seed: int) -> tuple[Ints, Ints]:
    """Return the rows to learn from and those held out, 30 % of each cluster, at least one of two."""
    generator = np.random.default_rng(seed)
    held = []
    for cluster in range(clusters):
        mine = np.flatnonzero(labels == cluster)
        out = 0 if len(mine) < 2 else max(1, round(_HELD_OUT * len(mine)))
        held.append(generator.permutation(mine)[:out])
    check = np.sort(np.concatenate(held)) if held else np.zeros(0, np.int64)
    return np.setdiff1d(np.arange(len(labels)), check), check


class _Search:
    """A beam search over conditions; one matrix of which row fits which serves all clusters."""

    def __init__(
        self, views: Sequence[ColumnView], candidates: list[Candidate], rows: Ints, labels: Ints, weight: Floats
    ) -> None:
        from dataclasses import replace

        self.views = [replace(view, values=view.values[rows]) for view in views]
        self.candidates = candidates
        self.labels, self.weight = labels[rows], weight[rows].astype(np.float32)
        self.columns = np.array([entry.column for entry in candidates])
        kept = [fits(self.views[entry.column], entry.condition) for entry in candidates]
        self.table = np.stack(kept, axis=1).astype(np.float32)
        self.whole = self.weight @ self.table
        self.further: dict[int, list[Candidate]] = {}
        for entry in candidates:
            if entry.side in ("levels", "missing"):
                self.further.setdefault(entry.column, []).append(entry)

    def best(self, cluster: int) -> tuple[Condition, ...] | None:
        """Return the conditions worth most for a cluster."""
        mine = self.labels == cluster
        total = float(self.weight[mine].sum())
        everything = 2 * total / (total + float(self.weight.sum()))
        start = _State((), (), frozenset(), np.ones(len(mine), np.bool_), everything)
        beam, best = [start], start
        for _ in range(_STEPS):
            beam = self._next(beam, mine, total)
            if not beam or beam[0].worth <= best.worth:
                break
            best = beam[0]
        return best.conditions if best.worth > everything + _LEAST else None

    def _next(self, beam: list[_State], mine: NDArray[np.bool_], total: float) -> list[_State]:
        """Return the best states one step on; of those that take the same rows the shortest."""
        found: dict[bytes, _State] = {}
        for state in beam:
            rows, hits = self._counts(state, mine)
            after = 2 * hits / np.maximum(rows + total, 1e-9)
            for longer in [*self._narrower(state, after, mine), *self._wider(state, mine, total)]:
                key = np.packbits(longer.mask).tobytes()
                if key not in found or found[key].worth < longer.worth:
                    found[key] = longer
        return sorted(found.values(), key=lambda state: -state.worth)[:_BEAM]

    def _counts(self, state: _State, mine: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the weight of all rows, and of those of the cluster, that each further condition would leave."""
        inside = np.flatnonzero(state.mask & mine)
        hits = self.weight[inside] @ self.table[inside]
        if not state.sides:
            return self.whole, hits
        rows = np.flatnonzero(state.mask)
        return self.weight[rows] @ self.table[rows], hits

    def _narrower(self, state: _State, after: NDArray[np.float32], mine: NDArray[np.bool_]) -> list[_State]:
        """Return states with a further bound, given the F1 that each would have."""
        columns = len(state.columns) + ~np.isin(self.columns, state.columns)
        worth = after - self._price(mine) * (len(state.sides) + 1) - _WORTH * columns
        found: list[_State] = []
        for place in np.argsort(-worth, kind="stable").tolist():
            entry = self.candidates[place]
            if self._allowed(state, entry):
                found.append(self._with(state, entry, float(worth[place])))
            if len(found) >= _BEAM:
                break
        return found

    @staticmethod
    def _price(mine: NDArray[np.bool_]) -> float:
        return _PRICE + 1 / max(int(mine.sum()), 1)

    @staticmethod
    def _allowed(state: _State, entry: Candidate) -> bool:
        taken = {side for column, side in state.sides if column == entry.column}
        if not taken:
            return len(state.columns) < _MOST_COLUMNS
        return taken in ({"above"}, {"up_to"}) and entry.side in {"above", "up_to"} - taken

    def _with(self, state: _State, entry: Candidate, worth: float) -> _State:
        view = self.views[entry.column]
        conditions, columns = list(state.conditions), state.columns
        if entry.column in columns:
            at = columns.index(entry.column)
            conditions[at] = joined(view, conditions[at], entry.condition)
        else:
            conditions, columns = [*conditions, entry.condition], (*columns, entry.column)
        mask = state.mask & fits(view, entry.condition)
        return _State(tuple(conditions), columns, state.sides | {(entry.column, entry.side)}, mask, worth)

    def _wider(self, state: _State, mine: NDArray[np.bool_], total: float) -> list[_State]:
        """Return states in which a condition takes in a further level, or rows without a value."""
        found = []
        for at, column in enumerate(state.columns):
            view, held = self.views[column], state.conditions[at]
            further = [entry for entry in self.further.get(column, ()) if _is_new(held, entry)]
            beside = matching(self.views, [part for place, part in enumerate(state.conditions) if place != at])
            for entry in further:
                wider = joined(view, held, entry.condition)
                mask = beside & fits(view, wider)
                rows, hits = float(self.weight[mask].sum()), float(self.weight[mask & mine].sum())
                worth = 2 * hits / max(rows + total, 1e-9)
                worth -= self._price(mine) * (len(state.sides) + 1) + _WORTH * len(state.columns)
                conditions = (*state.conditions[:at], wider, *state.conditions[at + 1 :])
                found.append(_State(conditions, state.columns, state.sides | {(column, wider.words)}, mask, worth))
        return sorted(found, key=lambda state: -state.worth)[:_BEAM]


def _is_new(held: Condition, entry: Candidate) -> bool:
    """Return whether a condition can take in what a candidate adds."""
    if entry.side == "missing":
        return not held.missing
    return bool(held.levels) and entry.condition.levels[0] not in held.levels


def _measured(
    views: Sequence[ColumnView], conditions: tuple[Condition, ...], mine: NDArray[np.bool_], weight: Floats, check: Ints
) -> Rule:
    """Measure a rule on the rows held out."""
    inside = matching(views, conditions)[check]
    mine, weight = mine[check], weight[check]
    return Rule(
        conditions=conditions,
        words=" and ".join(condition.words for condition in conditions),
        purity=_share(weight[inside], mine[inside]),
        coverage=_share(weight[mine], inside[mine]),
        rows=len(check),
    )


def _finds(rule: Rule, chance: float) -> bool:
    """Return whether a rule holds on rows held out: it finds some of the cluster, and more than picking blindly."""
    purity, coverage = rule.purity.value or 0.0, rule.coverage.value or 0.0
    return purity > chance and coverage >= _FOUND


def _share(weight: Floats, hit: NDArray[np.bool_]) -> Score:
    """Return a weighted share with Wilson's interval for as many rows as the weights are worth."""
    if not len(weight):
        return Score(None)
    value = float((weight * hit).sum() / weight.sum())
    rows = float(weight.sum() ** 2 / np.square(weight).sum())
    low, high = wilson(value * rows, rows)
    return Score(value, float(low), float(high))

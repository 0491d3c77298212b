"""The one way to learn several columns at once (multi-label, multi-target): a model file for each, on one split.

Each target gets a model of its own (binary relevance, for labels), so that each can be verified, served, watched and
rolled back by itself; the other targets are kept out of its columns, for they would not be known when it answers. The
held-out rows are the same for all, so that scores of all targets taken together can be told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.events import silent
from mainstay.lifecycle.profiling import known_schema
from mainstay.lifecycle.results import Result, in_words
from mainstay.lifecycle.scoring import scored_rows
from mainstay.lifecycle.training import several, train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.events import Listener
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.lifecycle.model import Model
    from mainstay.lifecycle.scoring import Scored
    from mainstay.lifecycle.trained import TrainResult

__all__ = ["TrainEachResult", "train_each"]

_READING = ("header", "query", "sheet", "delimiter", "encoding")


@dataclass(frozen=True, repr=False)
class TrainEachResult(Result):
    """A model for each of several targets.

    Parameters
    ----------
    figures : dict
        ``{targets, rows, together, runs: {TARGET: what train returns}, seconds}``.
    runs : dict of str to TrainResult
        By target.
    """

    runs: dict[str, TrainResult]

    @property
    def models(self) -> dict[str, Model]:
        """The opened bundles, by target."""
        return {name: run.model for name, run in self.runs.items()}

    def headline(self) -> str:
        """Return how many models there are, and on how many rows they were scored together."""
        return f"{len(self.runs)} models, scored on the same {self.figures['rows']['test']:,} held-out rows"

    def table(self) -> list[tuple[str, ...]]:
        """Return each target's score, then those of all together."""
        rows = [(name, one["metric"]["name"], in_words(one["metric"])) for name, one in self.figures["runs"].items()]
        rows += [("all together", name, in_words(score)) for name, score in self.figures["together"].items()]
        return [("target", "metric", "value (95 % interval)"), *rows]

    def predict(self, data: Any) -> Any:
        """Answer rows with all models: ``prediction_<target>`` and the other columns under their target's name.

        Returns
        -------
        polars.DataFrame
        """
        import polars as pl

        from mainstay.data.read import read

        table = read(data)
        parts = [model.predict(table) for model in self.models.values()]
        named = [
            part.rename({column: f"{column}_{name}" for column in part.columns})
            for name, part in zip(self.models, parts, strict=True)
        ]
        return pl.concat(named, how="horizontal")


def train_each(
    data: Any,
    *,
    targets: Sequence[str],
    out: str | Path | None = None,
    time_budget: str | float | Clock | None = "60s",
    split: str = "random",
    holdout: float = 0.2,
    seed: int = 0,
    listener: Listener = silent,
    **options: Any,
) -> TrainEachResult:
    """Learn several columns, each into a model file of its own, on the same held-out rows.

    Parameters
    ----------
    data : path, SQL URL or data frame
    targets : sequence of str
        Two or more columns; classes and amounts may be mixed.
    out : path, optional
        A folder: it gets ``TARGET.mainstay`` for each target; signs that no file has become ``_``, and names that
        then are the same are numbered.
    time_budget : str, float or Clock, default "60s"
        For all of them.
    split : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN".
    holdout : float, default 0.2
    seed : int, default 0
    listener : callable
    **options
        Further options of :func:`mainstay.train`, and of reading the data.

    Raises
    ------
    MainstayError
        As :func:`mainstay.train`; UsageError where fewer than two targets are named.

    Examples
    --------
    >>> import mainstay
    >>> run = mainstay.train_each("later.csv", targets=["left", "city"], models=["logistic"], time_budget="40s")
    >>> sorted(run.models), sorted(run.to_dict()["together"])
    (['city', 'left'], ['f1_macro', 'f1_micro', 'hamming_loss', 'subset_accuracy'])
    """
    from mainstay.data.read import read

    names = list(dict.fromkeys(targets))
    if len(names) < 2:
        raise UsageError(
            "several targets are two or more different columns", where="targets", hint="For one use train."
        )
    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    table = read(data, **{key: options.pop(key) for key in _READING if key in options})
    unknown = [name for name in names if name not in table.columns]
    if unknown:
        raise UsageError(f"there is no column {unknown[0]!r}", where="targets", hint="Name columns of the table.")
    schemas = {name: _schema_of(table, name, names, options) for name in names}
    learn, held = _halves(table, schemas[names[0]], split=split, holdout=holdout, seed=seed)
    options = {key: value for key, value in options.items() if key not in ("schema", "task")}
    runs: dict[str, TrainResult] = {}
    files = _as_files(names)
    for place, name in enumerate(names):
        share = clock.left() / (len(names) - place)
        places = () if out is None else (Path(out) / f"{files[name]}.mainstay",)
        runs[name] = train(
            learn, target=name, schema=schemas[name], test=held, out=places, split=split, seed=seed,
            time_budget=None if share == float("inf") else share, listener=listener,
            **{**options, "models": _models_for(schemas[name], options.get("models"))},
        )  # fmt: skip
    return TrainEachResult(_figures(runs, held, clock, seed), runs)


def _models_for(schema: Schema, models: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Leave out the models that cannot learn a target of this kind, where targets of both kinds are named."""
    from mainstay.learners.catalogue import names

    if models is None:
        return None
    amounts = schema.target is not None and schema.target.kind == "number"
    mine, other = set(names("regression")), set(names("classification"))
    if not amounts:
        mine, other = other, mine
    return tuple(model for model in several(models) if model in mine or model not in other)


def _as_files(targets: Sequence[str]) -> dict[str, str]:
    """Return a name of a file for each target, no two the same, also where capitals do not tell files apart."""
    files: dict[str, str] = {}
    taken: set[str] = set()
    for name in targets:
        stem = chosen = _as_file(name)
        number = 1
        while chosen.casefold() in taken:
            number += 1
            chosen = f"{stem}_{number}"
        files[name] = chosen
        taken.add(chosen.casefold())
    return files


def _as_file(name: str) -> str:
    """Return a target's name as the name of a file."""
    return "".join(sign if sign.isalnum() or sign in " -_." else "_" for sign in name).strip(" .") or "target"


def _schema_of(table: Table, name: str, names: Sequence[str], options: Mapping[str, Any]) -> Schema:
    """Return the contract for one target, in which the others are no features."""
    found, _ = known_schema(table, options.get("schema"), name, task=options.get("task", "auto"))
    others = {other for other in names if other != name}
    columns = tuple(
        msgspec.structs.replace(column, role="ignored") if column.name in others else column for column in found.columns
    )
    return msgspec.structs.replace(found, columns=columns)


def _halves(table: Table, schema: Schema, *, split: str, holdout: float, seed: int) -> tuple[Table, Table]:
    """Set the same rows aside for all targets; rows in which a target is not known stay for the others."""
    from mainstay.data.split_table import find_ties

    rows = np.arange(table.rows)
    ties = find_ties(table, schema, how=split).take(rows)
    cut = ties.split(np.zeros(table.rows, np.float64), test_share=holdout, seed=seed)
    parts = (np.sort(cut.train), np.sort(cut.test))
    return replace(table, frame=table.frame[parts[0]]), replace(table, frame=table.frame[parts[1]])


def _figures(runs: Mapping[str, TrainResult], held: Table, clock: Clock, seed: int) -> dict[str, Any]:
    scored = {name: scored_rows(run.model.bundle, held.frame, held.source) for name, run in runs.items()}
    common = next(iter(scored.values())).rows
    for one in scored.values():
        common = np.intersect1d(common, one.rows)
    if not len(common):
        raise DataError("no held-out row has all targets", where=held.source, hint="Give more rows.")
    scores = _together(runs, scored, common, seed)
    return {
        "targets": list(runs),
        "rows": {"test": len(common)},
        "together": {name: msgspec.to_builtins(score) for name, score in scores.items()},
        "runs": {name: run.to_dict() for name, run in runs.items()},
        "seconds": round(clock.elapsed(), 2),
    }


def _together(
    runs: Mapping[str, TrainResult], scored: Mapping[str, Scored], common: NDArray[np.int64], seed: int
) -> dict[str, Any]:
    """Return the scores of all targets that are classes; and F1 over labels where each has two classes."""
    from mainstay.evaluate.several_targets import score_labels, score_together

    pairs = {}
    for name, one in scored.items():
        if one.decided is not None:
            kept = np.searchsorted(one.rows, common)
            positive = runs[name].model.bundle.outputs.positive_class
            pairs[name] = (np.asarray(one.target)[kept], one.decided[kept], positive)
    if len(pairs) < 2:
        return {}
    found = score_together(np.column_stack([truth == answer for truth, answer, _ in pairs.values()]), seed=seed)
    if all(positive is not None for _, _, positive in pairs.values()):
        truth = np.column_stack([truth == positive for truth, _, positive in pairs.values()])
        answers = np.column_stack([answer == positive for _, answer, positive in pairs.values()])
        found |= score_labels(truth, answers, seed=seed)
    return found

"""The verb that makes a model file: train, within a budget."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.interrupt import hold_interrupts
from mainstay.compute.memory import MemoryWatch, give_back, parse_bytes
from mainstay.compute.pool import ProcessPool
from mainstay.contracts.errors import BudgetError
from mainstay.contracts.events import StageBegun, silent
from mainstay.lifecycle.answers import with_parts
from mainstay.lifecycle.outputs import check_outputs, write_output
from mainstay.lifecycle.profiling import known_schema
from mainstay.lifecycle.trained import TrainResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mainstay.contracts.events import Listener
    from mainstay.contracts.executor import Workers
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.data.table import Table
    from mainstay.evaluate.report_data import ReportData
    from mainstay.train.settings import Settings
    from mainstay.train.trained import Surroundings

__all__ = ["several", "train"]

# What the worker processes load, while this process still reads the data.
_PRELOAD = ("mainstay.train.fold", "lightgbm", "sklearn.ensemble", "sklearn.linear_model", "sklearn.tree")


def train(
    data: Any,
    *,
    target: str,
    out: str | Path | Sequence[str | Path] = (),
    task: str = "auto",
    metric: str = "auto",
    time_budget: str | float | Clock | None = "60s",
    memory_budget: str | float | None = None,
    split: str = "random",
    models: Sequence[str] | None = None,
    derive: Sequence[str] = (),
    missing: str = "auto",
    scale: str = "auto",
    encode: str = "auto",
    polynomial: int = 1,
    rare: int = 0,
    text: str = "auto",
    positive: str | None = None,
    test: Any = None,
    holdout: float = 0.2,
    tune: str = "off",
    grid: Mapping[str, Any] | str | Path | None = None,
    trials: int | None = None,
    study: str | Path = "",
    nested: int = 0,
    blend: str = "greedy",
    class_weight: str = "none",
    cost: Mapping[str, float] | str = "",
    threshold: str | float = "auto",
    calibrate: str = "auto",
    intervals: float | None = None,
    monotone: Sequence[str] = (),
    proof: str = "none",
    diagnose: bool = False,
    seed: int = 0,
    schema: Schema | str | Path | None = None,
    listener: Listener = silent,
    workers: Workers | None = None,
    **reading: Unpack[Reading],
) -> TrainResult:
    """Learn a column within a budget, into one model file.

    Parameters
    ----------
    data : path, SQL URL or data frame
    target : str
        The column to learn.
    out : path or sequence of paths
        ``.mainstay`` writes the bundle, ``.html`` the report, ``.csv`` and ``.parquet`` the rows with their answers.
    task : {"auto", "classification", "regression"}
    metric : str, default "auto"
        What is steered by: ROC-AUC for two classes, log-loss for more, RMSE for amounts.
    time_budget : str, float or Clock, default "60s"
        From start to written bundle.
    memory_budget : str or float, optional
        Over all processes.
    split : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN": how the held-out rows and the folds are drawn.
    models : sequence of str, optional
        Learners or candidates to try.
    derive : sequence of str, default ()
        New columns, such as ``"total = monthly * tenure"``.
    missing, scale, encode, polynomial, text
        Preparation; "auto" leaves it to each candidate.
    rare : int, default 0
        Levels of categories with fewer training rows than this are taken as unseen.
    positive : str, optional
        The positive class of two.
    test : path, SQL URL or data frame, optional
        Your own held-out rows, with their target; then none is set aside from ``data``.
    holdout : float, default 0.2
        The share of rows that is held out for the score.
    tune : {"off", "grid", "random", "bayes"}
        Search the learners' settings beside the portfolio, on validation folds.
    grid : mapping or path of a TOML file, optional
        Your own search space: ``{"lightgbm": {"num_leaves": [15, 31, 63]}}``.
    trials : int, optional
        How many settings are tried at most.
    study : path, optional
        Where the search is kept, to be resumed by a later run.
    nested : int, default 0
        Outer folds of a nested evaluation of the whole procedure.
    blend : {"greedy", "voting", "stacking", "off"}
        How finished candidates are joined.
    class_weight : {"none", "balanced"}
        Whether rare classes count more in learning.
    cost : mapping or str, optional
        What errors cost: ``"fp=1,fn=8"``.
    threshold : str or float, default "auto"
        Where two classes part: a probability, a metric to be best at, or "cost".
    calibrate : {"auto", "off", "beta", "quadratic", "temperature", "isotonic"}
        How probabilities are mended; "auto" keeps a mending only where it helps.
    intervals : float, optional
        Percent of the truths that prediction sets or intervals shall hold, such as 90.
    monotone : sequence of str, default ()
        Directions that answers must keep, such as ``"income=+1"``.
    proof : {"none", "shuffle"}
        Repeat the whole run on shuffled targets, and show the score that noise gets.
    diagnose : bool, default False
        Draw a learning curve and the picture of bias and variance.
    seed : int, default 0
    schema : Schema or path, optional
        Your own contract; inferred when not given.
    listener : callable
        Is told what happens.
    workers : Workers, optional
        Where models are fitted: two processes where None. ``mainstay.compute.inline.InlineExecutor()`` fits them in
        this process, for a debugger or a table so small that processes take longer to start than models to fit.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Returns
    -------
    TrainResult
        ``.model``, ``.leaderboard``, ``.report``, ``.to_dict()``, ``.save(path)``.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong.

    Examples
    --------
    >>> import mainstay
    >>> run = mainstay.train("later.csv", target="left", models=["logistic"], out="again.mainstay")
    >>> run.to_dict()["rows"], [line["name"] for line in run.leaderboard]
    ({'train': 240, 'test': 60, 'left_out': 0}, ['logistic', 'baseline'])
    """
    from mainstay.train.candidates import Preparation
    from mainstay.train.settings import Settings, cost_in_words, read_grid
    from mainstay.train.trained import Surroundings

    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    places = check_outputs(out, (".mainstay", ".html", ".csv", ".parquet"))
    settings = Settings(
        metric=metric, split=split, models=None if models is None else several(models), seed=seed,
        positive=None if positive is None else str(positive),
        preparation=Preparation(
            missing=missing, scale=scale, encode=encode, polynomial=polynomial, rare=rare, text=text,
            derive=several(derive),
        ),
        time_budget=clock.seconds, memory_budget=parse_bytes(memory_budget), holdout=holdout, tune=tune,
        grid=read_grid(grid), trials=trials, study=str(study), nested=nested, blend=blend, class_weight=class_weight,
        cost=cost_in_words(cost), threshold=str(threshold), calibrate=calibrate, intervals=intervals,
        monotone=several(monotone), proof=proof, diagnose=diagnose,
    )  # fmt: skip
    with workers or ProcessPool(2, preload=_PRELOAD) as pool, MemoryWatch() as watch:
        around = Surroundings(clock, pool, watch, listener)
        table, known, findings = _prepare(data, target, task, schema, around, reading=reading)
        if test is not None:
            table, settings = _with_test(table, test, known, settings, reading=reading)
        return _finish(table, known, findings, settings, around, places=places)


def _with_test(
    table: Table, test: Any, schema: Schema, settings: Settings, *, reading: Reading
) -> tuple[Table, Settings]:
    """Put the user's own held-out rows at the end of the table, and say how many they are."""
    import msgspec

    from mainstay.data.read import read
    from mainstay.train.given import join_test

    both = join_test(table, read(test, **reading), schema)
    return both, msgspec.structs.replace(settings, given=both.rows - table.rows)


def _prepare(
    data: Any,
    target: str,
    task: str,
    schema: Schema | str | Path | None,
    around: Surroundings,
    *,
    reading: Reading,
) -> tuple[Table, Schema, tuple[Finding, ...]]:
    from mainstay.data.read import read

    around.listener(StageBegun("read", around.clock.left()))
    table = read(data, **reading)
    around.listener(StageBegun("schema", around.clock.left()))
    known, findings = known_schema(table, schema, target, task=task)
    return table, known, (*table.notes, *findings)


def _finish(
    table: Table,
    schema: Schema,
    findings: tuple[Finding, ...],
    settings: Settings,
    around: Surroundings,
    *,
    places: tuple[Path, ...],
) -> TrainResult:
    from mainstay.data.quality_findings import gravest_first
    from mainstay.lifecycle.model import Model
    from mainstay.train.finish import finish
    from mainstay.train.nested import before_nested, check_nested, evaluate_nested
    from mainstay.train.proof import before_proof, with_proof
    from mainstay.train.run import train_model

    _check_memory(settings, around)
    check_nested(settings)
    clock = before_nested(before_proof(around.clock, settings), settings)
    trained = train_model(table, schema, settings, replace(around, clock=clock))
    if settings.nested and not trained.interrupted:
        aside = replace(around, clock=before_proof(around.clock, settings))
        trained = replace(trained, nested=evaluate_nested(table, schema, settings, aside))
    if settings.proof == "shuffle" and not trained.interrupted:
        trained = with_proof(trained, table, schema, settings, around)
    around.pool.close()
    if around.pool.apart:
        give_back()
    known = {(one.code, one.column): one for one in (*findings, *trained.intake.findings, *trained.findings)}
    with hold_interrupts() as held:
        finished = finish(trained, table, settings, around, gravest_first(known.values()))
        around.listener(StageBegun("pack", around.clock.left()))
        model = Model(finished.bundle)
        frame = with_parts(table.frame, trained.intake.train, trained.intake.test)
        for place in places:
            write_output(place, model, frame)
    figures = _figures(finished.report, model, places, around)
    return TrainResult(figures, model, trained.interrupted or held.count > 0)


def _check_memory(settings: Settings, around: Surroundings) -> None:
    used = around.watch.sample()
    if used > settings.memory_budget:
        raise BudgetError(
            f"reading the data alone took {used / 1e6:,.0f} MB, and the memory budget is "
            f"{settings.memory_budget / 1e6:,.0f} MB",
            where="memory budget",
            hint="Give a larger budget or fewer rows or columns.",
        )


def _figures(report: ReportData, model: Any, places: tuple[Path, ...], around: Surroundings) -> dict[str, Any]:
    import msgspec

    scores = {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in report.scores.items()}
    bundles = [str(place) for place in places if place.suffix == ".mainstay"]
    shown = ("name", "value", "low", "high", "seconds", "status", "reason", "tied", "chosen")
    return {
        "bundle": bundles[0] if bundles else None,
        "outputs": [str(place) for place in places],
        "digest": model.digest,
        "task": report.task,
        "target": report.target,
        "metric": {"name": report.metric, **scores[report.metric]},
        "metrics": scores,
        "leaderboard": [{name: getattr(line, name) for name in shown} for line in report.leaderboard],
        "members": msgspec.to_builtins(report.members),
        "rows": {"train": report.rows.train, "test": report.rows.test, "left_out": report.rows.left_out},
        "seconds": round(around.clock.elapsed(), 2),
        "peak_memory_mb": round(around.watch.peak / 1e6, 1),
        "findings": msgspec.to_builtins(report.findings),
    }


def several(words: str | Sequence[str]) -> tuple[str, ...]:
    """Return one word or many as a tuple.

    Examples
    --------
    >>> several("logistic"), several(["a", "b"])
    (('logistic',), ('a', 'b'))
    """
    return (words,) if isinstance(words, str) else tuple(words)

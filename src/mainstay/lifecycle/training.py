"""The verbs that make something: profile and train, and the demonstration."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.interrupt import hold_interrupts
from mainstay.compute.memory import MemoryWatch, give_back, parse_bytes
from mainstay.compute.pool import ProcessPool
from mainstay.contracts.errors import BudgetError, UsageError
from mainstay.contracts.events import StageBegun, silent
from mainstay.lifecycle.answers import with_parts
from mainstay.lifecycle.outputs import check_outputs, write_output
from mainstay.lifecycle.results import ProfileResult
from mainstay.lifecycle.trained import TrainResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.events import Listener
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.data.table import Table
    from mainstay.evaluate.report_data import ReportData
    from mainstay.train.run import Surroundings
    from mainstay.train.settings import Settings

__all__ = ["demo", "profile", "several", "train"]

# What the worker processes load, while this process still reads the data.
_PRELOAD = ("mainstay.train.fold", "lightgbm", "sklearn.ensemble", "sklearn.linear_model", "sklearn.tree")


def profile(
    data: Any,
    *,
    target: str | None = None,
    schema: Schema | str | Path | None = None,
    **reading: Unpack[Reading],
) -> ProfileResult:
    """Say what is in a table, and what looks wrong.

    Parameters
    ----------
    data : path, SQL URL or data frame
    target : str, optional
        The column to be predicted; the audit of leaks needs it.
    schema : Schema or path, optional
        Your own contract; inferred when not given.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Raises
    ------
    InputError
        A sentence for everything that a table can have wrong.

    Examples
    --------
    >>> import mainstay
    >>> result = mainstay.profile("later.csv", target="left")
    >>> [(column["name"], column["kind"]) for column in result.to_dict()["columns"]]
    [('age', 'number'), ('city', 'category'), ('left', 'category')]
    """
    from mainstay.data.leaks import audit
    from mainstay.data.quality import profile as describe
    from mainstay.data.read import read
    from mainstay.evaluate.report import profile_report

    table = read(data, **reading)
    known, findings = _schema(table, schema, target, task="auto")
    if known.target is not None:
        findings += audit(table, known).findings
    found = describe(table, known, findings=(*table.notes, *findings))
    return ProfileResult(found.to_dict(), known, profile_report(found.to_dict()))


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
    positive: str | None = None,
    seed: int = 0,
    schema: Schema | str | Path | None = None,
    listener: Listener = silent,
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
    missing, scale, encode, polynomial
        Preparation; "auto" leaves it to each candidate.
    positive : str, optional
        The positive class of two.
    seed : int, default 0
    schema : Schema or path, optional
        Your own contract; inferred when not given.
    listener : callable
        Is told what happens.
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
    from mainstay.train.run import Surroundings
    from mainstay.train.settings import Settings

    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    places = check_outputs(out, (".mainstay", ".html", ".csv", ".parquet"))
    settings = Settings(
        metric=metric, split=split, models=None if models is None else several(models), seed=seed,
        positive=None if positive is None else str(positive),
        preparation=Preparation(
            missing=missing, scale=scale, encode=encode, polynomial=polynomial, derive=several(derive)
        ),
        time_budget=clock.seconds, memory_budget=parse_bytes(memory_budget),
    )  # fmt: skip
    with ProcessPool(2, preload=_PRELOAD) as pool, MemoryWatch() as watch:
        around = Surroundings(clock, pool, watch, listener)
        table, known, findings = _prepare(data, target, task, schema, around, reading=reading)
        return _finish(table, known, findings, settings, around, places=places)


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
    known, findings = _schema(table, schema, target, task=task)
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
    from mainstay.train.run import train_model

    _check_memory(settings, around)
    trained = train_model(table, schema, settings, around)
    around.pool.close()
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


def _schema(
    table: Table, schema: Schema | str | Path | None, target: str | None, *, task: str
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the given or the inferred schema, with the target in its role."""
    from mainstay.contracts.schema import Schema as Known
    from mainstay.data.infer import infer
    from mainstay.data.quality import choose_target
    from mainstay.data.schema_file import from_toml

    if task not in ("auto", "classification", "regression"):
        raise UsageError(f"a task is auto, classification or regression, and {task!r} came", where="task")
    if schema is None:
        found = infer(table, target=target, task=None if task == "auto" else task)  # type: ignore[arg-type]
        return found.schema, found.findings
    known = schema if isinstance(schema, Known) else from_toml(_text(schema), where=str(schema))
    known = choose_target(known, target)
    if known.target is not None and task != "auto" and (known.target.kind == "number") != (task == "regression"):
        raise UsageError(
            f"the task is {task}, and the schema's target is of kind {known.target.kind}", where="task",
            hint="Change the kind of the target in the schema, or leave the task out.",
        )  # fmt: skip
    return known, ()


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the schema could not be read ({error})", where=str(path)) from error


def demo(*, folder: str | Path = "demo", time_budget: str | float = "30s", listener: Listener = silent) -> TrainResult:
    """Train on the breast-cancer table that scikit-learn bundles, and leave a model file and its report.

    Parameters
    ----------
    folder : path, default "demo"
    time_budget : str or float, default "30s"
    listener : callable

    Examples
    --------
    >>> import mainstay
    >>> run = mainstay.demo(folder="demo", time_budget="20s")
    >>> run.to_dict()["metric"]["value"] > 0.95
    True
    """
    import polars as pl
    from sklearn.datasets import load_breast_cancer

    clock = Clock(parse_seconds(time_budget), time.monotonic())
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    bunch = load_breast_cancer()
    columns = {str(name): bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
    frame = pl.DataFrame({**columns, "diagnosis": [str(bunch.target_names[code]) for code in bunch.target]})
    frame.write_csv(place / "breast_cancer.csv")
    return train(
        place / "breast_cancer.csv", target="diagnosis", positive="malignant", time_budget=clock,
        out=(place / "breast_cancer.mainstay", place / "breast_cancer.html"), listener=listener,
    )  # fmt: skip

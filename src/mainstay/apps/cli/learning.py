"""The commands that make a model: profile the data, train on it, and the demonstration."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.apps.cli import options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    import typer

__all__ = ["demo", "profile", "register", "train", "train_each"]


def register(application: "typer.Typer") -> None:
    """Add this file's commands."""
    for command in (demo, profile, train, train_each):
        application.command(rich_help_panel="Make a model")(command)


def profile(
    data: options.Data,
    *,
    target: options.TargetOptional = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    schema: options.SchemaFile = None,
    html: options.HtmlOut = None,
    schema_out: options.SchemaOut = None,
    as_json: options.AsJson = False,
) -> int:
    """Say what is in a table, and what looks wrong.

    Kinds, missing values, distributions, outliers, duplicates, and
    columns that leak the answer; each finding with its evidence and
    what to do.
    """
    from mainstay import lifecycle

    result = lifecycle.profile(
        data, target=target, **options.reading(header, query, sheet, delimiter, encoding), schema=schema
    )
    for path in (html, schema_out):
        if path is not None:
            result.save(path)
    return answer("profile", result, as_json=as_json, written=(html, schema_out))


def train(
    data: options.Data,
    *,
    target: options.Target,
    out: options.BundleOut = None,
    task: options.Task = "auto",
    metric: options.Metric = "auto",
    positive: options.Positive = None,
    split: options.Split = "random",
    models: options.Models = None,
    seed: options.Seed = 0,
    time_budget: options.TimeBudget = "60s",
    memory_budget: options.MemoryBudget = None,
    derive: options.Derive = None,
    missing: options.Missing = "auto",
    scale: options.Scale = "auto",
    encode: options.Encode = "auto",
    polynomial: options.Polynomial = 1,
    rare: options.Rare = 0,
    text: options.Text = "auto",
    monotone: options.Monotone = None,
    test: options.Test = None,
    holdout: options.Holdout = 0.2,
    tune: options.Tune = "off",
    grid: options.Grid = None,
    trials: options.Trials = None,
    study: options.Study = None,
    nested: options.Nested = 0,
    blend: options.Blend = "greedy",
    class_weight: options.ClassWeight = "none",
    cost: options.Cost = "",
    threshold: options.Threshold = "auto",
    calibrate: options.Calibrate = "auto",
    intervals: options.Intervals = None,
    proof: options.Proof = "none",
    diagnose: options.Diagnose = False,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    schema: options.SchemaFile = None,
    as_json: options.AsJson = False,
) -> int:
    """Learn a column within a budget, into one model file.

    The score is computed from the file that is written, on rows that
    no choice has seen. Interrupted with Ctrl-C, the best model so far
    is kept.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress
    from mainstay.compute.clock import Clock, parse_seconds

    with Progress() as progress:
        result = lifecycle.train(
            data,
            target=target,
            out=tuple(out or ()),
            task=task,
            metric=metric,
            positive=positive,
            split=split,
            models=None if models is None else tuple(name.strip() for name in models.split(",")),
            seed=seed,
            time_budget=Clock.since_start(parse_seconds(time_budget)),
            memory_budget=memory_budget,
            derive=tuple(derive or ()),
            missing=missing,
            scale=scale,
            encode=encode,
            polynomial=polynomial,
            rare=rare,
            text=text,
            monotone=tuple(monotone or ()),
            test=test,
            holdout=holdout,
            tune=tune,
            grid=grid,
            trials=trials,
            study=study or "",
            nested=nested,
            blend=blend,
            class_weight=class_weight,
            cost=cost,
            threshold=threshold,
            calibrate=calibrate,
            intervals=intervals,
            proof=proof,
            diagnose=diagnose,
            **options.reading(header, query, sheet, delimiter, encoding),
            schema=schema,
            listener=progress,
        )
    return answer("train", result, as_json=as_json)


def train_each(
    data: options.Data,
    *,
    target: options.Targets,
    out: options.BundleFolder = None,
    split: options.Split = "random",
    holdout: options.Holdout = 0.2,
    models: options.Models = None,
    seed: options.Seed = 0,
    time_budget: options.TimeBudget = "60s",
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    schema: options.SchemaFile = None,
    as_json: options.AsJson = False,
) -> int:
    """Learn several columns, each into a model file of its own.

    For labels that may stand together and for several amounts: one
    split for all, the other targets kept out of each model's columns,
    and the scores of all of them taken together.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress
    from mainstay.compute.clock import Clock, parse_seconds

    with Progress() as progress:
        result = lifecycle.train_each(
            data,
            targets=target,
            out=out,
            split=split,
            holdout=holdout,
            models=None if models is None else tuple(name.strip() for name in models.split(",")),
            seed=seed,
            time_budget=Clock.since_start(parse_seconds(time_budget)),
            schema=schema,
            **options.reading(header, query, sheet, delimiter, encoding),
            listener=progress,
        )
    return answer("train_each", result, as_json=as_json)


def demo(
    *,
    folder: options.Folder = Path("demo"),
    time_budget: options.TimeBudget = "30s",
    as_json: options.AsJson = False,
) -> int:
    """Train on a real table that is at hand, and look at the result.

    The table comes with scikit-learn; a model file and its report are
    left in the folder.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress

    with Progress() as progress:
        result = lifecycle.demo(folder=folder, time_budget=time_budget, listener=progress)
    return answer("train", result, as_json=as_json)

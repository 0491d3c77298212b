"""The commands that use a model file on rows: predict, evaluate against known answers, and compare two."""

from typing import TYPE_CHECKING

from mainstay.apps.cli import alarm_options, group_options, options
from mainstay.apps.cli.answers import answer, answer_rows

if TYPE_CHECKING:
    import typer

__all__ = ["compare", "evaluate", "predict", "register"]


def register(application: "typer.Typer") -> None:
    """Add this file's commands."""
    for command in (predict, evaluate, compare):
        application.command(rich_help_panel="Use it")(command)


def predict(
    model: options.Bundle,
    data: options.NewData,
    *,
    alarm: alarm_options.BatchAlarm = None,
    out: options.RowsOut = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    as_json: options.AsJson = False,
) -> int:
    """Answer new rows.

    A prediction for each row, and for classes the probability of each.
    Rows that break the schema are refused one by one, and counted.
    Without -o the answers go to standard output, as CSV where that is a
    file or a pipe. Of a detector: score, p-value, flag and reason.
    """
    from mainstay import lifecycle

    result = lifecycle.predict(
        model, data, alarm=alarm, out=tuple(out or ()), **options.reading(header, query, sheet, delimiter, encoding)
    )
    return answer("predict", result, as_json=as_json) if out or as_json else answer_rows(result)


def evaluate(
    model: options.Bundle,
    data: options.NewData,
    *,
    cost: options.Cost = "",
    at_k: options.AtK = None,
    labels: group_options.KnownGroups = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    as_json: options.AsJson = False,
) -> int:
    """Score a model file on rows whose answers are known.

    Every score comes with its 95 % interval; a score that does not
    apply is left blank. With --cost also what the answers cost per row,
    with --k how good the most probable rows are. Groups are held
    against known ones with --labels; without, their shares are shown
    beside those of training. A detector is held against --labels too.
    """
    from mainstay import lifecycle

    result = lifecycle.evaluate(
        model, data, cost=cost, at_k=tuple(at_k or ()), labels=labels,
        **options.reading(header, query, sheet, delimiter, encoding),
    )  # fmt: skip
    return answer("evaluate", result, as_json=as_json)


def compare(
    first: options.Bundle,
    second: options.SecondBundle,
    data: options.NewData,
    *,
    metric: options.Metric = "auto",
    margin: options.Margin = 0.01,
    labels: alarm_options.KnownAnomalies = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    as_json: options.AsJson = False,
) -> int:
    """Say how likely one model file is better than another, and by how much.

    Both answer the same rows, whose answers are known. Where the rows
    cannot tell the two apart, the cheaper one is recommended. Detectors
    are compared by --labels.
    """
    from mainstay import lifecycle

    result = lifecycle.compare(
        first, second, data, metric=metric, margin=margin, labels=labels,
        **options.reading(header, query, sheet, delimiter, encoding),
    )  # fmt: skip
    return answer("compare", result, as_json=as_json)

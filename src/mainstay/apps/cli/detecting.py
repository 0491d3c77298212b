"""The command that finds anomalies: rows that are odd, each with its reason, at a rate of false alarms that is kept."""

from typing import TYPE_CHECKING

from mainstay.apps.cli import alarm_options, options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    import typer

__all__ = ["detect", "register"]


def register(application: "typer.Typer") -> None:
    """Add this file's command."""
    application.command(rich_help_panel="Find anomalies")(detect)


def detect(
    data: options.Data,
    *,
    reference: alarm_options.Reference = None,
    alarm: alarm_options.Alarm = "fdr=0.1",
    labels: alarm_options.Labels = None,
    time: alarm_options.Time = None,
    method: alarm_options.Detector = "ensemble",
    columns: alarm_options.Columns = None,
    ask: alarm_options.Ask = 0,
    seed: options.Seed = 0,
    time_budget: options.TimeBudget = "60s",
    out: options.BundleOut = None,
    html: options.HtmlOut = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    schema: options.SchemaFile = None,
    as_json: options.AsJson = False,
) -> int:
    """Find rows that are odd, with a reason for each alarm.

    Every row gets a score, a p-value, a flag and, where it is flagged,
    a sentence that says why. It is said what holds for the alarms:
    with clean rows to learn from, their rate of false ones is kept; in
    a table that may hold anomalies it is estimated. The written file
    judges new rows. Interrupted with Ctrl-C, what was found so far is
    kept.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress
    from mainstay.compute.clock import Clock, parse_seconds

    with Progress() as progress:
        result = lifecycle.detect(
            data, reference=reference, alarm=alarm, labels=labels, time=time, method=method,
            columns=None if columns is None else tuple(name.strip() for name in columns.split(",")),
            ask=ask, seed=seed, time_budget=Clock.since_start(parse_seconds(time_budget)),
            out=(*(out or ()), *([html] if html else ())), schema=schema,
            **options.reading(header, query, sheet, delimiter, encoding), listener=progress,
        )  # fmt: skip
    return answer("detect", result, as_json=as_json)

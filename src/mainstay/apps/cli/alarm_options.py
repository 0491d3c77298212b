"""The options of the commands that find anomalies, each declared once, as in the file of all others."""

from typing import Annotated

import typer

from mainstay.apps.cli.options import whole_number

__all__ = ["Alarm", "Ask", "BatchAlarm", "Columns", "Detector", "KnownAnomalies", "Labels", "Reference", "Time"]

_ALARMS, _COLUMNS, _LABELS = "The alarms", "The columns", "Labels"

Reference = Annotated[
    str | None,
    typer.Option(
        metavar="contaminated|clean|FILE",
        help="Whether anomalies may be among the rows that are learned from, or a table of clean rows. Assumed: "
        "contaminated.",
        show_default=False, rich_help_panel=_ALARMS,
    ),
]  # fmt: skip
Alarm = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="Which rows are flagged: fdr=0.1 (at most so many alarms are false), top=20, rate=0.01, or cost=50 (of a "
        "missed anomaly, in false alarms).",
        rich_help_panel=_ALARMS,
    ),
]  # fmt: skip
BatchAlarm = Annotated[
    str | None,
    typer.Option(
        "--alarm", metavar="RULE",
        help="Of a detector: flag these rows by fdr=0.1, top=20, rate=0.01 or cost=50 over all of them.",
        show_default=False, rich_help_panel=_ALARMS,
    ),
]  # fmt: skip
Detector = Annotated[
    str,
    typer.Option(
        "--method", metavar="NAME", help="ensemble, or one of its members alone: isolation_forest, knn, lof ...",
        rich_help_panel=_ALARMS,
    ),
]  # fmt: skip
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Watch these columns only.", show_default=False, rich_help_panel=_COLUMNS),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COL", help="The rows are a series: its column of time.", show_default=False, rich_help_panel=_COLUMNS
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="COL|FILE",
        help="What is known: 1 for an anomaly, 0 for usual, nothing where unknown. All known: it judges. Some: it "
        "teaches. Or the file that --ask wrote, filled in.",
        show_default=False, rich_help_panel=_LABELS,
    ),
]  # fmt: skip
KnownAnomalies = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="COL", help="Of detectors: the column that says which rows are anomalies.",
        show_default=False, rich_help_panel=_LABELS,
    ),
]  # fmt: skip
Ask = Annotated[
    int,
    typer.Option(
        metavar="N", parser=whole_number,
        help="Write the N rows whose labels would help most to the .csv of -o, to be filled in.",
        rich_help_panel=_LABELS,
    ),
]  # fmt: skip

"""The options of all commands, each declared once: its name, its help and the group under which help shows it.

Values are passed on as they were typed; the verb says what is wrong with one, in the same words as in Python.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mainstay.data.read import Reading

__all__ = [
    "AsJson",
    "AtK",
    "Blend",
    "Bundle",
    "BundleFolder",
    "BundleOut",
    "Calibrate",
    "ClassWeight",
    "Cost",
    "Data",
    "Delimiter",
    "Derive",
    "Diagnose",
    "Encode",
    "Encoding",
    "Folder",
    "Grid",
    "Header",
    "Holdout",
    "HtmlOut",
    "Intervals",
    "Margin",
    "MemoryBudget",
    "Metric",
    "Missing",
    "Models",
    "Monotone",
    "Nested",
    "NewData",
    "OpenPage",
    "Polynomial",
    "Positive",
    "Proof",
    "Query",
    "Rare",
    "ReportOut",
    "RowsOut",
    "Scale",
    "SchemaFile",
    "SchemaOut",
    "SecondBundle",
    "Seed",
    "Sheet",
    "Split",
    "Study",
    "Target",
    "TargetOptional",
    "Targets",
    "Task",
    "Test",
    "Text",
    "Threshold",
    "TimeBudget",
    "Trials",
    "Tune",
    "reading",
    "whole_number",
]

_READING, _TASK, _PREPARING, _BUDGET, _OUTPUT = "Reading", "The task", "Preparing", "Budget", "Output"
_SEARCHING, _DECIDING, _CHECKING = "Searching", "Deciding", "Checking"


def whole_number(text: str | int) -> int:
    """Return a whole number that was typed.

    Raises
    ------
    typer.BadParameter
        When it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"a whole number was expected, and {text!r} came") from None


Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A table: CSV, TSV, Parquet, Arrow, JSON lines, Excel or SQLite file, or a SQL address with --query.",
        show_default=False,
    ),
]
NewData = Annotated[
    str, typer.Argument(metavar="DATA", help="The rows, in any form that train reads.", show_default=False)
]
Bundle = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="A model file that train has written.", show_default=False)
]
SecondBundle = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="The model file to hold against it.", show_default=False)
]

Header = Annotated[
    str,
    typer.Option(
        metavar="auto|none|N",
        help="Where the column names stand: found, nowhere, or in line N.",
        rich_help_panel=_READING,
    ),
]
Query = Annotated[
    str | None, typer.Option(metavar="SQL", help="The rows of a database, as a query.", rich_help_panel=_READING)
]
Sheet = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The sheet of a workbook, or the table of a database.", rich_help_panel=_READING),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="MARK", help="What stands between the cells of a text table.", rich_help_panel=_READING),
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="The encoding of a text table.", rich_help_panel=_READING)
]
SchemaFile = Annotated[
    Path | None,
    typer.Option(
        "--schema", metavar="FILE.toml", help="Column kinds, roles and policies to keep to.", rich_help_panel=_READING
    ),
]

Target = Annotated[
    str,
    typer.Option(
        "--target", "-t", metavar="COL", help="The column to learn.", show_default=False, rich_help_panel=_TASK
    ),
]
Targets = Annotated[
    list[str],
    typer.Option(
        "--target",
        "-t",
        metavar="COL",
        help="A column to learn; given twice or more.",
        show_default=False,
        rich_help_panel=_TASK,
    ),
]
TargetOptional = Annotated[
    str | None,
    typer.Option("--target", "-t", metavar="COL", help="The column to be learned later.", rich_help_panel=_TASK),
]
Task = Annotated[str, typer.Option(metavar="TASK", help="auto, classification or regression.", rich_help_panel=_TASK)]
Metric = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The score to be best at, by scikit-learn's name: roc_auc, r2.", rich_help_panel=_TASK
    ),
]
Positive = Annotated[
    str | None, typer.Option(metavar="LABEL", help="The class that is looked for, of two.", rich_help_panel=_TASK)
]
Split = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="How test rows are held out: random, time:COL or group:COL.", rich_help_panel=_TASK
    ),
]
Models = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Only these learners; the baseline always runs.", rich_help_panel=_TASK),
]
Seed = Annotated[
    int,
    typer.Option(metavar="N", parser=whole_number, help="The same seed gives the same model.", rich_help_panel=_TASK),
]

Derive = Annotated[
    list[str] | None,
    typer.Option(
        metavar='"X = A * B"', help="A new column by arithmetic; may be given again.", rich_help_panel=_PREPARING
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        metavar="HOW",
        help="Missing numbers: auto, mean, median, most_frequent, constant, drop.",
        rich_help_panel=_PREPARING,
    ),
]
Scale = Annotated[
    str, typer.Option(metavar="HOW", help="Numbers: auto, none, standard, minmax, robust.", rich_help_panel=_PREPARING)
]
Encode = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="Categories: auto, one_hot, ordinal, codes, target, none.", rich_help_panel=_PREPARING
    ),
]
Rare = Annotated[
    int,
    typer.Option(
        metavar="N",
        parser=whole_number,
        help="Take levels of fewer rows as unseen.",
        rich_help_panel=_PREPARING,
    ),
]
Text = Annotated[
    str, typer.Option(metavar="HOW", help="Texts: auto, linear, svd, both, none.", rich_help_panel=_PREPARING)
]
Polynomial = Annotated[
    int,
    typer.Option(
        metavar="DEGREE",
        parser=whole_number,
        help="Powers and products of numbers up to it.",
        rich_help_panel=_PREPARING,
    ),
]

Monotone = Annotated[
    list[str] | None,
    typer.Option(metavar="COL=+1", help="Answers must not fall (+1) or rise (-1) with it.", rich_help_panel=_PREPARING),
]

Tune = Annotated[
    str,
    typer.Option(metavar="HOW", help="Search settings on folds: off, grid, random, bayes.", rich_help_panel=_SEARCHING),
]
Grid = Annotated[
    Path | None,
    typer.Option(metavar="FILE.toml", help="Your own values to search, by learner.", rich_help_panel=_SEARCHING),
]
Trials = Annotated[
    int | None,
    typer.Option(metavar="N", parser=whole_number, help="Try at most so many.", rich_help_panel=_SEARCHING),
]
Study = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep the search here, and resume it.", rich_help_panel=_SEARCHING)
]
Nested = Annotated[
    int,
    typer.Option(
        metavar="FOLDS", parser=whole_number, help="Judge the whole procedure on outer folds.",
        rich_help_panel=_SEARCHING,
    ),
]  # fmt: skip
Blend = Annotated[
    str,
    typer.Option(metavar="HOW", help="Join models: greedy, voting, stacking, off.", rich_help_panel=_SEARCHING),
]
ClassWeight = Annotated[
    str,
    typer.Option(metavar="HOW", help="Rare classes count more: none, balanced.", rich_help_panel=_DECIDING),
]
Cost = Annotated[
    str, typer.Option(metavar="fp=1,fn=8", help="What errors cost.", show_default=False, rich_help_panel=_DECIDING)
]
AtK = Annotated[
    list[str] | None,
    typer.Option(
        "--at-k", "--k", metavar="K", help="Precision and recall of the first K rows, or K%; may be given again.",
        rich_help_panel=_DECIDING,
    ),
]  # fmt: skip
Threshold = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="A probability, a metric to be best at, cost, or auto.", rich_help_panel=_DECIDING
    ),
]
Calibrate = Annotated[
    str,
    typer.Option(metavar="HOW", help="auto, off, beta, quadratic, temperature or isotonic.", rich_help_panel=_DECIDING),
]
Intervals = Annotated[
    float | None,
    typer.Option(metavar="PERCENT", help="Add sets or intervals that hold so many truths.", rich_help_panel=_DECIDING),
]
Margin = Annotated[
    float, typer.Option(metavar="SHARE", help="Smaller differences, as a share of the error, count as alike.")
]
Proof = Annotated[
    str,
    typer.Option(metavar="HOW", help="shuffle: show the score that noise gets.", rich_help_panel=_CHECKING),
]
Diagnose = Annotated[
    bool,
    typer.Option("--diagnose", metavar="", help="Draw the learning curve, and complexity.", rich_help_panel=_CHECKING),
]
Test = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Your own held-out rows; then none is set aside.", rich_help_panel=_TASK),
]
Holdout = Annotated[
    float,
    typer.Option(metavar="SHARE", help="The share of rows held out for the score.", rich_help_panel=_TASK),
]

TimeBudget = Annotated[
    str, typer.Option(metavar="TIME", help="Everything ends within it: 60s, 5m, 1h.", rich_help_panel=_BUDGET)
]
MemoryBudget = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Everything stays within it: 500MB, 4GB.", rich_help_panel=_BUDGET)
]

BundleOut = Annotated[
    list[str] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help=".mainstay: the model file. .csv, .parquet: the rows with answers. May be given again.",
        rich_help_panel=_OUTPUT,
    ),
]
BundleFolder = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FOLDER", help="It gets a model file for each target.", rich_help_panel=_OUTPUT
    ),
]
RowsOut = Annotated[
    list[str] | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help=".csv or .parquet: the rows with answers.", rich_help_panel=_OUTPUT
    ),
]
ReportOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE.html",
        help="Where to write; beside the bundle if not said.",
        rich_help_panel=_OUTPUT,
    ),
]
OpenPage = Annotated[bool, typer.Option("--open", metavar="", help="Show it in the browser.", rich_help_panel=_OUTPUT)]
HtmlOut = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page.", rich_help_panel=_OUTPUT)
]
SchemaOut = Annotated[
    Path | None,
    typer.Option(
        "--schema-out",
        metavar="FILE.toml",
        help="Write the schema, to be edited and given to train.",
        rich_help_panel=_OUTPUT,
    ),
]
Folder = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files are written.", rich_help_panel=_OUTPUT)]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", help="One JSON object on standard output, nothing else.", rich_help_panel=_OUTPUT
    ),
]


def reading(
    header: str, query: str | None, sheet: str | None, delimiter: str | None, encoding: str | None
) -> "Reading":
    """Return the options of reading as the verbs take them; a header that is a line number becomes one.

    Examples
    --------
    >>> reading("3", None, None, ";", None)["header"]
    3
    """
    return {
        "header": int(header) if header.isdigit() else header,
        "query": query,
        "sheet": sheet,
        "delimiter": delimiter,
        "encoding": encoding,
    }

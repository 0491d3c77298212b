"""The commands that find groups: of the rows of a table, and of the colours of a picture."""

from typing import TYPE_CHECKING

from mainstay.apps.cli import group_options, options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    import typer

__all__ = ["cluster", "register", "segment"]


def register(application: "typer.Typer") -> None:
    """Add this file's commands."""
    for command in (cluster, segment):
        application.command(rich_help_panel="Find groups")(command)


def cluster(
    data: options.Data,
    *,
    k: group_options.Groups = "auto",
    method: group_options.Method = "kmeans",
    columns: group_options.Columns = None,
    labels: group_options.KnownGroups = None,
    weight: group_options.Weight = None,
    scale: group_options.Scale = "auto",
    outliers: group_options.Outliers = 0.01,
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
    """Find groups of rows that are alike, and say how many there are.

    The whole curve from one group on, a verdict in plain words (there
    may be no groups at all), and for each group its size, what sets it
    apart and a short rule that finds it. The written file answers new
    rows. Interrupted with Ctrl-C, what was found so far is kept.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress
    from mainstay.compute.clock import Clock, parse_seconds

    with Progress() as progress:
        result = lifecycle.cluster(
            data, k=k, method=method,
            columns=None if columns is None else tuple(name.strip() for name in columns.split(",")),
            labels=labels, weights=tuple(weight or ()), scale=scale, outliers=outliers, seed=seed,
            time_budget=Clock.since_start(parse_seconds(time_budget)), out=(*(out or ()), *([html] if html else ())),
            schema=schema, **options.reading(header, query, sheet, delimiter, encoding), listener=progress,
        )  # fmt: skip
    return answer("cluster", result, as_json=as_json)


def segment(
    photo: group_options.Photo,
    *,
    k: group_options.Groups = "auto",
    space: group_options.Space = "lab",
    seed: options.Seed = 0,
    time_budget: options.TimeBudget = "60s",
    out: group_options.PhotoOut = None,
    as_json: options.AsJson = False,
) -> int:
    """Divide a picture into its main colours.

    Every pixel counts, by exact compression to the different colours.
    With -o the picture is written with each pixel in the colour of its
    group.
    """
    from mainstay import lifecycle
    from mainstay.apps.cli.progress import Progress
    from mainstay.compute.clock import Clock, parse_seconds

    with Progress() as progress:
        result = lifecycle.segment(
            photo, k=k, space=space, seed=seed, out=tuple(out or ()), listener=progress,
            time_budget=Clock.since_start(parse_seconds(time_budget)),
        )  # fmt: skip
    return answer("segment", result, as_json=as_json)

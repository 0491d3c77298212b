"""The options of the commands that group rows and colours, each declared once, as in the file of all others."""

from typing import Annotated

import typer

__all__ = ["Columns", "Groups", "KnownGroups", "Method", "Outliers", "Photo", "PhotoOut", "Scale", "Space", "Weight"]

_GROUPS, _COLUMNS, _OUTPUT = "The groups", "The columns", "Output"

Groups = Annotated[
    str,
    typer.Option(
        "--k", metavar="auto|N|LO..HI", help="How many groups: found, given, or found in a range.",
        rich_help_panel=_GROUPS,
    ),
]  # fmt: skip
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="kmeans, genie, gaussian_mixture, hdbscan ..., or auto to compare several.",
        rich_help_panel=_GROUPS,
    ),
]  # fmt: skip
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Group by these columns only.", show_default=False, rich_help_panel=_COLUMNS),
]
KnownGroups = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="COL", help="Known groups (or anomalies), kept out and compared with.", show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]  # fmt: skip
Weight = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COL=2", help="Let a column count more or less; may be given again.", rich_help_panel=_COLUMNS
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="Bring numbers to one scale: auto, none, standard, robust.", rich_help_panel=_COLUMNS
    ),
]
Outliers = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help="How many rows like those of training may be marked as fitting no group.",
        rich_help_panel=_GROUPS,
    ),
]  # fmt: skip
Photo = Annotated[str, typer.Argument(metavar="PHOTO", help="A picture: JPEG, PNG, WebP.", show_default=False)]
PhotoOut = Annotated[
    list[str] | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help=".png: the picture in its colours. May be given again.",
        rich_help_panel=_OUTPUT,
    ),
]  # fmt: skip
Space = Annotated[
    str,
    typer.Option(
        metavar="lab|rgb", help="Where colours are compared: as an eye sees them, or as a screen mixes them.",
        rich_help_panel=_GROUPS,
    ),
]  # fmt: skip

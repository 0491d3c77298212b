"""The one look of all tables in the terminal: a heading, a line under it, and room between the columns."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["key_values", "plain_table", "spaced"]


def plain_table(*headings: str, right: Sequence[int] = ()) -> Table:
    """Return an empty table; the columns at the positions ``right`` hold numbers."""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        header_style="dim",
        show_edge=False,
        border_style="dim",
        padding=(0, 2, 0, 0),
    )
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position in right else "left", no_wrap=position == 0)
    return table


def spaced(part: RenderableType, title: str = "") -> Padding:
    """Put an empty line above, and a title where there is one."""
    return Padding(Group(Text(title, style="bold"), part) if title else part, (1, 0, 0, 0), expand=False)


def key_values(facts: Mapping[str, object]) -> Table:
    """Return facts as two columns without lines."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts.items():
        grid.add_row(Text(name, style="dim"), Text(str(value)))
    return grid

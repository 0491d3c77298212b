"""Parts of a report that come from many places, in one shape: words, tables and plots, all of them plain data.

Whoever finds something out (decisions, leaks, explanations, learning curves) fills a :class:`Section`; the page, the
card and a notebook show it without knowing what it is about. The numbers behind every plot are in its ``data``.
"""

import msgspec

__all__ = ["Cell", "Grid", "Plot", "Section"]

Cell = str | float | int | bool | None


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A table.

    Parameters
    ----------
    columns : tuple of str
        The heads.
    rows : tuple of tuples
        Cells; None is shown blank.
    title : str, default ""
    note : str, default ""
        A sentence under the table.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    note: str = ""


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, as the numbers that it draws.

    Parameters
    ----------
    kind : str
        A name in :data:`mainstay.evaluate.plots.PLOTS`.
    title : str
    data : dict of str to list
        Columns of equal length; which ones a kind needs is said where it is drawn.
    words : str, default ""
        A sentence under the picture; it is also read out to who cannot see it.
    options : dict of str to str
        Titles of axes and the like.
    """

    kind: str
    title: str
    data: dict[str, list[Cell]]
    words: str = ""
    options: dict[str, str] = {}


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a report under its own heading.

    Parameters
    ----------
    key : str
        A word of letters and hyphens, unique in a report: the anchor in the page.
    title : str
    text : tuple of str
        Paragraphs.
    tables : tuple of Grid
    plots : tuple of Plot

    Examples
    --------
    >>> found = Section(key="costs", title="What errors cost", text=("A missed case costs 8.",))
    >>> msgspec.json.decode(msgspec.json.encode(found), type=Section) == found
    True
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Grid, ...] = ()
    plots: tuple[Plot, ...] = ()

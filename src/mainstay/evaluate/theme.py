"""One look for every chart: few colours that colour-blind readers can tell apart, thin lines, no decoration.

The colours are Okabe and Ito's (2008), the set made for this purpose; they keep their order in grey on paper too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "ACCENT",
    "CLASSES",
    "FAINT",
    "FONT",
    "GRID",
    "INK",
    "MAIN",
    "MUTED",
    "bare",
    "names_axis",
    "rows_of",
    "stacked",
]

INK, MUTED, FAINT, GRID = "#1d2733", "#5c6773", "#98a2ad", "#e5e8ec"
MAIN, ACCENT = "#0067a5", "#c84e00"
CLASSES = ("#0067a5", "#c84e00", "#00845f", "#b1588f", "#b87d00", "#3d9bd1", "#5c6773", "#1d2733")
"""One colour per class, for up to eight."""
FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
"""Near-equal widths everywhere: pictures are laid out where they are drawn and read where other fonts live."""


def rows_of(rows: Sequence[Mapping[str, object]]) -> Any:
    """Return plain rows as inline chart data."""
    return alt.Data(values=[dict(row) for row in rows])


def bare(chart: Any, width: int, height: int | Any) -> Any:
    """Return a chart in the house look.

    Parameters
    ----------
    chart : altair chart
    width, height : int
        In pixels of the picture; pages scale it down, never up.
    """
    return (
        chart.properties(width=width, height=height, background="transparent")
        .configure(font=FONT, padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=MUTED,
            titleColor=MUTED,
            titleFontWeight="normal",
            titleFontSize=12,
            labelFontSize=11,
            labelLimit=220,
            gridColor=GRID,
            domainColor=FAINT,
            tickColor=FAINT,
            titlePadding=8,
        )
        .configure_legend(
            labelColor=INK,
            titleColor=MUTED,
            titleFontWeight="normal",
            labelFontSize=11,
            labelLimit=180,
            orient="top",
            symbolType="stroke",
            columnPadding=24,
            columns=4,
        )
        .configure_header(labelColor=INK)
        .configure_title(color=INK, fontSize=13, fontWeight="normal", anchor="start")
    )


def names_axis(names: Iterable[str], *, limit: int = 220, angle: int = 0, room: bool = True) -> Any:
    """Return an axis of names without lines, with room for them in a wider font than the one measured with."""
    longest = max((len(name) for name in names), default=0)
    return alt.Axis(
        grid=False,
        ticks=False,
        domain=False,
        labelColor=INK,
        labelFontSize=12,
        labelLimit=limit,
        labelAngle=angle,
        minExtent=min(limit, round(6.8 * longest)) if room else 0,
    )


def stacked(parts: Sequence[Any]) -> Any:
    """Put charts under each other. Altair wants the look told once, for the whole."""
    plain = [part.copy(deep=False) for part in parts]
    for part in plain:
        part.config = part.background = alt.Undefined
    whole = alt.vconcat(*plain, background="transparent").resolve_scale(color="independent")
    whole.config = parts[0].config
    return whole

"""The parts of the report that show the clusters beside each other: map, sizes, columns, silhouettes, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.clusters.records import ClusterMap, ClusterPortraits, Contrast, Portrait, Silhouettes
    from mainstay.evaluate.sections import Cell

__all__ = [
    "heat_data",
    "map_data",
    "map_section",
    "profile_section",
    "silhouette_data",
    "silhouette_section",
    "size_data",
]

_ROWS, _STEPS, _BARS = 40, 60, 1_200
_SMALL, _FEW = 0.5, 8
_LINES, _TRAITS = 96, 8
"""About so many rows in the table of traits, and at most so many of one cluster."""
_TELLS = 2.0
"""Added to the weight of columns that tell, so that they stand first."""
_DIRECTED, _ABSENCE = ("high", "low"), ("absent", "present")
_NO_VALUE = ": no value"
_ALL = 0.9999


def map_section(portraits: ClusterPortraits) -> Section:
    """Return the map of the rows and the sizes of the clusters."""
    known = portraits.map
    shown = f"{count(len(known.x))} of {count(known.rows)} rows" if len(known.x) < known.rows else "All rows"
    plot = Plot(
        kind="cluster_map",
        title="Map of the clusters",
        data=map_data(known),
        words=f"{shown}; discs are the middles of the clusters. {_axes_in_words(known)}",
        options={
            "wide": "yes",
            "x": _axis(1, known.directions[0], known.explained[0]),
            "y": _axis(2, known.directions[1], known.explained[1]),
        },
    )
    sizes = Plot(
        kind="cluster_sizes",
        title="Sizes",
        data=size_data(portraits.portraits),
        words="Rows of each cluster.",
        options={"wide": "yes"},
    )
    return Section(
        key="map", title="The clusters at a glance", plots=(plot, sizes) if len(portraits.portraits) > 1 else (plot,)
    )


def _axes_in_words(known: ClusterMap) -> str:
    """Say what the axes are; two columns alone are shown as they are."""
    if sum(known.explained) > _ALL and not any("," in direction for direction in known.directions):
        return "The axes are the two prepared columns: nothing is hidden."
    shares = " and ".join(percent(share) for share in known.explained)
    return (
        f"The axes are the first two principal components of the prepared columns and show {shares} of all variance: "
        "clusters that overlap here may lie apart in other directions."
    )


def _axis(place: int, direction: str, share: float) -> str:
    words = direction if len(direction) <= 74 else direction[:73] + "\u2026"
    return f"{place}: {words} ({percent(share)})"


def map_data(known: ClusterMap) -> dict[str, list[Cell]]:
    """Return the rows and the middles of the clusters as columns ``x``, ``y``, ``cluster``, ``what``."""
    centres = known.centres
    return {
        "x": [*known.x, *(centre.x for centre in centres)],
        "y": [*known.y, *(centre.y for centre in centres)],
        "cluster": [*known.cluster, *(centre.cluster for centre in centres)],
        "what": [*("row" for _ in known.x), *("centre" for _ in centres)],
    }


def size_data(portraits: Sequence[Portrait]) -> dict[str, list[Cell]]:
    """Return the sizes as columns ``cluster``, ``name``, ``rows``, ``share``."""
    return {
        "cluster": [portrait.cluster for portrait in portraits],
        "name": [portrait.name for portrait in portraits],
        "rows": [portrait.rows for portrait in portraits],
        "share": [portrait.share.value for portrait in portraits],
    }


def profile_section(portraits: ClusterPortraits) -> Section:
    """Return which columns tell the clusters apart."""
    data = heat_data(portraits.portraits)
    text: tuple[str, ...] = (
        "Each cell compares a cluster with all other rows, from -1 to 1; the number is its median, or its share.",
        "For numbers and dates the effect is Cliff's delta, for levels the difference of the two shares.",
        "Where middling values set a cluster apart, the effect is about the distance from the middle.",
        "Clusters were made to differ in these columns: that they do is no discovery; how much, and where not, is.",
    )
    plots: tuple[Plot, ...] = ()
    if data["column"]:
        all_columns = len({trait.column for portrait in portraits.portraits for trait in portrait.contrasts})
        shown = len({str(column).partition(": ")[0] for column in data["column"]})
        more = f" The {shown} of {all_columns} columns that tell most." if shown < all_columns else ""
        plots = (
            Plot(kind="cluster_heat", title="What is more and what is less in each cluster", data=data,
                 words=f"Blue: more than elsewhere; orange: less; pale: like the others, or in the middle.{more}",
                 options={"wide": "yes"}),
        )  # fmt: skip
    if portraits.described < portraits.rows:
        text += (f"Computed on {count(portraits.described)} rows, in which every cluster is seen.",)
    return Section(key="profiles", title="What sets them apart", text=text, plots=plots, tables=(_traits(portraits),))


def _traits(portraits: ClusterPortraits) -> Grid:
    most = min(max(_LINES // len(portraits.portraits), 2), _TRAITS)
    rows = tuple(
        (portrait.cluster, trait.column, trait.words, str(trait.effect))
        for portrait in portraits.portraits
        for trait in portrait.traits[:most]
    )
    return Grid(
        columns=("Cluster", "Column", "What sets it apart", "Effect (95 % interval)"), rows=rows,
        title="The strongest traits", note="Columns whose effect is not surely more than negligible are not listed.",
    )  # fmt: skip


def heat_data(portraits: Sequence[Portrait]) -> dict[str, list[Cell]]:
    """Return a cell per column, or level of a column, and cluster: ``column``, ``cluster``, ``effect``, ``text``."""
    cells: dict[str, dict[int, tuple[float, str]]] = {}
    weight: dict[str, float] = {}
    contrasts = [(portrait.cluster, contrast) for portrait in portraits for contrast in portrait.contrasts]
    gaps = {contrast.column for _, contrast in contrasts if contrast.aspect in _ABSENCE}
    for cluster, contrast in contrasts:
        for name, effect, text in _cells(contrast, gaps=contrast.column in gaps):
            cells.setdefault(name, {})[cluster] = (effect, text)
            middling = contrast.aspect in ("middle", "extreme") and name == contrast.column
            strength = abs(contrast.effect.value or 0.0) if middling else abs(effect)
            about = name.endswith(_NO_VALUE) == (contrast.aspect in _ABSENCE)
            weight[name] = max(weight.get(name, 0.0), strength + (_TELLS if contrast.tells and about else 0.0))
    names = sorted(cells, key=lambda name: -weight[name])[:_ROWS]
    telling = [name for name in names if weight[name] > _TELLS]
    names = telling if len(telling) > 1 else names[:_FEW]
    clusters = [portrait.cluster for portrait in portraits]
    found: dict[str, list[Cell]] = {"column": [], "cluster": [], "effect": [], "text": []}
    for name in names:
        for cluster in clusters:
            effect, text = cells[name].get(cluster, (0.0, ""))
            row: tuple[Cell, ...] = (name, cluster, round(effect, 3), text)
            for column, value in zip(found, row, strict=True):
                found[column].append(value)
    return found


def _cells(contrast: Contrast, *, gaps: bool) -> list[tuple[str, float, str]]:
    """Return the cells of a column in one cluster; with ``gaps`` also that of its missing values."""
    effect = contrast.effect.value or 0.0
    found = []
    if gaps:
        more = contrast.missing_inside - contrast.missing_outside
        found = [(contrast.column + _NO_VALUE, more, percent(contrast.missing_inside, 0))]
    if contrast.levels:
        # Of two levels the one says all about the other.
        levels = (
            sorted(contrast.levels, key=lambda entry: entry.level)[-1:]
            if len(contrast.levels) == 2
            else contrast.levels
        )
        return found + [
            (f"{contrast.column}: {entry.level}", entry.difference.value or 0.0, percent(entry.inside, 0))
            for entry in levels
        ]
    text = "" if contrast.inside is None else contrast.inside.middle
    return [*found, (contrast.column, effect if contrast.aspect in _DIRECTED else 0.0, text)]


def silhouette_section(known: Silhouettes, names: Sequence[str]) -> Section:
    """Return how well rows sit in their clusters."""
    text = (
        f"The mean silhouette is {known.mean}: 1 is far from every other cluster, 0 on the border, below 0 nearer to "
        "another cluster than to its own."
        + (f" Computed on {count(known.sampled)} of {count(known.rows)} rows." if known.sampled < known.rows else ""),
    )
    rows = tuple(
        (part.cluster, names[part.cluster], part.rows, str(part.mean), percent(part.doubtful))
        for part in known.clusters
    )
    table = Grid(
        columns=("Cluster", "Name", "Rows looked at", "Mean silhouette (95 % interval)", "Nearer to another"), rows=rows
    )
    value = known.mean.value
    plot = Plot(
        kind="silhouettes", title="Silhouettes", data=silhouette_data(known),
        words="One line per row, by cluster; dashed: the mean. Small clusters are drawn larger than they are.",
        options={"wide": "yes"} | ({} if value is None else {"mean": repr(round(value, 4))}),
    )  # fmt: skip
    return Section(key="silhouettes", title="How well rows sit in them", text=text, tables=(table,), plots=(plot,))


def silhouette_data(known: Silhouettes) -> dict[str, list[Cell]]:
    """Return bars of the classic plot, ``cluster``, ``value``, ``low`` and ``high`` (places from the top, 0 to 1)."""
    parts = {
        part.cluster: [value for value, owner in zip(known.value, known.cluster, strict=True) if owner == part.cluster]
        for part in known.clusters
    }
    weights = {cluster: max(len(values) / known.sampled, _SMALL / len(parts)) for cluster, values in parts.items()}
    gap = 0.004 if len(parts) > 1 else 0.0
    room = (1 - gap * (len(parts) - 1)) / sum(weights.values())
    found: dict[str, list[Cell]] = {"cluster": [], "value": [], "low": [], "high": []}
    top = 0.0
    for cluster, values in parts.items():
        height, steps = weights[cluster] * room, min(len(values), _STEPS, max(_BARS // len(parts), 12))
        for step in range(steps):
            value = values[int((step + 0.5) * len(values) / steps)]
            bar = (cluster, value, round(top + height * step / steps, 5), round(top + height * (step + 1) / steps, 5))
            for column, cell in zip(found, bar, strict=True):
                found[column].append(cell)
        top += height + gap
    return found

"""Why there are so many clusters and how sure that is: these parts of the report, each chart's numbers as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.clusters.names import shortened
from mainstay.evaluate.clusters.tree import tree_lines
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import count, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.clusters.agreement import Agreement
    from mainstay.evaluate.clusters.curve import Curve, CurvePoint
    from mainstay.evaluate.clusters.report_data import Merge, Methods
    from mainstay.evaluate.clusters.stability import Stability
    from mainstay.evaluate.sections import Cell

__all__ = ["choice_section", "hierarchy_section", "labels_section", "methods_section", "stability_section"]

_CRITERIA = (
    (
        "silhouette",
        "Simplified silhouette",
        "How much nearer rows are to their own centre than to the next. More is better.",
    ),
    ("gap", "Gap", "How much more the rows gather than rows without groups would. Bars: one standard error."),
    ("stability", "Stability", "How alike the clusters of resampled rows are (adjusted Rand index). More is better."),
    ("calinski_harabasz", "Calinski-Harabasz", "Spread between clusters over spread within. More is better."),
    ("davies_bouldin", "Davies-Bouldin", "How far clusters reach into each other. Less is better."),
    ("bic", "BIC", "Fit against the number of parameters. Less is better."),
)
_LEAST = 3
_LABELS, _DOTS = 60, 25
_NAMES = {
    "adjusted_rand": (
        "Adjusted Rand index",
        "Pairs of rows that both put together or both apart; 0 is chance, 1 the same.",
    ),
    "adjusted_mutual_info": (
        "Adjusted mutual information",
        "What the one tells of the other; 0 is chance, 1 everything.",
    ),
    "v_measure": ("V-measure", "The harmonic mean of the next two."),
    "homogeneity": ("Homogeneity", "1 where each cluster holds one label only."),
    "completeness": ("Completeness", "1 where each label lies in one cluster only."),
    "matched_accuracy": (
        "Matched accuracy",
        "Rows in the cluster that is matched to their label, each label to one cluster.",
    ),
}


def choice_section(curve: Curve, *, method: str = "kmeans") -> Section:
    """Return the curve over k, the criteria and what each of them says."""
    plots = [_elbow(curve)] if len(curve.points) > 1 else []
    plots += [plot for name, title, words in _CRITERIA if (plot := _criterion(curve, name, title, words)) is not None]
    text = [curve.sentence] if curve.sentence else []
    if curve.given:
        text.append(f"k = {curve.chosen} was given; what follows is what the rows themselves say.")
    if method != "kmeans" and curve.points:
        text.append(
            "The curve is that of K-means, which is quick enough to be walked whole; it guides the other methods too."
        )
    rows = tuple((entry.name, entry.k, entry.words) for entry in curve.evidence)
    tables = [Grid(columns=("Criterion", "k", "What it says"), rows=rows, title="The evidence")] if rows else []
    if curve.points:
        tables.append(_numbers(curve.points))
    return Section(key="choice", title="How many clusters", text=tuple(text), tables=tuple(tables), plots=tuple(plots))


def _mark(curve: Curve, k: int) -> str:
    if k == curve.chosen:
        return "both" if k == curve.knee else "chosen"
    return "knee" if k == curve.knee else "plausible" if k in curve.plausible else ""


def _elbow(curve: Curve) -> Plot:
    points = curve.points
    return Plot(
        kind="elbow",
        title="The elbow",
        data={
            "k": [point.k for point in points],
            "inertia": [point.inertia for point in points],
            "mark": [_mark(curve, point.k) for point in points],
        },
        words="What is left unexplained by k clusters, on all rows. Rings: other k that are plausible."
        if any(k != curve.chosen for k in curve.plausible)
        else "What is left unexplained by k clusters, on all rows.",
        options={"wide": "yes"},
    )


def _criterion(curve: Curve, name: str, title: str, words: str) -> Plot | None:
    points = [point for point in curve.points if getattr(point, name) is not None]
    if len(points) < _LEAST:
        return None
    data: dict[str, list[Cell]] = {
        "k": [point.k for point in points],
        "value": [getattr(point, name) for point in points],
        "mark": [_mark(curve, point.k) for point in points],
    }
    limits = [_limits(point, name) for point in points]
    if any(low is not None for low, _ in limits):
        data |= {"low": [low for low, _ in limits], "high": [high for _, high in limits]}
    best = next((entry.k for entry in curve.evidence if _same(entry.name, name)), None)
    ring = "" if best is None else f" The ring is the k that it is for: {best}."
    options = {"y": title} | ({} if best is None else {"best": str(best)})
    return Plot(kind="criterion", title=title, data=data, words=words + ring, options=options)


def _same(first: str, second: str) -> bool:
    return first.replace("_", "").replace("-", "").replace(" ", "").lower() == second.replace("_", "")


def _limits(point: CurvePoint, name: str) -> tuple[float | None, float | None]:
    if name == "gap" and point.gap is not None and point.gap_error is not None:
        return point.gap - point.gap_error, point.gap + point.gap_error
    return (point.stability_low, point.stability_high) if name == "stability" else (None, None)


def _numbers(points: Sequence[CurvePoint]) -> Grid:
    shown = [entry for entry in _CRITERIA if any(getattr(point, entry[0]) is not None for point in points)]
    rows = tuple((point.k, point.inertia, *(getattr(point, name) for name, _, _ in shown)) for point in points)
    return Grid(columns=("k", "Inertia", *(title for _, title, _ in shown)), rows=rows, title="The whole curve")


def methods_section(methods: Methods) -> Section:
    """Return what was tried beside the method that was chosen, and how far the results agree."""
    rows = tuple(
        (
            f"{entry.name} (chosen)" if entry.chosen else entry.name, entry.clusters,
            "" if entry.stability is None else str(entry.stability), entry.reason,
        )
        for entry in methods.methods
    )  # fmt: skip
    table = Grid(columns=("Method", "Clusters", "Stability", "Why"), rows=rows, title="What was tried")
    cells = [(row, column) for row in range(len(methods.names)) for column in range(len(methods.names))]
    values = [methods.agreement[row][column] for row, column in cells] if methods.agreement else []
    plot = Plot(
        kind="cells",
        title="How far the methods agree",
        data={
            "row": [methods.names[row] for row, _ in cells],
            "column": [methods.names[column] for _, column in cells],
            "value": list(values),
            "text": [f"{value:.2f}" for value in values],
        },
        options={"wide": "yes"},
        words="Adjusted Rand index of each two: 1 is the same clusters, 0 no more alike than chance."
        + (f" On {count(methods.rows)} rows." if methods.rows else ""),
    )
    plots = (plot,) if len(methods.names) > 1 and values else ()
    return Section(key="methods", title="Other methods", text=methods.words, tables=(table,), plots=plots)


def hierarchy_section(merges: Sequence[Merge], k: int) -> Section:
    """Return the tree of groups, cut into k."""
    data, cut, groups = tree_lines(merges, k)
    told = "Numbers under the leaves are rows. "
    if groups < len(merges) + 1:
        told += f"Only the highest {groups - 1} joins are drawn. "
    plot = Plot(
        kind="dendrogram", title="The hierarchy", data=data,
        options={"wide": "yes"} | ({} if cut is None else {"cut": repr(cut)}),
        words=told + ("" if cut is None else f"The dashed line cuts the tree into {k} clusters."),
    )  # fmt: skip
    return Section(key="hierarchy", title="How clusters join", plots=(plot,))


def stability_section(stability: Stability, names: Sequence[str]) -> Section:
    """Return how surely each cluster comes back when rows are resampled."""
    parts = sorted(stability.clusters, key=lambda part: part.jaccard.value or 0.0)[:_DOTS]
    parts = sorted(parts, key=lambda part: part.cluster)
    labels: list[Cell] = [shortened(f"{part.cluster}  {names[part.cluster]}", 36) for part in parts]
    data: dict[str, list[Cell]] = {
        "name": labels,
        "value": [part.jaccard.value for part in parts],
        "low": [part.jaccard.value if part.jaccard.low is None else part.jaccard.low for part in parts],
        "high": [part.jaccard.value if part.jaccard.high is None else part.jaccard.high for part in parts],
    }
    plot = Plot(
        kind="dots", title="How surely each cluster comes back", data=data,
        options={"x": "Mean Jaccard index", "wide": "yes"},
        words="1: the same rows every time. From 0.75 a cluster is stable, below 0.6 it is doubtful (Hennig 2007)."
        + (f" The {_DOTS} least stable." if len(stability.clusters) > _DOTS else ""),
    )  # fmt: skip
    rows = tuple((part.cluster, names[part.cluster], str(part.jaccard), part.words) for part in stability.clusters)
    whole = f"Whole clusterings agree with an adjusted Rand index of {stability.agreement}"
    text = (stability.words, f"{whole}, over {len(stability.each)} resamplings.")
    table = Grid(columns=("Cluster", "Name", "Jaccard index", "Verdict"), rows=rows)
    return Section(key="stability", title="Stability", text=text, tables=(table,), plots=(plot,))


def labels_section(agreement: Agreement, column: str) -> Section:
    """Return how far clusters agree with labels that are known."""
    scores = tuple((_NAMES[name][0], str(score), _NAMES[name][1]) for name, score in agreement.metrics.items())
    matches = tuple(
        (entry.cluster, entry.label, str(entry.purity), str(entry.coverage), entry.matched or "")
        for entry in agreement.matches
    )
    text = f"{column or 'The labels'} is known for {count(agreement.rows)} rows and was not used to find the clusters."
    if agreement.left_out:
        text += f" {count(agreement.left_out)} rows without one are left out."
    tables = (
        Grid(columns=("Index", "Value (95 % interval)", "What it says"), rows=scores),
        Grid(
            columns=("Cluster", "Mostly", "Share of the cluster", "Share of the label", "Matched to"), rows=matches,
            title="Each cluster and its most frequent label",
        ),
    )  # fmt: skip
    plots = (_confusion(agreement),) if len(agreement.labels) <= _LABELS and len(agreement.counts) <= _LABELS else ()
    return Section(key="labels", title="Against known labels", text=(text,), tables=tables, plots=plots)


def _confusion(agreement: Agreement) -> Plot:
    """Return rows by cluster and label, labels in the order of the clusters that hold most of them."""
    weight = [
        max(range(len(agreement.counts)), key=lambda row: agreement.counts[row][at])
        for at in range(len(agreement.labels))
    ]
    order = sorted(range(len(agreement.labels)), key=lambda at: (weight[at], agreement.labels[at]))
    cells = [(row, at) for row in range(len(agreement.counts)) if sum(agreement.counts[row]) for at in order]
    totals = [sum(row) for row in agreement.counts]
    return Plot(
        kind="cells",
        title="Clusters and labels",
        data={
            "row": [str(row) for row, _ in cells],
            "column": [agreement.labels[at] for _, at in cells],
            "value": [agreement.counts[row][at] / totals[row] for row, at in cells],
            "text": [number(agreement.counts[row][at]) if agreement.counts[row][at] else "" for row, at in cells],
        },
        words="Rows of each cluster by label; shades are shares of the cluster.",
        options={"y": "Cluster", "x": "Label", "wide": "yes"},
    )

"""The card of a clustering: the report's answers as markdown, for people who read in a repository or a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate import words
from mainstay.evaluate.card import markdown_table, plain
from mainstay.evaluate.clusters.verdict import headline, lead

if TYPE_CHECKING:
    from mainstay.evaluate.clusters.records import Portrait
    from mainstay.evaluate.clusters.report_data import ClusterReport

__all__ = ["cluster_card"]

_TRAITS = 5


def cluster_card(data: ClusterReport) -> str:
    """Return the card of a clustering as markdown.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.records import ClusterMap, ClusterPortraits, Portrait
    >>> from mainstay.evaluate.clusters.report_data import ClusterReport
    >>> from mainstay.evaluate.intervals import Score
    >>> rows = ClusterMap(x=(0.0,), y=(0.0,), cluster=(0,), row=(0,), centres=(), explained=(1.0, 0.0),
    ...                   directions=("more age", "nothing"), rows=1)
    >>> only = Portrait(cluster=0, name="average in everything", rows=1, share=Score(1.0))
    >>> portraits = ClusterPortraits(portraits=(only,), map=rows, silhouettes=None, rows=1, described=1, seed=0)
    >>> card = cluster_card(ClusterReport(
    ...     k=1, verdict="no structure", sentence="One group.", method="kmeans", portraits=portraits))
    >>> card.splitlines()[2]
    '**No clusters: all rows (1) look like one group.**'
    """
    parts = [
        ["# Clusters" + (f" of {plain(data.source)}" if data.source else ""), "", f"**{plain(headline(data))}.**"],
        [plain(sentence) for sentence in lead(data)],
        _overview(data),
        *(_segment(portrait, data.k) for portrait in data.portraits.portraits),
        _facts(data),
        _agreement(data),
        _columns(data),
        _findings(data),
        _limits(data),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _overview(data: ClusterReport) -> list[str]:
    rows = [
        (str(part.cluster), part.name, words.count(part.rows), words.percent(part.share.value), _rule(part, data.k))
        for part in data.portraits.portraits
    ]
    return ["## The segments", "", *markdown_table(("Cluster", "Name", "Rows", "Share", "A rule that finds it"), rows)]


def _rule(portrait: Portrait, clusters: int) -> str:
    if portrait.rule is None:
        return "no short rule" if clusters > 1 else ""
    return str(portrait.rule)


def _segment(portrait: Portrait, clusters: int) -> list[str]:
    if clusters == 1:
        return []
    lines = [f"### {portrait.cluster}: {plain(portrait.name)}", ""]
    lines += [f"- {plain(trait.words)} (effect {trait.effect})" for trait in portrait.traits[:_TRAITS]]
    lines += [f"- words of {plain(name)}: {plain(', '.join(found))}" for name, found in portrait.words.items() if found]
    if portrait.rule is not None:
        rule = portrait.rule
        lines.append(f"- rule: {plain(rule.words)}; purity {rule.purity}, coverage {rule.coverage}")
    if portrait.typical:
        values = ", ".join(f"{name} {value or words.NOTHING}" for name, value in portrait.typical.items())
        lines.append(f"- typical member, row {portrait.typical_row + 1}: {plain(values)}")
    return lines


def _facts(data: ClusterReport) -> list[str]:
    silhouettes, stability = data.portraits.silhouettes, data.stability
    facts = {
        "Method": data.method.replace("_", " "),
        "Data": data.source,
        "Rows": words.count(data.portraits.rows),
        "Distance": data.measure,
        "Mean silhouette": "" if silhouettes is None else str(silhouettes.mean),
        "Stability (adjusted Rand index)": "" if stability is None else str(stability.agreement),
        "Rows called noise": words.count(data.stray) if data.stray else "",
        "Made": data.created,
        "Data digest": data.data_digest,
        "Bundle digest": data.digest,
        "Parity": data.parity,
        "Versions": ", ".join(f"{name} {version}" for name, version in data.versions.items()),
    }
    return ["## What it is", "", *(f"- {name}: {plain(value)}" for name, value in facts.items() if value)]


def _agreement(data: ClusterReport) -> list[str]:
    if data.agreement is None:
        return []
    rows = [(name.replace("_", " "), str(score)) for name, score in data.agreement.metrics.items()]
    title = f"## Against {plain(data.labels)}" if data.labels else "## Against known labels"
    return [title, "", *markdown_table(("Index", "Value (95 % interval)"), rows)]


def _columns(data: ClusterReport) -> list[str]:
    if not data.columns:
        return []
    rows = [(column.name, column.kind, column.role, column.words) for column in data.columns]
    return ["## Columns", "", *markdown_table(("Column", "Kind", "Role", "What was done to it"), rows)]


def _findings(data: ClusterReport) -> list[str]:
    if not data.findings:
        return []
    lines = []
    for finding in data.findings:
        column = "" if finding.column is None else f"{plain(finding.column)}: "
        lines.append(f"- **{finding.severity}** {column}{plain(finding.message)} {plain(finding.advice)}")
    return ["## What the data inspection found", "", *lines]


def _limits(data: ClusterReport) -> list[str]:
    lines = [
        "- Clusters describe these rows by these columns; other columns give other clusters, and none is the true one.",
        "- Intervals of effects hold given the clusters; they do not prove that the clusters are there.",
        "- Nothing here says what the segments are meant for, or whom they may harm. That is for a person to add.",
    ]
    if data.fits_none:
        lines.insert(2, f"- {plain(data.fits_none)}")
    return ["## Limits", "", *lines]

"""The first sentence of a clustering, the same on the page, on the card and in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.words import count

if TYPE_CHECKING:
    from mainstay.evaluate.clusters.report_data import ClusterReport

__all__ = ["headline", "lead", "shows_nothing"]

_TOUCH = 0.25
"""Below this mean silhouette clusters hardly stand out."""


def headline(data: ClusterReport) -> str:
    """Return the verdict in one sentence: how many clusters, and how clear that is."""
    rows = count(data.portraits.rows)
    if data.k == 1 and shows_nothing(data):
        return f"No clusters: all rows ({rows}) look like one group"
    groups = f"{rows} rows fall into {data.k} cluster{'' if data.k == 1 else 's'}"
    others = [] if data.curve is None else [k for k in data.curve.plausible if k != data.k]
    if data.verdict == "given" or (data.curve is not None and data.curve.given):
        return f"{groups}, as asked{_against(data, others)}"
    if data.verdict == "no structure":
        return f"{groups}, though the rows themselves show no clusters"
    if data.verdict == "one clear k":
        return f"{groups}, and that number is clear"
    if data.verdict == "several plausible k":
        return (
            f"{groups}; {_listed(others)} would be plausible too"
            if others
            else f"{groups}; other numbers are plausible"
        )
    return groups


def _against(data: ClusterReport, others: list[int]) -> str:
    """Return what the rows say to a number that a person set."""
    if shows_nothing(data):
        return "; the rows themselves show no clusters"
    if data.curve is None or data.k in data.curve.plausible or not others:
        return ""
    return f"; the rows themselves speak for {_listed(others)}"


def _listed(numbers: list[int]) -> str:
    told = [str(number) for number in numbers]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} or {told[-1]}"


def shows_nothing(data: ClusterReport) -> bool:
    """Return whether the rows look as rows without groups do, whatever number was asked for."""
    return "no structure" in (data.verdict, "" if data.curve is None else data.curve.verdict)


def lead(data: ClusterReport) -> list[str]:
    """Return the sentences under it: the evidence, how well rows sit, how surely the clusters come back."""
    found = [data.sentence] if data.sentence else []
    silhouettes = data.portraits.silhouettes
    if silhouettes is not None:
        value = silhouettes.mean.value or 0.0
        found.append(f"Mean silhouette {silhouettes.mean}: {_sitting(value)}.{_reconciled(data, value)}")
    if data.stability is not None:
        found.append(data.stability.words)
    return found


def _reconciled(data: ClusterReport, value: float) -> str:
    """Return how clusters can be there and yet hardly stand out, where the page would say both."""
    if value >= _TOUCH or shows_nothing(data) or data.k == 1:
        return ""
    evidence = () if data.curve is None else data.curve.evidence
    if any(entry.name == "valleys" and entry.k == data.k for entry in evidence):
        return (
            " Both hold: between the clusters there are valleys with fewer rows, which is how they were found, "
            "but the valleys are not empty, so rows near a border could belong to either side."
        )
    if data.verdict in ("one clear k", "several plausible k"):
        return (
            " Both hold: the silhouette asks for clusters far apart and round, and these are told apart without it; "
            "rows near a border could belong to either side."
        )
    return ""


def _sitting(value: float) -> str:
    """Return Kaufman and Rousseeuw's reading (1990) of a mean silhouette."""
    for least, words in ((0.7, "clusters lie far apart"), (0.5, "clusters lie apart"), (_TOUCH, "clusters touch")):
        if value >= least:
            return words
    return "clusters hardly stand out"

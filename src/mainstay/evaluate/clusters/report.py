"""The page of a clustering: the verdict first, then the segments as cards, then the evidence."""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mainstay.evaluate.clusters.palette import colour_of
from mainstay.evaluate.clusters.sections import cluster_sections, evidence_sections, group_sections
from mainstay.evaluate.clusters.verdict import headline, lead, shows_nothing

if TYPE_CHECKING:
    from mainstay.evaluate.clusters.report_data import ClusterReport
    from mainstay.evaluate.sections import Plot

__all__ = ["cluster_chart", "cluster_report"]

_CARDS, _TRAITS, _TYPICAL = 60, 4, 14


def cluster_report(data: ClusterReport, *, drawn: bool = True) -> str:
    """Return the report of a clustering as one HTML page, without scripts and without anything from outside.

    Parameters
    ----------
    data : ClusterReport
    drawn : bool, default True
        Whether with pictures, which take a second or two.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.records import ClusterMap, ClusterPortraits, Portrait
    >>> from mainstay.evaluate.clusters.report_data import ClusterReport
    >>> from mainstay.evaluate.intervals import Score
    >>> rows = ClusterMap(x=(0.0,), y=(0.0,), cluster=(0,), row=(0,), centres=(), explained=(1.0, 0.0),
    ...                   directions=("more age", "nothing"), rows=1)
    >>> only = Portrait(cluster=0, name="average in everything", rows=1, share=Score(1.0))
    >>> portraits = ClusterPortraits(portraits=(only,), map=rows, silhouettes=None, rows=1, described=1, seed=0)
    >>> page = cluster_report(ClusterReport(
    ...     k=1, verdict="no structure", sentence="One group.", method="kmeans", portraits=portraits), drawn=False)
    >>> "average in everything" in page, "<script" in page
    (True, False)
    """
    from mainstay.evaluate.pictures import section_pictures
    from mainstay.evaluate.report import by_severity, render

    evidence, groups = evidence_sections(data), group_sections(data)
    return render(
        "clusters.html",
        data=data,
        headline=headline(data),
        lead=lead(data),
        cards=data.portraits.portraits[:_CARDS],
        evidence=evidence,
        groups=groups,
        pictures=section_pictures((*evidence, *groups)) if drawn else defaultdict(str),
        findings=by_severity(data.findings),
        commands=_commands(data),
        nothing_there=shows_nothing(data),
        fits_none=data.fits_none[:1].upper() + data.fits_none[1:].rstrip(".") + ".",
        colour=colour_of,
        most_traits=_TRAITS,
        most_typical=_TYPICAL,
    )


def cluster_chart(data: ClusterReport, name: str) -> Any:
    """Return one picture of the report as an Altair chart.

    Parameters
    ----------
    data : ClusterReport
    name : str
        The kind of a plot, such as "elbow" or "cluster_map", the title of one, or "section-position".

    Raises
    ------
    UsageError
        When the report has no such picture; the hint names those that it has.
    """
    from mainstay.contracts.errors import UsageError
    from mainstay.evaluate.plots import draw_plot

    known: dict[str, Plot] = {}
    for section in cluster_sections(data):
        for place, plot in enumerate(section.plots):
            for key in (f"{section.key}-{place}", plot.title.lower(), plot.kind):
                known.setdefault(key, plot)
    if name.lower() not in known:
        raise UsageError(
            f"there is no picture {name!r} in this report", where="picture", hint=f"It has: {', '.join(known)}."
        )
    return draw_plot(known[name.lower()])


def _commands(data: ClusterReport) -> list[tuple[str, str]]:
    """Return what to type with the bundle, each with what it does; the file's name is quoted for a shell."""
    bundle = shlex.quote(data.bundle)
    return [
        ("Check that the file is whole and answers as it did", f"mainstay verify {bundle}"),
        ("Tell new rows their cluster", f"mainstay predict {bundle} new.csv -o assigned.csv"),
        ("Answer over HTTP", f"mainstay serve {bundle} --port 8000"),
    ]

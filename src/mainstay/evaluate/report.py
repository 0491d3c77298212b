"""Pages for people: one self-contained HTML file each, without scripts and without anything from outside.

A page is a template and plain data. Every text is escaped where it is drawn (jinja2's autoescape is on and nothing is
marked safe but the pictures that ``charts.svg`` drew), and a policy in the head forbids scripts and addresses even if
one slipped through.
"""

from __future__ import annotations

import functools
import shlex
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mainstay.evaluate import verdict, words
from mainstay.evaluate.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from mainstay.data.quality_records import Profile
    from mainstay.evaluate.report_data import ReportData
    from mainstay.evaluate.sections import Section

__all__ = ["by_severity", "profile_report", "render", "sections_page", "training_report"]

_SEVERITIES = ("error", "warning", "info")


def training_report(data: ReportData, *, drawn: bool = True) -> str:
    """Return the report of a training run as one HTML page.

    Parameters
    ----------
    data : ReportData
    drawn : bool, default True
        Whether with pictures, which take a second or two.

    Examples
    --------
    >>> from mainstay.evaluate.intervals import Score
    >>> from mainstay.evaluate.report_data import ReportData, RowCounts
    >>> rows, scores = RowCounts(total=500, train=400, test=100), {"rmse": Score(2.0, 1.8, 2.3)}
    >>> page = training_report(ReportData(task="regression", target="price", metric="rmse", scores=scores, rows=rows))
    >>> "RMSE 2.00 (1.80-2.30) on 100 rows that no choice has seen" in page, "<script" in page
    (True, False)
    """
    from mainstay.evaluate.pictures import training_pictures

    board = sorted(data.leaderboard, key=functools.partial(_board_order, data.metric))
    return render(
        "training.html",
        data=data,
        pictures=training_pictures(data) if drawn else defaultdict(str),
        board=board,
        findings=by_severity(data.findings),
        commands=_commands(data),
        headline=verdict.headline(data),
        verdict=verdict.standing(data),
        beats=verdict.beats_baseline(data),
    )


def profile_report(profile: Profile | Mapping[str, Any], *, seconds: float | None = None, created: str = "") -> str:
    """Return the profile of a table as one HTML page.

    Parameters
    ----------
    profile : Profile or mapping
        What :func:`mainstay.data.quality.profile` returns, or its ``to_dict()``.
    seconds : float, optional
        How long the look took.
    created : str, default ""
        The date and time, ready to show.

    Raises
    ------
    UsageError
        When a mapping does not have that shape.

    Examples
    --------
    >>> from mainstay.data.quality_records import Profile
    >>> "boxes" in profile_report(Profile(source="boxes.csv", rows=3, columns=(), findings=()))
    True
    """
    from mainstay.data.quality_records import Profile
    from mainstay.evaluate.pictures import profile_pictures

    data = profile if isinstance(profile, Profile) else _profile_of(profile)
    return render(
        "profile.html",
        data=data,
        pictures=profile_pictures(data),
        findings=by_severity(data.findings),
        seconds=seconds,
        created=created,
    )


def sections_page(title: str, sections: Sequence[Section], *, lead: Sequence[str] = (), kicker: str = "") -> str:
    """Return sections as a page of their own.

    Parameters
    ----------
    title : str
    sections : sequence of Section
        Their keys are unique.
    lead : sequence of str
        Sentences under the title.
    kicker : str, default ""
        A few words above it.

    Examples
    --------
    >>> from mainstay.evaluate.sections import Section
    >>> "<h2 id=" in sections_page("Costs", [Section(key="costs", title="What errors cost", text=("8 each.",))])
    True
    """
    from mainstay.evaluate.pictures import section_pictures

    pictures = section_pictures(sections)
    return render("sections.html", title=title, sections=sections, lead=lead, kicker=kicker, pictures=pictures)


def _profile_of(profile: Mapping[str, Any]) -> Profile:
    import msgspec

    from mainstay.contracts.errors import UsageError
    from mainstay.data.quality_records import Profile

    try:
        return msgspec.convert(dict(profile), Profile)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"a profile has another shape: {error}", hint="Give what profile(...).to_dict() returned."
        ) from error


def render(template: str, **values: object) -> str:
    """Return a page of ``templates`` with its values, every text escaped where it is drawn."""
    return str(_pages().get_template(template).render(**values))


@functools.cache
def _pages() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("mainstay.evaluate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(
        number=words.number,
        count=words.count,
        percent=words.percent,
        duration=words.duration,
        together=_together,
        megabytes=words.megabytes,
    )
    pages.globals.update(METRICS=METRICS, nothing=words.NOTHING)
    return pages


def by_severity(findings: tuple[Any, ...]) -> list[Any]:
    """Return findings, those that matter most first."""
    return sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))


def _board_order(metric: str, candidate: Any) -> tuple[bool, float]:
    """Sort candidates best first, those without a score last."""
    if candidate.value is None:
        return True, 0.0
    return False, -candidate.value if METRICS[metric].greater_is_better else candidate.value


def _commands(data: ReportData) -> list[tuple[str, str]]:
    """Return what to type with the bundle, each with what it does; the file's name is quoted for a shell."""
    bundle = shlex.quote(data.bundle)
    return [
        ("Check that the file is whole and answers as it did", f"mainstay verify {bundle}"),
        ("Answer new rows", f"mainstay predict {bundle} new.csv -o scored.csv"),
        ("Measure it again where the truth is known", f"mainstay evaluate {bundle} later.csv"),
        ("Answer over HTTP", f"mainstay serve {bundle} --port 8000"),
    ]


def _together(score: Any) -> tuple[str, str, str]:
    return words.together(score.value, score.low, score.high)

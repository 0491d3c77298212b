"""Progress: one plain line per event where nobody watches, a few living lines in a terminal."""

from io import StringIO

from rich.console import Console

from mainstay.apps.cli.progress import Progress
from mainstay.contracts.events import CandidateScored, Note, StageBegun, StageEnded


def page_of(events, *, terminal):
    page = StringIO()
    console = Console(file=page, force_terminal=terminal, width=100, highlight=False, color_system=None)
    with Progress(console) as progress:
        for event in events:
            progress(event)
        if progress._live is not None:
            progress._live.refresh()
    return page.getvalue()


EVENTS = [
    StageBegun("search", 60.0),
    CandidateScored("ridge", "running", None, None, 59.0),
    CandidateScored("ridge", "done", 0.81, 0.81, 58.0),
    CandidateScored("forest", "running", None, 0.81, 57.0),
    CandidateScored("trees", "failed", None, 0.81, 50.0, "no memory"),
    Note("two columns are alike"),
]


def test_plain_lines_say_what_ran_the_best_and_the_time_left():
    lines = page_of(EVENTS, terminal=False).splitlines()
    assert lines[0] == "   60 s left  trying models"
    assert lines[1].split() == ["58", "s", "left", "ridge", "0.8100", "best", "so", "far"]
    assert lines[2].split(None, 3)[-1].split(None, 1) == ["trees", "failed: no memory"]
    assert lines[3].strip() == "two columns are alike"
    assert len(lines) == 4


def test_a_worse_candidate_is_not_the_best():
    page = page_of([CandidateScored("tree", "done", 0.7, 0.81, 5.0)], terminal=False)
    assert "0.7000" in page
    assert "best" not in page


def test_the_living_lines_hold_bar_best_running_and_failures():
    page = page_of(EVENTS, terminal=True)
    for text in (
        "trying models",
        "━",
        "s left",
        "best     0.8100  ridge",
        "running  forest",
        "1 scored, 1 without a result",
    ):
        assert text in page
    assert "failed: no memory" in page


def test_a_stage_that_ended_leaves_the_head():
    page = page_of([StageBegun("split", 9.0), StageEnded("split", 1.0)], terminal=True)
    assert page.rstrip().splitlines()
    assert "starting" in page


def test_no_limit_shows_no_clock():
    assert page_of([StageBegun("read", float("inf"))], terminal=False).strip() == "reading the data"
    assert "━" not in page_of([StageBegun("read", float("inf"))], terminal=True)


def test_brackets_in_a_reason_are_shown_as_they_are():
    page = page_of([CandidateScored("a", "failed", None, None, 1.0, "shape [3, 4] [bold]")], terminal=False)
    assert "shape [3, 4] [bold]" in page

"""Shows work while it runs: what runs, the best so far, the time left. It listens, and writes to standard error.

In a terminal it is a few living lines that vanish when the work ends; elsewhere (a log file, a pipe) each event that a
reader would want is one plain line.
"""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mainstay.apps.cli.figures import figure, seconds
from mainstay.contracts.events import CandidateScored, Event, Note, StageBegun, StageEnded

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

__all__ = ["Progress", "line_of"]

_STAGES = {
    "read": "reading the data",
    "schema": "finding out what the columns are",
    "split": "holding test rows out",
    "search": "trying models",
    "blend": "blending the best",
    "prepare": "bringing the columns to one scale",
    "curve": "grouping into one, two, three ... groups",
    "choose": "judging how many groups there are",
    "group": "grouping the rows",
    "colours": "grouping the colours",
    "describe": "finding what sets the groups apart",
    "pack": "writing the model file and proving it",
    "write": "writing the files",
    "evaluate": "scoring the file on the test rows",
    "report": "writing the report",
}
_BAR_WIDTH = 32
_TOLD = 0.5  # seconds; how long shorter stages took is not worth a line


def line_of(event: Event) -> str | None:
    """Return the plain line for an event, or None where it is not worth one.

    Examples
    --------
    >>> line_of(CandidateScored(name="ridge", status="done", value=0.61234, best=0.61234, left=12.0))
    '   12 s left  ridge                 0.6123  best so far'
    """
    if isinstance(event, Note):
        return f"              {event.message}"
    if isinstance(event, StageBegun):
        return f"{_clock(event.left)}  {_STAGES.get(event.stage, event.stage)}"
    if isinstance(event, StageEnded) and event.seconds >= _TOLD:
        return f"              that took {event.seconds:.1f} s"
    if isinstance(event, CandidateScored) and event.status != "running":
        return f"{_clock(event.left)}  {event.name:<20}  {_outcome(event)}".rstrip()
    return None


def _clock(left: float) -> str:
    return f"{left:5.0f} s left" if left < float("inf") else " " * 12


def _outcome(event: CandidateScored) -> str:
    if event.status == "done":
        best = "  best so far" if event.value is not None and event.value == event.best else ""
        return f"{figure(event.value)}{best}"
    return f"{event.status}: {event.reason}" if event.reason else event.status


class Progress:
    """A listener that shows events on standard error; use it as a context.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to show; standard error by default.

    Examples
    --------
    >>> from io import StringIO
    >>> from rich.console import Console
    >>> page = StringIO()
    >>> with Progress(Console(file=page)) as progress:
    ...     progress(Note("two columns are alike"))
    >>> page.getvalue().strip()
    'two columns are alike'
    """

    def __init__(self, console: "Console | None" = None) -> None:
        if console is None:
            from rich.console import Console

            console = Console(file=sys.stderr, highlight=False)
        self._console = console
        self._live: Live | None = None
        self._stage = ""
        self._running: list[str] = []
        self._best: tuple[str, float] | None = None
        self._done = self._failed = 0
        self._total = self._left = float("inf")
        self._heard = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._console, get_renderable=self._lines, transient=True, refresh_per_second=8,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take one event in."""
        self._remember(event)
        failed = isinstance(event, CandidateScored) and event.status not in {"running", "done"}
        if self._live is None or failed or isinstance(event, Note):
            line = line_of(event)
            if line is not None:
                self._console.print(line, markup=False, soft_wrap=True, style="dim" if self._live else None)

    def _remember(self, event: Event) -> None:
        if isinstance(event, StageBegun | CandidateScored):
            self._left, self._heard = event.left, time.monotonic()
            self._total = event.left if self._total == float("inf") else max(self._total, event.left)
        if isinstance(event, StageBegun):
            self._stage, self._running = event.stage, []
        elif isinstance(event, StageEnded):
            self._stage = "" if self._stage == event.stage else self._stage
        elif isinstance(event, CandidateScored):
            self._remember_candidate(event)

    def _remember_candidate(self, event: CandidateScored) -> None:
        self._running = [name for name in self._running if name != event.name]
        if event.status == "running":
            self._running.append(event.name)
        elif event.status == "done":
            self._done += 1
            if event.value is not None and event.value == event.best:
                self._best = (event.name, event.value)
        else:
            self._failed += 1

    def _lines(self) -> "RenderableType":
        from rich.text import Text

        lines = Text()
        lines.append(f"{_STAGES.get(self._stage, self._stage) or 'starting'}\n", style="bold")
        left = max(0.0, self._left - (time.monotonic() - self._heard))
        if self._total < float("inf"):
            full = round(_BAR_WIDTH * (1 - left / self._total)) if self._total else _BAR_WIDTH
            lines.append("━" * full, style="cyan").append("━" * (_BAR_WIDTH - full), style="bright_black")
            lines.append(f"  {seconds(left)} left\n")
        if self._best is not None:
            lines.append("best     ", style="dim").append(f"{figure(self._best[1])}", style="green")
            lines.append(f"  {self._best[0]}\n")
        if self._running:
            lines.append("running  ", style="dim").append(f"{', '.join(self._running)}\n")
        if self._done or self._failed:
            failed = f", {self._failed} without a result" if self._failed else ""
            lines.append("done     ", style="dim").append(f"{self._done} scored{failed}\n")
        return lines

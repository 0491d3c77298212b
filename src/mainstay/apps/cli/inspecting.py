"""The commands that look into a model file: inspect what it holds, verify that it is whole, and read its report."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.apps.cli import options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    import typer

__all__ = ["inspect", "register", "report", "verify"]


def register(application: "typer.Typer") -> None:
    """Add this file's commands."""
    for command in (inspect, verify, report):
        application.command(rich_help_panel="Look into it")(command)


def inspect(model: options.Bundle, *, as_json: options.AsJson = False) -> int:
    """Show what a model file expects, answers and scored.

    Nothing in the file is run or imported.
    """
    from mainstay import lifecycle

    return answer("inspect", lifecycle.inspect(model), as_json=as_json)


def verify(model: options.Bundle, *, as_json: options.AsJson = False) -> int:
    """Check that a model file is whole and true.

    Its bytes must be those that were written, and its golden rows must
    give the answers that it was packed with. The exit code is 1 where
    they do not.
    """
    from mainstay import lifecycle

    return answer("verify", lifecycle.verify(model), as_json=as_json)


def report(
    model: options.Bundle,
    *,
    out: options.ReportOut = None,
    open_page: options.OpenPage = False,
    as_json: options.AsJson = False,
) -> int:
    """Write the report that a model file carries.

    One HTML page without scripts, for the screen and for paper.
    """
    from mainstay import lifecycle

    result = lifecycle.report(model, out=out)
    if open_page:
        import webbrowser

        webbrowser.open(Path(result.to_dict()["report"]).resolve().as_uri())
    return answer("report", result, as_json=as_json)

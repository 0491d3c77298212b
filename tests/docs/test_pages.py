"""The pages that people wrote: their links lead somewhere, their commands exist, their Python runs."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from mainstay.apps.cli.app import application

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMANDS = typer.main.get_command(application).commands
WRITTEN_FROM_CODE = {"reference-python.md", "reference-commands.md", "reference-learners.md"}
# A block of Python that is not run stands under this mark, with its reason.
NOT_RUN = re.compile(r"<!-- not run: (.+) -->\s*$")


def relative(path):
    return str(path.relative_to(ROOT))


def anchors(page):
    """The anchors that a Markdown page offers, as the usual hosts make them from its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shell_lines(text):
    """Yield the command lines of a page: indented blocks and fenced blocks of shell."""
    fenced = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}(\S.*)$", text, flags=re.MULTILINE)
    for line in [*"\n".join(fenced).splitlines(), *indented]:
        for command in line.removeprefix("$ ").split(";"):
            yield command.split("#")[0].strip()


def python_blocks():
    for page in PAGES:
        if page.name in WRITTEN_FROM_CODE:
            continue  # these examples are docstrings, which run where they stand
        text = page.read_text(encoding="utf-8")
        for number, match in enumerate(re.finditer(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)):
            skipped = NOT_RUN.search(text[: match.start()])
            yield pytest.param(
                match.group(1),
                id=f"{relative(page)}-{number}",
                marks=pytest.mark.skip(reason=skipped.group(1)) if skipped else (),
            )


def test_the_pages_are_there():
    there = {relative(page) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/how-it-works.md", "docs/log.md"} <= there
    assert {"docs/reference-commands.md", "docs/reference-python.md", "docs/bundle-format.md"} <= there


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{relative(page)} links to {target}"
        if anchor:
            assert anchor in anchors(goal), f"{relative(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_exist_with_their_options(page):
    for line in shell_lines(page.read_text(encoding="utf-8")):
        words = shlex.split(line) if line.startswith("mainstay ") else []
        if len(words) < 2 or not re.fullmatch(r"[a-z]+", words[1]):
            continue
        assert words[1] in COMMANDS, f"{relative(page)}: {line}"
        known = {option for parameter in COMMANDS[words[1]].params for option in parameter.opts} | {"--help"}
        options = {word.split("=")[0] for word in words[2:] if re.match(r"--?[a-z]", word)}
        assert options <= known, f"{relative(page)}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for line in shell_lines(page.read_text(encoding="utf-8")):
        words = line.split()
        if words[:1] == ["make"]:
            asked = {word for word in words[1:2] if re.fullmatch(r"[a-z-]+", word)}
            assert asked <= targets, f"{relative(page)}: {line}"


def test_the_readme_shows_the_two_commands_of_a_newcomer():
    lines = set(shell_lines((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"make demo", "make test"} <= lines


def test_ci_runs_the_readmes_test_command():
    script = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^make check$", script, flags=re.MULTILINE)
    assert re.search(r"^make test$", script, flags=re.MULTILINE)


@pytest.mark.parametrize("code", list(python_blocks()))
def test_python_on_a_page_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<page>", "exec"), {"__name__": "__page__"})  # our own pages


def test_the_reader_of_commands_sees_them():
    page = "    make demo   # all\n\n```sh\n$ mainstay inspect a.mainstay; mainstay verify a.mainstay\n```\n"
    lines = list(shell_lines(page))
    assert lines == ["mainstay inspect a.mainstay", "mainstay verify a.mainstay", "make demo"]

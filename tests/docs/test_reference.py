"""The reference pages say what the code does: they are written from it, and every name is in them."""

import runpy
from pathlib import Path

import pytest
import typer

import mainstay
from mainstay.apps.cli.app import application
from mainstay.learners.catalogue import LEARNERS, learner

DOCS = Path(__file__).resolve().parents[2] / "docs"
WRITER = runpy.run_path(str(DOCS / "write_reference.py"))
COMMANDS = typer.main.get_command(application).commands


@pytest.mark.parametrize("page", WRITER["PAGES"])
def test_the_page_is_what_the_code_says_now(page):
    assert (DOCS / page).read_text(encoding="utf-8") == WRITER["PAGES"][page](), "run: make docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_in_its_section(name):
    page = (DOCS / "reference-commands.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
    for parameter in COMMANDS[name].params:
        spelled = parameter.metavar if parameter.param_type_name == "argument" else max(parameter.opts, key=len)
        assert spelled in section
        assert parameter.help in section


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_and_parameter_is_in_the_page(name):
    section = (DOCS / "reference-learners.md").read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert all(f"`{parameter.name}`" in section for parameter in learner(name).parameters)


@pytest.mark.parametrize("name", mainstay.__all__)
def test_every_public_name_is_in_the_python_page(name):
    assert f"\n### {name}\n" in (DOCS / "reference-python.md").read_text(encoding="utf-8")


def test_every_command_is_a_verb_of_python_too():
    assert {name.replace("-", "_") for name in COMMANDS} <= set(mainstay.__all__)


def test_every_json_shape_is_told():
    assert set(WRITER["SHAPES"]) == set(COMMANDS)


def test_numpydoc_becomes_markdown():
    text = "Do it.\n\nParameters\n----------\nx : int, default 0\n    How many.\n\nExamples\n--------\n>>> 1 + 1\n2\n"
    page = WRITER["markdown"](text)
    assert "- `x` : int, default 0. How many." in page
    assert "```python\n>>> 1 + 1\n2\n```" in page

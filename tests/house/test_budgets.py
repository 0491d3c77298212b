"""The budgets that keep a file readable in one sitting: lines, functions, parameters, and a docstring that says why."""

import ast
from statistics import median

import pytest

FILE_LINES = 400
FUNCTION_LINES = 40
MEDIAN_LINES = 10
POSITIONAL = 5
FACE_LINES = 40
DOCSTRING_WORDS = 8

# What may be longer, and why. Keys: a path for a file, "path function" for a function.
EXCEPTIONS: dict[str, str] = {
    "src/mainstay/__init__.py": "the one table of all public names, told to type checkers as well",
    "src/mainstay/lifecycle/__init__.py": "the verbs and their results by name, and nothing else",
    "src/mainstay/apps/cli/learning.py train": "one line per option of the command, and no logic",
}


def excused(place):
    path, _, name = place.partition(":")
    return f"{path} {name.partition(' ')[2]}".strip() in EXCEPTIONS


def test_files_are_short(modules):
    long = [f"{m.place}: {lines}" for m in modules if (lines := len(m.text.splitlines())) > FILE_LINES]
    assert not [place for place in long if not excused(place)], f"over {FILE_LINES} lines:\n" + "\n".join(long)


def test_functions_are_short(modules):
    long = [
        f"{function.place}: {function.lines}"
        for module in modules
        for function in module.functions
        if function.lines > FUNCTION_LINES and not excused(function.place)
    ]
    assert not long, f"bodies over {FUNCTION_LINES} lines:\n" + "\n".join(long)


def test_most_functions_are_very_short(modules):
    lines = [function.lines for module in modules for function in module.functions]
    assert len(lines) > 20
    assert median(lines) < MEDIAN_LINES


def test_few_parameters_are_positional(modules):
    many = [
        f"{function.place}: {function.positional}"
        for module in modules
        for function in module.functions
        if function.positional > POSITIONAL and not excused(function.place)
    ]
    assert not many, f"more than {POSITIONAL} positional parameters (put a * before the rest):\n" + "\n".join(many)


def test_each_file_says_why_it_exists(modules):
    silent = [m.place for m in modules if len((ast.get_docstring(m.tree) or "").split()) < DOCSTRING_WORDS]
    assert not silent, "the module docstring is missing or too short to say why:\n" + "\n".join(silent)


def test_faces_of_rooms_are_small(modules):
    long = [
        f"{m.place}: {lines}"
        for m in modules
        if m.is_package and (lines := len(m.text.splitlines())) > FACE_LINES and not excused(m.place)
    ]
    assert not long, f"an __init__.py is a face of at most {FACE_LINES} lines:\n" + "\n".join(long)


@pytest.mark.parametrize("place", EXCEPTIONS)
def test_exceptions_have_a_reason_and_a_file(root, place):
    assert len(EXCEPTIONS[place].split()) > 3
    assert (root / place.split()[0]).is_file()

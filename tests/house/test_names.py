"""Names that say what a thing is: no rooms for leftovers, no abbreviations that a reader must guess."""

import ast

LEFTOVERS = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"}
GUESSES = {
    "arr", "cb", "cfg", "clf", "cnt", "cur", "dct", "elem", "est", "fname", "fn", "idx", "lst", "mgr", "msg", "nb",
    "num", "obj", "prev", "ptr", "res", "ret", "tmp", "val", "vals",
}  # fmt: skip

# (path, name): why it stays.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def names_of(module):
    """Yield every name that the file itself gives, with its line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def test_no_file_or_folder_is_a_room_for_leftovers(modules):
    wrong = [m.place for m in modules if LEFTOVERS & set(m.name.split("."))]
    base = [m.place for m in modules if m.name.endswith(".base") and not m.name.startswith("mainstay.contracts")]
    assert not wrong + base, f"name the file for what it holds: {wrong + base}"


def test_no_class_or_function_is_named_for_leftovers(modules):
    wrong = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name.lower().endswith(tuple(LEFTOVERS))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_name_has_to_be_guessed(modules):
    wrong = [
        f"{module.place}:{line} {name}"
        for module in modules
        for name, line in names_of(module)
        if GUESSES & set(name.lower().strip("_").split("_")) and (module.place, name) not in EXCEPTIONS
    ]
    assert not wrong, "write the word out:\n" + "\n".join(wrong)


def test_the_reader_of_names_sees_arguments_and_assignments(tmp_path, modules):
    path = tmp_path / "sample.py"
    path.write_text("def act(first, *, second):\n    third = first\n    return third + second\n")
    sample = type(modules[0])(path)
    assert {name for name, _ in names_of(sample)} == {"act", "first", "second", "third"}

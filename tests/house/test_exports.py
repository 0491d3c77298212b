"""What each file offers is said in its ``__all__``: complete, sorted, and true."""

import ast
import importlib

import pytest

import mainstay


def in_order(names):
    """Sort as ruff does: CONSTANTS, then Classes, then the rest."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[:1].isupper() else 2, name))


def offered(module):
    """The public functions and classes that stand at the top of a file."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in module.tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def test_every_file_says_what_it_offers(modules):
    wrong = [m.place for m in modules if not m.is_package and m.exported is None and offered(m)]
    assert not wrong, "these files have public names and no __all__:\n" + "\n".join(wrong)


def test_all_is_complete_and_sorted(modules):
    wrong = []
    for module in modules:
        if module.exported is None:
            continue
        left_out = offered(module) - set(module.exported)
        if ".checks." in module.name:
            left_out = {name for name in left_out if not name.startswith("check_")}  # they are offered as one list
        if left_out and not module.is_package:
            wrong.append(f"{module.place} leaves out {sorted(left_out)}: list it or begin it with _")
        if module.exported != in_order(module.exported):
            wrong.append(f"{module.place} is not sorted; expected {in_order(module.exported)}")
    assert not wrong, "\n".join(wrong)


def test_every_file_can_be_imported_and_keeps_its_word(modules):
    for module in modules:
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        missing = [name for name in module.exported or () if not hasattr(loaded, name)]
        assert not missing, f"{module.place} offers what it does not have: {missing}"


def test_the_front_door_lists_each_name_once():
    assert mainstay.__all__ == in_order(set(mainstay.__all__))
    assert set(mainstay.__all__) <= set(dir(mainstay))


@pytest.mark.parametrize("name", mainstay.__all__)
def test_a_public_name_is_there_and_documented(name):
    thing = getattr(mainstay, name)
    if name == "__version__":
        assert thing.count(".") >= 2
    else:
        assert len((thing.__doc__ or "").split()) >= 5


@pytest.mark.parametrize("name", [name for name in mainstay.__all__ if name.islower()])
def test_a_verb_shows_how_it_is_used(name):
    assert ">>> " in (getattr(mainstay, name).__doc__ or ""), f"mainstay.{name} has no example in its docstring"


def test_a_verb_is_not_hidden_by_a_room_of_its_name():
    import mainstay.evaluate.metrics
    import mainstay.train.search

    assert callable(mainstay.train)
    assert callable(mainstay.evaluate)


def test_all_errors_are_public():
    from mainstay.contracts import errors

    assert set(errors.__all__) <= set(mainstay.__all__)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        mainstay.trian  # noqa: B018

"""Every finder is heard while there is time; what fails or is not reached is named."""

from types import SimpleNamespace

from mainstay.compute.clock import Clock
from mainstay.contracts.errors import DataError
from mainstay.evaluate.sections import Section
from mainstay.train.tell import finders


def find_good(scene):
    return Section(key="good", title="Good")


def find_nothing(scene):
    return None


def find_broken_thing(scene):
    raise DataError("three rows are too few")


def find_bug(scene):
    raise ZeroDivisionError("division by zero")


def test_a_bug_in_a_section_does_not_lose_the_model_and_says_so(monkeypatch):
    monkeypatch.setattr(finders, "import_module", lambda name: SimpleNamespace(**globals()))
    (section,) = finders.find_sections(SimpleNamespace(clock=Clock(float("inf"))), ("x:find_bug",))
    assert "a bug of mainstay, ZeroDivisionError" in section.text[0]


def test_sections_come_in_order_and_failures_say_why(monkeypatch):
    scene = SimpleNamespace(clock=Clock(float("inf")))
    monkeypatch.setattr(finders, "import_module", lambda name: SimpleNamespace(**globals()))
    found = finders.find_sections(scene, ("x:find_nothing", "x:find_broken_thing", "x:find_good"))
    assert [section.key for section in found] == ["find-broken-thing", "good"]
    assert "three rows are too few" in found[0].text[0]


def test_what_is_not_reached_is_named():
    found = finders.find_sections(SimpleNamespace(clock=Clock(0.0)), finders.FINDERS)
    assert [section.key for section in found] == ["no-time"]
    assert "the model inside" in found[0].text[0].lower()
    assert "nested" not in found[0].text[0]


def test_every_finder_exists():
    from importlib import import_module

    for name in finders.FINDERS:
        module, _, function = name.partition(":")
        assert callable(getattr(import_module(module), function))

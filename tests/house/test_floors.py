"""The floors of the house: an import points down only, never sideways between rooms, never up, never in a circle."""

import ast
import re
from collections import defaultdict

import pytest

FLOORS = (
    ("contracts",),
    ("learners", "data", "graph", "compute"),
    ("prepare", "evaluate", "bundle", "convert"),
    ("train", "segments", "alarms", "registry", "monitor"),
    ("serve", "deploy"),
    ("lifecycle",),
    ("apps", "sklearn"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}

# The two front doors stand outside the house: nothing inside may enter through them.
DOORS = {"mainstay": "the lazy table of public names", "mainstay.__main__": "python -m mainstay"}

# (importing module, imported module or room): why it may.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("mainstay.learners.cluster.catalogue", "mainstay.clusterers"): "the name of an entry-point group, not a module",
    ("mainstay.learners.anomaly.catalogue", "mainstay.detectors"): "the name of an entry-point group, not a module",
}

# What one family of learners may take from another: (importing module, imported module or package): why it may.
FAMILY_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("mainstay.learners.anomaly.kmeans_distance", "mainstay.learners.cluster.kmeans_path"): (
        "the distance to clusters asks the whole K-means curve, and there is one"
    ),
    ("mainstay.learners.series.members", "mainstay.learners.cluster.kmeans_path"): (
        "the usual shapes of windows are K-means centres, and there is one K-means"
    ),
}

# What any room may take from the front door, because it is a plain string that stands there.
FROM_THE_DOOR = {"mainstay.__version__"}

NARROW = {"serve": {"bundle", "contracts", "data.schema", "data.decode"}}


def room_of(name):
    return name.split(".")[1] if name.count(".") else ""


def arrows(modules):
    """Yield (importing module, imported module, line) inside the house; names are cut back to modules."""
    known = {module.name for module in modules}
    for module in modules:
        for name, line in [*module.imported, *named_by_string(module)]:
            if name.split(".")[0] != "mainstay" or name in FROM_THE_DOOR:
                continue
            target = name
            while target not in known and target.count(".") > 1:
                target = target.rpartition(".")[0]
            if target != module.name:
                yield module, target, line


def named_by_string(module):
    """Catalogues name modules as text ("mainstay.learners.supervised.linear:Ridge"); such an arrow counts too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = re.fullmatch(r"(mainstay(?:\.\w+)+)(?::\w+)?", node.value)
            if match:
                yield match.group(1), node.lineno


def test_every_room_stands_on_a_floor(modules):
    rooms = {room_of(module.name) for module in modules if module.name not in DOORS}
    assert rooms <= set(FLOOR), f"give each new room a floor in FLOORS: {sorted(rooms - set(FLOOR))}"


def test_imports_point_down_only(modules):
    wrong = []
    for module, target, line in arrows(modules):
        if module.name in DOORS or (module.name, target) in EXCEPTIONS:
            continue
        here, there = room_of(module.name), room_of(target)
        if here == there and here:
            continue
        if FLOOR.get(there, 99) >= FLOOR.get(here, 0):
            wrong.append(f"{module.place}:{line} ({here}, floor {FLOOR.get(here)}) imports {target}")
    assert not wrong, "an import points up, sideways or at the front door:\n" + "\n".join(wrong)


def test_families_of_learners_do_not_know_each_other(modules):
    wrong = []
    for module, target, line in arrows(modules):
        here, there = module.name.split("."), target.split(".")
        if (module.name, target) in FAMILY_EXCEPTIONS:
            continue
        if here[1:2] == there[1:2] == ["learners"] and min(len(here), len(there)) > 3 and here[2] != there[2]:
            wrong.append(f"{module.place}:{line} imports {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", NARROW)
def test_narrow_rooms_reach_only_what_is_listed(modules, room):
    wrong = [
        f"{module.place}:{line} imports {target}"
        for module, target, line in arrows(modules)
        if room_of(module.name) == room != room_of(target)
        and not any(f"{target}.".startswith(f"mainstay.{allowed}.") for allowed in NARROW[room])
    ]
    assert not wrong, "\n".join(wrong)


def test_there_is_no_import_circle(modules):
    graph = defaultdict(set)
    for module, target, _ in arrows(modules):
        if module.name not in DOORS:
            graph[module.name].add(target)
    circles = [circle for circle in strongly_connected(graph) if len(circle) > 1]
    assert not circles, "modules that import each other:\n" + "\n".join(" <-> ".join(sorted(c)) for c in circles)


def test_exceptions_are_still_needed(modules):
    used = {(module.name, target) for module, target, _ in arrows(modules)}
    stale = (set(EXCEPTIONS) | set(FAMILY_EXCEPTIONS)) - used
    assert not stale, f"remove from the exceptions: {sorted(stale)}"


def test_the_circle_finder_finds_a_circle():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert sorted(map(sorted, strongly_connected(graph))) == [["a", "b", "c"], ["d"]]


def strongly_connected(graph):
    """Return the strongly connected parts: two names are in one part when each reaches the other."""
    reach = {}
    for start in graph:
        seen, todo = set(), list(graph.get(start, ()))
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(graph.get(name, ()))
        reach[start] = seen
    parts, placed = [], set()
    for name in graph:
        if name not in placed:
            part = {name} | {other for other in reach[name] if name in reach.get(other, ())}
            placed |= part
            parts.append(part)
    return parts

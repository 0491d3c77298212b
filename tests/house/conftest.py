"""Reads every source file of the house once, so that each rule is a few lines over the same records."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


@dataclass(frozen=True)
class Function:
    """A function or method, with the place where it stands."""

    place: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    method: bool

    @property
    def lines(self) -> int:
        """The lines of the body, without the docstring."""
        body = self.node.body[1:] if ast.get_docstring(self.node) else self.node.body
        return body[-1].end_lineno - body[0].lineno + 1 if body else 0

    @property
    def positional(self) -> int:
        """How many arguments may be given by position, self and cls not counted."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in self.node.decorator_list)
        return len(arguments) - (1 if self.method and not static and arguments else 0)


@dataclass(frozen=True)
class Module:
    """A source file, parsed."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def name(self) -> str:
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def place(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def functions(self) -> list[Function]:
        classes = [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]
        methods = {id(child) for node in classes for child in node.body}
        return [
            Function(f"{self.place}:{node.lineno} {node.name}", node, id(node) in methods)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    @cached_property
    def exported(self) -> list[str] | None:
        """What ``__all__`` says, or None where there is none."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and any(getattr(goal, "id", "") == "__all__" for goal in node.targets):
                return ast.literal_eval(node.value)
        return None

    @cached_property
    def imported(self) -> list[tuple[str, int]]:
        """Every dotted name that is imported anywhere in the file, type-only and lazy imports too, with its line."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = self._absolute(node)
                found += [(f"{origin}.{alias.name}", node.lineno) for alias in node.names]
        return found

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        start = package[: len(package) - (node.level - 1)]
        return ".".join([*start, *([node.module] if node.module else [])])


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def modules():
    found = [Module(path) for path in sorted((SOURCE / "mainstay").rglob("*.py"))]
    assert len(found) > 8, "the rules were about to be checked on next to nothing"
    return found


@pytest.fixture(scope="session")
def tracked():
    """The files that belong to the project: what git tracks, or would track if it were added."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    return [path for name in sorted(set(listing.split("\0"))) if name and (path := ROOT / name).is_file()]

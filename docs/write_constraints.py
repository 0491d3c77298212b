"""Writes constraints.txt from what is installed: exact versions of all that pyproject.toml pulls in, no addresses."""

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# The exact versions that CI proves, for `pip install -c constraints.txt`: what [project], [dev], [boost] and
# [postgres] of pyproject.toml pull in, and nothing else. Names and versions only, never an address.
# Written anew by: make constraints
"""


def pulled_in(requirements: list[str]) -> dict[str, str]:
    """Return name and version of each installed package that the requirements need, directly or not."""
    versions: dict[str, str] = {}
    todo = [Requirement(text) for text in requirements]
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if name in versions and not wanted.extras:
            continue
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # for another system, or an extra that was not asked for
        versions[name] = found.version
        extras = ["", *wanted.extras]
        needed = [Requirement(text) for text in found.requires or ()]
        todo += [need for need in needed if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras)]
    return versions


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    versions = pulled_in([*project["dependencies"], *extras["dev"], *extras["boost"], *extras["postgres"]])
    lines = "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))
    (ROOT / "constraints.txt").write_text(HEAD + lines)

"""What an image that only serves has to install, worked out from what is declared and installed.

The roots are the packages that the serving path imports; what they need in turn is read from their own metadata.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, version

__all__ = ["ROOTS", "WHERE_INSTALLED", "requirements"]

ROOTS = ("numpy", "onnxruntime", "msgspec", "starlette", "uvicorn", "httptools", "uvloop", "sqlalchemy", "typer")
"""What the serving path imports itself; a test holds this against the imports of the house and of a running server."""

WHERE_INSTALLED = ("psycopg", "psycopg-binary")
"""What only a log in PostgreSQL imports."""

_MARKERS = {"uvloop": 'sys_platform != "win32" and implementation_name == "cpython"'}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements() -> list[str]:
    """Return a line ``package==version`` for each package, with a marker where a system lacks it.

    What begins with # is for a person: what a log in PostgreSQL needs where that is not installed here, and at the end
    mainstay's own line, which must be installed without what it declares, for that is all that training needs as well.

    Examples
    --------
    >>> [line for line in requirements() if line.startswith("numpy==")] != []
    True
    """
    found: dict[str, str] = {}
    waiting = [*ROOTS, *WHERE_INSTALLED]
    while waiting:
        name = _plain(waiting.pop())
        if name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = package.version
        waiting += [match[0] for line in package.requires or () if _needed(line) and (match := _NAME.match(line))]
    lines = [f"{name}=={found[name]}" + (f" ; {_MARKERS[name]}" if name in _MARKERS else "") for name in sorted(found)]
    if "psycopg" not in found:
        lines.append("# for --log postgresql://...: psycopg[binary]>=3.2")
    ours = f"mainstay=={version('mainstay')}"
    return [*lines, f"# {ours}: pip install --no-deps {ours}"]


def _needed(line: str) -> bool:
    """Say whether a requirement holds here: those of extras do not, and those for other systems are not installed."""
    return "extra ==" not in line and "extra==" not in line


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

"""What an image that only serves has to install, worked out from what is declared and installed.

The roots are the packages that the serving path imports; what they need in turn is read from their own metadata.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, version

__all__ = ["ROOTS", "requirements"]

ROOTS = ("numpy", "onnxruntime", "msgspec", "starlette", "uvicorn", "httptools", "uvloop", "sqlalchemy", "typer")
"""What the serving path imports itself; a test holds this against the imports of the house and of a running server."""

_MARKERS = {"uvloop": 'sys_platform != "win32" and implementation_name == "cpython"'}
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements() -> list[str]:
    """Return a line ``package==version`` for each package, with a marker where a system lacks it; mainstay's own last.

    Examples
    --------
    >>> [line for line in requirements() if line.startswith("numpy==")] != []
    True
    """
    found: dict[str, str] = {}
    waiting = list(ROOTS)
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
    return [*lines, f"mainstay=={version('mainstay')}"]


def _needed(line: str) -> bool:
    """Say whether a requirement holds here: those of extras do not, and those for other systems are not installed."""
    return "extra ==" not in line and "extra==" not in line


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

"""Packages that a learner needs and the core does without: imported at first use, and asked for by name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mainstay.contracts.errors import MissingPackageError

__all__ = ["INSTALL", "is_installed", "load"]

INSTALL = 'pip install "mainstay[boost]"'


def is_installed(package: str) -> bool:
    """Say whether a package can be imported, without importing it.

    Examples
    --------
    >>> is_installed("numpy"), is_installed("no_such_package")
    (True, False)
    """
    return find_spec(package) is not None


def load(package: str, owner: str) -> Any:
    """Return an optional package.

    Raises
    ------
    MissingPackageError
        With the line that installs it.

    Examples
    --------
    >>> load("no_such_package", "xgboost")
    Traceback (most recent call last):
    mainstay.contracts.errors.MissingPackageError: ...
    """
    if not is_installed(package):
        raise MissingPackageError(
            f"this learner needs the package {package}, which is not installed", where=owner, hint=f"Run: {INSTALL}"
        )
    return import_module(package)

"""Names of learners and what they stand for: the built-in ones, and what other packages offer as entry points.

Each catalogue is a table of dotted paths, so that naming a learner imports nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.metadata import EntryPoint, EntryPoints

__all__ = ["load", "with_plugins"]

Kind = TypeVar("Kind")


def with_plugins(built_in: Mapping[str, str], group: str, reader: Callable[..., EntryPoints]) -> Mapping[str, str]:
    """Return every name with its dotted path: the built-in ones, then those of installed plugins.

    Parameters
    ----------
    built_in : mapping of str to str
    group : str
        The entry-point group by which other packages add theirs.
    reader : callable
        ``importlib.metadata.entry_points``.

    Raises
    ------
    UsageError
        When a plugin takes a name that is taken.
    """
    found = dict(built_in)
    for entry in _offered(group, reader):
        if entry.name in found:
            package = entry.dist.name if entry.dist else entry.value
            raise UsageError(
                f"the learner name {entry.name!r} is taken, and the package {package!r} offers it again",
                where=f"entry points {group}",
                hint="Uninstall that package or let it use another name.",
            )
        found[entry.name] = entry.value.replace(":", ".")
    return found


@cache
def load(path: str, kind: type[Kind], needs: str, group: str) -> Kind:
    """Return the one object of the class at a dotted path.

    Parameters
    ----------
    path : str
    kind : type
        The protocol that it must keep.
    needs : str
        What that asks for, in words.
    group : str
        Where plugins of this kind come from, for the error.

    Raises
    ------
    UsageError
        When the class is of another kind.
    """
    module, _, attribute = path.rpartition(".")
    made: object = getattr(import_module(module), attribute)()
    if not isinstance(made, kind):
        raise UsageError(
            f"{needs} was expected, and {path} is a {type(made).__name__} without some of them",
            where=f"entry points {group}",
            hint=f"See {kind.__module__}.{kind.__name__}.",
        )
    return made


@cache
def _offered(group: str, reader: Callable[..., EntryPoints]) -> tuple[EntryPoint, ...]:
    """Return what other packages offer; read once, for each reading walks through every installed package."""
    return tuple(sorted(reader(group=group), key=lambda entry: entry.name))

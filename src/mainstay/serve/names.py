"""The names under which models are served: letters that stand in an address as they are."""

from __future__ import annotations

from pathlib import Path

from mainstay.contracts.errors import UsageError

__all__ = ["check_name", "name_of"]


def name_of(source: object) -> str:
    """Return the name of a model that was given none: that of its file.

    Examples
    --------
    >>> name_of("models/churn 2026.mainstay"), name_of(b"...")
    ('churn-2026', 'model')
    """
    if not isinstance(source, str | Path):
        return "model"
    return "".join(sign if _allowed(sign) else "-" for sign in Path(source).stem) or "model"


def check_name(name: str) -> None:
    """Refuse a name that cannot stand in an address.

    Raises
    ------
    UsageError
    """
    if not name or not all(_allowed(sign) for sign in name) or set(name) == {"."}:
        raise UsageError(
            f"a model's name has letters, digits, '.', '_' and '-', and {name!r} came", where="serve",
            hint="Write NAME=FILE.mainstay.",
        )  # fmt: skip


def _allowed(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "._-")

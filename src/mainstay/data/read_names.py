"""Column names that can be relied on: text, trimmed, never empty, never twice.

Everything behind the readers addresses a column by its name, so a header that repeats or omits one is mended here,
once, and the mending is said.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mainstay.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["clean_names", "numbered_names", "shown"]


def shown(items: Iterable[object], limit: int = 5) -> str:
    """Return the first items as quoted words for a sentence, with the number of those left out.

    Examples
    --------
    >>> shown(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    words = [repr(str(item)) for item in items]
    rest = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {rest} more" if rest > 0 else "")


def numbered_names(count: int) -> tuple[str, ...]:
    """Return the names of columns that have none: ``column_1`` and so on."""
    return tuple(f"column_{number}" for number in range(1, count + 1))


def clean_names(raw: Sequence[object]) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return usable names and what had to be changed.

    Parameters
    ----------
    raw : sequence of object
        The names as they came; None is an empty name.

    Returns
    -------
    names : tuple of str
        Trimmed, inner white space as one blank, empty ones named by their position, repeated ones numbered.
    findings : tuple of Finding
        "header.empty_name" and "header.duplicate", where they apply.

    Examples
    --------
    >>> clean_names([" age ", "", "age"])[0]
    ('age', 'column_2', 'age_2')
    """
    trimmed = ["" if name is None else " ".join(str(name).split()) for name in raw]
    filled = [name or f"column_{position}" for position, name in enumerate(trimmed, 1)]
    names = _unique(filled)
    return names, (*_empty_finding(trimmed, names), *_duplicate_finding(filled, names))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    taken, unique = set(names), list[str]()
    seen = set[str]()
    for name in names:
        chosen, number = name, 2
        while chosen in seen or (chosen != name and chosen in taken):
            chosen, number = f"{name}_{number}", number + 1
        seen.add(chosen)
        unique.append(chosen)
    return tuple(unique)


def _empty_finding(trimmed: Sequence[str], names: Sequence[str]) -> tuple[Finding, ...]:
    given = [name for was, name in zip(trimmed, names, strict=True) if not was]
    if not given:
        return ()
    return (
        Finding(
            severity="info",
            code="header.empty_name",
            message=f"{len(given)} of {len(names)} columns have no name in the header; they are called {shown(given)}.",
            advice="Give each column a name in the header.",
            column=given[0] if len(given) == 1 else None,
        ),
    )


def _duplicate_finding(filled: Sequence[str], names: Sequence[str]) -> tuple[Finding, ...]:
    repeated = [name for name, times in Counter(filled).items() if times > 1]
    if not repeated:
        return ()
    changed = [name for was, name in zip(filled, names, strict=True) if was != name]
    return (
        Finding(
            severity="warning",
            code="header.duplicate",
            message=f"The column names {shown(repeated)} stand in the header more than once; "
            f"the later ones are called {shown(changed)}.",
            advice="Check whether the columns hold the same, and give each its own name.",
            column=repeated[0] if len(repeated) == 1 else None,
        ),
    )

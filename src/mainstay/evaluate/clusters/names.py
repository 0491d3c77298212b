"""Names that a person would give: the two strongest traits of a cluster, and more where two would share a name."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mainstay.evaluate.clusters.records import Contrast, Spread

__all__ = ["name_clusters", "shortened"]

_TRAITS, _MORE, _WORDS = 2, 4, 3
_LONGEST, _MONTH = 28, len("2011-05")
_AVERAGE = "average in everything"
_UNIT = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_MEASURES = {
    "mm", "cm", "m", "km", "g", "kg", "mg", "lb", "lbs", "usd", "eur", "gbp", "chf", "pct", "percent", "ms", "s", "sec",
    "min", "h", "hr", "ml", "l", "k$", "$", "%",
}  # fmt: skip
_COMMON, _ALMOST_ALL = 0.5, 0.995
_BARE = {"yes", "no", "true", "false", "y", "n", "t", "f", "on", "off", "other", "unknown", "none", "low", "high"}
_RANKED = {"high": "high {0}", "low": "low {0}", "middle": "middling {0}", "extreme": "extreme {0}"}
_DATED = {"high": "late {0}", "low": "early {0}", "middle": "middling {0}", "extreme": "very early or late {0}"}


def name_clusters(
    contrasts: Sequence[Sequence[Contrast]],
    words: Sequence[Mapping[str, Sequence[str]]] | None = None,
    *,
    same: Callable[[Contrast, Contrast], bool] | None = None,
    apart: Callable[[Sequence[int]], Sequence[Sequence[Contrast]]] | None = None,
) -> list[str]:
    """Return a short name for each cluster, all of them different; columns keep their own words and case.

    Parameters
    ----------
    contrasts : sequence, one entry per cluster
        What sets it apart, strongest first.
    words : sequence of mappings, one per cluster, optional
        For text columns the words that are more frequent in it.
    same : callable (trait, trait) -> bool, optional
        Whether two traits hold for nearly the same rows: the second then says nothing new.
    apart : callable (clusters) -> contrasts of each, optional
        What tells some clusters from each other; asked where they would share a name.

    Examples
    --------
    >>> from mainstay.evaluate.clusters.records import Contrast
    >>> from mainstay.evaluate.intervals import Score
    >>> rich = Contrast(column="income", kind="number", aspect="high", effect=Score(0.9), tells=True, words="")
    >>> name_clusters([[rich], []])
    ['high income', 'average in everything']
    """
    plain = _plain_names({trait.column for traits in contrasts for trait in traits})
    kept = [_news(traits, same) for traits in contrasts]
    told = [_parts(traits, {} if words is None else words[place], plain) for place, traits in enumerate(kept)]
    names = _first_names(told)
    if apart is not None:
        taken = [{trait.column for trait in traits[:_TRAITS]} for traits in kept]
        for twins in _twins(names):
            further = [_further(some, taken[place], plain) for place, some in zip(twins, apart(twins), strict=True)]
            if len(set(further)) > 1:
                for place, part in zip(twins, further, strict=True):
                    names[place] = f"{names[place]}, {part}" if part else names[place]
    for more in range(_TRAITS + 1, _MORE + 1):
        often = Counter(names)
        names = [
            ", ".join(told[place][:more]) if often[name] > 1 and len(told[place]) >= more else name
            for place, name in enumerate(names)
        ]
    often = Counter(names)
    exact = [_parts(traits, {}, plain, days=True) for traits in kept]
    names = [", ".join(exact[place][:_TRAITS]) if often[name] > 1 and _dated(kept[place]) else name
             for place, name in enumerate(names)]  # fmt: skip
    return _numbered(names)


def _dated(traits: Sequence[Contrast]) -> bool:
    return any(trait.kind == "datetime" for trait in traits[:_TRAITS])


def _first_names(told: Sequence[Sequence[str]]) -> list[str]:
    """Return the strongest traits of each cluster; the same ones in another order are the same name."""
    order: dict[frozenset[str], str] = {}
    return [order.setdefault(frozenset(parts[:_TRAITS]), ", ".join(parts[:_TRAITS]) or _AVERAGE) for parts in told]


def _twins(names: Sequence[str]) -> list[list[int]]:
    """Return the groups of clusters that share a name."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return [places for places in found.values() if len(places) > 1]


def _news(traits: Sequence[Contrast], same: Callable[[Contrast, Contrast], bool] | None) -> list[Contrast]:
    """Return the traits that tell, without those that repeat an earlier one."""
    kept: list[Contrast] = []
    for trait in traits:
        if trait.tells and len(kept) < _MORE and not (same and any(same(trait, earlier) for earlier in kept)):
            kept.append(trait)
    return kept


def _further(traits: Sequence[Contrast], taken: set[str], plain: Mapping[str, str]) -> str:
    """Return what best tells a cluster from those that share its name, in a column that the name does not have yet."""
    telling = [trait for trait in traits if trait.tells]
    for trait in telling:
        if trait.column not in taken:
            return _against(trait, plain[trait.column])
    return f"{_against(telling[0], plain[telling[0].column])} of these" if telling else ""


def _against(trait: Contrast, column: str) -> str:
    dated = trait.kind == "datetime"
    if trait.aspect in ("high", "low") and not (dated and trait.inside):
        words = ("later", "earlier") if dated else ("higher", "lower")
        return f"{words[trait.aspect == 'low']} {column}"
    return _trait(trait, column)


def _numbered(names: Sequence[str]) -> list[str]:
    """Add a number to the names that are still shared, the largest cluster first."""
    often, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if often[name] > 1 else name)
    return found


def _parts(
    traits: Sequence[Contrast], words: Mapping[str, Sequence[str]], plain: Mapping[str, str], *, days: bool = False
) -> list[str]:
    found = [", ".join(f'"{_short(word)}"' for word in some[:_WORDS]) for some in words.values() if some]
    return [*dict.fromkeys([*(_trait(trait, plain[trait.column], days=days) for trait in traits), *found])]


def _trait(trait: Contrast, column: str, *, days: bool = False) -> str:
    if trait.aspect == "absent":
        return f"no {column}"
    if trait.aspect == "present":
        return f"with {column}"
    if trait.level:
        return _level(trait, column)
    dated = trait.kind == "datetime"
    if dated and trait.inside is not None and trait.aspect != "extreme":
        return f"{column} {_span(trait.inside, days=days)}"
    return (_DATED if dated else _RANKED)[trait.aspect].format(column)


def _span(inside: Spread, *, days: bool) -> str:
    """Return where the middle half of some dates lies: in months, in days where one month holds them or it is asked."""
    low, high = inside.low, inside.high
    if not days and low[:_MONTH] != high[:_MONTH]:
        low, high = low[:_MONTH], high[:_MONTH]
    return low if low == high else f"{low} to {high}"


def _level(trait: Contrast, column: str) -> str:
    level = _short(trait.level)
    # "yes" or "2" alone says nothing; "Female" does.
    bare = level.casefold() in _BARE or not any(sign.isalpha() for sign in level) or len(level) < 3
    said = f"{column} {level}" if bare else level
    inside = trait.levels[0].inside if trait.levels else 1.0
    if trait.aspect == "rarely":
        return f"no {said}" if inside <= 1 - _ALMOST_ALL else f"rarely {said}"
    if inside >= _ALMOST_ALL:
        return said
    return f"mostly {said}" if inside >= _COMMON else f"often {said}"


def _plain_names(columns: Iterable[str]) -> dict[str, str]:
    """Return columns as they are spoken of, without underscores and units; as they are where two would be alike.

    "Annual_Income (k$)" is "Annual Income": the words and their case are the table's own.
    """
    spoken = {column: _spoken(column) for column in columns}
    often = Counter(spoken.values())
    return {column: _short(column if often[word] > 1 else word) for column, word in spoken.items()}


def _spoken(column: str) -> str:
    words = _UNIT.sub("", column).replace("_", " ").split()
    words = words[:-1] if len(words) > 1 and words[-1].lower() in _MEASURES else words
    return " ".join(words) or column


def _short(text: str) -> str:
    return shortened(text, _LONGEST)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many signs, without its middle: long names often differ at the end.

    Examples
    --------
    >>> shortened("average monthly charges of the last year", 20)
    'average mon\u2026ast year'
    """
    plain = " ".join(text.split())
    end = most * 2 // 5
    return plain if len(plain) <= most else f"{plain[: most - end - 1].rstrip()}\u2026{plain[-end:].lstrip()}"

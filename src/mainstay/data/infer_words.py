"""Deciding what a column of words is: a yes or no, a category, an identifier, or free text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import TEXT_TERMS
from mainstay.data.decode_word import FALSE_WORDS, TRUE_WORDS
from mainstay.data.infer_guess import ROWS_PER_CODE, Ask, Guess, also, cells, times
from mainstay.data.infer_level import LEVELS_MOST, category_of, natural_order
from mainstay.data.infer_name import names_identifier, names_number_of_something
from mainstay.data.infer_order import known_order

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.schema import Column
    from mainstay.data.infer_distinct import Distinct

__all__ = ["guess_words"]

_UUID = "^[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}$"
_UNIQUE = 0.95
_FEWEST_ROWS = 20
_FEW_WORDS, _MANY_TEXTS = 2.0, 50  # of many different texts, two words each make a title
_UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"


def guess_words(found: Distinct, base: Column, ask: Ask) -> Guess:
    """Return what a column of words is.

    Parameters
    ----------
    found : Distinct
        The different texts, words for "no value" left out; at least one.
    base : Column
        Name, missing words and evidence so far.
    ask : Ask

    Raises
    ------
    UsageError
        When a boolean is wanted and there are not two values.
    """
    if ask.kind is not None:
        return _wanted(found, base, ask)
    pair = _boolean_pair(found)
    if pair is not None:
        return Guess(_boolean(found, base, pair))
    why = "" if ask.keep else _identifier_reason(found, base.name)
    if why:
        return Guess(_identifier(found, base, why))
    return Guess(_text(found, base)) if _is_text(found) else _category(found, base)


def _boolean_pair(found: Distinct) -> tuple[str, str] | None:
    """Return the most frequent spelling of the false and the true word, where there are two usual ones."""
    if len(found) > 8:
        return None
    spellings: dict[str, str] = {}
    for text in found.values.to_list():
        spellings.setdefault(text.casefold(), text)
    if len(spellings) != 2:
        return None
    for no, yes in zip(FALSE_WORDS, TRUE_WORDS, strict=True):
        if set(spellings) == {no, yes}:
            return spellings[no], spellings[yes]
    return None


def _boolean(found: Distinct, base: Column, pair: tuple[str, str]) -> Column:
    same = [text.casefold() == pair[0].casefold() for text in found.values.to_list()]
    false = int(sum(count for count, is_false in zip(found.counts, same, strict=True) if is_false))
    evidence = f"two values: {pair[0]} ({times(false)}) and {pair[1]} ({times(found.filled - false)})"
    return replace(base, kind="boolean", categories=pair, evidence=also(evidence, base))


def _identifier_reason(found: Distinct, name: str) -> str:
    """Return why a column of words tells rows apart, or nothing."""
    if found.filled >= 3 and found.values.str.contains(_UUID).all():
        return "all of the form of a UUID"
    one_word = found.weight(~found.values.str.contains(r"\s").to_numpy()) >= 0.9 * found.filled
    if one_word and found.share >= _UNIQUE and found.filled >= _FEWEST_ROWS and not _is_unspaced(found.values):
        return "nearly every cell has its own word"
    repeats = len(found) <= LEVELS_MOST and found.filled >= ROWS_PER_CODE * len(found)
    if names_identifier(name) and not repeats and len(found) > 1:
        return f"the name {name!r} is that of an identifier"
    if names_number_of_something(name) and one_word and not repeats and (found.share > 0.3 or len(found) > LEVELS_MOST):
        return f"the name {name!r} is that of a number given to each case"
    return ""


def _identifier(found: Distinct, base: Column, why: str) -> Column:
    evidence = f"{len(found):,} different words in {cells(found.filled)}: {why}"
    return replace(base, kind="identifier", role="ignored", evidence=also(evidence, base))


def _is_text(found: Distinct) -> bool:
    if found.share <= 0.5 and len(found) <= LEVELS_MOST:
        return False
    sample = found.values.head(20_000)
    words, length = _mean(sample.str.count_matches(r"\S+")), _mean(sample.str.len_chars())
    several = words >= (_FEW_WORDS if len(found) > _MANY_TEXTS else 3)
    return several or (found.share > 0.5 and (length >= 60 or _is_unspaced(sample)))


def _is_unspaced(texts: pl.Series) -> bool:
    """Whether most texts are of a script that sets no blanks between words, and longer than a name."""
    return _mean(texts.str.contains(_UNSPACED)) > 0.5 and _mean(texts.str.len_chars()) >= 5


def _mean(series: pl.Series) -> float:
    mean = series.mean()
    return float(mean) if isinstance(mean, int | float) else 0.0


def _text(found: Distinct, base: Column) -> Column:
    average = _mean(found.values.str.count_matches(r"\S+"))
    evidence = f"{len(found):,} different texts in {cells(found.filled)}, {average:.1f} words on average"
    return replace(base, kind="text", terms=TEXT_TERMS, evidence=also(evidence, base))


def _category(found: Distinct, base: Column) -> Guess:
    count = "1 word" if len(found) == 1 else f"{len(found):,} different words"
    texts = found.values.to_list()
    order = known_order(texts) if len(texts) <= _MANY_TEXTS else ()
    evidence = f"{count} in {cells(found.filled)}{', whose order is known' if order else ''}"
    column, findings = category_of(base, texts, found.counts, evidence)
    if order:
        column = replace(column, categories=order, ordered=True)
    if len(found) <= 50 or found.share <= 0.5:
        return Guess(column, findings)
    finding = Finding(
        severity="warning",
        code="high_cardinality",
        column=base.name,
        message=f"{len(found):,} different words in {cells(found.filled)}: most categories are seen once or twice",
        advice="A model can hardly learn from it. Group the values, or give the column the role 'ignored'.",
    )
    return Guess(column, (finding, *findings))


def _wanted(found: Distinct, base: Column, ask: Ask) -> Guess:
    """Return the column as the kind that the user wants."""
    said = "as you asked"
    if ask.kind == "identifier":
        return Guess(_identifier(found, base, said))
    if ask.kind == "text":
        column = _text(found, base)
        return Guess(replace(column, evidence=f"{column.evidence}; {said}"))
    if ask.kind != "boolean":
        return _category(found, base)
    pair = _boolean_pair(found) or (natural_order(found.values.to_list()) if len(found) == 2 else None)
    if pair is None:
        raise UsageError(
            f"column {base.name!r} is to be a boolean, which has two values, and it has {len(found):,}: "
            f"{', '.join(map(repr, found.top()))}{', ...' if len(found) > 3 else ''}",
            where=base.name,
            hint="Leave the kind to be found, or take 'category'.",
        )
    return Guess(_boolean(found, base, (pair[0], pair[1])))

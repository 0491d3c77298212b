"""Turns the numbers of a profile into sentences: what is unusual, how much it matters, and what to do.

Each rule is one function that says nothing or one thing; a new rule is a function and a line in a table. The limits
are set so that ordinary data stay quiet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mainstay.data.quality_records import Association, ColumnProfile

__all__ = ["amount", "gravest_first", "join_alike", "judge_column", "judge_pairs", "share"]

_GRAVITY = {"error": 0, "warning": 1, "info": 2}
_PAIRS_SHOWN = 10
_ALIKE_SHOWN = 5
_LOW_STAND_INS = (-1, -9, -99, -999, -9999)
_HIGH_STAND_INS = (999, 9999, 99_999, 999_999)


def amount(value: float) -> str:
    """Return a number with thousands separators and at most six digits that count.

    Examples
    --------
    >>> amount(500001.0), amount(0.12345678)
    ('500,001', '0.123457')
    """
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.6g}"


def share(part: float, whole: float) -> str:
    """Return a share in percent that never rounds to nothing or to all.

    Examples
    --------
    >>> share(1, 100_000), share(1, 8), share(99_999, 100_000)
    ('under 0.1 %', '12.5 %', 'over 99.9 %')
    """
    percent = 100 * part / max(whole, 1)
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    return f"{percent:.1f} %" if percent % 1 else f"{percent:.0f} %"


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, else in their order, without a second one of the same code and column."""
    seen: dict[tuple[str, str | None, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.column, finding.message if finding.column is None else ""), finding)
    return tuple(sorted(seen.values(), key=lambda finding: _GRAVITY[finding.severity]))


def join_alike(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with those of one code, where they are mere information on many columns, joined into one."""
    alike: dict[str, list[Finding]] = {}
    for finding in findings:
        alike.setdefault(finding.code if finding.severity == "info" and finding.column else "", []).append(finding)
    joined = alike.pop("", [])
    for group in alike.values():
        joined += group if len(group) <= _ALIKE_SHOWN else [_joined(group)]
    return tuple(joined)


def _joined(group: list[Finding]) -> Finding:
    """Name the first columns, and give the first one's sentence as the example."""
    named = ", ".join(repr(finding.column) for finding in group[:_ALIKE_SHOWN])
    more = len(group) - _ALIKE_SHOWN
    message = (
        f"{len(group):,} columns are alike in this: {named} and {more:,} more; "
        f"for example, {group[0].column!r} {group[0].message}"
    )
    return Finding(severity="info", code=group[0].code, message=message, advice=group[0].advice)


def judge_column(about: ColumnProfile, rows: int) -> tuple[Finding, ...]:
    """Return what there is to say of one column of a table with so many rows."""
    if rows == 0:
        return ()
    if about.missing == rows:
        return (_finding(about, "warning", "all_missing", "has no value in any row", "Remove the column."),)
    if about.distinct == 1:
        return tuple(finding for rule in (_missing, _constant) if (finding := rule(about, rows)))
    found = [finding for rule in _RULES if (finding := rule(about, rows))]
    codes = {finding.code for finding in found}
    silenced = {quiet for code in codes for quiet in _SILENCES.get(code, ())}
    return tuple(finding for finding in found if finding.code not in silenced)


def _finding(about: ColumnProfile, severity: Severity, code: str, message: str, advice: str) -> Finding:
    return Finding(severity=severity, code=code, column=about.name, message=message, advice=advice)


def _missing(about: ColumnProfile, rows: int) -> Finding | None:
    part = about.missing / rows
    if about.role == "target" or part < 0.05:
        return None
    message = f"has no value in {about.missing:,} of {rows:,} rows ({share(about.missing, rows)})"
    if part >= 0.95:
        return _finding(
            about, "warning", "missing", message, "Remove the column, unless being filled in is itself news."
        )
    advice = "Find out why; that a value is missing may itself say something, so keep a mark of it."
    return _finding(about, "warning" if part >= 0.4 else "info", "missing", message, advice)


def _constant(about: ColumnProfile, rows: int) -> Finding | None:
    only = about.levels[0].value if about.levels else about.first
    if only is None and about.numbers is not None:
        only = amount(about.numbers.minimum)
    message = f"has the same value in all {rows - about.missing:,} rows that have one" + (f": {only!r}" if only else "")
    return _finding(about, "warning", "constant", message, "Remove the column; it cannot tell rows apart.")


def _near_constant(about: ColumnProfile, rows: int) -> Finding | None:
    known = rows - about.missing
    if about.role == "target" or known < 50:
        return None
    most, value = _most_frequent(about)
    if most < 0.99 * known:
        return None
    message = f"has the value {value} in {most:,} of {known:,} rows ({share(most, known)})"
    return _finding(about, "info", "near_constant", message, "Keep it only if the few other rows matter.")


def _most_frequent(about: ColumnProfile) -> tuple[int, str]:
    if about.levels:
        return about.levels[0].rows, repr(about.levels[0].value)
    if about.numbers is None:
        return 0, ""
    ends = [(about.numbers.at_minimum, about.numbers.minimum), (about.numbers.at_maximum, about.numbers.maximum)]
    most, value = max([*ends, (about.numbers.zeros, 0.0)])
    return most, amount(value)


def _unreadable(about: ColumnProfile, rows: int) -> Finding | None:
    if not about.unreadable:
        return None
    message = f"holds {about.unreadable:,} of {rows:,} cells that cannot be read as a {about.kind}"
    advice = 'Correct them, or list the words that mean "no value" in the schema.'
    return _finding(about, "warning", "unreadable", message, advice)


def _capped(about: ColumnProfile, rows: int) -> Finding | None:
    """Find a pile of equal values at one end, as a limit of the instrument or of the form leaves it."""
    numbers = about.numbers
    if numbers is None or about.kind == "datetime" or about.distinct < 100:
        return None
    upper = numbers.at_maximum >= numbers.at_minimum
    end, count, word = (
        (numbers.maximum, numbers.at_maximum, "largest") if upper else (numbers.minimum, numbers.at_minimum, "smallest")
    )
    usual = (rows - about.missing) / about.distinct
    # Counts of things pile up at their lowest value by nature.
    if end == 0 or (numbers.whole and not upper) or count < max(20, 0.005 * rows, 10 * usual):
        return None
    message = f"seems to be cut off: {count:,} of {rows:,} rows have exactly the {word} value, {amount(end)}"
    if about.role == "target":
        advice = "True values beyond the limit are unknown: leave these rows out, or read predictions there as a limit."
        return _finding(about, "warning", "capped", message, advice)
    return _finding(about, "info", "capped", message, "Read the value there as a limit, not as an amount.")


def _stand_in(about: ColumnProfile, rows: int) -> Finding | None:
    """Find a number often written for "no value": -1 or -999 where nothing else is negative, 9999 at the top."""
    numbers = about.numbers
    if numbers is None or about.kind == "datetime" or about.distinct <= 2:
        return None
    least = max(10, 0.001 * rows)
    low = numbers.minimum in _LOW_STAND_INS and numbers.at_minimum == numbers.negatives >= least
    high = numbers.maximum in _HIGH_STAND_INS and numbers.at_maximum >= least
    if not (low or high):
        return None
    value, count = (numbers.minimum, numbers.at_minimum) if low else (numbers.maximum, numbers.at_maximum)
    message = f"is {amount(value)} in {count:,} of {rows:,} rows, which often stands for no value"
    advice = f'If it does, list "{value:g}" under the missing words of this column in the schema.'
    return _finding(about, "info", "stand_in", message, advice)


def _zeros(about: ColumnProfile, rows: int) -> Finding | None:
    numbers = about.numbers
    known = rows - about.missing
    if numbers is None or about.kind == "datetime" or about.distinct <= 10 or numbers.zeros < 0.5 * known:
        return None
    message = f"is zero in {numbers.zeros:,} of {known:,} rows ({share(numbers.zeros, known)})"
    return _finding(
        about, "info", "zeros", message, "Check that zero is an amount and does not stand for a missing value."
    )


def _spread(about: ColumnProfile, rows: int) -> Finding | None:
    """Say one thing about a long tail: many far values are its shape, a few are worth a look."""
    numbers = about.numbers
    if numbers is None or about.kind == "datetime" or about.distinct <= 10:
        return None
    known = rows - about.missing
    low, middle, high = amount(numbers.minimum), amount(numbers.median), amount(numbers.maximum)
    ends = f"values run from {low} to {high}, the median is {middle}"
    if abs(numbers.skew) >= 3:
        side = "right" if numbers.skew > 0 else "left"
        message = f"has a long tail to the {side} (skew {numbers.skew:.1f}, {numbers.outliers:,} far values): {ends}"
        advice = "Trees do not mind; linear models may do better on its logarithm or on ranks."
        return _finding(about, "info", "skew", message, advice)
    if not numbers.outliers:
        return None
    message = f"has {numbers.outliers:,} of {known:,} values far from the others ({numbers.outlier_rule}): {ends}"
    return _finding(about, "info", "outliers", message, "Check whether they are mistakes; keep them if they are real.")


def _identifier(about: ColumnProfile, rows: int) -> Finding | None:
    known = rows - about.missing
    if about.kind != "identifier" or about.role in ("target", "group") or known < 20:
        return None
    if about.distinct == known:
        message = f"has a different value in each of {known:,} rows: it names rows and does not describe them"
        advice = (
            "Leave it out of the model; keep it to find rows again." if about.role == "feature" else "It is left out."
        )
        return _finding(about, "warning" if about.role == "feature" else "info", "identifier", message, advice)
    message = f"names {about.distinct:,} things in {known:,} rows, {known / about.distinct:,.1f} rows for each"
    advice = f"If they come back in new data as new ones, split by them: --split group:{about.name}."
    return _finding(about, "info", "group", message, advice)


def _high_cardinality(about: ColumnProfile, rows: int) -> Finding | None:
    known = rows - about.missing
    if about.kind != "category" or about.role == "target" or about.distinct <= 50 or known < 100:
        return None
    message = f"has {about.distinct:,} categories in {known:,} rows, {known / about.distinct:,.1f} rows for each"
    advice = "Join rare categories, or use what they have in common (a region for a town)."
    severity: Severity = "warning" if about.distinct > 0.2 * known else "info"
    return _finding(about, severity, "high_cardinality", message, advice)


_RULES: tuple[Callable[[ColumnProfile, int], Finding | None], ...] = (
    _missing,
    _near_constant,
    _unreadable,
    _stand_in,
    _capped,
    _zeros,
    _spread,
    _identifier,
    _high_cardinality,
)

# A finding on the left has said what those on the right would say again.
_SILENCES = {
    "near_constant": ("zeros", "skew", "outliers", "capped", "stand_in"),
    "stand_in": ("capped", "skew", "outliers"),
    "zeros": ("skew", "outliers"),
}

_MEASURES = {
    "spearman": "rank correlation",
    "pearson": "correlation",
    "cramers_v": "Cramer's V",
    "correlation_ratio": "correlation ratio",
}


def judge_pairs(pairs: Iterable[Association], target: str | None) -> tuple[Finding, ...]:
    """Return what there is to say of pairs of inputs; how the target is related is for the leak audit."""
    inputs = [pair for pair in pairs if target not in (pair.first, pair.second)]
    same = [_judge_same(pair) for pair in inputs if pair.same]
    strong = [pair for pair in inputs if not pair.same and pair.value >= 0.95]
    found = same[:_PAIRS_SHOWN] + [_judge_strong(pair) for pair in strong[:_PAIRS_SHOWN]]
    more = len(same[_PAIRS_SHOWN:]) + len(strong[_PAIRS_SHOWN:])
    if more:
        message = f"{more:,} more pairs of columns say nearly the same"
        advice = "See the list of related pairs; trees do not mind, linear models need fewer."
        found.append(Finding(severity="info", code="related_more", message=message, advice=advice))
    return tuple(found)


def _judge_same(pair: Association) -> Finding:
    if pair.same == "identical":
        message = f"is equal to {pair.first!r} in every row"
        advice = "Remove one of the two."
        return Finding(severity="warning", code="duplicate_column", column=pair.second, message=message, advice=advice)
    message = f"says the same as {pair.first!r}: each value of one stands for one value of the other"
    advice = "Remove one of the two; keep the one whose order means something."
    return Finding(severity="warning", code="one_to_one", column=pair.second, message=message, advice=advice)


def _judge_strong(pair: Association) -> Finding:
    message = f"is nearly told by {pair.first!r} ({_MEASURES[pair.measure]} {pair.value:.3f})"
    advice = "Trees do not mind; for linear models, and to read importances, keep one of the two."
    return Finding(severity="info", code="related", column=pair.second, message=message, advice=advice)

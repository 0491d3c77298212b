"""Sets rows aside for the test that search never sees: by chance, by time or by group.

The one rule that holds for every way: rows that are equal never lie on both sides, for a model that has seen a row
would be praised for knowing it. For a split by time or by group, equal means in those columns too, so a customer
who buys the same thing again later is no copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.data.split_deal import deal
from mainstay.data.split_fingerprints import fingerprints
from mainstay.data.split_folds import Fold, folds
from mainstay.data.split_strata import number_units, stratify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LEAST_ROWS", "Fold", "Split", "SplitRule", "fingerprints", "folds", "read_rule", "split"]

LEAST_ROWS = 10
"""The fewest rows that can be split: with less, a test part has one row and its score means nothing."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows are learned from, and which are kept for the test.

    Parameters
    ----------
    train, test : int64 array
        Row positions from 0, in rising order; together all rows, and none twice.
    how : str
        "random", "time:COLUMN" or "group:COLUMN".
    notes : tuple of Finding
        What a person should know about this split.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    how: str
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitRule:
    """A way to split, as read from an option."""

    way: Literal["random", "time", "group"]
    column: str | None = None


def read_rule(how: str, columns: Sequence[str] = ()) -> SplitRule:
    """Read a way to split, and check that its column exists.

    Parameters
    ----------
    how : str
        "random", "time:COLUMN" or "group:COLUMN".
    columns : sequence of str, default ()
        The columns there are; not checked when empty.

    Raises
    ------
    UsageError
        When the way is unknown, the column is not named or does not exist; near names are suggested.

    Examples
    --------
    >>> read_rule("group:patient", ["patient", "age"])
    SplitRule(way='group', column='patient')
    >>> read_rule("time:dat", ["date", "age"])
    Traceback (most recent call last):
    ...
    mainstay.contracts.errors.UsageError: split: there is no column 'dat' to split by time. Did you mean 'date'?
    """
    way, _, column = how.partition(":")
    if way == "random" and not column:
        return SplitRule("random")
    if way not in ("time", "group") or not column:
        raise UsageError(
            f"a split is random, time:COLUMN or group:COLUMN, and {how!r} came",
            where="split",
            hint="Write for example --split time:date.",
        )
    if columns and column not in columns:
        near = get_close_matches(column, columns, n=3, cutoff=0.5)
        known = f"The columns are: {', '.join(columns[:30])}."
        hint = f"Did you mean {' or '.join(repr(name) for name in near)}?" if near else known
        raise UsageError(f"there is no column {column!r} to split by {way}", where="split", hint=hint)
    return SplitRule("time" if way == "time" else "group", column)


def split(
    target: NDArray[np.int64] | NDArray[np.float64],
    *,
    how: str = "random",
    test_share: float = 0.2,
    seed: int = 0,
    fingerprints: NDArray[np.uint64] | None = None,
    order: NDArray[np.float64] | NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> Split:
    """Divide rows into those to learn from and those to test on.

    By chance, every class (or tenth of an amount) has its share in the test part, and every class is in the training
    part. By time, the test part is the last in time and equal times stay together. By group, no group is on both
    sides, and classes are shared out as well as whole groups allow. The same seed gives the same answer; with
    fingerprints or groups the answer does not depend on the order of the rows.

    Parameters
    ----------
    target : array of shape (n,)
        int64 class codes, or float64 amounts. Rows without a target are to be left out beforehand.
    how : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN"; the column's values come as ``order`` or ``groups``.
    test_share : float, default 0.2
        The share of rows in the test part, between 0 and 1.
    seed : int, default 0
    fingerprints : uint64 array of shape (n,), optional
        Equal numbers for equal rows, from :func:`fingerprints`; equal rows stay on one side.
    order : array of shape (n,), optional
        The time of each row, for "time"; NaN where it is missing, and then the row goes to the training part.
    groups : int64 array of shape (n,), optional
        The group of each row, for "group"; a negative number where it is missing, and then the row stands alone.

    Returns
    -------
    Split

    Raises
    ------
    UsageError
        When the way is unknown, the share is not between 0 and 1, or the values of its column were not given.
    DataError
        When there are fewer than 10 rows, one group only, or the same time everywhere.

    Examples
    --------
    >>> answer = split(np.repeat([0, 1], 50), seed=1)
    >>> len(answer.train), len(answer.test), int((answer.test < 50).sum())
    (80, 20, 10)
    >>> split(np.zeros(10), how="time:day", order=np.arange(10)).test.tolist()
    [8, 9]
    """
    rule = read_rule(how)
    rows = len(target)
    if not 0 < test_share < 1:
        raise UsageError(f"the test share must be between 0 and 1, and {test_share} came", where="split")
    if rows < LEAST_ROWS:
        raise DataError(
            f"at least {LEAST_ROWS} rows with a target are needed to keep some for a test, and there are {rows}",
            where="split",
            hint="Give more rows.",
        )
    if rule.way == "time":
        test, notes = _by_time(_given(order, rule, rows), test_share, rule)
    elif rule.way == "group":
        test, notes = _by_group(_given(groups, rule, rows), target, test_share, seed=seed, rule=rule)
    else:
        test, notes = _by_chance(fingerprints, target, test_share, seed=seed)
    return Split(np.flatnonzero(~test), np.flatnonzero(test), how, (*notes, *_class_notes(target, test)))


def _given(values: NDArray[np.generic] | None, rule: SplitRule, rows: int) -> NDArray[np.generic]:
    name = "order" if rule.way == "time" else "groups"
    if values is None:
        raise UsageError(
            f"a split by {rule.way} needs the values of column {rule.column!r}", where="split", hint=f"Pass {name}=..."
        )
    if len(values) != rows:
        raise UsageError(
            f"{name} must have one value for each of {rows:,} rows, and has {len(values):,}", where="split"
        )
    return values


def _by_chance(
    marks: NDArray[np.uint64] | None, target: NDArray[np.generic], share: float, *, seed: int
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    strata = stratify(target)
    units = number_units(len(target), marks)
    repeated = len(target) - int(units.max()) - 1
    test = deal(units, strata, (1 - share, share), seed=seed, first_has_all=_is_classes(target)) == 1
    if repeated and not 0.5 * share <= test.mean() <= 1.5 * share:
        test = deal(np.arange(len(target)), strata, (1 - share, share), seed=seed, first_has_all=True) == 1
        return test, (_too_alike(repeated, len(target)),)
    return test, (_kept_together(repeated),) if repeated else ()


def _by_time(
    order: NDArray[np.generic], share: float, rule: SplitRule
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    """Cut between two different times, where the rows after the cut come nearest to the share."""
    times = order.astype(np.float64)
    missing = np.isnan(times)
    known, counts = np.unique(times[~missing], return_counts=True)
    if len(known) < 2:
        raise DataError(
            "a split by time needs at least two different times, and there is " + ("one" if len(known) else "none"),
            where=f"split, column {rule.column!r}",
            hint="Choose another column, or split by chance with --split random.",
        )
    later = np.cumsum(counts[::-1])[::-1][1:]
    cut = known[1:][np.argmin(np.abs(later - share * len(times)))]
    test = ~missing & (times >= cut)
    return test, (*_without_time(missing, rule), *_off_share(test, share, "equal times stay together"))


def _by_group(
    groups: NDArray[np.generic], target: NDArray[np.generic], share: float, *, seed: int, rule: SplitRule
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    units = number_units(len(target), groups.astype(np.int64), alone_below_zero=True)
    if units.max() == 0:
        raise DataError(
            "a split by group needs at least two groups, and there is one",
            where=f"split, column {rule.column!r}",
            hint="Choose another column, or split by chance with --split random.",
        )
    strata = stratify(target)
    test = deal(units, strata, (1 - share, share), seed=seed, first_has_all=_is_classes(target)) == 1
    return test, _off_share(test, share, "groups stay together")


def _is_classes(target: NDArray[np.generic]) -> bool:
    return bool(np.issubdtype(target.dtype, np.integer))


def _kept_together(repeated: int) -> Finding:
    return Finding(
        severity="info",
        code="split.repeats",
        message=f"{repeated:,} rows repeat the inputs of others; equal rows were kept on one side of the split",
        advice="Nothing to do; if rows repeat by mistake, remove the copies.",
    )


def _too_alike(repeated: int, rows: int) -> Finding:
    return Finding(
        severity="warning",
        code="split.too_alike",
        message=f"{repeated:,} of {rows:,} rows repeat the inputs of others, so many that equal rows cannot be kept on "
        "one side; they were split one by one, and the test part holds rows that the training part holds too",
        advice="Add columns that tell rows apart, or read the score as one for inputs that were seen before.",
    )


def _without_time(missing: NDArray[np.bool_], rule: SplitRule) -> tuple[Finding, ...]:
    count = int(missing.sum())
    if not count:
        return ()
    finding = Finding(
        severity="warning",
        code="split.time_missing",
        column=rule.column,
        message=f"{count:,} rows have no time and went to the training part",
        advice="Fill in the time, or remove these rows.",
        rows=tuple(int(row) + 1 for row in np.flatnonzero(missing)[:5]),
    )
    return (finding,)


def _off_share(test: NDArray[np.bool_], share: float, reason: str) -> tuple[Finding, ...]:
    got = float(test.mean())
    if 0.75 * share <= got <= 1.25 * share:
        return ()
    finding = Finding(
        severity="warning",
        code="split.share",
        message=f"the test part has {got:.0%} of the rows where {share:.0%} was asked, because {reason}",
        advice="Nothing to do if the test part is large enough; otherwise split by a column with more values.",
    )
    return (finding,)


def _class_notes(target: NDArray[np.generic], test: NDArray[np.bool_]) -> tuple[Finding, ...]:
    """Say which classes only one side has: the score says nothing about the ones, and the model knows no others."""
    if not _is_classes(target):
        return ()
    count = int(target.astype(np.int64).max()) + 1
    codes = target.astype(np.int64)
    in_test, in_train = np.bincount(codes[test], minlength=count), np.bincount(codes[~test], minlength=count)
    unseen, untested = int(((in_train == 0) & (in_test > 0)).sum()), int(((in_test == 0) & (in_train > 0)).sum())
    notes = []
    if unseen:
        message = f"{unseen:,} classes occur in the test part only, so they cannot be learned"
        advice = "Split in another way, or join or remove these classes."
        notes.append(Finding(severity="warning", code="split.class_unseen", message=message, advice=advice))
    if untested:
        message = f"{untested:,} classes are too rare to be in the test part, so the score says nothing about them"
        advice = "Give more rows of them, or join rare classes."
        notes.append(Finding(severity="warning", code="split.class_untested", message=message, advice=advice))
    return tuple(notes)

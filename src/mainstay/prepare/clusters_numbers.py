"""Numbers and dates for clustering: filled, bent where their tails are long, limited, and of one weight per column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.schema import DATETIME_PARTS
from mainstay.prepare.clusters_columns import coordinates_in
from mainstay.prepare.impute import Impute
from mainstay.prepare.limit import Limit, limits_of
from mainstay.prepare.scale import Scale
from mainstay.prepare.skew import Bend, Unskew, choose_bend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.clusters_columns import Source
    from mainstay.prepare.cyclic import Cyclic

    Doubles = NDArray[np.float64]

__all__ = ["NumberPlan", "plan_numbers"]

_LARGEST = float(np.float32(3e38))
_LARGEST_SQUARE = float(np.float32(1e18))
"""Where numbers are taken as they are: the square of a larger one is no float32."""
_FAR = 1e6
_DAYS_PER_YEAR = 366.0
_MOST_STRETCH = 5.0


@dataclass(slots=True)
class NumberPlan:
    """What is done with every number column, in the making.

    Parameters
    ----------
    fill, low, high, centre, spread : list of float
        Per number column, those of circles included.
    kept : dict of int to (str, float)
        The columns that count, the column of the table that each belongs to, and its factor.
    bends : dict of int to Bend
        The columns on a logarithmic scale.
    said : dict of str to str
        The treatment of each column of the table, in words.
    binary : set of str
        Columns of two values.
    """

    fill: list[float]
    low: list[float]
    high: list[float]
    centre: list[float]
    spread: list[float]
    kept: dict[int, tuple[str, float]] = field(default_factory=dict)
    bends: dict[int, Bend] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    binary: set[str] = field(default_factory=set)

    @classmethod
    def blank(cls, width: int) -> NumberPlan:
        """Return the plan that leaves all columns out."""
        ends, zeros = [_LARGEST] * width, [0.0] * width
        return cls([*zeros], [-end for end in ends], ends, [*zeros], [1.0] * width)

    def steps(self) -> list[Impute | Unskew | Limit | Scale]:
        """Return the steps, without those that would do nothing."""
        made: list[Impute | Unskew | Limit | Scale] = [Impute(tuple(self.fill))]
        if self.bends:
            columns = tuple(sorted(self.bends))
            bends = [self.bends[column] for column in columns]
            made.append(
                Unskew(len(self.fill), columns, tuple(one.centre for one in bends), tuple(one.unit for one in bends))
            )
        made.append(Limit(tuple(self.low), tuple(self.high)))
        if any(self.centre) or any(one != 1.0 for one in self.spread):
            made.append(Scale(tuple(self.centre), tuple(self.spread)))
        return made


def plan_numbers(
    numbers: NDArray[np.float32], sources: list[Source], circles: Cyclic | None, *, scale: str
) -> NumberPlan:
    """Decide what is done with every number column.

    Parameters
    ----------
    numbers : float32 array of shape (n, p)
        Of training, or a sample; NaN is missing. Those of circles stand last.
    sources : list of Source
    circles : Cyclic, optional
        The step that made the circles.
    scale : {"auto", "none", "standard", "robust"}
        For plain numbers.

    Returns
    -------
    NumberPlan
        Every column of the table that is kept has a total variance of 1 (2 values: 0.5 at the most), but for plain
        numbers with "none".
    """
    plan = NumberPlan.blank(numbers.shape[1])
    plain = [source for source in sources if source.kind == "number"]
    places = [[plain[one] for one in group] for group in coordinates_in([source.name for source in plain])]
    straight = {source.name for group in places for source in group}
    for source in sources:
        if source.kind == "number":
            _plan_number(plan, numbers, source, scale, bent=source.name not in straight)
        elif source.kind == "datetime":
            _plan_datetime(plan, numbers, source, circles)
        elif source.kind == "text":
            _plan_counts(plan, numbers, source)
    if scale == "auto":
        for group in places:
            _one_scale(plan, group)
    return plan


def _one_scale(plan: NumberPlan, group: list[Source]) -> None:
    """Give the coordinates of a place one scale, so that shapes stay what they are; unless their units differ."""
    columns = [source.numbers[0] for source in group]
    spreads = [plan.spread[column] for column in columns]
    if any(column not in plan.kept for column in columns) or max(spreads) > _MOST_STRETCH * min(spreads):
        return
    common = _single(np.sqrt(np.mean(np.square(spreads))))
    for source in group:
        plan.spread[source.numbers[0]] = common
        others = ", ".join(other.name for other in group if other is not source)
        plan.said[source.name] = f"one scale with {others}, as they are the coordinates of a place"


def _known(numbers: NDArray[np.float32], column: int) -> Doubles:
    values = numbers[:, column]
    return values[np.isfinite(values)].astype(np.float64)


def _same(plan: NumberPlan, source: Source, known: Doubles) -> bool:
    """Say whether a column tells no rows apart, and note why."""
    if not len(known):
        plan.said[source.name] = "left out: it has no values"
    elif float(np.ptp(known)) <= 1e-7 * max(abs(float(known.min())), abs(float(known.max()))):
        plan.said[source.name] = "left out: all its values are equal"
    else:
        return False
    return True


def _plan_number(plan: NumberPlan, numbers: NDArray[np.float32], source: Source, scale: str, *, bent: bool) -> None:
    column, known = source.numbers[0], _known(numbers, source.numbers[0])
    if _same(plan, source, known):
        return
    if len(np.unique(known[:1000])) <= 2 and len(np.unique(known)) == 2:
        _plan_binary(plan, known, source, scale)
        return
    plan.fill[column], plan.kept[column] = _single(np.median(known)), (source.name, 1.0)
    if scale == "none":
        _as_it_is(plan, source)
        return
    words = "scaled to deviation 1"
    if scale == "auto":
        known, words = _tame(plan, column, known, bent=bent)
    centre, spread = _robust(known) if scale == "robust" else (float(known.mean()), float(known.std()))
    if scale != "auto":  # so that infinity stays a number
        plan.low[column], plan.high[column] = _single(centre - _FAR * spread), _single(centre + _FAR * spread)
    plan.centre[column], plan.spread[column] = _single(centre), _spread(spread)
    plan.said[source.name] = "middle to 0 and the middle half to width 1" if scale == "robust" else words


def _tame(plan: NumberPlan, column: int, known: Doubles, *, bent: bool = True) -> tuple[Doubles, str]:
    """Bend and limit a column; return what becomes of the values that are known, and the words for it."""
    bend, words = choose_bend(known) if bent else None, "scaled to deviation 1"
    if bend is not None:
        bend = plan.bends[column] = Bend(_single(bend.centre), _single(bend.unit))
        known = bend.of(known)
        inside = f"x / {bend.unit:.3g}" if bend.centre == 0.0 else f"|x - {bend.centre:.3g}| / {bend.unit:.3g}"
        words = f"{'' if bend.centre == 0.0 else 'signed '}logarithm of 1 + {inside}, then {words}"
    low, high = limits_of(known)
    beyond = int(((known < low) | (known > high)).sum())
    plan.low[column], plan.high[column] = low, high
    if beyond:
        words += f", {beyond:,} far value{'s' * (beyond > 1)} held to the limit"
    return np.clip(known, low, high), words


def _plan_binary(plan: NumberPlan, known: Doubles, source: Source, scale: str) -> None:
    """Two values are as far apart as two levels of a category: a squared distance of 2."""
    column, low, high = source.numbers[0], float(known.min()), float(known.max())
    plan.binary.add(source.name)
    plan.fill[column], plan.kept[column] = _single(known.mean()), (source.name, 1.0)
    if scale == "none":
        _as_it_is(plan, source)
        return
    plan.low[column], plan.high[column] = _single(low), _single(high)
    plan.centre[column], plan.spread[column] = _single(known.mean()), _spread((high - low) / np.sqrt(2.0))
    plan.said[source.name] = "two values, as far apart as two levels of a category"


def _plan_datetime(plan: NumberPlan, numbers: NDArray[np.float32], source: Source, circles: Cyclic | None) -> None:
    days, known = source.numbers[0], _known(numbers, source.numbers[0])
    if _same(plan, source, known):
        return
    waves = _waves(numbers, source, circles, span=float(np.ptp(known)))
    share = float(np.sqrt(1.0 / (1 + len(waves))))
    low, high = limits_of(known)
    known = np.clip(known, low, high)
    plan.fill[days], plan.low[days], plan.high[days] = _single(np.median(known)), low, high
    plan.centre[days], plan.spread[days] = _single(known.mean()), _spread(known.std())
    plan.kept[days] = (source.name, share)
    for sine in waves.values():
        pair = [_known(numbers, column) for column in (sine, sine + 1)]
        spread = float(np.sqrt(sum(values.var() for values in pair)))
        for column, values in zip((sine, sine + 1), pair, strict=True):
            plan.fill[column] = plan.centre[column] = _single(values.mean())
            plan.spread[column], plan.kept[column] = _spread(spread), (source.name, share)
    plan.said[source.name] = " and ".join(["position in time", *waves]) + ", together as one column"


def _waves(numbers: NDArray[np.float32], source: Source, circles: Cyclic | None, *, span: float) -> dict[str, int]:
    """Return the circles of a datetime that differ between rows and are more than its position, with their sines."""
    if circles is None:
        return {}
    first = numbers.shape[1] - len(circles.names)
    owners = (*circles.hours, *circles.weekdays, *circles.months)
    found = {}
    for place, owner in enumerate(owners):
        if owner not in source.numbers:
            continue
        part = DATETIME_PARTS[source.numbers.index(owner)]
        words = {"hour": "hour of the day", "weekday": "day of the week", "month": "day of the year"}[part]
        sine = first + 2 * place
        least = {"hour": 2.0, "weekday": 14.0, "month": 2.0 * _DAYS_PER_YEAR}[part]
        if span >= least and sum(_known(numbers, column).var() for column in (sine, sine + 1)) > 1e-9:
            found[words] = sine
    return found


def _plan_counts(plan: NumberPlan, numbers: NDArray[np.float32], source: Source) -> None:
    """Plan the counts of a text whose words tell nothing, or are not there."""
    kept = [column for column in source.numbers if len(np.unique(_known(numbers, column)[:100_000])) > 1]
    for column in kept:
        known, _ = _tame(plan, column, _known(numbers, column))
        plan.fill[column] = _single(np.median(_known(numbers, column)))
        plan.centre[column], plan.spread[column] = _single(known.mean()), _spread(known.std())
        plan.kept[column] = (source.name, float(np.sqrt(1.0 / len(kept))))
    if kept:
        plan.said[source.name] = "its length and the signs in it, together as one column"
    else:
        plan.said[source.name] = "left out: all its values are equal"


def _robust(known: Doubles) -> tuple[float, float]:
    low, middle, high = np.percentile(known, [25, 50, 75])
    return float(middle), float(high - low) or float(known.std())


def _as_it_is(plan: NumberPlan, source: Source) -> None:
    column = source.numbers[0]
    plan.low[column], plan.high[column] = -_LARGEST_SQUARE, _LARGEST_SQUARE
    plan.fill[column] = min(max(plan.fill[column], -_LARGEST_SQUARE), _LARGEST_SQUARE)
    plan.said[source.name] = "as it is"


def _single(value: float | np.floating) -> float:
    return float(np.float32(min(max(value, -_LARGEST), _LARGEST)))


def _spread(value: float | np.floating) -> float:
    """Return what to divide by; 1 where it is too small for a float32."""
    single = _single(value)
    return single if single >= np.finfo(np.float32).tiny else 1.0

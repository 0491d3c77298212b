"""The hour, the weekday and the day of the year on a circle, so that 23:59 is next to 00:00 and December to January.

For learners that add or measure distances; a tree needs no circle. Sine and cosine come from tables (a minute, a day),
because ``Sin`` differs in its last digit between libraries.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.contracts.schema import DATETIME_PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Cyclic", "fit_cyclic"]

Tensor = TypeVar("Tensor")

_MINUTES, _DAYS = 1_440, 7
_MONTH_STARTS = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)  # of a leap year
_YEAR = 366


class Cyclic(msgspec.Struct, frozen=True, tag=True):
    """Add sine and cosine of the circles of datetimes, as number columns.

    Parameters
    ----------
    hours, weekdays, months : tuple of int
        The number columns that hold these parts. The day of a month stands after its month.
    names : tuple of str
        Of the new columns, two for each.
    """

    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    names: tuple[str, ...]

    def rename(self, names: Names) -> Names:
        """Add the names."""
        return replace(names, numbers=names.numbers + self.names)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Look up; what is missing stays missing."""
        if block.numbers is None:
            return block
        made = [block.numbers]
        for column in self.hours:
            minutes = run.do("Mul", run.take(block.numbers, [column]), _number(run, 60.0))
            made += _around(run, minutes, _circle(np.arange(_MINUTES), _MINUTES))
        for column in self.weekdays:
            made += _around(run, run.take(block.numbers, [column]), _circle(np.arange(_DAYS), _DAYS))
        for column in self.months:
            month = run.do("Mul", run.take(block.numbers, [column]), _number(run, 31.0))
            place = run.do("Sub", run.do("Add", month, run.take(block.numbers, [column + 1])), _number(run, 32.0))
            days = np.array([start + day for start in _MONTH_STARTS for day in range(31)])
            made += _around(run, place, _circle(days, _YEAR))
        return replace(block, numbers=run.join(made))


def fit_cyclic(recipe: Recipe, seen: Seen) -> Cyclic | None:
    """Find the parts of datetimes that differ between the training rows."""
    names, numbers = seen.names.numbers, seen.block.numbers
    if not recipe.cyclic or numbers is None:
        return None
    parts = {part: place for place, part in enumerate(DATETIME_PARTS)}
    found: dict[str, list[int]] = {"hour": [], "weekday": [], "month": []}
    for first, name in enumerate(names):
        column = name.removesuffix(f".{DATETIME_PARTS[0]}")
        whole = tuple(f"{column}.{part}" for part in DATETIME_PARTS)
        if names[first : first + len(whole)] != whole:
            continue
        for part, places in found.items():
            values = numbers[:, first + parts[part]]
            if len(np.unique(values[~np.isnan(values)])) > 2:
                places.append(first + parts[part])
    made = tuple(
        f"{names[place].removesuffix('.month')}{'.year' if part == 'month' else ''} {wave}"
        for part, places in found.items()
        for place in places
        for wave in ("sine", "cosine")
    )
    return Cyclic(tuple(found["hour"]), tuple(found["weekday"]), tuple(found["month"]), made) if made else None


def _circle(places: NDArray[np.int64], length: int) -> NDArray[np.float32]:
    """Return sine and cosine, shape (2, places)."""
    angle = 2.0 * np.pi * places / length
    return np.stack([np.sin(angle), np.cos(angle)]).astype(np.float32)


def _around(run: Operations[Tensor], values: Tensor, table: NDArray[np.float32]) -> list[Tensor]:
    """Look up the entries at the whole numbers below the values, held to the table; a missing one stays missing."""
    missing = run.do("IsNaN", values)
    known = run.do("Where", missing, _number(run, 0.0), run.do("Floor", values))
    inside = run.do("Min", run.do("Max", known, _number(run, 0.0)), _number(run, table.shape[1] - 1.0))
    places = run.as_place(inside)
    return [run.do("Where", missing, _number(run, np.nan), run.lookup(run.constant(row), places)) for row in table]


def _number(run: Operations[Tensor], value: float) -> Tensor:
    return run.constant(np.array([[value]], np.float32))

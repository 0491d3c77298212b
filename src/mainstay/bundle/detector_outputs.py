"""What the answers of an anomaly detector mean: how members blend, what a score is worth, and when it is an alarm."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from mainstay.contracts.alarms import Alarm, Calibration  # noqa: TC001 - msgspec reads the annotations
from mainstay.contracts.anomalies import Reference, Scale
from mainstay.contracts.errors import UsageError
from mainstay.contracts.usual import UsualColumn  # noqa: TC001 - msgspec reads the annotations

__all__ = ["DetectorMember", "DetectorOutputs"]

_MOST_CELLS = 100_000


class DetectorMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member of a blend, as the answers need it; the rest of it is in the graph.

    Parameters
    ----------
    name : str
        As in the catalogue.
    weight : float
        Its part of the blend, 0 or more.
    scores : tuple of float
        Raw scores, rising strictly; one at least.
    levels : tuple of float
        The level of each, rising, 0 or more.

    Raises
    ------
    UsageError
        When scores and levels do not rise together, or a number is not finite.

    Examples
    --------
    >>> DetectorMember(name="knn", weight=1.0, scores=(0.0, 2.0), levels=(0.0, 3.0)).scale.level(np.array([1.0]))
    array([1.5])
    """

    name: str
    weight: float
    scores: tuple[float, ...]
    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = (self.weight, *self.scores, *self.levels)
        if not self.name or not all(map(math.isfinite, numbers)) or min(self.weight, *self.levels, 0.0) < 0:
            raise UsageError(
                f"a member needs a name, a weight and levels of at least 0, and finite scores; {self.name!r} has not",
                where="outputs",
            )
        _ = self.scale

    @property
    def scale(self) -> Scale:
        """From its raw scores to levels."""
        return Scale(np.array(self.scores, np.float64), np.array(self.levels, np.float64))


class DetectorOutputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer of an anomaly detector means.

    Parameters
    ----------
    task : "anomaly_detection"
    members : tuple of DetectorMember
        In the order of the graph's scores; the weights sum to 1.
    columns : tuple of str
        The columns that reasons may name, in the order of the graph's terms.
    reference : {"contaminated", "clean"}
        Whether the rows that it learned from may hold anomalies.
    calibration : Calibration
        From the blended score to a p-value.
    alarm : Alarm
        Which scores are flagged, and what is guaranteed of that.
    usual : tuple of UsualColumn, default ()
        What is usual of the columns, for reasons.
    rows : int, default 0
        How many rows it learned from; 0 where that is not known.

    Raises
    ------
    UsageError
        When there is no member, the weights do not sum to 1, or names come twice.

    Examples
    --------
    >>> one = DetectorMember(name="knn", weight=1.0, scores=(0.0, 2.0), levels=(0.0, 3.0))
    >>> outputs = DetectorOutputs(
    ...     members=(one,), columns=("amount", "country"), reference="clean",
    ...     calibration=Calibration(kind="conformal", scores=(0.1, 0.5)), alarm=Alarm(rule="rate", amount=0.1, cut=0.5),
    ... )
    >>> outputs.graph_outputs
    {'members': ('float64', 1), 'terms': ('float64', 2)}
    """

    task: Literal["anomaly_detection"] = "anomaly_detection"
    members: tuple[DetectorMember, ...]
    columns: tuple[str, ...]
    reference: Reference
    calibration: Calibration
    alarm: Alarm
    usual: tuple[UsualColumn, ...] = ()
    rows: int = 0

    def __post_init__(self) -> None:
        total = sum(member.weight for member in self.members)
        if not self.members or not math.isclose(total, 1.0, rel_tol=0, abs_tol=1e-6):
            raise UsageError(
                f"a detector needs members whose weights sum to 1, and {len(self.members)} of {total:g} came",
                where="outputs",
            )
        names = [member.name for member in self.members], [column.name for column in self.usual], list(self.columns)
        if not self.columns or any(len(set(some)) != len(some) for some in names):
            raise UsageError(
                "a detector needs columns, and no name of one or of a member may come twice", where="outputs"
            )
        if len(self.members) * len(self.columns) > _MOST_CELLS or self.rows < 0:
            raise UsageError(
                f"{len(self.members)} members over {len(self.columns)} columns are more than {_MOST_CELLS:,} terms, "
                f"or {self.rows} rows are less than none",
                where="outputs",
            )
        cut = self.alarm.cut
        if cut is not None and not math.isfinite(cut):
            if cut != math.inf:
                raise UsageError(f"the cut of an alarm must be a number, and {cut} came", where="outputs")
            # JSON has no infinity; one word for "never" keeps a record equal to what comes back from the file.
            msgspec.structs.force_setattr(self, "alarm", msgspec.structs.replace(self.alarm, cut=None))

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the members."""
        return tuple(member.weight for member in self.members)

    @property
    def graph_outputs(self) -> dict[str, tuple[str, int]]:
        """The outputs that a model graph must have: name, element type and width."""
        count = len(self.members)
        return {"members": ("float64", count), "terms": ("float64", count * len(self.columns))}

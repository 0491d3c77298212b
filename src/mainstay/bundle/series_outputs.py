"""What the answers of a series detector mean: as those of any detector, and how a stretch of rows is laid out first."""

from __future__ import annotations

from typing import Literal

from mainstay.bundle.detector_outputs import DetectorOutputs
from mainstay.contracts.errors import UsageError
from mainstay.contracts.series import SeriesPlan  # noqa: TC001 - msgspec reads the annotations

__all__ = ["SeriesOutputs"]

_VIEWS = ("own", "left over", "movement", "shape")


class SeriesOutputs(DetectorOutputs, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer of a series detector means.

    Parameters
    ----------
    task : "series_anomaly_detection"
    time : str
        The column of times.
    views : tuple of str
        What each member sees of a row of the graph's input; "own" is one point, the others are windows.
    plan : SeriesPlan
        How rows become windows.

    Raises
    ------
    UsageError
        When views or plan do not fit the members or columns.
    """

    task: Literal["series_anomaly_detection"] = "series_anomaly_detection"  # type: ignore[assignment]  # a task of its own
    time: str
    views: tuple[str, ...]
    plan: SeriesPlan

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.views) != len(self.members) or not set(self.views) <= set(_VIEWS):
            raise UsageError(f"each member of a series needs a view of {', '.join(_VIEWS)}", where="outputs")
        if self.plan.columns != len(self.columns) or not self.time:
            raise UsageError("a series needs a plan for each of its columns, and a column of times", where="outputs")

    @property
    def graph_inputs(self) -> dict[str, int | None]:
        """The inputs that a model graph must have: rows of windows, not of the table."""
        return {"numbers": self.plan.columns * (1 + 3 * self.plan.bins)}

"""What a detection returns: the model, opened from its file, and of each row its score, p-value, flag and reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.answers import with_answers
from mainstay.lifecycle.outputs import write_frame, write_output
from mainstay.lifecycle.results import Result

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.lifecycle.model import Model

__all__ = ["DetectResult"]

_ENDINGS = (".mainstay", ".html", ".csv", ".parquet")
_SHOWN = 10


@dataclass(frozen=True, repr=False)
class DetectResult(Result):
    """Rows with alarms, and the model that judges new ones.

    Parameters
    ----------
    figures : dict
        ``{rows, flagged, alarm, guarantee, reference, metrics, top, columns, findings, bundle, digest, seconds, ...}``.
        ``metrics`` is empty without labels. A ``row`` in ``top``, ``ask`` and ``findings`` is counted from 1, the
        header not counted; ``scores``, ``flagged`` and ``answers`` are in the order of the rows, from 0.
    model : Model
        The bundle, opened.
    answers : polars.DataFrame
        ``score``, ``p_value``, ``flagged`` and ``reason`` of each row; null where a row was refused.
    rows : polars.DataFrame
        The rows that came.
    ask : polars.DataFrame, optional
        The rows whose labels would help most, with an empty column ``label`` to be filled in.
    interrupted : bool
        Whether the run was ended early by Ctrl-C; what it had found was kept.
    """

    model: Model
    answers: pl.DataFrame = field(repr=False)
    rows: pl.DataFrame = field(repr=False)
    ask: pl.DataFrame | None = field(default=None, repr=False)
    interrupted: bool = False

    @property
    def scores(self) -> NDArray[np.float64]:
        """How odd each row is, higher for odder; NaN where a row was refused."""
        import numpy as np

        return self.answers.get_column("score").fill_null(np.nan).to_numpy()

    @property
    def p_values(self) -> NDArray[np.float64]:
        """The share of usual rows that look at least as odd; NaN where a row was refused."""
        import numpy as np

        return self.answers.get_column("p_value").fill_null(np.nan).to_numpy()

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Which rows are alarms."""
        return self.answers.get_column("flagged").fill_null(value=False).to_numpy()

    @property
    def reasons(self) -> list[str | None]:
        """Of each flagged row why, in one sentence; None of the others."""
        return self.answers.get_column("reason").to_list()

    @property
    def frame(self) -> pl.DataFrame:
        """The rows with their answers."""
        return with_answers(self.rows, self.answers)

    @property
    def report(self) -> str:
        """The report as an HTML page."""
        return self.model.report

    def headline(self) -> str:
        """Return how many rows are flagged, and what holds for them."""
        figures = self.figures
        windows = figures.get("windows")
        count = "" if windows is None else f"{len(windows):,} window{'' if len(windows) == 1 else 's'}: "
        rows = f"{figures['flagged']:,} of {figures['rows']:,} rows flagged ({figures['alarm']})"
        return f"{count}{rows}. {figures['guarantee']}"

    def table(self) -> list[tuple[str, ...]]:
        """Return the oddest rows with their reasons."""
        rows = [
            (f"{one['row']:,}", f"{one['score']:.3g}", f"{one['p_value']:.2g}", one["reason"] or "")
            for one in self.figures["top"][:_SHOWN]
        ]
        return [("row", "score", "p-value", "reason"), *rows]

    def save(self, path: str | Path) -> Path:
        """Write the bundle (``.mainstay``), the report (``.html``), or the rows with answers (``.csv``, ``.parquet``).

        Raises
        ------
        UsageError
            When the file has another ending, or cannot be written.
        """
        place = Path(path)
        if place.suffix.lower() not in _ENDINGS:
            raise UsageError(
                f"alarms are written as .mainstay, .html, .csv or .parquet, and {place.name!r} came", where="out"
            )
        if place.suffix.lower() in (".csv", ".parquet"):
            write_frame(self.frame, place)
        else:
            write_output(place, self.model, None)
        return place

"""What clustering returns: the model, opened from its file, the group of each row, and what the groups are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.words import percent
from mainstay.lifecycle.outputs import write_output
from mainstay.lifecycle.results import Result

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.lifecycle.model import Model
    from mainstay.segments.photo import PhotoSegments

__all__ = ["ClusterResult", "SegmentResult"]


@dataclass(frozen=True, repr=False)
class ClusterResult(Result):
    """Groups of rows, and the model that assigns new ones.

    Parameters
    ----------
    figures : dict
        ``{k, verdict, sentence, curve, clusters, method, stability, rows, bundle, outputs, digest, seconds, ...}``.
    model : Model
        The bundle, opened.
    labels : int64 array
        The group of each row of the data, in their order, 0 for the largest group; -1 where a row is in none.
    frame : polars.DataFrame
        The rows that came.
    interrupted : bool
        Whether the run was ended early by Ctrl-C; what it had found was kept.
    """

    model: Model
    labels: NDArray[np.int64]
    frame: pl.DataFrame = field(repr=False)
    interrupted: bool = False

    @property
    def k(self) -> int:
        """How many groups there are."""
        return int(self.figures["k"])

    @property
    def verdict(self) -> str:
        """Whether there is one clear number of groups, several plausible ones, or no structure."""
        return str(self.figures["verdict"])

    @property
    def curve(self) -> list[dict[str, Any]]:
        """The curve of K-means: for each k its inertia, silhouette and other criteria."""
        return list(self.figures["curve"])

    @property
    def clusters(self) -> list[dict[str, Any]]:
        """The groups, the largest first: cluster, name, rows, share, profile, rule, typical."""
        return list(self.figures["clusters"])

    @property
    def report(self) -> str:
        """The report as an HTML page."""
        return self.model.report

    def headline(self) -> str:
        """Return how many groups there are, and the verdict."""
        figures = self.figures
        groups = "1 group" if figures["k"] == 1 else f"{figures['k']} groups"
        return f"{groups} by {figures['method']}; {figures['verdict']}: {figures['sentence']}"

    def table(self) -> list[tuple[str, ...]]:
        """Return the groups with their rules."""
        rows = [
            (
                str(one["cluster"]),
                f"{one['rows']:,}",
                percent(one["share"]),
                one["name"],
                one["rule"] or "no short rule",
            )
            for one in self.figures["clusters"]
        ]
        return [("group", "rows", "share", "name", "found by"), *rows]

    def save(self, path: str | Path) -> Path:
        """Write the bundle (``.mainstay``), the report (``.html``), or the rows with answers (``.csv``, ``.parquet``).

        Raises
        ------
        UsageError
            When the file has another ending, or cannot be written.
        """
        place = Path(path)
        if place.suffix.lower() not in (".mainstay", ".html", ".csv", ".parquet"):
            raise UsageError(
                f"groups are written as .mainstay, .html, .csv or .parquet, and {place.name!r} came", where="out"
            )
        write_output(place, self.model, self.frame)
        return place


@dataclass(frozen=True, repr=False)
class SegmentResult(Result):
    """The main colours of a picture.

    Parameters
    ----------
    figures : dict
        ``{k, verdict, sentence, width, height, different_colours, space, colours: [{colour, rgb, share}], curve,
        outputs, seconds}``.
    segments : PhotoSegments
    interrupted : bool
        Whether the run was ended early by Ctrl-C; what it had found was kept.
    """

    segments: PhotoSegments
    interrupted: bool = False

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The colour of each pixel, shape (height, width), 0 for the most frequent."""
        return self.segments.labels

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture with each pixel in the colour of its group, shape (height, width, 3)."""
        return self.segments.image()

    def headline(self) -> str:
        """Return how many colours there are, and why."""
        return f"{self.figures['k']} colours; {self.figures['sentence']}"

    def table(self) -> list[tuple[str, ...]]:
        """Return the colours and their shares."""
        rows = [(one["colour"], f"{one['share']:.1%}") for one in self.figures["colours"]]
        return [("colour", "share"), *rows]

    def save(self, path: str | Path) -> Path:
        """Write the picture: ``.png``, or another usual ending."""
        self.segments.save(path)
        return Path(path)

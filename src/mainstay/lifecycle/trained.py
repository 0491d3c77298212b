"""What training returns: the model, opened from its file, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mainstay.lifecycle.results import Result, in_words

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.lifecycle.model import Model

__all__ = ["TrainResult"]


@dataclass(frozen=True, repr=False)
class TrainResult(Result):
    """A trained model and how good it is.

    Parameters
    ----------
    figures : dict
        ``{bundle, digest, task, target, metric, metrics, leaderboard, rows, seconds, ...}``.
    model : Model
        The bundle, opened.
    interrupted : bool
        Whether the search was ended early by Ctrl-C; the best model so far was kept.
    """

    model: Model
    interrupted: bool = False

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """The candidates, best first: name, value, low, high, seconds, status."""
        return list(self.figures["leaderboard"])

    @property
    def report(self) -> str:
        """The report as an HTML page."""
        return self.model.report

    def headline(self) -> str:
        """Return the score with its interval, and the rows it was measured on."""
        metric, rows = self.figures["metric"], self.figures["rows"]
        return f"{metric['name']} {in_words(metric)} on {rows['test']:,} rows that no choice has seen"

    def table(self) -> list[tuple[str, ...]]:
        """Return the leaderboard."""
        rows = [
            (one["name"], in_words(one) if one["value"] is not None else "", f"{one['seconds']:.1f}", one["status"])
            for one in self.figures["leaderboard"]
        ]
        return [("model", self.figures["metric"]["name"], "seconds", "status"), *rows]

    def save(self, path: str | Path) -> Path:
        """Write the bundle."""
        return self.model.save(path)

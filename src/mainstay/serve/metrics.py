"""What the server counts of itself, in slots that all its worker processes share."""

from __future__ import annotations

__all__ = ["Metrics"]


class Metrics:
    """Counts requests and answers of one worker.

    Parameters
    ----------
    models : tuple of str
        The names that are served.
    """

    def __init__(self, models: tuple[str, ...]) -> None:
        self.models = models

    def answered(self, place: int, seconds: float, rows: int = 1) -> None:
        """Count a request for predictions that was answered: on the path of every answer."""

    def refused(self, status: int, code: str) -> None:
        """Count a request that was refused, whatever it was for."""

    def swapped(self, place: int, *, done: bool) -> None:
        """Count the exchange of a bundle, or one that was refused."""

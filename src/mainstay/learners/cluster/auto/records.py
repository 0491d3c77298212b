"""What a comparison of clustering methods leaves behind: the winner, and what spoke for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering

    Doubles = NDArray[np.float64]

__all__ = ["Comparison", "MethodChoice"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one method did on the sample.

    Parameters
    ----------
    name : str
        As in the catalogue.
    k : int
        How many groups it made.
    cut : float
        The part of its links to near neighbours that a group loses to others, the mean over groups, 0 to 1; the
        method with the least is chosen.
    stability : float
        The mean adjusted Rand index of groups found on random parts of the sample; NaN where time was short.
    seconds : float
        How long its fit took.
    """

    name: str
    k: int
    cut: float
    stability: float
    seconds: float


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """The method that was chosen among several.

    Parameters
    ----------
    name : str
        As in the catalogue.
    clustering : Clustering
        Of all rows.
    compared : tuple of Comparison
        Every method that was run, the chosen one first, then by rising cut.
    agreement : float64 array of shape (methods, methods)
        The adjusted Rand index between the groups of each two methods on the sample, in the order of ``compared``.
    reasons : tuple of str
        Why the number of groups and the method were chosen, in plain words.
    skipped : tuple of str, default ()
        The methods that were not run, or failed, with the reason.
    """

    name: str
    clustering: Clustering
    compared: tuple[Comparison, ...]
    agreement: Doubles
    reasons: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    @property
    def stability(self) -> dict[str, float]:
        """Each method's stability, by name."""
        return {one.name: one.stability for one in self.compared}

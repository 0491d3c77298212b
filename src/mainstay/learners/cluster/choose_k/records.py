"""What is answered when somebody asks how many clusters there are: a number, a verdict, and what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mainstay.learners.cluster.choose_k.agreement import agreement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Choice", "Evidence", "Verdict"]

_DEEP = 0.8

Verdict = Literal["one clear k", "several plausible k", "no structure"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one criterion says.

    Parameters
    ----------
    name : str
        "valleys", "gap", "stability", "silhouette", "calinski_harabasz", "davies_bouldin", "bic" or "knee".
    k : int or None
        The number of clusters that it speaks for; None where it has no opinion.
    sentence : str
        The same in plain words, with its figures.
    curve : float64 array of shape (k_max,)
        Its value at k = 1, 2, ...; NaN where there is none.
    """

    name: str
    k: int | None
    sentence: str
    curve: Doubles


@dataclass(frozen=True, slots=True)
class Choice:
    """How many clusters there are, and why.

    Parameters
    ----------
    k : int
        The number to go on with; 1 where there is no structure.
    verdict : {"one clear k", "several plausible k", "no structure"}
    plausible : tuple of int
        Every k that the evidence allows, by size; ``k`` is among them.
    sentence : str
        The verdict in plain words.
    evidence : tuple of Evidence
        One for each criterion.
    knee : int or None
        Where the elbow of the inertia bends; for the picture, it decides nothing.
    gap, gap_error : float64 arrays of shape (k_max,)
        The gap statistic at k = 1, 2, ... with its standard error; NaN where the time did not allow it.
    stability : float64 array of shape (k_max,)
        The mean adjusted Rand index between clusterings of two halves of the rows; NaN at k = 1.
    looked_at : int64 array of shape (m,)
        The positions of the rows that were looked at.
    hill : int64 array of shape (m,)
        The hill of density, 0 to k - 1, of each of them; all 0 where none is parted from the others.
    depth : float
        How far the density falls at least between two of the k hills, 0 to 1; 0 where there is one.
    """

    k: int
    verdict: Verdict
    plausible: tuple[int, ...]
    sentence: str
    evidence: tuple[Evidence, ...]
    knee: int | None
    gap: Doubles
    gap_error: Doubles
    stability: Doubles
    looked_at: Whole
    hill: Whole
    depth: float

    @property
    def clear(self) -> bool:
        """Whether no other number is plausible, and next to nothing lies between the hills."""
        return self.verdict == "one clear k" and self.depth >= _DEEP

    def same_as(self, groups: Whole) -> float:
        """Return the adjusted Rand index between the hills and groups of the rows that were looked at.

        Parameters
        ----------
        groups : int64 array of shape (m,)
            In the order of ``looked_at``.
        """
        return agreement(self.hill, groups)

    def __getitem__(self, name: str) -> Evidence:
        """Return the evidence of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        for one in self.evidence:
            if one.name == name:
                return one
        raise KeyError(name)

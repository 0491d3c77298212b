"""How many groups the density of the points shows, for methods that must be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.learners.cluster.density_peaks import peaks_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["number_of_groups"]


def number_of_groups(points: NDArray[np.float64], weight: NDArray[np.float64]) -> int:
    """Return how many hills of density stand out more than hills of chance do; 1 where there is no structure.

    Parameters
    ----------
    points : float64 array of shape (m, d)
        All different.
    weight : float64 array of shape (m,)

    Examples
    --------
    >>> import numpy as np
    >>> number_of_groups(np.random.default_rng(0).random((100, 2)), np.ones(100))
    1
    """
    return peaks_of(points, weight).standing_out

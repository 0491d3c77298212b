"""Where the elbow of a falling curve bends, for people who look for it; uniform data have a bend too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["knee_of"]


def knee_of(inertia: NDArray[np.float64]) -> int | None:
    """Return the k at which a falling curve is farthest below the line from its first to its last point.

    Parameters
    ----------
    inertia : float64 array of shape (k_max,)
        At k = 1, 2, ...

    Returns
    -------
    int or None
        None where the curve has no bend: fewer than three points, or none below the line by more than a hundredth of
        its height.

    References
    ----------
    Satopaa, Albrecht, Irwin, Raghavan (2011), "Finding a 'Kneedle' in a Haystack", doi:10.1109/ICDCSW.2011.20.

    Examples
    --------
    >>> knee_of(np.array([100.0, 40.0, 8.0, 6.0, 5.0]))
    3
    """
    height = inertia[0] - inertia[-1] if len(inertia) else 0.0
    if len(inertia) < 3 or not height > 0:
        return None
    along = np.linspace(0.0, 1.0, len(inertia))
    below = 1.0 - along - (inertia - inertia[-1]) / height
    at = int(below.argmax())
    return at + 1 if below[at] > 0.01 else None

"""Finds that the target is a sum, a difference or a product of a few columns: then it is known, not predicted.

Casual and registered riders add up to all riders; fare, tip and tolls add up to the total. Columns are chosen one
by one, each the one that explains most of what is left, so that the formula shown is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Formula", "find_formula"]

_MOST_TERMS = 6
_MOST_COLUMNS = 60
_EXACT = 0.999999
_NEAR = 0.99
_NEAR_ONE = 0.05
_ABOUT_ONE = 0.25
_LEAST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Formula:
    """The target as a combination of columns.

    Parameters
    ----------
    kind : {"sum", "product"}
    terms : tuple of (str, float)
        Columns with their factors, or with their powers for a product.
    explained : float
        The share of the variance of the target (of its logarithm, for a product) that it tells.
    exact : bool
        Whether nothing but rounding is left.
    """

    kind: str
    terms: tuple[tuple[str, float], ...]
    explained: float
    exact: bool

    def text(self) -> str:
        """Return the formula for a person.

        Examples
        --------
        >>> Formula("sum", (("casual", 1.0), ("returns", -0.5)), 1.0, True).text()
        'casual - 0.5 returns'
        """
        if self.kind == "product":
            over = [name for name, power in self.terms if power < 0]
            above = [name for name, power in self.terms if power > 0] or ["1"]
            return " * ".join(above) + "".join(f" / {name}" for name in over)
        parts = []
        for place, (name, factor) in enumerate(self.terms):
            size = "" if abs(abs(factor) - 1) < _NEAR_ONE else f"{abs(factor):.4g} "
            sign = ("-" if factor < 0 else "") if place == 0 else (" - " if factor < 0 else " + ")
            parts.append(f"{sign}{size}{name}")
        return "".join(parts)


def find_formula(columns: Mapping[str, NDArray[np.float64]], target: NDArray[np.float64]) -> Formula | None:
    """Return the formula of at least two columns that gives the target, or None.

    It counts where it tells over 99.9999 % of the variance, or where the plain sum or difference of the columns
    tells over 99 %.

    Parameters
    ----------
    columns : mapping from name to float64 array of shape (n,)
        NaN where missing; columns with over a fifth missing are not used.
    target : float64 array of shape (n,)

    Returns
    -------
    Formula or None

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.random(200), rng.random(200)
    >>> find_formula({"a": a, "b": b}, a - b).text()
    'a - b'
    """
    names = [name for name, values in columns.items() if np.isfinite(values).mean() > 0.8][:_MOST_COLUMNS]
    if len(names) < 2:
        return None
    matrix = np.column_stack([columns[name] for name in names])
    rows = np.isfinite(matrix).all(axis=1)
    if rows.sum() < max(_LEAST_ROWS, len(target) // 2):
        return None
    matrix, target = matrix[rows, :], target[rows]
    return _search(matrix, target, names, "sum") or _product(matrix, target, names)


def _product(matrix: NDArray[np.float64], target: NDArray[np.float64], names: list[str]) -> Formula | None:
    positive = (matrix > 0).mean(axis=0) > 0.9
    chosen = [name for name, kept in zip(names, positive, strict=True) if kept]
    if len(chosen) < 2 or (target > 0).mean() < 0.9:
        return None
    rows = (matrix[:, positive] > 0).all(axis=1) & (target > 0)
    if int(rows.sum()) < max(_LEAST_ROWS, len(target) // 2):
        return None
    return _search(np.log(matrix[rows][:, positive]), np.log(target[rows]), chosen, "product")


def _search(matrix: NDArray[np.float64], target: NDArray[np.float64], names: list[str], kind: str) -> Formula | None:
    """Choose columns one by one (orthogonal matching pursuit, Pati and others 1993, doi:10.1109/ACSSC.1993.342465)."""
    spread = matrix.std(axis=0)
    kept = np.flatnonzero(spread > 1e-9 * (np.abs(matrix).max(axis=0) + 1e-300))
    total = float(((target - target.mean()) ** 2).sum())
    if len(kept) < 2 or total <= 0:
        return None
    scaled = (matrix[:, kept] - matrix[:, kept].mean(axis=0)) / spread[kept]
    centred = target - target.mean()
    chosen: list[int] = []
    rest = centred
    best: Formula | None = None
    for _ in range(min(_MOST_TERMS, len(kept))):
        pull = np.abs(scaled.T @ rest)
        pull[chosen] = -1
        chosen.append(int(np.argmax(pull)))
        factors = np.linalg.lstsq(scaled[:, chosen], centred, rcond=None)[0]
        rest = centred - scaled[:, chosen] @ factors
        explained = 1 - float(rest @ rest) / total
        sizes = factors / spread[kept][chosen]
        used = [names[kept[place]] for place in chosen]
        if explained >= _EXACT:
            return _exact(kind, used, sizes, explained) or best
        if kind == "sum" and bool((np.abs(np.abs(sizes) - 1) < _ABOUT_ONE).all()):
            left = centred - (matrix[:, kept[chosen]] @ np.sign(sizes))
            best = _near(used, np.sign(sizes), 1 - float(left.var()) * len(left) / total) or best
    return best


def _exact(kind: str, names: list[str], sizes: NDArray[np.float64], explained: float) -> Formula | None:
    """Return the formula, unless one column is a mere copy, or the powers of a product are not 1 and -1."""
    ones = bool((np.abs(np.abs(sizes) - 1) < _NEAR_ONE).all())
    if len(names) < 2 or (kind == "product" and not ones):
        return None
    return Formula(kind, tuple(zip(names, sizes.tolist(), strict=True)), explained, exact=True)


def _near(names: list[str], signs: NDArray[np.float64], explained: float) -> Formula | None:
    """Return the plain sum where it leaves a small rest only, such as fees that are in no column."""
    if len(names) < 2 or explained < _NEAR:
        return None
    return Formula("sum", tuple(zip(names, signs.tolist(), strict=True)), explained, exact=False)

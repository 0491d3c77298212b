"""Small tables with every trap, made from a seed, on which the contract checks stand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mainstay.contracts.arrays import Arrays, Features, Terms
from mainstay.contracts.learner import Target

__all__ = ["amounts", "classes", "decoded_rows", "feature_rows"]

_LEVELS = 9


def feature_rows(rows: int, *, missing: bool, codes: bool, seed: int = 1) -> Features:
    """Return five number features and one of category codes.

    Parameters
    ----------
    rows : int
    missing : bool
        Whether a tenth of the numbers is NaN.
    codes : bool
        Whether the last feature is said to be categorical; it holds codes 0..8, and others with another seed.
    seed : int, default 1
    """
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, 6)).astype(np.float32)
    matrix[:, 1] = np.round(matrix[:, 1] * 2)  # ties
    matrix[:, 2] *= 1000
    matrix[:, 5] = chance.integers(0, _LEVELS + 3 * (seed != 1), rows)
    if missing:
        matrix[:, :5][chance.random((rows, 5)) < 0.1] = np.nan
    names = ("alpha", "beta", "gamma", "delta", "epsilon", "city")
    return Features(matrix, names, (5,) if codes else ())


def amounts(features: Features) -> Target:
    """Return amounts that the features explain in part."""
    return Target("regression", _signal(features) * 10.0 + 3.0)


def classes(features: Features, count: int) -> Target:
    """Return classes of equal size that the features explain in part; each has rows."""
    signal = _signal(features)
    codes = np.argsort(np.argsort(signal, kind="stable"), kind="stable") * count // len(signal)
    return Target("classification", codes.astype(np.int64), count)


def decoded_rows(rows: int, *, seed: int = 1, unseen: bool = False) -> Arrays:
    """Return decoded rows with every trap.

    Missing numbers, a column without any number, a constant one, one of very large numbers, missing codes, a level
    without rows, a column of one level, and with ``unseen`` codes of unseen levels; texts with repeated terms, without
    terms, and with one term that every row has.
    """
    chance = np.random.default_rng(seed)
    numbers = chance.normal(size=(rows, 6)).astype(np.float32)
    numbers[:, 1] = np.exp(numbers[:, 1] * 5)
    numbers[:, 2] = chance.integers(0, 2, rows)
    numbers[:, 3] = 7.0
    numbers[:, 4] = np.nan
    numbers[:, 5] = 1e9 + chance.integers(0, 1000, rows)
    numbers[:, :3][chance.random((rows, 3)) < 0.15] = np.nan
    levels = (4, 60, 1)
    codes = np.column_stack([chance.integers(-1, known + unseen, rows) for known in levels]).astype(np.int64)
    codes[codes[:, 0] == 2, 0] = 3  # level 2 has no rows
    names = ("a", "b", "flag", "constant", "empty", "large")
    texts = (_terms(chance, rows, 12), _terms(chance, rows, 60))
    return Arrays(numbers, names, codes, ("city", "zip", "one"), levels, texts, ("title", "body"), (1100, 1100))


def _terms(chance: np.random.Generator, rows: int, most: int) -> Terms:
    """Return lists of up to as many terms, the frequent ones with small numbers; the last row has none."""
    lengths = chance.integers(0, most, rows)
    lengths[-1:] = 0
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = np.minimum(chance.geometric(0.02, starts[-1]), 1099).astype(np.int32)
    for start, end in pairwise(starts):
        ids[start : start + 1] = 7
        ids[start:end].sort()
    return Terms(starts, ids)


def _signal(features: Features) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    known = np.nan_to_num(features.matrix.astype(np.float64), nan=0.5)
    noise = np.random.default_rng(0).normal(size=len(known)) * 0.3
    return known[:, 0] - known[:, 1] ** 2 / 4 + np.isin(known[:, 5], [1, 4, 7]) * 1.5 + noise

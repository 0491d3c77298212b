"""The same Shapley values of trees for a few rows: nothing is tabulated, so the first row does not wait for a table.

``explain_trees`` makes tables for every leaf and every cell, which pays for thousands of rows; a server is asked about
one. Here each row goes through all ways to all leaves at once, with the same integral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.explain_paths import Paths

__all__ = ["FewRows"]


class FewRows:
    """A sum of trees, ready to be explained row by row.

    Parameters
    ----------
    paths : Paths
        The ways to all leaves.
    values : float64 array of shape (leaves, outputs)
        The votes of each leaf.
    """

    def __init__(self, paths: Paths, values: NDArray[np.float64]) -> None:
        self._paths = paths
        self._members = _flat(paths)
        asked = paths.feature[paths.step_node]
        width = int(asked.max(initial=0)) + 1
        # A way may ask a feature more than once: one pair of leaf and feature for all of them.
        pairs, self._pair = np.unique(paths.step_leaf * width + asked, return_inverse=True)
        leaf, self._feature = np.divmod(pairs, width)
        share = paths.share[paths.step_node]
        self._ratio = np.ones(len(pairs))
        np.multiply.at(self._ratio, self._pair, np.where(paths.step_true, share, 1.0 - share))
        self._starts = np.flatnonzero(np.diff(leaf, prepend=-1))
        self._lengths = np.diff(np.append(self._starts, len(pairs)))
        self._votes = values[leaf]
        nodes, weights = np.polynomial.legendre.leggauss(max(1, -(-int(self._lengths.max(initial=1)) // 2)))
        self._nodes, self._weights = (nodes + 1) / 2, weights / 2

    def contributions(self, matrix: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
        """Return what each feature adds for each row, as arrays of shape (outputs, n).

        Parameters
        ----------
        matrix : float64 array of shape (n, width)
            The features that the trees read.
        """
        width, outputs = matrix.shape[1], self._votes.shape[1]
        total = np.zeros((len(matrix), outputs, width))
        for at, row in enumerate(matrix):
            pushes = self._pushes(row)
            for output in range(outputs):
                total[at, output] = np.bincount(self._feature, pushes * self._votes[:, output], width)
        return {int(one): np.ascontiguousarray(total[:, :, one].T) for one in np.unique(self._feature)}

    def _pushes(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much of its leaf's vote each pair of leaf and feature is given."""
        missed = self._answers(row)[self._paths.step_node] != self._paths.step_true
        stays = np.bincount(self._pair, missed, len(self._ratio)) == 0
        pushes = np.zeros(len(self._ratio))
        for node, weight in zip(self._nodes, self._weights, strict=True):
            factor = self._ratio * (1.0 - node)
            factor[stays] += node
            whole = np.multiply.reduceat(factor, self._starts) if len(factor) else factor
            pushes += np.repeat(weight * whole, self._lengths) / factor
        return np.asarray(pushes * (stays - self._ratio), np.float64)

    def _answers(self, row: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return what every node's question says about a row."""
        paths = self._paths
        values = row[paths.feature]
        answers = np.zeros(len(values), np.bool_)
        for mode in np.unique(paths.mode):
            here = np.flatnonzero(paths.mode == mode)
            answers[here] = paths.compared(int(mode), values[here], paths.split[here])
        owner, member = self._members
        if len(owner):
            answers[owner[values[owner] == member]] = True
        return answers | (np.isnan(values) & paths.missing_true)


def _flat(paths: Paths) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return all codes that nodes ask for, end to end, and whose each is."""
    if not paths.members:
        return np.empty(0, np.int64), np.empty(0)
    owner = np.repeat(list(paths.members), [len(codes) for codes in paths.members.values()])
    return owner.astype(np.int64), np.concatenate(list(paths.members.values()))

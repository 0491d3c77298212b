"""The values of a feature, cut where trees ask about it: within a cell every tree gives the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.explain_paths import Paths

__all__ = ["FeatureCells", "global_cells"]


@dataclass(frozen=True, slots=True)
class FeatureCells:
    """Where one feature is cut by all trees.

    Parameters
    ----------
    cuts : float64 array of shape (cuts,)
        Ascending. Cell i holds the values above the cut before it up to cut i, itself included; there is one more
        cell above the last cut, and one for missing values.
    """

    cuts: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many cells there are."""
        return len(self.cuts) + 2

    def of(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell of each value."""
        cells = np.searchsorted(self.cuts, values, side="left")
        cells[np.isnan(values)] = self.count - 1
        return cells.astype(np.int64)

    def local(
        self,
        paths: Paths,
        node: NDArray[np.int64],
        goes_true: NDArray[np.bool_],
        leaf: NDArray[np.int64],
        *,
        leaves: int,
    ) -> tuple[NDArray[np.uint16], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return what some steps on the ways to some leaves say about this feature.

        Returns
        -------
        code : array of shape (cells,)
            Cells that no leaf tells apart have the same code.
        satisfied : float64 array of shape (codes, leaves)
            1 where a value of that code stays on the way to the leaf.
        ratio : float64 array of shape (leaves,)
            The share of training rows that stay on the way.
        asked : bool array of shape (leaves,)
            Whether the way to the leaf asks for the feature at all.
        """
        nodes, which = np.unique(node, return_inverse=True)
        cuts = np.unique(np.searchsorted(self.cuts, np.concatenate([paths.cuts_of(one) for one in nodes])))
        samples = np.concatenate([self.cuts[cuts], [np.inf, np.nan]])
        truth = np.stack([paths.answers(one, samples) for one in nodes], axis=1)
        missed = np.zeros((len(samples), leaves), np.int32)
        np.add.at(missed.T, leaf, (truth[:, which] != goes_true).T)
        ratio, asked = np.ones(leaves), np.zeros(leaves, np.bool_)
        share = paths.share[node]
        np.multiply.at(ratio, leaf, np.where(goes_true, share, 1.0 - share))
        asked[leaf] = True
        packed = np.packbits(missed == 0, axis=1)
        kept, again = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_inverse=True)[1:]
        code = np.searchsorted(cuts, np.arange(self.count), side="left")
        code[-1] = len(samples) - 1
        return again.ravel()[code].astype(np.uint16), (missed[kept] == 0).astype(np.float64), ratio, asked


def global_cells(paths: Paths) -> dict[int, FeatureCells]:
    """Return the cells of every feature that is asked for."""
    order = np.argsort(paths.feature, kind="stable")
    features, starts = np.unique(paths.feature[order], return_index=True)
    groups = np.split(order, starts[1:])
    return {
        int(feature): FeatureCells(np.unique(np.concatenate([paths.cuts_of(node) for node in nodes])))
        for feature, nodes in zip(features, groups, strict=True)
    }

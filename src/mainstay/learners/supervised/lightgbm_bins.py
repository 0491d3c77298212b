"""The binned form of rows that LightGBM learns from, kept so that several candidates on one fold share it.

Binning is a tenth to a third of a fit on small data. The store is keyed by content, so a changed matrix never meets
the bins of what it was before, and it is small: the last few matrices, one byte per cell.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features

__all__ = ["binned"]

_KEPT = 4
_local = threading.local()


def binned(
    features: Features,
    labels: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    *,
    max_bin: int,
    like: Any = None,
) -> Any:
    """Return a LightGBM dataset of the rows with these labels and weights.

    Parameters
    ----------
    features : Features
    labels : float64 array of shape (n,)
    weight : float64 array of shape (n,), optional
    max_bin : int
        The most bins of a feature.
    like : lightgbm.Dataset, optional
        Take the bins of this one (validation rows).
    """
    # the bins of validation rows belong to those of the rows learned from, which outlive them in the store
    key = (_digest(features), max_bin, None if like is None else id(like))
    store = _store()
    if key not in store:
        store[key] = (_build(features, max_bin, like), like)
        while len(store) > _KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    dataset = store[key][0]
    dataset.set_label(labels)
    dataset.set_field("weight", weight)  # set_weight(None) would leave the weights of the last candidate in place
    return dataset


def _build(features: Features, max_bin: int, like: Any) -> Any:
    import lightgbm

    dataset = lightgbm.Dataset(
        np.ascontiguousarray(features.matrix),
        reference=like,
        categorical_feature=list(features.categorical),
        params={
            "max_bin": max_bin,
            "feature_pre_filter": False,
            "num_threads": 1,
            "verbosity": -1,
            "data_random_seed": 1,
        },
        free_raw_data=True,
    )
    return dataset.construct()


def _store() -> OrderedDict[tuple[bytes, int, int | None], tuple[Any, Any]]:
    """Return this thread's own store: labels are set on shared datasets."""
    if not hasattr(_local, "store"):
        _local.store = OrderedDict()
    store: OrderedDict[tuple[bytes, int, int | None], tuple[Any, Any]] = _local.store
    return store


def _digest(features: Features) -> bytes:
    matrix = np.ascontiguousarray(features.matrix)
    mark = blake2b(matrix.data, digest_size=16)
    mark.update(repr((matrix.shape, features.categorical)).encode())
    return mark.digest()

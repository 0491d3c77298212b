"""The rows that a bundle must answer the same for as long as it lives, and what monitoring compares new rows with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.kept_rows import altered, distributions, histogram

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema

__all__ = ["golden_rows", "reference"]

_ROWS = 24


def golden_rows(schema: Schema, frame: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return some held-out rows, raw, to be kept with their answers.

    Rows with a missing value and with words that training did not know are added, for these paths through the graph
    must keep their answers too.

    Parameters
    ----------
    schema : Schema
    frame : polars.DataFrame
        Held-out rows, raw.
    seed : int
        Draws the rows.
    """
    features = schema.features
    chosen = np.sort(np.random.default_rng(seed).choice(frame.height, min(_ROWS, frame.height), replace=False))
    rows = frame.select(column.name for column in features)[chosen].to_dicts()
    return [*rows, *altered(rows, features[:_ROWS]), {}]


def reference(arrays: Arrays, answers: NDArray[np.float64]) -> dict[str, Any]:
    """Return the distributions of the training rows and of the model's answers.

    Parameters
    ----------
    arrays : Arrays
        The training rows.
    answers : float64 array
        The bundle's answers for the held-out rows: (n, classes) or (n,).
    """
    columns = answers.reshape(len(answers), -1)
    given = [histogram(columns[:, i].astype(np.float32)) for i in range(columns.shape[1])]
    return {**distributions(arrays), "answers": given}

"""A fitted estimator into one graph over our two inputs: the walk from raw columns to answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert import boosters, encode, ensembles, kernels, linear, scale, trees
from mainstay.convert.flow import FLOAT, Raw, Scribe
from mainstay.data.decode import Decoder
from mainstay.graph.builder import GraphBuilder

if TYPE_CHECKING:
    from mainstay.contracts.schema import Schema

__all__ = ["convert_estimator"]


def convert_estimator(
    estimator: Any, raw: Raw, schema: Schema, *, order: tuple[int, ...] = (), nearest: bool = False, seed: int = 0
) -> tuple[bytes, float]:
    """Return a fitted estimator as a model graph.

    Parameters
    ----------
    estimator : object
        Fitted, of scikit-learn, LightGBM, XGBoost or CatBoost.
    raw : Raw
        Its columns, as :func:`mainstay.convert.contract.contract_of` found them.
    schema : Schema
        Whose decoded arrays the graph takes.
    order : tuple of int, default ()
        For classes: the estimator's columns in the order of the graph's; empty for a regression.
    nearest : bool, default False
        Whether float64 thresholds of trees over raw columns become the nearest float32. The default, the next below,
        gives the library's answer for every float32 value. The nearest gives the library's answer for nearly every
        float64 value, as those that lie on a threshold are rounded with it.
    seed : int, default 0
        Draws the rows on which tabulated encoders are proved.

    Returns
    -------
    (bytes, float)
        An ONNX model with the output "probabilities" (float32) or "prediction" (float64), and by how much its
        answers may differ from the library's.

    Raises
    ------
    UsageError
        Naming the part that cannot be written, and why.
    """
    decoder = Decoder(schema)
    scribe = Scribe(
        GraphBuilder(len(decoder.number_names), len(decoder.category_names)),
        steps={**encode.STEPS, **scale.STEPS},
        answers={**linear.ANSWERS, **trees.ANSWERS, **boosters.ANSWERS, **kernels.ANSWERS, **ensembles.ANSWERS},
        scores={**linear.SCORES, **trees.SCORES, **kernels.SCORES, **ensembles.SCORES},
        structures=encode.STRUCTURES,
        tabulate=encode.tabulate,
        nearest=nearest,
        seed=seed,
    )
    answer = scribe.answer(estimator, raw)
    if not order:
        stated = scribe.node("Reshape", [answer.tensor, scribe.constant(np.array([-1, 1], np.int64))])
        return scribe.builder.build({"prediction": stated}), scribe.limit
    shares = scribe.cast(scribe.columns(answer, order).tensor, FLOAT)
    return scribe.builder.build({"probabilities": shares}), scribe.limit

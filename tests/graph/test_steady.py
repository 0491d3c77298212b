"""Functions of a tensor give a row the same bits alone as among others."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.steady import padded, steady


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 3, 8, 16, 17])
@pytest.mark.parametrize("op", ["Log", "Exp", "Sin", "Tanh", "Sigmoid"])
def test_batch_equals_one_by_one(op, width, dtype):
    builder = GraphBuilder(width, 0)
    tensor = builder.node("Cast", ["numbers"], to=11) if dtype is np.float64 else "numbers"
    session = Session(builder.build({"answers": steady(builder, op, tensor, width, dtype=dtype)}))
    numbers = np.random.default_rng(0).uniform(0.1, 5, (301, width)).astype(np.float32)
    arrays = Arrays(numbers, tuple("n" * width), np.empty((301, 0), np.int64), (), ())
    whole = session.run(arrays)["answers"]
    truth = {"Log": np.log, "Exp": np.exp, "Sin": np.sin, "Tanh": np.tanh, "Sigmoid": lambda x: 1 / (1 + np.exp(-x))}
    np.testing.assert_allclose(
        whole, truth[op](numbers.astype(dtype)), rtol=0, atol=150 * (2e-7 if dtype is np.float32 else 5e-16)
    )
    for size in (1, 2, 3, 7, 100):
        parts = [session.run(arrays.take(slice(at, at + size)))["answers"] for at in range(0, 301, size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_widths():
    assert [padded(width) for width in (1, 8, 9)] == [8, 8, 16]
    with pytest.raises(UsageError, match="positive"):
        steady(GraphBuilder(1, 0), "Exp", "numbers", 0)

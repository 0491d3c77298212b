"""What people who know a table expect of it: five groups of mall customers by income and spending."""

from pathlib import Path

import numpy as np
import pytest

from mainstay.learners.cluster.choose_k import choose_k
from mainstay.learners.cluster.kmeans_path import kmeans_path

MALL = Path(__file__).resolve().parents[5] / "shared" / "data" / "mall_customers" / "Mall_Customers.csv"


@pytest.mark.skipif(not MALL.is_file(), reason="needs the shared data")
@pytest.mark.parametrize("seed", [0, 1])
def test_small_hills_of_mall_customers_are_not_joined(seed):
    columns = np.loadtxt(MALL, delimiter=",", skiprows=1, usecols=(3, 4), dtype=np.float32)
    rows = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    choice = choose_k(kmeans_path(rows, 14), rows, seed=seed)
    assert choice.k == 5

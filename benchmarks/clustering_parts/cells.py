"""The cells of the K-means benchmark: which rows, up to which k, beside whom. Each is written once as float32 .npy."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Cell:
    """One line of the benchmark; ``few`` are the k of which a quick run measures the peers."""

    name: str
    make: object
    k_max: int
    peers: tuple[str, ...]
    few: tuple[int, ...]
    seconds: str = "warm"
    silhouette: bool = False


def blobs(rows, width, centres):
    from sklearn.datasets import make_blobs

    return make_blobs(rows, width, centers=centres, random_state=1)[0]


def uniform(rows, width):
    return np.random.default_rng(0).random((rows, width), np.float32)


def customers():
    """What each customer of the shop bought: recency, orders, articles, spending, price; logarithms, standardised."""
    import polars as pl

    sold = pl.read_parquet(DATA / "online_retail" / "online_retail.parquet").filter(
        pl.col("CustomerID").is_not_null(), pl.col("Quantity") > 0, pl.col("UnitPrice") > 0
    )
    when = pl.col("InvoiceDate")
    sold = sold.with_columns(when if sold["InvoiceDate"].dtype.is_temporal() else when.str.to_datetime())
    last = sold["InvoiceDate"].max()
    table = sold.group_by("CustomerID", maintain_order=True).agg(
        (pl.lit(last) - pl.col("InvoiceDate").max()).dt.total_days().alias("recency"),
        pl.col("InvoiceNo").n_unique().alias("orders"),
        pl.col("StockCode").n_unique().alias("articles"),
        (pl.col("Quantity") * pl.col("UnitPrice")).sum().alias("spent"),
        pl.col("UnitPrice").median().alias("price"),
    )
    amounts = np.log1p(table.drop("CustomerID").to_numpy().astype(np.float64))
    return (amounts - amounts.mean(axis=0)) / amounts.std(axis=0)


def photo():
    """A photo enlarged to 12 million pixels with the grain of a sensor."""
    from PIL import Image

    with Image.open(DATA / "photos" / "china.jpg") as image:
        large = np.asarray(image.convert("RGB").resize((4240, 2830), Image.Resampling.BICUBIC), np.float32)
    grain = np.random.default_rng(0).normal(0.0, 2.0, large.shape).astype(np.float32)
    return np.clip(np.rint(large + grain), 0, 255).reshape(-1, 3)


LOOPS = ("scikit-learn 1", "intelex", "faiss")
CELLS = (
    Cell("1e6 x 32 blobs", lambda: blobs(1_000_000, 32, 50), 100, LOOPS, (2, 5, 10, 20, 40, 50, 60, 80, 100)),
    Cell("1e6 x 32 uniform", lambda: uniform(1_000_000, 32), 100, LOOPS, (2, 5, 10, 20, 40, 70, 100)),
    Cell("256k x 32 blobs", lambda: blobs(256_000, 32, 30), 32, LOOPS, (2, 4, 8, 16, 24, 32), "cold"),
    Cell("256k x 32 uniform", lambda: uniform(256_000, 32), 32, LOOPS, (2, 4, 8, 16, 24, 32), "cold"),
    Cell("200k x 16", lambda: blobs(200_000, 16, 25), 20, ("scikit-learn 10",), (2, 5, 8, 12, 16, 20)),
    Cell("10k x 8", lambda: blobs(10_000, 8, 8), 15, ("scikit-learn 1",), (2, 5, 8, 11, 15), "cold", silhouette=True),
    Cell("customers", customers, 12, ("scikit-learn 1",), (2, 4, 6, 8, 10, 12), "cold", silhouette=True),
    Cell("photo 12 Mpixel", photo, 16, ("scikit-learn 1",), (2, 4, 8, 12, 16)),
)


def rows_of(cell, folder):
    """Return the file with the rows of a cell, written on first use; None where the shared data is absent."""
    path = folder / (cell.name.replace(" ", "_") + ".npy")
    if not path.is_file():
        try:
            X = cell.make()
        except FileNotFoundError:
            return None
        np.save(path, np.ascontiguousarray(X, np.float32))
    return path

"""Real tables for which served answers are held against `mainstay predict`: classes, amounts, dates and gaps."""

import datetime as dt
import math
from dataclasses import dataclass

import polars as pl

from serving_parts.report import ROOT

DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Table:
    """Where a table lies, and what is to be learned."""

    name: str
    file: str
    target: str
    task: str
    separator: str = ","


TABLES = {
    one.name: one
    for one in (
        Table("telco", "telco_churn/Telco-Customer-Churn.csv", "Churn", "classification"),
        Table("california", "california_housing/housing.csv", "median_house_value", "regression"),
        Table("wine", "wine_quality/winequality-white.csv", "quality", "classification"),
        Table("penguins", "penguins/penguins.csv", "species", "classification"),
        Table("taxis", "nyc_taxis_2019/taxis.csv", "tip", "regression"),
    )
}


def halves(table, folder):
    """Write train.parquet and test.parquet (a quarter, drawn with a fixed seed) and return their paths."""
    frame = pl.read_csv(
        DATA / table.file, separator=table.separator, null_values=["NA"], infer_schema_length=None, try_parse_dates=True
    )
    frame = frame.sample(fraction=1.0, shuffle=True, seed=3)
    cut = len(frame) // 4
    train, test = folder / "train.parquet", folder / "test.parquet"
    frame[cut:].write_parquet(train)
    frame[:cut].write_parquet(test)
    return train, test


def rows_of(path, left_out):
    """Return the rows of a table as objects of JSON cells."""
    names = [name for name in pl.read_parquet_schema(path) if name != left_out]
    return [
        {name: _cell(value) for name, value in row.items()} for row in pl.read_parquet(path, columns=names).to_dicts()
    ]


def _cell(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return value

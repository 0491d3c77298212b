"""Real tables: the segments that people see in them are described as people would."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from sklearn.cluster import KMeans

from mainstay.contracts.clusters import Points
from mainstay.data.decode import Decoder
from mainstay.data.infer import infer
from mainstay.data.read import read
from mainstay.evaluate.clusters.agreement import agreement
from mainstay.evaluate.clusters.columns import columns_of
from mainstay.evaluate.clusters.describe import describe_clusters
from mainstay.evaluate.clusters.rules import matching

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def grouped(path, clusters, left_out=()):
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not here")
    table = read(DATA / path)
    schema = infer(table).schema
    columns = tuple(
        msgspec.structs.replace(column, role="ignored") if column.name in left_out else column
        for column in schema.columns
    )
    schema = msgspec.structs.replace(schema, columns=columns)
    arrays = Decoder(schema).from_frame(table.frame).arrays
    numbers = np.where(np.isfinite(arrays.numbers), arrays.numbers, np.nanmedian(arrays.numbers, axis=0))
    matrix = ((numbers - numbers.mean(axis=0)) / numbers.std(axis=0)).astype(np.float32)
    model = KMeans(clusters, n_init=10, random_state=0).fit(matrix)
    rank = np.argsort(np.argsort(-np.bincount(model.labels_), kind="stable"))
    labels = rank[model.labels_].astype(np.int64)
    points = Points(matrix, arrays.number_names)
    return table.frame, schema, labels, describe_clusters(table.frame, schema, labels, points, seed=0)


def test_mall_customers_are_the_five_groups_that_everybody_sees():
    frame, schema, labels, found = grouped("mall_customers/Mall_Customers.csv", 5, ("Age", "Genre"))
    corners = {frozenset(name.split(", ")) for name in found.names}
    for income in ("low", "high"):
        for spending in ("low", "high"):
            assert frozenset({f"{income} Annual Income", f"{spending} Spending Score"}) in corners
    assert frozenset({"middling Annual Income", "middling Spending Score"}) in corners
    views = columns_of(frame, schema)
    for portrait in found.portraits:
        inside = matching(views, portrait.rule.conditions)
        assert (labels[inside] == portrait.cluster).mean() > 0.85
        assert inside[labels == portrait.cluster].mean() > 0.7


def test_penguins_meet_their_species_and_the_gentoo_are_the_long_flippered_ones():
    frame, _, labels, found = grouped("penguins/penguins.csv", 3, ("species", "year", "island", "sex"))
    known = agreement(labels, frame["species"].to_list())
    assert known.metrics["adjusted_rand"].low > 0.5
    gentoo = next(match.cluster for match in known.matches if match.matched == "Gentoo")
    traits = {trait.column: trait.aspect for trait in found.portraits[gentoo].traits}
    assert traits["flipper_length_mm"] == traits["body_mass_g"] == "high"
    assert traits["bill_depth_mm"] == "low"


def test_seeds_are_told_apart_by_their_size():
    _, _, _, found = grouped("seeds/seeds.csv", 3, ("variety",))
    aspects = [{trait.column: trait.aspect for trait in portrait.traits} for portrait in found.portraits]
    areas = sorted(aspect["area"] for aspect in aspects)
    assert areas == ["high", "low", "middle"]
    assert all(portrait.rule.purity.value > 0.75 for portrait in found.portraits)

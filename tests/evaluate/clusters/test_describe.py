"""What is said of clusters: planted traits are found, noise is not, rules keep their word, names are unique."""

import datetime as dt

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contracts.clusters import Points
from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.evaluate.clusters.columns import columns_of
from mainstay.evaluate.clusters.describe import describe_clusters
from mainstay.evaluate.clusters.records import ClusterPortraits
from mainstay.evaluate.clusters.rules import matching

SCHEMA = Schema(
    columns=(
        Column(name="income", kind="number"),
        Column(name="city", kind="category", categories=("Bern", "Oslo", "Rome")),
        Column(name="member", kind="boolean", categories=("no", "yes")),
        Column(name="since", kind="datetime"),
        *(Column(name=f"noise{place}", kind="number") for place in range(20)),
        Column(name="shirt", kind="category", categories=("S", "M", "L")),
    )
)


def planted(rows=900, seed=0):
    """Three clusters: 0 poor in Bern, 1 rich members since 2020, 2 in the middle whose income is often missing."""
    draw = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], rows // 3)
    income = np.choose(labels, [20, 90, 55]) + draw.normal(0, 6, rows)
    frame = pl.DataFrame(
        {
            "income": [
                None if label == 2 and draw.random() < 0.4 else float(value)
                for label, value in zip(labels, income, strict=True)
            ],
            "city": [
                "Bern" if label == 0 and draw.random() < 0.9 else ["Bern", "Oslo", "Rome"][draw.integers(3)]
                for label in labels
            ],
            "member": [label == 1 or bool(draw.random() < 0.1) for label in labels],
            "since": [
                dt.date(2020 if label == 1 else 2012, 1, 1) + dt.timedelta(days=int(draw.integers(900)))
                for label in labels
            ],
            **{f"noise{place}": draw.normal(size=rows) for place in range(20)},
            "shirt": [["S", "M", "L"][draw.integers(3)] for _ in labels],
        }
    )
    points = Points(np.stack([income, draw.normal(size=rows)], axis=1).astype(np.float32), ("income", "noise0"))
    return frame, labels, points


@pytest.fixture(scope="module")
def described():
    frame, labels, points = planted()
    distances = np.abs(points.matrix[:, :1] - np.array([20.0, 90.0, 55.0]))
    return describe_clusters(frame, SCHEMA, labels, points, distances, seed=0)


def traits(portrait):
    return {trait.column: trait for trait in portrait.traits}


def test_planted_traits_are_found_in_their_own_units(described):
    poor, rich, middle = (traits(portrait) for portrait in described.portraits)
    assert poor["income"].aspect == "low"
    assert (poor["city"].aspect, poor["city"].level) == ("mostly", "Bern")
    assert rich["income"].aspect == "high"
    assert rich["member"].level == "yes"
    assert rich["since"].aspect == "high"
    assert rich["since"].inside.low >= "2020"
    assert middle["income"].aspect in ("middle", "absent")
    assert 0.3 < middle["income"].missing_inside < 0.5
    assert 80 < float(rich["income"].inside.middle) < 100


def test_noise_is_not_a_trait(described):
    told = {trait.column for portrait in described.portraits for trait in portrait.traits}
    assert told == {"income", "city", "member", "since"}


def test_noise_is_not_a_trait_of_small_clusters_either():
    """Two hundred tables of 20 noise columns: a cluster of 12 rows must not be given traits by chance."""
    false = 0
    for seed in range(25):
        frame, _, points = planted(90, seed)
        labels = np.random.default_rng(seed).permutation(np.repeat([0, 1, 2], [60, 18, 12]))
        found = describe_clusters(frame, SCHEMA, labels, points, seed=seed)
        false += sum(bool(portrait.traits) for portrait in found.portraits)
    assert false <= 4, false


def test_effects_carry_an_interval_that_holds_them(described):
    for portrait in described.portraits:
        for contrast in portrait.contrasts:
            effect = contrast.effect
            assert -1 <= effect.low <= effect.value <= effect.high <= 1


def test_names_are_short_and_unique(described):
    assert len(set(described.names)) == 3
    assert "high income" in described.names[1]
    assert "low income" in described.names[0]
    assert all(len(name) < 80 for name in described.names)


def test_rules_do_what_they_say_on_other_rows(described):
    """Purity and coverage are measured again on rows that the rules have never met."""
    frame, labels, _ = planted(3000, seed=9)
    views = columns_of(frame, SCHEMA)
    for portrait in described.portraits:
        rule = portrait.rule
        inside = matching(views, rule.conditions)
        purity, coverage = (labels[inside] == portrait.cluster).mean(), inside[labels == portrait.cluster].mean()
        assert rule.purity.low - 0.05 <= purity <= rule.purity.high + 0.05
        assert rule.coverage.low - 0.05 <= coverage <= rule.coverage.high + 0.05
        assert len(rule.conditions) <= 3
        assert rule.purity.value > 0.8


def test_a_typical_member_is_a_real_row(described):
    frame, labels, _ = planted()
    for portrait in described.portraits:
        assert labels[portrait.typical_row] == portrait.cluster
        raw = frame.row(portrait.typical_row, named=True)
        assert portrait.typical["city"] == raw["city"]


def test_neighbours_come_from_the_distances(described):
    assert [portrait.nearest for portrait in described.portraits][:2] == [2, 2]


def test_the_record_is_plain_data_and_the_same_again(described):
    assert msgspec.json.decode(msgspec.json.encode(described), type=ClusterPortraits) == described
    frame, labels, points = planted()
    distances = np.abs(points.matrix[:, :1] - np.array([20.0, 90.0, 55.0]))
    assert describe_clusters(frame, SCHEMA, labels, points, distances, seed=0) == described
    msgspec.json.encode([portrait.to_dict() for portrait in described.portraits])


def test_one_cluster_is_described_without_others():
    frame, _, points = planted(60)
    found = describe_clusters(frame, SCHEMA, np.zeros(60, np.int64), points, np.ones((60, 1)), seed=0)
    only = found.portraits[0]
    assert (only.name, only.rule, only.traits, only.nearest) == ("average in everything", None, (), None)
    assert only.contrasts[0].inside is not None
    assert found.silhouettes is None
    msgspec.json.encode(found)


def test_clusters_of_one_row_and_columns_without_values():
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0, 100.0], "b": [None, None, None, None]}, schema={"a": float, "b": float})
    schema = Schema(columns=(Column(name="a", kind="number"), Column(name="b", kind="number")))
    points = Points(frame["a"].to_numpy().astype(np.float32)[:, None], ("a",))
    found = describe_clusters(frame, schema, np.array([0, 0, 0, 1]), points, seed=0)
    assert found.portraits[1].rule is None
    assert found.portraits[1].typical == {"a": "100", "b": ""}
    msgspec.json.encode(found)


def test_identical_rows_are_described():
    frame = pl.DataFrame({"a": [5.0] * 50})
    schema = Schema(columns=(Column(name="a", kind="number"),))
    points = Points(np.zeros((50, 1), np.float32), ("a",))
    found = describe_clusters(frame, schema, np.zeros(50, np.int64), points, seed=0)
    assert found.map.explained == (0.0, 0.0)
    msgspec.json.encode(found)


def test_words_of_texts_are_told():
    texts = ["win a prize now", "claim the prize money"] * 20 + ["see you at home", "home by the train"] * 20
    frame = pl.DataFrame({"text": texts})
    schema = Schema(columns=(Column(name="text", kind="text"),))
    points = Points(np.repeat([[0.0], [1.0]], 40, axis=0).astype(np.float32), ("text",))
    found = describe_clusters(frame, schema, np.repeat([0, 1], 40), points, seed=0)
    assert "prize" in found.portraits[0].words["text"]
    assert "prize" in found.names[0]
    assert "home" in found.names[1]


def test_rows_that_do_not_match_get_a_sentence():
    frame, labels, points = planted(60)
    with pytest.raises(UsageError, match="60 rows of the table, 59 labels"):
        describe_clusters(frame, SCHEMA, labels[:-1], points, seed=0)


def test_a_big_table_is_described_from_a_sample_that_is_stated():
    draw = np.random.default_rng(0)
    labels = np.concatenate([np.zeros(60_000, np.int64), np.ones(30, np.int64)])
    values = draw.normal(size=60_030) + 8 * labels
    frame = pl.DataFrame({"a": values})
    schema = Schema(columns=(Column(name="a", kind="number"),))
    found = describe_clusters(frame, schema, labels, Points(values.astype(np.float32)[:, None], ("a",)), seed=0)
    assert found.described < 21_000 < found.rows
    assert found.portraits[1].rows == 30
    assert found.portraits[1].traits[0].effect.value > 0.95
    assert found.portraits[1].rule.purity.value > 0.7
    assert len(found.map.x) <= 3_000


def test_a_sure_but_negligible_difference_is_not_a_trait():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1], 10_000)
    frame = pl.DataFrame(
        {
            "a": draw.normal(size=20_000) + 0.1 * labels,
            "b": draw.normal(size=20_000) + 5 * labels,
            "city": np.where(draw.random(20_000) < 0.5 + 0.04 * labels, "Bern", "Rome"),
        }
    )
    schema = Schema(
        columns=(
            Column(name="a", kind="number"),
            Column(name="b", kind="number"),
            Column(name="city", kind="category", categories=("Bern", "Rome")),
        )
    )
    points = Points(frame.select("b").to_numpy().astype(np.float32), ("b",))
    found = describe_clusters(frame, schema, labels, points, seed=0).portraits[1]
    assert [trait.column for trait in found.traits] == ["b"]
    small = {contrast.column: contrast.effect for contrast in found.contrasts}
    assert small["a"].low > 0
    assert abs(small["city"].value) > 0.02


def test_levels_that_the_schema_does_not_know_are_no_values():
    schema = Schema(columns=(Column(name="city", kind="category", categories=("Bern", "Rome")),))
    values = columns_of(pl.DataFrame({"city": ["Rome", "Oslo", None, "Bern"]}), schema)[0].values
    assert np.isnan(values).tolist() == [False, True, True, False]


def test_profiles_are_data_numbers_as_numbers(described):
    frame, _, _ = planted()
    for portrait in described.portraits:
        told = msgspec.json.decode(msgspec.json.encode(portrait.to_dict()))
        raw = frame.row(portrait.typical_row, named=True)
        assert told["typical"]["income"] == raw["income"]
        assert told["typical"]["member"] is raw["member"]
        assert told["typical"]["since"] == raw["since"].isoformat()
        income = next((trait for trait in told["traits"] if trait["column"] == "income"), None)
        assert income is None or isinstance(income["inside"]["low"], float)
        parts = told["rule_parts"]
        assert 0 <= parts["purity"]["low"] <= parts["purity"]["value"] <= parts["purity"]["high"] <= 1
        assert 0 <= parts["coverage"]["low"] <= parts["coverage"]["value"]
        assert {part["operator"] for part in parts["conditions"]} <= {">", "<=", "in", "missing"}
        assert {part["column"] for part in parts["conditions"]} <= set(frame.columns)


def test_bounds_that_are_dates_are_iso_dates_in_data():
    start = dt.date(2020, 1, 1)
    days = [start + dt.timedelta(days=place % 50 + (400 if place >= 100 else 0)) for place in range(200)]
    frame = pl.DataFrame({"when": [f"{day:%d.%m.%Y}" for day in days]})
    schema = Schema(columns=(Column(name="when", kind="datetime", formats=("%d.%m.%Y",)),))
    points = Points(np.repeat([[0.0], [1.0]], 100, axis=0).astype(np.float32), ("when",))
    found = describe_clusters(frame, schema, np.repeat([0, 1], 100), points, seed=0).portraits[1].to_dict()
    (condition,) = found["rule_parts"]["conditions"]
    assert (condition["operator"], condition["value"]) == (">", "2020-12-31")
    assert found["typical"]["when"] == days[100].isoformat()


def _named(columns, labels):
    """Return the portraits of labelled columns, each given as (schema column, values)."""
    schema = Schema(columns=tuple(column for column, _ in columns))
    frame = pl.DataFrame({column.name: values for column, values in columns})
    points = Points(np.zeros((len(labels), 1), np.float32) + labels[:, None].astype(np.float32), ("x",))
    return describe_clusters(frame, schema, labels, points, seed=0).portraits


def test_middling_means_the_middle_of_the_others():
    """A group that is mostly in the highest of three classes, as on the Titanic, is not in the middle of anything."""
    labels = np.repeat([0, 1], [500, 131])
    classes = np.concatenate([np.repeat([1.0, 3.0], 250), np.repeat([2.0, 3.0], [44, 87])])
    ages = np.concatenate([np.repeat([10.0, 60.0], 250), np.linspace(30, 40, 131)])
    found = _named([(Column(name="pclass", kind="number"), classes), (Column(name="age", kind="number"), ages)], labels)
    aspects = {contrast.column: contrast.aspect for contrast in found[1].contrasts}
    assert aspects["pclass"] != "middle"
    assert aspects["age"] == "middle"
    assert found[1].name.startswith("middling age")


def test_a_name_does_not_say_the_same_thing_twice():
    labels = np.repeat([0, 1], 200)
    pay = np.random.default_rng(0).normal(size=400) + 2 * labels
    line = np.where(labels == 0, "No", "DSL")
    films = np.where(labels == 0, "No line", np.where(np.arange(400) % 2, "Yes", "Never"))
    found = _named(
        [
            (Column(name="InternetService", kind="category", categories=("DSL", "No")), line),
            (Column(name="Films", kind="category", categories=("Never", "No line", "Yes")), films),
            (Column(name="Pay", kind="number"), pay),
        ],
        labels,
    )
    assert found[0].name == "InternetService No, low Pay"


def test_twins_are_told_apart_by_what_parts_them():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 300)
    high = (labels != 0) * 20.0
    columns = [(Column(name=name, kind="number"), high + draw.normal(size=900)) for name in ("tip", "total")]
    columns.append((Column(name="age", kind="number"), draw.normal(size=900) + 0.8 * (labels == 2)))
    names = [portrait.name for portrait in _named(columns, labels)]
    assert sum("higher age" in name for name in names) == 1
    assert sum("lower age" in name for name in names) == 1
    assert sum(name.startswith(("high tip, high total", "high total, high tip")) for name in names) == 2


def test_dates_are_named_by_their_span():
    labels = np.repeat([0, 1], 100)
    start = np.array([dt.date(2011, 5, 3), dt.date(2014, 1, 1)])
    when = [start[label] + dt.timedelta(days=place % 50) for place, label in enumerate(labels)]
    found = _named([(Column(name="when", kind="datetime"), when)], labels)
    assert [portrait.name for portrait in found] == ["when 2011-05 to 2011-06", "when 2014-01 to 2014-02"]


def test_a_trait_whose_quartiles_are_alike_tells_a_share():
    labels = np.repeat([0, 1], 400)
    siblings = np.concatenate([np.repeat([0.0, 1.0], [280, 120]), np.repeat([0.0, 1.0, 2.0], [190, 200, 10])])
    found = _named([(Column(name="SibSp", kind="number"), siblings)], labels)
    trait = found[1].contrasts[0]
    assert (trait.inside.low, trait.inside.high) == (trait.outside.low, trait.outside.high)
    assert trait.words == "high SibSp: above 0 in 52.5 % of the rows, elsewhere in 30.0 %"

"""The page, the card and the charts: the verdict first, every figure in its place, no text that runs."""

import msgspec
import numpy as np
import polars as pl
import pytest

from mainstay.contracts.clusters import Points
from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column, Schema
from mainstay.evaluate.clusters.agreement import agreement
from mainstay.evaluate.clusters.card import cluster_card
from mainstay.evaluate.clusters.curve import Curve, CurvePoint, Evidence, curve_of
from mainstay.evaluate.clusters.describe import describe_clusters
from mainstay.evaluate.clusters.report import cluster_chart, cluster_report
from mainstay.evaluate.clusters.report_data import ClusterReport, Merge, Method, Methods, TreatedColumn
from mainstay.evaluate.clusters.sections import cluster_sections
from mainstay.evaluate.clusters.sections_groups import heat_data
from mainstay.evaluate.clusters.stability import stability
from mainstay.evaluate.clusters.verdict import headline, lead
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.plots import PLOTS

NASTY = '<script>alert("x")</script> & "quoted"'


def world(clusters=3, rows=300, names=("income", NASTY)):
    draw = np.random.default_rng(0)
    labels = np.sort(np.arange(rows) % clusters)
    matrix = draw.normal(size=(rows, len(names))) + 6 * labels[:, None] * (np.arange(len(names)) == 0)
    frame = pl.DataFrame({name: matrix[:, place] for place, name in enumerate(names)})
    schema = Schema(columns=tuple(Column(name=name, kind="number") for name in names))
    return frame, schema, labels, Points(matrix.astype(np.float32), tuple(names))


def report(clusters=3, **more):
    frame, schema, labels, points = world(clusters)
    points_of_curve = tuple(
        CurvePoint(
            k=k, inertia=100.0 / k, silhouette=None if k == 1 else 0.5, gap=0.1 * k, gap_error=0.02, stability=0.9
        )
        for k in range(1, 7)
    )
    evidence = (Evidence("gap", clusters, "the first within one standard error"), Evidence("knee", None, "no bend"))
    curve = Curve(
        points=points_of_curve, chosen=clusters, knee=2, plausible=(clusters, 5), verdict="several plausible k",
        sentence="Three, or five.", evidence=evidence,
    )  # fmt: skip
    matrix = ((1.0, 0.4), (0.4, 1.0))
    given = {
        "k": clusters,
        "verdict": "several plausible k",
        "sentence": "Three, or five.",
        "method": "kmeans",
        "portraits": describe_clusters(frame, schema, labels, points, seed=0),
        "source": NASTY,
        "curve": curve,
        "methods": Methods(
            methods=(Method(name="kmeans", clusters=3, stability=Score(0.9), chosen=True), Method(name="ward")),
            names=("kmeans", "genie"), agreement=matrix, words=("Both agree.",), rows=300,
        ),
        "merges": (Merge(0, 1, 1.0, 2), Merge(2, 3, 2.0, 2), Merge(4, 5, 5.0, 4)),
        "stability": stability(labels, [labels, np.roll(labels, 3)]),
        "agreement": agreement(labels, [f"kind {label}" for label in labels]),
        "labels": "kind",
        "columns": (TreatedColumn(name=NASTY, kind="number", words="scaled"),),
        "findings": (Finding(severity="info", code="x", message=NASTY, advice="Look.", column="income"),),
        "fits_none": "a row fits none beyond its limit",
        "digest": "ab" * 32,
        "bundle": "my segments.mainstay",
    }  # fmt: skip
    return ClusterReport(**given | more)


@pytest.fixture(scope="module")
def data():
    return report()


@pytest.fixture(scope="module")
def page(data):
    return cluster_report(data)


def test_the_verdict_comes_first_and_every_part_is_there(page, data):
    order = ["300 rows fall into 3 clusters; 5 would be plausible too", 'id="segments"', 'id="map"', 'id="profiles"',
             'id="silhouettes"', 'id="stability"', 'id="labels"', 'id="methods"', 'id="hierarchy"', 'id="choice"',
             'id="columns"', 'id="use"', 'id="limits"', "ab" * 32]  # fmt: skip
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    for portrait in data.portraits.portraits:
        assert portrait.name in page
    assert "&gt; " in page
    assert "A row fits none beyond its limit." in page
    assert "mainstay predict &#39;my segments.mainstay&#39; new.csv" in page


def test_nothing_in_the_page_runs_or_is_fetched(page):
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "default-src 'none'" in page


def test_a_page_without_pictures_has_all_the_words(data):
    plain = cluster_report(data, drawn=False)
    assert "<svg" not in plain
    assert "What sets it apart" in plain


def test_every_chart_is_data_first_and_can_be_drawn(data):
    kinds = set()
    for section in cluster_sections(data):
        for plot in section.plots:
            kinds.add(plot.kind)
            assert len({len(column) for column in plot.data.values()}) == 1
            msgspec.json.encode(plot)
    assert kinds == {"cells", "cluster_heat", "cluster_map", "cluster_sizes", "criterion", "dendrogram", "dots",
                     "elbow", "silhouettes"}  # fmt: skip
    assert kinds <= set(PLOTS)
    for name in ("elbow", "Map of the clusters", "choice-0"):
        assert cluster_chart(data, name).to_dict()["config"]
    with pytest.raises(UsageError, match="no picture 'pie'"):
        cluster_chart(data, "pie")


def test_the_report_is_json_both_ways(data):
    assert msgspec.json.decode(msgspec.json.encode(data), type=ClusterReport) == data


def test_the_card_says_the_same_in_markdown(data):
    card = cluster_card(data)
    assert "**300 rows fall into 3 clusters; 5 would be plausible too.**" in card
    assert "<script" not in card
    assert "adjusted rand" in card.replace("\\", "")
    for portrait in data.portraits.portraits:
        assert f"### {portrait.cluster}: " in card


@pytest.mark.parametrize("clusters", [1, 2, 30])
def test_any_number_of_clusters_makes_a_page(clusters):
    made = report(clusters, agreement=None, methods=None, merges=())
    page = cluster_report(made)
    assert page.count('class="card"') == clusters
    assert len({part.name for part in made.portraits.portraits}) == clusters


def test_headlines_are_honest():
    given = report(verdict="given")
    assert headline(given) == "300 rows fall into 3 clusters, as asked"
    curve = msgspec.structs.replace(given.curve, verdict="no structure", plausible=(1,))
    nothing = msgspec.structs.replace(given, curve=curve)
    assert headline(nothing).endswith("as asked; the rows themselves show no clusters")
    assert "These rows show no clusters" in cluster_report(nothing, drawn=False)
    elsewhere = msgspec.structs.replace(given, curve=msgspec.structs.replace(given.curve, plausible=(5, 6)))
    assert headline(elsewhere).endswith("as asked; the rows themselves speak for 5 or 6")
    assert headline(report(1, verdict="no structure")) == "No clusters: all rows (300) look like one group"


def test_a_curve_is_read_from_whatever_walked_it():
    class Fit:
        def __init__(self, k):
            self.k, self.inertia, self.bic = np.int64(k), np.float64(10 / k), float("nan")

    class Found:
        fits = [Fit(1), Fit(2), Fit(3)]  # noqa: RUF012 - a stand-in

    class Choice:
        k, verdict, plausible, sentence, knee = 2, "one clear k", (2,), "Two.", np.int64(2)
        evidence = (Evidence("davies_bouldin", 2, "the least"),)
        gap, gap_error = np.array([0.1, np.nan, 0.3]), np.array([0.01, 0.01, 0.01])
        stability = np.array([np.nan, 0.9, 0.8])

    found = curve_of(Found(), Choice())
    assert [point.gap for point in found.points] == [0.1, None, 0.3]
    assert [point.bic for point in found.points] == [None, None, None]
    assert (found.chosen, found.knee, found.evidence[0].name) == (2, 2, "davies bouldin")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Curve) == found


def test_a_shares_of_missing_values_stands_in_every_cell():
    draw = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 100)
    there = draw.random(300) < np.choose(labels, [0.05, 0.5, 0.95])
    cabin = [str(draw.choice(["A", "B", "C"])) if known else None for known in there]
    schema = Schema(columns=(Column(name="cabin", kind="category", categories=("A", "B", "C")),))
    points = Points(draw.normal(size=(300, 1)).astype(np.float32), ("cabin",))
    found = describe_clusters(pl.DataFrame({"cabin": cabin}), schema, labels, points, seed=0)
    data = heat_data(found.portraits)
    cells = [
        (effect, text)
        for column, effect, text in zip(data["column"], data["effect"], data["text"], strict=True)
        if column == "cabin: no value"
    ]
    assert len(cells) == 3
    assert all(text for _, text in cells)
    assert cells[0][0] > 0.5 > 0 > cells[2][0]
    assert all(text == "" or " %" in text for text in data["text"])


def test_clusters_that_hardly_stand_out_get_a_word_that_reconciles():
    flat = report()
    silhouettes = msgspec.structs.replace(flat.portraits.silhouettes, mean=Score(0.12, 0.1, 0.14))
    evidence = (Evidence("valleys", 3, "three hills"),)
    flat = msgspec.structs.replace(
        flat, portraits=msgspec.structs.replace(flat.portraits, silhouettes=silhouettes),
        curve=msgspec.structs.replace(flat.curve, evidence=evidence),
    )  # fmt: skip
    assert "hardly stand out. Both hold: between the clusters there are valleys" in lead(flat)[1]
    assert "Both hold" not in lead(report())[1]
    nothing = msgspec.structs.replace(flat, verdict="no structure")
    assert "Both hold" not in lead(nothing)[1]


def test_a_picture_is_called_by_its_file():
    made = report()
    first = msgspec.structs.replace(made.portraits.portraits[0], typical={"file": "daisy/1.jpg", "income": "3"})
    portraits = msgspec.structs.replace(made.portraits, portraits=(first, *made.portraits.portraits[1:]))
    page = cluster_report(msgspec.structs.replace(made, portraits=portraits), drawn=False)
    assert "Typical member, daisy/1.jpg, row " in page

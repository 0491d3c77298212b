"""The model inside: coefficients that are those of the answers, and a drawn tree that is the tree."""

import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.contracts.schema import Column, Schema
from mainstay.evaluate.charts import svg
from mainstay.evaluate.plots import draw_plot
from mainstay.train.portraits import Branch, Coefficient, Portrait, portray
from mainstay.train.tell.inside import find_inside


def make_rows(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Bern", "Rome", "Oslo"], rows)
    size = rng.uniform(0, 100, rows)
    price = 3.0 * size + 50.0 * (city == "Rome") + rng.normal(0, 1, rows)
    return pl.DataFrame({"city": city, "size": size, "price": price})


def inside(model):
    data = mainstay.train(make_rows(), target="price", models=[model], time_budget=40).model.report_data
    return next(section for section in data.sections if section.key == "inside")


def test_coefficients_are_those_of_the_sum():
    (table,) = inside("ridge").tables
    values = {row[0]: row[1] for row in table.rows}
    spread = make_rows()["size"].std()
    assert values["size"] == pytest.approx(3.0 * spread, rel=0.05)  # of one standard deviation
    assert values["city = Rome"] - values["city = Bern"] == pytest.approx(50.0, rel=0.05)


def test_the_drawn_tree_asks_for_what_matters():
    (plot,) = inside("decision_tree").plots
    assert plot.kind == "tree"
    nodes = list(zip(*(plot.data[name] for name in ("depth", "words", "share", "value", "way")), strict=True))
    root = nodes[0]
    assert root[0] == 0
    assert root[1].startswith("size <=")
    assert root[2] == 1.0
    below = [node for node in nodes if node[0] == 1]
    assert sorted(node[4] for node in below) == ["no", "yes"]
    assert sum(node[2] for node in below) == pytest.approx(1.0)
    assert all(node[3] is None or -10 < node[3] < 400 for node in nodes)
    marks = str(draw_plot(plot).to_dict())
    assert root[1] in marks


@pytest.mark.parametrize("classes", [2, 3])
def test_leaves_of_classes_name_the_class_and_its_probability(classes):
    rows = make_rows(300)
    size = np.digitize(rows["size"], np.linspace(0, 100, classes + 1)[1:-1])
    table = rows.drop("price").with_columns(kind=pl.Series(["small", "large", "huge"][at] for at in size))
    data = mainstay.train(table, target="kind", models=["decision_tree"], time_budget=40).model.report_data
    (plot,) = next(section for section in data.sections if section.key == "inside").plots
    leaves = {kind: words for kind, words in zip(plot.data["class"], plot.data["words"], strict=True) if kind}
    assert set(leaves) == set(table["kind"])
    assert all(float(words.removeprefix(f"{kind}: ").removesuffix(" %")) > 80 for kind, words in leaves.items())
    picture = svg(draw_plot(plot))
    assert all(f">{kind}<" in picture for kind in leaves)
    assert "\u2026" not in picture  # the limits of questions are not cut off


def test_a_blend_of_boosters_says_that_the_first_tree_is_a_part():
    section = inside("lightgbm_tuned")
    assert "the first tree of the first is drawn" in section.text[0]


def five_classes(counts):
    """Return the section of a linear model over five classes, one coefficient each."""
    weights = [Coefficient("size", at, 5.0 - at, 0.0, 6.0) for at in range(5)]
    intake = SimpleNamespace(labels=("a", "b", "c", "d", "e"), test_target=np.repeat(np.arange(5), counts))
    portraits = (Portrait("logistic", 5, "softmax", coefficients=tuple(weights)),)
    return find_inside(SimpleNamespace(trained=SimpleNamespace(portraits=portraits, intake=intake)))


def test_of_many_classes_the_most_frequent_are_drawn_and_the_others_named():
    section = five_classes([3, 50, 2, 40, 60])
    assert [plot.title for plot in section.plots] == [f"Coefficients for {label}" for label in "ebd"]
    assert section.text[0].endswith("Not drawn: a, c.")
    assert {row[1] for row in section.tables[0].rows} == set("abcde")


def test_features_of_classes_name_the_class_and_not_its_code(monkeypatch):
    names = ("review score = 0", "review score = 1", "town target mean = 1", "town = 1", "size")
    body = Affine(np.arange(10.0).reshape(5, 2), np.zeros(2))
    fold = SimpleNamespace(recipe=SimpleNamespace(names=names), model=ModelGraph(body, "softmax"))
    monkeypatch.setattr(sys.modules["mainstay.train.portraits"], "load_model", lambda job, recipe: fold)
    entry = SimpleNamespace(
        candidate=SimpleNamespace(name="logistic", learner="logistic"), jobs={0: None},
        results={0: SimpleNamespace(recipe=None)},
    )  # fmt: skip
    schema = Schema(
        columns=(
            Column(name="review", kind="text"),
            Column(name="town", kind="category", categories=("Bern", "Rome")),
            Column(name="size", kind="number"),
            Column(name="mood", kind="category", role="target", categories=("glum", "glad")),
        )
    )
    (portrait,) = portray(SimpleNamespace(weights={"logistic": 1.0}), [entry], schema)
    assert {one.feature for one in portrait.coefficients} == {
        "review score = glum", "review score = glad", "town target mean = glad", "town = Rome", "size",
    }  # fmt: skip


def boxes(chart):
    """Return the edges of all boxes of a drawn tree, by their place."""
    rows, left = [], [chart.to_dict(validate=False)]
    while left:
        part = left.pop()
        if isinstance(part, dict) and "left" in part and "lines" in part:
            rows.append(part)
        elif isinstance(part, (dict, list)):
            left += part.values() if isinstance(part, dict) else part
    return {(row["x"], row["y"]): (row["left"], row["right"]) for row in rows}


def test_no_box_of_a_tree_lies_over_its_neighbour():
    def tree(depth):
        if depth == 4:
            return Branch("...", 0.1, float("nan"))
        return Branch(
            f"a rather long name of a column <= {depth}", 0.5, float("nan"), yes=tree(depth + 1), no=tree(depth + 1)
        )

    portraits = (Portrait("decision_tree", 5, "identity", tree=tree(0), trees=1),)
    intake = SimpleNamespace(labels=(), test_target=np.zeros(1))
    (plot,) = find_inside(SimpleNamespace(trained=SimpleNamespace(portraits=portraits, intake=intake))).plots
    found = boxes(draw_plot(plot))
    assert len(found) == 31
    for level in {y for _, y in found}:
        edges = [found[place] for place in sorted(found) if place[1] == level]
        assert all(left[1] <= right[0] for left, right in pairwise(edges))

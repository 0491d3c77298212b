"""The model inside: coefficients that are those of the answers, and a drawn tree that is the tree."""

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.evaluate.charts import svg
from mainstay.evaluate.plots import draw_plot


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

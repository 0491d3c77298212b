"""Contributions of trees are the Shapley values that brute force gives, for every kind of question."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, load_from_string, numpy_helper

from mainstay.bundle.explain_paths import Paths, leaf_values
from mainstay.bundle.explain_trees import TreeSum
from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model


def tree_sum(trees, width):
    builder = GraphBuilder(width, 0)
    graph = load_from_string(builder.build({"sum": write_model(builder, ModelGraph(trees), "numbers", width)})).graph
    (node,) = [one for one in graph.node if one.op_type == "TreeEnsemble"]
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    attributes = {
        name: numpy_helper.to_array(value) if hasattr(value, "raw_data") else value
        for name, value in attributes.items()
    }
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    paths = Paths.of(attributes, constants[f"{node.output[0]}_cover"])
    return TreeSum(paths, leaf_values(paths, attributes, None), threads=1)


@st.composite
def random_trees(draw):
    """Trees over three features, thresholds 0 to 3, with repeated features, members and missing values."""
    seed, count = draw(st.integers(0, 10**6)), draw(st.integers(1, 3))
    chance = np.random.default_rng(seed)
    nodes = {name: [] for name in ("feature", "threshold", "missing_left", "left", "right", "value", "cover")}
    members, roots = {}, []

    def grow(depth, cover):
        place = len(nodes["feature"])
        leaf = depth == 0 or (chance.random() < 0.2 and depth < 4)
        for name, value in (
            ("feature", -1 if leaf else int(chance.integers(3))), ("threshold", float(chance.integers(4))),
            ("missing_left", bool(chance.integers(2))), ("left", -1), ("right", -1),
            ("value", float(chance.normal()) if leaf else 0.0), ("cover", cover),
        ):  # fmt: skip
            nodes[name].append(value)
        if not leaf:
            if nodes["feature"][place] == 2:
                members[place] = np.flatnonzero(chance.random(5) < 0.5)
            share = float(chance.uniform(0.1, 0.9))
            nodes["left"][place] = grow(depth - 1, cover * share)
            nodes["right"][place] = grow(depth - 1, cover * (1 - share))
        return place

    roots.extend(grow(4, 100.0) for _ in range(count))
    kinds = {"feature": np.int32, "left": np.int32, "right": np.int32, "missing_left": np.bool_}
    arrays = {name: np.array(values, kinds.get(name, np.float64)) for name, values in nodes.items()}
    arrays["value"] = arrays["value"][:, None]
    return Trees(roots=np.array(roots), base=np.zeros(1), members=members, **arrays)


def conditional(trees, row, known):
    """Return the mean answer where these features are known: the game whose Shapley values are asked for."""

    def down(node):
        feature = int(trees.feature[node])
        if feature < 0:
            return float(trees.value[node, 0])
        left, right = int(trees.left[node]), int(trees.right[node])
        if feature not in known:
            total = trees.cover[left] + trees.cover[right]
            return (trees.cover[left] * down(left) + trees.cover[right] * down(right)) / total
        value = row[feature]
        if np.isnan(value):
            goes = trees.missing_left[node] and len(trees.members.get(node, [0])) > 0
        elif node in trees.members:
            goes = value in trees.members[node]
        else:
            goes = value <= trees.threshold[node]
        return down(left if goes else right)

    return sum(down(int(root)) for root in trees.roots)


def brute_force(trees, row):
    answer = np.zeros(3)
    for feature in range(3):
        others = [one for one in range(3) if one != feature]
        for chosen in (set(some) for size in range(3) for some in combinations(others, size)):
            gain = conditional(trees, row, {*chosen, feature}) - conditional(trees, row, chosen)
            answer[feature] += gain / (3 * comb(2, len(chosen)))
    return answer


@given(trees=random_trees(), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_tree_contributions_are_shapley_values_by_brute_force(trees, seed):
    if (trees.feature[trees.roots] < 0).all():
        return
    chance = np.random.default_rng(seed)
    rows = chance.integers(0, 5, (80, 3)).astype(np.float64)
    rows[chance.random((80, 3)) < 0.1] = np.nan
    rows[:, 2] = np.nan_to_num(rows[:, 2])  # codes are never missing
    summed = tree_sum(trees, 3)
    given_ = summed.contributions(rows)
    assert summed.base[0] == pytest.approx(conditional(trees, rows[0], set()), abs=1e-5)
    for place in (0, 40, 79):
        found = [given_[feature][0, place] if feature in given_ else 0.0 for feature in range(3)]
        np.testing.assert_allclose(found, brute_force(trees, rows[place]), atol=1e-5)


@given(trees=random_trees(), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_a_few_rows_get_what_many_get(trees, seed):
    if (trees.feature[trees.roots] < 0).all():
        return
    chance = np.random.default_rng(seed)
    rows = chance.integers(0, 5, (80, 3)).astype(np.float64)
    rows[chance.random((80, 3)) < 0.1] = np.nan
    rows[:, 2] = np.nan_to_num(rows[:, 2])
    few, many = tree_sum(trees, 3), tree_sum(trees, 3)
    by_table = many.contributions(rows)
    row_by_row = few.contributions(rows[:5])
    assert set(row_by_row) == set(by_table) == set(few.features)
    for feature, pushes in row_by_row.items():
        np.testing.assert_allclose(pushes, by_table[feature][:, :5], rtol=0, atol=1e-12)

"""Random detectors of every kind, for tests of the graph, of bundles and of the numpy side."""

import numpy as np

from mainstay.contracts.anomaly_bodies import (
    Deviation,
    Directions,
    KernelSum,
    LocalDensity,
    Nearest,
    Reconstruction,
    Stacked,
    TreeSum,
)
from mainstay.contracts.formulas import Kernel, Layers, Scaling
from mainstay.contracts.model import Trees

KINDS = (
    "trees", "directions", "votes", "deviation", "nearest", "clusters", "bags", "density", "kernel", "reconstruction",
)  # fmt: skip


def random_trees(generator, width, *, trees=7, depth=4, outputs=1):
    """Return trees of which some are lone leaves; leaf values are multiples of 2^-20."""
    feature, threshold, left, right, value, roots = [], [], [], [], [], []

    def grow(level):
        at = len(feature)
        leaf = level == 0 or generator.random() < 0.15
        feature.append(-1 if leaf else int(generator.integers(width)))
        threshold.append(0.0 if leaf else float(generator.normal()))
        votes = generator.integers(-(2**22), 2**22, outputs) / 2.0**20
        value.append(votes if leaf else np.zeros(outputs))
        left.append(-1)
        right.append(-1)
        if not leaf:
            left[at], right[at] = grow(level - 1), grow(level - 1)
        return at

    roots.extend(grow(depth) for _ in range(trees))
    nodes = len(feature)
    return Trees(
        roots=np.array(roots, np.int64),
        feature=np.array(feature, np.int32),
        threshold=np.array(threshold),
        missing_left=np.zeros(nodes, np.bool_),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        value=np.array(value).reshape(nodes, outputs),
        base=generator.normal(size=outputs),
    )


def paths(generator, trees, width, longest=3):
    """Return features and terms of each leaf, with gaps."""
    shape = (len(trees.feature), longest)
    features = generator.integers(-1, width, shape).astype(np.int32)
    return features, np.where(features < 0, 0, generator.random(shape)).astype(np.float32)


def scaling(generator, width):
    return Scaling(generator.normal(size=width), generator.random(width) + 0.5, np.array(6.0))


def random_body(generator, kind, width):
    """Return one body of a kind over so many features."""
    if kind in {"trees", "directions", "votes"}:
        p = int(generator.integers(1, 9)) if kind == "directions" else 0
        places = generator.integers(0, width, (2, p))
        directions = Directions(*places, *generator.normal(size=(2, p))) if p else None
        trees = random_trees(generator, width + p, outputs=3 if kind == "votes" else 1)
        combined = "largest" if kind == "votes" else "sum"
        return TreeSum(trees, directions, combined, *paths(generator, trees, width))
    if kind == "deviation":
        return Deviation(
            generator.normal(size=width), generator.normal(size=(width, int(generator.integers(1, width + 1))))
        )
    if kind in {"nearest", "clusters", "bags"}:
        bags = {"nearest": 1, "clusters": 1, "bags": int(generator.integers(2, 9))}[kind]
        size = int(generator.integers(6, 700 if kind == "nearest" else 90))
        count = 1 if kind == "clusters" else int(generator.integers(1, 6))
        points = generator.normal(size=(bags * size, width))
        scale = generator.random(len(points)) + 0.2 if kind == "clusters" else np.ones(len(points))
        return Nearest(generator.normal(size=width), points, bags, count, scale)
    if kind == "density":
        size = int(generator.integers(6, 600))
        points = generator.normal(size=(size, width))
        return LocalDensity(
            np.zeros(width), points, int(generator.integers(1, 6)), generator.random(size) + 0.1, generator.random(size)
        )
    if kind == "kernel":
        m = int(generator.integers(1, 600))
        coefficients, intercept = generator.random((m, 1)), generator.normal(size=1)
        points = generator.normal(size=(m, width))
        return KernelSum(Kernel(scaling(generator, width), points, np.array(0.3 / width), coefficients, intercept))
    inner = int(generator.integers(1, 12))
    weights = (generator.normal(size=(width, inner)), generator.normal(size=(inner, width)))
    biases = (generator.normal(size=inner), generator.normal(size=width))
    return Reconstruction(Layers(scaling(generator, width), weights, biases, "tanh"))


def stacked_body(generator, width, members):
    """Return trees over the features and the scores of so many members."""
    trees = random_trees(generator, width + members)
    return Stacked(trees, *paths(generator, trees, width))

"""Synthetic sets with a known number of clusters, in two families made by different rules.

``tuning`` is what choose_k was built against, ``fresh`` was looked at only to measure. Both hold clear to moderate
separation, unequal sizes and spreads, stretched and correlated clusters, columns of noise, outliers, clusters in
groups, and sets without any clusters.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Made:
    rows: np.ndarray
    k: int
    kind: str
    separation: float
    labels: np.ndarray | None = None


def made(family, number):
    rng = np.random.default_rng([{"tuning": 11, "fresh": 97}[family], number])
    if rng.random() < 0.2:
        return null(family, rng)
    return (tuning_clusters if family == "tuning" else fresh_clusters)(rng)


def null(family, rng):
    d = int(rng.choice([2, 3, 5, 8, 12, 20, 30] if family == "tuning" else [1, 2, 4, 6, 10, 16, 25]))
    n = int(np.exp(rng.uniform(np.log(200), np.log(20000 if family == "tuning" else 12000))))
    kinds = NULLS[family]
    kind = str(rng.choice(list(kinds)))
    rows = kinds[kind](rng, n, d)
    if rng.random() < 0.2:
        rows = with_outliers(rng, rows, 0.005)
    return Made(shuffled(rng, rows), 1, kind, 0.0)


def mixing(rng, d, condition):
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    scale = np.exp(rng.uniform(-0.5, 0.5, d) * np.log(condition))
    return turn * scale


def ball(rng, n, d):
    rows = rng.normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True) * rng.random((n, 1)) ** (1 / d)


def student(rng, n, d, freedom):
    return rng.normal(size=(n, d)) / np.sqrt(rng.chisquare(freedom, (n, 1)) / freedom)


NULLS = {
    "tuning": {
        "uniform cube": lambda rng, n, d: rng.random((n, d)),
        "uniform box": lambda rng, n, d: rng.random((n, d)) * np.exp(rng.uniform(-1.5, 1.5, d)),
        "gaussian": lambda rng, n, d: rng.normal(size=(n, d)),
        "correlated gaussian": lambda rng, n, d: rng.normal(size=(n, d)) @ mixing(rng, d, 20).T,
        "elongated gaussian": lambda rng, n, d: rng.normal(size=(n, d)) * np.r_[8, np.ones(d - 1)],
        "student 4": lambda rng, n, d: student(rng, n, d, 4) @ mixing(rng, d, 4).T,
        "ball": ball,
        "line": lambda rng, n, d: rng.random((n, 1)) * rng.normal(size=d) + rng.normal(size=(n, d)) * 0.01,
    },
    "fresh": {
        "uniform cube": lambda rng, n, d: rng.random((n, d)) - 0.5,
        "turned box": lambda rng, n, d: (rng.random((n, d)) * rng.uniform(0.3, 4, d)) @ mixing(rng, d, 1).T,
        "gaussian": lambda rng, n, d: rng.normal(size=(n, d)) * 3 + 5,
        "autoregressive gaussian": lambda rng, n, d: np.cumsum(rng.normal(size=(n, d)), axis=1),
        "laplace": lambda rng, n, d: rng.laplace(size=(n, d)),
        "student 3": lambda rng, n, d: student(rng, n, d, 3),
        "simplex": lambda rng, n, d: rng.dirichlet(np.ones(d + 1), n)[:, :d],
        "ball": lambda rng, n, d: ball(rng, n, d) * 7,
        "half normal": lambda rng, n, d: np.abs(rng.normal(size=(n, d))),
        "line": lambda rng, n, d: rng.random((n, 1)) * rng.normal(size=d) * 30,
    },
}


def shuffled(rng, rows, labels=None):
    order = rng.permutation(len(rows))
    if labels is None:
        return rows[order].astype(np.float32)
    outliers = np.full(len(rows) - len(labels), -1)
    return rows[order].astype(np.float32), np.r_[labels, outliers][order]


def with_outliers(rng, rows, share):
    count = max(1, int(share * len(rows)))
    low, high = rows.min(axis=0), rows.max(axis=0)
    middle, reach = (low + high) / 2, (high - low) / 2
    return np.concatenate([rows, middle + rng.uniform(-1.3, 1.3, (count, rows.shape[1])) * reach])


def spaced(rng, k, d, tries):
    """Points in a cube, each the one of several that is farthest from those before."""
    points = [rng.random(d)]
    while len(points) < k:
        candidates = rng.random((tries, d))
        nearest = np.linalg.norm(candidates[:, None] - np.array(points)[None], axis=2).min(axis=1)
        points.append(candidates[nearest.argmax()])
    return np.array(points)


def grouped(rng, k, d):
    """Points in two to four groups, well apart from each other."""
    groups = int(rng.integers(2, min(4, k // 2) + 1))
    owner = np.r_[np.repeat(np.arange(groups), 2), rng.integers(0, groups, k - 2 * groups)]
    points = np.zeros((k, d))
    for group, heart in enumerate(spaced(rng, groups, d, 10)):
        points[owner == group] = heart * 4 + spaced(rng, int((owner == group).sum()), d, 10)
    return points


def standing_apart(centres, covariances):
    """The smallest distance of two centres in mean deviations along the line between them."""
    least = np.inf
    for i in range(len(centres)):
        for j in range(i):
            gap = centres[i] - centres[j]
            length = np.linalg.norm(gap) + 1e-300
            line = gap / length
            spread = (np.sqrt(line @ covariances[i] @ line) + np.sqrt(line @ covariances[j] @ line)) / 2
            least = min(least, length / spread)
    return least


def shares(rng, k, smallest):
    parts = rng.dirichlet(np.full(k, 3.0)) if smallest < 1 else np.ones(k)
    parts = np.maximum(parts, smallest * parts.max())
    return parts / parts.sum()


def counted(rng, n, parts, least):
    return np.maximum(rng.multinomial(n, parts), least)


def tuning_clusters(rng):
    k = int(rng.integers(2, 16))
    d = int(rng.choice([2, 3, 5, 8, 12, 20, 30]))
    n = int(np.exp(rng.uniform(np.log(max(200, 25 * k)), np.log(20000))))
    separation = rng.uniform(3.5, 8)
    hierarchy = k >= 4 and rng.random() < 0.15
    centres = grouped(rng, k, d) if hierarchy else spaced(rng, k, d, int(rng.integers(1, 10)))
    spreads = np.exp(rng.uniform(-0.5, 0.5, k) * np.log(rng.choice([1, 1, 2, 4])))
    shape = str(rng.choice(["round", "stretched", "own stretch"]))
    condition = rng.uniform(2, 6)
    common = mixing(rng, d, condition)
    mixes = [
        spread * (np.eye(d) if shape == "round" else common if shape == "stretched" else mixing(rng, d, condition))
        for spread in spreads
    ]
    centres *= separation / standing_apart(centres, [mix @ mix.T for mix in mixes])
    counts = counted(rng, n, shares(rng, k, float(rng.choice([1, 1, 0.3, 0.1]))), 12)
    law = str(rng.choice(["gaussian", "gaussian", "gaussian", "student 8", "uniform"]))
    draw = {
        "gaussian": lambda m: rng.normal(size=(m, d)),
        "student 8": lambda m: student(rng, m, d, 8),
        "uniform": lambda m: ball(rng, m, d) * np.sqrt(d + 2),
    }[law]
    rows = np.concatenate([draw(m) @ mix.T + centre for m, mix, centre in zip(counts, mixes, centres, strict=True)])
    if rng.random() < 0.2:
        rows = np.c_[rows, rng.normal(size=(len(rows), int(rng.integers(1, 5)))) * rows.std(axis=0).mean() * 0.5]
    if rng.random() < 0.2:
        rows = with_outliers(rng, rows, 0.01)
    rows, labels = shuffled(rng, rows, np.repeat(np.arange(k), counts))
    return Made(rows, k, f"{law}, {shape}{', groups' if hierarchy else ''}", separation, labels)


def fresh_clusters(rng):
    k = min(15, 2 + int(rng.geometric(0.16)) - 1)
    d = int(rng.choice([2, 2, 4, 6, 10, 16, 25]))
    n = int(rng.choice([300, 600, 1000, 2500, 6000, 12000]))
    spreads = rng.uniform(*((1, 1) if rng.random() < 0.4 else (0.5, 1.6)), k)
    axes = np.exp(rng.normal(size=(k, d)) * rng.choice([0, 0, 0.4]))
    bend = rng.normal(size=(d, d)) / np.sqrt(d) + np.eye(d) if rng.random() < 0.3 else np.eye(d)
    mixes = [bend * (spread * axis) for spread, axis in zip(spreads, axes, strict=True)]
    covariances = [mix @ mix.T for mix in mixes]
    box = 5.0
    centres = rng.uniform(-box, box, (k, d))
    aim = rng.choice([4.0, 5.0, 6.5])
    while standing_apart(centres, covariances) < aim:
        box *= 1.03
        centres = rng.uniform(-box, box, (k, d))
    parts = 1 / np.arange(1, k + 1) ** float(rng.choice([0, 0, 0.5, 0.8]))
    counts = counted(rng, n, parts / parts.sum(), 15)
    law = str(rng.choice(["gaussian", "gaussian", "laplace", "box", "skew"]))
    draw = {
        "gaussian": lambda m: rng.normal(size=(m, d)),
        "laplace": lambda m: rng.laplace(size=(m, d)) / np.sqrt(2),
        "box": lambda m: (rng.random((m, d)) - 0.5) * np.sqrt(12),
        "skew": lambda m: (rng.gamma(4, size=(m, d)) - 4) / 2,
    }[law]
    rows = np.concatenate([draw(m) @ mix.T + centre for m, mix, centre in zip(counts, mixes, centres, strict=True)])
    if rng.random() < 0.2:
        rows = np.c_[rows, rng.random((len(rows), int(rng.integers(1, 4)))) * np.ptp(rows[:, 0]) * 0.5]
    if rng.random() < 0.2:
        rows = with_outliers(rng, rows, 0.005)
    rows, labels = shuffled(rng, rows, np.repeat(np.arange(k), counts))
    return Made(rows, k, law, float(standing_apart(centres, covariances)), labels)

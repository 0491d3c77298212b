"""Measures how often each 95 % interval holds the truth. Run by hand; the tests run a small part of it.

    python tests/evaluate/coverage.py [draws]

Each world draws rows from a known law, so the true value of a metric is that on 600,000 rows.
"""

import sys

import numpy as np

from mainstay.evaluate.intervals import evaluate


def binary(strength, rate):
    """A noisy score whose probabilities are a little too sure."""

    def world(n, rng):
        x = rng.normal(size=n)
        logit = strength * x + np.log(rate / (1 - rate))
        y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
        p = 1 / (1 + np.exp(-1.3 * (logit + 0.3 * rng.normal(size=n))))
        return y, np.stack([1 - p, p], axis=1)

    return world


def three_classes(n, rng):
    y = rng.choice(3, size=n, p=[0.6, 0.3, 0.1])
    logits = 1.5 * np.eye(3)[y] + rng.normal(size=(n, 3)) + np.array([0.7, 0.2, -0.6])
    p = np.exp(logits)
    return y, p / p.sum(axis=1, keepdims=True)


def amounts(tail):
    def world(n, rng):
        x = rng.normal(size=n)
        noise = rng.standard_t(5, size=n) if tail == "heavy" else rng.normal(size=n)
        if tail == "skewed":
            y = np.exp(0.8 * x + 0.4 * noise)
            return y, np.exp(0.8 * x)
        return 10 + 2 * x + noise, 10 + 1.9 * x

    return world


WORLDS = {
    "binary": ("classification", binary(1.5, 0.3)),
    "binary, strong": ("classification", binary(5.0, 0.3)),
    "binary, rare": ("classification", binary(1.5, 0.08)),
    "three classes": ("classification", three_classes),
    "normal errors": ("regression", amounts("normal")),
    "heavy tails": ("regression", amounts("heavy")),
    "skewed target": ("regression", amounts("skewed")),
}


def truth_of(task, world, metrics=None):
    """Return each metric on 600,000 rows."""
    rng = np.random.default_rng(99)
    parts = [evaluate(task, *world(60_000, rng), metrics=metrics) for _ in range(10)]
    return {
        name: np.mean([part[name].value for part in parts]) for name in parts[0] if parts[0][name].value is not None
    }


def coverage(name, n, draws, metrics=None, seed=0):
    """Return {metric: (share of intervals that hold the truth, mean width, share too low, share too high)}."""
    task, world = WORLDS[name]
    truth = truth_of(task, world, metrics)
    rng = np.random.default_rng(seed)
    seen = {metric: [] for metric in truth}
    for turn in range(draws):
        scores = evaluate(task, *world(n, rng), seed=turn, metrics=metrics)
        for metric, real in truth.items():
            score = scores[metric]
            if score.value is not None and score.low is not None:
                seen[metric].append(
                    (score.low <= real <= score.high, score.high - score.low, real > score.high, real < score.low)
                )
    return {metric: tuple(np.mean(rows, axis=0)) for metric, rows in seen.items() if rows}


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    sizes = [int(size) for size in sys.argv[2].split(",")] if len(sys.argv) > 2 else [100, 1000]
    for n in sizes:
        for name in WORLDS:
            for metric, (held, width, below, above) in coverage(name, n, draws).items():
                row = f"{n:6d} {name:15s} {metric:22s} {held:6.1%} width {width:8.4f}"
                sys.stdout.write(f"{row} truth above {below:5.1%} below {above:5.1%}\n")


if __name__ == "__main__":
    main()

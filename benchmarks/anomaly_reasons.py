"""Measures how fast alarms are explained, beside what KernelSHAP would have to compute for the same rows.

Run `python benchmarks/anomaly_reasons.py [--rows 5000] [--columns 30]`. KernelSHAP explains one row by scoring
2 * columns + 2,048 mixtures of it with each of 100 background rows (the defaults of the package shap); timed is the
scoring alone, by the same model graph, which is less than KernelSHAP takes. It prints both for one row, and how often
the planted column is among the three that a reason names.
"""

import argparse
import time

import numpy as np

import mainstay


def table(rows, columns, chance):
    """Return rows of which the first 1 % have one value five to ten deviations away, and the column of each."""
    numbers = chance.normal(size=(rows, columns))
    count = rows // 100
    places = chance.integers(columns, size=count)
    numbers[np.arange(count), places] = chance.uniform(5, 10, count) * chance.choice([-1, 1], count)
    return numbers, places


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--columns", type=int, default=30)
    told = parser.parse_args()
    numbers, places = table(told.rows, told.columns, np.random.default_rng(0))
    found = mainstay.detect(numbers, alarm=f"top={told.rows // 20}", time_budget=None)
    predictor = found.model.bundle.detector
    flagged = np.flatnonzero(found.flagged)
    arrays = predictor.decoder.from_frame(found.frame[flagged]).arrays
    start = time.process_time()
    reasons = predictor.reasons(arrays)
    ours = (time.process_time() - start) / len(flagged)
    mixtures = np.tile(np.arange(len(flagged)), 8192 // len(flagged) + 1)[:8192]
    start = time.process_time()
    predictor.predict_arrays(arrays.take(mixtures))
    theirs = (time.process_time() - start) / len(mixtures) * (2 * told.columns + 2048) * 100
    planted = [row for row in flagged.tolist() if row < len(places)]
    named = [f"column_{places[row] + 1} " in found.reasons[row] for row in planted]
    print(f"{told.rows} rows x {told.columns} columns, {len(flagged)} flagged, {len(reasons)} with a reason")
    print(f"a reason {1e3 * ours:.3f} ms, KernelSHAP's scores {theirs:.2f} s: {theirs / ours:,.0f} times as long")
    print(f"planted column named for {np.mean(named):.3f} of {len(named)} planted rows flagged, of {len(places)}")


if __name__ == "__main__":
    main()

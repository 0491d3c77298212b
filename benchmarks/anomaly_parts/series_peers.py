"""What peers say of series, in their own environment: reads arrays from a file, writes their scores of points.

python series_peers.py IN.npz OUT.npz
"""

import sys
import time

import numpy as np


def over_points(scores, window, points):
    """Return for each point the mean score of the windows that it lies in, as for ours."""
    total, count = np.zeros(points + 1), np.zeros(points + 1)
    starts = np.arange(len(scores))
    np.add.at(total, starts, scores)
    np.add.at(total, starts + window, -scores)
    np.add.at(count, starts, 1.0)
    np.add.at(count, starts + window, -1.0)
    return np.cumsum(total)[:-1] / np.maximum(np.cumsum(count)[:-1], 1.0)


def matrix_profile(values, window):
    import stumpy

    return np.asarray(stumpy.stump(values, window)[:, 0], np.float64)


def isolation_forest(values, window):
    from sklearn.ensemble import IsolationForest

    rows = np.lib.stride_tricks.sliding_window_view(values, window)
    return -IsolationForest(n_estimators=100, random_state=0).fit(rows).score_samples(rows)


def main():
    given = np.load(sys.argv[1])
    said = {}
    for name in [key[7:] for key in given.files if key.startswith("values_")]:
        values, window = given[f"values_{name}"], int(given[f"window_{name}"])
        for method in (matrix_profile, isolation_forest):
            method(values[: 4 * window], window)  # compiling is not part of it
            began = time.perf_counter()
            found = method(values, window)
            said[f"{method.__name__}@{name}"] = over_points(found, window, len(values))
            said[f"seconds@{method.__name__}@{name}"] = np.array(time.perf_counter() - began)
    np.savez(sys.argv[2], **said)


if __name__ == "__main__":
    main()

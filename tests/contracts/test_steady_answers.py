"""Levels, scores and p-values of a row have the same bits alone, among few and among many: sizes around SIMD widths."""

import numpy as np
import pytest

from mainstay.contracts.alarms import Calibration
from mainstay.contracts.anomalies import Scale, blended

SIZES = range(1, 71)


def drawn(seed, count, low=-1.0, high=9.0):
    return np.random.default_rng(seed).uniform(low, high, count)


def scale(points, seed=0):
    scores = np.sort(drawn(seed, points, 0.0, 8.0))
    return Scale(scores, np.sort(drawn(seed + 1, points, 0.0, 4.0)))


def calibrations():
    known = tuple(np.sort(drawn(3, 50, 0.0, 8.0)).tolist())
    return {
        "conformal": Calibration(kind="conformal", scores=known),
        "tail": Calibration(kind="tail", scores=known, p_values=tuple(np.geomspace(1.0, 1e-7, 50).tolist())),
    }


@pytest.mark.parametrize("points", [1, 2, 5, 200])
def test_levels(points):
    known, raw = scale(points), drawn(7, 300)
    alone = np.array([known.level(raw[at : at + 1])[0] for at in range(len(raw))])
    for size in SIZES:
        for start in (0, 1, 3):
            some = slice(start, start + size)
            assert known.level(raw[some]).tobytes() == alone[some].tobytes()
    wide = np.column_stack([raw, raw, raw])  # a column of a matrix, whose values lie apart
    assert known.level(wide[:, 1]).tobytes() == alone.tobytes()
    assert known.level(raw).tobytes() == alone.tobytes()


@pytest.mark.parametrize("kind", ["conformal", "tail"])
def test_p_values(kind):
    known, scores = calibrations()[kind], drawn(11, 300, -1.0, 30.0)
    alone = np.array([known.of(scores[at : at + 1])[0] for at in range(len(scores))])
    assert ((alone > 0) & (alone <= 1)).all()
    for size in SIZES:
        for start in (0, 1, 3):
            some = slice(start, start + size)
            assert known.of(scores[some]).tobytes() == alone[some].tobytes()
    assert known.of(scores).tobytes() == alone.tobytes()
    assert np.isnan(known.of(np.array([np.nan]))).all()


def test_blends():
    scales, weights = (scale(2), scale(9, 5), scale(60, 9)), np.array([0.2, 0.5, 0.3])
    raw = drawn(13, 900).reshape(300, 3)
    alone = np.concatenate([blended(raw[at : at + 1], scales, weights) for at in range(len(raw))])
    for size in SIZES:
        assert blended(raw[:size], scales, weights).tobytes() == alone[:size].tobytes()
    assert blended(np.asfortranarray(raw), scales, weights).tobytes() == alone.tobytes()

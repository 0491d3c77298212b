"""Curves are scikit-learn's, thinned without losing their shape, and plain data."""

import msgspec
import numpy as np
import pytest
import sklearn.metrics as sk

from mainstay.evaluate.curves import Curves, curves_of, histogram
from mainstay.evaluate.evidence import gather


def classes(n, k, seed=0, digits=None):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    p = rng.random((n, k)) + 0.3 * np.eye(k)[y]
    p = p / p.sum(axis=1, keepdims=True)
    return y, p if digits is None else np.stack([1 - np.round(p[:, 1], digits), np.round(p[:, 1], digits)], 1)


@pytest.mark.parametrize("digits", [None, 1])
def test_short_curves_are_scikit_learns(digits):
    y, p = classes(60, 2, digits=digits)
    curves = curves_of(gather("classification", y, p))
    false, true, _ = sk.roc_curve(y, p[:, 1], drop_intermediate=False)
    assert np.allclose(curves.roc[0].x, false)
    assert np.allclose(curves.roc[0].y, true)
    precision, recall, _ = sk.precision_recall_curve(y, p[:, 1])
    assert np.allclose(curves.precision_recall[0].x[1:], recall[::-1][1:])
    assert np.allclose(curves.precision_recall[0].y[1:], precision[::-1][1:])
    assert curves.positive_share == y.mean()


def test_long_curves_keep_their_area_and_ends():
    y, p = classes(20_000, 2)
    curves = curves_of(gather("classification", y, p))
    roc = curves.roc[0]
    assert len(roc.x) <= 200
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(sk.roc_auc_score(y, p[:, 1]), abs=0.002)
    for line in (curves.gain[0], curves.precision_recall[0]):
        assert len(line.x) <= 200
        assert list(line.x) == sorted(line.x)


def test_many_classes_have_a_curve_each_up_to_eight():
    y, p = classes(300, 3)
    curves = curves_of(gather("classification", y, p, labels=("a", "b", "c")))
    assert [curve.name for curve in curves.roc] == ["a", "b", "c"]
    assert curves.positive_share is None
    y, p = classes(600, 12)
    assert len(curves_of(gather("classification", y, p)).roc) == 8


def test_calibration_bins_hold_all_rows_and_their_shares():
    y, p = classes(1000, 2)
    bins = curves_of(gather("classification", y, p)).calibration
    assert sum(part.rows for part in bins) == 1000
    assert sum(part.rows * part.happened for part in bins) == pytest.approx(y.sum())
    assert all(part.low <= part.happened <= part.high for part in bins)
    assert [part.promised for part in bins] == sorted(part.promised for part in bins)


def test_calibration_of_a_constant_answer_is_one_bin():
    curves = curves_of(gather("classification", [0, 1, 1, 1], [[0.3, 0.7]] * 4))
    assert len(curves.calibration) == 1
    assert curves.calibration[0].happened == 0.75


def test_errors_of_amounts():
    rng = np.random.default_rng(0)
    y = rng.normal(size=5000)
    errors = curves_of(gather("regression", y, y + 0.1 * rng.normal(size=5000) + 0.05)).errors
    assert len(errors.true) == 200
    assert sum(band.rows for band in errors.bands) == 5000
    assert all(band.low < band.middle < band.high for band in errors.bands)
    assert np.mean([band.middle for band in errors.bands]) == pytest.approx(0.05, abs=0.01)
    outside = errors.histogram.below + errors.histogram.above
    assert sum(errors.histogram.counts) + outside == 5000
    assert 40 <= outside <= 52


def test_one_row_and_one_class_draw_what_they_can():
    assert curves_of(gather("regression", [1.0], [1.0])).errors.true == (1.0,)
    alone = curves_of(gather("classification", [0, 0], [[0.9, 0.1]] * 2, labels=("No", "Yes")))
    assert (alone.roc, alone.precision_recall) == ((), ())
    assert alone.confusion.counts == ((2.0, 0.0), (0.0, 0.0))
    codes = curves_of(gather("classification", [0, 1], [0, 1], labels=("No", "Yes")))
    assert codes.roc == ()
    assert codes.confusion.counts == ((1.0, 0.0), (0.0, 1.0))


def test_curves_are_plain_data():
    y, p = classes(50, 3)
    curves = curves_of(gather("classification", y, p))
    assert msgspec.json.decode(msgspec.json.encode(curves), type=Curves) == curves


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [0.0, 1e9], list(range(100))])
def test_histograms_count_everything(values):
    found = histogram(np.array(values, float))
    assert sum(found.counts) + found.below + found.above == len(values)
    assert len(found.edges) == len(found.counts) + 1

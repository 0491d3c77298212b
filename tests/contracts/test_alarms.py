"""P-values: valid, the same alone and together, and inverted to the very score."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.alarms import Calibration
from mainstay.contracts.errors import UsageError

SCORES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=40).map(np.array)
TAIL = Calibration(kind="tail", scores=(0.0, 1.0, 2.5), p_values=(1.0, 0.3, 1e-3))


@given(SCORES, SCORES)
def test_conformal_p_values_count_rows_and_ties(known, new):
    calibration = Calibration(kind="conformal", scores=tuple(np.sort(known).tolist()))
    counted = [(1 + (known >= score).sum()) / (1 + len(known)) for score in new]
    assert calibration.of(new) == pytest.approx(counted)


@given(SCORES)
def test_one_row_has_the_bits_that_it_has_among_many(new):
    together = TAIL.of(new)
    alone = np.array([TAIL.of(new[at : at + 1])[0] for at in range(len(new))])
    assert together.tobytes() == alone.tobytes()
    assert TAIL.of(np.ascontiguousarray(new[::-1]))[::-1].tobytes() == together.tobytes()
    assert ((together > 0) & (together <= 1)).all()


def test_a_tail_falls_without_end_and_never_to_zero():
    scores = np.linspace(-1, 2000, 10_001)
    p_values = TAIL.of(scores)
    assert (np.diff(p_values) <= 0).all()
    assert p_values[-1] > 0
    assert TAIL.of(np.array([np.inf, -np.inf])).tolist()[1] == 1.0
    assert np.isnan(TAIL.of(np.array([np.nan]))[0])


def test_lines_are_straight_in_the_logarithm():
    between = np.linspace(0.0, 5.0, 1001)
    heights = np.interp(np.minimum(between, 2.5), [0, 1, 2.5], np.log([1.0, 0.3, 1e-3]))
    heights += np.where(between > 2.5, (between - 2.5) * np.log(1e-3 / 0.3) / 1.5, 0)
    assert TAIL.of(between) == pytest.approx(np.exp(heights), rel=1e-13)


@given(st.floats(1e-250, 1.0))
def test_the_score_of_a_p_value_is_the_lowest_that_has_it(p_value):
    for calibration in (TAIL, Calibration(kind="conformal", scores=(0.1, 0.2, 0.2, 0.7))):
        score = calibration.score_at(p_value)
        if score is None:
            assert calibration.least > p_value
            continue
        assert calibration.of(np.array([score]))[0] <= p_value
        if score > calibration.scores[0]:
            assert calibration.of(np.array([np.nextafter(score, -np.inf)]))[0] > p_value


def test_a_flat_tail_reaches_nothing_beyond_it():
    flat = Calibration(kind="tail", scores=(1.0,), p_values=(1.0,))
    assert flat.of(np.array([0.0, 5.0])).tolist() == [1.0, 1.0]
    assert flat.score_at(0.5) is None


@pytest.mark.parametrize(
    "points",
    [
        {"kind": "conformal", "scores": ()},
        {"kind": "tail", "scores": (1.0, 2.0), "p_values": (0.5,)},
        {"kind": "tail", "scores": (1.0, 1.0), "p_values": (0.5, 0.4)},
        {"kind": "tail", "scores": (1.0, 2.0), "p_values": (0.4, 0.5)},
        {"kind": "tail", "scores": (1.0, 2.0), "p_values": (0.4, 0.0)},
        {"kind": "conformal", "scores": (2.0, 1.0)},
        {"kind": "conformal", "scores": (float("nan"),)},
    ],
)
def test_points_that_do_not_fit_are_refused(points):
    with pytest.raises(UsageError):
        Calibration(**points)


def test_a_calibration_survives_being_written():
    again = msgspec.json.decode(msgspec.json.encode(TAIL), type=Calibration)
    scores = np.linspace(-1, 9, 1000)
    assert again.of(scores).tobytes() == TAIL.of(scores).tobytes()

"""Labels in the words that people use, and what is said where the words leave it open."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay import UsageError
from mainstay.alarms.known import known_anomalies


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        ([1, 0, 0, None], [1, 0, 0, -1]),
        ([1.0, 0.0, float("nan")], [1, 0, -1]),
        ([True, False], [1, 0]),
        (["Fraud", "ok", " OK ", ""], [1, 0, 0, -1]),
        (["attack", "normal", "?"], [1, 0, -1]),
        (["outlier"], [1]),
        (["yes", "no", "anomaly"], [1, 0, 1]),
    ],
)
def test_usual_words_mean_what_they_say(labels, codes):
    found = known_anomalies(pl.Series(labels, strict=False), "label")
    assert found.codes.tolist() == codes
    assert not found.guessed


@pytest.mark.parametrize(
    ("labels", "odd", "said"),
    [
        (["normal"] * 3 + ["neptune", "smurf", "neptune"], {"neptune", "smurf"}, "all other words"),
        (["a"] * 5 + ["b"], {"b"}, "rarer one"),
        (["tcp"] * 5 + ["udp", "icmp"], {"udp", "icmp"}, "most frequent ('tcp')"),
        ([1] * 5 + [-1], {"-1"}, "scikit-learn"),
        (["fraud", "business"], {"fraud"}, "other word"),
    ],
)
def test_what_the_words_leave_open_is_settled_and_said(labels, odd, said):
    found = known_anomalies(pl.Series(labels), "label")
    assert set(found.odd) == odd
    assert said in found.guessed
    (finding,) = found.findings()
    assert finding.severity == "warning"
    assert found.guessed in finding.message


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([None, None], "no row has a label"),
        (["", " "], "no row has a label"),
        (["x", "x"], "does not tell"),
        (["p", "q"], "equally often"),
        (np.arange(500) + 0.5, "500 different values"),
    ],
)
def test_labels_that_say_nothing_are_refused(labels, said):
    with pytest.raises(UsageError, match=said):
        known_anomalies(pl.Series(labels), "label")


@given(st.lists(st.sampled_from([0, 1, None]), min_size=1).filter(any))
def test_numbers_words_and_booleans_mean_the_same(labels):
    forms = [
        pl.Series(labels, dtype=pl.Int64),
        pl.Series(labels, dtype=pl.Float64),
        pl.Series([None if one is None else bool(one) for one in labels], dtype=pl.Boolean),
        pl.Series([None if one is None else ("ok", "fraud")[one] for one in labels], dtype=pl.String),
    ]
    found = [known_anomalies(form, "label").codes.tolist() for form in forms]
    assert found == [[-1 if one is None else one for one in labels]] * 4

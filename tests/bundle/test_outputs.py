"""What outputs say: old files keep their bytes, new keys are held to the labels, and answers follow them."""

import msgspec
import numpy as np
import pytest

from mainstay.bundle.records import Outputs, encode_json
from mainstay.contracts.deciding import PredictionIntervals, PredictionSets
from mainstay.contracts.errors import UsageError

TWO = {"task": "classification", "target": "t", "labels": ("no", "yes")}
THREE = {"task": "classification", "target": "t", "labels": ("a", "b", "c")}
COSTS = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (9.0, 9.0, 0.0))
INTERVALS = PredictionIntervals(level=0.9, at=(0.0, 1.0), below=(1.0, 2.0), above=(1.0, 2.0))


def test_what_is_not_set_is_not_written():
    written = encode_json(Outputs(**TWO))
    assert written == (
        b'{"task":"classification","target":"t","labels":["no","yes"],"positive":null,"threshold":0.5,"unit":""}'
    )


@pytest.mark.parametrize(
    "outputs",
    [
        Outputs(**TWO, costs=((0.0, 1.0), (8.0, 0.0)), uncertainty=PredictionSets(level=0.9, least=(0.4, 0.2))),
        Outputs(**THREE, costs=COSTS),
        Outputs(task="regression", target="t", uncertainty=INTERVALS),
    ],
)
def test_what_is_set_comes_back(outputs):
    assert msgspec.json.decode(encode_json(outputs), type=Outputs) == outputs


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({**THREE, "costs": ((0.0, 1.0), (8.0, 0.0))}, "3 rows of 3"),
        ({**TWO, "costs": ((0.0, float("nan")), (8.0, 0.0))}, "2 rows of 2"),
        ({**TWO, "uncertainty": PredictionSets(level=0.9, least=(0.1, 0.2, 0.3))}, "prediction sets"),
        ({**TWO, "uncertainty": INTERVALS}, "prediction sets"),
        ({"task": "regression", "target": "t", "costs": ((0.0, 1.0), (8.0, 0.0))}, "no costs"),
        (
            {"task": "regression", "target": "t", "uncertainty": PredictionSets(level=0.9, least=(0.1, 0.2))},
            "no prediction sets",
        ),
    ],
)
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        Outputs(**wrong)


def choose_labels(outputs, shares):
    return np.array(outputs.labels)[outputs.decide(shares)]


def test_costs_decide_among_three_and_the_threshold_among_two():
    shares = np.array([[0.5, 0.3, 0.2], [0.9, 0.09, 0.01]], np.float32)
    assert choose_labels(Outputs(**THREE, costs=COSTS), shares).tolist() == ["c", "a"]
    assert choose_labels(Outputs(**THREE), shares).tolist() == ["a", "a"]
    two = Outputs(**TWO, costs=((0.0, 1.0), (8.0, 0.0)), threshold=0.5)
    assert choose_labels(two, np.array([[0.7, 0.3]], np.float32)).tolist() == ["no"]


def test_a_tie_of_costs_is_told_as_no_gap():
    outputs = Outputs(**THREE, costs=((0.0, 1.0, 2.0), (1.0, 0.0, 2.0), (2.0, 2.0, 0.0)))
    assert outputs.gap(np.array([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05]])).tolist()[0] == 0.0
    assert outputs.gap(np.array([[0.9, 0.05, 0.05]]))[0] > 0.01

"""What a run is told: every form of k and of weights, and a sentence for what is none."""

import pytest

from mainstay.contracts.errors import UsageError
from mainstay.segments.settings import Settings, Wanted, read_k, read_weights


@pytest.mark.parametrize(
    ("given", "kept"),
    [("auto", "auto"), (None, "auto"), (" AUTO ", "auto"), (5, "5"), ("5", "5"), ("2..10", "2..10"), ((2, 10), "2..10"),
     ([3, 3], "3"), (range(2, 6), "2..5"), ("2 .. 10", "2..10")],
)  # fmt: skip
def test_k_has_one_form(given, kept):
    assert read_k(given) == kept


@pytest.mark.parametrize("given", [0, -1, "0", "10..2", "many", "2..", "..4", 2.5, True, "1..2..3", "", 10**9])
def test_no_number_of_groups_is_refused_with_an_example(given):
    with pytest.raises(UsageError) as caught:
        read_k(given)
    assert caught.value.where == "k"
    assert "2..10" in caught.value.hint


def test_what_is_wanted_as_numbers():
    assert Settings().wanted == Wanted(None, None)
    assert Settings(k="4").wanted == Wanted(4, 4)
    assert Settings(k="4").wanted.given == 4
    assert Settings(k="2..9").wanted == Wanted(2, 9)
    assert Settings(k="2..9").wanted.given is None


def test_weights_are_read_from_words_and_mappings():
    assert read_weights(["a=2", " b c = 0.5", "x=y=3"]) == {"a": 2.0, "b c": 0.5, "x=y": 3.0}
    assert read_weights({"a": 2}) == {"a": 2.0}
    assert read_weights("a=2") == {"a": 2.0}
    assert read_weights(()) == {}


@pytest.mark.parametrize("wrong", [["a"], ["=2"], ["a=-1"], ["a=many"], {"a": None}, ["a=inf"], ["a=nan"]])
def test_a_weight_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError) as caught:
        read_weights(wrong)
    assert caught.value.where == "weight"


@pytest.mark.parametrize(
    "wrong",
    [{"scale": "minmax"}, {"outliers": 0.0}, {"outliers": 0.9}, {"seed": -1}, {"seed": True}, {"columns": ()},
     {"columns": ("a",), "labels": "a"}, {"k": "no"}],
)  # fmt: skip
def test_a_setting_that_is_none_is_refused_by_name(wrong):
    with pytest.raises(UsageError) as caught:
        Settings(**wrong)
    assert caught.value.where in {*wrong, "labels"}

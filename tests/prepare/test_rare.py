"""Rare levels are taken as unseen, in every encoding; a missing value is not a level."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import Target
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe

PLAIN = {"missing": "none", "scale": "none"}
CODES = np.repeat([0, 1, 2, -1], [10, 3, 10, 2])[:, None]
ROWS = Arrays(np.empty((25, 0), np.float32), (), CODES, ("city",), (4,))
TARGET = Target("regression", CODES[:, 0] * 1.0)


def transformed(codes, **wishes):
    fitted = fit(Recipe(**PLAIN, **wishes), ROWS, TARGET)
    rows = Arrays(np.empty((len(codes), 0), np.float32), (), np.array(codes)[:, None], ("city",), (4,))
    return fitted.transform(rows).matrix.tolist()


@pytest.mark.parametrize("encode", ["one_hot", "ordinal", "codes", "target"])
def test_a_rare_level_is_as_an_unseen_one(encode):
    rare, unseen, frequent, missing, empty = transformed([1, 4, 0, -1, 3], encode=encode, rare=5)
    assert rare == unseen == empty
    assert frequent != rare
    assert missing != rare
    if encode != "one_hot":  # there, min_count groups them already
        rare, unseen, *_ = transformed([1, 4], encode=encode)
        assert rare != unseen


def test_codes_of_rare_levels_do_not_disappear_from_training():
    fitted = fit(Recipe(**PLAIN, encode="codes", rare=5), ROWS, TARGET)
    assert np.unique(fitted.transform_training(ROWS).matrix).tolist() == [0.0, 2.0, 4.0, 5.0]


def test_without_the_wish_nothing_is_grouped():
    assert len(fit(Recipe(**PLAIN, rare=0), ROWS, TARGET).steps) == 1
    assert len(fit(Recipe(**PLAIN, rare=4), ROWS, TARGET).steps) == 2

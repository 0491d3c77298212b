"""Bundles of every format that was ever written stay readable, and answer as they did on their first day.

The files beside this one are never written again. A new format brings new files and a line in ``FORMATS``.
"""

from pathlib import Path

import numpy as np
import pytest

from mainstay.bundle.layout import FORMAT
from mainstay.bundle.open import open_bundle
from mainstay.bundle.verify import verify

HERE = Path(__file__).parent

FORMATS = {
    1: {
        "format_1_classification.mainstay": "61c7b21b861b217b80fd313c5433215ace37e52704ea3f708d43f28793dddba0",
        "format_1_regression.mainstay": "de5bf06ff64609538a048a72aa9a7c70e4d5999418daa30f6762be0208e2c35a",
    }
}

ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}


def test_every_format_has_its_samples():
    assert list(FORMATS) == list(range(1, FORMAT + 1))
    assert sorted(path.name for path in HERE.glob("*.mainstay")) == sorted(
        name for names in FORMATS.values() for name in names
    )


@pytest.mark.parametrize(("name", "digest"), [pair for names in FORMATS.values() for pair in names.items()])
def test_old_bundles_pass_every_check(name, digest):
    result = verify(HERE / name)
    assert result.ok, result
    assert result.digest == digest


def test_the_answers_of_the_first_day():
    shares = open_bundle(HERE / "format_1_classification.mainstay").predict_rows([ROW])
    assert shares.prediction.tolist() == ["Yes"]
    np.testing.assert_allclose(shares.probabilities, [[0.43551543, 0.56448454]], rtol=0, atol=1e-7)
    amount = open_bundle(HERE / "format_1_regression.mainstay").predict_rows([ROW])
    np.testing.assert_allclose(amount.prediction, [0.6964285714285714], rtol=1e-12)

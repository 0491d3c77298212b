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
    },
    2: {
        "format_2_classes.mainstay": "5a62510471cbf7c556f9a0a14c7b8a1c3a0359d14c7d39e1765e92c8b8c3fb2c",
        "format_2_classification.mainstay": "ff4c571ce4dd694119c4ed14a6325b74c45675dae1fabd537f68adf5085dcefb",
        "format_2_regression.mainstay": "9a048fd0df2e8dbee3f5173e8e97591051cba580d80895356c348f8d70fd5270",
    },
    3: {
        "format_3_clustering.mainstay": "b1c53d286f1bd7f52e28e34b318c654ed51f0e25d53a7dcaeb627e533b9977a3",
    },
    4: {
        "format_4_anomaly_detection.mainstay": "e4b621cdc989d35d153ac5679ac50a15826b1a01053c66c97435d5104070d602",
        "format_4_anomaly_detection_clean.mainstay": "bdc6c789a09eef228bfcd626db884056391806ec2f7c37dbf393a821fc5d6aee",
        "format_4_series.mainstay": "7d88d870858c51f61e98b23e66cfe2d0c3906f16d928568d6973f04280986337",
    },
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


def test_the_decisions_of_the_first_day():
    """A threshold by cost, the least expected cost of three classes, sets, and an interval that is not even."""
    shares = open_bundle(HERE / "format_2_classification.mainstay").predict_rows([ROW])
    assert shares.prediction.tolist() == ["Yes"]
    assert shares.members.tolist() == [[True, True]]
    np.testing.assert_allclose(shares.probabilities, [[0.71299493, 0.28700507]], rtol=0, atol=1e-7)
    several = open_bundle(HERE / "format_2_classes.mainstay").predict_rows([ROW])
    assert several.prediction.tolist() == ["leaves"]
    np.testing.assert_allclose(several.probabilities, [[0.1264718, 0.49514598, 0.3783822]], rtol=0, atol=1e-7)
    amount = open_bundle(HERE / "format_2_regression.mainstay").predict_rows([ROW])
    found = [amount.prediction[0], amount.low[0], amount.high[0]]
    np.testing.assert_allclose(found, [16.04642227, 11.62930684, 22.28416172], rtol=1e-8)


def test_the_clusters_of_the_first_day():
    bundle = open_bundle(HERE / "format_3_clustering.mainstay")
    answers = bundle.clusters.predict_rows([{**ROW, "city": None}, {"age": 70, "fee": 600, "plan": "plus"}])
    assert [bundle.meaning.names[at] for at in answers.cluster] == ["young, basic", "dear"]
    assert answers.fits_none.tolist() == [False, True]
    np.testing.assert_allclose(answers.distance, [0.6435074083419272, 54.06045174504983], rtol=1e-9)


def test_the_alarms_of_the_first_day():
    """P-values of a tail, and conformal ones of a detector with a member of every kind."""
    rows = [{"age": 31, "fee": 9.5, "plan": "basic"}, {"age": 97, "fee": 250, "plan": "plus"}]
    tail = open_bundle(HERE / "format_4_anomaly_detection.mainstay").detector
    answers = tail.predict_rows(rows)
    np.testing.assert_allclose(answers.score, [1.2795802379061025, 5.654378001184062], rtol=1e-9)
    np.testing.assert_allclose(answers.p_value, [0.005945902100960197, 3.566324488605336e-11], rtol=1e-6)
    clean = open_bundle(HERE / "format_4_anomaly_detection_clean.mainstay").detector
    answers = clean.predict_rows(rows)
    np.testing.assert_allclose(answers.score, [0.7154225803900294, 6.00050619021245], rtol=1e-9)
    assert answers.p_value.tolist() == [0.6875, 0.0625]
    assert answers.flagged.tolist() == [False, True]
    assert answers.reason[1].startswith("fee 250 CHF: usually 6 to 64; age 97")
    shares = clean.explained(clean.decoder.from_rows(rows[1:]).arrays)
    np.testing.assert_allclose(shares, [[0.19643208866294332, 0.7206028892410125, 0.08296502209604414]], rtol=1e-6)


def test_the_flagged_stretch_of_the_first_day():
    """A rhythm of twelve hours that stands still for six of them."""
    load = (10 + 3 * np.sin(np.arange(60) * np.pi / 6)).round(2)
    load[30:36] = 10.0
    rows = [{"at": f"1970-02-0{1 + at // 24}T{at % 24:02d}:00:00", "load": load[at].item()} for at in range(60)]
    answers = open_bundle(HERE / "format_4_series.mainstay").detector.predict_rows(rows)
    found = answers.score[[0, 20, 32, 33]]
    np.testing.assert_allclose(
        found, [0.05859755368022893, 0.11859425594019403, 2.3448780156799076, 2.404514443095966], rtol=1e-9
    )
    np.testing.assert_allclose(answers.p_value[[20, 33]], [0.9989999999999999, 0.0002168144658595892], rtol=1e-6)
    assert np.flatnonzero(answers.flagged).tolist() == list(range(28, 39))
    assert answers.reason[33].startswith("load 10: usually 6.63 to 7.39 at this point of its rhythm of 12 hours")

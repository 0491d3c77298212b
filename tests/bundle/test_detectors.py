"""An anomaly detector in a bundle: what it answers and why, what it refuses, and that it stays what was written."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bundle.clusters import ROWS, SCHEMA, matrix_of, table
from tests.bundle.conftest import WRITTEN
from tests.bundle.detectors import (
    COLUMNS,
    ODD,
    clean_watch,
    detection_of,
    graph,
    make_content,
    outputs_of,
    scores_of,
    watch,
)

from mainstay.bundle.archive import unfold, walk, write_archive
from mainstay.bundle.asking import predictor_of
from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.detector_outputs import DetectorMember, DetectorOutputs
from mainstay.bundle.detectors import DetectorPredictor, merged_terms
from mainstay.bundle.explain_detectors import explainer_of
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.records import ClusterOutputs, Golden, encode_json
from mainstay.bundle.verify import verify
from mainstay.contracts.alarms import Alarm
from mainstay.contracts.anomaly_scores import member_terms
from mainstay.contracts.errors import BundleError, FormatError, ReplayError, UsageError
from mainstay.contracts.schema import Schema


@pytest.fixture(scope="module")
def data():
    return watch().data


def forged(data, number=None, **changes):
    archive = walk(data)
    parts = unfold(archive) | {name.replace("_", "."): text for name, text in changes.items()}
    number = number or archive.manifest.format
    return write_archive(
        parts, lambda members: msgspec.structs.replace(archive.manifest, members=members, format=number)
    )


def test_it_packs_opens_and_passes_every_check(data):
    result = verify(data)
    assert result.ok, result
    assert result.checks[0].message.startswith("format 4")
    assert result.checks[2].message == "3 features; anomaly detection by m0, m1, m2"
    assert pack(make_content(), created=WRITTEN) == data
    bundle = open_bundle(data)
    assert (bundle.task, bundle.clusters, bundle.detector) == ("anomaly_detection", None, bundle.asked)
    assert "anomaly detection" in repr(bundle)
    assert verify(clean_watch().data).ok


def test_scores_are_those_of_the_members_and_alarms_those_of_the_cut():
    answers = watch().detector.predict_frame(table())
    scores = scores_of(detection_of(), matrix_of(table()))
    np.testing.assert_allclose(answers.score, scores, rtol=1e-9, atol=1e-12)
    outputs = watch().meaning
    assert answers.flagged.tolist() == (answers.score >= outputs.alarm.cut).tolist()
    assert 0 < answers.flagged.sum() < len(scores) / 10
    assert answers.p_value.tolist() == outputs.calibration.of(answers.score).tolist()
    assert [reason is not None for reason in answers.reason] == answers.flagged.tolist()
    assert np.array_equal(answers.levels @ np.array([0.25, 0.5, 0.25]), answers.score) or np.allclose(
        answers.levels @ np.array([0.25, 0.5, 0.25]), answers.score
    )


def test_reasons_name_the_columns_whose_terms_are_largest():
    answers = watch().detector.predict_rows([ODD, {"age": 25, "fee": 10, "plan": "basic"}])
    assert answers.flagged.tolist() == [True, False]
    assert answers.reason[1] is None
    assert answers.reason[0].startswith("fee 250 CHF: usually 6")
    detection, matrix = detection_of(), matrix_of(table())
    terms = np.concatenate([member_terms(member.body, matrix) for member in detection.members], axis=1)
    levels = watch().detector.predict_frame(table()).levels
    arrays = watch().asked.decoder.from_frame(table()).arrays
    shares = watch().detector.explained(arrays)
    np.testing.assert_allclose(shares, merged_terms(terms, levels, (0.25, 0.5, 0.25)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 70), st.integers(1, 9))
def test_merged_terms_are_shares_whatever_the_numbers_and_the_batch(seed, members, rows, columns):
    generator = np.random.default_rng(seed)
    terms = generator.exponential(size=(rows, members * columns)) * 10.0 ** generator.integers(-300, 300, (rows, 1))
    terms[generator.random(terms.shape) < 0.3] = 0.0
    levels = generator.exponential(size=(rows, members)) * (generator.random((rows, 1)) < 0.8)
    weights = tuple(generator.random(members).tolist())
    shares = merged_terms(terms, levels, weights)
    assert (shares >= 0).all()
    some = (shares > 0).any(axis=1)
    np.testing.assert_allclose(shares[some].sum(axis=1), 1.0)
    assert not shares[~terms.any(axis=1)].any()
    single = np.concatenate([merged_terms(terms[[at]], levels[[at]], weights) for at in range(rows)])
    assert single.tobytes() == shares.tobytes()


@pytest.mark.parametrize("bundle", [watch, clean_watch])
def test_alone_and_in_a_batch_the_bits_are_the_same(bundle):
    frame = table(100, seed=9)
    rows = [*frame.to_dicts(), ODD]
    asked = bundle().detector
    batch = asked.predict_rows(rows)
    single = [asked.predict_rows([row]) for row in rows]
    for name in ("score", "p_value", "flagged", "levels"):
        assert np.concatenate([getattr(one, name) for one in single]).tobytes() == getattr(batch, name).tobytes()
    assert tuple(one.reason[0] for one in single) == batch.reason
    threaded = open_bundle(bundle().data, threads=2).detector.predict_rows(rows)
    assert threaded.score.tobytes() == batch.score.tobytes()
    assert asked.predict_frame(frame).score.tobytes() == batch.score[:-1].tobytes()


def test_refused_rows_have_no_answer_and_rows_without_any_value_are_refused():
    answers = watch().detector.predict_rows([*ROWS, ODD])
    assert answers.rejected.tolist() == [False] * 4 + [True, True, False]
    assert np.isnan(answers.score[4:6]).all()
    assert np.isnan(answers.p_value[4:6]).all()
    assert not answers.flagged[4:6].any()
    assert answers.reason[4:6] == (None, None)
    loose = Schema(columns=tuple(msgspec.structs.replace(column, nullable=True) for column in SCHEMA.columns))
    predictor = DetectorPredictor(loose, watch().meaning, watch().model)
    answers = predictor.predict_rows([{}, ROWS[0]])
    assert answers.rejected.tolist() == [True, False]
    assert "nothing can be said" in answers.problems[0].message


def test_terms_of_many_rows_are_merged_in_parts(monkeypatch):
    arrays = watch().asked.decoder.from_frame(table()).arrays
    whole = watch().detector.explained(arrays)
    monkeypatch.setattr("mainstay.bundle.detectors._CELLS", 9 * 7)
    assert watch().detector.explained(arrays).tobytes() == whole.tobytes()


def test_no_rows_have_no_answers():
    asked = watch().detector
    answers = asked.predict_rows([])
    assert (len(answers.score), answers.reason, answers.levels.shape) == (0, (), (0, 3))
    assert asked.explained(asked.decoder.from_rows([]).arrays).shape == (0, 3)
    assert explainer_of(asked, []).explain_rows([]).contributions.shape == (0, 3)


def test_contributions_add_up_to_the_score():
    explainer = explainer_of(watch().asked, [])
    rows = [ODD, ROWS[0], ROWS[4]]
    found = explainer.explain_rows(rows)
    answers = watch().detector.predict_rows(rows)
    assert found.columns == COLUMNS
    np.testing.assert_array_equal(found.prediction, answers.score)
    np.testing.assert_allclose((found.base + found.contributions.sum(axis=1))[:2], answers.score[:2])
    assert np.isnan(found.contributions[2]).all()
    for wrong in ({"label": "x"}, {"scale": "margin"}):
        with pytest.raises(UsageError, match="no classes and no margin"):
            explainer.explain_rows(rows, **wrong)


def test_what_belongs_to_targets_is_refused_with_a_sentence():
    for ask in (lambda: watch().outputs, lambda: watch().predict_rows(ROWS)):
        with pytest.raises(UsageError, match="flags unusual rows"):
            ask()


def test_a_detector_in_an_older_format_is_refused(data):
    with pytest.raises(FormatError, match="needs format 4, and the manifest says 3"):
        open_bundle(forged(data, number=3))
    assert [check.ok for check in verify(forged(data, number=2)).checks[:3]] == [True, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": 0.5}, "the score of golden row 0"),
        ({"score": None}, "the score of golden row 0"),
        ({"p_value": 0.5}, "the p-value of golden row 0"),
        ({"flagged": True}, "whether golden row 0 is flagged"),
        ({"score": msgspec.UNSET}, "needs a score"),
        ({"flagged": msgspec.UNSET}, "needs a score"),
        ({"rejected": True}, "was refused"),
    ],
)
@pytest.mark.parametrize("bundle", [watch, clean_watch])
def test_another_answer_is_found(bundle, change, message):
    rows = bundle().golden.rows
    broken = Golden((msgspec.structs.replace(rows[0], **change), *rows[1:]))
    with pytest.raises(ReplayError, match=message):
        open_bundle(forged(bundle().data, golden_json=encode_json(broken)))
    assert open_bundle(forged(bundle().data, golden_json=encode_json(broken)), replay=False).detector


def test_a_difference_within_the_tolerance_is_none(data):
    rows = watch().golden.rows
    near = Golden((msgspec.structs.replace(rows[-1], score=rows[-1].score * (1 + 5e-7)), *rows[1:]))
    assert open_bundle(forged(data, golden_json=encode_json(near)))


def test_a_row_at_the_cut_may_be_flagged_or_not(data):
    score = watch().golden.rows[0].score
    alarm = Alarm(rule="rate", amount=0.05, cut=score * (1 + 1e-9))
    outputs = msgspec.structs.replace(watch().meaning, alarm=alarm)
    evaluation = unfold(walk(data))["evaluation.json"]
    for flagged in (True, False):
        rows = [msgspec.structs.replace(watch().golden.rows[0], flagged=flagged)]
        parts = {"outputs_json": encode_json(outputs), "golden_json": encode_json(Golden(tuple(rows)))}
        assert open_bundle(forged(data, evaluation_json=evaluation, **parts))


def test_a_graph_of_another_width_or_name_is_refused(data):
    detection = detection_of()
    few = type(detection)(detection.members[:2])
    with pytest.raises(FormatError, match="outputs must be"):
        open_bundle(forged(data, model_onnx=graph(few)))
    with pytest.raises(BundleError, match="must have the output 'distances'"):
        predictor_of(SCHEMA, ClusterOutputs(names=("a",)), watch().model)
    assert not isinstance(predictor_of(SCHEMA, watch().meaning, watch().model), ClusterPredictor)


def member(**changes):
    parts = {"name": "a", "weight": 1.0, "scores": (0.0, 1.0), "levels": (0.0, 2.0)}
    return DetectorMember(**(parts | changes))


@pytest.mark.parametrize(
    "parts",
    [
        {"name": ""},
        {"weight": -0.1},
        {"weight": math.nan},
        {"scores": (1.0, 1.0)},
        {"scores": ()},
        {"scores": (0.0, math.inf)},
        {"levels": (1.0,)},
        {"levels": (2.0, 1.0)},
        {"levels": (-1.0, 1.0)},
    ],
)
def test_members_that_do_not_fit_are_refused(parts):
    with pytest.raises(UsageError):
        member(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"members": ()},
        {"members": (member(), member())},
        {"members": (member(weight=0.5), member(weight=0.4, name="b"))},
        {"members": (member(weight=0.5), member(weight=0.5))},
        {"columns": ()},
        {"columns": ("a", "a")},
        {"columns": tuple(map(str, range(100_001)))},
        {"rows": -1},
        {"usual": watch().meaning.usual * 2},
        {"alarm": Alarm(rule="rate", amount=0.1, cut=math.nan)},
    ],
)
def test_outputs_that_do_not_fit_are_refused(parts):
    with pytest.raises(UsageError):
        outputs_of(detection_of(), **parts)


def test_outputs_come_back_from_json_as_they_went_in():
    outputs = outputs_of(detection_of(), alarm=Alarm(rule="top", amount=3, cut=math.inf))
    assert outputs.alarm.cut is None
    assert msgspec.json.decode(encode_json(outputs), type=DetectorOutputs) == outputs
    with pytest.raises(FormatError):
        open_bundle(forged(watch().data, outputs_json=b'{"task":"anomaly_detection","members":[]}'))

"""An opened bundle answers like the model that was packed, in any batch, in any process, and refuses to lie."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.bundle.archive import unfold, walk, write_archive
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack, write_bundle
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Golden, GoldenRow, Outputs
from mainstay.contracts.errors import BundleError, FormatError, ReplayError, UsageError


def repacked(data, **changes):
    """Another bundle, sound in every digest, with some members replaced."""
    archive = walk(data)
    parts = unfold(archive) | {name.replace("_", "."): text for name, text in changes.items()}
    return write_archive(parts, lambda members: msgspec.structs.replace(archive.manifest, members=members))


def test_all_that_was_packed_is_there(data, content):
    bundle = open_bundle(data)
    assert bundle.schema == content.schema
    assert bundle.outputs == content.outputs
    assert bundle.recipe == content.recipe
    assert bundle.evaluation["metrics"] == {"roc_auc": {"value": 0.84, "low": 0.8, "high": None}}
    assert bundle.reference == {"age": {"edges": [0.0, 50.0, 99.0], "shares": [0.5, 0.5]}}
    assert bundle.golden == content.golden
    assert (bundle.report, bundle.card, bundle.model) == (content.report, content.card, content.model)
    assert bundle.manifest.created == "2026-01-02T03:04:05+00:00"
    assert bundle.digest == walk(data).digest
    assert bundle.digest[:12] in repr(bundle)


@pytest.mark.parametrize(
    ("labels", "types"),
    [(("No", "Yes"), str), ((0, 1), int), ((False, True), bool), ((0.5, 1.5), float), (("a", "b", "c"), str)],
)
def test_labels_come_back_in_the_users_own_type(labels, types, content_of, rows):
    answers = open_bundle(pack(content_of(labels=labels))).predict_rows(rows)
    assert [type(label) for label in answers.prediction[~answers.rejected]] == [types] * 4
    assert answers.prediction[answers.rejected].tolist() == [None, None]
    assert answers.probabilities.dtype == np.float32
    assert answers.probabilities.shape == (6, len(labels))
    assert np.isnan(answers.probabilities[answers.rejected]).all()
    np.testing.assert_allclose(answers.probabilities[~answers.rejected].sum(axis=1), 1, atol=1e-6)


def test_a_regression_answers_numbers(content_of, rows):
    answers = open_bundle(pack(content_of(task="regression", labels=()))).predict_rows(rows)
    assert answers.probabilities is None
    assert answers.prediction.dtype == np.float64
    assert np.isnan(answers.prediction).tolist() == answers.rejected.tolist() == [False] * 4 + [True] * 2


def test_refused_rows_and_problems_are_named(data, rows):
    answers = open_bundle(data).predict_rows(rows)
    assert answers.rejected.tolist() == [False, False, False, False, True, True]
    assert {(problem.row, problem.column) for problem in answers.problems} >= {(3, "age"), (4, "age"), (5, "fee")}
    assert answers.extra_columns == ()


def test_threshold_and_positive_label(data, rows, content):
    bundle = open_bundle(data)
    share = bundle.predict_rows(rows[:1]).probabilities[0]
    for positive, place in (("Yes", 1), ("No", 0)):
        for threshold in (float(share[place]), np.nextafter(float(share[place]), 1)):
            outputs = msgspec.structs.replace(content.outputs, positive=positive, threshold=threshold)
            said = Predictor(content.schema, outputs, content.model).predict_rows(rows[:1]).prediction[0]
            assert said == (positive if share[place] >= threshold else {"Yes": "No", "No": "Yes"}[positive])


def as_text(cell):
    return None if cell is None or cell != cell else str(cell)


cells = st.one_of(
    st.none(), st.integers(-5, 120), st.floats(width=32), st.sampled_from(["12", "old", "", "basic", "gold"])
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"age": cells, "fee": cells, "plan": cells, "city": cells}), min_size=1, max_size=20)
)
def test_batch_equals_one_by_one_equals_a_table(data, rows):
    bundle = open_bundle(data, replay=False)
    whole = bundle.predict_rows(rows)
    single = [bundle.predict_rows([row]) for row in rows]
    np.testing.assert_array_equal(np.concatenate([one.probabilities for one in single]), whole.probabilities)
    assert [one.prediction[0] for one in single] == whole.prediction.tolist()
    assert [bool(one.rejected[0]) for one in single] == whole.rejected.tolist()
    # A number that is not one is missing; its word would be a word like any other.
    texts = {name: [as_text(row[name]) for row in rows] for name in rows[0]}
    table = bundle.predict_frame(pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)))
    np.testing.assert_array_equal(table.probabilities, whole.probabilities)


def test_arrays_and_rows_agree(data, rows):
    bundle = open_bundle(data)
    decoded = bundle.predictor.decoder.from_rows(rows[:4])
    np.testing.assert_array_equal(
        bundle.predict_arrays(decoded.arrays).probabilities, bundle.predict_rows(rows[:4]).probabilities
    )
    assert bundle.predict_rows([]).prediction.shape == (0,)


SERVING = """
import sys
from mainstay.bundle.open import open_bundle
bundle = open_bundle(sys.argv[1])
answers = bundle.predict_rows([{"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}])
heavy = {"onnx", "google.protobuf", "polars", "sklearn", "scipy", "pandas", "lightgbm", "altair", "tomli_w", "rich",
         "typer", "jinja2", "sqlalchemy", "hypothesis", "pyarrow"}
print(answers.probabilities[0].tobytes().hex(), bundle.digest, sorted(heavy & set(sys.modules)))
"""


def test_a_fresh_process_gives_the_same_bits_and_imports_nothing_of_weight(data, rows, tmp_path):
    path = tmp_path / "model.mainstay"
    open_bundle(data).save(path)
    out = subprocess.run([sys.executable, "-c", SERVING, path], capture_output=True, text=True, check=True)
    here = open_bundle(data)
    assert out.stdout.split(" ", 2) == [
        here.predict_rows(rows[:1]).probabilities[0].tobytes().hex(),
        here.digest,
        "[]\n",
    ]
    assert out.stderr == ""


def test_saving_writes_the_very_bytes(data, tmp_path):
    path = tmp_path / "a.mainstay"
    open_bundle(data).save(path)
    assert path.read_bytes() == data
    open_bundle(path).save(path)
    assert path.read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.mainstay"]
    assert path.stat().st_mode & 0o600 == 0o600


def test_writing_to_a_file_is_whole_or_not_at_all(content, tmp_path, written, monkeypatch):
    path = tmp_path / "a.mainstay"
    bundle = write_bundle(content, path, created=written)
    assert path.read_bytes() == bundle.data
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UsageError, match="No space left"):
        write_bundle(content, path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mainstay"]
    monkeypatch.undo()
    with pytest.raises(UsageError, match="cannot be written"):
        write_bundle(content, tmp_path / "nowhere" / "a.mainstay")


def test_same_content_and_time_same_bytes(content, data, written):
    assert pack(content, created=written) == data
    assert pack(content) != data


@pytest.mark.parametrize("path", ["nowhere.mainstay", ".", "\0"])
def test_files_that_cannot_be_read(path, tmp_path):
    with pytest.raises(UsageError):
        open_bundle(tmp_path / path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no plain file"):
        open_bundle(tmp_path / "pipe")


def golden_with(content, **changes):
    first, *rest = content.golden.rows
    return Golden((msgspec.structs.replace(first, **changes), *rest))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probabilities": (0.25, 0.75)}, "row 0 .* is .0.25, 0.75. in the library"),
        ({"probabilities": (1.0,)}, "one probability per label"),
        ({"probabilities": None}, "one probability per label"),
        ({"prediction": "No"}, "golden row 0 was 'No', and is 'Yes' now"),
        ({"prediction": 1}, "golden row 0 was 1"),
        ({"rejected": True}, "golden row 0 was refused when the model was written, and is not now"),
        ({"row": {"age": "never"}}, "golden row 0 was answered when"),
    ],
)
def test_golden_rows_with_other_answers_refuse_the_bundle(data, content, changes, message):
    forged = repacked(data, golden_json=msgspec.json.encode(golden_with(content, **changes)))
    with pytest.raises(ReplayError, match=message):
        open_bundle(forged)
    assert open_bundle(forged, replay=False).digest != walk(data).digest


def test_golden_amounts_are_replayed_within_their_tolerance(content_of):
    content = content_of(task="regression", labels=())
    data = pack(content)
    stored = content.golden.rows[0].prediction
    near = golden_with(content, prediction=stored * (1 + 1e-8))
    open_bundle(repacked(data, golden_json=msgspec.json.encode(near)))
    for wrong, message in (
        (stored * 1.001, "does not answer as it did"),
        ("x", "needs a number"),
        (None, "needs a number"),
    ):
        forged = golden_with(content, prediction=wrong)
        with pytest.raises(ReplayError, match=message):
            open_bundle(repacked(data, golden_json=msgspec.json.encode(forged)))


@pytest.mark.parametrize(
    ("member", "text", "place"),
    [
        ("schema_toml", b"columns = 5", "schema.toml"),
        ("schema_toml", b"[[columns]]\nname = 'age'\nkind = 'nonsense'\n", "schema.toml"),
        ("schema_toml", b"[[columns]]\nname = 'age'\nkind = 'number'\n", "schema.toml"),
        ("outputs_json", b'{"task":"regression","target":"churn"}', "model.onnx"),
        ("outputs_json", b'{"task":"classification","target":"churn","labels":["a","b","c"]}', "model.onnx"),
        ("outputs_json", b"[]", "outputs.json"),
        ("recipe_toml", b"a = ", "recipe.toml"),
        ("evaluation_json", b"[1, 2]", "evaluation.json"),
        ("reference_json", b"nonsense", "reference.json"),
        ("report_html", b"\xff", "report.html"),
        ("card_md", b"\xc3", "card.md"),
        ("model_onnx", b"", "model.onnx"),
        ("model_onnx", b"\x00" * 100, "model.onnx"),
    ],
)
def test_sound_digests_around_wrong_content_are_refused(data, member, text, place):
    with pytest.raises(FormatError, match=re.escape(place)):
        open_bundle(repacked(data, **{member: text}))


def test_packing_refuses_what_would_not_open(content_of):
    good = content_of()
    with pytest.raises(FormatError, match=r"model\.onnx"):
        pack(content_of(model=b"nonsense"))
    with pytest.raises(BundleError, match="does not answer as it did"):
        pack(
            content_of(golden=Golden((GoldenRow(row={"age": 1, "fee": 1}, prediction="No", probabilities=(1.0, 0.0)),)))
        )
    with pytest.raises(UsageError, match="of another model"):
        pack(content_of(evaluation={"model_digest": "0" * 64}))
    with pytest.raises(UsageError, match="recipe > seed"):
        pack(content_of(recipe={"seed": None}))
    with pytest.raises(UsageError, match="does not fit into JSON"):
        pack(content_of(reference={"a": object()}))
    bound = Predictor(good.schema, good.outputs, good.model).model_digest
    assert open_bundle(pack(content_of(evaluation={"model_digest": bound}))).evaluation["model_digest"] == bound


def test_outputs_need_a_predictor_that_fits(content):
    regression = Outputs(task="regression", target="churn")
    with pytest.raises(BundleError, match="must have the output 'prediction'"):
        Predictor(content.schema, regression, content.model)


def test_nothing_of_a_bundle_reaches_the_disk(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_bundle(data)
    assert list(Path().iterdir()) == []

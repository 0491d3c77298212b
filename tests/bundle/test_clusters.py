"""A clustering in a bundle: what it answers, what it refuses, and that it stays what was written."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from tests.bundle.clusters import NAMES, ROWS, SCHEMA, body_of, graph, make_content, matrix_of, one_group, people, table
from tests.bundle.conftest import WRITTEN

from mainstay.bundle.archive import unfold, walk, write_archive
from mainstay.bundle.asking import predictor_of
from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack, seal
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import BundleContent, ClusterOutputs, Golden, Outputs, encode_json
from mainstay.bundle.replay import record_golden
from mainstay.bundle.verify import verify
from mainstay.contracts.clusters import Centres, assign
from mainstay.contracts.errors import BundleError, FormatError, ReplayError, UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write_clusters import write_clusters


@pytest.fixture(scope="module")
def data():
    return people().data


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
    assert result.checks[0].message.startswith("format 3")
    assert result.checks[2].message == "3 features; clustering into 3"
    assert pack(make_content(), created=WRITTEN) == data
    bundle = open_bundle(data)
    assert (bundle.task, bundle.meaning.names, bundle.schema.target) == ("clustering", NAMES, None)
    assert "clustering into 3" in repr(bundle)


def test_the_labels_of_the_training_rows_are_those_of_the_body():
    answers = people().clusters.predict_frame(table())
    body, matrix = body_of(), matrix_of(table())
    assert answers.cluster.tolist() == assign(body, matrix).tolist()
    ordered = np.sort(body.distances(matrix), axis=1)
    np.testing.assert_allclose(answers.distance, ordered[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(answers.second_distance, ordered[:, 1], rtol=1e-9)
    assert (answers.second != answers.cluster).all()
    assert np.bincount(answers.cluster).tolist() == list(people().meaning.rows)
    assert not answers.rejected.any()
    assert answers.cluster.dtype == answers.second.dtype == np.int64


def test_a_row_far_away_fits_none_and_a_refused_row_has_no_answer():
    answers = people().clusters.predict_rows(ROWS)
    assert answers.fits_none.tolist() == [False, False, True, True, False, False]
    assert answers.rejected.tolist() == [False] * 4 + [True, True]
    assert answers.cluster[4:].tolist() == answers.second[4:].tolist() == [-1, -1]
    assert np.isnan(answers.distance[4:]).all()
    assert np.isnan(answers.second_distance[4:]).all()
    assert {problem.row for problem in answers.problems if problem.action == "reject"} == {4, 5}


def test_alone_and_in_a_batch_the_bits_are_the_same():
    frame = table(100, seed=9)
    batch = people().clusters.predict_frame(frame)
    single = [people().clusters.predict_rows([row]) for row in frame.to_dicts()]
    for name in ("cluster", "distance", "second", "second_distance", "fits_none"):
        assert np.concatenate([getattr(one, name) for one in single]).tobytes() == getattr(batch, name).tobytes()


def test_one_cluster_has_no_second_and_without_limit_all_fit():
    answers = one_group().clusters.predict_rows(ROWS[:4])
    assert answers.cluster.tolist() == [0] * 4
    assert answers.second.tolist() == [-1] * 4
    assert np.isnan(answers.second_distance).all()
    assert not answers.fits_none.any()
    assert verify(one_group().data).ok


def test_a_distance_that_is_no_number_fits_none():
    outputs = ClusterOutputs(names=NAMES)
    answers = ClusterPredictor(SCHEMA, outputs, graph(body_of()))._say(
        np.full((1, 3), np.nan), (), np.zeros(1, bool), ()
    )
    assert answers.fits_none.tolist() == [True]


def test_what_belongs_to_targets_is_refused_with_a_sentence():
    bundle = people()
    for ask in (
        lambda: bundle.outputs, lambda: bundle.predictor, lambda: bundle.predict_rows(ROWS),
        lambda: bundle.predict_frame(pl.DataFrame(ROWS[:1])),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="groups rows into 3 clusters"):
            ask()


def test_files_for_targets_keep_format_2_and_their_records(content):
    bundle = seal(content, created=WRITTEN)
    assert bundle.manifest.format == 2
    assert bundle.clusters is None
    assert isinstance(bundle.asked, Predictor)
    assert b"distance" not in encode_json(bundle.golden)
    assert b"names" not in encode_json(bundle.outputs)


def test_a_clustering_in_an_older_format_is_refused(data):
    with pytest.raises(FormatError, match="needs format 3, and the manifest says 2"):
        open_bundle(forged(data, number=2))
    result = verify(forged(data, number=2))
    assert [check.ok for check in result.checks[:3]] == [True, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": 0.5}, "the distance of golden row 0"),
        ({"second_distance": 0.5}, "the second distance of golden row 0"),
        ({"prediction": 1}, "the cluster of golden row 0"),
        ({"fits_none": True}, "whether golden row 0 fits none"),
        ({"prediction": 3}, "needs a cluster"),
        ({"prediction": True}, "needs a cluster"),
        ({"distance": msgspec.UNSET}, "needs a cluster"),
        ({"fits_none": msgspec.UNSET}, "needs a cluster"),
        ({"rejected": True}, "was refused"),
    ],
)
def test_another_answer_is_found(data, change, message):
    rows = people().golden.rows
    broken = Golden((msgspec.structs.replace(rows[0], **change), *rows[1:]))
    with pytest.raises(ReplayError, match=message):
        open_bundle(forged(data, golden_json=encode_json(broken)))
    assert open_bundle(forged(data, golden_json=encode_json(broken)), replay=False).clusters


def test_a_difference_within_the_tolerance_is_none(data):
    rows = people().golden.rows
    near = Golden((msgspec.structs.replace(rows[0], distance=rows[0].distance * (1 + 5e-7)), *rows[1:]))
    assert open_bundle(forged(data, golden_json=encode_json(near)))


def test_a_graph_of_another_width_or_name_is_refused(data):
    two = graph(body_of(("a", "b")))
    with pytest.raises(FormatError, match="outputs must be"):
        open_bundle(forged(data, model_onnx=two))
    with pytest.raises(BundleError, match="must have the output 'distances'"):
        predictor_of(SCHEMA, ClusterOutputs(names=NAMES), one_graph_for_amounts())
    assert isinstance(predictor_of(SCHEMA, ClusterOutputs(names=NAMES), graph(body_of())), ClusterPredictor)


def one_graph_for_amounts():
    from mainstay.contracts.model import Constant, ModelGraph
    from mainstay.graph.builder import GraphBuilder
    from mainstay.graph.write import write_model

    builder = GraphBuilder(2, 1)
    return builder.build({"prediction": write_model(builder, ModelGraph(Constant(np.array([1.0]))), "", 0)})


@pytest.mark.parametrize(
    "parts",
    [
        {"names": ()},
        {"names": ("a", "a")},
        {"names": ("a", "")},
        {"names": ("a", "b"), "limits": (1.0,)},
        {"names": ("a",), "limits": (math.nan,)},
        {"names": ("a",), "rows": (1, 2)},
        {"names": ("a",), "rows": (-1,)},
        {"names": ("a",), "level": 1.0},
    ],
)
def test_outputs_that_do_not_fit_are_refused(parts):
    with pytest.raises(UsageError):
        ClusterOutputs(**parts)


def test_outputs_come_back_from_json_as_they_went_in():
    outputs = ClusterOutputs(names=("a", "b"), limits=(math.inf, -2.5), measure="negative log density", rows=(3, 2))
    assert outputs.limits == (None, -2.5)
    assert msgspec.json.decode(encode_json(outputs), type=ClusterOutputs) == outputs
    with pytest.raises(FormatError, match="unknown field"):
        open_bundle(forged(people().data, outputs_json=b'{"task":"clustering","names":["a"],"target":"x"}'))
    with pytest.raises(UsageError):
        Outputs(task="clustering", target="x")


def test_the_evaluation_is_bound_to_the_clusters_names_and_limits():
    bundle = people()
    assert bundle.evaluation["model_digest"] == bundle.asked.model_digest
    other = replace(make_content(), evaluation={"model_digest": "ab" * 32})
    with pytest.raises(UsageError, match="another model"):
        pack(other)


def test_a_row_without_any_value_is_refused_but_not_where_there_is_no_column():
    loose = Schema(columns=tuple(msgspec.structs.replace(column, nullable=True) for column in SCHEMA.columns))
    answers = ClusterPredictor(loose, ClusterOutputs(names=NAMES), graph(body_of())).predict_rows([{}, ROWS[0]])
    assert answers.rejected.tolist() == [True, False]
    assert answers.cluster.tolist() == [-1, 0]
    assert "belongs to none" in answers.problems[0].message
    nothing = Centres(np.empty(0), np.empty((2, 0)), np.array([0, 1]))
    builder = GraphBuilder(0, 0)
    model = builder.build({"distances": write_clusters(builder, nothing, "", 0)})
    schema = Schema(columns=(Column(name="note", kind="text", role="ignored"),))
    outputs = ClusterOutputs(names=("a", "b"))
    golden = record_golden(ClusterPredictor(schema, outputs, model), [{}, {"note": "x"}])
    bundle = seal(BundleContent(schema=schema, model=model, outputs=outputs, golden=golden))
    assert bundle.clusters.predict_rows([{}] * 3).cluster.tolist() == [0] * 3

"""ONNX files from elsewhere: they answer from their bundle as in ONNX Runtime, and harmful ones stay outside."""

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mainstay
from mainstay.bundle.audit_fields import OPERATORS
from mainstay.convert.foreign import read_foreign

GENERATOR = np.random.default_rng(0)
NUMBERS = GENERATOR.normal(size=(150, 3)).astype(np.float32)
ROWS = pd.DataFrame(NUMBERS, columns=["a", "b", "c"])
TWO = (NUMBERS.sum(axis=1) > 0).astype(int)
THREE = np.digitize(NUMBERS[:, 0] + NUMBERS[:, 1], [-0.7, 0.7])

MODELS = {
    "logistic": (LogisticRegression(), TWO),
    "scaled": (make_pipeline(StandardScaler(), LogisticRegression()), THREE),
    "forest": (RandomForestClassifier(5, random_state=0), THREE),
    "boosting": (GradientBoostingClassifier(n_estimators=5, random_state=0), TWO),
    "neurons": (MLPClassifier((8,), max_iter=20, random_state=0), THREE),
    "line": (make_pipeline(StandardScaler(), LinearRegression()), NUMBERS[:, 0] * 3.0),
    "trees": (RandomForestRegressor(5, random_state=0), NUMBERS[:, 0] * 3.0),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_files_of_a_converter_answer_from_their_bundle(name):
    estimator, target = MODELS[name]
    estimator.fit(NUMBERS, target)
    file = to_onnx(estimator, NUMBERS[:1]).SerializeToString()
    model = mainstay.pack(file, ROWS, target="t")
    given = model.predict(ROWS)
    if hasattr(estimator, "classes_"):
        own = given[[f"probability_{label}" for label in estimator.classes_]].to_numpy(float)
        assert np.abs(own - estimator.predict_proba(NUMBERS)).max() < 1e-5
    else:
        assert np.allclose(given["prediction"].to_numpy(float), estimator.predict(NUMBERS), atol=1e-4)
    alone = [model.predict(ROWS.iloc[[at]]).iloc[0].tolist() for at in range(12)]
    assert alone == given.head(12).to_numpy().tolist()


def small(rows="rows", op="Sigmoid", opset=13, domain=None):
    """One layer and a link, as a network library exports it."""
    weights = numpy_helper.from_array(np.array([[0.5], [-1.0], [2.0]], np.float32), "w")
    bias = numpy_helper.from_array(np.array([0.1], np.float32), "b")
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["s"]),
        helper.make_node(op, ["s"], ["probabilities"], domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [rows, 1])],
        [weights, bias],
    )
    sets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


@pytest.mark.parametrize("rows", ["rows", 1, 8])
def test_a_network_with_one_output_and_any_number_of_rows(rows):
    model = mainstay.pack(small(rows).SerializeToString(), ROWS.assign(t=TWO), "t", task="classification", target="t")
    sums = NUMBERS @ np.array([0.5, -1.0, 2.0], np.float32) + 0.1
    assert np.abs(model.predict(ROWS)["probability_1"].to_numpy(float) - 1 / (1 + np.exp(-sums))).max() < 1e-6
    assert model.report_data.scores["roc_auc"].value > 0.5


def test_a_missing_number_is_refused_where_the_model_has_no_answer():
    model = mainstay.pack(small().SerializeToString(), ROWS, task="classification")
    assert not model.schema["a"].nullable
    assert model.predict(ROWS.assign(a=np.nan))["prediction"].isna().all()


def external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def quiet_external(model):
    model.graph.initializer[0].external_data.add(key="location", value="../secret")


def branch(model):
    inner = helper.make_graph([helper.make_node("Identity", ["s"], ["y"])], "g", [], [])
    model.graph.node[1].attribute.append(helper.make_attribute("then_branch", inner))


def function(model):
    model.functions.append(helper.make_function("own", "f", ["x"], ["y"], [], []))


def words(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def half(model):
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((3, 1), np.float16), "w"))


def open_width(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].ClearField("dim_value")


HARMFUL = [
    (external, "another file"),
    (quiet_external, "another file"),
    (branch, "graph within the graph"),
    (function, "functions of its own"),
    (words, "no table of numbers"),
    (half, "constants of float16"),
    (open_width, "how many columns"),
    (lambda m: m.training_info.add(), "training information"),
    (lambda m: m.graph.sparse_initializer.add(), "sparse"),
    (lambda m: setattr(m.graph.node[1], "domain", "com.microsoft"), "com.microsoft"),
    (lambda m: setattr(m.graph.node[1], "op_type", "RandomUniformLike"), "RandomUniformLike"),
    (lambda m: setattr(m.graph.node[1], "op_type", "NonZero"), "NonZero"),
]


@pytest.mark.parametrize("case", range(len(HARMFUL)))
def test_what_has_no_place_in_a_bundle_is_refused_before_it_runs(case):
    change, message = HARMFUL[case]
    model = small()
    change(model)

    def act():
        read = read_foreign(model.SerializeToString())
        return read.written("classification", "probabilities", 1, rows=8, operators=OPERATORS[""])

    with pytest.raises(mainstay.FormatError, match=message):
        act()


def test_a_file_that_is_none_and_rows_that_do_not_fit():
    with pytest.raises(mainstay.FormatError, match="no ONNX model"):
        mainstay.pack(b"nothing of the kind", ROWS)
    with pytest.raises(mainstay.UsageError, match="reads 3 numbers"):
        mainstay.pack(small().SerializeToString(), ROWS[["a", "b"]])
    with pytest.raises(mainstay.UsageError, match="cannot be read"):
        mainstay.pack("nowhere.onnx", ROWS)
    with pytest.raises(mainstay.UsageError, match="probabilities were expected"):
        mainstay.pack(small(op="Identity").SerializeToString(), ROWS, task="classification")


def test_the_rows_of_a_graph_are_bounded():
    from mainstay.bundle.audit import audit_graph

    model = onnx.load_from_string(mainstay.pack(small().SerializeToString(), ROWS, task="classification").bundle.model)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2**40
    with pytest.raises(mainstay.FormatError, match="4096 rows at a time"):
        audit_graph(model.SerializeToString(), inputs={"numbers": 3}, outputs={"probabilities": ("float32", 2)})


def test_the_command_packs_a_file(tmp_path, capsys):
    from mainstay.apps.cli.app import run

    (tmp_path / "net.onnx").write_bytes(small().SerializeToString())
    ROWS.assign(t=np.where(TWO, "yes", "no")).to_csv(tmp_path / "rows.csv", index=False)
    place = tmp_path / "net.mainstay"
    arguments = ["pack", str(tmp_path / "net.onnx"), str(tmp_path / "rows.csv"), "-t", "t", "--labels", "no,yes"]
    assert run([*arguments, "-o", str(place), "--json"]) == 0
    assert '"labels"' in capsys.readouterr().out
    assert mainstay.verify(place).to_dict()["ok"]


def test_the_command_reads_as_others_do_and_names_a_column_too_many(tmp_path, capsys):
    from mainstay.apps.cli.app import run

    (tmp_path / "net.onnx").write_bytes(small().SerializeToString())
    ROWS.assign(bought=np.where(TWO, "yes", "no")).to_csv(
        tmp_path / "rows.csv", index=False, sep="|", encoding="utf-16"
    )
    words = ["pack", str(tmp_path / "net.onnx"), str(tmp_path / "rows.csv"), "--labels", "no,yes"]
    words += ["--delimiter", "|", "--encoding", "utf-16"]
    assert run(words) == 2
    assert "such as -t bought" in " ".join(capsys.readouterr().err.split())
    assert run([*words, "-t", "bought", "--json"]) == 0
    with pytest.raises(mainstay.UsageError, match="header"):
        mainstay.pack(LogisticRegression().fit(NUMBERS, TWO), NUMBERS, header=1)

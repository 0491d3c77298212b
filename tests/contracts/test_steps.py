"""Every kind of preparation against every public check, the graph run by ONNX Runtime."""

import pytest

from mainstay.contracts.checks import check_step as proofs
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.clusters import fit_for_clusters
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.recipe import Recipe

PLAIN = {"missing": "none", "scale": "none", "encode": "none", "text": "none"}

RECIPES = {
    "default": Recipe(),
    "untouched": Recipe(**PLAIN),
    "derive": Recipe(
        **PLAIN,
        derive=("ratio = a / flag", "more = -(a + 2.5) ** 3 * ratio - large / 7",
                "low = min(abs(a), sqrt(b), constant)", "high = max(floor(a), ceil(ratio)) / (b - b)"),
    ),
    "mean": Recipe(**PLAIN | {"missing": "mean"}),
    "median": Recipe(**PLAIN | {"missing": "median"}, indicator=False),
    "most_frequent": Recipe(**PLAIN | {"missing": "most_frequent"}),
    "constant": Recipe(**PLAIN | {"missing": "constant"}, fill_value=-0.1),
    "standard": Recipe(**PLAIN | {"scale": "standard"}),
    "minmax": Recipe(**PLAIN | {"scale": "minmax"}),
    "robust": Recipe(**PLAIN | {"scale": "robust"}),
    "polynomial": Recipe(**PLAIN | {"scale": "standard"}, polynomial=2),
    "polynomial_of_some": Recipe(**PLAIN, polynomial=2, polynomial_columns=("flag", "a")),
    "one_hot": Recipe(**PLAIN | {"encode": "one_hot"}),
    "one_hot_few": Recipe(**PLAIN | {"encode": "one_hot"}, max_levels=2, min_count=1),
    "ordinal": Recipe(**PLAIN | {"encode": "ordinal"}),
    "codes": Recipe(**PLAIN | {"encode": "codes"}),
    "target": Recipe(**PLAIN | {"encode": "target"}),
    "target_instead": Recipe(**PLAIN | {"encode": "one_hot"}, many_levels="target", max_levels=10),
    "target_beside_codes": Recipe(**PLAIN | {"encode": "codes"}, many_levels="both", max_levels=10),
    "target_instead_of_all": Recipe(**PLAIN | {"encode": "ordinal"}, many_levels="target", max_levels=1),
    "rare_one_hot": Recipe(**PLAIN | {"encode": "one_hot"}, rare=8),
    "rare_codes": Recipe(**PLAIN | {"encode": "codes"}, rare=100),
    "rare_target": Recipe(**PLAIN | {"encode": "target"}, rare=8),
    "cyclic": Recipe(**PLAIN, cyclic=True),
    "text_linear": Recipe(**PLAIN | {"text": "linear"}),
    "text_svd": Recipe(**PLAIN | {"text": "svd"}, components=3),
    "text_both": Recipe(**PLAIN | {"text": "both"}, components=5, vocabulary=50),
    "text_none": Recipe(**PLAIN | {"text": "none"}),
    "all": Recipe(derive=("sum = a + b", "twice = sum * 2"), missing="mean", scale="robust", polynomial=2,
                  polynomial_limit=6),
}  # fmt: skip


def run_graph(fitted, arrays):
    builder = GraphBuilder.over(arrays)
    features = builder.node("Identity", [fitted.write(builder)])
    return Session(builder.build({"features": features})).run(arrays)["features"]


def subject(recipe):
    return proofs.Subject(lambda rows, target: fit(recipe, rows, target), from_json, run_graph)


CLUSTERS = {
    "clusters": {},
    "clusters_as_it_is": {"scale": "none"},
    "clusters_standard": {"scale": "standard", "weights": {"a": 0.0, "city": 2.5}},
    "clusters_robust": {"scale": "robust", "topics": 3, "weights": {"body": 0.0}},
}


def cluster_subject(wishes):
    return proofs.Subject(lambda rows, _: fit_for_clusters(rows, **wishes).fitted, from_json, run_graph)


SUBJECTS = {name: subject(recipe) for name, recipe in RECIPES.items()} | {
    name: cluster_subject(wishes) for name, wishes in CLUSTERS.items()
}

EVERYTHING = [
    pytest.param(check, id=f"{name}-{label}")
    for name, subject_ in SUBJECTS.items()
    for label, check in proofs.check_step(subject_)
]


def test_the_checks_found_what_there_is():
    assert len(proofs.CHECKS) == 7
    found = {name for name in vars(proofs) if name.startswith("check_")} - {"check_step"}
    assert {check.__name__ for check in proofs.CHECKS} == found
    assert len(EVERYTHING) == (len(RECIPES) + len(CLUSTERS)) * 7


@pytest.mark.parametrize("check", EVERYTHING)
def test_step_keeps_its_contract(check):
    check()


def test_a_check_can_fail():
    honest = subject(Recipe())
    lying = proofs.Subject(
        honest.fit, honest.revive, lambda fitted, arrays: fitted.transform(arrays).matrix * 1.0000001
    )
    with pytest.raises(AssertionError):
        dict(proofs.check_step(lying))["check_graph_gives_the_same_bits"]()

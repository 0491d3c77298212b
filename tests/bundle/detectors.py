"""A small model that flags unusual people: three members over two numbers and a category, written into a bundle."""

from functools import cache

import numpy as np
from tests.bundle.clusters import ROWS, SCHEMA, features, matrix_of, table
from tests.bundle.conftest import WRITTEN
from tests.graph.detector_bodies import random_body

from mainstay.bundle.detector_outputs import DetectorMember, DetectorOutputs
from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.records import BundleContent
from mainstay.bundle.replay import record_golden
from mainstay.contracts.alarms import Alarm, Calibration
from mainstay.contracts.anomalies import Detection, Member, Scale, blended
from mainstay.contracts.anomaly_bodies import Deviation, Nearest
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.usual import UsualColumn, UsualPart
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write_detectors import write_members, write_terms

COLUMNS = ("age", "fee", "plan")
ODD = {"age": 97, "fee": 250, "plan": "plus"}

USUAL = (
    UsualColumn(name="age", kind="number", parts=(UsualPart(name="age", low=18.0, high=72.0, middle=45.0),)),
    UsualColumn(name="fee", kind="number", unit="CHF", parts=(UsualPart(name="fee", low=6.0, high=64.0, middle=20.0),)),
    UsualColumn(name="plan", kind="category", levels=("basic", "plus"), shares=(0.34, 0.66)),
)


def bodies_of():
    matrix = matrix_of(table()).astype(np.float64)
    centre = matrix.mean(axis=0)
    root = np.linalg.cholesky(np.linalg.inv(np.cov((matrix - centre).T)))
    points = matrix[:60] - centre
    return [
        random_body(np.random.default_rng(5), "trees", 3),
        Deviation(centre, root),
        Nearest(centre, points, 3, 2, np.ones(len(points))),
    ]


def scale_of(raw):
    """Return a scale through the deciles of raw scores."""
    scores = np.unique(np.quantile(raw, np.linspace(0, 1, 11)))
    return Scale(scores, np.linspace(0.0, 2.0, len(scores)))


def detection_of():
    bodies, weights = bodies_of(), (0.25, 0.5, 0.25)
    flat = Detection(tuple(Member(f"m{at}", body, scale_of(np.arange(2.0)), 1.0) for at, body in enumerate(bodies)))
    raw = detection_scores(flat, matrix_of(table()))
    members = (Member(f"m{at}", body, scale_of(raw[:, at]), weights[at]) for at, body in enumerate(bodies))
    return Detection(tuple(members))


def scores_of(detection, matrix):
    """Return the blend by numpy alone."""
    weights = np.array([member.weight for member in detection.members])
    return blended(detection_scores(detection, matrix), tuple(member.scale for member in detection.members), weights)


def graph(detection):
    builder = GraphBuilder(2, 1)
    matrix, bodies = features(builder), [member.body for member in detection.members]
    members = write_members(builder, bodies, matrix, 3)
    return builder.build({"members": members, "terms": write_terms(builder, bodies, np.arange(3), 3, matrix)})


def outputs_of(detection, kind="tail", **changes):
    scores = np.sort(scores_of(detection, matrix_of(table())))
    known = np.unique(scores[::20])
    tail = tuple(np.geomspace(1.0, 1.0 / len(scores), len(known)).tolist())
    calibration = Calibration(kind=kind, scores=tuple(known.tolist()), p_values=tail if kind == "tail" else ())
    members = tuple(
        DetectorMember(
            name=member.name, weight=member.weight, scores=tuple(member.scale.scores.tolist()),
            levels=tuple(member.scale.levels.tolist()),
        )
        for member in detection.members
    )  # fmt: skip
    alarm = Alarm(rule="rate", amount=0.05, cut=float(scores[int(0.95 * len(scores))]), guarantee="About 5 % of rows.")
    parts = {
        "members": members, "columns": COLUMNS, "reference": "contaminated", "calibration": calibration,
        "alarm": alarm, "usual": USUAL, "rows": len(scores),
    }  # fmt: skip
    return DetectorOutputs(**(parts | changes))


def make_content(kind="tail", detection=None, outputs=None, **changes):
    detection = detection or detection_of()
    outputs = outputs or outputs_of(detection, kind)
    model = graph(detection)
    parts = {
        "schema": SCHEMA,
        "model": model,
        "outputs": outputs,
        "golden": record_golden(DetectorPredictor(SCHEMA, outputs, model), [*ROWS, ODD]),
        "recipe": {"seed": 7},
        "reference": {"background": [{"age": 25, "fee": 10, "plan": "basic"}]},
        "report": "<!doctype html><title>Alarms</title>",
        "card": "# Card\n",
    }
    return BundleContent(**(parts | changes))


@cache
def watch():
    """Return the bundle that flags unusual people."""
    return open_bundle(pack(make_content(), created=WRITTEN))


@cache
def clean_watch():
    """Return one with conformal p-values."""
    return open_bundle(pack(make_content(kind="conformal"), created=WRITTEN))

"""The verbs: train, predict, evaluate and the rest; the only place where the parts of the house meet."""

from mainstay.lifecycle.clustering import cluster
from mainstay.lifecycle.comparing import compare
from mainstay.lifecycle.demonstration import demo
from mainstay.lifecycle.detected import DetectResult
from mainstay.lifecycle.detecting import detect
from mainstay.lifecycle.explaining import ExplainResult, explain
from mainstay.lifecycle.grouped import ClusterResult, SegmentResult
from mainstay.lifecycle.model import Model, load
from mainstay.lifecycle.packing import pack
from mainstay.lifecycle.profiling import profile
from mainstay.lifecycle.replaying import ReplayResult, replay
from mainstay.lifecycle.results import (
    CompareResult,
    EvaluateResult,
    InspectResult,
    PredictResult,
    ProfileResult,
    ReportResult,
    VerifyResult,
)
from mainstay.lifecycle.segmenting import segment
from mainstay.lifecycle.serving import serve
from mainstay.lifecycle.several_targets import TrainEachResult, train_each
from mainstay.lifecycle.trained import TrainResult
from mainstay.lifecycle.training import train
from mainstay.lifecycle.using import evaluate, inspect, predict, report, verify

__all__ = [
    "ClusterResult",
    "CompareResult",
    "DetectResult",
    "EvaluateResult",
    "ExplainResult",
    "InspectResult",
    "Model",
    "PredictResult",
    "ProfileResult",
    "ReplayResult",
    "ReportResult",
    "SegmentResult",
    "TrainEachResult",
    "TrainResult",
    "VerifyResult",
    "cluster",
    "compare",
    "demo",
    "detect",
    "evaluate",
    "explain",
    "inspect",
    "load",
    "pack",
    "predict",
    "profile",
    "replay",
    "report",
    "segment",
    "serve",
    "train",
    "train_each",
    "verify",
]

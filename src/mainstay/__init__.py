"""mainstay carries data to a model that people can depend on, and keeps it that way.

This is the front door: a table of the public names and where each stands. A name is loaded when it is first used, so
that ``import mainstay`` costs next to nothing.

Examples
--------
>>> import mainstay
>>> mainstay.Column(name="age", kind="number").role
'feature'
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainstay.contracts.errors import (
        BudgetError,
        BundleError,
        DataError,
        FormatError,
        InputError,
        IntegrityError,
        MainstayError,
        MissingPackageError,
        ParityError,
        ReplayError,
        RequestError,
        SchemaError,
        UsageError,
        WorkerError,
    )
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Column, Schema
    from mainstay.learners.anomaly.half_space_trees import HalfSpaceTrees
    from mainstay.learners.cluster.kmeans_path import kmeans_path
    from mainstay.lifecycle import (
        ClusterResult,
        CompareResult,
        DetectResult,
        EvaluateResult,
        ExplainResult,
        InspectResult,
        Model,
        PredictResult,
        ProfileResult,
        ReplayResult,
        ReportResult,
        SegmentResult,
        TrainEachResult,
        TrainResult,
        VerifyResult,
        cluster,
        compare,
        demo,
        detect,
        evaluate,
        explain,
        inspect,
        load,
        pack,
        predict,
        profile,
        replay,
        report,
        segment,
        serve,
        train,
        train_each,
        verify,
    )

__version__ = "0.1.0"

_ERRORS = (
    *("BudgetError", "BundleError", "DataError", "FormatError", "InputError", "IntegrityError", "MainstayError"),
    *("MissingPackageError", "ParityError", "ReplayError", "RequestError", "SchemaError", "UsageError", "WorkerError"),
)
_RESULTS = (
    *("ClusterResult", "CompareResult", "DetectResult", "EvaluateResult", "ExplainResult", "InspectResult", "Model"),
    *("PredictResult", "ProfileResult", "ReplayResult", "ReportResult", "SegmentResult", "TrainEachResult"),
    *("TrainResult", "VerifyResult"),
)
_VERBS = (
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
)
_PLACES = {
    **dict.fromkeys(_ERRORS, "mainstay.contracts.errors"),
    **dict.fromkeys((*_RESULTS, *_VERBS), "mainstay.lifecycle"),
    "Column": "mainstay.contracts.schema",
    "Finding": "mainstay.contracts.findings",
    "HalfSpaceTrees": "mainstay.learners.anomaly.half_space_trees",
    "Schema": "mainstay.contracts.schema",
    "kmeans_path": "mainstay.learners.cluster.kmeans_path",
}

__all__ = [
    "BudgetError",
    "BundleError",
    "ClusterResult",
    "Column",
    "CompareResult",
    "DataError",
    "DetectResult",
    "EvaluateResult",
    "ExplainResult",
    "Finding",
    "FormatError",
    "HalfSpaceTrees",
    "InputError",
    "InspectResult",
    "IntegrityError",
    "MainstayError",
    "MissingPackageError",
    "Model",
    "ParityError",
    "PredictResult",
    "ProfileResult",
    "ReplayError",
    "ReplayResult",
    "ReportResult",
    "RequestError",
    "Schema",
    "SchemaError",
    "SegmentResult",
    "TrainEachResult",
    "TrainResult",
    "UsageError",
    "VerifyResult",
    "WorkerError",
    "cluster",
    "compare",
    "demo",
    "detect",
    "evaluate",
    "explain",
    "inspect",
    "kmeans_path",
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


class _Door(ModuleType):
    """A module whose verbs are not overwritten by rooms of the same name.

    ``train`` and ``evaluate`` are verbs here and rooms of the house; Python binds a room to this module when it is
    imported, which would hide the verb. The rooms stay reachable by import, as ``from mainstay.train.run import ...``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PLACES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Boosters: LightGBM with its own categories, XGBoost, CatBoost; native or behind scikit-learn's interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.errors import FormatError
from mainstay.convert.flow import Matrix, Raw, refuse
from mainstay.convert.links import both_classes, exponential, logistic, softmax
from mainstay.convert.trees import tree_sums
from mainstay.learners.supervised.lightgbm_text import read_text

if TYPE_CHECKING:
    from mainstay.contracts.model import Trees
    from mainstay.convert.flow import Flow, Scribe, Source

__all__ = ["ANSWERS", "XGBOOST_LIMIT", "lightgbm_head", "xgboost_objective"]

_PLAIN = {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "l2", "l1"}
_POWERS = {"poisson", "gamma", "tweedie"}


def lightgbm_head(booster: Any) -> dict[str, str]:
    """Return the settings that a booster's text begins with: objective, number of classes, flags."""
    head = booster.model_to_string(num_iteration=1).partition("\n\n")[0]
    lines = [line for line in head.split("\n") if line and not line.startswith("feature_")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _lightgbm(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    booster = getattr(model, "booster_", model)
    head = lightgbm_head(booster)
    given = _coded(scribe, booster, flow)
    return _linked(scribe, model, head, tree_sums(scribe, _trees(model, booster, head), given, single=False))


def _trees(model: Any, booster: Any, head: dict[str, str]) -> Trees:
    outputs = int(head["num_tree_per_iteration"])
    text = booster.model_to_string()
    rounds = text.count("\nTree=") // outputs
    try:
        return read_text(text, outputs=outputs, scale=1.0 / rounds if "average_output" in head else 1.0)
    except FormatError as error:
        raise refuse(model, error.message) from error


def _linked(scribe: Scribe, model: Any, head: dict[str, str], sums: Matrix) -> Matrix:
    name, *words = head.get("objective", "regression").split()
    options = dict(word.split(":") for word in words if ":" in word)
    if name in ("binary", "multiclassova"):
        slope = scribe.constant(np.array(float(options.get("sigmoid", 1.0))))
        found = logistic(scribe, Matrix(scribe.node("Mul", [sums.tensor, slope]), sums.width))
        return both_classes(scribe, found) if name == "binary" else found
    if name == "multiclass":
        return softmax(scribe, sums)
    if name in _POWERS:
        return exponential(scribe, sums)
    if name == "cross_entropy":
        return logistic(scribe, sums)
    if name not in _PLAIN:
        raise refuse(model, f"the objective {name!r} has no writer")
    if "sqrt" not in words:
        return sums
    size = scribe.node("Mul", [sums.tensor, scribe.node("Abs", [sums.tensor])])
    return Matrix(size, sums.width)


def _coded(scribe: Scribe, booster: Any, flow: Flow) -> Matrix:
    """Return the columns as numbers: words become the codes that LightGBM gave them."""
    if not (isinstance(flow, Raw) and flow.has_words):
        return scribe.matrix(flow, "LightGBM")
    words = [at for at, source in enumerate(flow.sources) if source.values is not None]
    lists = booster.pandas_categorical or []
    if len(lists) != len(words):
        raise refuse("LightGBM", f"it was fitted with {len(lists)} columns of words, and {len(words)} came")
    parts = []
    for at, source in enumerate(flow.sources):
        if source.values is None:
            parts.append(scribe.matrix(flow.taken([at]), "LightGBM"))
        else:
            parts.append(_codes(scribe, source, list(lists[words.index(at)])))
    return scribe.joined(parts)


def _codes(scribe: Scribe, source: Source, levels: list[Any]) -> Matrix:
    place = {level: float(at) for at, level in enumerate(levels)}
    values = list(source.values or ())
    known = [place.get(value, np.nan) if _is_hashable(value) else np.nan for value in values]
    code = scribe.node("Gather", ["categories", scribe.constant(np.array([source.place], np.int64))], axis=1)
    table = scribe.constant(np.array(known, np.float64))
    return Matrix(scribe.node("Gather", [table, code], axis=0), 1, exact=True)


def _is_hashable(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is no level


def _xgboost(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    from mainstay.learners.supervised.xgboost_json import read_json

    booster = model.get_booster() if hasattr(model, "get_booster") else model
    best = getattr(model, "best_iteration", None) if getattr(model, "early_stopping_rounds", None) else None
    kept = booster if best is None else booster[: best + 1]
    scribe.limit = max(scribe.limit, XGBOOST_LIMIT)
    try:
        trees = read_json(bytes(kept.save_raw("json")))
    except FormatError as error:
        raise refuse(model, error.message) from error
    sums = tree_sums(scribe, trees, scribe.matrix(flow, "XGBoost"), single=True)
    return _xgboost_linked(scribe, model, xgboost_objective(booster), sums)


def xgboost_objective(booster: Any) -> str:
    """Return the name of what an XGBoost model was fitted for, such as "binary:logistic"."""
    settings = msgspec.json.decode(booster.save_config())
    return str(settings["learner"]["objective"]["name"])


def _xgboost_linked(scribe: Scribe, model: Any, objective: str, sums: Matrix) -> Matrix:
    if objective in ("binary:logistic", "reg:logistic"):
        found = logistic(scribe, sums)
        return both_classes(scribe, found) if objective == "binary:logistic" else found
    if objective in ("multi:softprob", "multi:softmax"):
        return softmax(scribe, sums)
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return exponential(scribe, sums)
    if objective.startswith("reg:") and sums.width == 1:
        return sums
    raise refuse(model, f"the objective {objective!r} has no writer")


def _catboost(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from mainstay.learners.supervised.catboost_json import read_json

    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        try:
            model.save_model(str(file), format="json")
            trees = read_json(file.read_bytes())
        except FormatError as error:
            raise refuse(model, error.message) from error
    sums = tree_sums(scribe, trees, scribe.matrix(flow, "CatBoost"), single=True)
    loss = str(model.get_all_params().get("loss_function", "RMSE")).partition(":")[0]
    if loss in ("Logloss", "CrossEntropy"):
        return both_classes(scribe, logistic(scribe, sums))
    if loss == "MultiClass":
        return softmax(scribe, sums)
    if loss in ("Poisson", "Tweedie"):
        return exponential(scribe, sums)
    if loss in ("RMSE", "MAE", "Quantile", "Huber", "MAPE", "LogCosh", "Expectile", "Lq"):
        return sums
    raise refuse(model, f"the loss {loss!r} has no writer")


XGBOOST_LIMIT = 1e-5
"""What is allowed between XGBoost and its graph: the library adds its trees in float32, the graph in float64."""

ANSWERS = {
    "lightgbm.Booster": _lightgbm,
    "lightgbm.LGBMModel": _lightgbm,
    "xgboost.Booster": _xgboost,
    "xgboost.XGBModel": _xgboost,
    "catboost.CatBoost": _catboost,
}

"""The demonstration: a run of training on a real table that is at hand everywhere."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.contracts.events import silent
from mainstay.lifecycle.training import train

if TYPE_CHECKING:
    from mainstay.contracts.events import Listener
    from mainstay.lifecycle.trained import TrainResult

__all__ = ["demo"]


def demo(*, folder: str | Path = "demo", time_budget: str | float = "30s", listener: Listener = silent) -> TrainResult:
    """Train on the breast-cancer table that scikit-learn bundles, and leave a model file and its report.

    Parameters
    ----------
    folder : path, default "demo"
    time_budget : str or float, default "30s"
    listener : callable

    Examples
    --------
    >>> import mainstay
    >>> run = mainstay.demo(folder="demo", time_budget="20s")
    >>> run.to_dict()["metric"]["value"] > 0.95
    True
    """
    import polars as pl
    from sklearn.datasets import load_breast_cancer

    clock = Clock(parse_seconds(time_budget), time.monotonic())
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    bunch = load_breast_cancer()
    columns = {str(name): bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
    frame = pl.DataFrame({**columns, "diagnosis": [str(bunch.target_names[code]) for code in bunch.target]})
    frame.write_csv(place / "breast_cancer.csv")
    return train(
        place / "breast_cancer.csv", target="diagnosis", positive="malignant", time_budget=clock,
        out=(place / "breast_cancer.mainstay", place / "breast_cancer.html"), listener=listener,
    )  # fmt: skip

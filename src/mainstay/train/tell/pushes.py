"""Tells what pushes the shipped model's answers up and down: contributions of columns on held-out rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from mainstay.bundle.explain import Explainer
from mainstay.bundle.kept_rows import background
from mainstay.evaluate.contributions import pushes_section, value_levels

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Section
    from mainstay.train.tell.scene import Scene

__all__ = ["find_pushes"]

_ROWS, _FIRST = 500, 20
_SHARE, _MOST = 0.3, 4.0  # of the time that is left, and in seconds
_LEAST = 0.5  # seconds: the graph is loaded once more, which a very short budget has no time for
_PER_BYTE = 2.2e-6  # seconds, whatever the rows: every tree is tabulated first (28 s for 12 MB of 23,000 trees)


def find_pushes(scene: Scene) -> Section | None:
    """Return the contributions of some held-out rows; fewer where the model is slow to ask."""
    intake = scene.trained.intake
    spare = min(_MOST, _SHARE * scene.clock.left())
    if spare < _LEAST + _PER_BYTE * len(scene.trained.model):
        return None
    began = time.perf_counter()
    seed = scene.settings.seed
    rows = background(intake.schema, scene.frame[intake.train], seed)
    explainer = Explainer(scene.predictor, rows, seed=seed)
    frame = intake.test_frame
    order = np.random.default_rng(seed).permutation(frame.height)
    count = _FIRST
    while True:
        started = time.perf_counter()
        chosen = order[:count]
        found = explainer.explain_frame(frame[chosen])
        took, more = time.perf_counter() - started, min(_ROWS, 4 * count, frame.height)
        # Four times the rows take four times as long at most, and far less where many fall into the same patterns.
        if more <= count or time.perf_counter() - began + took * more / count > spare:
            break
        count = more
    label = None if found.labels is None else sorted({str(one) for one in found.labels if one is not None})
    what = (
        scene.predictor.outputs.target
        if label is None
        else f"the probability of {label[0]}"
        if len(label) == 1
        else "the probability of the class answered"
    )
    how = "Trees and weighted sums are explained exactly" + (
        ", and what is neither by asking it about mixtures of rows." if "sampling" in found.methods else "."
    )
    levels = value_levels(intake.material.holdout.take(chosen), found.columns)
    return pushes_section(found.columns, found.contributions, levels, what=what, notes=(how,), seed=seed)

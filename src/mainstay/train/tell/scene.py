"""What a finder looks at when it fills a section of the report: a trained and judged model, before it is packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.predict import Predictor
    from mainstay.compute.clock import Clock
    from mainstay.train.judge import Judgement
    from mainstay.train.settings import Settings
    from mainstay.train.trained import Trained

__all__ = ["Scene"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A trained and judged model, before it is packed.

    Parameters
    ----------
    trained : Trained
        The intake with its material, all candidates with their out-of-fold answers, the choice and the graph.
    predictor : Predictor
        The bundle's own answers, for any rows.
    answers : float64 array
        The bundle's answers for the held-out rows.
    judgement : Judgement
        Scores, leaderboard, curves and importances on the held-out rows.
    frame : polars.DataFrame
        The whole table as it was read.
    settings : Settings
    clock : Clock
        What is left for all sections together; a finder asks it in its loops.
    """

    trained: Trained
    predictor: Predictor
    answers: NDArray[np.float64]
    judgement: Judgement
    frame: pl.DataFrame
    settings: Settings
    clock: Clock

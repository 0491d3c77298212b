"""Why a row is as odd as it is, column by column: the members' own terms, so that nothing has to be estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.explain import Explainer, Explanation
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mainstay.bundle.asking import AnyPredictor
    from mainstay.bundle.explain import Scale
    from mainstay.bundle.records import Label
    from mainstay.data.decode import Decoded

__all__ = ["DetectorExplainer", "explainer_of"]


class DetectorExplainer:
    """Explains the scores of an anomaly detector: base and contributions add up to the score.

    The base is 0; where no column stands out, it is the whole score.

    Parameters
    ----------
    predictor : DetectorPredictor
    """

    methods = ("terms",)

    def __init__(self, predictor: DetectorPredictor) -> None:
        self._predictor = predictor
        self.columns = tuple(column.name for column in predictor.schema.features)
        known = {name: at for at, name in enumerate(self.columns)}
        self._places = np.array([known[name] for name in predictor.outputs.columns], np.int64)

    def explain_frame(self, frame: pl.DataFrame, *, label: Label | None = None, scale: Scale = "answer") -> Explanation:
        """Explain a table; see :meth:`explain_rows`."""
        return self._explain(self._predictor.decoder.from_frame(frame), label, scale)

    def explain_rows(
        self, rows: Sequence[Mapping[str, object]], *, label: Label | None = None, scale: Scale = "answer"
    ) -> Explanation:
        """Explain plain rows.

        Parameters
        ----------
        rows : sequence of mappings
        label : None
            A detector has no classes.
        scale : "answer"
            It has no margin.

        Raises
        ------
        UsageError
            When a label or a margin is asked for.
        """
        return self._explain(self._predictor.decoder.from_rows(rows), label, scale)

    def _explain(self, decoded: Decoded, label: Label | None, scale: Scale) -> Explanation:
        if label is not None or scale != "answer":
            raise UsageError(
                "an anomaly detector has scores alone, no classes and no margin",
                where="explain",
                hint="Ask without a class, for the scale of the answer.",
            )
        decoded = self._predictor.checked(decoded)
        answers = self._predictor.predict_arrays(decoded.arrays)
        pushes = np.zeros((decoded.arrays.rows, len(self.columns)))
        pushes[:, self._places] = self._predictor.explained(decoded.arrays) * answers.score[:, None]
        base = np.where(pushes.any(axis=1), 0.0, answers.score)
        score = answers.score.copy()
        for one in (base, score, pushes):
            one[decoded.rejected] = np.nan
        return Explanation(
            columns=self.columns, base=base, prediction=score, contributions=pushes, error=None, labels=None,
            methods=self.methods, scale=scale, rejected=decoded.rejected, predicted=answers.flagged,
        )  # fmt: skip


def explainer_of(
    predictor: AnyPredictor,
    background: Sequence[Mapping[str, object]],
    *,
    seed: int = 0,
    threads: int = 2,
    kept_bytes: float | None = None,
) -> Explainer | DetectorExplainer:
    """Return what explains the answers of a model, by its task.

    Parameters
    ----------
    predictor, background, seed, threads, kept_bytes
        As for :class:`mainstay.bundle.explain.Explainer`; a detector needs the first alone.

    Raises
    ------
    BundleError
        When no background row can be used.
    """
    if isinstance(predictor, DetectorPredictor):
        return DetectorExplainer(predictor)
    if kept_bytes is None:
        return Explainer(predictor, background, seed=seed, threads=threads)
    return Explainer(predictor, background, seed=seed, threads=threads, kept_bytes=kept_bytes)

"""What a bundle holds, as records; ``docs/bundle-format.md`` is the same in prose."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import msgspec

from mainstay.bundle.cluster_outputs import ClusterOutputs
from mainstay.bundle.detector_outputs import DetectorOutputs
from mainstay.contracts.deciding import (
    Costs,
    PredictionIntervals,
    PredictionSets,
    decide,
    decision_gap,
)
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema

__all__ = [
    "BundleContent",
    "ClusterOutputs",
    "DetectorOutputs",
    "Golden",
    "GoldenRow",
    "Label",
    "Meaning",
    "Outputs",
    "encode_json",
    "model_digest",
    "plain_value",
]

Label = bool | int | float | str
Cell = bool | int | float | str | None


class Outputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer means.

    Parameters
    ----------
    task : {"classification", "regression"}
    target : str
        The column that is answered.
    labels : tuple of str, int, float or bool, default ()
        The classes in the order of the probabilities, in the user's own type and words; all of one type.
    positive : str, int, float or bool, optional
        The class that a yes means, where there are two; default is the second.
    threshold : float, default 0.5
        With two classes: the positive class is answered where its probability is at least this.
    unit : str, default ""
        The unit of an amount, for people.
    costs : tuple of tuples of float, optional
        What an answer costs: a row for each true class. With more than two classes the answer is the one of the
        least expected cost; with two the threshold says which, and the costs are there to be shown.
    uncertainty : PredictionSets or PredictionIntervals, optional
        Which classes go into a prediction set, or how far an interval reaches.

    Raises
    ------
    UsageError
        When the labels do not fit the task or each other.

    Examples
    --------
    >>> Outputs(task="classification", target="Churn", labels=("No", "Yes")).positive_class
    1
    """

    task: Literal["classification", "regression"]
    target: str
    labels: tuple[Label, ...] = ()
    positive: Label | None = None
    threshold: float = 0.5
    unit: str = ""
    # Left out of the file where they are not set, so that files without them keep their bytes.
    costs: Costs | msgspec.UnsetType = msgspec.UNSET
    uncertainty: PredictionSets | PredictionIntervals | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.task == "regression":
            if self.labels or self.positive is not None or self.costs is not msgspec.UNSET:
                raise UsageError("a regression has no labels and no costs of errors", where="outputs")
            if isinstance(self.uncertainty, PredictionSets):
                raise UsageError("a regression has intervals and no prediction sets", where="outputs")
            return
        kinds = {type(label).__name__ for label in self.labels}
        if len(self.labels) < 2 or len(kinds) != 1 or len(set(self.labels)) != len(self.labels):
            shown = ", ".join(repr(label) for label in self.labels[:8])
            raise UsageError(
                f"a classification needs two or more different labels of one type, and {shown or 'none'} came",
                where="outputs",
            )
        if self.positive is not None and (len(self.labels) != 2 or self.positive not in self.labels):
            raise UsageError(
                f"the positive label must be one of two labels, and {self.positive!r} came", where="outputs"
            )
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"the threshold must be from 0 to 1, and {self.threshold} came", where="outputs")
        self._check_decisions()

    def _check_decisions(self) -> None:
        """Hold costs and sets to the number of labels."""
        count, costs = len(self.labels), self.known_costs
        if costs is not None:
            finite = all(math.isfinite(cost) for row in costs for cost in row)
            if len(costs) != count or any(len(row) != count for row in costs) or not finite:
                raise UsageError(f"costs must be {count} rows of {count} numbers", where="outputs")
        sets = self.uncertainty
        if isinstance(sets, PredictionIntervals) or (isinstance(sets, PredictionSets) and len(sets.least) != count):
            raise UsageError(f"a classification of {count} labels needs prediction sets over them", where="outputs")

    @property
    def known_costs(self) -> Costs | None:
        """What answers cost, or None."""
        return None if isinstance(self.costs, msgspec.UnsetType) else self.costs

    @property
    def sets(self) -> PredictionSets | None:
        """The prediction sets, or None."""
        return self.uncertainty if isinstance(self.uncertainty, PredictionSets) else None

    @property
    def intervals(self) -> PredictionIntervals | None:
        """The intervals of amounts, or None."""
        return self.uncertainty if isinstance(self.uncertainty, PredictionIntervals) else None

    def decide(self, probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the position of the label that is answered, for probabilities of shape (n, classes).

        Examples
        --------
        >>> import numpy as np
        >>> outputs = Outputs(task="classification", target="t", labels=("no", "yes"), threshold=0.25)
        >>> outputs.decide(np.array([[0.75, 0.25], [0.8, 0.2]])).tolist()
        [1, 0]
        """
        return decide(probabilities, positive=self.positive_class, threshold=self.threshold, costs=self.known_costs)

    def gap(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how far each row's probabilities may move before its answer can change."""
        return decision_gap(
            probabilities, positive=self.positive_class, threshold=self.threshold, costs=self.known_costs
        )

    @property
    def positive_class(self) -> int | None:
        """The position of the positive label; None unless there are two."""
        if len(self.labels) != 2:
            return None
        return 1 if self.positive is None else self.labels.index(self.positive)

    @property
    def graph_outputs(self) -> dict[str, tuple[str, int]]:
        """The outputs that a model graph must have: name, element type and width."""
        if self.task == "classification":
            return {"probabilities": ("float32", len(self.labels))}
        return {"prediction": ("float64", 1)}


Meaning = TypeVar("Meaning", Outputs, ClusterOutputs, DetectorOutputs)


class GoldenRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row and the answer that it must get.

    Parameters
    ----------
    row : dict of str to str, int, float, bool or None
        As a client would send it; a column may be left out.
    rejected : bool, default False
        The row breaks the schema and gets no answer.
    prediction : label or float, optional
        Of a clustering the number of the cluster.
    probabilities : tuple of float, optional
        The float32 values, written exactly.
    distance, second_distance : float, optional
        Of a clustering: how far the row is from its cluster, and from the second nearest, where there are two; None
        where it is no number.
    fits_none : bool, optional
        Of a clustering.
    score, p_value : float, optional
        Of an anomaly detection; None where it is no number.
    flagged : bool, optional
        Of an anomaly detection.
    """

    row: dict[str, Cell]
    rejected: bool = False
    prediction: Label | None = None
    probabilities: tuple[float, ...] | None = None
    # Left out of the file where they are not set, so that files without them keep their bytes.
    distance: float | msgspec.UnsetType | None = msgspec.UNSET
    second_distance: float | msgspec.UnsetType | None = msgspec.UNSET
    fits_none: bool | msgspec.UnsetType = msgspec.UNSET
    score: float | msgspec.UnsetType | None = msgspec.UNSET
    p_value: float | msgspec.UnsetType | None = msgspec.UNSET
    flagged: bool | msgspec.UnsetType = msgspec.UNSET


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are replayed whenever the bundle is opened."""

    rows: tuple[GoldenRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleContent(Generic[Meaning]):
    """All that goes into a bundle.

    Parameters
    ----------
    schema : Schema
    model : bytes
        The ONNX graph: inputs "numbers" and "categories", output "probabilities", "prediction", "distances", or
        "members" and "terms".
    outputs : Outputs, ClusterOutputs or DetectorOutputs
    recipe : dict
        All it takes to run the training again; becomes TOML, so it holds no None.
    evaluation : dict
        The scores; becomes JSON. Where it has a "model_digest" it must be that of these parts.
    golden : Golden
    reference : dict
        What monitoring compares with; becomes JSON.
    report : str
        HTML.
    card : str
        Markdown.
    """

    schema: Schema
    model: bytes
    outputs: Meaning
    recipe: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    golden: Golden = field(default_factory=Golden)
    reference: dict[str, Any] = field(default_factory=dict)
    report: str = ""
    card: str = ""


def encode_json(record: Any) -> bytes:
    """Return a record as JSON; numbers that do not exist (NaN) become null, NumPy's become plain ones."""
    return msgspec.json.encode(record, enc_hook=plain_value)


def plain_value(value: Any) -> Any:
    """Return an array or scalar of NumPy as plain numbers, for an encoder that does not know it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} has no place in a model file")


def model_digest(schema: bytes, model: bytes, outputs: bytes) -> str:
    """Return what an evaluation is bound to: the digest of the three members that decide an answer.

    Examples
    --------
    >>> model_digest(b"a", b"b", b"c") == model_digest(b"a", b"b", b"c") != model_digest(b"a", b"c", b"b")
    True
    """
    parts = [hashlib.sha256(part).hexdigest() for part in (schema, model, outputs)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""What a report says, as plain data: filled by training, stored in the bundle, drawn by ``report.py``.

The record is JSON both ways (msgspec), so a report can be written again years later from ``evaluation.json`` alone.
Nothing in it is HTML: every text is escaped when it is drawn.
"""

from typing import Literal

import msgspec

from mainstay.contracts.findings import Finding
from mainstay.contracts.learner import TaskName
from mainstay.data.quality_records import Histogram
from mainstay.evaluate.compare import Comparison
from mainstay.evaluate.curves import Curves
from mainstay.evaluate.importance import Importance
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.sections import Section

__all__ = [
    "Candidate",
    "ColumnRow",
    "Member",
    "ReportData",
    "RowCounts",
    "Stage",
    "Status",
]

Status = Literal["done", "failed", "stopped", "skipped"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the leaderboard.

    Parameters
    ----------
    name : str
    value, low, high : float or None
        The score with its 95 % interval, in the metric's own direction; None where there is none.
    seconds : float
        What fitting and scoring took.
    status : {"done", "failed", "stopped", "skipped"}
    reason : str
        Why it failed, was stopped or was skipped.
    tied : bool
        Whether it cannot be told apart from the best.
    baseline : bool
        Whether it ignores the columns (majority, mean).
    chosen : bool
        Whether it is in the bundle.
    recipe : str
        In words: how the columns were prepared, and the settings.
    """

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    seconds: float = 0.0
    status: Status = "done"
    reason: str = ""
    tied: bool = False
    baseline: bool = False
    chosen: bool = False
    recipe: str = ""


class ColumnRow(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the input contract, for a table.

    Parameters
    ----------
    name, kind, role : str
        As in the schema.
    missing : float or None
        The share of rows without a value.
    detail : str
        Its levels or its range, in words.
    evidence : str
        Why this kind was inferred.
    """

    name: str
    kind: str
    role: str = "feature"
    missing: float | None = None
    detail: str = ""
    evidence: str = ""


class RowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows there are: in all, for training and choices, held out, and left out for want of a target."""

    total: int
    train: int
    test: int
    left_out: int = 0


class Member(msgspec.Struct, frozen=True):
    """A model in the blend, and its weight (weights add up to 1)."""

    name: str
    weight: float


class Stage(msgspec.Struct, frozen=True):
    """A stage of the run and its seconds."""

    name: str
    seconds: float


class ReportData(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a training report shows.

    Parameters
    ----------
    task : {"classification", "regression"}
    target : str
        The name of the target column.
    metric : str
        The metric that choices were made by.
    scores : dict of str to Score
        All metrics on the held-out rows, computed from the bundle.
    rows : RowCounts
    columns : tuple of ColumnRow
        All columns of the table, in their order.
    source : str
        What the data were read from.
    split : str
        In words: "random, stratified by the target".
    test_openings : int, default 1
        How often the held-out rows were opened; each time after the first makes the score less honest.
    labels : tuple of str
        Class labels, in the order of their codes.
    positive : str, optional
        The positive class of two.
    threshold : float, optional
        The probability from which the positive class is answered; None for the most probable class.
    baseline : Score, optional
        The metric of the best model that ignores the columns, on the same held-out rows.
    against_baseline : Comparison, optional
        The model minus that baseline, paired, on the held-out rows. The banner "no model beats the baseline" stands
        where this is tied or on the wrong side.
    class_counts : dict of str to int
        Rows of each class in the whole table.
    target_histogram : Histogram, optional
        For regression.
    findings : tuple of Finding
    leaderboard : tuple of Candidate
        All candidates, failed ones included; any order.
    leaderboard_rows : str
        In words: what the leaderboard's scores were measured on.
    members : tuple of Member
        What is in the bundle; one member where there is no blend.
    curves : Curves
        On the held-out rows.
    importance : Importance, optional
        On held-out rows.
    seconds, time_budget_seconds, peak_memory_mb, memory_budget_mb : float, optional
    stages : tuple of Stage
    bundle : str
        The name of the bundle's file, for the commands shown.
    digest : str
        The bundle's digest. Empty inside the bundle itself, whose digest covers this report.
    data_digest : str
        The digest of the data.
    seed : int
    settings : dict of str to str
        Further settings of the run, in words.
    versions : dict of str to str
        Packages and their versions.
    parity : str
        In words: how closely the graph answers like the libraries that trained it.
    sections : tuple of Section
        Further parts, in their order: decisions, explanations, checks.
    created : str
        The date and time, ready to show.
    packed : str
        For a model that was fitted elsewhere and brought: in words, what its rows are. Empty where we trained it.
    """

    task: TaskName
    target: str
    metric: str
    scores: dict[str, Score]
    rows: RowCounts
    columns: tuple[ColumnRow, ...] = ()
    source: str = ""
    split: str = ""
    test_openings: int = 1
    labels: tuple[str, ...] = ()
    positive: str | None = None
    threshold: float | None = None
    baseline: Score | None = None
    against_baseline: Comparison | None = None
    class_counts: dict[str, int] = msgspec.field(default_factory=dict)
    target_histogram: Histogram | None = None
    findings: tuple[Finding, ...] = ()
    leaderboard: tuple[Candidate, ...] = ()
    leaderboard_rows: str = "the held-out rows, which no choice has seen"
    members: tuple[Member, ...] = ()
    curves: Curves = Curves()
    importance: Importance | None = None
    seconds: float | None = None
    time_budget_seconds: float | None = None
    peak_memory_mb: float | None = None
    memory_budget_mb: float | None = None
    stages: tuple[Stage, ...] = ()
    bundle: str = "model.mainstay"
    digest: str = ""
    data_digest: str = ""
    seed: int = 0
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    parity: str = ""
    sections: tuple[Section, ...] = ()
    created: str = ""
    packed: str = ""

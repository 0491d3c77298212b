"""What the report of an anomaly detection says, as plain data: filled by the run, kept in the bundle, drawn elsewhere.

JSON both ways (msgspec), so that the page can be written again years later from what the bundle holds. Nothing in it is
HTML; every text is escaped when it is drawn. ``figures.py`` and ``figures_series.py`` make the parts from arrays.
Scores, p-values and flags are always those that the bundle answers.
"""

from __future__ import annotations

import msgspec

from mainstay.contracts.alarms import Alarm  # noqa: TC001 - msgspec reads annotations at run time
from mainstay.contracts.anomalies import Reference  # noqa: TC001 - as above
from mainstay.contracts.findings import Finding  # noqa: TC001 - as above
from mainstay.evaluate.anomalies.series_data import SeriesFigure  # noqa: TC001 - as above
from mainstay.evaluate.clusters.report_data import TreatedColumn  # noqa: TC001 - as above
from mainstay.evaluate.curves import Curve  # noqa: TC001 - as above
from mainstay.evaluate.intervals import Score  # noqa: TC001 - as above
from mainstay.evaluate.report_data import Stage  # noqa: TC001 - as above
from mainstay.evaluate.sections import Section  # noqa: TC001 - as above

__all__ = ["AnomalyReport", "Case", "Driver", "Judged", "MemberAgreement", "ScoreSpread"]


class ScoreSpread(msgspec.Struct, frozen=True, kw_only=True):
    """How scores are spread: counts in equal bars; ``figures.score_spread`` makes it.

    Parameters
    ----------
    edges : tuple of float
        One more than there are bars, rising. The last bar also holds what lies beyond.
    usual, flagged : tuple of int
        Rows of each bar that are not flagged, and that are.
    anomalies : tuple of int
        With labels: the known anomalies of each bar, flagged or not. Empty without.
    cut : float, optional
        A row is flagged from this score on; None where none is.
    highest : float, optional
        The highest score of all.
    """

    edges: tuple[float, ...]
    usual: tuple[int, ...]
    flagged: tuple[int, ...]
    anomalies: tuple[int, ...] = ()
    cut: float | None = None
    highest: float | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row, among the oddest; ``figures.top_cases`` makes them.

    Parameters
    ----------
    row : int
        Its position in the table, from 0; pages show it from 1.
    score, p_value : float
    flagged : bool
    reason : str
        The sentence; empty where there is none.
    levels : tuple of float
        What each member says of it, in the order of :class:`MemberAgreement`. The score is their weighted mean.
    values : dict of str to str
        The raw values of the columns that the row is odd in, the oddest first.
    shares : dict of str to float
        What part of its oddness each of these columns has.
    label : str
        What is known of it; empty where nothing is.
    """

    row: int
    score: float
    p_value: float
    flagged: bool
    reason: str = ""
    levels: tuple[float, ...] = ()
    values: dict[str, str] = msgspec.field(default_factory=dict)
    shares: dict[str, float] = msgspec.field(default_factory=dict)
    label: str = ""


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """A column, and how far it drives the alarms; ``figures.alarm_drivers`` makes them.

    Parameters
    ----------
    column : str
    share : float
        Its part of the oddness of a flagged row, averaged over flagged rows; the parts of all columns sum to 1.
    first : int
        In how many flagged rows it is the oddest column.
    """

    column: str
    share: float
    first: int = 0


class MemberAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a detector and how far they agree; ``figures.member_agreement`` makes it.

    Parameters
    ----------
    names : tuple of str
        As in the catalogue.
    weights : tuple of float
        Their parts of the score; they sum to 1.
    correlation : tuple of tuples of float
        Spearman's rank correlation of each two over rows; None where a member says the same of all rows.
    rows : int
        How many rows it was computed on.
    notes : tuple of str
        In words: rows that were left out as doubles, members that were trusted less and why.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    correlation: tuple[tuple[float | None, ...], ...] = ()
    rows: int = 0
    notes: tuple[str, ...] = ()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How good scores and flags are where labels are known; ``figures.judged`` makes it.

    Parameters
    ----------
    metrics : dict of str to Score
        roc_auc, average_precision, precision, recall, precision_at_k, recall_at_k, each with its 95 % interval.
    rows, anomalies : int
        Rows with a label, and how many of these are anomalies.
    capacity : int, optional
        The k of precision_at_k and recall_at_k.
    roc, precision_recall : Curve, optional
        False alarm rate and hit rate; recall and precision. None where there are no anomalies, or nothing else.
    recall_by_capacity : Curve, optional
        Rows looked at, from the oddest down; share of the anomalies found.
    used : str
        In words, whether and how the labels were used: "not used" or on which rows the figures were measured.
    """

    metrics: dict[str, Score]
    rows: int
    anomalies: int
    capacity: int | None = None
    roc: Curve | None = None
    precision_recall: Curve | None = None
    recall_by_capacity: Curve | None = None
    used: str = "The labels were not used to find the anomalies."


class AnomalyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the report of an anomaly detection shows. Only the first five must be given.

    Parameters
    ----------
    rows : int
        How many rows (for a series: points in time) have a score.
    flagged : int
        How many of them are flagged.
    reference : {"contaminated", "clean"}
        What the detector learned from.
    alarm : Alarm
        With its cut, and what holds for rows that it flags; both are for new rows too.
    members : MemberAgreement
        One member at least.
    source : str
        The name of what was read.
    detector : str, default "ensemble"
        As in the catalogue.
    assumed : bool
        Whether nobody said which reference case it is.
    reference_source : str
        The name of the file of clean rows, where there was one.
    reference_rows : int, optional
        How many rows the detector was fitted and calibrated on; None where they are the same as ``rows``.
    p_values : {"tail", "conformal"} or other words
        The kind of the calibration.
    guarantee : str
        What holds for the flagged rows of this run, where that is not ``alarm.guarantee``: rows that were judged
        together against a table of clean rows.
    power : str
        In one or two sentences: what the alarm can find and what it cannot, as far as anything is known of it.
    spread : ScoreSpread, optional
    cases : tuple of Case
        The oddest rows, the oddest first, flagged or not; 20 or so.
    drivers : tuple of Driver
        Which columns drive the alarms, the strongest first.
    explained : int
        The number of flagged rows that ``drivers`` was computed on.
    judged : Judged, optional
        With labels.
    labels : str
        The name of the column of labels.
    ask : tuple of Case
        With ``--ask``: the rows whose labels would help most, the most helpful first.
    series : SeriesFigure, optional
        With ``--time``: the values, the scores and the windows.
    columns : tuple of TreatedColumn
        All columns of the table; role "feature" for those that were watched, ``words`` what was done to them, or why
        they were left out.
    findings : tuple of Finding
        Of reading, of inference, of preparing and of the run.
    rows_left_out : int
        Rows that could not be read.
    seconds, time_budget_seconds, peak_memory_mb, memory_budget_mb : float, optional
    stages : tuple of Stage
    bundle : str
        The name of the bundle's file, for the commands shown.
    digest, model_digest, data_digest : str
        ``digest`` is empty inside the bundle itself, whose digest covers this report.
    seed : int
    settings, versions : dict of str to str
    parity : str
        In words: how closely the graph answers like the numpy code that fitted it.
    sections : tuple of Section
        Further parts, in their order, behind ours.
    created : str
        The date and time, ready to show.

    Examples
    --------
    >>> only = MemberAgreement(names=("knn",), weights=(1.0,))
    >>> found = AnomalyReport(
    ...     rows=100, flagged=0, reference="clean", alarm=Alarm(rule="fdr", amount=0.1), members=only)
    >>> msgspec.json.decode(msgspec.json.encode(found), type=AnomalyReport) == found
    True
    """

    rows: int
    flagged: int
    reference: Reference
    alarm: Alarm
    members: MemberAgreement
    source: str = ""
    detector: str = "ensemble"
    assumed: bool = False
    reference_source: str = ""
    reference_rows: int | None = None
    p_values: str = ""
    guarantee: str = ""
    power: str = ""
    spread: ScoreSpread | None = None
    cases: tuple[Case, ...] = ()
    drivers: tuple[Driver, ...] = ()
    explained: int = 0
    judged: Judged | None = None
    labels: str = ""
    ask: tuple[Case, ...] = ()
    series: SeriesFigure | None = None
    columns: tuple[TreatedColumn, ...] = ()
    findings: tuple[Finding, ...] = ()
    rows_left_out: int = 0
    seconds: float | None = None
    time_budget_seconds: float | None = None
    peak_memory_mb: float | None = None
    memory_budget_mb: float | None = None
    stages: tuple[Stage, ...] = ()
    bundle: str = "detector.mainstay"
    digest: str = ""
    model_digest: str = ""
    data_digest: str = ""
    seed: int = 0
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    parity: str = ""
    sections: tuple[Section, ...] = ()
    created: str = ""

"""What the report of a clustering says, as plain data: filled by the run, stored in the bundle, drawn by ``report.py``.

JSON both ways (msgspec), so that the page can be written again years later from what the bundle holds. Nothing in it is
HTML; every text is escaped when it is drawn.
"""

from __future__ import annotations

import msgspec

from mainstay.contracts.findings import Finding  # noqa: TC001 - msgspec reads annotations at run time
from mainstay.evaluate.clusters.agreement import Agreement  # noqa: TC001 - as above
from mainstay.evaluate.clusters.curve import Curve  # noqa: TC001 - as above
from mainstay.evaluate.clusters.records import ClusterPortraits  # noqa: TC001 - as above
from mainstay.evaluate.clusters.stability import Stability  # noqa: TC001 - as above
from mainstay.evaluate.intervals import Score  # noqa: TC001 - as above
from mainstay.evaluate.report_data import Stage  # noqa: TC001 - as above
from mainstay.evaluate.sections import Section  # noqa: TC001 - as above

__all__ = ["ClusterReport", "Merge", "Method", "Methods", "TreatedColumn"]


class TreatedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column, and what was done to it before rows were compared.

    Parameters
    ----------
    name, kind, role : str
        As in the schema; role "feature" for those that were clustered.
    words : str
        "logarithm, then scaled", or why it was left out.
    missing : float, optional
        The share of rows without a value.
    """

    name: str
    kind: str
    role: str = "feature"
    words: str = ""
    missing: float | None = None


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One method that was tried.

    Parameters
    ----------
    name : str
    clusters : int, optional
        How many it found; None where it failed.
    stability : Score, optional
        Mean adjusted Rand index with its own results on resampled rows.
    chosen : bool
    reason : str
        Why it was chosen, not chosen, stopped or failed.
    seconds : float
    """

    name: str
    clusters: int | None = None
    stability: Score | None = None
    chosen: bool = False
    reason: str = ""
    seconds: float = 0.0


class Methods(msgspec.Struct, frozen=True, kw_only=True):
    """Several methods beside each other.

    Parameters
    ----------
    methods : tuple of Method
    names : tuple of str
        Those in the matrix, in its order.
    agreement : tuple of tuples of float
        The adjusted Rand index of each two.
    words : tuple of str
        Why one was chosen.
    rows : int
        How many rows they were compared on.
    """

    methods: tuple[Method, ...]
    names: tuple[str, ...] = ()
    agreement: tuple[tuple[float, ...], ...] = ()
    words: tuple[str, ...] = ()
    rows: int = 0


class Merge(msgspec.Struct, frozen=True):
    """One step of a hierarchy: two groups become one.

    Parameters
    ----------
    first, second : int
        0 to n - 1 are the leaves; n + i is the group that merge i made.
    height : float
        The distance at which they meet; never less than that of the parts.
    rows : float
        How many rows the new group stands for.
    """

    first: int
    second: int
    height: float
    rows: float


class ClusterReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the report of a clustering shows.

    Parameters
    ----------
    k : int
        How many clusters there are.
    verdict : str
        "one clear k", "several plausible k", "no structure", or "given" where a person set k.
    sentence : str
        The verdict in plain words.
    method : str
        The name of the method.
    portraits : ClusterPortraits
    source : str
        What the data were read from.
    curve : Curve, optional
    methods : Methods, optional
        Where several were tried.
    merges : tuple of Merge
        The hierarchy, where the method made one.
    stability : Stability, optional
    agreement : Agreement, optional
        Where labels are known; ``labels`` is the name of their column.
    columns : tuple of TreatedColumn
    findings : tuple of Finding
    stray : int
        Rows that the method itself called noise.
    fits_none : str
        In words: how a row that fits no cluster is told.
    measure : str
        What distances are.
    rows_left_out : int
        Rows that could not be read.
    seconds, time_budget_seconds, peak_memory_mb, memory_budget_mb : float, optional
    stages : tuple of Stage
    bundle, digest, data_digest : str
    seed : int
    settings, versions : dict of str to str
    parity : str
    sections : tuple of Section
        Further parts, in their order.
    created : str
        The date and time, ready to show.
    """

    k: int
    verdict: str
    sentence: str
    method: str
    portraits: ClusterPortraits
    source: str = ""
    curve: Curve | None = None
    methods: Methods | None = None
    merges: tuple[Merge, ...] = ()
    stability: Stability | None = None
    agreement: Agreement | None = None
    labels: str = ""
    columns: tuple[TreatedColumn, ...] = ()
    findings: tuple[Finding, ...] = ()
    stray: int = 0
    fits_none: str = ""
    measure: str = "euclidean distance"
    rows_left_out: int = 0
    seconds: float | None = None
    time_budget_seconds: float | None = None
    peak_memory_mb: float | None = None
    memory_budget_mb: float | None = None
    stages: tuple[Stage, ...] = ()
    bundle: str = "segments.mainstay"
    digest: str = ""
    data_digest: str = ""
    seed: int = 0
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    parity: str = ""
    sections: tuple[Section, ...] = ()
    created: str = ""

"""Work beside the fitting that worker processes do too: the audit of leaks, and the drawing of the report.

Each loads libraries that take a hundred megabytes; in a worker that memory goes back to the system when it is done.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import WorkerError
from mainstay.contracts.executor import Job
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Schema  # noqa: TC001 - msgspec reads the annotation at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.compute.clock import Clock
    from mainstay.contracts.executor import Outcome, Payload, Workers
    from mainstay.data.leaks import Audit
    from mainstay.data.table import Table
    from mainstay.evaluate.report_data import ReportData
    from mainstay.train.intake import Intake

__all__ = [
    "ASSEMBLY",
    "AUDIT",
    "DRAWING",
    "REPORT",
    "AuditJob",
    "audit_of",
    "audit_table",
    "await_audit",
    "await_job",
    "draw",
    "draw_report",
    "findings_of",
    "submit_audit",
]

ASSEMBLY, AUDIT, REPORT = -1, -2, -3
"""Job numbers that the search does not use."""

DRAWING = ("mainstay.train.side_jobs", "mainstay.evaluate.report", "altair", "vl_convert")
"""What the worker that draws the report loads beforehand."""

_HERE = "mainstay.train.side_jobs"
_PATIENCE = 15.0  # seconds; three times what an audit may take, for a busy machine


class AuditJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the auditing worker is told; the table and the rows lie in the folder."""

    folder: str
    source: str
    schema: Schema
    how: str
    seed: int
    seconds: float


def submit_audit(pool: Workers, table: Table, intake: Intake, *, how: str, seed: int, seconds: float) -> None:
    """Hand the table to a worker that looks for leaks."""
    known = [column.name for column in intake.schema.columns if column.name in table.frame.columns]
    table.frame.select(known).write_ipc(pool.scratch / "table.arrow")
    np.save(pool.scratch / "audit-train.npy", intake.train, allow_pickle=False)
    np.save(pool.scratch / "audit-test.npy", intake.test, allow_pickle=False)
    job = AuditJob(
        folder=str(pool.scratch), source=table.source, schema=intake.schema, how=how, seed=seed, seconds=seconds
    )
    pool.submit(Job(AUDIT, f"{_HERE}:audit_table", msgspec.to_builtins(job), 3.0 * seconds + 5.0))


def audit_table(payload: Payload) -> Payload:
    """Look for leaks, and for what else is worth knowing of the table; run by a worker process."""
    import polars as pl

    from mainstay.data.leaks import audit
    from mainstay.data.quality import profile
    from mainstay.data.table import Table

    job = msgspec.convert(payload, AuditJob)
    folder = Path(job.folder)
    table = Table(pl.read_ipc(folder / "table.arrow"), source=job.source, digest="")
    train, test = (np.load(folder / f"audit-{part}.npy", allow_pickle=False) for part in ("train", "test"))
    found = audit(table, job.schema, how=job.how, train=train, test=test, seed=job.seed, seconds=job.seconds)
    findings = (*found.findings, *profile(table, job.schema, seed=job.seed).findings)
    return {"findings": msgspec.to_builtins(findings), "audit": found.to_dict()}


def await_audit(pool: Workers, known: Outcome | None, clock: Clock) -> Outcome | None:
    """Return the audit's outcome; where the search is over before it, it is waited for, within a third of the time.

    ``known`` is the outcome where the search has met it already.
    """
    patience = clock.at_most(min(_PATIENCE, clock.left() / 3))
    while known is None and patience.left() > 0:
        known = next((one for one in pool.wait(min(0.5, patience.left())) if one.number == AUDIT), None)
    return known


def findings_of(outcome: Outcome | None) -> tuple[Finding, ...]:
    """Return what the audit found; that it came to no end is a finding too."""
    if outcome is not None and outcome.status == "done":
        return tuple(msgspec.convert(outcome.payload["findings"], list[Finding]))
    reason = outcome.reason if outcome is not None else "the time was up before it was done"
    return (
        Finding(
            severity="warning",
            code="leak.audit",
            message=f"the audit of leaks came to no end ({reason}), so nothing is known of leaks",
            advice="Run mainstay profile with the same target, or give a longer time budget",
        ),
    )


def audit_of(outcome: Outcome | None) -> Audit | None:
    """Return the audit with its evidence; None where it came to no end."""
    from mainstay.data.leaks import Audit

    if outcome is None or outcome.status != "done":
        return None
    return msgspec.convert(outcome.payload["audit"], Audit)


def await_job(pool: Workers, job: Job, what: str) -> Mapping[str, object]:
    """Run a job that the rest has to wait for, and return its answer.

    Raises
    ------
    WorkerError
        When it failed.
    """
    pool.submit(job)
    while True:  # jobs that the search stopped may still come back
        for outcome in pool.wait(1.0):
            if outcome.number == job.number:
                if outcome.status != "done":
                    raise WorkerError(f"{what} could not be written ({outcome.reason})")
                return outcome.payload


def draw_report(pool: Workers, report: ReportData, seconds: float) -> str:
    """Return the report as a page, drawn by a worker; without pictures where they would take longer than this.

    Nothing is lost: ``mainstay report`` draws the page anew from the figures in the bundle.
    """
    from mainstay.evaluate.report import training_report

    if seconds > 0:
        (pool.scratch / "report.json").write_bytes(msgspec.json.encode(report))
        pool.submit(Job(REPORT, f"{_HERE}:draw", {"folder": str(pool.scratch)}, seconds))
        ended = pool.wait(seconds + 1.0)
        if ended and ended[0].status == "done":
            return (pool.scratch / "report.html").read_text(encoding="utf-8")
    return training_report(report, drawn=False)


def draw(payload: Payload) -> Payload:
    """Draw a report; run by a worker process."""
    from mainstay.evaluate.report import training_report
    from mainstay.evaluate.report_data import ReportData

    folder = Path(str(payload["folder"]))
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=ReportData)
    (folder / "report.html").write_text(training_report(report), encoding="utf-8")
    return {}

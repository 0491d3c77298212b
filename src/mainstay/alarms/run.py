"""One detection run, from tables to a detector that is not yet written: what is learned from, prepare, learn.

A detector without labels learns what is usual. Labels for some rows teach it more; labels for all rows judge it, for a
detector that had seen them could no longer be judged by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.alarms.intake import schema_for_alarms, take_in
from mainstay.alarms.teaching import not_taught, taught_by
from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

if TYPE_CHECKING:
    from mainstay.alarms.intake import Intake
    from mainstay.alarms.known import Known
    from mainstay.alarms.settings import Settings
    from mainstay.alarms.teaching import Taught
    from mainstay.compute.around import Around
    from mainstay.contracts.anomalies import Detection, Observations
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.prepare.anomalies import AnomalyRecipe

__all__ = ["Learned", "check_method", "learn_usual", "reference_finding"]

_FOR_THE_END, _PER_CELL = 6.0, 2e-7  # seconds; measured on two busy cores: answers of all rows, report, packing
_FOR_LEARNING = 0.5


@dataclass(frozen=True, slots=True)
class Learned:
    """A detector, and what it was learned from.

    Parameters
    ----------
    intake : Intake
    recipe : AnomalyRecipe
    detection : Detection
    findings : tuple of Finding
    taught : Taught, optional
        Where labels of some rows taught it.
    """

    intake: Intake
    recipe: AnomalyRecipe
    detection: Detection
    findings: tuple[Finding, ...]
    taught: Taught | None = None


def check_method(name: str) -> None:
    """Refuse a detector that there is not, before anything is read.

    Raises
    ------
    UsageError
        With the names that there are.
    """
    from mainstay.learners.anomaly.catalogue import paths

    if name not in paths():
        raise UsageError(f"there is no detector {name!r}", where="method", hint=f"Take one of: {', '.join(paths())}.")


def learn_usual(
    table: Table,
    settings: Settings,
    around: Around,
    *,
    schema: Schema | None = None,
    known: Known | None = None,
    clean: Table | None = None,
) -> Learned:
    """Learn what is usual in a table, or in the clean rows that came with it.

    Parameters
    ----------
    table : Table
        The rows to be judged.
    settings : Settings
    around : Around
    schema : Schema, optional
        The user's own; inferred where None.
    known : Known, optional
        Labels of the table's rows.
    clean : Table, optional
        Rows without anomalies.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong: see the errors of each step.
    """
    kept_out = (settings.labels,) if known is not None else ()
    taken, findings = schema_for_alarms(table if clean is None else clean, settings, schema, kept_out=kept_out)
    intake = take_in(table, taken, settings, known=known, clean=clean)
    around.begin("prepare")
    fitted = intake.learned.arrays
    if len(intake.fit) < fitted.rows:
        fitted = fitted.take(intake.fit)
    recipe = fit_for_anomalies(fitted, seed=settings.seed)
    observations = observations_of(recipe, fitted)
    around.begin("learn")
    ahead = around.before(_for_the_end(intake, settings.time_budget)).part(_FOR_LEARNING)
    detection = _fitted(observations, settings, ahead)
    taught = taught_by(detection, recipe, intake, seed=settings.seed, around=ahead)
    notes = () if clean is None else clean.notes
    labelled = () if known is None else (*known.findings(), *not_taught(intake))
    return Learned(
        intake, recipe, detection if taught is None else taught.detection,
        (reference_finding(intake, settings), *table.notes, *notes, *findings, *intake.findings, *labelled),
        taught,
    )  # fmt: skip


def _fitted(observations: Observations, settings: Settings, around: Around) -> Detection:
    from mainstay.learners.anomaly.catalogue import learner

    method = learner(settings.method)
    return method.fit(observations, reference=settings.reference, seed=settings.seed, deadline=around)


def _for_the_end(intake: Intake, budget: float) -> float:
    """Return the seconds kept for all that comes after learning; six tenths of the budget at most."""
    cells = intake.judged.arrays.rows * max(1, len(intake.schema.features))
    return min(0.6 * budget, _FOR_THE_END + _PER_CELL * cells) if budget != float("inf") else 0.0


def reference_finding(intake: Intake, settings: Settings) -> Finding:
    """Return what was taken as usual, and how to say it where that is wrong."""
    if settings.assumed:
        return Finding(
            severity="info",
            code="reference",
            message="assumed: contaminated; anomalies may be among the rows that were learned from, so p-values are "
            "estimates",
            advice="Say --reference clean where the rows are known to hold none, or --reference FILE where clean rows "
            "stand in a file: alarms then keep their rate.",
        )
    fitted = len(intake.fit)
    if intake.calibrate is None:
        message = f"as asked, anomalies may be among the {fitted:,} rows that were learned from; p-values are estimates"
        return Finding(severity="info", code="reference", message=message, advice="Nothing is to be done.")
    rows = f"{fitted:,} clean rows were learned from, and {len(intake.calibrate):,} others calibrate"
    if intake.apart:
        return Finding(severity="info", code="reference", message=rows, advice="Nothing is to be done.")
    return Finding(
        severity="info",
        code="reference",
        message=f"{rows}: the guarantee holds for new rows, not for these themselves, which the detector has seen",
        advice="Answer new rows with: mainstay predict BUNDLE DATA.",
    )

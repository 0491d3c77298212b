"""From a chosen model to a bundle that has been proved, judged and described.

The schema, the graph and the meaning of its answers are final first. The code that serves a bundle answers the
held-out rows with them; these answers pass the parity gate and are scored, and the score is bound to the digest of
exactly these parts. Nothing is fitted or changed after it is known (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.bundle.kept_rows import background
from mainstay.bundle.pack import seal
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import BundleContent, Outputs
from mainstay.bundle.replay import record_golden
from mainstay.compute.inline import InlineExecutor
from mainstay.compute.memory import give_back
from mainstay.compute.pool import ProcessPool
from mainstay.contracts.errors import UsageError
from mainstay.contracts.events import StageBegun
from mainstay.evaluate.calibration import apply_stages
from mainstay.graph.parity import check_parity
from mainstay.train.blend import mix
from mainstay.train.describe import describe
from mainstay.train.golden import golden_rows, reference
from mainstay.train.judge import judge
from mainstay.train.labels import own_labels
from mainstay.train.side_jobs import DRAWING, draw_report
from mainstay.train.tell.finders import find_sections
from mainstay.train.tell.scene import Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.contracts.findings import Finding
    from mainstay.data.table import Table
    from mainstay.evaluate.report_data import ReportData
    from mainstay.graph.parity import Parity
    from mainstay.train.settings import Settings
    from mainstay.train.trained import Surroundings, Trained

__all__ = ["Finished", "finish"]

_FOR_REPORT = 3.0  # seconds; measured: the first chart starts a drawing engine
_FOR_IMPORTANCE = 4.0  # seconds at most; more shuffles only narrow the intervals


@dataclass(frozen=True, slots=True)
class Finished:
    """A bundle and what it is worth.

    Parameters
    ----------
    bundle : Bundle
        As it opens: read back from its bytes, audited, its golden rows replayed.
    report : ReportData
    """

    bundle: Bundle
    report: ReportData


def finish(
    trained: Trained, table: Table, settings: Settings, around: Surroundings, findings: tuple[Finding, ...]
) -> Finished:
    """Prove, judge, describe and pack.

    Raises
    ------
    ParityError
        When the bundle does not answer as the libraries do.
    """
    content = BundleContent(schema=trained.intake.schema, model=trained.model, outputs=_outputs(trained, table))
    draws = around.clock.left() > _FOR_REPORT + _seconds_to_seal(trained.model)
    # Loads while rows are answered; a run without processes of its own leaves the pictures to mainstay report.
    with ProcessPool(1, preload=DRAWING if draws else ()) if around.pool.apart else InlineExecutor() as pool:
        report, judged = _judge(trained, content, table, settings, around, findings=findings)
        if around.pool.apart:  # a small table leaves nothing worth the search for it
            give_back()
        page = draw_report(pool, report, around.clock.left() - _seconds_to_seal(trained.model) if pool.apart else 0.0)
    return Finished(seal(replace(judged, report=page)), report)


def _judge(
    trained: Trained,
    content: BundleContent[Outputs],
    table: Table,
    settings: Settings,
    around: Surroundings,
    *,
    findings: tuple[Finding, ...],
) -> tuple[ReportData, BundleContent[Outputs]]:
    """Answer the held-out rows, score the answers, and put down what was found.

    The graph is loaded here and let go at the end, for it takes several times its size and is loaded once more when
    the bundle is sealed.
    """
    from mainstay.evaluate.card import model_card

    around.listener(StageBegun("evaluate", around.clock.left()))
    predictor = Predictor(content.schema, content.outputs, content.model, threads=2)
    answers = _answers(predictor.predict_frame(trained.intake.test_frame))
    parity = _prove(trained, answers)
    judgement = judge(
        trained,
        answers,
        lambda rows: _answers(predictor.predict_arrays(rows)),
        around.clock.earlier(_FOR_REPORT + _seconds_to_seal(trained.model)).at_most(_FOR_IMPORTANCE),
        outputs=content.outputs,
    )
    around.listener(StageBegun("report", around.clock.left()))
    time_left = around.clock.earlier(_FOR_REPORT + _seconds_to_seal(trained.model))
    scene = Scene(trained, predictor, answers, judgement, table.frame, settings, time_left)
    report = describe(trained, judgement, parity, table=table, settings=settings, around=around, findings=findings)
    report = msgspec.structs.replace(report, sections=find_sections(scene))
    return report, replace(
        content,
        recipe=_recipe(trained, table, settings),
        evaluation={**msgspec.to_builtins(report), "model_digest": predictor.model_digest},
        golden=record_golden(predictor, golden_rows(content.schema, trained.intake.test_frame, settings.seed)),
        reference=reference(trained.intake.material.arrays, answers)
        | {"background": background(content.schema, table.frame[trained.intake.train], settings.seed)},
        card=model_card(report),
    )


def _seconds_to_seal(model: bytes) -> float:
    """Guess how long a bundle takes to be packed, read back, audited, loaded and replayed, as measured."""
    return 0.6 + 0.5 * len(model) / 1e6


def _answers(given: Answers) -> NDArray[np.float64]:
    if given.probabilities is not None:
        return np.asarray(given.probabilities, np.float64)
    return np.asarray(given.prediction, np.float64)


def _prove(trained: Trained, answers: NDArray[np.float64]) -> Parity:
    """Hold the bundle's answers against the libraries', on every held-out row."""
    choice = trained.choice
    library = mix([trained.candidate_answers[name] for name in choice.weights], list(choice.weights.values()))
    library = apply_stages(trained.decision.calibration.stages, library)
    return check_parity(library, answers, task=trained.intake.task, where=choice.name)


def _outputs(trained: Trained, table: Table) -> Outputs:
    target = trained.intake.schema.target
    if target is None:  # pragma: no cover - intake refuses a schema without a target
        raise UsageError("no column is the target", where="target")
    labels = own_labels(trained.intake.labels, table.frame.get_column(target.name))
    positive = labels[1] if len(labels) == 2 else None
    decision = trained.decision
    return Outputs(
        task=trained.intake.task,
        target=target.name,
        labels=labels,
        positive=positive,
        unit=target.unit,
        threshold=decision.threshold,
        costs=msgspec.UNSET if decision.costs is None else decision.costs,
        uncertainty=msgspec.UNSET if decision.uncertainty is None else decision.uncertainty,
    )


def _recipe(trained: Trained, table: Table, settings: Settings) -> dict[str, Any]:
    """Return all that it takes to run the training again; TOML knows no null, so what is not set is left out."""
    candidates = {entry.candidate.name: entry.candidate for entry in trained.entries}
    members = [{"weight": weight, **_plain(candidates[name])} for name, weight in trained.choice.weights.items()]
    told = {name: value for name, value in _plain(settings).items() if value is not None}
    return {
        "data": {"source": table.source, "digest": table.digest, "rows": table.frame.height},
        "settings": {**told, "metric": trained.steering.name},
        "folds": len(trained.intake.material.folds),
        "member": members,
    }


def _plain(record: object) -> dict[str, Any]:
    """Return a record as JSON would hold it; infinity becomes null."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return plain

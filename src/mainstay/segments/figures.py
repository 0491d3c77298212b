"""What ``--json`` shows of a clustering, the same in Python: plain data, every number that does not exist as None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.segments.tell import verdict_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.clusters.agreement import Agreement
    from mainstay.evaluate.clusters.records import Portrait
    from mainstay.evaluate.clusters.report_data import ClusterReport
    from mainstay.segments.grouping import Compared
    from mainstay.segments.portray import Portrayed
    from mainstay.segments.run import Grouped

__all__ = ["agreement_figures", "figures_of", "plain"]


def figures_of(
    grouped: Grouped, portrayed: Portrayed, report: ClusterReport, labels: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the figures of a run, without what only the caller knows: files, digest, seconds."""
    choice, given, curve = grouped.chosen.choice, grouped.chosen.given, report.curve
    figures = {
        "k": grouped.body.clusters,
        "verdict": verdict_of(grouped, portrayed.stability),
        "sentence": report.sentence,
        "k_found": int(choice.k),
        "plausible": sorted({int(k) for k in choice.plausible} | (set() if given else {grouped.body.clusters})),
        "evidence": [] if curve is None else msgspec.to_builtins(curve.evidence),
        "curve": [] if curve is None else msgspec.to_builtins(curve.points),
        "clusters": [_cluster(one) for one in portrayed.portraits.portraits],
        "method": grouped.method,
        "methods": _methods(grouped.compared),
        "stability": None if portrayed.stability is None else portrayed.stability.agreement.to_dict(),
        "silhouette": _silhouette(report),
        "labels": report.labels or None,
        **_known(portrayed.agreement, report.labels),
        "rows": len(labels),
        "grouped": len(grouped.intake.rows),
        "in_no_group": int((labels < 0).sum()),
        "columns": msgspec.to_builtins(report.columns),
        "findings": msgspec.to_builtins(report.findings),
    }
    made: dict[str, Any] = plain(figures)
    return made


def plain(record: object) -> Any:
    """Return records and tuples as JSON would hold them: numbers that do not exist become None."""
    return msgspec.json.decode(msgspec.json.encode(record))


def _cluster(one: Portrait) -> dict[str, Any]:
    return {
        "cluster": one.cluster,
        "name": one.name,
        "rows": one.rows,
        "share": one.share.value,
        "rule": None if one.rule is None else str(one.rule),
        "rule_parts": None if one.rule is None else one.rule.parts(),
        "typical": one.typical_data,
        "profile": one.to_dict(),
    }


def _silhouette(report: ClusterReport) -> dict[str, float | None] | None:
    found = report.portraits.silhouettes
    return None if found is None else found.mean.to_dict()


def _methods(compared: Compared | None) -> dict[str, Any] | None:
    if compared is None:
        return None
    return {
        "tried": [
            {"name": one.name, "k": one.k, "stability": one.stability, "note": one.note} for one in compared.tried
        ],
        "names": list(compared.names),
        "agreement": [list(row) for row in compared.agreement],
        "reasons": list(compared.reasons),
    }


def _known(found: Agreement | None, column: str) -> dict[str, Any]:
    if found is None:
        return {}
    return agreement_figures(found, column)


def agreement_figures(found: Agreement, column: str) -> dict[str, Any]:
    """Return the metrics of an agreement under scikit-learn's names, and the table of known groups by groups."""
    told: dict[str, Any] = plain({
        "agreement": {_name(name): score.to_dict() for name, score in found.metrics.items()},
        "confusion": {
            "column": column,
            "labels": list(found.labels),
            "clusters": list(range(len(found.counts))),
            "counts": np.array(found.counts).T.astype(int).tolist(),
            "matches": found.matches,
        },
    })  # fmt: skip
    return told


def _name(metric: str) -> str:
    """Return the name that scikit-learn has for a metric."""
    return metric if metric.endswith(("_score", "accuracy")) else f"{metric}_score"

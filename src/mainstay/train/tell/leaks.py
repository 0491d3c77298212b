"""Tells in the report what the audit of leaks found, column by column, and what noise scored where that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.findings import Finding
    from mainstay.data.leaks import Audit
    from mainstay.evaluate.sections import Cell
    from mainstay.train.tell.scene import Scene

__all__ = ["audit_section", "find_leak_audit", "find_proof_by_shuffle"]

_MOST_ROWS = 20
_LEAKS = "Noise scores above chance: the pipeline knows held-out rows in some way."
_HONEST = "That is no better than the baseline: nothing of the held-out rows reaches the model."

_OWN_METRIC = "Noise is scored by this metric whatever is steered by: it rewards no class for being answered often."


def find_leak_audit(scene: Scene) -> Section | None:
    """Return the audit of leaks with its evidence: None where it came to no end, for then a finding says so."""
    audit = scene.trained.audit
    return None if audit is None else audit_section(audit)


def audit_section(audit: Audit) -> Section:
    """Return an audit as words, tables and a picture."""
    tables = [] if not audit.solo else [_columns(audit)]
    rows = [one for one in audit.findings if one.column is None]
    if rows:
        cells = tuple((one.severity, one.message, one.advice) for one in rows)
        tables.append(Grid(title="Rows", columns=("", "what was found", "what to do"), rows=cells))
    plots = (_picture(audit),) if audit.solo else ()
    return Section(key="leak-audit", title="Leak audit", text=_words(audit), tables=tuple(tables), plots=plots)


def _words(audit: Audit) -> tuple[str, ...]:
    grave = [one for one in audit.findings if one.severity != "info"]
    first = (
        "Nothing looks like a leak." if not grave else
        f"{len(grave)} finding{'s' if len(grave) > 1 else ''} to look at before this score is believed."
    )  # fmt: skip
    words = [first]
    if audit.solo:
        words.append(
            f"Each column was scored alone on {audit.rows:,} training rows: by the mean of the target in each of its "
            "levels or quantiles (amounts also by a straight line), always on rows that the means have not seen."
        )
    if audit.apart is not None:
        apart = audit.apart
        named = ", ".join(f"{name} ({value:.3g})" for name, value in apart.columns)
        words.append(
            f"Told from training rows, test rows are recognised with ROC-AUC {apart.score:.3f} "
            f"({apart.low:.3f}-{apart.high:.3f}); 0.5 is chance" + (f". Most telling: {named}." if named else ".")
        )
    return tuple(words)


def _columns(audit: Audit) -> Grid:
    told: dict[str, list[Finding]] = {}
    for one in audit.findings:
        if one.column is not None:
            told.setdefault(one.column, []).append(one)
    scored = {one.column for one in audit.solo}
    metric = "ROC-AUC alone" if audit.solo[0].metric == "roc_auc" else "R2 alone"
    shown = [one for place, one in enumerate(audit.solo) if place < _MOST_ROWS or one.column in told]
    rows: list[tuple[Cell, ...]] = [
        (one.column, one.score, _interval(one.low, one.high), _more(audit.without.get(one.column)),
         _tie(audit.ties.get(one.column)), _said(told.get(one.column, ())))
        for one in shown
    ]  # fmt: skip
    rows += [(name, None, "", "", "", _said(found)) for name, found in told.items() if name not in scored]
    left = len(audit.solo) - len(shown)
    return Grid(
        title="Columns",
        columns=("column", metric, "95 %", "error without it", "others tell of it", "what was found"),
        rows=tuple(rows),
        note=(
            "Error without it: how much larger a model's error becomes without the column. Others tell of it: what "
            "other columns tell of it beyond the target; 0 % is a column made from the target, or that stands alone."
        ) + (f" {left} weaker columns are not shown." if left else ""),
    )  # fmt: skip


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _more(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio - 1:+.0%}"


def _tie(tie: float | None) -> str:
    return "" if tie is None else f"{tie:.0%}"


def _said(found: Sequence[Finding]) -> str:
    return "; ".join(f"{one.severity}: {one.message}" for one in found)


def _picture(audit: Audit) -> Plot:
    shown = audit.solo[:_MOST_ROWS]
    return Plot(
        kind="bars",
        title="How well each column tells the target by itself",
        data={
            "name": [one.column for one in shown],
            "value": [one.score for one in shown],
            "low": [one.low for one in shown],
            "high": [one.high for one in shown],
        },
        words=f"The best is {shown[0].column} with {shown[0].score:.3g}.",
        options={"x": "ROC-AUC" if shown[0].metric == "roc_auc" else "R2"},
    )


def find_proof_by_shuffle(scene: Scene) -> Section | None:
    """Return the score that noise got beside the real one; None where no proof was asked for."""
    proof = scene.trained.proof
    if proof is None:
        return None
    title, noise = "What noise scores", proof.noise()
    if noise is None:
        reason = proof.ended or "the time was up before one run was done"
        return Section(key="proof-by-shuffle", title=title, text=(f"Noise could not be scored: {reason}.",))
    real = scene.judgement.scores[proof.metric]
    p_value = None if real.value is None else proof.p_value(real.value)
    above = proof.above_chance()
    told = (
        f"The whole run was repeated on shuffled targets, {len(proof.draws)} times. The best model of such a run "
        f"scores {proof.metric} {number(noise[0])} on held-out rows (95 %: {number(noise[1])} to {number(noise[2])}); "
        f"the real one {real}."
    )
    leaks = above is not None and above[1] > 0
    text = [told, _LEAKS if leaks else _HONEST, *([_OWN_METRIC] if proof.metric != scene.trained.steering.name else [])]
    if p_value is not None:
        least = f"; {1 / (1 + len(proof.draws)):.2g} is the least that {len(proof.draws)} shuffles can show"
        text.append(f"Chance of such a real score by noise alone: p = {p_value:.2g}{least}.")
    grid = Grid(
        title="Each shuffle",
        columns=("best model", "would be shipped", proof.metric, "low", "high", "baseline"),
        rows=tuple((d.model, d.shipped, d.value, d.low, d.high, d.chance) for d in proof.draws),
    )
    labels = [*(f"shuffle {place + 1}" for place in range(len(proof.draws))), "real target"]
    plot = Plot(
        kind="bars",
        title="Noise beside the real target",
        data={
            "name": [*labels],
            "value": [*(d.value for d in proof.draws), real.value],
            "low": [*(d.low for d in proof.draws), real.low],
            "high": [*(d.high for d in proof.draws), real.high],
        },
        words=told,
        options={"x": proof.metric},
    )
    return Section(key="proof-by-shuffle", title=title, text=tuple(text), tables=(grid,), plots=(plot,))

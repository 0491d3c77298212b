"""Reports of every kind, from arrays that are drawn by chance: what the tests of page, card and charts read."""

import numpy as np
import polars as pl

from mainstay.contracts.alarms import Alarm
from mainstay.contracts.findings import Finding
from mainstay.evaluate.anomalies.figures import alarm_drivers, judged, member_agreement, score_spread, top_cases
from mainstay.evaluate.anomalies.figures_series import flagged_spans, series_figure, series_windows
from mainstay.evaluate.anomalies.report_data import AnomalyReport, MemberAgreement
from mainstay.evaluate.clusters.report_data import TreatedColumn
from mainstay.evaluate.intervals import Score

NASTY = '<script>alert("x")</script> & "quoted" | **bold**'
NAMES = ("isolation_forest", "robust_mahalanobis", "kmeans_distance", "knn", "histogram")
WEIGHTS = np.array([0.3, 0.25, 0.2, 0.2, 0.05])
COLUMNS = ("amount", "country", "hour", NASTY)


def arrays(rows=2000, odd=30, seed=0):
    """Return a frame, levels, scores and truth: the last rows are odd in amount and country."""
    draw = np.random.default_rng(seed)
    base = draw.exponential(0.43, rows)
    levels = np.maximum(base[:, None] + draw.normal(0, 0.15, (rows, len(NAMES))), 0.0)
    levels[-odd:] += draw.uniform(1.5, 6, (odd, 1))
    truth = np.arange(rows) >= rows - odd
    frame = pl.DataFrame(
        {
            "amount": draw.gamma(2, 30, rows).round(2) + 900 * truth,
            "country": np.where(truth, "NG", draw.choice(["NL", "DE"], rows)),
            "hour": draw.integers(0, 24, rows),
            NASTY: np.where(truth, NASTY, "plain"),
        }
    )
    return frame, levels, levels @ WEIGHTS, truth


def report(*, cut=2.0, labels=True, **more):
    """Return a report with every part; ``more`` replaces fields."""
    frame, levels, scores, truth = arrays()
    flagged = scores >= (np.inf if cut is None else cut)
    p_values = 10.0**-scores
    order = np.unique(np.concatenate([np.flatnonzero(flagged)[:500], np.argsort(-scores)[:20]]))
    draw = np.random.default_rng(1)
    shares = draw.dirichlet([4, 3, 0.5, 0.2], len(order))
    reasons = [f"amount {value:,.0f}: usually 3 to 120" if flag else None
               for value, flag in zip(frame["amount"], flagged, strict=True)]  # fmt: skip
    explained = shares[flagged[order]]
    given = {
        "rows": len(scores),
        "flagged": int(flagged.sum()),
        "reference": "contaminated",
        "assumed": True,
        "alarm": Alarm(rule="fdr", amount=0.1, cut=cut, guarantee="Of the flagged rows, an estimated 10 % at most are "
                       "false alarms; it is not guaranteed as with a clean reference."),
        "members": member_agreement(levels, NAMES, WEIGHTS, notes=["12 rows that say the same count once."]),
        "source": f"cards {NASTY}.csv",
        "p_values": "tail, estimated from the middle of the scores",
        "power": "About 31 rows are more than the usual ones explain, and 90 % of them are flagged.",
        "spread": score_spread(scores, flagged, cut=cut, truth=truth if labels else None),
        "cases": top_cases(
            frame, scores, p_values, flagged, levels=levels, reasons=reasons, explained=order, shares=shares,
            columns=COLUMNS, labels=np.where(truth, "fraud", "") if labels else (),
        ),
        "drivers": alarm_drivers(explained, COLUMNS),
        "explained": len(explained),
        "columns": tuple(TreatedColumn(name=name, kind="number", words="scaled", missing=0.0) for name in COLUMNS),
        "findings": (Finding(severity="info", code="x", message=NASTY, advice="Look.", column="amount"),),
        "digest": "ab" * 32,
        "model_digest": "cd" * 32,
        "bundle": "my detector.mainstay",
        "seconds": 3.2,
        "time_budget_seconds": 60.0,
        "created": "2026-11-21 13:00 UTC",
    }  # fmt: skip
    if labels:
        metrics = {
            "average_precision": Score(0.91, 0.85, 0.96), "roc_auc": Score(0.99, 0.98, 1.0),
            "precision": {"value": 0.8, "low": 0.6, "high": 0.9}, "recall": Score(0.9, 0.7, 1.0),
            "precision_at_k": Score(0.7, 0.6, 0.8), "recall_at_k": Score(0.9, 0.8, 1.0),
        }  # fmt: skip
        given |= {"judged": judged(truth, scores, metrics, capacity=30), "labels": "Class"}
        given |= {"ask": given["cases"][:3]}
    return AnomalyReport(**given | more)


def minimal(**more):
    """Return a report with nothing but what must be given."""
    given = {
        "rows": 100, "flagged": 0, "reference": "clean", "alarm": Alarm(rule="rate", amount=0.01),
        "members": MemberAgreement(names=("knn",), weights=(1.0,)),
    }  # fmt: skip
    return AnomalyReport(**given | more)


def series(rows=5000, **more):
    """Return a report of two series with a gap, an odd stretch and a known window."""
    at = np.arange(rows)
    times = np.datetime64("2026-01-01T00:00", "s") + at * np.timedelta64(300, "s")
    times[3000:] += np.timedelta64(3, "D")
    draw = np.random.default_rng(0)
    load = np.sin(at / 288 * 2 * np.pi) * 20 + 80 + draw.normal(0, 2, rows)
    load[2000:2150] -= 45
    load[4000] = np.nan
    heat = np.cos(at / 288 * 2 * np.pi) + draw.normal(0, 0.1, rows)
    scores = np.abs(draw.normal(0, 0.4, rows))
    scores[1990:2150] += 3
    scores[4500] = 4.0
    spans = flagged_spans(scores >= 2.5, join=12)
    figure = series_figure(
        times, {"load": load, "heat": heat}, time="timestamp", scores=scores, cut=2.5,
        windows=series_windows(times, spans, scores=scores, p_values=10.0**-scores,
                               reasons=["load 35: usually 60 to 100 at this time of the day"] * len(spans)),
        known=series_windows(times, [(1950, 2200)]), period="288 points (1 day)",
        notes=("12 repeated times: their values were averaged.", "1 gap of 3 days was left open."),
    )  # fmt: skip
    given = {
        "rows": rows, "flagged": sum(one.rows for one in figure.windows), "reference": "contaminated",
        "alarm": Alarm(rule="fdr", amount=0.1, cut=2.5, guarantee="An estimated 10 % at most."),
        "members": MemberAgreement(names=("sub_pca", "matrix_profile"), weights=(0.5, 0.5),
                                   correlation=((1.0, 0.4), (0.4, 1.0)), rows=5000),
        "source": "machine.csv", "series": figure,
        "spread": score_spread(scores, scores >= 2.5, cut=2.5),
    }  # fmt: skip
    return AnomalyReport(**given | more)

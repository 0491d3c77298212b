"""The cut that labels speak for: where a few rows are known, the share of false alarms can be counted on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.alarms import Alarm

    Doubles = NDArray[np.float64]

__all__ = ["by_labels", "cut_by_labels"]

_DOUBT = 0.5
"""Counts of either kind before a label is seen (Jeffreys 1946): four known anomalies and no usual row are 10 %."""


def cut_by_labels(scores: Doubles, labels: NDArray[np.integer], rate: float) -> float | None:
    """Return the lowest score from which on labels say that at most this share is usual; None where none says so.

    Parameters
    ----------
    scores : float64 array of shape (k,)
        Of the labelled rows, by a detector that has not seen their labels.
    labels : int array of shape (k,)
        1 an anomaly, 0 usual.
    rate : float

    Examples
    --------
    >>> labels = np.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 0])
    >>> cut_by_labels(np.arange(10.0)[::-1], labels, 0.1), cut_by_labels(np.arange(10.0)[::-1], labels, 0.01)
    (5.0, None)
    """
    odd = np.unique(scores[labels == 1])
    usual = (scores[labels == 0][:, None] >= odd).sum(axis=0)
    every = (scores[:, None] >= odd).sum(axis=0)
    good = (usual + _DOUBT) / (every + 2 * _DOUBT) <= rate
    return float(odd[np.argmax(good)]) if good.any() else None


def by_labels(alarm: Alarm, scores: Doubles, labels: NDArray[np.integer]) -> Alarm:
    """Return the alarm with the cut that labels speak for, where that finds more than the estimate without them.

    Parameters
    ----------
    alarm : Alarm
        With the rule "fdr", decided without labels.
    scores, labels
        As for :func:`cut_by_labels`.
    """
    cut = cut_by_labels(scores, labels, alarm.amount)
    if cut is None or (alarm.cut is not None and alarm.cut <= cut):
        return alarm
    above = scores >= cut
    found, false = int((labels[above] == 1).sum()), int((labels[above] == 0).sum())
    known = int((labels == 1).sum())
    guarantee = (
        f"Of the flagged rows, an estimated {100 * alarm.amount:.3g} % at most are false alarms: of the labelled rows "
        f"at or above the cut {found:,} are anomalies and {false:,} usual, each judged by a detector that had not seen "
        "its label. That is as good as the labelled rows are a fair choice of all."
    )
    power = f"Of {known:,} known anomalies {found:,} are at or above the cut when their labels are hidden."
    return msgspec.structs.replace(alarm, cut=cut, guarantee=guarantee, power=power, notes=())

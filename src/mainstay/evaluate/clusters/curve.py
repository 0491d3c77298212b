"""The whole curve over k with every criterion, as plain data, whatever found it.

The page draws from these records, the bundle keeps them, and ``--json`` prints them; they know nothing of how a curve
is walked.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Curve", "CurvePoint", "Evidence", "curve_of"]


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One k and how good it is; None where a criterion does not apply.

    Parameters
    ----------
    k : int
    inertia : float
        The sum of squared distances of all rows to their centres.
    silhouette : float, optional
        Simplified: own centre against the next; more is better.
    calinski_harabasz : float, optional
        More is better.
    davies_bouldin, bic : float, optional
        Less is better.
    gap, gap_error : float, optional
        How much more the rows gather than uniform ones, and the standard error.
    stability, stability_low, stability_high : float, optional
        Mean adjusted Rand index of resampled fits, and its interval.
    """

    k: int
    inertia: float
    silhouette: float | None = None
    calinski_harabasz: float | None = None
    davies_bouldin: float | None = None
    bic: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    stability: float | None = None
    stability_low: float | None = None
    stability_high: float | None = None


class Evidence(msgspec.Struct, frozen=True):
    """What one criterion says: its name, the k that it is for (None: it has no opinion), and a sentence."""

    name: str
    k: int | None
    words: str


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The curve, the choice, and why.

    Parameters
    ----------
    points : tuple of CurvePoint
        By k.
    chosen : int
        The k of the clustering.
    knee : int, optional
        Where the elbow bends.
    plausible : tuple of int
        Every k that the evidence allows.
    verdict, sentence : str
    evidence : tuple of Evidence
    given : bool
        Whether a person set k.
    """

    points: tuple[CurvePoint, ...]
    chosen: int
    knee: int | None = None
    plausible: tuple[int, ...] = ()
    verdict: str = ""
    sentence: str = ""
    evidence: tuple[Evidence, ...] = ()
    given: bool = False


_CRITERIA = ("silhouette", "calinski_harabasz", "davies_bouldin", "bic")


def curve_of(path: Any, choice: Any = None, *, chosen: int | None = None, given: bool = False) -> Curve:
    """Return the curve of a K-means path, with the choice of k where one was made.

    Parameters
    ----------
    path : KMeansPath
        Its ``fits`` have ``k``, ``inertia`` and the criteria.
    choice : Choice, optional
        With ``k``, ``verdict``, ``plausible``, ``sentence``, ``evidence``, ``knee``; and ``gap``, ``gap_error`` and
        ``stability`` as sequences over k = 1, 2, ... or mappings by k.
    chosen : int, optional
        The k of the clustering; default that of the choice.
    given : bool, default False
        Whether a person set k.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> fits = [SimpleNamespace(k=k, inertia=9.0 / k, silhouette=float("nan")) for k in (1, 2)]
    >>> curve_of(SimpleNamespace(fits=fits), chosen=2).points[1].inertia
    4.5
    """
    beside = {name: _by_k(getattr(choice, name, None)) for name in ("gap", "gap_error", "stability")}
    points = tuple(
        CurvePoint(
            k=int(fit.k),
            inertia=float(fit.inertia),
            **{name: _told(getattr(fit, name, None)) for name in _CRITERIA},
            **{name: values.get(int(fit.k)) for name, values in beside.items()},
        )
        for fit in path.fits
    )
    return Curve(
        points=points,
        chosen=int(choice.k if chosen is None else chosen),
        knee=_whole(getattr(choice, "knee", None)),
        plausible=tuple(int(k) for k in getattr(choice, "plausible", ())),
        verdict=getattr(choice, "verdict", ""),
        sentence=getattr(choice, "sentence", ""),
        evidence=tuple(_evidence(entry) for entry in getattr(choice, "evidence", ())),
        given=given,
    )


def _evidence(entry: Any) -> Evidence:
    words = getattr(entry, "sentence", "") or getattr(entry, "words", "")
    return Evidence(str(entry.name).replace("_", " "), _whole(getattr(entry, "k", None)), str(words))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _by_k(values: Any) -> dict[int, float | None]:
    if values is None:
        return {}
    pairs = values.items() if hasattr(values, "items") else enumerate(values, start=1)
    return {int(k): _told(value) for k, value in pairs}


def _told(value: Any) -> float | None:
    """Return a number, None where there is none."""
    import math

    return None if value is None or not math.isfinite(value) else float(value)

"""What monitoring compares with: the distributions of the rows that were grouped, and how the groups shared them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.bundle.kept_rows import distributions, histogram

if TYPE_CHECKING:
    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.contracts.arrays import Arrays

__all__ = ["reference"]


def reference(arrays: Arrays, answers: ClusterAnswers, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the distributions of the rows that were grouped, and how the groups shared them.

    Parameters
    ----------
    arrays : Arrays
        The rows that were grouped.
    answers : ClusterAnswers
        The bundle's answers for them.
    names : tuple of str
        Of the groups.

    Returns
    -------
    dict
        ``rows``; ``numbers`` with edges, counts and missing; ``categories`` with counts (missing first, unseen last);
        ``clusters`` with name, rows, share, mean_distance, fits_none and the histogram of distances of each.
    """
    clusters = [_share(answers, cluster, name) for cluster, name in enumerate(names)]
    return {**distributions(arrays), "clusters": clusters}


def _share(answers: ClusterAnswers, cluster: int, name: str) -> dict[str, Any]:
    inside = answers.cluster == cluster
    distances = answers.distance[inside]
    return {
        "name": name,
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "mean_distance": float(distances.mean()) if len(distances) else None,
        "fits_none": int(answers.fits_none[inside].sum()),
        "distances": histogram(distances),
    }

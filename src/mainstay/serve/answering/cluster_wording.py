"""Clusters as JSON, written once for every endpoint, the log and the replay, and read back by whoever counts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.records import ClusterOutputs

__all__ = ["Assigned", "ClusterWriter", "assigned"]

_encode = msgspec.json.Encoder().encode
_CLUSTER = re.compile(rb'\{"cluster":(\d+),')
_FITS_NONE = b',"fits_none":true'


class Assigned(NamedTuple):
    """What an answer says, for those who count: which cluster, and whether the row fits none."""

    cluster: int
    fits_none: bool


class ClusterWriter:
    """Writes the answers of one model that groups rows.

    Parameters
    ----------
    outputs : ClusterOutputs

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.bundle.clusters import ClusterAnswers
    >>> from mainstay.bundle.records import ClusterOutputs
    >>> one, none = np.array([1]), np.zeros(1, np.bool_)
    >>> said = ClusterAnswers(one, np.array([0.5]), one - 1, np.array([2.5]), none, (), none)
    >>> ClusterWriter(ClusterOutputs(names=("a", "b"))).write(said)
    [b'{"cluster":1,"name":"b","distance":0.5,"second":0,"second_distance":2.5,"fits_none":false}']
    """

    def __init__(self, outputs: ClusterOutputs) -> None:
        names = [_encode(name).replace(b"%", b"%%") for name in outputs.names]
        # A form for each cluster; what stands in it is written once. The last is for rows that have none.
        self._forms = [
            b'{"cluster":%d,"name":' % at + name + b',"distance":%b,"second":%b,"second_distance":%b,"fits_none":%b}'
            for at, name in enumerate((*names, b"null"))
        ]
        self._second = [*(b"%d" % at for at in range(outputs.clusters)), b"null"]

    def write(self, answers: ClusterAnswers) -> list[bytes]:
        """Return one JSON object per row; what is written for a refused row means nothing."""
        if not len(answers.cluster):
            return []
        # All numbers are written by one call, and taken apart again: [[0.25,0.75],[0.5,null]].
        pairs = zip(answers.distance.tolist(), answers.second_distance.tolist(), strict=True)
        numbers = _encode([*pairs])[2:-2].split(b"],[")
        found = zip(answers.cluster.tolist(), answers.second.tolist(), answers.fits_none.tolist(), numbers, strict=True)
        written = []
        for cluster, second, fits_none, both in found:
            near, far = both.split(b",")
            written.append(self._forms[cluster] % (near, self._second[second], far, b"true" if fits_none else b"false"))
        return written


def assigned(body: bytes) -> Assigned | None:
    """Return what an answer of :class:`ClusterWriter` says, whatever was added at its end; None for other answers.

    Examples
    --------
    >>> assigned(b'{"cluster":12,"name":"a","distance":1.0,"second":0,"second_distance":2.0,"fits_none":true}')
    Assigned(cluster=12, fits_none=True)
    >>> assigned(b'{"prediction":1.5}')
    """
    found = _CLUSTER.match(body)
    # A quote in a text of JSON is always escaped, so nothing but the member itself matches.
    return None if found is None else Assigned(int(found[1]), _FITS_NONE in body)

"""What a fitted learner is, as data: trees, an affine map, a formula or a constant, and a link.

A learner hands one of these to the graph writer. They also cross the border between processes, as plain arrays:
a model is never a Python object on its way (law 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contracts.errors import WorkerError
from mainstay.contracts.formulas import FORMULAS, Formula, formula_arrays, formula_from, formula_operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Affine", "Body", "Constant", "Link", "ModelGraph", "Trees", "from_arrays", "operations", "to_arrays"]

Link = Literal["identity", "sigmoid", "softmax"]
_LINKS: dict[str, Link] = {"identity": "identity", "sigmoid": "sigmoid", "softmax": "softmax"}


@dataclass(frozen=True, slots=True)
class Constant:
    """The same answer for every row.

    Parameters
    ----------
    value : float64 array of shape (outputs,)
    """

    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Affine:
    """``features @ coefficients + intercept``, computed in float64.

    Parameters
    ----------
    coefficients : float64 array of shape (d, outputs)
    intercept : float64 array of shape (outputs,)
    """

    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of binary trees over one pool of nodes.

    At an inner node a row goes left when ``value <= threshold``, or, at a node that has members, when its code is
    one of them; a missing value (NaN) goes left where ``missing_left``. The answer is ``base`` plus the values of
    the leaves reached. Averages are sums whose leaf values were divided beforehand.

    Parameters
    ----------
    roots : int64 array of shape (trees,)
        The node at which each tree begins; a lone leaf is a tree too.
    feature : int32 array of shape (nodes,)
        The feature's position; -1 at a leaf.
    threshold : float64 array of shape (nodes,)
    missing_left : bool array of shape (nodes,)
    left, right : int32 array of shape (nodes,)
        Positions in the pool; -1 at a leaf.
    value : float64 array of shape (nodes, outputs)
        Zero at inner nodes.
    base : float64 array of shape (outputs,)
    members : mapping from node to int64 array
        The codes that go left, at nodes that split a category.
    cover : float64 array of shape (nodes,), or empty
        The weight of the training rows that reached each node, inner nodes and leaves alike, in a unit of each
        tree's own; empty where it is not known. It changes no answer: explanations need it.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    base: NDArray[np.float64]
    members: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    cover: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


Body = Constant | Affine | Trees | Formula


@dataclass(frozen=True, slots=True)
class ModelGraph:
    """A body and the link that turns its sum into an answer.

    Parameters
    ----------
    body : Constant, Affine, Trees or a formula of :mod:`mainstay.contracts.formulas`
        With one output per class, or one alone for regression and for "sigmoid" (the second class).
    link : {"identity", "sigmoid", "softmax"}
        Identity for regression, and for classifiers whose sums are probabilities already.
    """

    body: Body
    link: Link = "identity"


def to_arrays(model: ModelGraph) -> dict[str, NDArray[np.generic]]:
    """Return a model as named arrays without objects, for a file or a pipe.

    Examples
    --------
    >>> arrays = to_arrays(ModelGraph(Constant(np.array([0.25])), "identity"))
    >>> from_arrays(arrays).body.value.tolist()
    [0.25]
    """
    body = model.body
    arrays: dict[str, NDArray[np.generic]] = {
        "kind": np.array(type(body).__name__),
        "link": np.array(model.link),
    }
    if isinstance(body, Constant):
        arrays["value"] = body.value
    elif isinstance(body, Affine):
        arrays |= {"coefficients": body.coefficients, "intercept": body.intercept}
    elif isinstance(body, Formula):
        arrays |= formula_arrays(body)
    else:
        names = ("roots", "feature", "threshold", "missing_left", "left", "right", "value", "base", "cover")
        arrays |= {name: getattr(body, name) for name in names}
        nodes = sorted(body.members)
        codes = [np.asarray(body.members[node], np.int64) for node in nodes]
        arrays["member_nodes"] = np.array(nodes, np.int64)
        arrays["member_counts"] = np.array([len(code) for code in codes], np.int64)
        arrays["member_codes"] = np.concatenate([np.empty(0, np.int64), *codes])
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> ModelGraph:
    """Rebuild a model from :func:`to_arrays`.

    Raises
    ------
    WorkerError
        When the arrays name a kind of model that does not exist.
    """
    kind, link = str(arrays["kind"]), _LINKS.get(str(arrays["link"]))
    if link is None:
        raise WorkerError(f"a model came back with the unknown link {arrays['link']!s}")
    if kind == "Constant":
        return ModelGraph(Constant(np.asarray(arrays["value"], np.float64)), link)
    if kind == "Affine":
        body = Affine(np.asarray(arrays["coefficients"], np.float64), np.asarray(arrays["intercept"], np.float64))
        return ModelGraph(body, link)
    if kind == "Trees":
        return ModelGraph(_trees(arrays), link)
    if kind in FORMULAS:
        return ModelGraph(formula_from(kind, arrays), link)
    raise WorkerError(f"a model came back as the unknown kind {kind!r}")


def operations(body: Body, width: int) -> float:
    """Return about how many operations an answer takes: features to prepare, and questions or products to come to it.

    Counted and not measured, so that a choice by cost is the same on a busy machine.

    Examples
    --------
    >>> operations(Affine(np.zeros((3, 1)), np.zeros(1)), 3), operations(Constant(np.zeros(1)), 3)
    (6.0, 3.0)
    """
    if isinstance(body, Trees):
        leaves = np.count_nonzero(body.feature < 0) / max(1, len(body.roots))
        return width + len(body.roots) * (1.0 + float(np.log2(max(1.0, leaves))))
    if isinstance(body, Formula):
        return width + formula_operations(body)
    return width + float(body.coefficients.size if isinstance(body, Affine) else 0)


def _trees(arrays: Mapping[str, NDArray[np.generic]]) -> Trees:
    ends = np.cumsum(np.asarray(arrays["member_counts"], np.int64))
    parts = np.split(np.asarray(arrays["member_codes"], np.int64), ends[:-1]) if len(ends) else []
    nodes = np.asarray(arrays["member_nodes"], np.int64)
    return Trees(
        roots=np.asarray(arrays["roots"], np.int64),
        feature=np.asarray(arrays["feature"], np.int32),
        threshold=np.asarray(arrays["threshold"], np.float64),
        missing_left=np.asarray(arrays["missing_left"], np.bool_),
        left=np.asarray(arrays["left"], np.int32),
        right=np.asarray(arrays["right"], np.int32),
        value=np.asarray(arrays["value"], np.float64),
        base=np.asarray(arrays["base"], np.float64),
        members={int(node): codes for node, codes in zip(nodes, parts, strict=True)},
        cover=np.asarray(arrays["cover"], np.float64),
    )

"""The proofs that fitted preparation keeps its contract: one row one answer, in numpy, in the graph, and after storing.

They stand on a :class:`Subject`, because this room knows neither recipes nor graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mainstay.contracts.checks.tables import decoded_rows
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays, Features

__all__ = [
    "CHECKS",
    "Prepared",
    "Subject",
    "check_features_have_their_shape",
    "check_graph_gives_the_same_bits",
    "check_inputs_are_untouched",
    "check_other_columns_are_refused",
    "check_rows_are_transformed_alone",
    "check_same_rows_same_fit",
    "check_step",
    "check_stored_and_revived",
]


class Prepared(Protocol):
    """Fitted preparation."""

    def transform(self, arrays: Arrays) -> Features:
        """Return the features of decoded rows."""
        ...

    def to_json(self) -> bytes:
        """Return all that was learned."""
        ...


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Parameters
    ----------
    fit : callable
        Rows and target -> fitted preparation.
    revive : callable
        Stored text -> fitted preparation.
    run_graph : callable
        Fitted preparation and rows -> float32 features, by way of the graph.
    """

    fit: Callable[[Arrays, Target], Prepared]
    revive: Callable[[bytes], Prepared]
    run_graph: Callable[[Prepared, Arrays], NDArray[np.float32]]


def check_step(subject: Subject) -> list[tuple[str, Callable[[], None]]]:
    """Return every check with its name, ready to be called; a check raises AssertionError where it fails."""
    return [(check.__name__, partial(check, subject)) for check in CHECKS]


def _fitted(subject: Subject) -> tuple[Prepared, Arrays]:
    rows = decoded_rows(300)
    return subject.fit(rows, _target(rows)), rows


def _target(rows: Arrays) -> Target:
    return Target("classification", (np.arange(rows.rows) % 3 == 0).astype(np.int64), 2)


def check_inputs_are_untouched(subject: Subject) -> None:
    """Rows are as before; the arrays here cannot even be written."""
    rows = decoded_rows(100)
    rows.numbers.flags.writeable = rows.categories.flags.writeable = False
    subject.fit(rows, _target(rows)).transform(rows)


def check_features_have_their_shape(subject: Subject) -> None:
    """Features are float32 of shape (n, d) with a name each, also of no rows."""
    fitted, rows = _fitted(subject)
    features = fitted.transform(rows)
    assert features.matrix.dtype == np.float32
    assert features.matrix.shape == (rows.rows, len(features.names))
    assert len(set(features.names)) == len(features.names)
    assert fitted.transform(rows.take(slice(0, 0))).matrix.shape == (0, len(features.names))
    codes = features.matrix[:, list(features.categorical)]
    assert (codes >= 0).all()
    assert (codes == np.floor(codes)).all()


def check_same_rows_same_fit(subject: Subject) -> None:
    """Two fits on the same rows learn the same; transforming other rows teaches nothing."""
    fitted, rows = _fitted(subject)
    learned = fitted.to_json()
    assert learned == subject.fit(rows, _target(rows)).to_json()
    fitted.transform(decoded_rows(200, seed=5, unseen=True))
    assert fitted.to_json() == learned


def check_rows_are_transformed_alone(subject: Subject) -> None:
    """A row's features do not depend on the other rows or their order."""
    fitted, _ = _fitted(subject)
    rows = decoded_rows(80, seed=2, unseen=True)
    whole = fitted.transform(rows).matrix
    order = np.random.default_rng(3).permutation(rows.rows)
    assert _same(fitted.transform(rows.take(order)).matrix, whole[order])
    alone = [fitted.transform(rows.take(np.array([row]))).matrix for row in range(rows.rows)]
    assert _same(np.concatenate(alone), whole)


def check_graph_gives_the_same_bits(subject: Subject) -> None:
    """The graph gives the same float32 features, for many rows and for one, with codes and holes never seen."""
    fitted, _ = _fitted(subject)
    rows = decoded_rows(200, seed=4, unseen=True)
    assert _same(subject.run_graph(fitted, rows), fitted.transform(rows).matrix)
    lone = rows.take(slice(0, 1))
    assert _same(subject.run_graph(fitted, lone), fitted.transform(lone).matrix)


def check_stored_and_revived(subject: Subject) -> None:
    """What was stored and read back gives the same bits and the same names."""
    fitted, rows = _fitted(subject)
    revived = subject.revive(fitted.to_json())
    assert revived.to_json() == fitted.to_json()
    before, after = fitted.transform(rows), revived.transform(rows)
    assert (before.names, before.categorical) == (after.names, after.categorical)
    assert _same(before.matrix, after.matrix)


def check_other_columns_are_refused(subject: Subject) -> None:
    """Rows with other columns are refused with a sentence."""
    fitted, rows = _fitted(subject)
    other = type(rows)(
        rows.numbers[:, 1:], rows.number_names[1:], rows.categories, rows.category_names, rows.category_levels
    )
    try:
        fitted.transform(other)
    except UsageError as error:
        assert rows.number_names[0] in str(error)  # noqa: PT017 - pytest is not there for users of the checks
        return
    raise AssertionError("rows without their first column were taken")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    check_inputs_are_untouched,
    check_features_have_their_shape,
    check_same_rows_same_fit,
    check_rows_are_transformed_alone,
    check_graph_gives_the_same_bits,
    check_stored_and_revived,
    check_other_columns_are_refused,
)
"""Every check; a test should assert their number, so that none is lost in silence."""


def _same(one: NDArray[np.float32], two: NDArray[np.float32]) -> bool:
    """Say whether two arrays hold the same numbers to the last bit; any NaN is as good, and either sign of zero."""
    return one.dtype == two.dtype and np.array_equal(one, two, equal_nan=True)

"""What a run works with, and what it comes to: the records that pass from search to finish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.compute.clock import Clock
    from mainstay.compute.memory import MemoryWatch
    from mainstay.contracts.events import Listener
    from mainstay.contracts.executor import Workers
    from mainstay.contracts.findings import Finding
    from mainstay.data.leaks import Audit
    from mainstay.train.asides import Nested, Proof
    from mainstay.train.choose import Choice
    from mainstay.train.decide import Decision
    from mainstay.train.intake import Intake
    from mainstay.train.portraits import Portrait
    from mainstay.train.search import Entry
    from mainstay.train.steering import Steering

__all__ = ["Surroundings", "Trained"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run works with and does not decide.

    Parameters
    ----------
    clock : Clock
    pool : Workers
    watch : MemoryWatch
    listener : Listener
    audited : bool, default True
        Whether leaks are looked for; False for a rehearsal on shuffled targets, of which no report is made.
    """

    clock: Clock
    pool: Workers
    watch: MemoryWatch
    listener: Listener
    audited: bool = True


@dataclass(frozen=True, slots=True)
class Trained:
    """A chosen model, written as a graph.

    Parameters
    ----------
    intake : Intake
    steering : Steering
    entries : tuple of Entry
    choice : Choice
    decision : Decision
        How its answers become decisions.
    model : bytes
        The graph.
    candidate_answers : dict of str to array
        The libraries' answers for the held-out rows, by finished candidate; the blend is not among them.
    findings : tuple of Finding
        What the audit of leaks found.
    interrupted : bool
    audit : Audit, optional
        The evidence of the audit, where it came to an end.
    proof : Proof, optional
        The score that noise got.
    portraits : tuple of Portrait
        What the shipped members look like inside.
    nested : Nested, optional
        The score of the whole procedure, where it was asked for.
    """

    intake: Intake
    steering: Steering
    entries: tuple[Entry, ...]
    choice: Choice
    decision: Decision
    model: bytes
    candidate_answers: dict[str, NDArray[np.float64]]
    findings: tuple[Finding, ...]
    interrupted: bool
    audit: Audit | None = None
    proof: Proof | None = None
    portraits: tuple[Portrait, ...] = ()
    nested: Nested | None = None

"""What a small network cannot make again: it learns to press usual rows through few numbers, and odd rows do not fit.

PyTorch trains it (the extra ``deep``); what it learned is a few matrices, so that nothing but NumPy scores new rows.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.anomaly_bodies import Reconstruction
from mainstay.contracts.errors import MissingPackageError
from mainstay.contracts.formulas import Layers, Scaling
from mainstay.contracts.learner import NoDeadline, Parameter
from mainstay.learners.anomaly.admission import admit, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.anomaly.robust_mahalanobis import robust_units
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["INSTALL", "AutoencoderDetector", "fit_autoencoder"]

INSTALL = 'pip install "mainstay[deep]"'

_MOST = 20_000
_BATCH = 256
_STEPS = 3000
_RATE = 2e-3
_LIMIT = 10.0
"""How many spreads from the middle a value counts, at most: one wild value must not drive the training."""

_TRIMMED = 0.1
"""The share of each batch that fits worst and is not learned from, where rows may be anomalies."""


class AutoencoderDetector:
    """How badly a small network rebuilds the row from few numbers (needs the extra ``deep``).

    The rows that fit worst are not learned from where they may be anomalies (as in Zhou and Paffenroth 2017,
    doi:10.1145/3097983.3098052, who part them from the rest).
    """

    name = "autoencoder"
    order_free = True
    package = "torch"
    parameters: tuple[Parameter, ...] = (
        Parameter("hidden", 0, "Neurons of the outer layers; 0: as many as columns, from 8 to 128.", low=0, high=4096),
        Parameter(
            "narrow", 0, "Numbers a row is pressed through; 0: a third of the columns, 32 at most.", low=0, high=4096
        ),
        Parameter("steps", _STEPS, "How many batches of 256 rows are learned from.", low=1, high=1_000_000),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Train the network until its steps are done or the time is over.

        Raises
        ------
        MissingPackageError
            When PyTorch is not installed; with the line that installs it.
        """
        checked = admit(self, observations, settings)
        width = observations.matrix.shape[1]
        hidden = int(checked["hidden"]) or min(128, max(8, width))
        narrow = int(checked["narrow"]) or min(32, max(1, width // 3))
        notes: dict[str, Value] = {"hidden": hidden, "narrow": narrow}
        with quiet(notes):
            body = fit_autoencoder(
                observations.matrix,
                seed=seed,
                shape=(hidden, narrow),
                steps=int(checked["steps"]),
                trimmed=0.0 if reference == "clean" else _TRIMMED,
                deadline=deadline,
            )
            return alone(self.name, body, observations, seed=seed, notes=notes)


def fit_autoencoder(
    matrix: NDArray[np.floating],
    *,
    seed: int,
    shape: tuple[int, int],
    steps: int = _STEPS,
    trimmed: float = _TRIMMED,
    deadline: Deadline | None = None,
) -> Reconstruction:
    """Return the network: from the columns to ``shape[0]`` neurons, ``shape[1]`` numbers and back.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Of the first weights and the batches.
    shape : tuple of two int
        The neurons of the outer layers, and the numbers in the middle.
    steps : int, default 3000
        How many batches of 256 rows.
    trimmed : float, default 0.1
        The share of each batch that fits worst and is not learned from.
    deadline : Deadline, optional
        When it is over the network is taken as it is.

    Raises
    ------
    MissingPackageError
        When PyTorch is not installed.
    """
    torch = _torch()
    rows = np.asarray(matrix[drawn_rows(matrix, _MOST, seed=seed, copies=True)], np.float32)
    middle, unit = robust_units(rows.astype(np.float64))
    scaling = Scaling(middle, np.divide(1.0, unit, out=np.zeros_like(unit), where=unit > 0), np.array(_LIMIT))
    sizes = (rows.shape[1], shape[0], shape[1], shape[0], rows.shape[1])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in one order, so that a seed has one answer
    try:
        weights, biases = _first_weights(torch, sizes, seed)
        values = torch.from_numpy(scaling.apply(rows).astype(np.float32))
        _trained(torch, values, (weights, biases), seed, steps=steps, trimmed=trimmed, clock=deadline or NoDeadline())
    finally:
        torch.set_num_threads(threads)
    return Reconstruction(Layers(scaling, _arrays(weights), _arrays(biases), "tanh"))


def _torch() -> Any:
    if find_spec("torch") is None:
        raise MissingPackageError(
            "this detector needs the package torch, which is not installed", where="autoencoder", hint=f"Run: {INSTALL}"
        )
    return import_module("torch")


def _first_weights(torch: Any, sizes: tuple[int, ...], seed: int) -> tuple[list[Any], list[Any]]:
    """Return weights of chance (Glorot and Bengio 2010) and biases of 0."""
    chance = np.random.default_rng([seed, 0xAE])
    weights, biases = [], []
    for inputs, outputs in pairwise(sizes):
        bound = np.sqrt(6 / (inputs + outputs))
        first = chance.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)
        weights.append(torch.from_numpy(first).requires_grad_())
        biases.append(torch.zeros(outputs).requires_grad_())
    return weights, biases


def _trained(
    torch: Any,
    values: Any,
    network: tuple[list[Any], list[Any]],
    seed: int,
    *,
    steps: int,
    trimmed: float,
    clock: Deadline,
) -> None:
    """Change the weights by Adam (Kingma and Ba 2015) with a rate that falls to nothing."""
    chance = np.random.default_rng([seed, 0xAF])
    rule = torch.optim.Adam([*network[0], *network[1]], lr=_RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(rule, steps)
    for _ in range(steps):
        if clock.left() <= 0:
            return
        batch = values[torch.from_numpy(chance.integers(0, len(values), min(_BATCH, len(values))))]
        missed = ((_rebuilt(torch, batch, network) - batch) ** 2).mean(dim=1)
        kept = max(1, len(batch) - int(trimmed * len(batch)))
        loss = torch.topk(missed, kept, largest=False).values.mean()
        rule.zero_grad()
        loss.backward()
        rule.step()
        falling.step()


def _rebuilt(torch: Any, values: Any, network: tuple[list[Any], list[Any]]) -> Any:
    last = len(network[0]) - 1
    for place, (weights, biases) in enumerate(zip(*network, strict=True)):
        values = values @ weights + biases
        if place < last:
            values = torch.tanh(values)
    return values


def _arrays(tensors: list[Any]) -> tuple[Doubles, ...]:
    return tuple(tensor.detach().numpy().astype(np.float64) for tensor in tensors)

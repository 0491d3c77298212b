"""How a model graph is run: NumPy and ONNX Runtime, nothing else, and the same answer for a row in any batch.

This is the one place that imports ONNX Runtime, because its telemetry (on by default since 1.29 on Linux) must be
switched off before that import. One thread computes; a big batch goes through in blocks, so that memory stays bounded.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import BundleError
from mainstay.graph.prune import only

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays

__all__ = ["BLOCK_ROWS", "Session", "run_foreign"]

BLOCK_ROWS = 4096
_BLOCK_TERMS = 1 << 18  # padded terms of a block: longer texts make smaller blocks
_FATAL = 4


def _runtime() -> Any:
    """Import ONNX Runtime with its telemetry off; a caller that imported it earlier has it switched off now."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


class Session:
    """A loaded model graph.

    Parameters
    ----------
    model : bytes
        An ONNX model whose inputs are among ``numbers``, ``categories`` and ``text_0``, ``text_1``, ...
    threads : int, default 1
        How many blocks of rows may run at the same time; the answers are the same bits.

    Raises
    ------
    BundleError
        When ONNX Runtime cannot load the model.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(2, 0)
    >>> total = builder.node("ReduceSum", ["numbers", builder.constant(np.array([1]))], keepdims=1)
    >>> session = Session(builder.build({"total": total}))
    >>> rows = Arrays(np.array([[1, 2], [3, 4]], np.float32), ("a", "b"), np.empty((2, 0), np.int64), (), ())
    >>> session.run(rows)["total"].ravel().tolist()
    [3.0, 7.0]
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        # A memory plan is kept per batch size, and a server sees every size.
        options.enable_mem_pattern = False
        # An arena never gives back what the largest block of rows once took.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = _FATAL
        self._model, self._options = model, options
        self._session = self._loaded(model)
        self._parts: dict[tuple[str, ...], Any] = {}
        self._threads = max(1, threads)
        self.inputs = tuple(value.name for value in self._session.get_inputs())
        self.outputs = tuple(value.name for value in self._session.get_outputs())
        fixed = {value.shape[0] for value in self._session.get_inputs() if value.shape}
        rows = next((size for size in fixed if isinstance(size, int) and size > 0), 0)
        # A graph with a fixed number of rows is given just as many, so that a row never sees how many there are.
        self._fixed = rows if len(fixed) == 1 else 0
        self._plain = bool(self.inputs) and not self._fixed and set(self.inputs) <= {"numbers", "categories"}

    def _loaded(self, model: bytes) -> Any:
        try:
            return _runtime().InferenceSession(model, self._options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleError(
                f"the model graph does not load ({_first_line(error)})",
                where="model.onnx",
                hint="It was written for another version, or damaged.",
            ) from error

    def _session_of(self, wanted: tuple[str, ...]) -> Any:
        """Return what computes some outputs and nothing else: loaded when it is first asked for."""
        if len(wanted) == len(self.outputs):
            return self._session
        if wanted not in self._parts:
            self._parts[wanted] = self._loaded(only(self._model, wanted))
        return self._parts[wanted]

    def run(self, arrays: Arrays, outputs: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
        """Return outputs of the graph, by name, one row per row of the arrays.

        Parameters
        ----------
        arrays : Arrays
        outputs : tuple of str, default ()
            The outputs that are wanted; every one where it is empty. What the others need is not computed.

        Raises
        ------
        BundleError
            When the arrays do not fit the graph.
        """
        rows, wanted = arrays.rows, outputs or self.outputs
        if self._plain and rows <= BLOCK_ROWS:  # what a server asks, again and again
            feeds = {
                name: np.ascontiguousarray(arrays.numbers, np.float32) if name == "numbers"
                else np.ascontiguousarray(arrays.categories, np.int64)
                for name in self.inputs
            }  # fmt: skip
            return self._block(feeds, wanted)
        if not self.inputs:  # a model of constants alone cannot know how many rows there are
            return {name: np.repeat(one, rows, axis=0) for name, one in self._block({}, wanted).items()}
        blocks = self._blocks(arrays)
        if self._threads == 1 or len(blocks) == 1:
            answers = [self._block(feed(), wanted) for feed in blocks]
        else:
            answers = self._side_by_side(blocks, wanted)
        if len(answers) == 1 and not self._fixed:
            return answers[0]
        return {name: np.concatenate([answer[name] for answer in answers])[:rows] for name in wanted}

    def run_tensors(self, feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return every output for tensors that are ready as they are, in one block: for parts of a model.

        Raises
        ------
        BundleError
            When the tensors do not fit the graph.
        """
        return self._block(feeds, self.outputs)

    def _filled(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return a block with as many rows as the graph takes, the missing ones filled with zeros."""
        missing = self._fixed - len(block)
        return np.pad(block, ((0, missing), (0, 0))) if missing > 0 else block

    def _blocks(self, arrays: Arrays) -> list[Callable[[], dict[str, NDArray[Any]]]]:
        """Return what feeds each block of rows; terms are padded when their block's turn comes."""
        given = {"numbers": (arrays.numbers, np.float32), "categories": (arrays.categories, np.int64)}
        feeds = {
            name: np.ascontiguousarray(values, kind) for name, (values, kind) in given.items() if name in self.inputs
        }
        texts = {f"text_{place}": text for place, text in enumerate(arrays.texts) if f"text_{place}" in self.inputs}
        longest = max((int(text.lengths.max(initial=1)) for text in texts.values()), default=1)
        size = self._fixed or max(1, min(BLOCK_ROWS, _BLOCK_TERMS // longest))

        def feed(start: int) -> dict[str, NDArray[Any]]:
            block = slice(start, start + size)
            plain = {name: self._filled(values[block]) for name, values in feeds.items()}
            return plain | {name: text.take(block).padded() for name, text in texts.items()}

        return [partial(feed, start) for start in range(0, max(arrays.rows, 1), size)]

    def _side_by_side(
        self, blocks: list[Callable[[], dict[str, NDArray[Any]]]], wanted: tuple[str, ...]
    ) -> list[dict[str, NDArray[Any]]]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(lambda feed: self._block(feed(), wanted), blocks))

    def _block(self, feeds: dict[str, NDArray[Any]], wanted: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        session = self._session_of(wanted)
        try:
            return dict(zip(wanted, session.run(wanted, feeds), strict=True))
        except Exception as error:
            widths = ", ".join(f"{name} {values.shape}" for name, values in feeds.items())
            raise BundleError(
                f"the model graph could not answer rows of {widths or 'no input'} ({_first_line(error)})",
                where="model.onnx",
                hint="The rows must be decoded with the schema of the same model file.",
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def run_foreign(model: bytes, feeds: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what a model from elsewhere answers, by the name of each output, in one batch.

    For the gate only: a model that is served has passed an audit and is a :class:`Session`.

    Raises
    ------
    BundleError
        When ONNX Runtime cannot load or run it.
    """
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _FATAL
    try:
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))
    except Exception as error:
        raise BundleError(f"ONNX Runtime does not run the model ({_first_line(error)})", where="ONNX model") from error

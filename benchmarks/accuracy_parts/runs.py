"""Runs a system on a fold as a process of its own: two cores, timed, its memory watched, ended at twice the budget."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".bench-peers" / "bin" / "python"
PEER = Path(__file__).with_name("peer.py")
COMMAND = Path(sys.executable).parent / "mainstay"
CORES = 2
UNBOUND = ("lightgbm", "catboost", "random_forest")
"""Systems that take the time they take; one that needs more than twice the budget counts as failed at it."""
BOUND = ("flaml", "mljar", "autogluon")
OURS = ("mainstay", "mainstay_own_split")
SYSTEMS = (*OURS, *UNBOUND, *BOUND)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass
class Run:
    """How a run ended: the error, the seconds to a fitted model, the most memory, or why there is none."""

    error: float | None
    seconds: float
    megabytes: float
    reason: str = ""
    answered: float = 0.0


class Judge:
    """Turns the answers for the test rows of one fold into an error."""

    def __init__(self, table, folder, error):
        self.table, self.folder = table, folder
        self._error = error
        self.judged = pl.read_parquet(folder / "judged.parquet")

    def of_arrays(self, file):
        with np.load(file, allow_pickle=False) as found:
            return self._error(self.table, found["answers"], found["labels"].tolist(), self.judged)

    def of_frame(self, file):
        frame = pl.read_parquet(file)
        if self.table.task == "regression":
            return self._error(self.table, frame["prediction"].to_numpy(), [], self.judged)
        names = [name for name in frame.columns if name.startswith("probability_")]
        labels = [name.removeprefix("probability_") for name in names]
        return self._error(self.table, frame.select(names).to_numpy(), labels, self.judged)


def run(system, judge, budget):
    """Return the run of a system on a judge's fold."""
    if system in OURS:
        return _ours(system, judge, budget)
    return _peer(system, judge, budget)


def _peer(system, judge, budget):
    out = judge.folder / f"{system}.npz"
    out.unlink(missing_ok=True)
    words = [PEERS, PEER, system, judge.folder, judge.table.task, judge.table.target, budget, out]
    code, seconds, megabytes, text = process(words, 2 * budget)
    if code != 0 or not out.exists():
        return Run(None, seconds, megabytes, _why(code, text))
    told = json.loads(text.strip().splitlines()[-1])
    try:
        return Run(judge.of_arrays(out), told["fitted"], megabytes, answered=told["answered"])
    except ValueError as problem:
        return Run(None, seconds, megabytes, f"its answers cannot be judged: {problem}")


def _ours(system, judge, budget):
    """Train and predict as a shell user does; the training's time is that of the whole command."""
    table, folder = judge.table, judge.folder
    model, out = folder / f"{system}.mainstay", folder / f"{system}.parquet"
    out.unlink(missing_ok=True)
    task = "regression" if table.task == "regression" else "classification"
    train = [COMMAND, "train", folder / "train.parquet", "--target", table.target, "--task", task, "-o", model]
    train += ["--time-budget", f"{budget}s", "--json"]
    if system == "mainstay":  # the judged rows are the held-out part, so that no row to learn from is set aside
        train += ["--test", folder / "judged.parquet"]
    code, seconds, megabytes, text = process(train, 2 * budget)
    if code != 0:
        return Run(None, seconds, megabytes, _why(code, text))
    code, answered, _, text = process([COMMAND, "predict", model, folder / "test.parquet", "-o", out], 2 * budget)
    if code != 0:
        return Run(None, seconds, megabytes, _why(code, text))
    return Run(judge.of_frame(out), seconds, megabytes, answered=answered)


def _why(code, text):
    if code == -signal.SIGKILL:
        return "stopped at twice the budget"
    return f"ended with code {code}: {' '.join(text.strip().splitlines()[-2:])[-300:]}"


def process(words, limit):
    """Return (exit code, seconds, most megabytes over the family, output) of a command held to two cores."""
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(CORES)), "PYTHONWARNINGS": "ignore"}
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    began = time.monotonic()
    with subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, cores)), *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True,
    ) as child:  # fmt: skip
        watch = _Watch(child.pid, began + limit)
        text, _ = child.communicate()
        seconds = time.monotonic() - began
        return child.wait(), seconds, watch.stop(), text


class _Watch:
    """Looks at a family of processes four times a second, and ends it when its time is up."""

    def __init__(self, pid, deadline):
        from threading import Event, Thread

        self._pid, self._deadline, self._most, self._ended = pid, deadline, 0.0, Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._ended.wait(0.25):
            family = _family(self._pid)
            self._most = max(self._most, sum(map(_megabytes, family)))
            if time.monotonic() > self._deadline:
                for pid in family:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue

    def stop(self):
        self._ended.set()
        self._thread.join()
        return self._most


def _family(pid):
    """Return a process and all that it started."""
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        try:
            for task in Path(f"/proc/{current}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _megabytes(pid):
    """Return a process's memory; a page that several share is counted once among them."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


class Store:
    """Keeps every run under .cache/accuracy, so that what was run is not run again."""

    def __init__(self, folder):
        self.folder = folder / "runs"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._versions = {}

    def version(self, system):
        if system not in self._versions:
            self._versions[system] = _own_version() if system in OURS else _peer_version(system)
        return self._versions[system]

    def _file(self, system, table, fold, budget):
        bound = "" if system in UNBOUND else f"-{budget:g}s"
        return self.folder / f"{system}-{self.version(system)}-{table}-{fold}{bound}.json"

    def get(self, system, table, fold, budget):
        """Return a run; one of a system without a budget has failed where it took more than twice the budget."""
        file = self._file(system, table, fold, budget)
        if not file.exists():
            return None
        found = Run(**json.loads(file.read_text()))
        if system in UNBOUND and found.seconds > 2 * budget:
            return Run(None, found.seconds, found.megabytes, "it took more than twice the budget")
        return found

    def put(self, system, table, fold, budget, found):
        self._file(system, table, fold, budget).write_text(json.dumps(asdict(found)))


def _own_version():
    """Return the state of our source: the tree's digest, and a mark of what is not committed."""
    import hashlib

    tree = _ask("git", "-C", ROOT, "rev-parse", "--short=10", "HEAD:src")
    changes = _ask("git", "-C", ROOT, "diff", "HEAD", "--", "src")
    return tree + (f"+{hashlib.sha256(changes.encode()).hexdigest()[:6]}" if changes else "")


def _peer_version(system):
    package = {"random_forest": "scikit-learn", "mljar": "mljar-supervised", "autogluon": "autogluon.tabular"}
    code = f"import importlib.metadata as m; print(m.version({package.get(system, system)!r}))"
    return _ask(PEERS, "-c", code)


def _ask(*words):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=True).stdout.strip()

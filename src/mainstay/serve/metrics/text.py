"""The counters as Prometheus reads them: the text format, version 0.0.4, written by hand to need no package."""

from __future__ import annotations

import time
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from mainstay.serve.metrics.table import BOUNDS, CLUSTER, FITS_NONE, FLAGGED, MOST_CLUSTERS, Gauge, ModelSlot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mainstay.serve.metrics.counters import Metrics
    from mainstay.serve.metrics.table import Row

__all__ = ["CONTENT_TYPE", "metrics_text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_FRESH_SECONDS = 10.0
"""A worker that has not said how it is for so long is not there; what it counted stays counted."""

_Labels = tuple[tuple[str, str], ...]
_Sample = tuple[str, _Labels, float]


def metrics_text(metrics: Metrics, tasks: Mapping[str, str]) -> str:
    """Return the counts of all workers as text for Prometheus.

    Parameters
    ----------
    metrics : Metrics
    tasks : mapping of str to str
        The task of each model by its name.

    Examples
    --------
    >>> from mainstay.serve.metrics.counters import Metrics
    >>> counted = Metrics(("churn",))
    >>> counted.answered(0, 0.002)
    >>> [line for line in metrics_text(counted, {}).splitlines() if line.startswith("mainstay_predictions_total")]
    ['mainstay_predictions_total{model="churn"} 1']
    """
    rows = {number: row for number, row in enumerate(metrics.table.rows) if row.numbers[Gauge.STARTED]}
    return "".join(
        (
            *_of_models(metrics.models, rows),
            *_of_clusters(metrics.models, rows),
            *_of_alarms(metrics.models, rows, tasks),
            *_of_workers(rows),
            *_of_log(rows),
            *_info(metrics, rows, tasks),
        )
    )


def _of_models(models: tuple[str, ...], rows: Mapping[int, Row]) -> Iterator[str]:
    yield _family("mainstay_requests_total", "counter", "Requests by model, status and code of refusal.",
                  _requests(models, rows))  # fmt: skip
    yield _family("mainstay_predictions_total", "counter", "Rows that were answered.",
                  _by_model(models, rows, _answered_rows))  # fmt: skip
    yield _family("mainstay_predictions_refused_total", "counter", "Rows that the schema refused.",
                  _by_model(models, rows, lambda row, start: row.numbers[start + ModelSlot.ROWS_REFUSED]))  # fmt: skip
    yield _family("mainstay_request_duration_seconds", "histogram", "From a request's arrival to its answer.",
                  _durations(models, rows))  # fmt: skip
    yield _family("mainstay_swaps_total", "counter", "Exchanges of a bundle, by worker.", (
        ("", (("model", name), ("outcome", word), ("worker", str(number))), row.numbers[row.models[place] + slot])
        for place, name in enumerate(models)
        for number, row in rows.items()
        for word, slot in (("done", ModelSlot.SWAPS_DONE), ("refused", ModelSlot.SWAPS_REFUSED))
    ))  # fmt: skip


def _requests(models: tuple[str, ...], rows: Mapping[int, Row]) -> Iterator[_Sample]:
    counts: Counter[_Labels] = Counter()
    for row in rows.values():
        for place, name in enumerate(models):
            counts[("model", name), ("status", "200"), ("code", "")] += int(_answered(row, row.models[place]))
        for outcome, at in row.outcomes().items():
            if outcome.status in (CLUSTER, FLAGGED):
                continue
            name = "" if outcome.place is None else models[outcome.place]
            counts[("model", name), ("status", str(outcome.status)), ("code", outcome.code)] += int(row.numbers[at])
    for labels, count in counts.items():
        yield "", labels, count


def _of_clusters(models: tuple[str, ...], rows: Mapping[int, Row]) -> Iterator[str]:
    """Yield how many rows each cluster was given; nothing where no model groups rows."""
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows.values():
        for outcome, at in row.outcomes().items():
            if outcome.status == CLUSTER and outcome.place is not None:
                counts[outcome.place, int(outcome.code)] += int(row.numbers[at])
    if not counts:
        return
    last = MOST_CLUSTERS // len(models)

    def word(cluster: int) -> str:
        return str(cluster) if cluster < last else f"{last} and above"

    yield _family("mainstay_clusters_total", "counter", "Rows by the cluster that they were given.", (
        ("", (("model", models[place]), ("cluster", word(cluster))), count)
        for (place, cluster), count in sorted(counts.items()) if cluster != FITS_NONE
    ))  # fmt: skip
    yield _family("mainstay_fits_none_total", "counter", "Rows that are too far from every cluster.", (
        ("", (("model", models[place]),), counts[place, FITS_NONE]) for place in sorted({place for place, _ in counts})
    ))  # fmt: skip


def _of_alarms(models: tuple[str, ...], rows: Mapping[int, Row], tasks: Mapping[str, str]) -> Iterator[str]:
    """Yield how many rows were flagged; nothing where no model flags any."""
    counts = {place: 0 for place, name in enumerate(models) if str(tasks.get(name)).endswith("anomaly_detection")}
    for row in rows.values():
        for outcome, at in row.outcomes().items():
            if outcome.status == FLAGGED and outcome.place is not None:
                counts[outcome.place] = counts.get(outcome.place, 0) + int(row.numbers[at])
    if counts:
        yield _family("mainstay_flagged_total", "counter", "Rows that were flagged as unusual.", (
            ("", (("model", models[place]),), count) for place, count in sorted(counts.items())
        ))  # fmt: skip


def _answered(row: Row, start: int) -> float:
    return sum(row.numbers[start : start + len(BOUNDS) + 1])


def _answered_rows(row: Row, start: int) -> float:
    return _answered(row, start) + row.numbers[start + ModelSlot.MORE_ROWS]


def _by_model(
    models: tuple[str, ...], rows: Mapping[int, Row], count: Callable[[Row, int], float]
) -> Iterator[_Sample]:
    for place, name in enumerate(models):
        yield "", (("model", name),), sum(count(row, row.models[place]) for row in rows.values())


def _durations(models: tuple[str, ...], rows: Mapping[int, Row]) -> Iterator[_Sample]:
    for place, name in enumerate(models):
        model = ("model", name)
        starts = [(row.numbers, row.models[place]) for row in rows.values()]
        single = [sum(numbers[start + at] for numbers, start in starts) for at in range(len(BOUNDS) + 1)]
        counts = list(accumulate(single))
        for bound, count in zip((*map(repr, BOUNDS), "+Inf"), counts, strict=True):
            yield "_bucket", (model, ("le", bound)), count
        yield "_sum", (model,), sum(numbers[start + ModelSlot.SECONDS] for numbers, start in starts)
        yield "_count", (model,), counts[-1]


def _of_workers(rows: Mapping[int, Row]) -> Iterator[str]:
    now = time.time()
    here = {number: row for number, row in rows.items() if now - row.numbers[Gauge.UPDATED] < _FRESH_SECONDS}

    def each(rows: Mapping[int, Row], gauge: Gauge) -> list[_Sample]:
        return [("", (("worker", str(number)),), row.numbers[gauge]) for number, row in rows.items()]

    yield _family("mainstay_open_requests", "gauge", "Requests that are being read or answered.",
                  each(here, Gauge.OPEN))  # fmt: skip
    yield _family("mainstay_event_loop_delay_seconds", "gauge", "How late the event loop is: the wait for a turn.",
                  each(here, Gauge.DELAY))  # fmt: skip
    yield _family("mainstay_worker_resident_memory_bytes", "gauge", "Resident memory.", each(here, Gauge.MEMORY))
    yield _family("mainstay_worker_start_time_seconds", "gauge", "When the worker began, in seconds since 1970.",
                  each(here, Gauge.STARTED))  # fmt: skip
    yield _family("mainstay_worker_starts_total", "counter", "How often a worker of this number began.",
                  each(rows, Gauge.STARTS))  # fmt: skip


def _of_log(rows: Mapping[int, Row]) -> Iterator[str]:
    logged = [row.numbers for row in rows.values() if row.numbers[Gauge.LOGGED]]
    if not logged:
        return

    def total(gauge: Gauge) -> list[_Sample]:
        return [("", (), sum(numbers[gauge] for numbers in logged))]

    yield _family("mainstay_log_written_total", "counter", "Answers that are in the log.", total(Gauge.LOG_WRITTEN))
    yield _family("mainstay_log_lost_total", "counter", "Answers that were given up.", total(Gauge.LOG_LOST))
    yield _family("mainstay_log_queued", "gauge", "Answers that wait to be written.", total(Gauge.LOG_QUEUED))
    healthy = all(numbers[Gauge.LOG_HEALTHY] for numbers in logged)
    yield _family("mainstay_log_healthy", "gauge", "1 where every worker's last attempt to write succeeded.",
                  [("", (), float(healthy))])  # fmt: skip


def _info(metrics: Metrics, rows: Mapping[int, Row], tasks: Mapping[str, str]) -> Iterator[str]:
    samples: list[_Sample] = []
    for place, name in enumerate(metrics.models):
        digests = sorted({row.digest(place) for row in rows.values()} - {""})
        task = tasks.get(name, "")
        samples += [("", (("model", name), ("digest", digest), ("task", task)), 1) for digest in digests]
    yield _family("mainstay_model_info", "gauge", "Which bytes answer for each name; two during an exchange.", samples)


def _family(name: str, kind: str, words: str, samples: Iterable[_Sample]) -> str:
    lines = [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        given = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        lines.append(f"{name}{suffix}{'{' + given + '}' if given else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    r"""Return a label's value as it stands between quotes.

    Examples
    --------
    >>> print(_escaped('a"b'))
    a\"b
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))

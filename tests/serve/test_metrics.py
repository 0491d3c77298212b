"""Counters: right in every worker's telling, kept over a worker's death, and text that Prometheus' own reader reads."""

import asyncio
import os
import subprocess
import sys
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from tests.serve.asking import asking_all
from tests.serve.models import churn, fees

from mainstay.contracts.errors import BundleError, UsageError
from mainstay.serve.log.record import LogState
from mainstay.serve.metrics import pulse as metrics_pulse
from mainstay.serve.metrics.counters import Metrics, Present
from mainstay.serve.metrics.pulse import Pulse, resident_bytes
from mainstay.serve.metrics.table import BOUNDS, Gauge, shared_table
from mainstay.serve.metrics.text import metrics_text

MODELS = ("churn", "fees")
QUIET = Present(open=0, delay=0.0, memory=1, log=None, digests={})


@pytest.fixture
def table():
    descriptor = shared_table(MODELS, 2)
    yield descriptor
    os.close(descriptor)


def samples(metrics, tasks=()):
    """Return {(name, sorted labels): value}, as Prometheus' reader reads them."""
    text = metrics_text(metrics, dict(tasks))
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            key = one.name, *sorted(one.labels.items())
            assert key not in found, f"{key} twice"
            found[key] = one.value
    return found


def value(metrics, name, **labels):
    return samples(metrics)[name, *sorted(labels.items())]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 20), st.integers(1, 1000)), max_size=30))
def test_what_is_answered_is_counted(answers):
    metrics = Metrics(MODELS)
    for place, seconds, rows in answers:
        metrics.answered(place, seconds, rows)
    found = samples(metrics)
    for place, name in enumerate(MODELS):
        own = [(seconds, rows) for at, seconds, rows in answers if at == place]
        model = ("model", name)
        assert found["mainstay_requests_total", ("code", ""), model, ("status", "200")] == len(own)
        assert (
            found["mainstay_predictions_total", model] == sum(rows for _, rows in own) == metrics.rows_answered(place)
        )
        assert found["mainstay_request_duration_seconds_count", model] == len(own)
        assert found["mainstay_request_duration_seconds_sum", model] == pytest.approx(sum(one for one, _ in own))
        for bound in BOUNDS:
            below = sum(seconds <= bound for seconds, _ in own)
            assert found["mainstay_request_duration_seconds_bucket", ("le", repr(bound)), model] == below


def test_refusals_are_counted_by_status_and_code():
    metrics = Metrics(MODELS)
    metrics.refused(422, "bad", 1)
    metrics.refused(422, "bad", 1)
    metrics.refused(401, "token")
    metrics.rows_refused(1, 5)
    assert value(metrics, "mainstay_requests_total", model="fees", status="422", code="bad") == 2
    assert value(metrics, "mainstay_requests_total", model="", status="401", code="token") == 1
    assert value(metrics, "mainstay_predictions_refused_total", model="fees") == 5


def test_more_kinds_of_refusal_than_there_is_room_for_share_one_place():
    metrics = Metrics(MODELS)
    for number in range(1000):
        metrics.refused(422, f"code{number}")
    kinds = {key: count for key, count in samples(metrics).items() if key[0] == "mainstay_requests_total"}
    assert len(kinds) < 250
    assert sum(kinds.values()) == 1000
    assert kinds["mainstay_requests_total", ("code", "other"), ("model", ""), ("status", "0")] > 700


def test_swaps_are_counted_for_each_worker(table):
    one, two = Metrics(MODELS, table=table), Metrics(MODELS, table=table, worker=1)
    one.swapped(0, done=True)
    two.swapped(0, done=True)
    two.swapped(0, done=False)
    for metrics in (one, two):
        assert value(metrics, "mainstay_swaps_total", model="churn", outcome="done", worker="0") == 1
        assert value(metrics, "mainstay_swaps_total", model="churn", outcome="refused", worker="1") == 1


def test_labels_are_escaped():
    nasty = 'a"b\\c\nd\u00fc'
    metrics = Metrics((nasty,))
    metrics.answered(0, 0.1)
    assert value(metrics, "mainstay_predictions_total", model=nasty) == 1


def test_any_worker_tells_for_all_and_one_that_died_goes_on(table):
    here = Metrics(MODELS, table=table, worker=0)
    here.answered(0, 0.001)
    program = f"""
import os, signal
from mainstay.serve.metrics.counters import Metrics, Present
from mainstay.serve.metrics import pulse as metrics_pulse
from mainstay.serve.log.record import LogState
metrics = Metrics({MODELS!r}, table={table}, worker=1)
for _ in range(100):
    metrics.answered(0, 0.002, 3)
metrics.refused(413, "too_large", 0)
log = LogState(healthy=False, queued=4, written=290, lost=6)
metrics.present(Present(open=7, delay=0.25, memory=5_000_000, log=log, digests={{0: "ab" * 32}}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    for life in (1, 2):
        subprocess.run([sys.executable, "-c", program], pass_fds=[table], timeout=60, check=False)
        assert value(here, "mainstay_predictions_total", model="churn") == 1 + 300 * life
        assert value(here, "mainstay_requests_total", model="churn", status="413", code="too_large") == life
        assert value(here, "mainstay_worker_starts_total", worker="1") == life
        assert value(here, "mainstay_log_written_total") == 290 * life
        assert value(here, "mainstay_log_lost_total") == 6 * life
        assert value(here, "mainstay_log_healthy") == 0
        assert value(here, "mainstay_open_requests", worker="1") == 7
        assert value(here, "mainstay_event_loop_delay_seconds", worker="1") == 0.25
        assert value(here, "mainstay_worker_resident_memory_bytes", worker="1") == 5_000_000
        assert value(here, "mainstay_model_info", model="churn", digest="ab" * 32, task="") == 1


def test_a_worker_that_says_nothing_more_is_not_there_but_what_it_counted_is(table):
    one, two = Metrics(MODELS, table=table), Metrics(MODELS, table=table, worker=1)
    two.answered(0, 0.1)
    for metrics in (one, two):
        metrics.present(QUIET)
    assert value(one, "mainstay_open_requests", worker="1") == 0
    two.table.rows[1].numbers[Gauge.UPDATED] -= 60
    assert ("mainstay_open_requests", ("worker", "1")) not in samples(one)
    assert value(one, "mainstay_predictions_total", model="churn") == 1


def test_without_a_log_nothing_is_said_of_one():
    metrics = Metrics(MODELS)
    metrics.present(QUIET)
    assert not any(key[0].startswith("mainstay_log") for key in samples(metrics))
    metrics.present(QUIET._replace(log=LogState(healthy=True, queued=1, written=2, lost=0)))
    assert value(metrics, "mainstay_log_healthy") == 1


def test_a_system_without_nameless_memory_has_a_file_without_a_name(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    descriptor = shared_table(MODELS, 2)
    try:
        assert not list(tmp_path.iterdir())
        Metrics(MODELS, table=descriptor).answered(0, 0.1)
        assert value(Metrics(MODELS, table=descriptor, worker=1), "mainstay_predictions_total", model="churn") == 1
    finally:
        os.close(descriptor)


def test_an_idle_worker_tells_how_it_is_again_and_again(monkeypatch):
    monkeypatch.setattr(metrics_pulse, "_SECONDS", 0.01)
    seen = []
    pulse = Pulse(Metrics(MODELS), lambda: seen.append(1) or QUIET)

    async def idle():
        loop = asyncio.get_running_loop()
        for _ in range(5):
            pulse.start(loop)
        await asyncio.sleep(0.1)

    asyncio.run(idle())
    assert 3 <= len(seen) <= 15, "one beat at a time"
    before = len(seen)
    asyncio.run(idle())
    assert len(seen) >= before + 3, "another loop begins it anew"


def test_memory_is_told_where_the_system_has_no_such_file(monkeypatch):
    usual = resident_bytes()
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: (_ for _ in ()).throw(FileNotFoundError))
    assert usual / 10 < resident_bytes() < usual * 10


def test_a_table_for_other_models_is_refused(table):
    with pytest.raises(UsageError, match="other models"):
        Metrics(("churn", "other"), table=table)
    with pytest.raises(UsageError, match="other models"):
        Metrics(("churn",), table=table)
    with pytest.raises(UsageError, match="worker 2"):
        Metrics(MODELS, table=table, worker=2)


def test_counting_an_answer_costs_next_to_nothing():
    metrics = Metrics(MODELS)
    best = min(timeit.repeat(lambda: metrics.answered(1, 0.0007, 1), number=20_000, repeat=5)) / 20_000
    assert best < 2e-6, "it stands on the path of every answer"


def test_the_endpoint_tells_what_happened():
    client, serving = asking_all({"churn": churn(), "fees": fees()})
    row = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    with client:
        client.post("/predict", row)
        client.post("/models/fees/predict", {"rows": [row, {**row, "age": "old"}], "on_error": "row"})
        client.post("/models/fees/predict", {**row, "age": "old"})
        client.post("/models/fees/predict", content=b"{")
        client.get("/nothing")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    counted = serving.metrics
    assert value(counted, "mainstay_predictions_total", model="churn") == 1
    assert value(counted, "mainstay_predictions_total", model="fees") == 1
    assert value(counted, "mainstay_predictions_refused_total", model="fees") == 2
    assert value(counted, "mainstay_requests_total", model="fees", status="422", code="bad") == 1
    assert value(counted, "mainstay_requests_total", model="fees", status="415", code="not_json") == 1
    assert value(counted, "mainstay_requests_total", model="", status="404", code="not_found") == 1
    assert f'mainstay_model_info{{model="fees",digest="{fees().digest}",task="regression"}} 1' in answer.text
    assert 'mainstay_open_requests{worker="0"} 1' in answer.text
    resident = value(counted, "mainstay_worker_resident_memory_bytes", worker="0")
    assert 10_000_000 < resident < 10_000_000_000


def test_the_digest_follows_an_exchange():
    client, serving = asking_all({"m": churn()})
    with client:
        assert churn().digest in client.get("/metrics").text
        serving.shelf.swap("m", fees())
        text = client.get("/metrics").text
    assert fees().digest in text
    assert churn().digest not in text


def test_bundle_errors_count_under_their_own_code():
    metrics = Metrics(MODELS)
    metrics.refused(422, BundleError("x").code)
    assert value(metrics, "mainstay_requests_total", model="", status="422", code="bundle") == 1

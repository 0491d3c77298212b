"""Reasons are slow beside answers: they keep no answer waiting, and are refused where too many ask at once."""

import asyncio
import json
import threading
import time

import pytest
from tests.serve.asking import Asking, serving_of
from tests.serve.models import churn

from mainstay.serve.app import build
from mainstay.serve.processes.short_way import ShortAnswer

ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}


@pytest.fixture
def slow():
    """A server whose reasons come only when they are let go."""
    serving = serving_of({"churn": churn()})
    gate, explain = threading.Event(), serving.shelf.first.model.explain

    def explained(rows):
        gate.wait(20)
        return explain(rows)

    serving.shelf.first.model.explain = explained
    with Asking(build(serving)) as asking:
        yield asking, gate
        gate.set()


def test_answers_do_not_wait_for_reasons(slow):
    asking, gate = slow

    async def storm():
        reasons = [asyncio.ensure_future(asking.send("POST", "/predict?explain=true", json=ROW)) for _ in range(30)]
        await asyncio.sleep(0.2)
        began = time.perf_counter()
        answer = await asking.send("POST", "/predict", json={"rows": [ROW] * 900})
        waited = time.perf_counter() - began
        gate.set()
        return answer, waited, await asyncio.gather(*reasons)

    answer, waited, reasons = asking.run(storm())
    assert answer.status_code == 200
    assert waited < 5
    statuses = [one.status_code for one in reasons]
    assert sorted(set(statuses)) == [200, 503]
    assert statuses.count(200) == 8
    assert all(one.headers["retry-after"] == "1" for one in reasons if one.status_code == 503)


def test_reasons_of_many_rows_are_given_in_parts(slow):
    asking, gate = slow
    gate.set()
    rows = [{**ROW, "age": age} for age in range(40)]
    said = asking.run(asking.send("POST", "/predict?explain=true", json={"rows": rows})).json()["predictions"]
    for one in said:
        why = one["explanation"]
        assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["answer"], abs=1e-6)
    refused = asking.run(asking.send("POST", "/predict?explain=true", json={"rows": [ROW] * 101}))
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_many_rows")


def test_one_that_cannot_take_its_answer_keeps_it_from_nobody():
    serving = serving_of({"churn": churn()})
    taken, told = [], []

    class Broken:
        def done(self):
            return False

        def set_result(self, answered):
            raise OSError("gone")

    async def turn():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
        turns, body = serving.shelf.first.turns, json.dumps(ROW).encode()
        assert turns.give(body, loop, Broken())
        taken.append(await turns.ask(body, loop))

    asyncio.run(turn())
    assert taken[0].body
    assert isinstance(told[0], OSError)


def test_an_answer_that_cannot_be_written_is_an_error_to_its_client():
    sent = []

    class Way:
        def response(self, *_):
            raise ValueError("no")

        def refused(self, answer, error, headers):
            return repr(error).encode()

    class Connection:
        headers_of_all = ()

        class transport:  # noqa: N801 - stands for an attribute
            is_closing = staticmethod(lambda: False)
            write = staticmethod(sent.append)

        def on_response_complete(self):
            pass

    answer = ShortAnswer(Connection(), Way())
    answer.response_complete = False
    answer.set_result(None)
    assert sent == [b"ValueError('no')"]
    assert answer.done()


def test_a_client_that_closes_before_its_answer_is_no_failure():
    serving = serving_of({"churn": churn()})
    app = build(serving)

    async def receive():
        return {"type": "http.request", "body": json.dumps(ROW).encode(), "more_body": False}

    async def send(_):
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    scope = {
        "type": "http", "method": "POST", "path": "/predict", "root_path": "", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert serving.journal._stream.text == ""
    assert len(serving.open_requests) == 0

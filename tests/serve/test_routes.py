"""The endpoints beside predictions: all described, honest about readiness, closed to other sites, and mountable."""

import asyncio
import itertools
import re
import time

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.serve.asking import Asking, asking_all
from tests.serve.models import churn, fees, sets

from mainstay.contracts.errors import ReplayError
from mainstay.serve.app import build, create_app
from mainstay.serve.log.record import LogState
from mainstay.serve.pages import PAGE_NAMES
from mainstay.serve.routes import all_routes

ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
PAGES = ["/", "/docs", *(f"/static/{name}" for name in PAGE_NAMES[2:])]
TEXTS = ["/metrics", "/models", "/models/fees/schema", "/openapi.json", "/health/live", "/health/ready"]
PROTOCOL = ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/churn", "/v2/models/churn/ready"]


@pytest.fixture
def both():
    client, serving = asking_all({"churn": churn(), "fees": fees()})
    with client:
        yield client, serving


def test_every_route_is_described_and_nothing_else_is(both):
    client, serving = both
    table = {(route.path, method): route for route in all_routes(serving) for method in route.methods - {"HEAD"}}
    met = set()
    for method, path in addresses(client.get("/openapi.json").json()):
        found = [key for key, route in table.items() if key[1] == method and route.path_regex.match(path)]
        assert len(found) == 1, f"{method} {path} is described and no route"
        met.add(found[0])
    assert met == set(table), "these routes are not described"


def addresses(described):
    """Yield method and address of all that is described, for each value that a part of an address may have."""
    for path, ways in described["paths"].items():
        for method, operation in ways.items():
            given = [one for one in operation.get("parameters", ()) if one["in"] == "path"]
            values = [one["schema"].get("enum", ["anything"]) for one in given]
            for chosen in itertools.product(*values):
                address = path
                for one, value in zip(given, chosen, strict=True):
                    address = address.replace(f"{{{one['name']}}}", value)
                assert "{" not in address
                yield method.upper(), address


TENSORS = {"inputs": [{"name": "fee", "shape": [2], "datatype": "FP64", "data": [9.5, 1e9]}]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        *(("GET", path, None, 200) for path in [*TEXTS[1:], *PROTOCOL]),
        ("POST", "/predict", ROW, 200),
        ("POST", "/models/fees/predict?explain=true", ROW, 200),
        ("POST", "/predict", {"rows": [ROW, {"agee": 1}, {"fee": 1}], "on_error": "row"}, 200),
        ("POST", "/predict", {"agee": 1}, 422),
        ("POST", "/predict", {"rows": [ROW] * 1001}, 413),
        ("POST", "/v2/models/fees/infer", TENSORS, 200),
        ("POST", "/v2/models/churn/infer", TENSORS, 200),
        ("POST", "/v2/models/churn/infer", {"inputs": []}, 422),
        ("POST", "/v2/models/churn/infer", None, 400),
        ("GET", "/models/nobody/schema", None, 404),
        ("GET", "/v2/models/nobody", None, 404),
        ("GET", "/v2/models/nobody/versions/1/ready", None, 404),
    ],
)
def test_what_is_sent_is_what_is_described(both, method, path, body, status):
    client, _ = both
    described = client.get("/openapi.json").json()
    ways = described["paths"]
    plain = path.partition("?")[0]
    found = [one for one in ways if method.lower() in ways[one] and matches(one, plain)]
    answer = client.ask(method, path, json=body)
    assert answer.status_code == status
    said = ways[found[-1]][method.lower()]["responses"][str(status)]
    if "$ref" in said:
        said = described["components"]["responses"][said["$ref"].rpartition("/")[2]]
    schema = said["content"][answer.headers["content-type"].partition(";")[0]]["schema"]
    Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())


def matches(template, path):
    return re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path) is not None


@pytest.mark.parametrize("path", [*PAGES, *TEXTS, *PROTOCOL])
def test_get_and_head_tell_the_same_and_other_methods_nothing(both, path):
    client, _ = both
    got, head = client.get(path), client.ask("HEAD", path)
    assert got.status_code == head.status_code == 200
    assert got.content
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    if path != "/metrics":
        assert head.headers["content-length"] == got.headers["content-length"]
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = client.ask(method, path, headers={"origin": "http://evil", "access-control-request-method": "GET"})
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/predict", "/models/churn/predict", "/v2/models/churn/infer"])
def test_what_is_posted_cannot_be_got(both, path):
    client, _ = both
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"):
        answer = client.ask(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", [*PAGES, *TEXTS, *PROTOCOL, "/nothing", "/v2/nothing", "/predict"])
def test_no_other_site_is_let_near(both, path):
    client, _ = both
    for method in ("GET", "OPTIONS", "POST"):
        answer = client.ask(method, path, headers={"origin": "http://evil", "access-control-request-method": "POST"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert len(answer.headers.get_list("content-security-policy")) == 1
        assert answer.headers["x-request-id"]
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/index.html", "/static/../metrics", "/static/%2e%2e/__init__.py",
        "/static/..%2f..%2fdoor.py",
        "/static/__init__.py", "/static//etc/passwd", "/static/form.js/", "/static/form.js%00", "/docs/", "/models/",
        "/models/nobody/schema", "/models//schema", "/v2/", "/v2/models", "/v2/models/nobody",
        "/v2/models/churn/config", "/v2/repository/index", "/metrics/../models",
    ],
)  # fmt: skip
def test_what_is_not_in_the_table_is_not_there(both, path):
    client, _ = both
    answer = client.run(_raw(client.app, path))
    assert answer[0] == 404
    said = answer[2]["detail"] if path.startswith("/v2") else answer[2]["error"]
    assert said["code"] == "not_found"
    assert set(said) == {"code", "message", "where", "hint", "id"}


async def _raw(app, path):
    """Ask for a path as it is: a client would tidy it up."""
    from urllib.parse import unquote

    from tests.serve.asking import by_hand

    return await by_hand(app, [{"type": "http.request"}], method="GET", path=unquote(path))


def test_a_client_keeps_its_own_name_for_a_request(both):
    client, _ = both
    for path in ("/models", "/nothing", "/v2", "/"):
        assert client.get(path, headers={"x-request-id": "order-17"}).headers["x-request-id"] == "order-17"
        assert client.get(path, headers={"x-request-id": "a b<"}).headers["x-request-id"].startswith("r-")


def test_models_and_their_schema_are_told(both):
    client, _ = both
    said = client.get("/models").json()
    assert said["default"] == "churn"
    assert [(one["name"], one["digest"], one["ready"]) for one in said["models"]] == [
        ("churn", churn().digest, True), ("fees", fees().digest, True),
    ]  # fmt: skip
    described = client.get("/models/fees/schema").json()
    assert [one["name"] for one in described["columns"]] == ["age", "fee", "plan", "city"]
    assert client.post("/models/fees/predict", described["example"]).status_code == 200


def test_what_is_described_follows_an_exchange(both):
    client, serving = both
    before = client.get("/openapi.json").content
    assert client.get("/openapi.json").content == before
    assert client.get("/models/churn/schema").json()["digest"] == churn().digest
    serving.shelf.swap("churn", sets())
    assert client.get("/openapi.json").content != before
    assert client.get("/models/churn/schema").json()["digest"] == sets().digest
    assert client.get("/health/ready").json()["models"]["churn"]["digest"] == sets().digest
    assert client.get(f"/v2/models/churn/versions/{churn().digest[:12]}").status_code == 404
    assert client.get("/v2/models/churn").json()["versions"] == [sets().digest[:12]]


def checks(model):
    """Count how often the golden rows of a model are asked."""
    usual, count = model.check, []

    def check():
        count.append(1)
        return usual()

    model.check = check
    return count


def test_a_storm_of_questions_is_answered_by_one_look(both):
    client, serving = both
    count = checks(serving.shelf.first.model)

    async def storm():
        paths = ["/health/ready", "/v2/health/ready", "/v2/models/churn/ready", "/models"] * 25
        return await asyncio.gather(*(client.send("GET", path) for path in paths))

    assert {answer.status_code for answer in client.run(storm())} == {200}
    assert len(count) == 1


def test_the_verdict_does_not_outlive_its_second(both, monkeypatch):
    client, serving = both
    count = checks(serving.shelf.first.model)
    client.get("/health/ready")
    client.get("/health/ready")
    assert len(count) == 1
    usual = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: usual() + 5)
    client.get("/health/ready")
    assert len(count) == 2


def test_one_who_asks_and_goes_away_takes_no_other_with_him(both):
    client, serving = both
    count = checks(serving.shelf.first.model)

    async def go_away():
        first = asyncio.create_task(client.send("GET", "/health/ready"))
        second = asyncio.create_task(client.send("GET", "/health/ready"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert client.run(go_away()).status_code == 200
    assert len(count) == 1


@pytest.mark.parametrize("error", [ReplayError("3 golden rows get other answers"), RuntimeError("/secret/path")])
def test_a_model_that_answers_otherwise_is_not_ready(both, error):
    client, serving = both

    def check():
        raise error

    serving.shelf.places["fees"].model.check = check
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    said = answer.json()
    assert (said["status"], said["models"]["churn"]["ready"], said["models"]["fees"]["ready"]) == (
        "not ready",
        True,
        False,
    )
    assert "secret" not in answer.text
    assert client.get("/v2/health/ready").json() == {"ready": False}
    assert client.get("/v2/models/fees/ready").status_code == 503
    assert client.get("/v2/models/churn/ready").status_code == 200
    assert [one["ready"] for one in client.get("/models").json()["models"]] == [True, False]
    assert client.get("/health/live").status_code == 200


def test_a_server_that_ends_says_so_and_still_answers(both):
    client, serving = both
    assert client.get("/health/ready").status_code == 200
    serving.draining = True
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "ending")
    assert client.get("/v2/health/ready").status_code == 503
    assert client.get("/v2/models/churn/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    assert client.post("/predict", ROW).status_code == 200


class Away:
    """A log whose store is away."""

    mode = "batched"
    state = LogState(healthy=False, queued=3, written=10, lost=7, message="the database cannot be reached")

    def record(self, entries):
        pass

    def close(self, seconds):
        pass


def test_the_log_is_part_of_what_is_told():
    client, _ = asking_all({"churn": churn()}, log=Away())
    with client:
        answer = client.get("/health/ready")
        text = client.get("/metrics").text
    assert answer.status_code == 200, "the server keeps answering while its database is away"
    assert answer.json()["log"] == {
        "healthy": False, "queued": 3, "written": 10, "lost": 7, "message": "the database cannot be reached",
    }  # fmt: skip
    assert "mainstay_log_lost_total 7" in text
    assert "mainstay_log_healthy 0" in text


@pytest.mark.parametrize("outer", [Starlette, FastAPI])
def test_it_can_be_mounted_in_another_application(outer):
    whole = outer()
    whole.mount("/ml", create_app({"churn": churn()}, tokens=("secret-secret-secret",)))
    with Asking(whole) as client:
        headers = {"authorization": "Bearer secret-secret-secret"}
        answer = client.post("/ml/predict", ROW, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["model"] == "churn"
        assert client.post("/ml/models/churn/predict", ROW, headers=headers).status_code == 200
        assert client.get("/ml/", headers=headers).text.startswith("<!doctype html>")
        assert client.get("/ml/openapi.json", headers=headers).json()["servers"] == [{"url": "/ml"}]
        assert client.get("/ml/health/ready").json() == {"status": "ready"}
        for path in ("/ml/models", "/ml/", "/ml/nothing", "/ml/v2", "/ml/static/form.js", "/ml/ml/models"):
            assert client.get(path).status_code == 401
        assert client.get("/ml/nothing", headers=headers).json()["error"]["code"] == "not_found"
        assert client.get("/ml/predict", headers=headers).status_code == 405
        assert client.get("/predict").status_code == 404


def test_a_mount_within_a_mount_and_a_prefix_of_the_same_name():
    inner = Starlette(routes=[Mount("/models", app=create_app({"churn": churn()}))])
    with Asking(Starlette(routes=[Mount("/health", app=inner)])) as client:
        assert client.get("/health/models/health/ready").status_code == 200
        assert client.post("/health/models/models/churn/predict", ROW).status_code == 200
        assert client.get("/health/models/models").status_code == 200


def test_the_life_of_the_application_is_that_of_its_server():
    _, serving = asking_all({"churn": churn()}, log=Away())
    events = []

    async def live():
        waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return waiting.pop(0)

        async def send(message):
            events.append(message["type"])

        await build(serving)({"type": "lifespan"}, receive, send)

    asyncio.run(live())
    assert events == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert serving.draining


def test_a_socket_is_closed():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(create_app({"churn": churn()})({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1003}]

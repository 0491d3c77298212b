"""Who may come in: every route and method is closed without a token, whatever the table of routes will hold."""

import base64
import re

import pytest
from tests.serve.asking import asking, asking_all, by_hand
from tests.serve.models import churn

from mainstay.contracts.errors import UsageError
from mainstay.serve.admission import FREE_PATHS
from mainstay.serve.app import build, create_app
from mainstay.serve.limits import Limits
from mainstay.serve.routes import all_routes

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")
ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}


@pytest.fixture
def closed():
    client, serving = asking_all({"churn": churn()}, tokens=("secret", "other-secret"))
    with client:
        yield client, serving


def paths(serving):
    """Return an address for every route of the table, and some that are in none."""
    given = {"name": "churn", "version": churn().digest[:12]}
    found = [re.sub(r"{(\w+)}", lambda match: given[match[1]], route.path) for route in all_routes(serving)]
    return [
        *found,
        "/nothing",
        "/v2/nothing",
        "/models/nobody/predict",
        "//",
        "/static/",
        "/health/live/",
        "/HEALTH/READY",
    ]


def no_handler(serving):
    """Let everything that a handler would touch fail loudly."""

    def reached(*_, **__):
        raise AssertionError("a handler was reached without a token")

    for name in ("check", "answer_rows", "answer_plain", "explain"):
        setattr(serving.shelf.first.model, name, reached)
    serving.shelf.first.turns.ask = reached


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer secre", "Bearer secret2", "bearer: secret", "secret",
        "Token secret", "Basic secret", "Basic !!!", "Basic " + base64.b64encode(b"secret:").decode(),
        "Basic " + base64.b64encode(b"user:wrong").decode(), "Bearer s\u00e9cret", "Bearer secret,other-secret",
    ],
)  # fmt: skip
def test_every_route_and_method_is_closed_without_a_token(closed, authorization):
    client, serving = closed
    no_handler(serving)
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    asked = 0
    for path in paths(serving):
        for method in METHODS if authorization in (None, "Bearer wrong") else ("GET", "POST"):
            if path in FREE_PATHS:
                continue
            answer = client.ask(method, path, headers=headers, content=b'{"age": 31}')
            assert answer.status_code == 401, (method, path, answer.text)
            assert "Bearer" in answer.headers["www-authenticate"]
            said = answer.text
            assert (said == "") == (method == "HEAD")
            for secret in ("churn", churn().digest[:12], "secret", "Traceback"):
                assert secret not in said.replace(path, ""), said
            asked += 1
    assert asked > 40


def test_what_is_free_is_what_a_supervisor_asks_and_tells_nothing(closed):
    client, _ = closed
    told = {}
    for path in FREE_PATHS:
        answer = client.get(path)
        assert answer.status_code == 200
        told[path] = answer.json()
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
            assert client.ask(method, path).status_code == 405
    assert told == {
        "/health/live": {"status": "live"}, "/health/ready": {"status": "ready"},
        "/v2/health/live": {"live": True}, "/v2/health/ready": {"ready": True},
    }  # fmt: skip
    with_token = client.get("/health/ready", headers={"authorization": "Bearer secret"}).json()
    assert with_token["models"]["churn"]["digest"] == churn().digest


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer secret", "bearer other-secret", "BEARER  secret ",
        "Basic " + base64.b64encode(b"anyone:secret").decode(), "basic " + base64.b64encode(b":other-secret").decode(),
    ],
)  # fmt: skip
def test_a_token_opens_everything(closed, authorization):
    client, serving = closed
    headers = {"authorization": authorization}
    assert client.post("/predict", ROW, headers=headers).status_code == 200
    for path in paths(serving):
        assert client.get(path, headers=headers).status_code in (200, 404, 405)


def test_a_password_may_hold_a_colon():
    client, _ = asking_all({"churn": churn()}, tokens=("a:b",))
    with client:
        word = "Basic " + base64.b64encode(b"user:a:b").decode()
        assert client.get("/models", headers={"authorization": word}).status_code == 200


def test_without_tokens_everyone_is_let_in():
    client, _ = asking_all({"churn": churn()})
    with client:
        assert client.get("/models").status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:8000", 200), ("LOCALHOST:1", 200), ("[::1]:8000", 200), ("[::1]", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost@evil", 403), ("", 403), ("[::2]", 403),
        ("localhost:80:80", 200), ("127.0.0.2", 403),
    ],
)  # fmt: skip
def test_a_name_that_points_here_from_elsewhere_is_refused(host, status):
    client, _ = asking_all({"churn": churn()}, hosts=frozenset({"127.0.0.1", "localhost", "[::1]"}))
    with client:
        for _ in range(2):
            for path in ("/models", "/health/live", "/nothing"):
                answer = client.get(path, headers={"host": host})
                assert answer.status_code == (404 if status == 200 and path == "/nothing" else status)
        if status == 403:
            assert answer.json()["error"]["code"] == "host"


def test_a_request_without_a_host_is_refused_where_hosts_are_known():
    _, serving = asking_all({"churn": churn()}, hosts=frozenset({"localhost"}))
    client, _ = asking_all({"churn": churn()})
    with client:
        found = client.run(by_hand(build(serving), [{"type": "http.request"}]))
    assert found[0] == 403


def test_one_client_can_send_only_so_much():
    client, _ = asking_all({"churn": churn()}, tokens=("one", "two"), limits=Limits(max_rate=3))
    with client:

        def statuses(token):
            return [client.post("/predict", ROW, headers={"authorization": f"Bearer {token}"}) for _ in range(6)]

        answers = statuses("one")
        assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 3
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].json()["error"]["code"] == "too_many_requests"
        assert statuses("two")[0].status_code == 200
        assert statuses("wrong")[5].status_code == 401
        assert client.get("/health/live").status_code == 200


def test_too_many_open_requests_are_sent_away():
    client, serving = asking_all({"churn": churn()}, limits=Limits(max_open=2))
    held = serving.open_requests
    with client:

        async def with_others(count):
            import asyncio

            others = [asyncio.create_task(asyncio.sleep(5)) for _ in range(count)]
            for other in others:
                held._until[other] = float("inf")
            try:
                return await client.send("POST", "/predict", json=ROW), await client.send("GET", "/health/live")
            finally:
                for other in others:
                    held.end(other)
                    other.cancel()

        answer, alive = client.run(with_others(1))
        assert answer.status_code == 200
        answer, alive = client.run(with_others(5))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert alive.status_code == 200
        held.delay = 60.0
        assert client.post("/predict", ROW).status_code == 503


@pytest.mark.parametrize("tokens", ["a-secret-of-many-signs", [""], ["short"], ["q8Zk3vX0 pLw71mNcA"], [None]])
def test_an_application_takes_no_token_that_does_not_protect(tokens):
    with pytest.raises(UsageError) as caught:
        create_app({"churn": churn()}, tokens=tokens)
    assert caught.value.where.startswith("tokens")
    assert "short" not in str(caught.value)


def test_an_application_knows_the_host_names_that_it_was_given():
    with asking({"churn": churn()}, allow_hosts=["Model.Example:8000"]) as client:
        for host, status in (("model.example", 200), ("MODEL.example:1", 200), ("evil.example", 403)):
            assert client.get("/models", headers={"host": host}).status_code == status
    with asking({"churn": churn()}) as client:
        assert client.get("/models", headers={"host": "evil.example"}).status_code == 200
    for wrong in ("model.example", ["http://model.example"]):
        with pytest.raises(UsageError) as caught:
            create_app({"churn": churn()}, allow_hosts=wrong)
        assert caught.value.where == "allow_hosts"

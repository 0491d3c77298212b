"""What the real server sends keeps the document that it gives out: every operation, and each kind of refusal."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from jsonschema import Draft202012Validator
from tests.bundle.clusters import one_group, people
from tests.serve.live import served
from tests.serve.models import churn, fees

from mainstay.serve.app import create_app
from mainstay.serve.limits import Limits


class Client:
    """Asks a server as any program does."""

    def __init__(self, address, token):
        self.address, self.token = address, token

    def described(self):
        status, _, said = self.ask("get", "/openapi.json", None)
        assert status == 200
        return json.loads(said)

    def ask(self, method, path, body, token="own"):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = Request(self.address + path, data=data, method=method.upper())
        if data is not None:
            asked.add_header("content-type", "application/json")
        if token and self.token:
            asked.add_header("authorization", f"Bearer {self.token}")
        try:
            with urlopen(asked, timeout=20) as response:
                return response.status, response.headers["content-type"], response.read()
        except HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read()


def requests_of(described, path, operation):
    """Return addresses and bodies that should be answered: all models, files and examples that the document names."""
    digest = churn().digest[:12]
    addresses = [path]
    for parameter in operation.get("parameters", []):
        values = parameter["schema"].get("enum", [digest])
        if parameter["in"] == "path":
            addresses = [one.replace(f"{{{parameter['name']}}}", value) for one in addresses for value in values]
        else:
            addresses += [f"{one}?{parameter['name']}={value}" for one in addresses for value in values]
    addresses = [one for one in addresses if "versions" not in one or "churn" in one]
    bodies = [None]
    if "requestBody" in operation:
        bodies = [one["value"] for one in operation["requestBody"]["content"]["application/json"]["examples"].values()]
    return [(address, body) for address in addresses for body in bodies]


def check_response(described, operation, status, kind, said):
    response = operation["responses"][str(status)]
    if "$ref" in response:
        response = described["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert kind in response["content"], (kind, list(response["content"]))
    body = json.loads(said) if kind == "application/json" else said.decode()
    schema_at(described, response["content"][kind]["schema"]).validate(body)


def schema_at(described, schema):
    """Return a validator of a schema within a document, where its references lead."""
    return Draft202012Validator({**schema, "components": described["components"]})


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.fixture(scope="module", params=[None, "secret-secret-secret"])
def server(request):
    tokens = (request.param,) if request.param else ()
    models = {"churn": churn(), "fees": fees(), "people": people(), "one": one_group()}
    app = create_app(models, tokens=tokens, limits=Limits(max_rows=3, max_body=5000))
    with served(app) as address:
        yield Client(address, request.param)


def test_each_operation_answers_as_described(server):
    described = server.described()
    seen = 0
    for path, method, operation in operations(described):
        for address, body in requests_of(described, path, operation):
            status, kind, said = server.ask(method, address, body)
            assert status == 200, (path, said)
            check_response(described, operation, status, kind, said)
            seen += 1
    assert seen > 30


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", "/predict", {"feee": 1}, 422),
        ("post", "/predict", {"fee": None}, 422),
        ("post", "/predict", b"{", 400),
        ("post", "/predict", b"", 400),
        ("post", "/predict", b"[" * 3000, 400),
        ("post", "/predict", {"rows": [{"fee": 1}] * 4}, 413),
        ("post", "/predict", b" " * 6000, 413),
        ("post", "/predict?explain=maybe", {"fee": 1}, 422),
        ("get", "/predict", None, 405),
        ("delete", "/models", None, 405),
        ("get", "/models/none/schema", None, 404),
        ("get", "/v2/models/none", None, 404),
        ("get", "/static/none.js", None, 404),
        ("get", "/static/..%2f__init__.py", None, 404),
        ("post", "/v2/models/churn/infer", {"inputs": []}, 422),
        ("post", "/v2/models/churn/infer", {}, 422),
    ],
)
def test_each_refusal_is_described(server, method, path, body, status):
    described = server.described()
    came, kind, said = server.ask(method, path, body)
    assert came == status, said
    operation = next(iter(described["paths"]["/predict"].values()))
    refusal = described["components"]["responses"][
        f"{'ProtocolRefused' if path.startswith('/v2') else 'Refused'}{status}"
    ]
    schema_at(described, refusal["content"][kind]["schema"]).validate(json.loads(said))
    if path == "/predict" and method == "post":
        check_response(described, operation, status, kind, said)


def test_a_batch_with_refused_rows_is_described(server):
    described = server.described()
    body = {"rows": [{"fee": 1}, {"fee": None}, {"fee": 2, "age": 500}], "on_error": "row"}
    for query in ("", "?explain=true"):
        status, kind, said = server.ask("post", f"/models/churn/predict{query}", body)
        check_response(described, described["paths"]["/models/churn/predict"]["post"], status, kind, said)
        assert ["error" in one for one in json.loads(said)["predictions"]] == [False, True, False]


def test_without_the_token_all_but_life_signs_is_refused(server):
    described = server.described()
    for path, method, operation in operations(described):
        for address, body in requests_of(described, path, operation)[:1]:
            came, kind, said = server.ask(method, address, body, token=None)
            free = not server.token or operation.get("security") == []
            assert came == (200 if free else 401), (path, came)
            check_response(described, operation, came, kind, said)

"""A client for tests that asks an application in this process, and one that speaks ASGI by hand."""

import asyncio
import json

import httpx

from mainstay.serve.admission import token_digests
from mainstay.serve.app import build, create_app
from mainstay.serve.journal import Journal
from mainstay.serve.limits import Limits
from mainstay.serve.metrics.counters import Metrics
from mainstay.serve.serving import Serving
from mainstay.serve.shelf import Shelf


class Lines:
    """A journal's stream, kept."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def serving_of(bundles, *, tokens=(), limits=None, log=None, hosts=None, metrics=None):
    """Return what a worker serves, with a journal that keeps its lines."""
    shelf = Shelf(bundles)
    return Serving(
        shelf, limits or Limits(), metrics or Metrics(tuple(shelf.places)), Journal(Lines()), log=log,
        token_digests=token_digests(tuple(tokens)), hosts=hosts,
    )  # fmt: skip


class Asking:
    """Asks an application in one event loop."""

    def __init__(self, app, **further):
        self.app = app
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", **further)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.run(self._client.aclose())
        self._runner.close()

    def run(self, coroutine):
        return self._runner.run(coroutine)

    def send(self, method, path, **further):
        return self._client.request(method, path, **further)

    def ask(self, method, path, **further):
        return self._runner.run(self.send(method, path, **further))

    def get(self, path, **further):
        return self.ask("GET", path, **further)

    def post(self, path, body=None, **further):
        if body is not None:
            further["json"] = body
        return self.ask("POST", path, **further)


def asking(models, **further):
    return Asking(create_app(models, **further))


def asking_all(bundles, **further):
    """Return a client and what it asks."""
    serving = serving_of(bundles, **further)
    return Asking(build(serving)), serving


async def by_hand(app, messages, *, method="POST", path="/predict", headers=(), **scope):
    """Send messages as an ASGI server would, the last one for ever, and return status, headers and body."""
    waiting, sent = list(messages), []

    async def receive():
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    given = [(b"content-type", b"application/json"), *headers]
    await app(
        {"type": "http", "method": method, "path": path, "headers": given, "query_string": b"", "client": ("c", 1)}
        | scope,
        receive,
        send,
    )
    if not sent:
        return None
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(body) if body else None

"""A server as a process of its own, with models to serve whose answers tell them apart."""

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
from tests.bundle.conftest import SCHEMA, WRITTEN, make_content

from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model

ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
LIMIT = 30


@cache
def model_bytes(bias=0.0, schema=SCHEMA):
    """Return a model file whose chance of "Yes" is that of its bias, so that answers tell which model gave them."""
    builder = GraphBuilder(2, 2)
    codes = builder.node("Cast", ["categories"], to=1)
    features = builder.node("Concat", ["numbers", codes], axis=1)
    known = builder.node("Where", [builder.node("IsNaN", [features]), builder.constant(np.float32(0)), features])
    line = ModelGraph(Affine(np.zeros((4, 1)), np.full(1, bias)), "sigmoid")
    answers = write_model(builder, line, known, 4)
    model = builder.build({"probabilities": builder.node("Cast", [answers], to=1)})
    outputs = Outputs(task="classification", target="churn", labels=("No", "Yes"))
    golden = record_golden(Predictor(schema, outputs, model), [ROW])
    return pack(make_content(schema=schema, model=model, outputs=outputs, golden=golden), created=WRITTEN)


@cache
def facts(bias=0.0):
    """Return a model's digest and its chance of "Yes"."""
    bundle = open_bundle(model_bytes(bias))
    return bundle.digest, float(bundle.predict_rows([ROW]).probabilities[0, 1])


def replace(path, data):
    """Put bytes at a path in one step, as a careful deployment does."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.write_bytes(data)
    fresh.replace(path)


class Running:
    """``mainstay serve`` in a process of its own; a context that ends it."""

    def __init__(self, folder, *words, python=sys.executable):
        self.errors = folder / "stderr.txt"
        self._words = [python, "-m", "mainstay", "serve", *map(str, words), "--port", "0", "--json"]

    def __enter__(self):
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                self._words, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
            )
        line = self.process.stdout.readline()
        self.said = json.loads(line) if line else {}
        if "url" not in self.said:
            self.process.wait(LIMIT)
            raise AssertionError(f"it did not start: {line} {self.errors.read_text()}")
        self.port = int(self.said["url"].rpartition(":")[2])
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.stdout.close()

    def connection(self, timeout=LIMIT):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, **headers):
        """Return status and JSON of one request, on a connection of its own."""
        connection = self.connection()
        try:
            sent = None if body is None else json.dumps(body)
            given = {"content-type": "application/json"} if body is not None else {}
            connection.request(method, path, sent, given | {n.replace("_", "-"): v for n, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def text(self, path):
        connection = self.connection()
        connection.request("GET", path)
        found = connection.getresponse().read().decode()
        connection.close()
        return found

    def digest(self):
        return self.ask("POST", "/predict", ROW)[1]["digest"]

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Send a signal and return the exit code."""
        self.send(number)
        return self.process.wait(LIMIT)

    def journal(self):
        return [json.loads(line) for line in self.errors.read_text().splitlines()]

    def events(self):
        return [line["event"] for line in self.journal()]

    def wait_for(self, condition, seconds=LIMIT):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, self.errors.read_text()
            time.sleep(0.01)

    def wait_for_event(self, name, count=1):
        self.wait_for(lambda: self.events().count(name) >= count)
        return [line for line in self.journal() if line["event"] == name][-1]

    def workers(self):
        """Return the process numbers of the workers, where the system tells them."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parts = (place / "stat").read_text().rpartition(")")[2].split()
                if int(parts[1]) == self.process.pid and parts[0] != "Z":
                    found.append(int(place.name))
        return found


class Crowd:
    """Clients in threads that ask without a pause and note every answer, and when it was asked for; a context.

    A connection that the server says it will close is closed here as well, and another is opened.
    """

    def __init__(self, port, clients=4):
        self.port, self.answers, self.faults, self.asked = port, [], [], []
        self._going = True
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        for thread in self._threads:
            thread.join(LIMIT)

    def _ask_on(self):
        body, connection = json.dumps(ROW), None
        while self._going:
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
                    connection.connect()
            except OSError:
                self._going = False  # nothing is accepted any more: nothing is lost
                return
            began = time.monotonic()
            try:
                connection.request("POST", "/predict", body, {"content-type": "application/json"})
                answer = connection.getresponse()
                said = json.loads(answer.read())
                self.answers.append((answer.status, said.get("digest"), said.get("probabilities", {}).get("Yes")))
                self.asked.append((began, said.get("digest")))
                if answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.faults.append(repr(error))
                connection.close()
                return
        if connection is not None:
            connection.close()

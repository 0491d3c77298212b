"""The verb serve in Python: in the background of a notebook, exchanged by hand, and ended with its block."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from tests.serve.processes.running import ROW, facts, model_bytes

import mainstay


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "churn.mainstay"
    path.write_bytes(model_bytes())
    return path


def ask(server, row=ROW, path="/predict"):
    request = urllib.request.Request(server.url + path, json.dumps(row).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.mark.parametrize("workers", [1, 2])
def test_in_the_background_it_answers_is_exchanged_and_ends(tmp_path, model, workers):
    other = tmp_path / "other.mainstay"
    other.write_bytes(model_bytes(1.0))
    with mainstay.serve(model, port=0, background=True, workers=workers) as server:
        assert ask(server)["digest"] == facts()[0]
        assert server.swap("churn", other) == facts(1.0)[0]
        assert ask(server)["probabilities"]["Yes"] == facts(1.0)[1]
        assert server.models == [{"name": "churn", "digest": facts(1.0)[0]}]
        bad = tmp_path / "bad.mainstay"
        bad.write_bytes(b"none")
        with pytest.raises(mainstay.BundleError):
            server.swap("churn", bad)
        with pytest.raises(mainstay.UsageError, match="there is no model 'other'"):
            server.swap("other", other)
        assert ask(server)["digest"] == facts(1.0)[0]
        other.write_bytes(model_bytes())
        server.reload()
        assert ask(server)["digest"] == facts()[0]
        url = server.url
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
    server.stop()
    with pytest.raises(mainstay.UsageError, match="not running"):
        server.reload()


def test_models_may_be_open_named_or_several(model):
    opened = mainstay.load(model)
    with mainstay.serve({"one": opened, "two": model}, port=0, background=True) as server:
        assert ask(server, path="/models/two/predict")["model"] == "two"
        assert server.to_dict()["models"][0] == {"name": "one", "digest": opened.digest}
        server.swap("one", mainstay.load(model))
    with mainstay.serve(opened, port=0, background=True) as server:
        assert ask(server)["model"] == "model"
    with mainstay.serve([f"a={model}", str(model)], port=0, background=True) as server:
        assert [one["name"] for one in server.models] == ["a", "churn"]


def test_what_cannot_work_is_an_error_of_ours(tmp_path, model):
    for given in ({"port": -1}, {"host": "0.0.0.0"}, {"prot": 80}, {"token_file": str(tmp_path / "none")},
                  {"log": str(tmp_path / "no" / "such" / "folder.db")}):  # fmt: skip
        with pytest.raises(mainstay.UsageError) as caught:
            mainstay.serve(model, **{"port": 0, "background": True} | given)
        assert str(caught.value)
    with pytest.raises(mainstay.UsageError, match="Did you mean port"):
        mainstay.serve(model, prot=80, background=True)
    with pytest.raises(mainstay.UsageError):
        mainstay.serve([], background=True)
    bad = tmp_path / "bad.mainstay"
    bad.write_bytes(b"none")
    for workers in (1, 2):
        with pytest.raises(mainstay.BundleError):
            mainstay.serve(bad, port=0, workers=workers, background=True)


def test_the_verb_has_what_belongs_to_it(tmp_path, model):
    app = mainstay.serve.create_app(model, limits=mainstay.serve.Limits(max_rows=5), log=str(tmp_path / "log.db"))
    assert app.serving.limits.max_rows == 5
    app.serving.close()
    log = mainstay.serve.open_log(str(tmp_path / "log.db"), mode="durable")
    assert log.mode == "durable"
    log.close(1)
    from mainstay.serve.app import create_app

    assert callable(mainstay.serve)
    assert callable(create_app)


def test_the_verb_blocks_until_it_is_stopped(model):
    program = (
        "import mainstay, sys\n"
        "server = mainstay.serve(sys.argv[1], port=0, announce=lambda one: print(one.url, flush=True))\n"
        "print('after', server.models[0]['name'])"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(model)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout.read() == "after churn\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

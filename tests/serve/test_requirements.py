"""What a serving image installs: enough to serve with nothing else there, and nothing of weight beside it."""

import json
import re
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import SimpleNamespace

import pytest

import mainstay
from mainstay.serve import requirements as requirements_of
from mainstay.serve.requirements import ROOTS, requirements

from .processes.running import ROW, Running, model_bytes

WEIGHTY = {
    "altair", "catboost", "fastexcel", "jinja2", "lightgbm", "matplotlib", "mlflow", "onnx", "optuna", "pandas",
    "polars", "pyarrow", "scipy", "sklearn", "vl_convert", "xgboost",
}  # fmt: skip
PROBE = """
import json, sys, urllib.request
import mainstay
with mainstay.serve(sys.argv[1], port=0, background=True, log=sys.argv[2]) as server:
    row = json.dumps({"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}).encode()
    for path in ("/predict", "/predict?explain=true"):
        asked = urllib.request.Request(server.url + path, row, {"content-type": "application/json"})
        said = json.load(urllib.request.urlopen(asked))
    for path in ("/models", "/health/ready", "/metrics", "/openapi.json", "/docs", "/", "/v2"):
        urllib.request.urlopen(server.url + path).read()
print(json.dumps([said, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "churn.mainstay"
    path.write_bytes(model_bytes())
    return path


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A virtual environment with the listed packages and nothing else, made of links to what is installed here."""
    folder = tmp_path_factory.mktemp("image")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    here = Path(sysconfig.get_path("purelib"))
    for name in names():
        tops = {file.parts[0] for file in distribution(name).files if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (packages / top).exists() and (here / top).exists():
                (packages / top).symlink_to(here / top)
    (packages / "mainstay").symlink_to(Path(mainstay.__file__).parent)
    return next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())


def names():
    return [re.split(r"[ =;]", line)[0] for line in requirements() if not line.startswith("#")]


def test_each_line_is_a_package_and_its_version_and_ours_is_a_remark_at_the_end():
    lines = requirements()
    ours = f"mainstay=={mainstay.__version__}"
    assert lines[-1] == f"# {ours}: pip install --no-deps {ours}"
    packages = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.+]*( ; .+)?", line) for line in packages), lines
    assert set(ROOTS) <= set(names())
    assert not WEIGHTY & {name.replace("-", "_") for name in names()}
    assert any(line.startswith("uvloop==") and "win32" in line for line in lines)


@pytest.mark.parametrize("there", [True, False])
def test_a_log_in_postgresql_is_thought_of(monkeypatch, there):
    def found(name):
        if name.startswith("psycopg"):
            if not there:
                raise PackageNotFoundError(name)
            return SimpleNamespace(version="3.2.9", requires=None)
        return distribution(name)

    monkeypatch.setattr(requirements_of, "distribution", found)
    lines = requirements()
    assert ("psycopg==3.2.9" in lines) is there
    assert any(line.startswith("# for --log postgresql://") for line in lines) is not there


def test_the_command_prints_them():
    command = [sys.executable, "-m", "mainstay", "serve", "--requirements"]
    plain = subprocess.run(command, capture_output=True, text=True, check=True)
    assert plain.stdout.splitlines() == requirements()
    asked = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(asked.stdout) == {"requirements": requirements()}


def test_a_serving_process_imports_nothing_of_weight(tmp_path, model):
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE, str(model), str(tmp_path / "log.sqlite")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    said, loaded = json.loads(answer.stdout)
    assert said["explanation"]["contributions"]
    assert not WEIGHTY & set(loaded)
    assert {"onnxruntime", "starlette", "httptools", "sqlalchemy"} <= set(loaded)


@pytest.mark.parametrize("workers", [1, 2])
def test_with_these_packages_alone_it_serves(tmp_path, image, model, workers):
    with Running(tmp_path, model, "--workers", workers, "--log", tmp_path / "log.sqlite", python=image) as server:
        status, answer = server.ask("POST", "/predict?explain=true", ROW)
        assert (status, server.end()) == (200, 0)
    assert answer["explanation"]["contributions"]


def test_in_that_image_what_is_not_there_is_not_there(image):
    answer = subprocess.run([image, "-c", "import polars"], capture_output=True, text=True, check=False)
    assert "No module named 'polars'" in answer.stderr

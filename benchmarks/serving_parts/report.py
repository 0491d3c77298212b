"""Where results go: one JSON file under .cache per program, with the machine and the versions it ran on."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
_OURS = (
    "mainstay", "httptools", "msgspec", "numpy", "onnxruntime", "psycopg", "scikit-learn", "sqlalchemy", "starlette",
    "uvicorn", "uvloop",
)  # fmt: skip
_PEERS = ("bentoml", "fastapi", "flask", "gunicorn", "mlflow", "pydantic", "schemathesis", "scikit-learn", "uvicorn")


def machine():
    """Return what the figures depend on: processor, cores, memory, system, load of others."""
    words = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return {
        "processor": next((line.split(":")[1].strip() for line in words if line.startswith("model name")), ""),
        "cores": len(os.sched_getaffinity(0)), "system": platform.platform(), "python": platform.python_version(),
        "load_before": os.getloadavg()[0], "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def versions():
    """Return the versions that our server runs on."""
    found = {}
    for name in _OURS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def peer_versions(python):
    """Return the versions in the peers' environment; empty where it is not installed."""
    if not python.exists():
        return {}
    asked = "import json, sys; from importlib.metadata import version as v; print(json.dumps({n: v(n) for n in sys.argv[1:]}))"  # noqa: E501
    ran = subprocess.run([python, "-c", asked, *_PEERS], capture_output=True, text=True, check=False)
    return json.loads(ran.stdout) if ran.returncode == 0 else {}


def finish(name, result, ok, verdict, path=None):
    """Write the result as JSON, print the verdict in one line, and end: 0 where it is good, else 1."""
    path = Path(path) if path else CACHE / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"machine": machine(), "versions": versions(), "ok": ok, "verdict": verdict, **result}
    path.write_text(json.dumps(whole, indent=1))
    print(f"{name}: {'PASS' if ok else 'FAIL'}: {verdict}", flush=True)
    raise SystemExit(0 if ok else 1)

"""What serving and start-up load stays light: numbers need numpy, pictures and pages load their packages when used."""

import subprocess
import sys

import pytest

HEAVY = ("sklearn", "scipy", "altair", "vl_convert", "jinja2", "polars", "pandas", "lightgbm", "onnx", "onnxruntime")


@pytest.mark.parametrize(
    "module", ["metrics", "intervals", "compare", "curves", "importance", "report_data", "report", "card", "words"]
)
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, mainstay.evaluate.{module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

"""Starting is quick, and importing mainstay loads nothing of weight. Wall times are in benchmarks/proof.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

IMPORT_SECONDS = 0.150
HELP_SECONDS = 0.400

PROBE = """
import json, sys, time
before = set(sys.modules)
start = time.process_time()
import mainstay
seconds = time.process_time() - start
print(json.dumps([seconds, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""


def probe():
    answer = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True, text=True)
    return json.loads(answer.stdout)


def best(seconds_of, limit, tries=8):
    """The least of several tries, ended early when it is under the limit: a busy machine only ever adds time."""
    least = float("inf")
    for _ in range(tries):
        least = min(least, seconds_of())
        if least < limit:
            break
    return least


def test_importing_mainstay_loads_nothing_but_the_standard_library():
    _, loaded = probe()
    foreign = [name for name in loaded if name not in sys.stdlib_module_names and name != "mainstay"]
    assert "mainstay" in loaded
    assert not foreign


def test_importing_mainstay_is_quick():
    assert best(lambda: probe()[0], IMPORT_SECONDS) < IMPORT_SECONDS


def test_the_command_shows_its_help_quickly():
    script = Path(sys.executable).parent / "mainstay"
    command = [str(script)] if script.exists() else [sys.executable, "-m", "mainstay"]

    def once():
        before = os.times()
        answer = subprocess.run([*command, "--help"], capture_output=True, check=True, text=True)
        after = os.times()
        assert "train" in answer.stdout
        # Processor time: what the clock on the wall would show on a machine that does nothing else.
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert best(once, HELP_SECONDS) < HELP_SECONDS

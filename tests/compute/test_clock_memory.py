"""Budgets are read as people write them, and measured as the kernel counts them."""

import subprocess
import sys
import time

import pytest

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.memory import MemoryWatch, parse_bytes, tree_bytes
from mainstay.contracts.errors import UsageError


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("2 min", 120), (" 1.5H ", 5400), (10, 10), (0.5, 0.5)])
def test_durations(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5s", "soon", "5 parsecs", 0])
def test_bad_durations_get_a_sentence(text):
    with pytest.raises(UsageError, match="positive duration"):
        parse_seconds(text)


@pytest.mark.parametrize(("text", "size"), [("4GB", 4e9), ("800 mb", 8e8), ("1GiB", 2**30), (1e9, 1e9)])
def test_sizes(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["much", "0GB", "-1"])
def test_bad_sizes_get_a_sentence(text):
    with pytest.raises(UsageError, match="positive size"):
        parse_bytes(text)


def test_a_clock_never_goes_below_zero_and_can_be_shortened():
    clock = Clock(0.05)
    time.sleep(0.06)
    assert clock.left() == 0.0
    assert Clock(100).at_most(5).left() <= 5
    assert Clock(1).at_most(5).left() <= 1


def test_children_are_counted():
    before = tree_bytes()
    with MemoryWatch(0.05) as watch:
        child = subprocess.Popen([sys.executable, "-c", "x = bytearray(200_000_000); import time; time.sleep(1)"])
        child.wait()
    assert watch.peak - before > 150_000_000


def test_children_that_end_while_they_are_counted_are_no_error():
    script = "for i in $(seq 150); do (for j in 1 2 3 4 5 6; do (true) & done; wait) & done; wait"
    with subprocess.Popen(["sh", "-c", script]) as churn:
        while churn.poll() is None:
            assert tree_bytes() > 0

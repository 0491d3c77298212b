"""The gate lets equal answers through and names the row of any other."""

import numpy as np
import pytest

from mainstay.contracts.errors import ParityError
from mainstay.graph.parity import check_parity

EVEN = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]])


def test_equal_answers_pass_with_their_figures():
    result = check_parity(EVEN, EVEN + np.array([5e-7, -5e-7]), task="classification")
    assert (result.rows, result.flips, result.limit) == (3, 0, 1e-6)
    assert result.largest == pytest.approx(5e-7)


def test_a_difference_names_row_and_both_answers():
    graph = EVEN.copy()
    graph[2] = [0.8, 0.2]
    with pytest.raises(ParityError, match=r"ridge: .*row 2 \(of 3\) is \(0.9, 0.1\) in the library and \(0.8, 0.2\)"):
        check_parity(EVEN, graph, task="classification", where="ridge")


def test_a_flip_beyond_a_tie_is_refused_even_within_a_loose_limit():
    library, graph = np.array([[0.45, 0.55, 0.0]]), np.array([[0.51, 0.49, 0.0]])
    with pytest.raises(ParityError, match="1 classes flip"):
        check_parity(library, graph, task="classification", limit=0.049)


def test_a_tie_within_the_limit_is_no_flip():
    library, graph = np.array([[0.5 + 4e-7, 0.5 - 4e-7]]), np.array([[0.5 - 4e-7, 0.5 + 4e-7]])
    assert check_parity(library, graph, task="classification").flips == 0


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_amounts_are_held_to_their_own_scale(scale):
    library = np.array([0.0, 1.0, -3.0]) * scale
    assert check_parity(library, (library + scale * 1e-7)[:, None], task="regression").largest < 1e-6
    with pytest.raises(ParityError, match="does not answer"):
        check_parity(library, library + scale * 1e-4, task="regression")


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_answers_that_are_no_numbers(broken):
    library, graph = np.array([1.0, 2.0]), np.array([1.0, broken])
    for pair in ((library, graph), (graph, library)):
        with pytest.raises(ParityError, match="row 1"):
            check_parity(*pair, task="regression")
    assert check_parity(graph, graph, task="regression").largest == 0


def test_shapes_and_no_rows():
    with pytest.raises(ParityError, match="answers"):
        check_parity(EVEN, EVEN[:2], task="classification")
    assert check_parity(EVEN[:0], EVEN[:0], task="classification").rows == 0
    assert check_parity(np.zeros(3), np.zeros(3), task="regression").largest == 0
    assert check_parity(np.array([1e300, -1e300]), np.array([1e300, -1e300]), task="regression").largest == 0

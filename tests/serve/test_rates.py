"""No client gets more than its rate, none waits longer than it is told, and strangers do not fill the memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.errors import RequestError
from mainstay.serve import rates as rates_module
from mainstay.serve.rates import Rates


def passes(rates, client, now):
    """Return how long a client is told to wait; 0 where it passes."""
    try:
        rates.take(client, now)
    except RequestError as error:
        return int(error.headers["retry-after"])
    return 0


@given(st.floats(0.01, 50), st.lists(st.floats(0, 3), max_size=80))
def test_no_window_holds_more_than_the_rate_allows(most, pauses):
    rates, now, passed = Rates(most), 0.0, []
    for pause in pauses:
        now += pause
        if not passes(rates, "a", now):
            passed.append(now)
    for start in range(len(passed)):
        for end in range(start, len(passed)):
            allowed = max(1.0, most) + most * (passed[end] - passed[start])
            assert end - start + 1 <= allowed + 1e-6


@given(st.floats(0.01, 50), st.integers(1, 200))
def test_who_waits_as_told_passes(most, tries):
    rates = Rates(most)
    for _ in range(tries):
        wait = passes(rates, "a", 1.0)
    if wait:
        assert passes(rates, "a", 1.0 + wait) == 0


def test_clients_do_not_pay_for_each_other():
    rates = Rates(1)
    assert [passes(rates, name, 0.0) for name in ("a", "b", "a", "c")] == [0, 0, 2, 0]


def test_only_so_many_clients_are_remembered(monkeypatch):
    monkeypatch.setattr(rates_module, "_CLIENTS", 50)
    rates = Rates(1)
    for number in range(1000):
        passes(rates, str(number), number / 1000)
    assert len(rates._left) == 50


def test_a_refusal_says_what_is_allowed():
    rates = Rates(0.5)
    rates.take("a", 0.0)
    with pytest.raises(RequestError, match=r"0\.5 requests per second") as caught:
        rates.take("a", 0.1)
    assert (caught.value.status, caught.value.code) == (429, "too_many_requests")

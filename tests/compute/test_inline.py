"""What a run that stays in this process must keep: a folder that goes, and no word of a library to the caller."""

import warnings

import pytest

from mainstay.compute.inline import InlineExecutor
from mainstay.contracts.checks.check_executor import collect
from mainstay.contracts.executor import Job


def test_scratch_folder_is_removed():
    with InlineExecutor() as executor:
        assert executor.scratch.is_dir()
    assert not executor.scratch.exists()


def test_it_says_that_jobs_run_here():
    with InlineExecutor() as executor:
        assert not executor.apart
        assert executor.slots == 1


def test_warnings_of_a_job_stay_in_it(monkeypatch):
    def complain(payload):
        warnings.warn("it did not converge", UserWarning, stacklevel=1)
        return dict(payload)

    monkeypatch.setattr("mainstay.contracts.checks.check_executor.echo", complain)
    with InlineExecutor() as executor, warnings.catch_warnings():
        warnings.simplefilter("error")
        executor.submit(Job(1, "mainstay.contracts.checks.check_executor:echo", {"word": "done"}))
        assert [outcome.payload for outcome in collect(executor, 1)] == [{"word": "done"}]
        with pytest.raises(UserWarning):
            complain({})

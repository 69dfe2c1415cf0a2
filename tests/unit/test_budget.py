"""Where tests have their folders, and which count as covering what they run."""

import time
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import counts, fits, work


def test_what_a_test_beside_the_code_runs_counts(request: pytest.FixtureRequest) -> None:
    assert counts(request.node)


@pytest.mark.slow("nothing but the mark, which is what counts")
def test_what_a_slow_one_runs_does_not(request: pytest.FixtureRequest) -> None:
    assert not counts(request.node)


def test_nor_what_one_runs_that_goes_by_the_seed(request: pytest.FixtureRequest, seed: int) -> None:
    assert not counts(request.node)


def test_what_does_not_count_is_not_traced_for_nothing(seed: int) -> None:
    assert Coverage.current() is None


def test_waiting_is_no_work_and_computing_is() -> None:
    began = sum(work())
    time.sleep(0.05)
    waited = sum(work())
    sum(range(2_000_000))
    assert waited - began < min(0.05, sum(work()) - waited)


@given(st.none())
def test_nor_what_a_property_draws(request: pytest.FixtureRequest, drawn: None) -> None:
    assert not counts(request.node)


def test_no_example_of_a_property_has_a_deadline() -> None:
    assert settings().deadline is None


def test_no_folder_is_made_where_there_is_no_room_or_nothing_can_be_run(tmp_path: Path) -> None:
    assert not fits(tmp_path / "not-there")
    assert not fits(Path("/proc"))

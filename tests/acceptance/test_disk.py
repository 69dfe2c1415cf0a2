"""A real process whose disk and sockets fail at any of its system calls, or lose power there.

``make faults`` tries thousands of calls.
"""

import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from tests.acceptance.sweep import Tally, add_up, place_on, sweep

FEW = 3
"""Power cuts, and kills or refused calls."""


def _die(_: object) -> Tally:
    """End as a run does that gets no answer from its server."""
    os._exit(1)


@pytest.mark.slow("runs the program a dozen times")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_failure_at_any_system_call_sends_nothing_twice_and_loses_nobody(
    database: str, tmp_path: Path, seed: int
) -> None:
    with place_on(database, tmp_path) as place:
        assert sweep(place, seed, cuts=FEW, kills=FEW).broken == []


def test_a_sweep_fails_if_one_of_its_processes_dies() -> None:
    with pytest.raises(BrokenProcessPool):
        add_up(_die, [("sqlite", [0])], 1)

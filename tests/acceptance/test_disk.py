"""A real process whose disk and sockets fail at any of its system calls, or lose power there."""

from pathlib import Path

import pytest

from tests.acceptance.sweep import place_on, sweep

PARTS, SEEDS, FEW = 4, 32, 3
"""``PARTS`` tests, for the workers of pytest; the seeds of each, and else how many points."""


@pytest.mark.faults(seconds=20)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("part", range(PARTS))
def test_a_failure_at_any_system_call_sends_nothing_twice_and_loses_nobody(
    database: str, part: int, tmp_path: Path, seed: int, thorough: bool
) -> None:
    with place_on(database, tmp_path) as place:
        for number in range(SEEDS if thorough else 1):
            few = {} if thorough else {"cuts": FEW, "kills": FEW}
            tally = sweep(place, seed + part * SEEDS + number, **few)
            assert tally.broken == []
            print(tally)  # noqa: T201 - for -s

"""Fresh seeds in each test run. ``make faults`` tries a million."""

from collections.abc import Callable

import pytest

from newsletter.domain.delivery.restore_guard import Location
from newsletter.store.file.guard_file import GuardFile
from tests.contracts.guard_file import WatermarkContract
from tests.simulation.bugs import BUGS
from tests.simulation.host import Disk, Noted
from tests.simulation.lots import explain, first_broken, program
from tests.simulation.program import run, shrink

PARTS, EACH = 6, 20
"""``PARTS`` tests, for the workers of pytest, with ``EACH`` seeds."""


@pytest.mark.slow("what is rare comes up in some of many runs")
@pytest.mark.parametrize("part", range(PARTS))
def test_every_rule_holds_whatever_the_order(part: int, seed: int) -> None:
    broken = first_broken(range(seed + part * EACH, seed + (part + 1) * EACH))
    assert broken is None, explain(broken)


@pytest.mark.parametrize("number", [3, 5, 11, 22])
def test_a_seed_gives_the_same_run_each_time(number: int) -> None:
    first, second = (run(program(number)) for _ in range(2))
    assert first.trace == second.trace


def test_a_program_is_shrunk_to_the_steps_that_matter() -> None:
    bug = BUGS["another reader's link"]
    found = first_broken(range(100), bug)
    assert found is not None
    short = shrink(program(found), lambda given: run(given, bug).violation is not None)
    assert len(short.steps) <= 1


class TestNoted(WatermarkContract):
    @pytest.fixture
    def disk(self) -> Disk:
        return Disk(location=Location(file=1))

    @pytest.fixture
    def guard_file(self, disk: Disk) -> GuardFile:
        return Noted(disk, lambda _name: None)

    @pytest.fixture
    def again(self, disk: Disk) -> Callable[[], GuardFile]:
        return lambda: Noted(disk, lambda _name: None)

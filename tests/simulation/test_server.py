"""The simulation over PostgreSQL: the same rules, and two machines that share the sending."""

from collections.abc import Iterator

import pytest

from tests.postgresql import Server
from tests.simulation.host import Parts
from tests.simulation.lots import explain, program
from tests.simulation.program import BOOT, Program, Step, run, worker
from tests.simulation.server import on_server, parts_on

SEEDS = 30
_TWO = (BOOT, Step("boot", "B ", 99))


@pytest.fixture(scope="module")
def parts(postgresql: Server) -> Iterator[Parts]:
    yield parts_on(postgresql)
    for number in (0, 1):
        on_server(number).close()
    on_server.cache_clear()


@pytest.mark.slow("each transaction is a real one")
def test_every_rule_holds_on_postgresql(parts: Parts, seed: int) -> None:
    for one in range(seed, seed + SEEDS):
        violation = run(program(one, on_server=True), parts).violation
        assert violation is None, explain(one, parts, on_server=True)


@pytest.mark.slow("each transaction is a real one")
def test_a_statement_that_waits_for_a_lock_lets_the_others_go_on(parts: Parts) -> None:
    """The second machine stops in its claim. The first one writes alone, and waits for it."""
    steps = (*_TWO, worker("B dispatch-1", points=4), worker("look", points=3), worker("look"))
    first, again = (run(Program(kind="shared", traits="mute", steps=steps), parts) for _ in "12")
    assert first.violation is None, "\n".join(first.trace)
    assert "      A1 look goes on at lock" in first.trace
    assert first.trace == again.trace


@pytest.mark.slow("each transaction is a real one")
def test_two_machines_in_the_middle_of_a_claim_take_different_batches(parts: Parts) -> None:
    for points in range(1, 12):
        begun = worker("B dispatch-1", points=points), worker("dispatch-1", points=points + 1)
        steps = (*_TWO, *begun, worker("B dispatch-1"), worker("dispatch-1"))
        result = run(Program(kind="shared", traits="mute", steps=steps), parts)
        assert result.violation is None, "\n".join(result.trace)


@pytest.mark.slow("each transaction is a real one")
@pytest.mark.parametrize("how", ["kept", "undone"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_commit_without_an_answer_breaks_no_rule(parts: Parts, how: str, number: int) -> None:
    """A process that loses the connection at a commit does not know what became of it."""
    for kind in ("begun", "shared"):
        lost = Step("lose", "dispatch-1", number, how)
        given = Program(kind=kind, traits="keyed", steps=(BOOT, lost, BOOT, worker("dispatch-1")))
        result = run(given, parts)
        assert result.violation is None, "\n".join(result.trace)
        if number < 3:  # an answer is recorded again
            assert any("the connection was lost" in line for line in result.trace)

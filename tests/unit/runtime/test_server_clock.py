"""The clock of several machines is the server's."""

from datetime import timedelta

from newsletter.runtime.clock import ServerClock
from tests.fakes import NOON, FixedClock


def test_it_goes_on_from_the_servers_time_whatever_the_machine_says() -> None:
    machine, server = FixedClock(), [NOON + timedelta(hours=3)]
    clock = ServerClock(lambda: server[0], machine)
    assert clock.now() == NOON + timedelta(hours=3)
    machine.advance(seconds=5)
    assert clock.now() == NOON + timedelta(hours=3, seconds=5)
    assert clock.uptime() == machine.uptime()
    server[0] = NOON
    clock.synchronise()
    assert clock.now() == NOON

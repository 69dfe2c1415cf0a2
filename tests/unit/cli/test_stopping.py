"""A signal to stop ends a reading, so that it cannot keep the process."""

import signal

import pytest

from newsletter.cli.delivery import stopped_by_signals
from newsletter.documents.sandbox import ALL_GATES
from tests.rows import rows


@rows(["number"], [(signal.SIGTERM,), (signal.SIGHUP,)])  # or its terminal is closed
def test_a_signal_to_stop_ends_what_is_read_and_begins_none(number: int) -> None:
    ended = []
    before = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with stopped_by_signals(lambda: ended.append(True)):
            signal.raise_signal(number)
            assert ended == [True]
        assert all(gate.is_closed for gate in ALL_GATES)
    finally:
        signal.signal(number, before)
        for gate in ALL_GATES:
            gate.open()


def test_under_nohup_the_end_of_the_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals(lambda: pytest.fail("it stops")):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

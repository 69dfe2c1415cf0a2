"""A signal to stop ends a reading, so that it cannot keep the process."""

import signal

from newsletter.cli.delivery import stopped_by_signals
from newsletter.documents.sandbox import ALL_GATES


def test_a_signal_to_stop_ends_what_is_read_and_begins_none() -> None:
    ended = []
    try:
        with stopped_by_signals(lambda: ended.append(True)):
            signal.raise_signal(signal.SIGTERM)
            assert ended == [True]
        assert all(gate.is_closed for gate in ALL_GATES)
    finally:
        for gate in ALL_GATES:
            gate.open()

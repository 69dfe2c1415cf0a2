"""A signal to stop ends a reading, so that it cannot keep the process."""

import signal
from pathlib import Path

import pytest

from newsletter.cli.delivery import stopped_by_signals, work
from newsletter.cli.workspace.setup import make_workspace
from newsletter.documents.sandbox import ALL_GATES
from newsletter.runtime.services import open_workspace
from newsletter.web.server import WebServer
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


class _StoppedAtOnce(WebServer):
    """A server whose first reader ends the process."""

    def __enter__(self) -> WebServer:
        server = super().__enter__()
        signal.raise_signal(signal.SIGTERM)
        return server


def test_who_has_an_answer_can_stop_the_process_which_ends_as_it_should(tmp_path: Path) -> None:
    make_workspace(tmp_path, {})
    try:
        with open_workspace(tmp_path, {}) as services:
            server = _StoppedAtOnce(services, host="127.0.0.1", port=0)
            assert work(services, until_idle=False, server=server) == 0
    finally:
        for gate in ALL_GATES:
            gate.open()

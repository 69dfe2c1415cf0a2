"""A sandbox reads the texts of strangers: it is cut off, and takes nothing with it."""

import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.documents.sandbox import CutOff, Gate, MachineBusy, ask, end, find_escapes, serve
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, FetchedFeed, Item
from newsletter.sources.feeds.readers import Page, SandboxReader
from newsletter.sources.feeds.reading import read_page
from tests.fakes import NOON
from tests.unit.sources import strangers

STRANGERS = f"{strangers.__name__}:handle"
A_FEED = f"{strangers.__name__}:read_page"
RSS = b"<rss><channel><item><title>A</title><guid>1</guid></item></channel></rss>"


def page(body: bytes) -> Page:
    return Page(status=200, headers={}, body=body, url="https://forum.example/feed")


@pytest.mark.slow("starts a process")
def test_what_was_read_comes_back() -> None:
    said = {"read": "back", "body": "é\n{".encode()}
    assert ask(STRANGERS, said) == [{"read": "back"}, "é\n{"]


def test_what_comes_back_is_what_was_asked_for_or_nothing() -> None:
    [item] = ask(A_FEED, {}, answer=FetchedFeed)[0].items
    assert item.published == strangers.A_TIME
    with pytest.raises(CutOff, match="what came back is no answer") as cut:
        ask(STRANGERS, {"read": "back"}, answer=FetchedFeed)
    assert cut.value.read == []


def test_half_a_character_comes_back_as_a_question_mark() -> None:
    [_, text] = ask(STRANGERS, {"read": "back", "body": b"\xed\xa0\x80"})
    assert text == "?"


@pytest.mark.slow("starts a process")
def test_what_takes_for_ever_is_cut_off_and_what_was_read_before_is_kept() -> None:
    with pytest.raises(CutOff, match="could not be read within 30 s") as cut:
        ask(STRANGERS, {"read": "endless"})
    assert cut.value.read == ["begun"]


@pytest.mark.slow("starts a process")
def test_what_sleeps_and_hears_no_alarm_is_ended_and_is_not_the_texts_fault() -> None:
    with pytest.raises(MachineBusy, match="too busy") as cut:
        ask(STRANGERS, {"read": "sleep"}, timeout=timedelta(seconds=0.1))
    assert not any(map(_lives, cut.value.read))


@pytest.mark.slow("starts a process")
def test_what_a_sandbox_must_not_do_it_cannot_do_here(tmp_path: Path) -> None:
    assert find_escapes(str(tmp_path)) == []


@pytest.mark.slow("starts a process")
def test_what_takes_too_much_memory_is_cut_off() -> None:
    with pytest.raises(CutOff, match="memory"):
        ask(STRANGERS, {"read": "memory"})


@pytest.mark.slow("starts a process")
def test_a_process_apart_knows_nothing_of_ours_and_what_it_prints_is_no_answer() -> None:
    [names, modules] = ask(STRANGERS, {"read": "surroundings"})
    assert set(names) <= {"PYTHONPATH", "LC_CTYPE"}  # the interpreter itself may set the second
    assert modules == []


def test_where_no_process_can_be_started_it_is_said() -> None:
    with pytest.raises(CutOff):
        ask("newsletter.no.such.module:read", {})


@pytest.mark.slow("starts processes")
def test_it_ends_with_its_parent() -> None:
    program = f"""
import threading, time
from newsletter.documents.sandbox import DOCUMENT_GATE, ask
threading.Thread(target=ask, args=({STRANGERS!r}, {{"read": "sleep"}})).start()
while not DOCUMENT_GATE.processes:
    time.sleep(0.01)
print(*(process.pid for process in DOCUMENT_GATE.processes), flush=True)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program], env={"PYTHONPATH": _path()}, stdout=subprocess.PIPE
    )
    with parent:
        try:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
        finally:
            parent.kill()
    try:
        assert _comes(lambda: not _lives(child))
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _path() -> str:
    return os.pathsep.join(filter(None, sys.path))


def _comes(look: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.02)
    return False


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


_HARMLESS = {"start a thread": "'started'"}


@pytest.mark.slow("starts processes")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no Landlock and seccomp")
def test_what_took_over_the_process_reaches_no_file_network_or_other_process(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    key = tmp_path / "var" / "keys" / "signing"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"secret")
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        subprocess.Popen(["/bin/sleep", "60"]) as sibling,
    ):
        task = {"read": "attack", "key": str(key), "parent": os.getpid()}
        task |= {"sibling": sibling.pid, "port": listening.getsockname()[1]}
        came = dict(ask(STRANGERS, task))
        alive = sibling.poll() is None
        sibling.kill()

    assert alive
    assert len(came) == len(strangers.ATTEMPTS)
    for attempt, what in came.items():
        with subtests.test(attempt):
            assert what == _HARMLESS.get(attempt, what)
            assert what in {"PermissionError", "ValueError", "'started'"}
    assert [*key.parent.iterdir()] == [key]
    assert key.read_bytes() == b"secret"


@pytest.mark.slow("gives back 64 MB")
def test_no_more_is_taken_back_than_may_be_held() -> None:
    with pytest.raises(CutOff, match="memory"):
        ask(STRANGERS, {"read": "flood"})


@pytest.mark.slow("starts processes")
def test_a_child_that_is_left_behind_ends_too() -> None:
    # as where the kernel has no seccomp: a plain program that leaves a child behind
    program = "import os, time; os.fork() or time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program], process_group=0) as process:
        process.wait()
        end(process)
    assert _comes(lambda: not _group_lives(process.pid))


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_more_than_may_wait_are_refused_at_once() -> None:
    gate = Gate(max_running=1, max_waiting=0)
    with gate.slot(), pytest.raises(MachineBusy, match="too much else is being read"), gate.slot():
        pass
    with gate.slot():
        pass


def test_nobody_waits_for_a_turn_for_ever() -> None:
    gate = Gate(max_running=1, max_waiting=1, patience=timedelta(milliseconds=20))
    with gate.slot(), pytest.raises(MachineBusy, match="too much else is being read"), gate.slot():
        pass


def test_what_waits_runs_once_there_is_room() -> None:
    gate, order = Gate(max_running=1, max_waiting=1), []

    def second() -> None:
        with gate.slot():
            order.append("second")

    thread = threading.Thread(target=second)
    with gate.slot():
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.slow("starts a process")
def test_closing_ends_what_runs_and_refuses_what_waits_and_comes() -> None:
    gate, came = Gate(max_running=1, max_waiting=1), []

    def read() -> None:
        try:
            ask(STRANGERS, {"read": "sleep"}, gate=gate)
        except MachineBusy as error:
            came.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert _comes(lambda: bool(gate.processes))
    gate.close()
    read()
    for thread in threads:
        thread.join()
    assert came == ["newsletter is about to end"] * 3
    gate.open()
    with gate.slot():
        pass


@pytest.mark.slow("starts a process")
def test_a_feed_is_read_alike_here_and_apart() -> None:
    here = SandboxReader(ask=strangers.ask_here)
    listed = here.feed(page(RSS))
    assert SandboxReader().feed(page(RSS)) == listed
    [text] = SandboxReader().compose(listed.items, zone="UTC", now=NOON)
    assert isinstance(text, InvalidInput)
    assert str(text) == str(here.compose(listed.items, zone="UTC", now=NOON)[0])


@pytest.mark.slow("starts a process")
def test_a_feed_that_is_none_is_refused_apart_with_the_words_of_here() -> None:
    with pytest.raises(FeedUnreadable, match="XML of another kind"):
        SandboxReader().feed(page(b"<other/>"))


@pytest.mark.slow("starts a process")
def test_a_text_that_takes_for_ever_is_left_out_and_spoils_no_other() -> None:
    items = [
        Item(id=name, title=f"On {name}", content=content, markup=False, link=f"https://x/{name}")
        for name, content in (("a", "It is new."), ("b", "endless"), ("c", "So is this."))
    ]
    reader = SandboxReader(module=strangers.__name__)
    first, second, third = reader.compose(items, zone="UTC", now=NOON)
    assert isinstance(first, ExtractedStatement)
    assert isinstance(third, ExtractedStatement)
    assert (first.body, third.body) == ("It is new.", "So is this.")
    assert isinstance(second, InvalidInput)
    assert "within 30 s" in str(second)


def test_each_thing_is_written_down_as_soon_as_it_is_read() -> None:
    sink = io.BytesIO()
    arguments = {"page": page(b'{"no": 1}')}
    serve(read_page, io.BytesIO(pickle.dumps(arguments)), sink)
    assert b'"message": "it is JSON and no JSON Feed' in sink.getvalue()

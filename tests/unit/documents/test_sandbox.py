"""What strangers wrote is read in a sandbox: it is cut off, and takes nothing with it."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.documents.sandbox import CutOff, ask, serve
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.feed import ExtractedStatement, FeedUnreadable, Item
from newsletter.sources.feeds.fetching import Page
from newsletter.sources.feeds.readers import Listed, SandboxReader
from newsletter.sources.feeds.reading import DirectReader, handle
from tests.fakes import NOON
from tests.unit.sources import strangers

STRANGERS = strangers.__name__
RSS = b"<rss><channel><item><title>A</title><guid>1</guid></item></channel></rss>"


def page(body: bytes) -> Page:
    return Page(status=200, headers={}, body=body, url="https://forum.example/feed")


@pytest.mark.slow("starts a process")
def test_what_was_read_comes_back() -> None:
    assert ask(STRANGERS, {"read": "back"}, "é\n{".encode()) == [{"read": "back"}, "é\n{"]


def test_what_comes_back_is_what_was_asked_for_or_nothing() -> None:
    assert ask(STRANGERS, {"read": "feed"}, answer=Listed)[0].latest == datetime(
        2026, 11, 24, tzinfo=UTC
    )
    with pytest.raises(CutOff, match="what came back is no answer") as cut:
        ask(STRANGERS, {"read": "back"}, b"text", answer=Listed)
    assert cut.value.read == []


def test_half_a_character_comes_back_as_a_question_mark() -> None:
    [_, text] = ask(STRANGERS, {"read": "back"}, b"\xed\xa0\x80")
    assert text == "?"


@pytest.mark.slow("starts a process")
def test_what_takes_for_ever_is_cut_off_and_what_was_read_before_is_kept() -> None:
    with pytest.raises(CutOff, match="could not be read within 30 s") as cut:
        ask(STRANGERS, {"read": "endless"})
    assert cut.value.read == ["begun"]


def test_nobody_waits_longer_than_was_said() -> None:
    with pytest.raises(CutOff, match=r"could not be read within 0\.01 s"):
        ask(STRANGERS, {"read": "back"}, within=timedelta(seconds=0.01))


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
        ask("newsletter.no.such.module", {})


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    told = f"ask({STRANGERS!r}, {{'read': 'orphaned', 'pid': {str(pid)!r}}})"
    program = f"from newsletter.documents.sandbox import ask; {told}"
    parent = subprocess.Popen([sys.executable, "-c", program], env={"PYTHONPATH": _path()})
    with parent:
        try:
            assert _comes(lambda: pid.exists() and pid.read_text("utf-8").endswith("\n"))
        finally:
            parent.kill()
    child = int(pid.read_text("utf-8"))
    try:
        assert _comes(lambda: not _lives(child))
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _path() -> str:
    return os.pathsep.join(filter(None, sys.path))


def _comes(look: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
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


# --- feeds


@pytest.mark.slow("starts a process")
def test_a_feed_is_read_alike_here_and_apart() -> None:
    apart, here = SandboxReader().feed(page(RSS)), DirectReader().feed(page(RSS))
    assert apart == here
    [item] = here.items
    [text] = SandboxReader().compose([item], zone="UTC", now=NOON)
    assert isinstance(text, InvalidInput)
    assert str(text) == str(DirectReader().compose([item], zone="UTC", now=NOON)[0])


@pytest.mark.slow("starts a process")
def test_an_answer_that_is_the_same_as_before_starts_no_process() -> None:
    reader = SandboxReader(module=STRANGERS)
    first = reader.feed(page(b"1")).remark
    assert reader.feed(page(b"1")).remark == first
    assert reader.feed(page(b"2")).remark != first


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
    reader = SandboxReader(module=STRANGERS)
    first, second, third = reader.compose(items, zone="UTC", now=NOON)
    assert isinstance(first, ExtractedStatement)
    assert isinstance(third, ExtractedStatement)
    assert (first.body, third.body) == ("It is new.", "So is this.")
    assert isinstance(second, InvalidInput)
    assert "within 30 s" in str(second)


# --- the process, within this one


def test_each_thing_is_written_down_as_soon_as_it_is_read() -> None:
    sink = io.BytesIO()
    source = io.BytesIO(b'{"read": "feed", "headers": {}, "url": "https://x/"}\n{"no": 1}')
    serve(handle, source, sink)
    assert b'"message": "it is JSON and no JSON Feed' in sink.getvalue()


def test_nobody_gets_back_more_than_may_be_held() -> None:
    with pytest.raises(MemoryError):
        serve(lambda _said, _body: ["x" * 20], io.BytesIO(b"{}\n"), io.BytesIO(), largest=10)

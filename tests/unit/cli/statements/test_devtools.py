"""Chromium over two pipes: what becomes of one that is missing, broken, silent or slow."""

import os
import time
from pathlib import Path

import pytest

from newsletter.cli.statements.screenshots import BrowserFailed, is_program, started
from tests.rows import rows

ANSWER = """
import json, os
read = b""
while chunk := os.read(3, 65536):
    read += chunk
    while b"\\0" in read:
        raw, _, read = read.partition(b"\\0")
        call = json.loads(raw)
        answer = {"id": call["id"], "result": {"said": call}}
        if call["method"] == "Wrong":
            answer = {"id": call["id"], "error": {"message": "no such method"}}
        for message in ({"method": "Something.happened"}, answer):
            for byte in (json.dumps(message).encode() + b"\\0").split(b" "):
                os.write(4, byte + b" " if byte[-1:] != b"\\0" else byte)
"""


def program(folder: Path, script: str) -> str:
    """A browser that is a shell script, called with the arguments that Chromium gets."""
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def answering(tmp_path: Path) -> str:
    (tmp_path / "answer.py").write_text(ANSWER)
    return program(tmp_path, f'echo "$@" > {tmp_path}/seen\nexec python3 {tmp_path}/answer.py')


@pytest.mark.slow("starts a process")
def test_a_call_gets_its_own_answer_whatever_happens_meanwhile(answering: str) -> None:
    with started(answering, hosts=(), seconds=30) as browser:
        for number in (1, 2):
            said = browser.call("Page.enable", "a session", depth=number)["said"]
            assert said["params"] == {"depth": number}
            assert said["sessionId"] == "a session"
        assert "sessionId" not in browser.call("Browser.getVersion")["said"]
        big = "x" * 3_000_000
        assert browser.call("Page.setDocumentContent", html=big)["said"]["params"]["html"] == big


@pytest.mark.slow("starts a process")
def test_a_refusal_is_told_in_the_browsers_words(answering: str) -> None:
    with (
        started(answering, hosts=(), seconds=30) as browser,
        pytest.raises(BrowserFailed, match="Wrong: no such method"),
    ):
        browser.call("Wrong")


@pytest.mark.slow("starts a process")
def test_it_can_reach_only_the_hosts_that_it_was_given(answering: str, tmp_path: Path) -> None:
    for hosts, rule in (
        ((), "--host-resolver-rules=MAP * ~NOTFOUND about:blank"),
        (("a.example", "b.example:8443"), "MAP * ~NOTFOUND, EXCLUDE a.example, EXCLUDE b.example"),
    ):
        with started(answering, hosts=hosts, seconds=30) as browser:
            browser.call("Browser.getVersion")
        seen = (tmp_path / "seen").read_text().replace(" --no-sandbox", "")
        assert rule in seen
        assert "--headless --remote-debugging-pipe" in seen


@pytest.mark.slow("starts a process")
@rows("script", ["exit 0", "exec 3<&- 4>&-; sleep 60", "kill -9 $$"])
def test_one_that_ends_at_once_is_no_hang_and_no_traceback(tmp_path: Path, script: str) -> None:
    with (
        started(program(tmp_path, script), hosts=(), seconds=30) as browser,
        pytest.raises(BrowserFailed, match="the browser ended"),
    ):
        browser.call("Browser.getVersion")


@pytest.mark.slow("starts a process")
def test_one_that_is_silent_is_given_up_and_ended_with_all_it_started(tmp_path: Path) -> None:
    silent = program(tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; trap '' TERM; wait; wait")
    with (
        started(silent, hosts=(), seconds=1) as browser,
        pytest.raises(BrowserFailed, match="it took too long"),
    ):
        browser.call("Browser.getVersion")
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 60  # only a wait: it ends as soon as the child has
    while time.monotonic() < deadline and alive(child):
        time.sleep(0.05)
    assert not alive(child)


def alive(number: int) -> bool:
    """Whether there is such a process, and it is not only waiting to be buried."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{number}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.slow("starts a process")
def test_a_program_that_reads_nothing_cannot_hold_a_long_message_up(tmp_path: Path) -> None:
    deaf = program(tmp_path, "sleep 300")
    with (
        started(deaf, hosts=(), seconds=1) as browser,
        pytest.raises(BrowserFailed, match="it took too long"),
    ):
        browser.call("Page.setDocumentContent", html="x" * 3_000_000)


def test_only_a_file_that_may_be_started_is_a_program(tmp_path: Path) -> None:
    assert is_program(Path(program(tmp_path, "exit 0")))
    (tmp_path / "plain").write_text("x")
    assert not is_program(tmp_path / "plain")
    assert not is_program(tmp_path)
    assert not is_program(tmp_path / "none")

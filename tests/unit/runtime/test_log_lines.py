"""The input of strangers can neither forge a line of the log nor fill the disk with it."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from newsletter.runtime.log_lines import JsonFormatter, LineFormatter, RateFilter, limited
from tests.pages import forum
from tests.rows import rows


def written(message: str, *values: object, **more: object) -> str:
    record = logging.LogRecord("newsletter.web", logging.INFO, "", 1, message, values, None)
    record.created = 1_764_000_000.5
    vars(record).update(more)
    return LineFormatter().format(record)


@rows(
    ("text", "shown"),
    [
        ("plain, naïve, наше, لينا", "plain, naïve, наше, لينا"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("a\n2026-11-29 INFO all is well", "a\\n2026-11-29 INFO all is well"),
        ("a\r\x00\x9b\u2028b", "a\\r\\x00\\x9b\\u2028b"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("\ud800", "\\ud800"),
        ("x" * 5_000, "x" * 1_950 + "…"),
    ],
)
def test_a_line_is_one_and_can_be_printed(text: str, shown: str) -> None:
    line = written("refused: %s", text)
    assert line.startswith("2025-11-24T16:00:00+00:00 INFO refused: ")
    assert shown.removesuffix("…") in line
    assert line.isprintable()
    assert len(line) < 2_050


def test_a_traceback_forges_no_line_either() -> None:
    try:
        raise ValueError("no\n2026-11-29 INFO all is well\x1b[2J" + "\nx" * 500)
    except ValueError:
        lines = written("unexpected", exc_info=sys.exc_info()).split("\n")
    assert len(lines) <= 61
    assert all(line.startswith("    ") and line.isprintable() for line in lines[1:])


@contextmanager
def log(now: list[float]) -> Iterator[StringIO]:
    """Return the lines of the log, on a clock that is the first of a list."""
    out, logger = StringIO(), logging.getLogger("newsletter")
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter())
    handler.addFilter(RateFilter(lambda: now[0]))
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield out
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def test_of_lines_that_strangers_cause_some_are_written_and_the_others_counted() -> None:
    now = [0.0]
    logger = logging.getLogger("newsletter.web")
    with log(now) as out:
        for number in range(500):
            logger.warning("refused: %s", number, extra=limited("refused"))
            logger.warning("ours")
        logger.warning("another", extra=limited("another"))
        now[0] = 61.0
        logger.warning("refused: %s", "again", extra=limited("refused"))
        logger.warning("refused: %s", "once more", extra=limited("refused"))
        now[0] = 130.0
        logger.warning("refused: %s", "later", extra=limited("refused"))
    lines = [line.partition("WARNING ")[2] for line in out.getvalue().splitlines()]
    assert lines.count("ours") == 500
    assert [line for line in lines if line != "ours"] == [
        *(f"refused: {number}" for number in range(10)),
        "another",
        "refused: again (and 490 like it before)",
        "refused: once more",
        "refused: later",
    ]


def test_what_a_server_of_others_says_of_requests_is_bounded_too() -> None:
    sparing_filter = RateFilter(lambda: 0.0)
    for name in ("uvicorn.error", "asyncio"):
        said = [
            sparing_filter.filter(
                logging.LogRecord(name, logging.WARNING, "", 1, f"odd {number}", None, None)
            )
            for number in range(50)
        ]
        assert said.count(True) == 10


@pytest.mark.parametrize("path", ["/webhooks/postmark", "/desk/sign-in", "/subscribe"])
def test_no_post_of_strangers_writes_a_line_each(tmp_path: Path, migrated: Path, path: str) -> None:
    heard = {"kind": "postmark", "server_token": "x", "webhook_key": "user:password"}
    with forum(tmp_path, database=migrated, provider=heard) as site, log([0.0]) as out:
        shown = re.search(r'name="wording" value="([^"]+)"', site.get("/subscribe").text)
        assert shown
        for number in range(15):
            form = {"email": f"a{number}@readers.org", "list": "press", "wording": shown[1]}
            site.post(path, form, headers={"Sec-Fetch-Site": "cross-site"}, client="")
    assert len(out.getvalue().splitlines()) == 10


def test_a_line_may_be_a_json_object_with_its_values_as_fields() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        raised = sys.exc_info()
    values = (3, "\x1b[2J", "x" * 5_000, "")
    record = logging.LogRecord(
        "newsletter.run", logging.INFO, "", 1, "done campaign=%d by=%s level=%s%s", values, raised
    )
    written = JsonFormatter().format(record)
    assert written.isascii()
    assert "\n" not in written
    fields = json.loads(written)
    assert (fields["campaign"], fields["by"], fields["level"]) == (3, "\\x1b[2J", "INFO")
    assert fields["message"].startswith("done campaign=3 by=\\x1b[2J level=xxx")
    assert fields["traceback"].endswith("    ValueError: a\n    b")
    plain = logging.LogRecord("newsletter.run", logging.INFO, "", 1, "50% done", (), None)
    assert json.loads(JsonFormatter().format(plain))["message"] == "50% done"


@pytest.mark.slow("starts two commands")
def test_with_json_each_line_of_a_command_is_an_object(tmp_path: Path) -> None:
    code = "from newsletter.cli.main import run; import sys; sys.exit(run(sys.argv[1:]))"
    for arguments, level in ((["init", "."], "INFO"), (["init", "."], "ERROR")):
        command = [sys.executable, "-c", code, "--log", "json", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert {line["level"] for line in lines} == {level}
        assert len(lines) == 1

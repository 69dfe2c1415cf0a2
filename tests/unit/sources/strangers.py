"""A reader in a sandbox that does as it is told: it plays a text that nobody should read."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.documents import sandbox
from newsletter.sources.feeds.readers import Listed, item_of
from newsletter.sources.feeds.reading import DirectReader

Read = Callable[[Mapping[str, Any], bytes], Iterator[Any]]


def _compose(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    for item in map(item_of, json.loads(body)):
        if item.content == "endless":
            _never()
        now = datetime.fromisoformat(said["now"])
        yield from DirectReader().compose([item], zone=said["zone"], now=now)


def _feed(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield Listed(remark=str(os.getpid()), latest=datetime(2026, 11, 24, tzinfo=UTC))


def _endless(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield "begun"
    _never()


def _orphaned(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    Path(said["pid"]).write_text(f"{os.getpid()}\n", "utf-8")
    signal.pause()
    yield "never"


def _memory(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield len(b"x" * (2 * sandbox.MEMORY))


def _surroundings(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    print("nobody's answer")  # noqa: T201 - which must not be taken for one
    yield sorted(os.environ)  # noqa: TID251 - what it was given is the question
    yield [one for one in sys.modules if "sqlalchemy" in one]


def _back(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    yield from (said, body.decode("utf-8", "surrogatepass"))


def _never() -> None:
    """Its time is over soon, and it works in C and in one piece, as a steep pattern does."""
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    sum(range(1 << 62))


READS: Mapping[str, Read] = {
    name.__name__[1:]: name
    for name in (_compose, _feed, _endless, _orphaned, _memory, _surroundings, _back)
}


def handle(said: Mapping[str, Any], body: bytes) -> Iterator[Any]:
    """``read`` names what to do."""
    return READS[said["read"]](said, body)


if __name__ == "__main__":
    sandbox.work(handle)

"""Node, for what runs in a browser but needs none to be tested."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from newsletter.config import environment

BROWSER = Path(__file__).parents[1] / "newsletter/web/browser"


def node() -> str:
    """Its path. Skips where it, or what npm installs, is missing, but fails in CI."""
    found = shutil.which("node")
    if found and (BROWSER / "node_modules/prosemirror-model").is_dir():
        return found
    missing = "node and what it needs are not installed (make setup)"
    if environment().get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Answering:
    """A script that answers each line of JSON with one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, question: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def answering(script: str) -> Iterator[Answering]:
    """Keep a script of ``newsletter/web/browser/test`` running for the length of a block."""
    with subprocess.Popen(
        [node(), BROWSER / "test" / script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Answering(process)
        finally:
            process.kill()

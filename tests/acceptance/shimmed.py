"""A process with the whole program and a preloaded library, of which each run is a fork."""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.acceptance.launching import command

_COMMAND = ("run", "--until-idle")
_SECONDS = 200
"""How long a run may take before it is killed."""


class Shimmed:
    """Runs that a preloaded library watches, one at a time. Importing the program happens once."""

    def __init__(self, library: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.shimmed"],
            env={**environment, "LD_PRELOAD": str(library)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, **settings: object) -> int:
        """Send in a workspace, with settings of the library. Return the exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {name: str(value) for name, value in settings.items()}
        self._process.stdin.write(json.dumps([str(folder), told]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _main() -> None:
    from tests.acceptance import everything

    assert everything
    for line in sys.stdin:
        folder, told = json.loads(line)
        child = os.fork()
        if not child:
            os.chdir(folder)
            os.environ.update(told)  # noqa: TID251 - for the library
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)
            os.dup2(1, 2)
            signal.alarm(_SECONDS)
            ctypes.CDLL(None).disk_begin()
            command(_COMMAND)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main()

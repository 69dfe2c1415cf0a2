"""Starts ``python -m newsletter`` as a process of its own, quickly.

Importing the program takes longer than most commands. So one process imports it once, and each
command is a fork of that one: its own process, environment, working directory and exit code.
"""

import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["__main__", "tests.acceptance.everything"])


_TURN = threading.Lock()
"""Starting a process asks after all others, and the one answer there is goes to who asks first."""


def command(arguments: Sequence[str]) -> None:
    """``python -m newsletter``."""
    sys.argv = ["newsletter", *arguments]
    runpy.run_module("newsletter", run_name="__main__", alter_sys=True)


def from_scratch(arguments: Sequence[str]) -> None:
    """The same in a process that has loaded nothing yet: preloaded code takes effect."""
    os.execv(sys.executable, [sys.executable, "-m", "newsletter", *arguments])  # noqa: S606 - ours


def preloaded(source: str, folder: Path) -> Path:
    """Compile a library that a process can preload, from a file beside this one."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler, or no Linux")
    library = folder / Path(source).with_suffix(".so").name
    path = Path(__file__).with_name(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, path, "-ldl"], check=True)
    return library


def launch(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    stdout: Path,
    stderr: Path,
    program: Callable[[Sequence[str]], None] = command,
) -> ForkServerProcess:
    """Start the program in ``folder``; what it writes goes into the two files."""
    process = _CONTEXT.Process(
        target=_run, args=(program, list(arguments), str(folder), dict(environment), stdout, stderr)
    )
    with _TURN:
        process.start()
    return process


def ended(process: ForkServerProcess, seconds: float) -> bool:
    """Wait for its end, for so long; tells whether it came."""
    end = time.monotonic() + seconds
    while True:
        with _TURN:
            if not process.is_alive():
                return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.005)


def _run(
    program: Callable[[Sequence[str]], None],
    arguments: list[str],
    folder: str,
    environment: dict[str, str],
    stdout: Path,
    stderr: Path,
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251 - what the process before us had is not for the program
    os.environ.update(environment)  # noqa: TID251
    for number, target in ((1, stdout), (2, stderr)):
        with target.open("ab") as file:
            os.dup2(file.fileno(), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    program(arguments)

"""Runs a command of the program within this process and returns its output and exit code.

A process of its own costs more than most commands do. ``launching`` starts one where the process
is the point: to be killed, stopped, raced or to serve.
"""

import io
import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from newsletter.cli.main import run

_ALONE = threading.Lock()
"""Folder, environment and streams belong to the whole process: one command at a time."""


def call(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command run in ``folder``."""
    out, err = _stream(), _stream()
    with ExitStack() as stack:
        stack.enter_context(_ALONE)
        stack.enter_context(_within(folder))
        stack.enter_context(_told_by(environment))
        stack.enter_context(_logging_afresh())
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        code = run(list(arguments))
    return code, _text(out), _text(err)


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    written: bytes = stream.buffer.getvalue()  # type: ignore[attr-defined] # a BytesIO, see above
    return written.decode("utf-8")


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _told_by(environment: Mapping[str, str]) -> Iterator[None]:
    """Keep the environment of this process from the program."""
    before = dict(os.environ)  # noqa: TID251 - as a shell does for a process
    os.environ.clear()  # noqa: TID251
    os.environ.update(environment)  # noqa: TID251
    try:
        yield
    finally:
        os.environ.clear()  # noqa: TID251
        os.environ.update(before)  # noqa: TID251


@contextmanager
def _logging_afresh() -> Iterator[None]:
    """A process begins without handlers, and what this one adds is gone with it."""
    root, own = logging.getLogger(), logging.getLogger("newsletter")
    handlers, levels = root.handlers[:], (root.level, own.level)
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(levels[0])
        own.setLevel(levels[1])

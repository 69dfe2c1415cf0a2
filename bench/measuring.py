"""The notes of a measured process about itself, and how its parent receives them."""

import json
import os
import platform
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


def circumstances(*more: str) -> str:
    """When and on what something was measured, on one line: figures mean nothing without it."""
    return "; ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}",
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            f"{platform.machine()}, {platform.system()}",
            f"Python {platform.python_version()}",
            f"SQLite {sqlite3.sqlite_version}, synchronous = FULL",
            *more,
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of work: seconds on the wall, and seconds of CPU of this process."""

    seconds: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The notes of one process: its phases by name, and its peak memory in bytes."""

    phases: dict[str, Phase]
    peak: int


class Stopwatch:
    """Runs only inside its blocks, so that reading the input is not counted."""

    def __init__(self) -> None:
        self._seconds = self._cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens in the block."""
        seconds, cpu = time.perf_counter(), time.process_time()
        yield
        self._seconds += time.perf_counter() - seconds
        self._cpu += time.process_time() - cpu

    def phase(self) -> Phase:
        """All blocks together."""
        return Phase(seconds=self._seconds, cpu=self._cpu)


def peak_memory() -> int:
    """The most memory this process held at once, in bytes.

    Linux hands ``ru_maxrss`` on across exec, so a small child of a large parent would seem large;
    VmHWM begins again.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def hand_in(phases: dict[str, Phase]) -> None:
    """Print the measurement as the last line on standard output."""
    print(json.dumps(asdict(Measured(phases=phases, peak=peak_memory()))))


def read(output: str) -> Measured:
    """The other end of ``hand_in``."""
    handed = json.loads(output.strip().splitlines()[-1])
    phases = {name: Phase(**phase) for name, phase in handed["phases"].items()}
    return Measured(phases=phases, peak=handed["peak"])

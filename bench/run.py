"""Runs all contenders in turn against the same sink, each in a process of its own, and compares."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import measuring, product
from bench.measuring import Measured
from bench.sink import ROOT, Program, Sink, sink

_PATIENCE = 1_800  # seconds, for one process
OURS = {"product, hand over": "hand over", "product, end to end": "end to end"}
ANYMAIL, BARE = "django-anymail", "bare requests"
_MODES = {ANYMAIL: "anymail", BARE: "bare"}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The figures of one run, and the bytes that the sink received."""

    measured: Measured
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """One contender at one size, measured one or more times."""

    name: str
    phase: str
    recipients: int
    runs: Sequence[Measured]
    bytes: int
    """Of all bodies of one run."""

    @property
    def rate(self) -> float:
        """Messages a second: the median of the runs."""
        return median(self.recipients / run.phases[self.phase].seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        """Microseconds of CPU a message, of the sending process: the median."""
        return median(run.phases[self.phase].cpu * 1e6 / self.recipients for run in self.runs)

    @property
    def peak(self) -> float:
        """Peak memory in MB (a million bytes): the median."""
        return median(run.peak / 1e6 for run in self.runs)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """All series at one size."""

    ours: list[Series]
    others: list[Series]


class Bench:
    """Everything for one size, in one folder."""

    def __init__(self, folder: Path, program: Program, recipients: int) -> None:
        self._folder = folder
        self._program = program
        self._recipients = recipients
        self._workspace = folder / "workspace"
        self._calls = folder / "calls"

    def compare(self, runs: int, peers: Sequence[str] = (ANYMAIL, BARE)) -> Compared:
        """Prepare, then measure the product and these peers so many times, taking turns."""
        self._calls.mkdir(parents=True)
        _child("bench.product", "prepare", str(self._workspace), str(self._recipients))
        self._product(keep=self._calls)
        rounds = [
            {"product": self._product()} | {name: self._again(_MODES[name]) for name in peers}
            for _ in range(runs)
        ]
        ours = [self._series(name, phase, "product", rounds) for name, phase in OURS.items()]
        others = [self._series(name, "hand over", name, rounds) for name in peers]
        return Compared(ours=ours, others=others)

    def _series(
        self, name: str, phase: str, contender: str, rounds: list[dict[str, Counted]]
    ) -> Series:
        return Series(
            name=name,
            phase=phase,
            recipients=self._recipients,
            runs=[one[contender].measured for one in rounds],
            bytes=rounds[0][contender].bytes,
        )

    def _product(self, keep: Path | None = None) -> Counted:
        workspace = self._folder / "run"
        shutil.copytree(self._workspace, workspace)
        try:
            with sink(self._program, keep=keep) as target:
                environ = {product.SINK_URL: target.url}
                measured = _child("bench.product", "run", str(workspace), environ=environ)
                return self._checked("the product", measured, target)
        finally:
            shutil.rmtree(workspace)

    def _again(self, contender: str) -> Counted:
        with sink(self._program) as target:
            measured = _child("bench.others", contender, target.url, str(self._calls))
            return self._checked(contender, measured, target)

    def _checked(self, contender: str, output: str, target: Sink) -> Counted:
        check(contender, target.recipients(), self._recipients)
        return Counted(measured=measuring.read(output), bytes=target.figures()["bytes"])


def check(contender: str, got: list[str], recipients: int) -> None:
    """Nothing counts unless every reader got it exactly once. Raises SystemExit."""
    if sorted(got) != [product.address(number) for number in range(recipients)]:
        raise SystemExit(
            f"{contender} reached {len(got)} recipients, {len(set(got))} of them different;"
            f" it should have reached all {recipients} readers, each once"
        )


def _child(module: str, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """Run a module to its end; returns what it said on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE,
        check=True,
    )
    return done.stdout


_COLUMNS = ("recipients", "what", "messages/s", "CPU µs/message", "peak MB", "bytes/message", "n")


def figures(series: Sequence[Series]) -> str:
    """A row for each series."""
    return _table(
        _COLUMNS,
        [
            (
                f"{each.recipients:,}",
                each.name,
                f"{each.rate:,.0f}",
                f"{each.cpu:.2f}",
                f"{each.peak:.0f}",
                f"{each.bytes / each.recipients:.0f}",
                str(len(each.runs)),
            )
            for each in series
        ],
    )


def ratios(ours: Sequence[Series], others: Sequence[Series]) -> str:
    """How many times the rate of each other one each of ours reaches, at the same size."""
    return _table(
        ("recipients", *(f"{one.name} / {other.name}" for one in ours for other in others)),
        [
            (
                f"{ours[0].recipients:,}",
                *(f"{one.rate / other.rate:.2f}" for one in ours for other in others),
            )
        ],
    )


def growth(small: Sequence[Series], large: Sequence[Series]) -> str:
    """From the smallest to the largest size: CPU as a power of recipients, and MB of memory more.

    An exponent of 1 is a cost in proportion.
    """
    times = math.log(large[0].recipients / small[0].recipients)
    return _table(
        ("what", "recipients", "exponent of CPU", "MB more"),
        [
            (
                one.name,
                f"{one.recipients:,} to {other.recipients:,}",
                f"{1 + math.log(other.cpu / one.cpu) / times:.3f}",
                f"{other.peak - one.peak:.1f}",
            )
            for one, other in zip(small, large, strict=True)
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"

"""The figures as a table in Markdown, ratios first."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.measuring import Measured


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
        """Microseconds of CPU a message, of the process that hands over: the median."""
        return median(run.phases[self.phase].cpu * 1e6 / self.recipients for run in self.runs)

    @property
    def peak(self) -> float:
        """Peak memory in MB (a million bytes): the median."""
        return median(run.peak / 1e6 for run in self.runs)


_COLUMNS = ("recipients", "what", "messages/s", "CPU µs/message", "peak MB", "bytes/message", "n")


def figures(series: Sequence[Series]) -> str:
    """A row for each series."""
    return _table(
        _COLUMNS,
        [
            (
                f"{one.recipients:,}",
                one.name,
                f"{one.rate:,.0f}",
                f"{one.cpu:.2f}",
                f"{one.peak:.0f}",
                f"{one.bytes / one.recipients:.0f}",
                str(len(one.runs)),
            )
            for one in series
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


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"

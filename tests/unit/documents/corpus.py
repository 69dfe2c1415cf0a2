"""Statements in files, and what a person sees who reads them line by line.

``OURS`` lies in ``tests/corpus`` and is read in every run. ``PUBLISHED`` are releases that offices
sent out: they are not ours to give away, lie outside the checkout and are read by `make faults`.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

CORPUS = Path(__file__).parents[2] / "corpus"
SHARED = Path(__file__).parents[3] / ".." / "shared"


@dataclass(frozen=True)
class Expected:
    """The structure of one text: its blocks are ranges of lines, the title first."""

    path: str
    title: str
    date: str
    blocks: str


OURS, PUBLISHED = (
    {name: Expected(**given) for name, given in texts.items()}
    for texts in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8")).values()
)


def our_text(name: str) -> bytes:
    (found,) = CORPUS.glob(OURS[name].path)
    return found.read_bytes()


def shared(pattern: str) -> list[Path]:
    """Files of the shared corpus; a test that finds none is skipped and says so."""
    found = sorted(SHARED.glob(pattern))
    if not found:
        pytest.skip(f"the releases that offices published are not in {SHARED.resolve()}")
    return found


def published_text(name: str) -> bytes:
    (found,) = shared(PUBLISHED[name].path)
    return found.read_bytes()

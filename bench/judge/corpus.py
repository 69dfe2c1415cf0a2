"""The statements that are judged: our own examples, and a corpus beside the project."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from newsletter.documents.importing import import_file
from newsletter.domain.errors import InvalidInput
from newsletter.domain.statements.statement import Statement
from newsletter.sources.statements import Defaults, parse_statement
from newsletter.sources.writing import slugify

EXAMPLES = Path(__file__).parent / "statements"
BLOCKS = Path(__file__).parent / "blocks"
"""A statement for each block that plain Markdown has no mark for."""
_SHARED = Path(__file__).parents[2] / ".." / "shared"
_BESIDE = ("seed/statement.txt", "corpus/markdown", "corpus/text")
_KINDS = {".md", ".txt"}
_FRONT_MATTER = b"---"
_TODAY = date(2026, 1, 5)  # an import must not depend on the day it is made
_DEFAULTS = Defaults(lists=("press",), language="en", timezone="America/New_York")


def default_places() -> list[Path]:
    """Our own examples, and what is there of the corpus beside the project."""
    return [EXAMPLES, BLOCKS, *(place for name in _BESIDE if (place := _SHARED / name).exists())]


def statement_files(places: Iterable[Path]) -> list[Path]:
    """All files of statements at the places, each a file or a folder, in their order."""
    return [file for place in places for file in _files(place)]


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(file for file in place.iterdir() if file.suffix in _KINDS)
    else:
        yield place


def read_statement(file: Path) -> Statement:
    """A statement file as it is; anything else as ``newsletter statement import`` takes it.

    Raises InvalidInput or OSError.
    """
    data = file.read_bytes()
    if file.suffix == ".md" and data.startswith(_FRONT_MATTER):
        parsed = parse_statement(data, file=file.name, defaults=_DEFAULTS)
        if parsed.statement is None:
            raise InvalidInput(parsed.faults)
        return parsed.statement
    found = import_file(data, today=_TODAY, file=file.name)
    return Statement(
        slug=slugify(found.title),
        title=found.title,
        body=found.body,
        lists=_DEFAULTS.lists,
        language=_DEFAULTS.language,
        date=found.date,
        summary=found.summary,
        subject=found.subject,
        origin=file.name,
    )

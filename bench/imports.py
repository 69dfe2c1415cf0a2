"""What an import recognises in plain texts, as the table of docs/documents.md.

python -m bench.imports FOLDER_WITH_CORPUS_AND_SEED
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from newsletter.documents.plain_text import import_bytes
from newsletter.documents.release.imported import Dropped

_HEAD = "| text | title | date | paragraphs | left out | guessed, and said |"
_GUESSES = (
    ("was taken for the title", "the title"),
    ("were taken for one title", "the title"),
    ("in its dateline", "the date, from the dateline"),
    ("among the page's own data", "the date, from the page's data"),
    ("reads like a subhead", "the subhead"),
    ("for lists of other pages", "the end of the text"),
    ("A paragraph may begin", "where paragraphs begin"),
    ("Parted by a hyphen", "parted words"),
)
_TODAY = date(2026, 11, 24)
_TITLE = 44


def files(folder: Path) -> list[Path]:
    """The seed and the texts of the corpus below a folder."""
    return [*folder.glob("seed/statement.txt"), *sorted(folder.glob("corpus/text/*.txt"))]


def table(paths: Sequence[Path]) -> str:
    """A row for each text."""
    return "\n".join([_HEAD, re.sub(r"[^|]+", "---", _HEAD), *map(_row, paths)])


def _row(path: Path) -> str:
    document = import_bytes(path.read_bytes(), today=_TODAY)
    title = document.title
    cells = [
        "seed" if path.parent.name == "seed" else path.name[:2],
        title if len(title) <= _TITLE else title[:_TITLE].rsplit(" ", 1)[0] + " …",
        str(document.date),
        str(document.body.count("\n\n") + 1),
        "; ".join(_left_out(document.dropped)),
        "; ".join(_guessed(document.notes)),
    ]
    return f"| {' | '.join(cells)} |"


def _left_out(dropped: Sequence[Dropped]) -> Iterator[str]:
    counts = Counter(
        re.sub(r"^below '.*': |: a firm's.*", "", dropped_line.why) for dropped_line in dropped
    )
    for why, count in counts.items():
        yield why if count == 1 else f"{why} ({count})"


def _guessed(notes: Sequence[str]) -> Iterator[str]:
    for note in notes:
        known = [name for words, name in _GUESSES if words in note]
        yield known[0] if known else note


if __name__ == "__main__":
    print(table(files(Path(sys.argv[1]))))

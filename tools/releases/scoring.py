"""The import of a made-up file, compared with a careful person's reading."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from markdown_it import MarkdownIt

from newsletter.documents.importing import import_file
from newsletter.documents.release.imported import ImportedDocument
from newsletter.domain.errors import InvalidInput
from tools.releases.made import Made

TODAY = date(2026, 11, 24)
_LONG = 12
"""Letters: a shorter line of furniture counts only where it stands as a line."""


@dataclass(kw_only=True)
class Figures:
    """The right ones, of how many."""

    files: int = 0
    titles: int = 0
    dated: int = 0
    dates: int = 0
    prose: int = 0
    sentences: int = 0
    left_in: int = 0
    furniture: int = 0
    refused: int = 0
    embargoes: int = 0
    missed: int = 0
    """Embargoes that no remark names."""
    misses: list[str] = field(default_factory=list)

    def add(self, other: "Figures") -> None:
        """Count what another part counted."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def score(made: Made) -> Figures:
    """Import one file and count."""
    figures = Figures(files=1, embargoes=made.embargo)
    try:
        document = import_file(made.data, today=TODAY, file=made.file)
    except InvalidInput as error:
        figures.refused = 1
        figures.missed = made.embargo
        figures.misses.append(f"{made.seed} {made.shape}: refused: {error}")
        return figures
    _count(made, document, figures)
    return figures


def _count(made: Made, document: ImportedDocument, figures: Figures) -> None:
    def miss(text: str) -> None:
        figures.misses.append(f"{made.seed} {made.shape}: {text}")

    shown = _shown(document.body)
    whole = _letters(" ".join(shown))
    figures.titles = int(_letters(document.title) == _letters(made.title))
    if not figures.titles:
        miss(f"title {document.title!r}, not {made.title!r}")
    if made.on is not None:
        figures.dates, figures.dated = 1, int(document.date == made.on)
        if not figures.dated:
            miss(f"date {document.date}, not {made.on}")
    lost = [one for one in made.prose if _letters(one) not in whole]
    left = [one for one in made.furniture if _is_left(one, shown, made.prose)]
    figures.sentences, figures.prose = len(made.prose), len(made.prose) - len(lost)
    figures.furniture, figures.left_in = len(made.furniture), len(left)
    figures.missed = int(made.embargo and document.embargo is None)
    for text in (*(f"lost {one!r}" for one in lost), *(f"left in {one!r}" for one in left)):
        miss(text)
    if figures.missed:
        miss("embargo missed")


def _is_left(line: str, shown: list[str], prose: tuple[str, ...]) -> bool:
    """Return whether a furniture line is in the text, or in it more often than in its sentences."""
    letters = _letters(line)
    if not letters:
        return line in shown
    whole, said = _letters(" ".join(shown)), " ".join(map(_letters, prose))
    more = len(letters) >= _LONG and whole.count(letters) > said.count(letters)
    return more or letters in {_letters(one) for one in shown}


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _shown(markdown: str) -> list[str]:
    """The lines that a reader of the Markdown sees."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    out: list[str] = []
    for token in tokens:
        if token.type == "inline":
            text = "".join(
                "\n" if child.type in {"softbreak", "hardbreak"} else child.content
                for child in token.children or []
            )
            out += text.split("\n")
    return out

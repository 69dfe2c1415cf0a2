"""Find the embargo that a statement's own text imposes."""

from collections.abc import Iterator
from functools import lru_cache

from newsletter.documents.release.lines import Line, normalise
from newsletter.domain.statements.statement import Statement
from newsletter.rendering.markdown.greetings import GREETING
from newsletter.rendering.markdown.markdown import read_markdown

_HEAD_CHARS, _FOOT_CHARS = 6_000, 3_000
"""Characters that are read at the beginning and the end of a body."""
_EDGE_LINES = 12
"""Lines that are read at the beginning and the end."""
_WORD_TOKENS = {"text", "code_inline", GREETING}


def embargo_in(statement: Statement) -> str:
    """Return the words in which a statement mentions its embargo, or "".

    The words in the imported file come before those in the current text. Only the beginning and the
    end of a long text are read.
    """
    fields = (statement.title, statement.subject, statement.summary, statement.preview)
    return statement.embargo or _find_embargo(fields, statement.body, statement.language)


@lru_cache(maxsize=64)  # rendering, reviewing and each page ask it of the same text
def _find_embargo(fields: tuple[str, ...], body: str, language: str) -> str:
    from newsletter.documents.release.embargo import find_embargo, is_embargo  # takes 0.15 s

    for field in fields:
        if is_embargo(normalise(field)):
            return field
    parts = (body[:_HEAD_CHARS], body[_HEAD_CHARS:][-_FOOT_CHARS:])
    lines = [line for part in parts for line in _visible_lines(part, language)]
    found = find_embargo(lines[:_EDGE_LINES] + lines[_EDGE_LINES:][-_EDGE_LINES:], 0)
    return found.words if found else ""


def _visible_lines(markdown: str, language: str) -> Iterator[Line]:
    """Yield the visible words of each paragraph, heading, cell and code block."""
    for token in read_markdown(markdown, language):
        if token.type == "inline":
            words = "".join(
                child.content
                if child.type in _WORD_TOKENS
                else "\n" * (child.type == "hardbreak") or " "
                for child in token.children or ()
                if child.type in _WORD_TOKENS or child.type in {"hardbreak", "softbreak"}
            )
        else:
            words = token.content if token.type in {"fence", "code_block"} else ""
        for place, line in enumerate(words.splitlines()):
            text = normalise(line).strip()
            if text:
                yield Line(number=0, text=text, gap_above=place == 0)

"""What staff say to each other about a statement."""

from dataclasses import dataclass
from datetime import datetime

LONGEST = 2_000
"""Characters of a comment."""


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What one person said about a statement, as it stood then."""

    slug: str
    by: str
    """A folded address."""
    at: datetime
    words: str
    """Plain text."""
    content_hash: str = ""
    """Of the text that they saw."""


def said(typed: str) -> str:
    """A comment as it is kept. Raises ValueError, saying what to write, where it cannot be."""
    lines = (
        "".join(one if one.isprintable() else " " for one in line).rstrip()
        for line in typed.splitlines()
    )
    words = "\n".join(lines).strip()
    if not words:
        raise ValueError("Write a comment first")
    if len(words) > LONGEST:
        raise ValueError(
            f"Shorten the comment: it has {len(words):,} characters, and {LONGEST:,} are the most"
        )
    return words

"""What the archive is searched by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.domain.archive.search import Term


@dataclass(frozen=True, kw_only=True)
class Searchable:
    """The words of a statement that began to go out."""

    slug: str
    digest: str
    """Of the content that they were taken from."""
    language: str
    title: str
    text: str
    """What it says below its title, without markup."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A piece of text, and whether it is what was looked for."""

    text: str
    found: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A statement in which all terms were found."""

    slug: str
    language: str
    title: tuple[Stretch, ...]
    excerpt: tuple[Stretch, ...]
    """Of the text, around what was found; its beginning, where that is in the title alone."""


@dataclass(frozen=True, kw_only=True)
class Hits:
    """A part of what was found."""

    count: int
    """Of all there are."""
    shown: tuple[Hit, ...]


class Search(Protocol):
    """The words of what went out. Nothing else is ever found, nor counted."""

    def missing(self, slugs: Collection[str] | None = None) -> list[tuple[str, str]]:
        """(slug, digest) of what went out last of each statement, where its words are not kept.

        With ``slugs``, of these alone.
        """
        ...

    def put(self, searchable: Searchable) -> None:
        """Keep a statement's words, in the place of those that were kept under its slug."""
        ...

    def find(self, terms: Sequence[Term], *, skip: int = 0, most: int) -> Hits:
        """Statements that have all terms, the best first; none where there are no terms.

        Neither case nor accents count. A title counts for more than the text.
        """
        ...

"""The lists of the archive: its first page, older pages, and results of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from newsletter.domain.archive import LONGEST, Heading, Hits, Stretch, terms
from newsletter.domain.statements.content import Content
from newsletter.rendering.languages import base_language, direction, language_name
from newsletter.rendering.mail import details
from newsletter.rendering.mail.excerpts import body_of, excerpt_of
from newsletter.runtime.archive import Archive
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive.feeds import KINDS
from newsletter.web.public.archive.published import Notice, Published, notice_of


@dataclass(frozen=True, kw_only=True)
class ArchiveLinks:
    """Links from one page to others.

    They are relative, so that the archive works behind any host and path, also before
    ``public_url`` leads to it.
    """

    depth: int = 0
    """Slashes in its path, below that of the first page."""

    @property
    def first_page(self) -> str:
        """The archive's first page."""
        return "../" * self.depth or "./"

    def page(self, number: int) -> str:
        """A page of the list; the first one is 1."""
        return self.first_page if number == 1 else self.file(f"page/{number}")

    def statement(self, slug: str) -> str:
        """The page of a statement."""
        return self.file(f"archive/{slug}")

    def file(self, name: str) -> str:
        """Return the link to a file, such as a feed."""
        return "../" * self.depth + name


MOST = 50
"""Statements of a page of the list."""
MOST_HITS = 20
"""Results on one page."""

_TEMPLATE = "archive.html.j2"
_STATEMENT = "statement.html.j2"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Writes the lists of one workspace's archive, in its language if there are words for it."""

    archive: Archive
    frame: Frame

    def page(self, shown: Sequence[tuple[Published, Heading]], number: int, count: int) -> bytes:
        """Return a page of the list of all statements, newest first."""
        here = ArchiveLinks(depth=0 if number == 1 else 1)
        words = self._words[0]
        turned = words["page_of"].format(page=number, count=count)
        return self._written(
            words["statements"] + (f" – {turned}" if number > 1 else ""),
            here=here,
            rows=[
                self._row(here, statement, heading.title, heading.language, heading.opening)
                for statement, heading in shown
            ],
            number=number,
            count=count,
            newer=here.page(number - 1) if number > 1 else "",
            older=here.page(number + 1) if number < count else "",
            message="" if shown else words["nothing_yet"],
            feeds=self._head(number),
        )

    def found(self, typed: str, number: int, hits: Hits, shown: Mapping[str, Published]) -> bytes:
        """Return a page of results, best first. ``shown`` has the sent statements by slug."""
        here, count = ArchiveLinks(), -(-hits.count // MOST_HITS)
        typed, words = typed[:LONGEST], self._words[0]
        return self._written(
            words["search"],
            here=here,
            rows=[
                self._row(
                    here,
                    shown[hit.slug],
                    _highlighted(hit.title),
                    hit.language,
                    _highlighted(hit.excerpt),
                )
                for hit in hits.shown
            ],
            number=number,
            count=count,
            newer=_asked(typed, number - 1) if 1 < number <= count else "",
            older=_asked(typed, number + 1) if number < count else "",
            message=self._counted(typed, hits.count),
            typed=typed,
        )

    def statement(
        self,
        shown: Published,
        content: Content,
        others: Mapping[str, str],
        *,
        head: Markup,
        address: str,
    ) -> bytes:
        """A statement's own page. ``others`` are its other languages: slug → language.

        ``address`` is the page's own, which paper shows.
        """
        here = ArchiveLinks(depth=1)
        _, spoken = self.frame.words(content.language)
        found, day = self.notice(shown, content.language), self._local_day(shown.began_at)
        mail_words = self.archive.renderer.wordings.of(content.language)[0]
        page = self.frame.page(
            excerpt_of(content).title or content.subject,
            template=_STATEMENT,
            language=content.language,
            written_in=content.language,
            direction=direction(content.language),
            ours=_marked(spoken) if spoken != content.language else "",
            day=day.isoformat(),
            dated=details.written_date(day, content.language, mail_words),
            body=Markup(body_of(content)),  # noqa: S704 - nh3 made it safe
            notice=found,
            notice_link=here.statement(found.link) if found and found.link else "",
            others=[
                (here.statement(slug), each, direction(each), language_name(each))
                for slug, each in sorted(others.items())
            ],
            archive=here.first_page,
            join=here.file("subscribe"),
            address=address,
            feeds=head,
        )
        return bytes(page.body)

    def _row(
        self,
        here: ArchiveLinks,
        shown: Published,
        title: str,
        language: str,
        summary: str,
    ) -> dict[str, Any]:
        """A statement in a list. ``day`` is ISO 8601, local; ``dated`` is the same in words."""
        own, day = self._words[1], self._local_day(shown.began_at)
        return {
            "address": here.statement(shown.slug),
            "title": title.strip(),
            "language": language,
            "direction": direction(language),
            "day": day.isoformat(),
            "dated": details.written_date(day, own, self.archive.renderer.wordings.of(own)[0]),
            "language_name": language_name(language),
            "notice": self.notice(shown, own),
            "summary": "" if shown.withdrawn else summary.strip(),
        }

    def notice(self, shown: Published, language: str) -> Notice | None:
        """Return the notice about a later correction or withdrawal, in this language."""
        if not (shown.corrected_by or shown.withdrawn or shown.corrects):
            return None
        day = self._local_day(shown.updated_at)
        words, spoken = self.frame.words(base_language(language))
        mail_words = self.archive.renderer.wordings.of(spoken)[0]
        return notice_of(shown, details.written_date(day, spoken, mail_words), spoken, words)

    def _written(self, title: str, *, here: ArchiveLinks, **values: Any) -> bytes:
        page = self.frame.page(
            title,
            template=_TEMPLATE,
            language=self._words[1],
            here=here,
            most=LONGEST,
            join=here.file("subscribe"),
            kinds=[(here.file(name), kind) for name, (kind, _) in KINDS.items()],
            **{"typed": None} | values,
        )
        return bytes(page.body)

    @property
    def _words(self) -> tuple[Mapping[str, str], str]:
        return self.frame.words(self.archive.settings.language)

    def _counted(self, typed: str, count: int) -> str:
        words, language = self._words
        if not terms(typed):
            return words["type_words"]
        return self.frame.counted("found", count, language) if count else words["found_none"]

    def _head(self, number: int) -> Markup:
        """Return the canonical address and the links for feed readers.

        The templates have no such element, because an email loads nothing.
        """
        base = self.archive.settings.public_url
        canonical = f"{base}/page/{number}" if number > 1 else f"{base}/"
        line = Markup('<link rel="alternate" type="{}" title="{} ({})" href="{}/{}">')
        name = self.archive.settings.organisation.name
        lines = [
            line.format(kind, name, label, base, file) for file, (label, kind) in KINDS.items()
        ]
        return Markup("\n").join(
            [Markup('<link rel="canonical" href="{}">').format(canonical), *lines]
        )

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.archive.settings.timezone)).date()


def _highlighted(stretches: Sequence[Stretch]) -> Markup:
    found = Markup("<mark>{}</mark>")
    parts = (found.format(one.text) if one.found else escape(one.text) for one in stretches)
    return Markup().join(parts)


def _marked(language: str) -> Markup:
    """The attributes of words in a language that is not the page's."""
    return Markup(' lang="{}" dir="{}"').format(language, direction(language))


def _asked(typed: str, number: int) -> str:
    """Return the address of a page of results, from another of them."""
    page = {"page": str(number)} if number > 1 else {}
    return "search?" + urlencode({"q": typed} | page)

"""The pages and files of the archive, as bytes.

A statement appears once its first reader could have it. Its page has the title and text of the
approved email's HTML, without the footer and without links for one reader. A later correction or
withdrawal is shown above it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from newsletter.domain.archive import Heading, terms
from newsletter.domain.statements.content import Content
from newsletter.rendering.mail.excerpts import excerpt_of
from newsletter.runtime.archive import Archive
from newsletter.web.http.frame import Frame
from newsletter.web.public.archive import feeds
from newsletter.web.public.archive.feeds import FeedPublisher, Listed, head_of, rss
from newsletter.web.public.archive.listing import MOST, MOST_HITS, Listing
from newsletter.web.public.archive.published import Published, PublishedStatements

_WRITERS = {"feed.rss": rss, "feed.atom": feeds.atom, "feed.json": feeds.json_feed}
_CLOSED = ("/u/", "/confirm/", "/preferences", "/webhooks/")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A page or a file of the archive."""

    body: bytes
    media_type: str
    changed_at: datetime
    """The time of the last change of its content."""


class ArchiveBuild:
    """The archive of one workspace. ``began_at`` is when its settings last may have changed."""

    def __init__(self, archive: Archive, frame: Frame, *, began_at: datetime) -> None:
        self._archive = archive
        self._frame = frame
        self._began_at = began_at
        self._listing = Listing(archive=archive, frame=frame)
        self._shelf = PublishedStatements(archive.store)

    def page(self, number: int) -> Leaf | None:
        """A page of the list of all, from 1 on; None where there is none."""
        statements, changed_at = self._shelf.count()
        count = pages_for(statements)
        if not 1 <= number <= count:
            return None
        shown = self._shelf.newest(MOST, skip=(number - 1) * MOST)
        page = self._listing.page(self._with_heading(shown), number, count)
        return self._leaf(page, "text/html", shown, changed_at)

    def found(self, typed: str, number: int) -> bytes:
        """A page of what a person looked for."""
        with self._archive.store.read() as tx:
            skip = (number - 1) * MOST_HITS
            hits = tx.search.find(terms(typed), skip=skip, most=MOST_HITS)
        shown = self._shelf.some([hit.slug for hit in hits.shown])
        return self._listing.found(typed, number, hits, shown)

    def statement(self, slug: str) -> Leaf | None:
        """Return the page of one statement; None if it was not sent."""
        shown, languages = self._languages(slug)
        if shown is None:
            return None
        content = languages[shown]
        others = {one.slug: each.language for one, each in languages.items() if one != shown}
        head = head_of(self._publisher, self._listed(shown, content), others)
        page = self._listing.statement(
            shown, content, others, head=head, address=self._publisher.page(shown.slug)
        )
        return self._leaf(page, "text/html", list(languages))

    def feed(self, name: str) -> Leaf:
        """The newest statements for feed readers: a file of ``feeds.KINDS``."""
        shown = self._with_content(self._shelf.newest(feeds.MOST))
        entries = [self._listed(statement, content) for statement, content in shown]
        body = _WRITERS[name](self._publisher, entries)
        return self._leaf(body, feeds.KINDS[name][1], [statement for statement, _ in shown])

    def site_map(self) -> Leaf:
        """The pages that search engines may list."""
        shown = self._shelf.newest(feeds.MOST_PLACES)
        return self._leaf(feeds.site_map(self._publisher, shown), "application/xml", shown)

    def robots(self) -> Leaf:
        """Return robots.txt."""
        body = feeds.robots(self._archive.settings.public_url, _CLOSED).encode()
        return self._leaf(body, "text/plain", [])

    def _leaf(
        self,
        body: bytes,
        media_type: str,
        shown: Sequence[Published],
        changed_at: datetime | None = None,
    ) -> Leaf:
        changes = [statement.updated_at for statement in shown]
        changes += [changed_at] if changed_at else []
        return Leaf(body=body, media_type=media_type, changed_at=max([self._began_at, *changes]))

    def _listed(self, shown: Published, content: Content) -> Listed:
        excerpt = excerpt_of(content)
        return Listed(
            shown=shown,
            title=content.subject,
            language=content.language,
            summary=excerpt.opening,
            body=excerpt.body,
            notice=self._listing.notice(shown, content.language),
        )

    @cached_property
    def _publisher(self) -> FeedPublisher:
        house = self._archive.settings.house()
        return FeedPublisher(
            name=house.organisation.name,
            website=house.organisation.website,
            public_url=house.public_url,
            began_at=self._began_at,
        )

    # --- from the database ---------------------------------------------------------------------

    def _with_heading(self, shown: Sequence[Published]) -> list[tuple[Published, Heading]]:
        """Take headings from the index, and from the emails of what it does not have yet."""
        with self._archive.store.read() as tx:
            headings = tx.search.headings({one.slug: one.content_hash for one in shown})
        missing = [one for one in shown if one.slug not in headings]
        for statement, content in self._with_content(missing) if missing else ():
            headings[statement.slug] = Heading(
                language=content.language,
                title=content.subject,
                opening=excerpt_of(content).opening,
            )
        return [(one, headings[one.slug]) for one in shown if one.slug in headings]

    def _with_content(self, shown: Sequence[Published]) -> list[tuple[Published, Content]]:
        with self._archive.store.read() as tx:
            contents = tx.statements.contents([statement.content_hash for statement in shown])
        return [
            (statement, contents[statement.content_hash])
            for statement in shown
            if statement.content_hash in contents
        ]

    def _languages(self, slug: str) -> tuple[Published | None, Mapping[Published, Content]]:
        """A statement, and all its languages with its own."""
        languages = self._shelf.translations(slug)
        own = next((statement for statement in languages if statement.slug == slug), None)
        found = dict(self._with_content(languages))
        return (own if own in found else None), found


def pages_for(statements: int) -> int:
    """Return the number of pages of a list with so many statements, at least one."""
    return max(1, -(-statements // MOST))

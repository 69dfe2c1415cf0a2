"""The pages and files of the archive, in bytes.

A statement has a page once its sending has begun. The page has the title and the text of the
approved email, without the footer and the links of one reader. The notice of a correction or a
withdrawal comes before the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from newsletter.config.channels import HubOptions
from newsletter.domain.archive import FORMATS, MAX_SEARCH_CHARS, Heading, Hit, Snippet, parse_search
from newsletter.domain.statements.content import Content
from newsletter.rendering.languages import base_language, direction
from newsletter.rendering.mail import details
from newsletter.rendering.mail.excerpts import body_of, excerpt_of, pictures_of, replace_parts
from newsletter.runtime.statements import Statements
from newsletter.web.http.frame import Frame
from newsletter.web.http.offering import SignUpOffer
from newsletter.web.public.archive import feeds, published
from newsletter.web.public.archive.feeds import Entry, FeedPublisher, article_of
from newsletter.web.public.archive.published import Notice, Published, notice_of

MAX_STATEMENTS = 50
"""Statements on a page of the list."""
MAX_HITS = 20
"""Results on a page of a search."""
_MIN_COVER_PIXELS = 500
_RELATED_AMONG, _MAX_RELATED = 20, 3
"""The number of newest statements among which related ones are found, and the most shown."""
_DISALLOWED_PATHS = ("/u/", "/c/", "/confirm/", "/preferences", "/webhooks/")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    body: bytes
    media_type: str
    changed_at: datetime
    """The time of the last change of the body."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The header fields of the page, once ``with_header_fields`` added them."""


def page_link(first_page_link: str, page_number: int) -> str:
    """Return a relative link to a page of the list, from a relative link to its first page.

    It works at any host and path, also before ``public_url`` points to the archive.
    """
    return f"{first_page_link}page/{page_number}" if page_number > 1 else first_page_link or "./"


class ArchiveBuild:
    """Builds the pages of one archive. ``began_at`` is the latest change of its settings."""

    def __init__(self, statements: Statements, frame: Frame, *, began_at: datetime) -> None:
        self._settings = statements.settings
        self._renderer = statements.renderer
        self._store = statements.store
        self._frame = frame
        self._began_at = began_at
        self._words, self._language = frame.words(self._settings.language)
        self._offering = SignUpOffer(self._settings)
        hubs = (one.url for one in self._settings.notices if isinstance(one, HubOptions))
        self._publisher = FeedPublisher(
            self._settings.publisher(),
            began_at=began_at,
            language=self._settings.language,
            hubs=tuple(hub.get_secret_value() for hub in hubs),
        )
        self._published_count: tuple[int, tuple[int, datetime | None]] = (-1, (0, None))
        """The database version, and then the number of published statements and the last time."""

    def page(self, page_number: int) -> Leaf | None:
        """Return a page of the list of all statements, from 1 on; None if there is none."""
        version = self._store.change_number()  # each page of the list needs the count of all
        if version != self._published_count[0]:
            with self._store.read() as tx:
                self._published_count = version, tx.campaigns.count_published()
        statements, changed_at = self._published_count[1]
        count = max(1, -(-statements // MAX_STATEMENTS))
        if not 1 <= page_number <= count:
            return None
        skip = (page_number - 1) * MAX_STATEMENTS
        shown = published.list_newest(self._store, MAX_STATEMENTS, skip)
        root, words = "../" if page_number > 1 else "", self._words
        title = words["statements"]
        if page_number > 1:
            title += f" – {words['page_of'].format(page=page_number, count=count)}"
        rows = self._add_headings(shown)
        cover = self._cover_of(shown) if page_number == 1 else {}
        page = self._list_page(
            title,
            root,
            rows=rows,
            number=page_number,
            count=count,
            newer=page_link(root, page_number - 1) if page_number > 1 else "",
            older=page_link(root, page_number + 1) if page_number < count else "",
            message="" if rows else words["nothing_yet"],
            cover=cover,
            public=self._public_head(
                page_link(f"{self._settings.public_url}/", page_number), article=None, picture=cover
            ),
        )
        return self._leaf(page, "text/html", shown, changed_at)

    def search_page(self, query: str, page_number: int) -> bytes:
        """Return a page of search results, best match first."""
        with self._store.read() as tx:
            skip = (page_number - 1) * MAX_HITS
            hits = tx.search.find(parse_search(query), skip=skip, limit=MAX_HITS)
            statements = published.find_published(tx, [hit.slug for hit in hits.shown])
        count, words = -(-hits.count // MAX_HITS), self._words
        message = words["found_none"]
        if not parse_search(query):
            message = words["type_words"]
        elif hits.count:
            message = self._frame.count_text("found", hits.count, self._language)
        return self._list_page(
            words["search"],
            "",
            rows=[(statements[hit.slug], _mark_heading(hit)) for hit in hits.shown],
            number=page_number,
            count=count,
            newer=_search_link(query, page_number - 1) if 1 < page_number <= count else "",
            older=_search_link(query, page_number + 1) if page_number < count else "",
            message=message,
            query=query[:MAX_SEARCH_CHARS],
        )

    def _list_page(self, title: str, parent_link: str, **values: Any) -> bytes:
        page = self._frame.page(
            title,
            template="archive.html.j2",
            language=self._language,
            max_search_chars=MAX_SEARCH_CHARS,
            day_of=self._date_of,
            dated=partial(self._write_date, language=self._language),
            notice_of=partial(self._notice, language=self._language),
            **self._side(parent_link, self._language) | {"query": None, "cover": {}} | values,
        )
        return bytes(page.body)

    def _side(self, parent_link: str, language: str) -> dict[str, Any]:
        """Return the values of the column beside a list or a statement."""
        form = self._offering.form_values(language)
        feeds = [(parent_link + name, kind) for name, (kind, _) in FORMATS.items()]
        return {"root": parent_link, "kinds": feeds, "related": ()} | form

    def _public_head(self, address: str, **values: object) -> Mapping[str, object]:
        """Return the values for the head of a page that search engines may index."""
        base = self._publisher.details.public_url
        return {"address": address, "base": base, "kinds": FORMATS, "others": {}} | values

    def statement(self, slug: str) -> Leaf | None:
        """Return the page of a published statement; None if it was not published."""
        languages = dict(self._add_contents(published.translations(self._store, slug)))
        shown = next((statement for statement in languages if statement.slug == slug), None)
        if shown is None:
            return None
        content = languages[shown]
        others = {one.slug: each.language for one, each in languages.items() if one != shown}
        _, spoken = self._frame.words(content.language)
        notice, day = self._notice(shown, content.language), self._date_of(shown, content.date)
        pictures = _pictures(shown, content)
        newest = published.list_newest(self._store, _RELATED_AMONG)
        page = self._frame.page(
            excerpt_of(content).title or content.subject,
            template="statement.html.j2",
            language=content.language,
            written_in=content.language,
            direction=direction(content.language),
            language_attributes=Markup(' lang="{}" dir="{}"').format(spoken, direction(spoken))
            if spoken != content.language
            else "",
            day=day.isoformat(),
            dated=self._write_date(day, content.language),
            body=self._prepend_notes(shown, content.language, body_of(content)),
            notice=notice,
            others=others,
            address=self._publisher.page(slug),
            pictures=pictures,
            public=self._public_head(
                self._publisher.page(slug),
                others={each: self._publisher.page(one) for one, each in sorted(others.items())},
                article=article_of(self._publisher, self._feed_entry(shown, content)),
                picture=next(iter(pictures), {}),
            ),
            written=partial(self._write_date, language=content.language),
            day_of=self._date_of,
            **self._side("../", spoken) | {"related": self._related(shown, content, newest)},
        )
        return self._leaf(bytes(page.body), "text/html", [*languages, *newest])

    def _related(
        self, shown: Published, content: Content, newest: Sequence[Published]
    ) -> list[tuple[Published, Heading]]:
        """Return the newest statements of the same lists in the same language, with headings."""
        own = {shown.slug, shown.corrects, shown.corrected_by}
        others = [
            one
            for one in newest
            if not (one.withdrawn or one.corrected_by or one.slug in own)
            and set(one.lists) & set(shown.lists)
        ]
        language = base_language(content.language)
        found = self._add_headings(others)
        alike = [pair for pair in found if base_language(pair[1].language) == language]
        return alike[:_MAX_RELATED]

    def _cover_of(self, shown: Sequence[Published]) -> Mapping[str, str]:
        """Return the first picture of the newest statement if it is wide, else an empty mapping."""
        found = self._add_contents(shown[:1])
        picture = next((one for pair in found for one in _pictures(*pair)), {})
        width = picture.get("width", "")
        return picture if width.isdecimal() and int(width) >= _MIN_COVER_PIXELS else {}

    def feed(self, name: str) -> Leaf:
        """Return the feed of the newest statements in the format of a file name in ``FORMATS``."""
        statements = self._add_contents(published.list_newest(self._store, feeds.MAX_ENTRIES))
        entries = [self._feed_entry(statement, content) for statement, content in statements]
        if name == "feed.json":
            body = feeds.json_feed(self._publisher, entries)
        else:
            body = feeds.xml_feed(self._frame, name, self._publisher, entries)
        return self._leaf(body, FORMATS[name][1], [statement for statement, _ in statements])

    def site_map(self) -> Leaf:
        statements = published.list_newest(self._store, feeds.MAX_URLS)
        body = feeds.site_map(self._frame, self._publisher, statements)
        return self._leaf(body, "application/xml", statements)

    def robots(self) -> Leaf:
        body = feeds.robots(self._settings.public_url, _DISALLOWED_PATHS).encode()
        return self._leaf(body, "text/plain", [])

    def _leaf(
        self,
        body: bytes,
        media_type: str,
        statements: Sequence[Published],
        changed_at: datetime | None = None,
    ) -> Leaf:
        changes = [self._began_at, changed_at, *(statement.updated_at for statement in statements)]
        return Leaf(body=body, media_type=media_type, changed_at=max(filter(None, changes)))

    def _feed_entry(self, shown: Published, content: Content) -> Entry:
        excerpt = excerpt_of(content)
        picture = next(iter(_pictures(shown, content)), {})
        return Entry(
            published=shown,
            title=content.subject,
            language=content.language,
            summary=excerpt.opening,
            body=self._prepend_notes(shown, content.language, excerpt.body),
            notice=self._notice(shown, content.language),
            date=content.date if self._date_of(shown, content.date) != self._date_of(shown) else "",
            picture=picture.get("src", ""),
        )

    def _prepend_notes(self, shown: Published, language: str, body: str) -> Markup:
        """Return the notes and the text as HTML, without what was taken off the web."""
        note = Markup('<aside class="notice" role="note"><strong>{}</strong> {}</aside>')
        notes = (
            note.format(self._write_date(self._local_day(one.at), language), one.words)
            for one in shown.notes
        )
        off = Markup('<p class="since" lang="{0.language}">{0.text}</p>')
        notices = {
            part.slug: off.format(self._notice(part, language)) for part in shown.withdrawn_parts
        }
        text = "" if shown.is_off else replace_parts(body, notices)
        return Markup("").join(notes) + Markup(text)  # noqa: S704 - nh3 made it safe

    def _notice(self, shown: Published, language: str) -> Notice | None:
        words, spoken = self._frame.words(base_language(language))
        at = shown.noticed_at or shown.updated_at
        return notice_of(shown, self._write_date(self._local_day(at), spoken), spoken, words)

    def _write_date(self, day: date, language: str) -> str:
        words = self._renderer.templates.wordings.of(language)[0]
        return details.date_text(day, language, words)

    def _date_of(self, shown: Published, own: str = "") -> date:
        return date.fromisoformat(own) if own else self._local_day(shown.began_at)

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self._settings.timezone)).date()

    def _add_headings(self, shown: Sequence[Published]) -> list[tuple[Published, Heading]]:
        """Pair statements with headings from the search index, or from the email if not indexed."""
        with self._store.read() as tx:
            headings = tx.search.find_headings({one.slug: one.content_hash for one in shown})
        missing = [one for one in shown if one.slug not in headings]
        for statement, content in self._add_contents(missing) if missing else ():
            headings[statement.slug] = Heading(
                language=content.language,
                title=content.subject,
                opening=excerpt_of(content).opening,
                date=content.date,
            )
        return [(one, headings[one.slug]) for one in shown if one.slug in headings]

    def _add_contents(self, shown: Sequence[Published]) -> list[tuple[Published, Content]]:
        with self._store.read() as tx:
            contents = tx.statements.get_contents([statement.content_hash for statement in shown])
        return [
            (statement, contents[statement.content_hash])
            for statement in shown
            if statement.content_hash in contents
        ]


def _pictures(shown: Published, content: Content) -> list[Mapping[str, str]]:
    return pictures_of("" if shown.withdrawn else excerpt_of(content).page)


def _mark_heading(hit: Hit) -> Heading:
    """Return the heading of a search result, with the matches in ``<mark>``."""
    title, opening = map(_mark_matches, (hit.title, hit.excerpt))
    return Heading(language=hit.language, title=title, opening=opening, date=hit.date)


def _mark_matches(stretches: Sequence[Snippet]) -> Markup:
    found = Markup("<mark>{}</mark>")
    parts = (found.format(one.text) if one.is_match else escape(one.text) for one in stretches)
    return Markup().join(parts)


def _search_link(query: str, page_number: int) -> str:
    page = {"page": str(page_number)} if page_number > 1 else {}
    return "search?" + urlencode({"q": query[:MAX_SEARCH_CHARS]} | page)

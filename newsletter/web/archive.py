"""What went out, for everybody: a list, a page for each statement, and feeds of them.

Nothing is here before its first reader could have it. A page is the mail as it was approved, byte
for byte, but for two blocks: what came later (a correction, a withdrawal) stands above it, and what
it says of itself to programs stands at the end of its head.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.app import App
from newsletter.domain.message import Content, MergeField
from newsletter.rendering.excerpts import excerpt
from newsletter.web import feeds
from newsletter.web.conditional import answer
from newsletter.web.frame import Frame
from newsletter.web.metadata import described
from newsletter.web.notices import Notice, above, notice_of
from newsletter.web.published import Published, published

_CACHED = {"Cache-Control": "public, max-age=300"}
_CLOSED = ("/u/", "/confirm/", "/preferences", "/webhooks/")
_TITLE = "Statements"
_NOTHING = "Nothing has been published here yet."


class Archive:
    """The archive of one workspace."""

    def __init__(self, app: App, frame: Frame) -> None:
        self._app = app
        self._frame = frame
        # Settings may have changed what pages say since they were last fetched, but not after this.
        self._began_at = app.clock.now()

    def routes(self) -> list[Route]:
        """Path → page."""
        return [
            Route("/", self.index),
            Route("/archive/{slug}", self.statement),
            Route("/feed.atom", self.atom),
            Route("/feed.json", self.json_feed),
            Route("/sitemap.xml", self.site_map),
            Route("/robots.txt", self.robots),
        ]

    async def index(self, request: Request) -> Response:
        """What went out, newest first."""
        shown = await run_in_threadpool(self._with_content)
        listed = [
            {
                "slug": one.slug,
                "subject": content.subject,
                "language": content.language,
                "notice": self._said_in_english(one),
            }
            for one, content in shown
        ]
        text = [] if listed else [_NOTHING]
        page = self._frame.page(_TITLE, text, statements=listed, feeds=self._feeds())
        fields = {name: page.headers[name] for name in self._frame.mail_fields}
        return self._answer(
            request, bytes(page.body), "text/html", [one for one, _ in shown], fields
        )

    def _feeds(self) -> Markup:
        """What leads feed readers on. Templates hold no such element: a mail fetches nothing."""
        line = Markup('<link rel="alternate" type="{}" title="{}" href="{}/{}">')
        house = self._app.settings.house()
        kinds = {"feed.atom": "application/atom+xml", "feed.json": "application/feed+json"}
        return Markup("\n").join(
            line.format(kind, house.organisation.name, house.public_url, name)
            for name, kind in kinds.items()
        )

    async def statement(self, request: Request) -> Response:
        """One statement as it went out. Before it does, it is not there."""
        slug = request.path_params["slug"]
        shown, family = await run_in_threadpool(self._family, slug)
        if shown is None:
            raise HTTPException(404, "there is no such statement here")
        content = family[shown]
        notice = self._notice(shown, content.language)
        entry = self._listed(shown, content)
        html = described(_for_nobody(content), self._publisher(), entry)
        if notice is not None:
            html = above(html, self._frame.notice(notice))
        others = {one.slug: content.language for one, content in family.items() if one != shown}
        fields = {**self._frame.mail_fields, **self._alternates(others)}
        return self._answer(request, html.encode(), "text/html", family, fields)

    async def atom(self, request: Request) -> Response:
        """The newest statements for feed readers."""
        return await self._feed(request, feeds.atom, "application/atom+xml")

    async def json_feed(self, request: Request) -> Response:
        """The same as JSON."""
        return await self._feed(request, feeds.json_feed, "application/feed+json")

    async def site_map(self, request: Request) -> Response:
        """The pages that search engines may list."""
        shown = await run_in_threadpool(self._published)
        body = feeds.site_map(self._publisher(), shown)
        return self._answer(request, body, "application/xml", shown, self._frame.data_fields)

    async def robots(self, request: Request) -> Response:
        """What robots may visit."""
        body = feeds.robots(self._app.settings.public_url, _CLOSED).encode()
        return self._answer(request, body, "text/plain", [], self._frame.data_fields)

    async def _feed(
        self,
        request: Request,
        write: Callable[[feeds.Publisher, Sequence[feeds.Listed]], bytes],
        media_type: str,
    ) -> Response:
        shown, body = await run_in_threadpool(self._written, write)
        return self._answer(request, body, media_type, shown, self._frame.data_fields)

    def _written(
        self, write: Callable[[feeds.Publisher, Sequence[feeds.Listed]], bytes]
    ) -> tuple[list[Published], bytes]:
        shown = self._with_content(feeds.MOST)
        entries = [self._listed(one, content) for one, content in shown]
        return [one for one, _ in shown], write(self._publisher(), entries)

    def _listed(self, shown: Published, content: Content) -> feeds.Listed:
        said = excerpt(_for_nobody(content))
        return feeds.Listed(
            shown=shown,
            title=content.subject,
            language=content.language,
            summary=said.opening,
            body=said.body,
            notice=self._notice(shown, content.language, itself=True),
        )

    def _publisher(self) -> feeds.Publisher:
        house = self._app.settings.house()
        return feeds.Publisher(
            name=house.organisation.name,
            website=house.organisation.website,
            public_url=house.public_url,
            began_at=self._began_at,
        )

    def _answer(
        self,
        request: Request,
        body: bytes,
        media_type: str,
        shown: Sequence[Published] | Mapping[Published, Content],
        fields: Mapping[str, str],
    ) -> Response:
        changes = [one.updated_at for one in shown]
        return answer(
            request,
            body,
            media_type=media_type,
            changed_at=max([self._began_at, *changes]),
            fields={**fields, **_CACHED},
        )

    def _notice(self, shown: Published, language: str, *, itself: bool = False) -> Notice | None:
        wordings = self._app.renderer.wordings
        day = self._local_day(shown.updated_at)
        return notice_of(shown, day, language, wordings, itself=itself)

    def _said_in_english(self, shown: Published) -> str:
        notice = self._notice(shown, "en", itself=True)
        return notice.text if notice else ""

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self._app.settings.house().timezone)).date()

    def _alternates(self, others: Mapping[str, str]) -> dict[str, str]:
        """A header field that names the other languages of a statement (RFC 8288), if any.

        The page is the mail as it went out: it cannot name what came later.
        """
        base = self._app.settings.public_url
        links = [
            f'<{base}/archive/{slug}>; rel="alternate"; hreflang="{language}"'
            for slug, language in sorted(others.items())
        ]
        return {"Link": ", ".join(links)} if links else {}

    # --- what is in the database ---------------------------------------------------------------

    def _published(self) -> list[Published]:
        with self._app.store.read() as tx:
            return published(tx.campaigns.all())

    def _with_content(self, most: int | None = None) -> list[tuple[Published, Content]]:
        with self._app.store.read() as tx:
            shown = published(tx.campaigns.all())[:most]
            contents = [(one, tx.statements.content(one.digest)) for one in shown]
        return [(one, content) for one, content in contents if content is not None]

    def _family(self, slug: str) -> tuple[Published | None, dict[Published, Content]]:
        """A statement, and all its languages with its own."""
        with self._app.store.read() as tx:
            shown = published(tx.campaigns.all())
            own = next((one for one in shown if one.slug == slug), None)
            family = [one for one in shown if own is not None and one.family == own.family]
            contents = {one: tx.statements.content(one.digest) for one in family}
        found = {one: content for one, content in contents.items() if content is not None}
        return (own if own in found else None), found


def _for_nobody(content: Content) -> str:
    """The mail's HTML without anybody's own link."""
    return content.html.replace(MergeField.UNSUBSCRIBE.value, "your-own-link")

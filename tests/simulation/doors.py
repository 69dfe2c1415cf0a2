"""The pages of an installation: desk, readers' pages and webhooks, asked without a socket.

All runs share the routes of a kind of workspace. What a server remembers of a browser is kept by
its address and cookie, which are other ones in each run.
"""

import asyncio
import atexit
import re
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from html import unescape
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import yaml

from newsletter.config.loading import FILE_NAME, load
from newsletter.credentials.codes import hash_token
from newsletter.domain.errors import Refused
from newsletter.domain.staff.account import Session
from newsletter.rendering.lazy import review_text
from newsletter.runtime.configuration import renderer_of
from newsletter.runtime.services import _build_services
from newsletter.web.http.threads import Lanes
from newsletter.web.pages import make
from tests.fakes import WORKSPACE, FixedClock, PlainLinks, PlainRenderer, PlainWriter
from tests.pages import SETTINGS as HOUSE
from tests.pages import exchange
from tests.simulation.cast import DIGEST, DONORS, KEY, LISTS, SETTINGS, ZONE
from tests.simulation.expected import Rule, Violation
from tests.unit.pipeline.staff.office import hash_cheaply

if TYPE_CHECKING:
    from tests.simulation.host import Process


_RUNS = count(1)
_SESSION = timedelta(minutes=1)
_HAS_SESSION = "SELECT 1 FROM session WHERE hash = ?"
_MAY_REPEAT = frozenset({"sign-out", "verify", "stop", "unsubscribe", "review", "override", "note"})
"""Acts that change nothing if all is so already. ``judge_done`` checks that it is so."""
_OURS = {"Sec-Fetch-Site": "same-origin"}
_WAITS = re.compile(r"/desk/(sign-in|second|step-up|account|invitation|passkey)")
"""Pages that wait after a wrong password or code."""
_TAG = re.compile(r"<(input|textarea|button|select)\b([^>]*)>(?:\n?([^<]*)</textarea>)?")
_ANY_TAG = re.compile(r"<[^>]*>")
_COOKIE = re.compile(r"__Host-desk=([^;]*)")
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


class Inline:
    """Threads for requests, which are not needed: one request runs at a time."""

    async def run(self, work: Callable[..., Any], *arguments: object, **named: object) -> Any:
        return work(*arguments, **named)


class _Renderer(PlainRenderer):
    """The plain renderer, with the real words of the archive's pages."""

    def __init__(self, settings: Any) -> None:
        super().__init__()
        self.templates: Any = PlainWriter()
        self.templates.wordings = renderer_of(settings).templates.wordings


class Current:
    """A part of the process that answers now."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._find(), name)


class CurrentStore(Current):
    """The store of the process that answers now, whose clock the pages ask for once."""

    def __init__(self, now: dict[str, Any]) -> None:
        super().__init__(lambda: now["process"].store)
        self.clock = Current(lambda: now["clock"])


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The application of a kind of workspace, and the parts that each request replaces."""

    app: Any
    routes: Sequence[Any]
    services: Any
    now: dict[str, Any]
    webhooks: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookie: str | None = None
    """The cookie of a session that the answer sets; empty if it ends one."""

    @property
    def words(self) -> str:
        """The text as a person reads it, with single spaces."""
        return " ".join(unescape(_ANY_TAG.sub("", self.text)).split())

    def form(self, action: str) -> dict[str, Any]:
        """Return the fields that a browser posts from a form. Raises Refused if there is none."""
        begin = self.text.find(f' action="{action}"')
        if begin < 0:
            raise Refused(f"no form of the page leads to {action}")
        found: dict[str, list[str]] = {}
        for tag, rest, written in _TAG.findall(
            self.text[begin : self.text.index("</form>", begin)]
        ):
            about = {name: unescape(value) for name, value in _ATTRIBUTE.findall(rest)}
            boxed = about.get("type") in {"checkbox", "radio"} and "checked" not in about
            if tag in {"input", "textarea"} and "name" in about and not boxed:
                value = unescape(written) if tag == "textarea" else about.get("value", "")
                found.setdefault(about["name"], []).append(value)
        return dict(found)


class Door:
    """The browsers of the people of one run."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._run = next(_RUNS)
        self._sessions: dict[str, datetime] = {}
        self._client = f"10.{self._run >> 16 & 255}.{self._run >> 8 & 255}.{self._run & 255}"

    @property
    def services(self) -> Any:
        return _pages(self._kind).services

    @property
    def webhooks(self) -> dict[str, Any]:
        """Return the reader of posts by provider."""
        return _pages(self._kind).webhooks

    def at(self, process: "Process") -> Any:
        """Let the pages be those of a process, and return their application."""
        pages = _pages(self._kind)
        pages.now.update(process=process, clock=process.host)
        return pages.app

    def ask(
        self,
        process: "Process",
        method: str,
        path: str,
        who: str = "",
        form: Mapping[str, Any] | None = None,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        cookie: str = "",
    ) -> Page:
        """Ask for a page, as a member of staff or as a stranger. Raises Refused for 4xx."""
        app, lines = self.at(process), dict(headers or {})
        app.router.routes = _routes(self._kind, *path.partition("?")[0].split("/")[1:3])
        cookie = self.session(process, who) if who else cookie
        if path.startswith("/desk"):
            lines |= _OURS | ({"Cookie": f"__Host-desk={cookie}"} if cookie else {})
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            lines["Content-Type"] = "application/x-www-form-urlencoded"
        # the use of a session or token is noted, or that its owner may not do this
        is_noted = (cookie and method == "POST") or "Authorization" in lines
        process.host.changed = -1 if is_noted else 0
        asked = _asked(app, method, path, lines, body, self._client)
        # an event loop costs as much as some pages
        has_file = lines.get("Content-Type", "").startswith("multipart/")
        waits = has_file or (method == "POST" and _WAITS.match(path))
        page = _loop().run_until_complete(asked) if waits else _done(asked)
        if page.status >= 500:
            raise AssertionError(f"{method} {path}: {page.status} {page.text}")
        if page.status >= 400:
            raise Refused(f"{method} {path}: {page.status}")
        is_done = "done=" in page.headers.get("location", "")
        if is_done and process.host.changed < 1 and path.split("/")[-1] not in _MAY_REPEAT:
            raise Violation(Rule.UNDONE, f"{path} was done, and nothing was changed")
        return page

    def press(self, process: "Process", who: str, page: str, action: str, **typed: Any) -> Page:
        """Look at a page of the desk, fill in one of its forms, and send it."""
        seen = self.ask(process, "GET", f"/desk{page}", who)
        return self.send(process, who, action, seen.form(f"/desk{action}") | typed)

    def send(self, process: "Process", who: str, action: str, form: Mapping[str, Any]) -> Page:
        """Send a form of the desk. Raises Refused if the same page or another form comes back."""
        page = self.ask(process, "POST", f"/desk{action}", who, form)
        # the form of a start asks to confirm the number of readers
        if page.status != 303 or page.headers["location"].endswith("/start"):
            raise Refused(f"{action} was not done")
        return page

    def session(self, process: "Process", who: str) -> str:
        """Return the cookie of a member of staff who has just shown a second factor."""
        host, now = process.host, process.host.now()
        cookie = f"{who}-{self._run}-{host.jumps}"  # a clock that was put back ends a session
        is_new = now - self._sessions.get(cookie, now - _SESSION) < _SESSION
        if is_new and host.books.execute(_HAS_SESSION, (hash_token(cookie),)).fetchone():
            return cookie
        self._sessions[cookie] = now
        with host.database.begin(host, is_durable=True, is_shared=False) as tx:
            tx.sessions.end(hash_token(cookie))
            tx.sessions.begin(
                Session(
                    hash=hash_token(cookie),
                    address=f"{who}@forum.example",
                    created_at=now,
                    seen_at=now,
                    stepped_up_at=now,
                )
            )
        return cookie


_review = lru_cache(maxsize=10_000)(review_text)
"""The same few texts come in each run."""


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _done(asked: Coroutine[Any, Any, Page]) -> Page:
    """Return the result of a coroutine that waits for nothing."""
    try:
        asked.send(None)
    except StopIteration as done:
        return cast(Page, done.value)
    raise AssertionError("a page waits")


async def _asked(
    app: Any, method: str, path: str, headers: Mapping[str, str], body: bytes, client: str
) -> Page:
    lines = {"Host": "news.forum.example", **headers}
    sent = await exchange(app, method, path, lines, body, client)
    said = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    found = (_COOKIE.match(value.decode()) for name, value in sent[0]["headers"])
    cookie = next((one[1].strip('"') for one in found if one), None)
    return Page(status=sent[0]["status"], headers=said, text=text, cookie=cookie)


@cache
def _pages(kind: str) -> Pages:
    """Return the application of a kind of workspace, by its own settings."""
    settings, now, webhooks = _settings(kind), {"clock": FixedClock()}, dict[str, Any]()
    on_disk = SimpleNamespace(
        renderer=_Renderer(settings), digest="ours", changed=lambda: "", is_superseded=lambda: False
    )
    services = _build_services(
        settings,
        cast(Any, CurrentStore(now)),
        cast(Any, Current(lambda: now["process"].guard_file)),
        cast(Any, PlainLinks()),
        KEY,
        0,
        cast(Any, on_disk),
    )
    hash_cheaply(services)
    rules = replace(services.statements.review_rules, review=_review)
    vars(services.statements)["review_rules"] = rules
    webhooks |= dict.fromkeys(("recording", "second"))
    pool = Current(lambda: now["process"].pool)
    vars(services.delivery).update(webhooks=webhooks, workspace=WORKSPACE, pool=pool)
    inline = cast(Any, {lane.name: Inline() for lane in fields(Lanes)})
    app = make(services, Lanes(**inline))
    return Pages(app=app, routes=app.routes, services=services, now=now, webhooks=webhooks)


@lru_cache(maxsize=1000)
def _routes(kind: str, *beginning: str) -> list[Any]:
    """Return the routes whose paths may begin so. To try all costs as much as some queries."""
    return [
        route
        for route in _pages(kind).routes
        if all(
            "{" in ours or ours == theirs
            for ours, theirs in zip(route.path.split("/")[1:], beginning, strict=False)
        )
    ]


def _settings(kind: str) -> Any:
    setting = SETTINGS[kind]
    said: dict[str, Any] = HOUSE | {
        "timezone": ZONE,
        "lists": [
            {"name": name, "title": title, "approval": name == "members"}
            for name, title in LISTS.items()
        ],
        "approvals": {"required": setting.required},
        "schedule": {
            "undo_window": f"{setting.undo_window.seconds}s",
            "start": "sender" if setting.by_sender else "approval",
        },
        "translations": "together" if setting.together else "by_reader",
        "segments": [{"name": DONORS.name, "list": DONORS.list, "tags": [*DONORS.tags]}],
        "provider": {"kind": "outbox"},
    }
    if setting.gathers:
        said["digests"] = [
            {
                "name": DIGEST.name,
                "title": DIGEST.title,
                "every": DIGEST.every.value,
                "day": DIGEST.day,
                "at": DIGEST.at,
                "lists": [*DIGEST.lists],
                "language": DIGEST.language,
            }
        ]
    folder = Path(tempfile.mkdtemp(prefix="simulated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "var").mkdir()
    (folder / FILE_NAME).write_text(yaml.safe_dump(said), "utf-8")
    settings = load(folder / FILE_NAME, {})
    return settings.model_copy(update={"engine": "procrastinate"}) if setting.shares else settings

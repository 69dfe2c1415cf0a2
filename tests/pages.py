"""The readers' pages of a workspace, asked within this process: no socket, no other process."""

import asyncio
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Thread, current_thread, main_thread
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from newsletter.domain.staff.role import Role
from newsletter.domain.subscribers.audience import Entry
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.runtime.services import Services, open_workspace
from newsletter.web.pages import make
from tests.fakes import NOON, FixedClock, LosesCommits

SETTINGS: dict[str, Any] = {
    "organisation": {
        "name": "Example Forum",
        "website": "https://forum.example",
        "postal_address": "1 Example Street",
        "press_contact": {"name": "Press", "email": "press@forum.example"},
    },
    "sender": {"name": "Example Forum", "address": "news@forum.example"},
    "public_url": "https://news.forum.example",
    "timezone": "America/New_York",
    "language": "en",
    "default_lists": ["press"],
    "lists": [
        {"name": "press", "title": "Press releases", "about": "What we say in public."},
        {"name": "events", "title": "Events", "about": "Where to meet us."},
    ],
    "approvals": {"author_may_approve": True},
    "schedule": {"undo_window": "0s"},
}


class _Loop:
    """The event loop of all requests: making one for each took four fifths of a request.

    Coverage measures no thread that began before it was switched on again, so the loop and its
    threads are then made again. Each thread has a tracer of its own: only the main thread's says
    when that is. Each ``Forum`` looks, since a test may ask from other threads alone.
    """

    def __init__(self) -> None:
        self._tracer: object = self
        self._stop: Callable[[], object] = lambda: None

    def renew(self) -> None:
        """Make the loop again if coverage was switched since, as the main thread knows."""
        if current_thread() is main_thread() and self._tracer is not sys.gettrace():
            self._tracer = sys.gettrace()
            self._stop()
            made = Queue[asyncio.AbstractEventLoop]()
            Thread(target=asyncio.run, args=(self._stay(made),), daemon=True).start()
            self._loop = made.get()

    def run(self, work: "Coroutine[Any, Any, list[Answer]]") -> "list[Answer]":
        """Run the work in the loop; return its result."""
        self.renew()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _stay(self, made: Queue[asyncio.AbstractEventLoop]) -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        self._stop = partial(loop.call_soon_threadsafe, end.set)
        made.put(loop)
        await end.wait()  # while this task lives, the threads for answers are kept


_LOOP = _Loop()


async def exchange(
    app: Any, method: str, path: str, fields: Mapping[str, str], body: bytes, client: str
) -> list[dict[str, Any]]:
    """Return the messages by which an ASGI application answers a request."""
    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": bare,
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "https",
        "server": ("news.forum.example", 443),
        "client": (client, 4711),
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
    }
    sent: list[dict[str, Any]] = []
    requests = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        # after its request a client waits: it does not hang up
        return next(requests, None) or await asyncio.Future[dict[str, Any]]()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


_COMMAND_PATTERN = re.compile(
    rb"(?:'|&#39;)newsletter [a-z].{0,80}|(?<!\S)--[a-z][a-z-]*[\s.,;)&<]"
)
"""A command in a page: people at the desk have none."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()
    """All that were set; ``headers`` has the last one."""

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(kw_only=True)
class Forum:
    """A workspace with its pages, on a clock that stands still."""

    services: Services
    folder: Path
    clock: FixedClock
    pages: Any = field(init=False)

    def __post_init__(self) -> None:
        _LOOP.renew()
        self.pages = make(self.services)

    def ask(self, method: str, path: str, **how: Any) -> Answer:
        """One request, with a ``form`` or a ``body``, ``headers``, and a ``client`` address."""
        return self.ask_all([(method, path)], **how)[0]

    def get(self, path: str, **how: Any) -> Answer:
        return self.ask("GET", path, **how)

    def post(self, path: str, form: Any = None, **how: Any) -> Answer:
        return self.ask("POST", path, form=form, **how)

    def ask_all(
        self,
        asked: Sequence[tuple[str, str]],
        *,
        form: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        client: str = "203.0.113.7",
    ) -> list[Answer]:
        """Requests that are under way at the same time."""
        fields = dict(headers or {})
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            fields.setdefault("Content-Type", "application/x-www-form-urlencoded")

        async def all_of_them() -> list[Answer]:
            one = (self._ask(method, path, fields, body, client) for method, path in asked)
            return list(await asyncio.gather(*one))

        return _LOOP.run(all_of_them())

    async def _ask(
        self, method: str, path: str, fields: Mapping[str, str], body: bytes, client: str
    ) -> Answer:
        sent = await exchange(self.pages, method, path, fields, body, client)
        pairs = [(name.decode().lower(), value.decode()) for name, value in sent[0]["headers"]]
        once = [name for name, _ in pairs if name != "set-cookie"]
        assert len(set(once)) == len(once), "each header field once"
        whole = b"".join(message.get("body", b"") for message in sent[1:])
        kind = dict(pairs).get("content-type", "")
        if path.startswith("/desk") and kind.startswith(("text/html", "application/json")):
            assert not (named := _COMMAND_PATTERN.search(whole)), f"{path} names a command: {named}"
        cookies = tuple(value for name, value in pairs if name == "set-cookie")
        return Answer(status=sent[0]["status"], headers=dict(pairs), body=whole, cookies=cookies)

    def with_error(self, error: type[Exception]) -> "Forum":
        """The same workspace, with this error after each change of readers."""

        class Breaks(LosesCommits):
            def _lose(self) -> None:
                raise error

        subscribers = replace(self.services.subscribers, store=Breaks(self.services.store))
        services = replace(self.services, subscribers=subscribers)
        failing = Forum(services=services, folder=self.folder, clock=self.clock)
        pages = failing.pages

        async def logged(scope: Any, receive: Any, send: Any) -> None:
            with suppress(error):  # the server logs it
                await pages(scope, receive, send)

        failing.pages = logged
        return failing

    def subscribe(self, *addresses: str, lists: Sequence[str] = ("press",), **more: Any) -> None:
        with self.services.store.begin() as tx:
            people = [Entry(address=one, lists=tuple(lists), **more) for one in addresses]
            tx.readers.upsert(people, self.clock.now())

    def agree(self, *slugs: str, **head: Any) -> None:
        """Write statements and approve them."""
        slugs = slugs or ("news",)
        for slug in slugs:
            fields = {"title": f"On {slug}", "author": "ed@forum.example", "lists": ["press"]}
            fields |= head
            body = fields.pop("text", "The library is open.")
            text = f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n{body}\n"
            (self.folder / "statements" / f"{slug}.md").write_text(text, "utf-8")
        self.services.tick.run()
        for slug in slugs:
            self.approve(slug)

    def approve(self, slug: str) -> None:
        self.services.statements.approve(
            ApprovalRequest(
                slug=slug,
                by="ed@forum.example",
                shown=self.services.campaigns.current_terms(slug),
                despite="a test",
            )
        )

    def send(self, *slugs: str, **head: Any) -> None:
        """Write statements, approve them and send them to everybody."""
        self.agree(*slugs, **head)
        self.deliver()

    def deliver(self) -> None:
        """Start the approved statements, and send them to everybody."""
        self.services.tick.run()
        dispatcher = self.services.delivery.dispatcher()
        while dispatcher.dispatch() is not None:
            pass

    def unsubscribe_link(self, number: int, campaign: int = 1) -> str:
        [token], _ = self.services.links.for_batch(campaign, [number])
        return f"/u/{token}"

    def preferences_link(self, number: int = 1) -> str:
        return f"/preferences/{self.services.links.preferences_token(number, self.clock.now())}"

    def lists_of(self, number: int = 1) -> list[str]:
        with self.services.store.read() as tx:
            found = tx.readers.get(number)
        return list(found.lists)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.services.settings.database_path)) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, statement: str) -> None:
        """Behind the program's back."""
        with closing(sqlite3.connect(self.services.settings.database_path)) as books, books:
            books.execute(statement)

    def everything(self) -> str:
        """The whole database, as text: two that are alike hold the same."""
        with closing(sqlite3.connect(self.services.settings.database_path)) as connection:
            return "\n".join(connection.iterdump())

    def files(self) -> dict[Path, bytes]:
        """All that the workspace holds, for ``put_back``."""
        self.services.store.close()  # what stood in its log is in the database now
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in found}

    def put_back(self, files: Mapping[Path, bytes], at: datetime = NOON) -> None:
        """Restore its first state: to open a new one costs more than most tests do."""
        self.services.store.close()
        self.clock.advance(seconds=(at - self.clock.now()).total_seconds())
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in files:
                path.unlink()
        for path, data in files.items():
            path.write_bytes(data)  # into the same file, which is what the watermark knows
        statements = self.services.statements
        for service, seen in (
            (self.services, "tick"),
            (statements, "_stage_states"),
            (statements, "sources"),
        ):
            vars(service).pop(seen, None)  # what was looked at is no more
        self.services.delivery.guard().begin()

    @property
    def outbox(self) -> list[Path]:
        return sorted((self.folder / "var/outbox").glob("*.eml"))

    @property
    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in self.outbox]


class Kept:
    """A workspace as it stands now, which each of several tests gets again.

    The program stays open, so a test pays neither for that nor for what leads to where it begins.
    """

    def __init__(self, site: Forum) -> None:
        its = site.services
        services = (
            *(its, its.statements, its.campaigns, its.delivery),
            *(its.subscribers, its.staff),
        )
        self._site, self._at, self._files = site, site.clock.now(), site.files()
        self._parts = [(service, dict(vars(service))) for service in services]

    def again(self) -> Forum:
        """As it was, with no part that a test put in the place of ours."""
        for service, parts in self._parts:
            vars(service).clear()
            vars(service).update(parts)
        self._site.put_back(self._files, self._at)
        return Forum(services=self._site.services, folder=self._site.folder, clock=self._site.clock)


@contextmanager
def forum(
    folder: Path, clock: FixedClock | None = None, database: Path | None = None, **settings: Any
) -> Iterator[Forum]:
    """A workspace in a folder, as it was left or new; ``database`` is one that is copied."""
    if database is not None:
        (folder / "var").mkdir(parents=True)
        shutil.copy(database, folder / "var")
    (folder / "statements").mkdir(parents=True, exist_ok=True)
    (folder / "newsletter.yaml").write_text(yaml.safe_dump(SETTINGS | settings), "utf-8")
    standing = clock or FixedClock()
    with open_workspace(folder, {}, clock=standing) as services:
        with services.store.begin() as tx:
            tx.staff.put("ed@forum.example", Role.APPROVER, standing.now())
        services.delivery.guard().begin()
        yield Forum(services=services, folder=folder, clock=standing)


def kept_after(
    opened: Callable[..., AbstractContextManager[Any]], *acts: Callable[[Any], object], **more: Any
) -> Any:
    """Return a fixture: the workspace of ``opened`` as it is after these acts, for a module."""

    @pytest.fixture(scope="module")
    def kept(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Kept]:
        with opened(tmp_path_factory.mktemp("kept"), database=migrated, **more) as found:
            for act in acts:
                act(found)
            yield Kept(getattr(found, "site", found))

    return kept

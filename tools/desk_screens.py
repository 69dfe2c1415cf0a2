"""Screenshots of the desk's pages: ``python -m tools.desk_screens FOLDER [LANGUAGE [PAGE …]]``.

They show the workspace that the demo makes, then each state that a statement passes through, and
an empty workspace: on a desktop and on a telephone, in light and in dark.
Needs Debian's Chromium. Whatever the browser's console says is printed, and then the exit code is
1.
"""

import argparse
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from newsletter.cli.workspace.demo import STAFF, at_the_desk, send_one
from newsletter.cli.workspace.setup import make_workspace
from newsletter.config import environment
from newsletter.credentials.codes import hash_token
from newsletter.credentials.identity_provider import IdentityProvider
from newsletter.domain.delivery.transactional import MessageState
from newsletter.domain.staff.account import Passkey, Session
from newsletter.domain.staff.role import Registration, Role
from newsletter.domain.statements.draft import DraftText
from newsletter.runtime.services import Services, open_workspace
from newsletter.store.sql import Transaction
from newsletter.web.server import WebServer
from tests.browser.conftest import FLAGS
from tools.desk_states import AheadClock, Page, empty_pages, states

OTHERS = {"vera": Role.VIEWER, "dan": Role.ADMIN}
"""Beside those of the demo."""
SIZES: Mapping[str, tuple[int, int]] = {"desktop": (1280, 900), "phone": (390, 844)}
_SETTINGS = """
digests:
  - {name: weekly, title: "The week to {date}", every: week, day: friday, at: "16:00",
     lists: [press]}
notices:
  - {kind: slack, name: press-room, url: "https://chat.forum.example/hush-hush"}
"""
_ABOUT = "The Forum of Examples speaks for 240 libraries in 12 states. It lives from its members.\n"
_NOTES = """## Notes to editors

- Pictures may be used freely.
- Interviews: press@forum.example
"""
_REFUSALS = ("not-found", "forbidden", "step-up")
SCHEMES = ("light", "dark")
"""Of each size."""


def pages(services: Services) -> Iterator[Page]:
    """Yield the pages of the demo."""
    with services.store.read() as tx:
        translation, draft = (one.key for one in tx.board.list_unsubmitted(limit=2))
        written = tx.drafts.find_by_slug("library-opening-hours-have-to-stay")
        key = written.key if written else draft
        number = tx.drafts.list_versions(key, 1)[0].number
        template = tx.drafts.list_templates()[0].key
    waits, sent = "library-opening-hours-have-to-stay", "example"
    yield from (
        ("sign-in", "/sign-in", ""),
        ("forgotten", "/forgotten", ""),
        ("back", "/sign-in/back?code=made-up&state=made-up", ""),
        ("home-writer", "", "ana"),
        ("home-approver", "", "ben"),
        ("home-sender", "", "cleo"),
        ("statements", "/statements", "cleo"),
        ("statements-search", "/statements?q=library+hours", "cleo"),
        ("statement-waits", f"/statements/{waits}", "ben"),
        ("statement-returned", "/statements/our-answer-to-the-water-plan", "ana"),
        ("statement-approved", "/statements/thank-you-to-four-hundred-volunteers", "cleo"),
        ("statement-scheduled", "/statements/budget-hearing-what-we-will-say", "cleo"),
        ("statement-sent", f"/statements/{sent}", "vera"),
        ("look", f"/statements/{waits}/look", "ben"),
        ("checks", f"/statements/{waits}/checks", "ben"),
        ("history", f"/statements/{sent}/history", "vera"),
        ("review", f"/statements/{waits}/review", "ben"),
        ("start", "/statements/thank-you-to-four-hundred-volunteers/start", "cleo"),
        ("campaign", "/campaigns/1", "cleo"),
        ("compare", "/campaigns", "cleo"),
        ("amend", "/campaigns/1/amend", "dan"),
        ("digests", "/digests", "ana"),
        ("digest", "/digests/weekly", "ana"),
        ("digest-form", "/digest?digest=weekly", "dan"),
        ("calendar", "/calendar", "cleo"),
        ("calendar-week", "/calendar?week=2026-11-24", "cleo"),
        ("stop", "/stop", "cleo"),
        ("readers", "/readers", "dan"),
        (
            "readers-filtered",
            "/readers?list=press&origin=import&since=2026-01-01",
            "dan",
        ),
        ("segment", "/readers/segment", "dan"),
        ("reader", "/readers/1", "dan"),
        ("reader-new", "/readers/new", "cleo"),
        ("import", "/readers/import", "dan"),
        ("sign-up-form", "/readers/form", "cleo"),
        ("draft-new", "/drafts/new", "ana"),
        ("draft-translate", f"/drafts/{translation}/translate", "ana"),
        ("draft", f"/drafts/{draft}", "ana"),
        ("draft-edit", f"/drafts/{key}/edit", "ana"),
        ("draft-edit-template", f"/drafts/{template}/edit", "ana"),
        ("draft-edit-details", f"/drafts/{key}/edit#details", "ana"),
        ("draft-edit-preview", f"/drafts/{key}/edit#preview", "ana"),
        ("draft-versions", f"/drafts/{key}/versions", "ana"),
        ("draft-version", f"/drafts/{key}/versions/{number}", "ana"),
        ("draft-pictures", f"/drafts/{key}/pictures", "ana"),
        ("account", "/account", "cleo"),
        ("account-passkeys", "/account", "dan"),
        ("passkey", "/account/passkeys", "dan"),
        ("passkey-without-an-app", "/account/passkeys", "cleo"),
        ("account-password", "/account/password", "cleo"),
        ("account-factor", "/account/factor", "cleo"),
        ("staff", "/staff", "dan"),
        ("staff-person", "/staff/ana@forum.example", "dan"),
        ("channels", "/channels", "dan"),
        ("tokens", "/tokens", "dan"),
        ("settings", "/settings", "dan"),
        ("settings-change", "/settings/change?group=signup", "dan"),
        ("settings-look", "/settings/look", "dan"),
        ("audit", "/audit", "dan"),
        ("audit-search", "/audit?q=library&since=2026-01-01", "dan"),
        ("not-found", "/nowhere", "ana"),
        ("forbidden", "/staff", "ana"),
    )


def furnish(services: Services) -> None:
    """Add more staff and texts than the demo has, and one person's passkey."""
    now, dan = services.store.clock.now(), "dan@forum.example"
    passkey = Passkey(
        id=b"dan",
        address=dan,
        party="localhost",
        name="Chrome, Mac",
        public=b"",
        signatures=0,
        made_at=now,
    )
    ana = services.statements.writer("ana@forum.example")
    with services.store.read() as tx:
        draft = tx.board.list_unsubmitted(limit=1)[0].key
    ana.copy_draft(draft, title="Our standard release", template=True)
    for title, body in (("About us", _ABOUT), ("Notes to editors", _NOTES)):
        ana.new(DraftText(title=title, body=body), template=True)
    ana.copy("example", title="Un ejemplo", language="es")
    with services.store.begin() as tx:
        for name, role in OTHERS.items():
            tx.staff.put(f"{name}@forum.example", role, now)
        _open_account(tx, dan, with_factor=True)
        tx.passkeys.add(passkey)
        tx.channel_posts.add("press-room", now)
        post = tx.channel_posts.claim(["press-room"], now)
        if post:
            tx.channel_posts.settle(post, MessageState.REJECTED, "HTTP 404: no_service", now)


def _open_account(tx: Transaction, address: str, *, with_factor: bool) -> None:
    tx.accounts.open(address, "nobody knows it", tx.now)
    if with_factor:
        tx.accounts.change(address, pending="00" * 20)
        tx.accounts.confirm_factor(address, 0, tx.now)


def provide(services: Services) -> None:
    """Give the desk an identity provider."""
    desk = Registration(name="Forum ID", issuer="https://id.forum.example", client_id="desk")
    vars(services.staff)["provider"] = IdentityProvider(
        desk=desk, secret="", clock=services.store.clock
    )


def signed_in(services: Services, name: str) -> str:
    """Return the cookie of a browser in which a person is signed in; "stale dan" was long ago."""
    word, now = secrets.token_urlsafe(24), services.store.clock.now()
    with services.store.begin() as tx:
        tx.sessions.begin(
            Session(
                hash=hash_token(word),
                address=f"{name.rpartition(' ')[2]}@forum.example",
                created_at=now,
                seen_at=now,
                stepped_up_at=None if name.startswith("stale") else now,
            )
        )
    return word


def all_pages(services: Services, clock: AheadClock, address: str) -> Iterator[Page]:
    """Yield the pages of the demo as it is, and then in further states."""
    provide(services)
    yield from pages(services)

    def post(path: str, fields: Mapping[str, str], **more: Any) -> requests.Response:
        cookies = {"desk": signed_in(services, "dan")}
        return requests.post(
            f"{address}/desk{path}",
            fields,
            cookies=cookies,
            headers={"Origin": address},
            timeout=60,
            **more,
        )

    yield from states(services, clock, post)


def first_pages(services: Services, _clock: AheadClock, _address: str) -> Iterator[Page]:
    """Yield the pages of a workspace in which nothing was done yet."""
    (services.settings.statements_folder / "example.md").unlink()
    with services.store.begin() as tx:
        for name, role in {**OTHERS, "ana": Role.WRITER, "cleo": Role.SENDER}.items():
            tx.staff.put(f"{name}@forum.example", role, tx.now)
            _open_account(tx, f"{name}@forum.example", with_factor=role.includes(Role.SENDER))
    yield from empty_pages()


def sent(folder: Path) -> Path:
    """The demo's workspace, from which one statement has gone out."""
    send_one(folder, {person.address: secrets.token_urlsafe(16) for person in STAFF})
    with (folder / "newsletter.yaml").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS)
    return folder


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


def taken(
    chromium: Any,
    address: str,
    services: Services,
    page: Page,
    out: Path,
    *,
    language: str,
) -> Iterator[str]:
    """Take a page in each size and scheme; yields its faults."""
    name, path, who = page
    word = signed_in(services, who) if who else ""
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale=language
            )
            if word:
                context.add_cookies([{"name": "desk", "value": word, "url": address}])
            window = context.new_page()
            said: list[str] = []
            window.on("console", lambda message, said=said: said.append(message.text))
            window.goto(f"{address}/desk{path}")
            window.wait_for_timeout(300)
            wide = window.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                said.append(f"{wide} px wide")
            window.screenshot(path=out / f"{name}-{size}-{scheme}.png", full_page=True)
            context.close()
            # Chromium complains of the pages that are errors themselves
            is_error = "Failed to load resource" if name.startswith(_REFUSALS) else "\0"
            yield from (f"{name}, {size}: {one}" for one in said if is_error not in one)


def main() -> int:
    """Take all of them."""
    parser = argparse.ArgumentParser(prog="python -m tools.desk_screens", description=__doc__)
    parser.add_argument("folder", type=Path, help="is created if it does not exist")
    parser.add_argument(
        "language", nargs="?", default="en", choices=("en", "en-GB", "de", "fr", "es")
    )
    parser.add_argument("pages", nargs="*", help="names such as home-sender; without them all")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as name, browser() as chromium:
        folder, empty = sent(Path(name) / "forum"), Path(name) / "empty"
        with at_the_desk(folder) as services:
            furnish(services)
        make_workspace(empty, {})
        for at, pages_of in ((folder, all_pages), (empty, first_pages)):
            clock = AheadClock()
            with (
                open_workspace(at, environment(), clock=clock) as services,
                WebServer(services, host="127.0.0.1", port=0) as server,
            ):
                address = server.address.replace("127.0.0.1", "localhost")
                for page in pages_of(services, clock, address):
                    if not given.pages or page[0] in given.pages:
                        faults = taken(
                            chromium, address, services, page, given.folder, language=given.language
                        )
                        complaints += list(faults)
    for complaint in dict.fromkeys(complaints):
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

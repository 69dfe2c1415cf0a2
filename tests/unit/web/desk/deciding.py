"""A workspace in which somebody decides, and forms filled in as a browser does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

from newsletter.domain.campaigns.campaign import Campaign, Start
from newsletter.domain.statements.statement import Approval
from tests.contracts.books import audited
from tests.desk import Signed, Staffed, desk
from tests.pages import Answer
from tests.unit.web.desk import work

CANARIES = tuple(f"canary{number}@readers.example" for number in range(1, 13))
SLUG = "hours"


@contextmanager
def room(folder: Path, database: Path, **settings: Any) -> Iterator["Room"]:
    """Twelve readers and one statement that waits for approval; a sender starts it."""
    schedule = {"undo_window": "5m", "start": "sender", **settings.pop("schedule", {})}
    settings.setdefault("provider", {"kind": "outbox", "batch_size": 5})
    approvals = {"author_may_approve": False, **settings.pop("approvals", {})}
    with desk(folder, database=database, schedule=schedule, approvals=approvals, **settings) as it:
        it.site.subscribe(*CANARIES)
        found = Room(it)
        found.write()
        yield found


class Room:
    """The desk of one workspace, with what its pages decide about."""

    def __init__(self, staffed: Staffed) -> None:
        self.staffed = staffed
        self.site = staffed.site
        self.services = staffed.site.services
        self.clock = staffed.site.clock

    def as_(self, name: str, *, fresh: bool = False) -> Signed:
        return self.staffed.as_(name, fresh=fresh)

    def write(
        self, body: str = "The library opens at nine.", slug: str = SLUG, **head: Any
    ) -> None:
        work.write(self.staffed, slug, body, **head)

    def approve(self, by: str = "ben", slug: str = SLUG, despite: str | None = None) -> None:
        work.approve(self.staffed, slug, by, despite)

    def press(self, who: Signed, page: Answer, action: str, /, **typed: Any) -> Answer:
        """Post the form of a page that leads there, with its own fields and the typed ones."""
        return who.post(action.removeprefix("/desk"), form_of(page, action) | typed)

    def start(self, slug: str = SLUG) -> None:
        """Let a sender start it by the form of its page."""
        cleo = self.as_("cleo")
        self.press(cleo, cleo.get(f"/statements/{slug}/start"), f"/desk/statements/{slug}/start")

    def begin(self, minutes: int = 6) -> None:
        """Let the time to undo go by, and whatever is due begin."""
        self.services.tick.run()
        self.clock.advance(minutes=minutes)
        self.services.tick.run()

    def hand_over(self, batches: int | None = None) -> None:
        dispatcher = self.services.delivery.dispatcher()
        done = 0
        while done != batches and dispatcher.dispatch() is not None:
            done += 1

    @property
    def content_hash(self) -> str:
        with self.services.store.read() as tx:
            stored = tx.statements.get(SLUG)
        return stored.content_hash

    @property
    def approvals(self) -> list[Approval]:
        with self.services.store.read() as tx:
            return [yes for yes in tx.approvals.list_for(SLUG) if yes.revoked_at is None]

    @property
    def starts(self) -> list[Start]:
        with self.services.store.read() as tx:
            return [start for start in tx.starts.list_for(SLUG) if start.revoked_at is None]

    @property
    def campaign(self) -> Campaign:
        with self.services.store.read() as tx:
            found = tx.campaigns.find_latest(SLUG)
        assert found is not None
        return found

    @property
    def campaigns(self) -> int:
        with self.services.store.read() as tx:
            return tx.campaigns.count()

    def deeds(self) -> list[tuple[str, str]]:
        """(actor, action) of each line of the audit log, which is whole."""
        return [(line.actor, line.action) for line in audited(self.services.store)]


def form_of(page: Answer, action: str) -> dict[str, str]:
    """Return the fields that a browser would post from the form that leads there."""
    forms = re.findall(r'(?s)<form method="post"([^>]*)>(.*?)</form>', page.text)
    [inner] = [body for head, body in forms if f'action="{action}"' in head]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", inner):
        parts = {name: unescape(value) for name, value in re.findall(r'([a-z]+)="([^"]*)"', tag)}
        ticked = parts.get("type") not in {"radio", "checkbox"} or " checked" in tag
        if "name" in parts and ticked:
            fields[parts["name"]] = parts.get("value", "")
    for name, text in re.findall(
        r'(?s)<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', inner
    ):
        fields[name] = unescape(text)
    return fields

"""Work at the desk and by programs that sends nothing: drafts, tokens, channels, feeds, checks."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any

from newsletter.domain.statements.feed import FeedUnreadable, Item
from newsletter.pipeline.campaigns.headcount import dry_run
from newsletter.pipeline.campaigns.report import load_vitals
from newsletter.pipeline.statements.visit import Visitor
from newsletter.sources.statements import slugify
from tests.simulation.cast import DIGEST, ISSUE, SETTINGS
from tests.simulation.database import digests
from tests.simulation.documented import DOCUMENTED, examine
from tests.simulation.effects import judge_done
from tests.simulation.expected import Rule, Violation
from tests.simulation.host import Host, Process
from tests.unit.pipeline.statements.test_visit import ListedFeed
from tests.unit.web.desk.writing import multipart, png

if TYPE_CHECKING:
    from tests.simulation.world import World

_TYPED = {"title": "Library hours", "body": "The library opens at 9.", "lists": "press"}
_TEXT = {"title": "A text of the website", "body": "It was written elsewhere.", "lists": ["press"]}
CHORES = (
    *("write", "write", "program", "program", "feed", "check", "examine", "note", "command", "add"),
)
_NOTES = {
    "note": "write a note",
    "withdrawn": "take off the web",
    "restored": "put back on the web",
}
_SCOPES = (
    *("subscribers:read", "subscribers:write", "subscribers:admin", "statements:read"),
    *("statements:write", "campaigns:read", "events:read", "sign-ups"),
)
_READS = (
    *("/campaigns", "/campaigns/1", "/events", "/token", "/statements", "/subscribers", "/lists"),
    *("/segments", "/subscribers/2", "/openapi.json"),
)


class Chores:
    """The chores of one world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._scrap = ""
        """The page of a text that is never handed in."""
        self._token = ""
        self._feed = ListedFeed()
        self._items = cycle(("text", "unusable", "more text"))

    def act(self, host: Host, deed: str, number: int) -> None:
        acts: dict[str, Callable[[Process, int], object]] = {
            "write": self._write,
            "program": self._program,
            "feed": self._visit,
            "check": self._check,
            "examine": self._examine,
            "note": self._note,
            "command": self._command,
        }
        if deed == "add":
            self._add(host, number)
        else:
            # of two people who save at once, the second is refused and has another version
            is_noted = deed == "write"
            self._world.office(host, lambda at: acts[deed](at, number), is_noted=is_noted)

    def _ask(self, process: Process, path: str, who: str = "writer", **more: Any) -> Any:
        return self._world.door.ask(process, "POST", f"/desk{path}", who, **more)

    def _write(self, process: Process, number: int) -> None:
        """Work on a text that is never submitted."""
        if not self._scrap:
            page = self._ask(process, "/drafts/new", form={"title": "Library hours"})
            self._scrap = f"/drafts/{page.headers['location'].split('/')[3]}"
        works = (self._save, self._shape, self._illustrate, self._copy, self._end)
        works[number % len(works)](process, number)

    def _save(self, process: Process, number: int) -> None:
        """Save as the script does it: two people at once, then one whose page is old."""
        for who, base in (("writer", number % 3), ("flo", number % 2), ("writer", 1)):
            typed = _TYPED | {"body": f"The library opens at {number}, says {who}."}
            fields = {name: [value] for name, value in typed.items()}
            self._post(process, "save", {"base": base, "fields": fields}, who)

    def _post(self, process: Process, deed: str, said: object, who: str = "writer") -> Any:
        kind = {"Content-Type": "application/json"}
        body = json.dumps(said).encode()
        return self._ask(process, f"{self._scrap}/{deed}", who, body=body, headers=kind)

    def _shape(self, process: Process, number: int) -> None:
        """Look at what comes of a text, and restore a version."""
        self._ask(process, f"{self._scrap}/preview", form=_TYPED)
        self._ask(process, f"{self._scrap}/looked", form={})
        key = self._scrap.split("/")[2]
        with process.store.read() as tx:
            versions = tx.drafts.list_versions(key, 9)
        at = versions[number % len(versions)].number
        self._ask(process, f"{self._scrap}/versions/{at}/restore", form={})

    def _illustrate(self, process: Process, number: int) -> None:
        fields, key = {"alt": "The library" * (number % 2), "act": "add"}, self._scrap.split("/")[2]
        sent = multipart(fields, picture=("a.png", png()))
        if self._ask(process, f"{self._scrap}/pictures", **sent).status == 303:
            judge_done(process.host.books, "add a picture", key, fields["alt"])
        with process.store.read() as tx:
            made = tx.pictures.list_for(key)
        for one in made[:1]:
            self._ask(process, f"{self._scrap}/pictures/{one.name}/place", form={})
            self._world.door.ask(process, "GET", f"/desk{self._scrap}/pictures")

    def _copy(self, process: Process, number: int) -> None:
        """Begin a text with this one, as a template or a translation."""
        key = self._scrap.split("/")[2]
        start = {"title": "Again", "like": key} | ({"template": "yes"} if number % 2 else {})
        self._ask(process, "/drafts/new", form=start)
        slug = SETTINGS[self._world.kind].slugs[0]
        page = self._ask(process, f"/statements/{slug}/copy", form={"language": "es"})
        there = page.headers["location"].removeprefix("/desk").partition("?")[0]
        self._ask(process, there, form={"base": "1", "block-0": "Abre a las ocho."})

    def _end(self, process: Process, _number: int) -> None:
        self._ask(process, f"{self._scrap}/test", form={"to": "writer@forum.example"})
        here, self._scrap = self._scrap, ""
        self._ask(process, f"{here}/delete", form={})
        judge_done(process.host.books, "delete a text", here.split("/")[2])

    def _visit(self, process: Process, number: int) -> None:
        """Visit a feed, which has another item each time, or cannot be read."""
        feed = self._feed
        feed.broken = FeedUnreadable("it is away") if number % 5 == 0 else None
        feed.unchanged = number % 5 == 1
        if number % 5 == 2 and feed.items:
            feed.items[-1] = replace(feed.items[-1], content=f"{number} other words")
        name = f"item{self._world.number()}"
        item = Item(
            id=name,
            link=f"https://forum.example/{name}",
            title=f"From the feed {number % 2}",
            published=process.host.now() - timedelta(hours=number % 3),
            content=next(self._items),
        )
        feed.items.append(item)
        visitor = Visitor(store=process.store, share=lambda: 0.5, slugify=slugify)  # type: ignore[arg-type]
        for due in visitor.due([feed]):  # type: ignore[list-item]
            visitor.visit(due)
            if not (feed.broken or feed.unchanged):
                judge_done(process.host.books, "list an item", name)

    def call(self, process: Process, method: str, path: str, said: object, **more: str) -> Any:
        """Call the API as a program, for which an admin makes a token when it has none."""
        door = self._world.door
        if not self._token:
            form = {"name": "Website", "scope": [*_SCOPES], "days": "30"}
            page = door.ask(process, "POST", "/desk/tokens", "ada", form)
            self._token = page.text.partition('<code id="token">')[2].partition("<")[0]
        lines = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        body = json.dumps(said).encode() if method != "GET" else b""
        return door.ask(process, method, f"/api/v1{path}", body=body, headers=lines | more)

    def _program(self, process: Process, number: int) -> None:
        """Let a program with a token read, write a text, or ask for a person; end the token."""
        acts = (self._read_all, self._write_text, self._read_all, self._find)
        acts[number % len(acts)](process, number)
        if number % 7 == 0:
            self._token = ""
            with process.store.read() as tx:
                newest = tx.tokens.list_newest(1)
            for one in newest:
                self._ask(process, f"/tokens/{one.id}/revoke", "ada", form={})
                judge_done(process.host.books, "revoke a token", one.id)

    def _read_all(self, process: Process, number: int) -> None:
        for path in (_READS[number % len(_READS)], _READS[(number + 3) % len(_READS)]):
            self.call(process, "GET", path, None)

    def _write_text(self, process: Process, number: int) -> None:
        once = {"Idempotency-Key": f"text-{number % 3}"}
        for _ in range(2):
            made = self.call(process, "POST", "/drafts", _TEXT, **once)
        key = made.headers["location"].split("/")[-1]
        judge_done(process.host.books, "save a text", key, f"%{_TEXT['body']}%")
        self.call(process, "GET", f"/drafts/{key}", None)

    def _find(self, process: Process, _number: int) -> None:
        self.call(process, "POST", "/subscribers/find", {"address": "reader2@example.org"})
        self.call(process, "POST", "/subscribers/2/data", {})

    def _check(self, process: Process, _number: int) -> None:
        """Compare the rows with their hashes and seals, and the audit log with itself."""
        self._ask(process, "/audit/verify", "ada", form={})
        with process.store.read() as tx:
            tx.audit.verify()
        store = process.host.database.store
        damaged = [one for one in store.check_rows(seconds=60) if one.damaged]
        if damaged and not process.host.expected.put_back:
            raise Violation(Rule.FAULT, f"damaged: {damaged}")

    def _examine(self, process: Process, _number: int) -> None:
        """Ask the providers about key and domain, which changes nothing."""
        for service in self._world.services:
            if service.traits in DOCUMENTED:
                host = process.host
                transport = host.network(service.name).transport
                examine(service.traits, host.keys[service.name], transport)

    def _note(self, process: Process, number: int) -> None:
        """Write next to a sent statement, for readers of the archive."""
        kind = [*_NOTES][number % 3]
        form = {"kind": kind, kind: "A person was mistaken."}
        self._world.door.send(process, "sam", "/campaigns/1/note", form)
        withdrawn = process.host.expected.withdrawn
        slug = process.host.expected.slugs.get(1, "")
        judge_done(process.host.books, _NOTES[kind], slug, *[form[kind]] * (kind == "note"))
        if kind == "withdrawn":
            withdrawn.add(slug)
        elif kind == "restored":
            withdrawn.discard(slug)

    def _command(self, process: Process, number: int) -> None:
        """Ask by command who would get a statement, how a campaign goes, and what a digest has."""
        setting, store = SETTINGS[self._world.kind], process.store
        slug = setting.slugs[number % len(setting.slugs)]
        dry_run(slug, store=store, rules=process.rules)  # type: ignore[arg-type]
        load_vitals(store=store)  # type: ignore[arg-type]
        if setting.gathers:
            builder = digests(store)
            builder.forecast(DIGEST.name)
            builder.drop(ISSUE, "writer@forum.example")
            judge_done(process.host.books, "drop a digest")

    def _add(self, host: Host, number: int) -> None:
        """Add a reader at the desk, or one who is there already."""
        if host.expected.put_back or self._world.is_copied:
            return  # a number would be given a second time
        new = f"added{self._world.number()}@example.org"
        form = {"email": new, "list": "press", "agreed": "They asked for it."}
        if number % 3 == 0:
            form |= {"email": host.expected.people[1].address}
        if not self._world.people.sent(host, "ada", "/readers/new", form) or number % 3 == 0:
            if number % 3 == 0:
                host.expected.people[1].unsure = True
                host.expected.people[1].added_again = True
            return
        self._world.people.add(host, new)

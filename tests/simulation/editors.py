"""The acts of the staff on texts: write, read, approve, start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from newsletter.domain.errors import Refused
from newsletter.domain.statements.content import Content
from newsletter.pipeline.campaigns.control import StartRequest
from newsletter.pipeline.statements import approve
from newsletter.pipeline.statements.approve import ApprovalRequest
from tests.desk import address_of
from tests.simulation.cast import DIGEST, ISSUE, NOTICE, SETTINGS, ZONE, Version
from tests.simulation.database import digests
from tests.simulation.effects import judge_done
from tests.simulation.expected import Approved, Rule, Started, Violation, words_of
from tests.simulation.host import Host, Process
from tests.simulation.oracle import for_how_many
from tests.simulation.service import How

if TYPE_CHECKING:
    from tests.simulation.world import World

COMMAND = "command"
APPROVERS = ("ed", "flo", "writer", "ada")
ADMINS = ("ada", "abe")
_SENDERS = ("sam", "ada")
_EMBARGO = timedelta(minutes=10)
_OF_OTHERS = 'SELECT "by" FROM approval WHERE slug = ? AND "by" <> ? AND revoked_at IS NULL'


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _typed(at: datetime) -> str:
    """Return an instant as people type it in a form."""
    return f"{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A statement as a page of the desk showed it."""

    form: Mapping[str, Any]
    """The fields of the form on the page."""
    content: Content
    not_before: datetime | None
    readers: int | None
    """How many would get it, if that is certain."""


class Editors:
    """The staff of one world. Notes in the oracle who approved which words."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._seen: dict[tuple[str, str], Seen] = {}
        self.draft = ""
        """The key of the text of the desk."""
        self._written: Version | None = None
        self._number = 0
        """The last number of a version of that text."""

    def act(self, host: Host, deed: str, who: str, number: int, door: str = "") -> None:
        """Do one act as a person, on one of the statements, at the desk or by ``COMMAND``."""
        if who in host.expected.former:
            return
        slugs = SETTINGS[self._world.kind].slugs
        acts: dict[str, Callable[[Host, str, str], None]] = {
            "read": self._read,
            "approve": self._approve,
            "waive": partial(self._approve, waives=True),
            "override": partial(self._approve, override=True),
            "revoke": self._revoke,
            "dismiss": self._dismiss,
            "start": self._start,
            "undo": self._undo,
            "plan": partial(self._start, later=timedelta(minutes=5)),
            "schedule": partial(self._schedule, later=timedelta(minutes=5)),
            "hurry": self._hurry,
            "unschedule": self._unschedule,
            "edit": partial(self._edit, change={}),
            "draft": self._draft,
            "submit": partial(self._edit, change={"draft": False}),
            "embargo": partial(self._edit, change={"embargo": "Embargoed.", "embargo_until": None}),
            "until": partial(self._edit, change={"embargo_until": "soon"}),
            "gather": self._gather,
            "write": self._write,
            "hand in": partial(self._write, hands_in=True),
            "take back": self._take_back,
            "comment": self._comment,
            "send back": self._send_back,
            "copy": self._copy,
            "test": self._test,
        }
        if door == COMMAND:
            acts[deed] = partial(acts[deed], commands=True)
        acts[deed](host, who, slugs[number % len(slugs)])

    def _read(self, host: Host, who: str, slug: str) -> None:
        """Look at the statement now, to approve or start it later."""
        page, deed = ("start", "start") if who == "sam" else ("review", "review")
        seen = self._look(host, who, slug, page, deed)
        if seen is not None:
            self._seen[who, slug] = seen

    def _look(self, host: Host, who: str, slug: str, page: str, deed: str) -> Seen | None:
        """Return the form of a page that leads to an act, as the person is shown it."""
        here, shown = f"/statements/{slug}", list[Seen]()

        def look(process: Process) -> None:
            seen = self._world.door.ask(process, "GET", f"/desk{here}/{page}", who)
            with process.store.read() as tx:
                try:
                    form = seen.form(f"/desk{here}/{deed}")
                except Refused:  # people send forms that no page shows them
                    stored = tx.statements.get(slug)
                    form = {"digest": [stored.content_hash if stored else ""]}
                content = tx.statements.get_content(form["digest"][0])
            if content is None:
                raise Refused(f"{slug} has no email")
            shown.append(self._seen_now(host, slug, form, content))

        self._world.office(host, look)
        return shown[0] if shown else None

    def _seen_now(self, host: Host, slug: str, form: Mapping[str, Any], content: Content) -> Seen:
        not_before = host.expected.not_before(slug, host.now())
        readers = for_how_many(slug, host.expected)
        return Seen(form=form, content=content, not_before=not_before, readers=readers)

    def _decided(
        self, host: Host, who: str, slug: str, page: str, deed: str, **typed: str
    ) -> Seen | None:
        """Send the form of a page that the person saw now or before; None if it was refused."""
        before = (who == "sam") == (deed == "start") and deed != "override"
        seen = self._seen.pop((who, slug), None) if before else None
        seen = seen or self._look(host, who, slug, page, deed)
        if seen is None:
            return None
        form = {**seen.form, **typed}
        now = (
            self._look(host, who, slug, page, deed) if self._world.parts.forgets_the_time else None
        )
        if now is not None and "shown_time" in now.form:
            form["shown_time"] = now.form["shown_time"]
        return (
            seen if self._world.people.sent(host, who, f"/statements/{slug}/{deed}", form) else None
        )

    def _commanded(
        self, host: Host, who: str, slug: str, command: Callable[[Any, str, dict[str, Any]], object]
    ) -> Seen | None:
        """Act by a command on the content and times that it shows; None if it was refused."""
        shown = list[Seen]()

        def act(process: Process) -> None:
            self._world.door.at(process)
            services = self._world.door.services
            with process.store.read() as tx:
                stored = tx.statements.get(slug)
                digest = stored.content_hash if stored else ""
                content = tx.statements.get_content(digest)
            if content is None:
                raise Refused(f"{slug} has no email")
            terms = services.campaigns.current_terms(slug)
            seen = self._seen_now(host, slug, {"digest": [digest]}, content)
            command(services, digest, {"slug": slug, "by": address_of(who), "shown": terms})
            shown.append(seen)

        return shown[0] if self._world.office(host, act) else None

    def _approve(
        self,
        host: Host,
        who: str,
        slug: str,
        *,
        override: bool = False,
        waives: bool = False,
        commands: bool = False,
    ) -> None:
        typed = {"despite": "it is all right", "why": "nobody else is in"}
        if commands:
            how = {"despite": typed["despite"], "no_embargo": waives, "override": override}
            seen = self._commanded(
                host,
                who,
                slug,
                lambda at, digest, about: at.statements.approve(
                    ApprovalRequest(expect=digest, **about, **how)
                ),
            )
        else:
            typed |= {"no_embargo": "yes"} if waives else {}
            deed = "override" if override else "review"
            seen = self._decided(host, who, slug, "review", deed, **typed)
        if seen is None:
            return
        if override and who not in ADMINS:
            raise Violation(Rule.INTRUDER, f"{who} replaced an approval of {slug}")
        judge_done(host.books, "approve", slug, address_of(who), *seen.form["digest"])
        if slug in host.expected.gone:
            readers = self._world.people.had(slug)
            self._world.true.excuses.anew |= {(slug, reader) for reader in readers}
        host.expected.approvals.append(
            Approved(
                slug=slug,
                by=address_of(who),
                words=words_of(seen.content),
                override=override,
                waives=waives,
                not_before=seen.not_before,
                at=host.now(),
            )
        )

    def _revoke(self, host: Host, who: str, slug: str) -> None:
        """Withdraw the person's own approval at the desk, or as an admin all by command."""
        by = address_of(who)
        if who not in ADMINS or self._world.number() % 2:
            others = self._others(host, slug, by)
            if self._world.people.sent(host, who, f"/statements/{slug}/withdraw", {}):
                judge_done(host.books, "revoke an approval", slug, by)
                self._judge_others(host, slug, by, others)
                host.expected.take_back(slug, by)
        elif self._world.office(
            host, lambda at: approve.revoke(slug, by=by, store=at.store, rules=at.rules)
        ):
            judge_done(host.books, "revoke approvals", slug)
            host.expected.take_back(slug, None)

    def _others(self, host: Host, slug: str, by: str) -> list[Any]:
        """Return the approvals that count, of other people."""
        return list(host.books.execute(_OF_OTHERS, (slug, by)).fetchall())

    def _judge_others(self, host: Host, slug: str, by: str, before: list[Any]) -> None:
        """Check that an act on a person's own approval left those of others."""
        if (now := self._others(host, slug, by)) != before:
            raise Violation(Rule.UNDONE, f"{by} ended approvals of others: {before}, now {now}")

    def _dismiss(self, host: Host, who: str, _slug: str) -> None:
        """Remove a person from the staff: what they approved does not count any longer."""
        if self._world.people.sent(host, "ada", f"/staff/{address_of(who)}/remove", {}):
            judge_done(host.books, "dismiss", address_of(who))
            host.expected.former.add(who)
            for slug in SETTINGS[self._world.kind].slugs:
                host.expected.take_back(slug, address_of(who))

    def _start(
        self,
        host: Host,
        who: str,
        slug: str,
        *,
        later: timedelta | None = None,
        commands: bool = False,
    ) -> None:
        at = host.now()
        if later is not None:
            first = host.expected.not_before(slug, at) or at
            at = _minute(max(at + later, first + timedelta(minutes=1)))
        if commands:
            to = None if later is None else at
            seen = self._commanded(
                host,
                who,
                slug,
                lambda us, digest, about: us.campaigns.starter().start(
                    StartRequest(seen=digest, at=to, **about)
                ),
            )
        else:
            when = {"when": "now"} if later is None else {"when": "at", "at": _typed(at)}
            seen = self._decided(host, who, slug, "start", "start", right="yes", **when)
        if seen is not None:
            if who not in _SENDERS:
                raise Violation(Rule.INTRUDER, f"{who} started {slug}")
            now = for_how_many(slug, host.expected)
            if None not in {now, seen.readers} and now != seen.readers:
                raise Violation(Rule.HASTY, f"{who} started {slug} for {seen.readers}, not {now}")
            judge_done(host.books, "start", slug, address_of(who), *seen.form["digest"])
            given = tuple(host.expected.approvals)
            started = Started(words=words_of(seen.content), at=host.now(), approvals=given)
            host.expected.counted[slug] = now
            host.expected.starts[slug] = started
            if later is not None:
                judge_done(host.books, "set a time", slug, at)
            host.expected.schedules[slug] = at

    def _undo(self, host: Host, who: str, slug: str) -> None:
        if not self._world.people.sent(host, who, f"/statements/{slug}/undo", {}):
            return
        if SETTINGS[self._world.kind].by_sender and who not in _SENDERS:
            started = slug in host.expected.starts
            with host.database.read(host) as tx:
                stands = any(one.revoked_at is None for one in tx.starts.list_for(slug))
            if started and not stands:
                raise Violation(Rule.INTRUDER, f"{who} undid the start of {slug}")
            judge_done(host.books, "revoke an approval", slug, address_of(who))
            host.expected.take_back(slug, address_of(who))
            return
        host.expected.starts.pop(slug, None)
        if SETTINGS[self._world.kind].by_sender:
            judge_done(host.books, "undo a start", slug)
        elif who in _SENDERS:
            judge_done(host.books, "revoke approvals", slug)
            host.expected.take_back(slug, None)
        else:
            judge_done(host.books, "revoke an approval", slug, address_of(who))
            host.expected.take_back(slug, address_of(who))

    def _schedule(self, host: Host, who: str, slug: str, *, later: timedelta) -> None:
        """Set a time."""
        at = _minute(host.now() + later)
        form = {"when": "at", "at": _typed(at), "shown_time": self._shown_time(host, slug)}
        if self._world.people.sent(host, who, f"/statements/{slug}/time", form):
            self._timed(host, slug, at)

    def _hurry(self, host: Host, who: str, slug: str) -> None:
        """Set an earlier time, for which the statement may need a new approval."""
        at = _minute(host.now() + timedelta(minutes=1))
        form = {"when": "at", "anew": "yes", "earlier": _typed(at)}
        form["shown_time"] = self._shown_time(host, slug)
        if self._world.people.sent(host, who, f"/statements/{slug}/time", form):
            self._timed(host, slug, at)

    def _shown_time(self, host: Host, slug: str) -> str:
        """Return the set time as the page of the form shows it now."""
        shown = [""]

        def look(process: Process) -> None:
            self._world.door.at(process)
            shown[0] = self._world.door.services.campaigns.current_terms(slug).time

        self._world.office(host, look)
        return shown[0]

    def _unschedule(self, host: Host, who: str, slug: str) -> None:
        """Let the text decide on the time again, by command."""
        by = address_of(who)
        if self._world.office(host, lambda to: to.starter.schedule(slug, None, by=by)):
            self._timed(host, slug, None)

    def _timed(self, host: Host, slug: str, at: datetime | None) -> None:
        expected = host.expected
        judge_done(host.books, "set a time" if at else "clear a time", slug, *[at] * bool(at))
        expected.schedules[slug] = at
        first = expected.not_before(slug, host.now()) or host.now()
        expected.approvals = [
            one
            for one in expected.approvals
            if one.slug != slug or one.not_before is None or one.not_before <= first
        ]

    def _edit(self, host: Host, who: str, slug: str, *, change: dict[str, object]) -> None:
        """Write another version of the text."""
        before = host.files.get(slug)
        if before is None:  # a digest email has no file
            return
        by = address_of(who)
        wanted = dict(change)
        if wanted.get("embargo_until") == "soon":
            wanted["embargo_until"] = host.now() + _EMBARGO
        number = 1 + max(n for name, n in self._world.texts if name == slug)
        writers = tuple(dict.fromkeys((*before.writers, by)))
        version: Version = replace(before, number=number, writers=writers, **wanted)  # type: ignore[arg-type]
        self._world.texts[slug, number] = version
        host.files[slug] = version

    def _draft(self, host: Host, _who: str, slug: str) -> None:
        """Mark the text as a draft, and keep its words."""
        if version := host.files.get(slug):
            version = replace(version, draft=True)
            self._world.texts[slug, version.number] = host.files[slug] = version

    def _gather(self, host: Host, _who: str, _slug: str) -> None:
        if SETTINGS[self._world.kind].gathers and self._world.office(
            host, lambda at: digests(at.store).make(DIGEST.name, "ada@forum.example")
        ):
            judge_done(host.books, "gather", DIGEST.name)
            self._check_issue(host)

    def _check_issue(self, host: Host) -> None:
        """Check that the digest email that was just made quotes no withdrawn statement."""
        with host.database.read(host) as tx:
            [*issues] = tx.digests.find_issues([ISSUE])
        wrong = [part for one in issues for part in one.parts if part in host.expected.withdrawn]
        if wrong and not host.expected.put_back:
            raise Violation(Rule.WRONG, f"a digest email quotes {wrong}")

    def _write(self, host: Host, who: str, slug: str, *, hands_in: bool = False) -> None:
        """Write another version of the text of the desk. Ed submits again a text taken back."""
        if slug != NOTICE or host.expected.put_back or self._world.is_copied:
            return  # a restored database has another text, or none
        version = self._next_version(who)
        typed = {"title": "Opening hours", "body": f"Read {version.marker}.", "lists": "press"}
        if self._written and who == "ed" and hands_in and slug not in host.expected.submitted:
            version, typed = self._written, {}
        door = self._world.door

        def write(process: Process) -> None:
            if not self.draft:
                page = door.send(process, who, "/drafts/new", {"title": "Opening hours"})
                self.draft = page.headers["location"].split("/")[3]
            here = f"/drafts/{self.draft}/edit"
            act = "hand-in" if hands_in else "save"
            door.press(process, who, here, here, act=act, **typed)

        # a text that may not be handed in is saved all the same
        if self._world.office(host, write, is_noted=hands_in):
            self._written = self._world.texts[slug, version.number] = version
            judge_done(host.books, "save a text", self.draft, f"%{version.marker}%")
            if hands_in:
                judge_done(host.books, "hand in a text", self.draft)
                host.expected.submitted[slug] = version

    def _next_version(self, who: str) -> Version:
        # a refused hand-in has saved its text: another one with its number would change nothing
        numbers = (n for name, n in self._world.texts if name == NOTICE)
        self._number = number = 1 + max((self._number, *numbers))
        before = self._written.writers if self._written else ()
        writers = tuple(dict.fromkeys((*before, address_of(who))))
        return Version(slug=NOTICE, number=number, writers=writers)

    def _take_back(self, host: Host, who: str, slug: str) -> None:
        if self.draft and self._world.people.sent(host, who, f"/drafts/{self.draft}/take-back", {}):
            judge_done(host.books, "take back a text", self.draft)
            host.expected.submitted.pop(slug, None)
            host.expected.take_back(slug, None)

    def _comment(self, host: Host, who: str, slug: str) -> None:
        form = {"comment": f"Fine, by {self._world.now:%d %H:%M:%S.%f}."}
        if self._world.people.sent(host, who, f"/statements/{slug}/comments", form):
            judge_done(host.books, "comment", slug, address_of(who), form["comment"])

    def _send_back(self, host: Host, who: str, slug: str) -> None:
        by = address_of(who)
        others = self._others(host, slug, by)
        if self._decided(host, who, slug, "review", "send-back", reason="Which Saturday?"):
            judge_done(host.books, "send back", slug, by)
            self._judge_others(host, slug, by, others)

    def _test(self, host: Host, who: str, slug: str) -> None:
        """Send a test mail to oneself."""
        self._world.how, before = How.TAKE, len(self._world.tests)
        action, form = f"/statements/{slug}/test", {"to": address_of(who)}
        door = self._world.door
        # a provider may refuse what a wrong clock signed, and the attempt counts
        sent = self._world.office(host, lambda at: door.send(at, who, action, form), is_noted=True)
        if sent and self._world.tests[before:] != [address_of(who)]:
            raise Violation(
                Rule.UNDONE, f"of a test mail to {who} came {self._world.tests[before:]}"
            )

    def _copy(self, host: Host, who: str, slug: str) -> None:
        """Copy the text to a draft, and delete the copy."""
        sent, door = f"/statements/{slug}/copy", self._world.door

        def copy(process: Process) -> None:
            page = door.send(process, who, sent, {"title": "Again"})
            key = page.headers["location"].split("/")[3]
            door.send(process, who, f"/drafts/{key}/delete", {})
            judge_done(host.books, "delete a text", key)

        self._world.office(host, copy)

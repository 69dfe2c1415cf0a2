"""The acts of the operator and of readers, and the events of the provider."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, TransactionalEmail
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.subscribers.audience import Entry, ImportResult
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.pipeline.events import record
from newsletter.pipeline.subscribers import administer, imports, leave, prefer
from newsletter.pipeline.subscribers import leave as forget
from tests.fakes import THEIRS, WORKSPACE
from tests.simulation.cast import DONORS, ORIGINAL, SPANISH, Person, written
from tests.simulation.host import LISTS, PROVIDERS, Host, Process
from tests.simulation.oracle import Bar, Rule, Violation, campaign_of, people, standings
from tests.simulation.service import Mail

if TYPE_CHECKING:
    from tests.simulation.world import World


_ADMIN = "ada@forum.example"
_PAUSE = timedelta(minutes=3)
_KINDS = {
    "delivered": (EventKind.DELIVERED, None),
    "opened": (EventKind.OPENED, None),
    "bounced": (EventKind.BOUNCED, Bounce.HARD),
    "soft": (EventKind.BOUNCED, Bounce.SOFT),
    "complained": (EventKind.COMPLAINED, None),
    "unsubscribed": (EventKind.UNSUBSCRIBED, None),
}
_FIRM = {"bounced", "complained"}
_RESOLUTIONS = {
    "sent": Resolution.ACCEPTED,
    "resend": Resolution.RESEND,
    "give up": Resolution.GIVE_UP,
}


class People:
    """The people of one world. Notes in the oracle what must hold from then on."""

    def __init__(self, world: "World") -> None:
        self._world = world

    # --- the operator

    def hand(self, host: Host, deed: str, number: int) -> None:
        """Pause, resume, cancel, resolve or reopen one of the campaigns."""
        ids = host.books.execute("SELECT id, slug FROM campaign ORDER BY id").fetchall()
        if not ids:
            return
        chosen, slug = ids[number % len(ids)]
        if deed == "reopen":
            self._reopen(host, chosen, slug)
        elif deed in _RESOLUTIONS:
            self._resolve(host, chosen, _RESOLUTIONS[deed])
        elif self._world.office(host, lambda process: getattr(process.hand(), deed)(str(chosen))):
            key = ("campaign", chosen)
            if deed == "resume":
                host.expected.bars.pop(key, None)
            elif deed != "go_back":
                self._stopped(host, chosen)
            if deed == "cancel":
                host.expected.take_back(slug, None)

    def _resolve(self, host: Host, number: int, to: Resolution) -> None:
        slug = host.expected.slugs.get(number, "")
        unknown = [n for n, state in standings(host.books, number).items() if state == "unknown"]
        if not self._world.office(host, lambda process: process.hand().resolve(str(number), to)):
            return
        had = self.had(slug)
        for reader in unknown:
            if to is Resolution.ACCEPTED:
                self._world.true.excuses.vouched.add((slug, reader))
            elif to is Resolution.GIVE_UP:
                self._world.true.excuses.given_up.add((slug, reader))
            elif reader in had or any(not one.idle for one in host.older):
                self._world.true.excuses.again.add((slug, reader))
                self._world.true.excuses.resent.add((slug, reader))

    def _reopen(self, host: Host, number: int, slug: str) -> None:
        if self._world.office(host, lambda process: process.hand().reopen(str(number))):
            host.expected.bars.pop(("campaign", number), None)
            excuses = self._world.true.excuses
            # the books of a backup do not know who has it, nor does a person who was wrong before
            of_old = host.expected.put_back or any(not one.idle for one in host.older)
            wrong = {(slug, reader) for reader in self.had(slug)}
            excuses.again |= wrong if of_old else wrong & excuses.resent

    def had(self, slug: str) -> set[int]:
        """Return the readers who got a statement."""
        true = self._world.true
        return {true.owners.get(mail.address, 0) for mail in true.journal if mail.campaign == slug}

    def _stopped(self, host: Host, number: int) -> None:
        host.expected.bars["campaign", number] = self._bar()
        host.expected.ended.add(number)

    def hold(self, host: Host) -> None:
        if self._world.office(host, lambda process: process.guard().stop(by=_ADMIN, reason="")):
            host.expected.bars["all", 0] = self._bar()

    def release(self, host: Host) -> None:
        """Lift every hold. A careful person compares the database with the provider first."""
        process = Process(host)
        kinds = process.guard().holds()
        if HoldKind.RESTORE_GUARD in kinds:
            self._compare(host)
        if self._world.office(
            host, lambda process: process.guard().release(by=_ADMIN, kinds=kinds)
        ):
            host.expected.bars.pop(("all", 0), None)

    def _compare(self, host: Host) -> None:
        """Cancel sent campaigns, revoke approvals of sent statements, resolve unknown batches.

        If one language of a statement was sent, do this for all its languages.
        """
        numbers = dict(host.books.execute("SELECT slug, id FROM campaign ORDER BY id").fetchall())
        gone = {slug for slug in self.journal_slugs if self._went_on(host, slug, numbers.get(slug))}
        if self._world.kind == "family" and gone:
            gone |= {ORIGINAL, SPANISH}
        host.expected.gone |= gone
        for slug in sorted(gone):
            cancelled = slug in numbers and self._end_campaign(host, numbers[slug])
            if cancelled or self._world.office(host, partial(_revoke, slug=slug)):
                host.expected.take_back(slug, None)

    @property
    def journal_slugs(self) -> set[str]:
        return {mail.campaign for mail in self._world.true.journal if campaign_of(mail)}

    def _went_on(self, host: Host, slug: str, number: int | None) -> bool:
        """Return whether more was sent than the database knows. Resolve unknown batches."""
        had = self.had(slug)
        self._world.true.excuses.told |= {(slug, reader) for reader in had}
        begun = number is not None and number in host.expected.slugs
        states = standings(host.books, number) if number is not None and begun else {}
        unknown = {reader for reader, state in states.items() if state == "unknown"}
        if unknown and number is not None:
            all_there = unknown <= had
            to = Resolution.ACCEPTED if all_there else Resolution.GIVE_UP
            self._resolve(host, number, to)
        return bool(had - unknown - {n for n, state in states.items() if state == "accepted"})

    def _end_campaign(self, host: Host, number: int) -> bool:
        """Cancel a campaign. Return False if it has ended already."""
        cancelled = self._world.office(host, lambda process: process.hand().cancel(str(number)))
        if cancelled:
            self._stopped(host, number)
        return cancelled

    def _bar(self) -> Bar:
        return Bar(commit=self._world.commit, at=self._world.now)

    # --- readers

    def reader(self, host: Host, deed: str, number: int) -> None:
        getattr(self, f"_{deed}")(host, number)

    def _leave(self, host: Host, number: int) -> None:
        ids = [one for one, people in host.expected.audiences.items() if number in people]
        if not ids:
            return
        link = leave.Departure(campaign_id=ids[-1], subscriber_id=number)
        if self._world.office(host, lambda at: leave.leave([link], store=at.store)):
            lists = written(host.expected.slugs[ids[-1]]).lists
            host.expected.people[number].leave(lists, self._bar())

    def _leave_all(self, host: Host, number: int) -> None:
        link = leave.Departure(campaign_id=1, subscriber_id=number)
        if self._world.office(host, lambda at: leave.leave_everything(link, store=at.store)):
            person, bar = host.expected.people[number], self._bar()
            person.leave(tuple(person.lists), bar)  # staff may lift the bar, and bring no one back
            person.end(bar)

    def _unsubscribe(self, host: Host, number: int) -> None:
        """End one subscription of a reader, as staff."""
        person, lists = host.expected.people[number], ("press",)
        if self._world.office(
            host,
            lambda at: administer.unsubscribe(
                person.address, lists, by=_ADMIN, declared=LISTS, store=at.store
            ),
        ):
            person.leave(lists, self._bar())

    def _wish(self, host: Host, number: int, wish: PreferenceChange) -> bool:
        """Store what a reader wants, by the page of preferences."""
        owner = prefer.Owner(subscriber_id=number, signed_at=host.now())
        return self._world.office(
            host,
            lambda at: prefer.save(
                owner, wish, shown=LISTS, language="en", closed=(), store=at.store
            ),
        )

    def _come_back(self, host: Host, number: int) -> None:
        wish = PreferenceChange(joins=frozenset({"press"}), returns=True)
        if self._wish(host, number, wish):
            person = host.expected.people[number]
            person.lists["press"] = None
            if not person.is_barred:
                person.gone = None
                host.expected.dead.pop(person.address, None)

    def _pause(self, host: Host, number: int) -> None:
        until = host.now() + _PAUSE
        if self._wish(host, number, PreferenceChange(pauses_until=until)):
            person = host.expected.people[number]
            person.pause, person.pauses_until = self._bar(), until

    def _resume(self, host: Host, number: int) -> None:
        if self._wish(host, number, PreferenceChange(resumes=True)):
            host.expected.people[number].pauses_until = None

    def _suppress(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        if self._world.office(
            host, lambda at: administer.suppress(person.address, by=_ADMIN, store=at.store)
        ):
            person.is_barred = person.is_barred or person.gone is None
            person.end(self._bar())

    def _tag(self, host: Host, number: int) -> None:
        """Put a reader into the segment of donors, or take them out."""
        person = host.expected.people[number]
        entry = Entry(
            address=person.address,
            lists=(),
            language=person.language,
            timezone=person.zone,
            tags=DONORS.tags * (not person.gives),
        )
        if self._world.office(host, lambda at: administer.edit(entry, by=_ADMIN, store=at.store)):
            person.gives = not person.gives

    def _lift(self, host: Host, number: int) -> None:
        """Lift a suppression, which the program refuses for some reasons."""
        person = host.expected.people[number]
        if self._world.office(
            host,
            lambda at: administer.lift(
                person.address, by=_ADMIN, reason="a mistake", store=at.store
            ),
        ):
            person.gone, person.is_barred = None, False
            host.expected.dead.pop(person.address, None)

    def import_file(self, host: Host, number: int) -> None:
        """Import a new person, and a known one to a second list."""
        if host.expected.put_back or len(self._world.hosts) > 1:
            return  # a number would be given a second time
        known, brought = host.expected.people[number], list[ImportResult]()
        new = f"imported{self._world.number()}@example.org"
        entries = [
            Entry(address=new, lists=("press",), language="en"),
            Entry(address=known.address, lists=("press", "members")),
        ]
        plan = imports.ImportPlan(
            file="people.csv", kind="csv", sha256="0" * 64, by=_ADMIN, declared=LISTS
        )
        people = [(f"line {line}", entry) for line, entry in enumerate(entries)]
        if self._world.office(
            host, lambda at: brought.append(imports.carry_out(people, plan, store=at.store))
        ):
            query = "SELECT id FROM subscriber WHERE address = ?"
            [(added,)] = host.books.execute(query, (new,)).fetchall()
            commit = self._world.commit
            host.expected.people[added] = Person(addresses=[(commit, new)], lists={"press": None})
            self._world.true.owners[new] = added
            if known.gone is None and known.address not in host.expected.dead:
                known.lists.setdefault("members", None)
            host.expected.imports.append((brought[0].number, added, number))

    def undo_import(self, host: Host) -> None:
        """Undo the last import. A person whom no campaign is for is removed."""
        if not host.expected.imports:
            return
        import_, added, known = host.expected.imports.pop()
        if self._world.office(host, lambda at: imports.undo(import_, by=_ADMIN, store=at.store)):
            people = host.expected.people
            for person in (people[added], people[known]):
                person.unsure = person.ever_left = True
            if not any(added in readers for readers in host.expected.audiences.values()):
                people[added].end(self._bar())

    def _move(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        where = f"moved{self._world.number()}@example.org"
        if person.gone is None and self._world.office(
            host,
            lambda at: administer.change_address(person.address, where, by=_ADMIN, store=at.store),
        ):
            person.addresses.append((self._world.commit, where))
            self._world.true.owners[where] = number

    def _erase(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        if self._world.office(
            host,
            lambda at: forget.forget(person.address, by=_ADMIN, block_unknown=True, store=at.store),
        ):
            person.end(self._bar())
            person.erased = True

    def _join(self, host: Host, _number: int) -> None:
        email = TransactionalEmail(
            id=0,
            kind=EmailKind.JOIN,
            address=f"new{self._world.number()}@example.org",
            lists=("press",),
            asked_at=host.now(),
        )
        self._world.office(host, lambda at: _asked(at, email))

    # --- events

    def event(self, host: Host, kind: str, number: int) -> None:
        """Send an event about a message, perhaps late or twice, or of another workspace."""
        journal = self._world.true.journal
        mails = [mail for mail in journal if not mail.campaign.startswith("letter_")]
        bare = kind.startswith("bare ")
        kind = kind.removeprefix("bare ")
        if kind == "foreign":
            self._foreign(host, number)
        elif mails:
            mail = mails[number % len(mails)]
            if self._tell(host, mail.provider, _event(mail, kind, bare=bare)):
                self._heard(host, kind, mail)
                if not bare and kind != "unsubscribed":
                    self._proved(mail)

    def _heard(self, host: Host, kind: str, mail: Mail) -> None:
        """End the address of a bounce, and the person if they still have the address."""
        person = host.expected.people.get(self._world.true.owners[mail.address])
        if kind in _FIRM:
            host.expected.dead.setdefault(mail.address, self._bar())
        if person is None:  # imported after the backup that was restored
            return
        if kind in _FIRM:
            if person.address == mail.address:
                person.end(self._bar())
        elif kind == "unsubscribed":
            person.leave(written(mail.campaign).lists, self._bar())

    def _proved(self, mail: Mail) -> None:
        """End the excuse for a second message: the event proves the first one.

        An actor in the middle of a task may send the second message already.
        """
        world = self._world
        if len(world.hosts) == 1 and world.is_at_rest:
            reader = world.true.owners[mail.address]
            world.true.excuses.again.discard((mail.campaign, reader))

    def _tell(self, host: Host, provider: str, *events: Event) -> bool:
        return self._world.office(
            host,
            lambda at: record.record(
                events, provider=provider, workspace=WORKSPACE, store=at.store
            ),
        )

    def _foreign(self, host: Host, number: int) -> None:
        before = people(host.books)
        for kind in ("delivered", "bounced", "unsubscribed"):
            for attempt in (THEIRS, "before they had names"):
                self._tell(host, PROVIDERS[0], _foreign_event(kind, number, attempt, host.now()))
        if people(host.books) != before:
            raise Violation(Rule.FOREIGN, f"reader {number}: {before}, then {people(host.books)}")


def _revoke(process: Process, *, slug: str) -> None:
    with process.store.begin() as tx:
        tx.approvals.revoke(slug, process.host.now(), actor="ed")


def _asked(process: Process, email: TransactionalEmail) -> None:
    with process.store.begin() as tx:
        tx.emails.ask(email, network="", limits=EmailLimits())


def _event(mail: Mail, kind: str, *, bare: bool) -> Event:
    """Return an event of a message. A bare one has only the address."""
    what, bounce = _KINDS[kind]
    return Event(
        id=f"{kind} {mail.attempt} {mail.subscriber} {bare}",
        kind=what,
        at=mail.at,
        bounce=bounce,
        address=mail.address,
        campaign="" if bare else mail.campaign,
        attempt_id="" if bare else mail.attempt,
        subscriber_id=None if bare else mail.subscriber,
        provider_id=mail.message_id,
    )


def _foreign_event(kind: str, number: int, attempt: str, at: datetime) -> Event:
    """Return an event of another workspace at the same account, with the same numbers."""
    what, bounce = _KINDS[kind]
    return Event(
        id=f"foreign {kind} {number} {attempt} {at}",
        kind=what,
        at=at,
        bounce=bounce,
        address=f"stranger{number}@elsewhere.example",
        campaign=ORIGINAL,
        attempt_id=attempt,
        subscriber_id=number,
        provider_id="theirs",
    )

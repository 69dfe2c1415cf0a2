"""What people do: the operator, the readers, and the provider that tells of its messages."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.delivery.transactional import EmailKind, EmailLimits, TransactionalEmail
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.subscribers.preferences import PreferenceChange
from newsletter.pipeline.events import record
from newsletter.pipeline.subscribers import leave, prefer
from newsletter.pipeline.subscribers import leave as forget
from tests.fakes import THEIRS, WORKSPACE
from tests.simulation.database import ORIGINAL, SPANISH, address
from tests.simulation.host import PROVIDERS, Host, Process
from tests.simulation.oracle import Bar, Rule, Violation, campaign_of, people, standings
from tests.simulation.service import Mail

if TYPE_CHECKING:
    from tests.simulation.world import World


_ADMIN = "ada@forum.example"
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
    """Acts in one world, and notes there what has to hold from then on."""

    def __init__(self, world: "World") -> None:
        self._world = world

    # --- the operator

    def hand(self, host: Host, deed: str, number: int) -> None:
        """Pause, resume, cancel or resolve one of the campaigns."""
        ids = [row[0] for row in host.books.execute("SELECT id FROM campaign ORDER BY id")]
        if not ids:
            return
        chosen = ids[number % len(ids)]
        if deed in _RESOLUTIONS:
            self._resolve(host, chosen, _RESOLUTIONS[deed])
        elif self._world.office(host, lambda process: getattr(process.hand(), deed)(str(chosen))):
            key = ("campaign", chosen)
            if deed == "resume":
                host.expected.bars.pop(key, None)
            elif deed != "go_back":
                host.expected.bars[key] = self._bar()

    def _resolve(self, host: Host, number: int, to: Resolution) -> None:
        slug = host.expected.slugs.get(number, "")
        unknown = [n for n, state in standings(host.books, number).items() if state == "unknown"]
        if not self._world.office(host, lambda process: process.hand().resolve(str(number), to)):
            return
        had = self._had(slug)
        for reader in unknown:
            if to is Resolution.ACCEPTED:
                self._world.excuses.vouched.add((slug, reader))
            elif to is Resolution.GIVE_UP:
                self._world.excuses.given_up.add((slug, reader))
            elif reader in had or any(not one.idle for one in host.older):
                self._world.excuses.again.add((slug, reader))

    def _had(self, slug: str) -> set[int]:
        return {mail.subscriber for mail in self._world.journal if mail.campaign == slug}

    def hold(self, host: Host) -> None:
        if self._world.office(host, lambda process: process.guard().stop(by=_ADMIN, reason="")):
            host.expected.bars["all", 0] = self._bar()

    def release(self, host: Host) -> None:
        """Lift every hold, as a careful person does: a doubt only once the books are compared."""
        process = Process(host)
        kinds = process.guard().holds()
        if HoldKind.RESTORE_GUARD in kinds:
            self._compare(host)
        if self._world.office(
            host, lambda process: process.guard().release(by=_ADMIN, kinds=kinds)
        ):
            host.expected.bars.pop(("all", 0), None)

    def _compare(self, host: Host) -> None:
        """Cancel what has gone, revoke what has no campaign here, resolve what is unknown.

        Where one language of a statement has gone, this is done with all of them.
        """
        numbers = dict(host.books.execute("SELECT slug, id FROM campaign ORDER BY id").fetchall())
        gone = {slug for slug in self.journal_slugs if self._went_on(host, slug, numbers.get(slug))}
        if self._world.kind == "family" and gone:
            gone |= {ORIGINAL, SPANISH}
        for slug in sorted(gone):
            if slug in numbers:
                self._end_campaign(host, numbers[slug])
            else:
                self._world.office(host, partial(_revoke, slug=slug))

    @property
    def journal_slugs(self) -> set[str]:
        return {mail.campaign for mail in self._world.journal if campaign_of(mail)}

    def _went_on(self, host: Host, slug: str, number: int | None) -> bool:
        """Whether more has gone than these books know of; what is unknown in them is resolved."""
        had = self._had(slug)
        self._world.excuses.told |= {(slug, reader) for reader in had}
        begun = number is not None and number in host.expected.slugs
        states = standings(host.books, number) if number is not None and begun else {}
        unknown = {reader for reader, state in states.items() if state == "unknown"}
        if unknown and number is not None:
            all_there = unknown <= had
            to = Resolution.ACCEPTED if all_there else Resolution.GIVE_UP
            self._resolve(host, number, to)
        return bool(had - unknown - {n for n, state in states.items() if state == "accepted"})

    def _end_campaign(self, host: Host, number: int) -> None:
        if self._world.office(host, lambda process: process.hand().cancel(str(number))):
            host.expected.bars["campaign", number] = self._bar()

    def _bar(self, *, firm: bool = True) -> Bar:
        return Bar(commit=self._world.commit, at=self._world.now, firm=firm)

    # --- readers

    def reader(self, host: Host, deed: str, number: int) -> None:
        getattr(self, f"_{deed}")(host, number)

    def _leave(self, host: Host, number: int) -> None:
        ids = [one for one, people in host.expected.audiences.items() if number in people]
        if not ids:
            return
        link = leave.Departure(campaign_id=ids[-1], subscriber_id=number)
        if self._world.office(host, lambda at: leave.leave([link], store=at.store)):
            host.expected.bars.setdefault(("reader", number), self._bar(firm=False))

    def _leave_all(self, host: Host, number: int) -> None:
        link = leave.Departure(campaign_id=1, subscriber_id=number)
        if self._world.office(host, lambda at: leave.leave_everything(link, store=at.store)):
            self._end(host, number)

    def _come_back(self, host: Host, number: int) -> None:
        owner = prefer.Owner(subscriber_id=number, signed_at=host.now())
        wish = PreferenceChange(joins=frozenset({"press"}), returns=True)
        shown = {"press": "Press releases"}
        if self._world.office(
            host,
            lambda at: prefer.save(owner, wish, shown=shown, language="en", store=at.store),
        ):
            host.expected.bars.pop(("reader", number), None)

    def _move(self, host: Host, number: int) -> None:
        bar = host.expected.bars.get(("reader", number))
        where = f"moved{self._world.number()}@example.org"
        if (bar is None or not bar.firm) and self._world.office(
            host, lambda at: _moved(at, number, where)
        ):
            host.expected.addresses.setdefault(number, []).append((self._world.commit, where))

    def _erase(self, host: Host, number: int) -> None:
        moves = host.expected.addresses.get(number)
        where = moves[-1][1] if moves else address(number)
        if self._world.office(
            host, lambda at: forget.forget(where, by=_ADMIN, block_unknown=True, store=at.store)
        ):
            self._end(host, number)

    def _join(self, host: Host, _number: int) -> None:
        email = TransactionalEmail(
            id=0,
            kind=EmailKind.JOIN,
            address=f"new{self._world.number()}@example.org",
            lists=("press",),
            asked_at=host.now(),
        )
        self._world.office(host, lambda at: _asked(at, email))

    def _end(self, host: Host, number: int) -> None:
        before = host.expected.bars.get(("reader", number))
        if before is None or not before.firm:
            host.expected.bars["reader", number] = self._bar()

    # --- events

    def event(self, host: Host, kind: str, number: int) -> None:
        """The provider tells something of a message, late or again; or of somebody else's."""
        mails = [mail for mail in self._world.journal if not mail.campaign.startswith("letter_")]
        if kind == "foreign":
            self._foreign(host, number)
        elif mails:
            mail = mails[number % len(mails)]
            if self._tell(host, mail.provider, _event(mail, kind)):
                self._heard(host, kind, mail.subscriber)

    def _heard(self, host: Host, kind: str, reader: int) -> None:
        if kind in _FIRM:
            self._end(host, reader)
        elif kind == "unsubscribed":
            host.expected.bars.setdefault(("reader", reader), self._bar(firm=False))

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


def _moved(process: Process, number: int, where: str) -> None:
    with process.store.begin() as tx:
        tx.readers.move(number, where)


def _asked(process: Process, email: TransactionalEmail) -> None:
    with process.store.begin() as tx:
        tx.emails.ask(email, network="", limits=EmailLimits())


def _event(mail: Mail, kind: str) -> Event:
    what, bounce = _KINDS[kind]
    return Event(
        id=f"{kind} {mail.attempt} {mail.subscriber}",
        kind=what,
        at=mail.at,
        bounce=bounce,
        address=mail.address,
        campaign=mail.campaign,
        attempt_id=mail.attempt,
        subscriber_id=mail.subscriber,
        provider_id=mail.message_id,
    )


def _foreign_event(kind: str, number: int, attempt: str, at: datetime) -> Event:
    """Of a workspace that shares the account, and numbers its readers as we do."""
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

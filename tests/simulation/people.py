"""The acts of the operator and of readers, and the events of the provider."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from newsletter.domain.delivery.batch import Resolution
from newsletter.domain.delivery.restore_guard import HoldKind
from newsletter.domain.errors import Refused
from newsletter.domain.events import Bounce, Event, EventKind
from newsletter.domain.subscribers.audience import Entry, ImportResult
from newsletter.pipeline.events import record
from newsletter.pipeline.subscribers import imports
from newsletter.pipeline.subscribers.administer import forget
from newsletter.web.desk.delivery import RESOLUTIONS
from tests.fakes import THEIRS, WORKSPACE, hash_address
from tests.simulation.cast import (
    BOARD,
    DONORS,
    LISTS,
    ORIGINAL,
    SETTINGS,
    SPANISH,
    ZONE,
    Person,
    written,
)
from tests.simulation.effects import judge_done
from tests.simulation.expected import Bar, Rule, Violation
from tests.simulation.host import PROVIDERS, Host, Process
from tests.simulation.oracle import campaign_of, judge_consent, people, standings
from tests.simulation.service import Mail
from tests.simulation.webhooks import Told, post, receiver

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
    "policy": (EventKind.BOUNCED, Bounce.POLICY),
}
_OPEN = """
SELECT members FROM batch WHERE state IN ('claimed', 'unknown', 'queued')
ORDER BY state = 'queued', id
"""
_OF_API: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "unsubscribe": ("POST", "/subscribers/{}/unsubscribe", {"lists": "{list}"}),
    "move": ("POST", "/subscribers/{}/address", {"address": "{new}"}),
    "erase": ("DELETE", "/subscribers/{}", {}),
    "suppress": ("POST", "/suppressions", {"address": "{email}"}),
}
"""The acts on a reader that programs do too: method, path and fields."""
_STORM = 12
"""More bounces than a campaign to 220 readers may have."""
CONCERNED, TOLD = (-1, -2, -3), -9
"""In place of a number: those whose message is under way, and whom the last event was about."""
_FIRM = {"bounced", "complained"}
_STEERED = {"go_back": "return to the first provider"}
_WAYS = {"sent": Resolution.ACCEPTED, "resend": Resolution.RESEND, "give up": Resolution.GIVE_UP}


class People:
    """The people of one world. Notes in the oracle what must hold from then on."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._asked: dict[str, int] = {}
        """Address → its reader, 0 for a new one: a link to confirm it was asked for."""
        self._shown = ""
        """The words of the page for signing up."""
        self._events: dict[str, Told] = {}
        """Event → its first form: a provider repeats the same."""
        self._told = 1
        """The reader whom the last event was about."""

    def hand(self, host: Host, deed: str, number: int) -> None:
        """Pause, resume, cancel, resolve or reopen one of the campaigns."""
        ids = host.books.execute("SELECT id, slug FROM campaign ORDER BY id").fetchall()
        if not ids:
            return
        chosen, slug = ids[number % len(ids)]
        if deed == "reopen":
            self._reopen(host, chosen, slug)
        elif deed == "report":
            self._report(host, chosen)
        elif deed in _WAYS:
            self._resolve(host, chosen, _WAYS[deed])
        elif self._steer(host, chosen, deed):
            judge_done(host.books, _STEERED.get(deed, f"{deed} a campaign"), chosen)
            key = ("campaign", chosen)
            if deed == "resume":
                host.expected.bars.pop(key, None)
                host.expected.counted.pop(slug, None)
            elif deed != "go_back":
                self._stopped(host, chosen)
            if deed == "cancel":
                judge_done(host.books, "revoke approvals", slug)
                host.expected.take_back(slug, None)

    def _steer(self, host: Host, number: int, deed: str) -> bool:
        """Pause, resume or cancel a campaign at the desk; bring it back by command."""
        if deed == "go_back":
            return self._world.office(
                host, lambda process: process.hand().return_to_first_provider(str(number))
            )
        if deed == "resume":
            return self.pressed(host, "sam", f"/campaigns/{number}", f"/campaigns/{number}/resume")
        return self.sent(host, "sam", f"/campaigns/{number}/{deed}", {})

    def sent(self, host: Host, who: str, action: str, form: Mapping[str, Any]) -> bool:
        """Send a form of the desk, and return whether it did what it is for."""
        return self._world.office(host, lambda at: self._world.door.send(at, who, action, form))

    def pressed(self, host: Host, who: str, page: str, action: str, **typed: str) -> bool:
        """Fill in a form of a page of the desk, and return whether it did what it is for."""
        door = self._world.door
        return self._world.office(host, lambda at: door.press(at, who, page, action, **typed))

    def _resolve(self, host: Host, number: int, to: Resolution) -> None:
        slug, page = host.expected.slugs.get(number, ""), f"/campaigns/{number}/unknown"
        unknown = [n for n, state in standings(host.books, number).items() if state == "unknown"]
        way = next(way for way, means in RESOLUTIONS.items() if means is to)
        if not self.pressed(host, "ada", page, page, way=way):
            return
        judge_done(host.books, "decide what is unknown", number)
        had = self.had(slug)
        for reader in unknown:
            if to is Resolution.ACCEPTED:
                self._world.true.excuses.vouched.add((slug, reader))
            elif to is Resolution.GIVE_UP:
                self._world.true.excuses.given_up.add((slug, reader))
            elif reader in had or self._is_older_busy(host):
                self._excuse({(slug, reader)}, 1 + self._is_older_busy(host))
                self._world.true.excuses.resent.add((slug, reader))

    @staticmethod
    def _is_older_busy(host: Host) -> bool:
        """Return whether a call of an older process may still arrive."""
        return any(not one.idle and one.at != "answer" for one in host.older)

    def _excuse(self, keys: set[tuple[str, int]], more: int) -> None:
        """Note that a person answers for more messages than there are."""
        again = self._world.true.excuses.again
        for slug, reader in keys:
            there = list(self._had(slug)).count(reader)
            again[slug, reader] = max(again.get((slug, reader), 0), there) + more

    def _reopen(self, host: Host, number: int, slug: str) -> None:
        here = f"/campaigns/{number}"
        if self.pressed(host, "ada", f"{here}/amend", f"{here}/reopen"):
            judge_done(host.books, "reopen a campaign", number)
            host.expected.bars.pop(("campaign", number), None)
            excuses = self._world.true.excuses
            # the books of a backup do not know who has it, nor does a person who was wrong before
            of_old = host.expected.put_back or self._is_older_busy(host)
            wrong = {(slug, reader) for reader in self.had(slug)}
            more = 1 + self._is_older_busy(host)
            self._excuse(wrong if of_old else wrong & excuses.resent, more)

    def _report(self, host: Host, number: int) -> None:
        """Mail a report to one address in two spellings, and press twice."""
        self._world.true.reports += 1
        for _ in range(2):
            form = {"to": f"{BOARD.title()}, {BOARD}"}
            if self.sent(host, "sam", f"/campaigns/{number}/mail", form):
                judge_done(host.books, "mail a report", BOARD)

    def had(self, slug: str) -> set[int]:
        """Return the readers who got a statement."""
        return set(self._had(slug))

    def _had(self, slug: str) -> Iterator[int]:
        true = self._world.true
        for mail in true.journal:
            if mail.campaign == slug:
                yield true.owners.get(mail.address, 0)

    def _stopped(self, host: Host, number: int) -> None:
        host.expected.bars["campaign", number] = self._bar()
        host.expected.ended.add(number)

    def hold(self, host: Host) -> None:
        if self.sent(host, "sam", "/stop", {"reason": "the wrong list"}):
            judge_done(host.books, "stop all sending")
            host.expected.bars["all", 0] = self._bar()

    def release(self, host: Host) -> None:
        """Lift every hold. A careful person compares the database with the provider first."""
        process = Process(host)
        kinds = process.guard().holds()
        if HoldKind.RESTORE_GUARD in kinds:
            self._compare(host)
            self.pressed(host, "ada", "/stop", "/compared")
        if HoldKind.STOP not in kinds or self.pressed(host, "sam", "/stop", "/resume"):
            judge_done(host.books, "resume all sending")
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
        cancelled = self.sent(host, "sam", f"/campaigns/{number}/cancel", {})
        if cancelled:
            self._stopped(host, number)
        return cancelled

    def _bar(self) -> Bar:
        return Bar(commit=self._world.commit, at=self._world.now)

    def reader(self, host: Host, deed: str, number: int) -> None:
        getattr(self, f"_{deed}")(host, self._which(host, number))

    def _which(self, host: Host, number: int) -> int:
        """Return a reader: of the batches under way, or else of those that wait, if it is < 0."""
        if number >= 0 or number == TOLD:
            return self._told if number == TOLD else number
        size, rows = SETTINGS[self._world.kind].size, host.books.execute(_OPEN).fetchall()
        members = [one for (row,) in rows for one in json.loads(row) if one <= size]
        return int(members[min(-number, len(members)) - 1]) if members else -number

    def _public(
        self, host: Host, method: str, path: str, form: Mapping[str, Any] | None = None
    ) -> bool:
        """Ask for a page as a stranger, and return whether it was answered as asked."""
        door = self._world.door
        return self._world.office(host, lambda at: door.ask(at, method, path, form=form))

    def _leave(self, host: Host, number: int) -> None:
        ids = [one for one, people in host.expected.audiences.items() if number in people]
        if ids and self._public(host, "POST", f"/u/t-{ids[-1]}-{number}"):
            self._left(host, number, *written(host.expected.slugs[ids[-1]]).lists)

    def _leave_all(self, host: Host, number: int) -> None:
        if self._public(host, "POST", f"/u/t-1-{number}/everything"):
            judge_done(host.books, "unsubscribe from all", number)
            person, bar = host.expected.people[number], self._bar()
            person.leave(tuple(person.lists), bar)  # staff may lift the bar, and bring no one back
            person.end(bar)

    def _scatter(self, host: Host, number: int) -> None:
        """Let a third of the readers leave everything."""
        for one in range(number, SETTINGS[self._world.kind].size + 1, 3):
            self._leave_all(host, one)

    def _leave_list(self, host: Host, number: int) -> None:
        """End one subscription by the page that a mail leads to."""
        if self._public(host, "POST", f"/u/t-1-{number}/lists/members"):
            self._left(host, number, "members")

    def _unsubscribe(self, host: Host, number: int) -> None:
        """End one subscription of a reader, as staff."""
        if self._staffed(host, number, "unsubscribe", list="press"):
            self._left(host, number, "press")

    def _left(self, host: Host, number: int, *lists: str) -> None:
        for name in lists:
            judge_done(host.books, "unsubscribe", number, name)
        host.expected.people[number].leave(lists, self._bar())

    def _staffed(self, host: Host, number: int, deed: str, **form: str) -> bool:
        """Act on a reader at the desk or by the API, and return whether it was done."""
        email = host.expected.people[number].address
        is_new = host.expected.put_back or self._world.is_copied  # and has no token
        if deed not in _OF_API or is_new or number % 3:
            return self.sent(host, "ada", f"/readers/{deed}", {"email": email, **form})
        method, path, fields = _OF_API[deed]
        said = {name: value.format(email=email, **form) for name, value in fields.items()}
        if "lists" in said:
            said["lists"] = [said["lists"]]
        call = self._world.chores.call
        return self._world.office(host, lambda at: call(at, method, path.format(number), said))

    def _wish(self, host: Host, number: int, change: Callable[[dict[str, Any]], object]) -> bool:
        """Fill in the page of preferences as its reader, and return whether it was stored."""
        path = _preferences(host, number)

        def wish(process: Process) -> None:
            page = self._world.door.ask(process, "GET", path)
            form = page.form(f"..{path}")
            change(form)
            if self._world.door.ask(process, "POST", path, form=form).status != 303:
                raise Refused("a field has a fault")

        return self._world.office(host, wish)

    def _come_back(self, host: Host, number: int) -> None:
        def change(form: dict[str, Any]) -> None:
            form["list"] = [*{*form.get("list", ()), "press"}]
            form["again"] = "yes"

        if self._wish(host, number, change):
            judge_done(host.books, "subscribe", number, "press")
            person = host.expected.people[number]
            person.lists["press"] = None
            if not person.is_barred:
                person.gone, person.complained = None, False
                host.expected.dead.pop(person.address, None)

    def _sneak(self, host: Host, number: int) -> None:
        """Ask for the list that is closed: only staff admit."""
        person = host.expected.people[number]
        if "members" in person.lists or person.gone or person.address in host.expected.dead:
            return

        def change(form: dict[str, Any]) -> None:
            form["list"] = [*form.get("list", ()), "members"]

        if self._wish(host, number, change):
            person.unsure = True  # a file does not admit them either

    def _pause(self, host: Host, number: int) -> None:
        """Pause until tomorrow by the reader's clock."""
        person = host.expected.people[number]
        zone = ZoneInfo(person.zone or ZONE)
        day = host.now().astimezone(zone).date() + timedelta(days=1)
        if self._wish(host, number, lambda form: form.update(pause="day", day=f"{day}")):
            person.pause, person.pauses_until = self._bar(), datetime.combine(day, time(), zone)
            judge_done(host.books, "pause a reader", number, person.pauses_until)
            person.acted = self._world.commit

    def _resume(self, host: Host, number: int) -> None:
        if self._wish(host, number, lambda form: form.update(pause="now")):
            judge_done(host.books, "end a pause", number)
            host.expected.people[number].pauses_until = None

    def _suppress(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        if self._staffed(host, number, "suppress"):
            judge_done(host.books, "suppress", hash_address(person.address))
            person.is_barred = person.is_barred or person.gone is None
            person.end(self._bar())

    def _tag(self, host: Host, number: int) -> None:
        """Put a reader into the segment of donors, or take them out."""
        person = host.expected.people[number]
        if self._edit(host, number, tags=" ".join(DONORS.tags * (not person.gives))):
            person.gives = not person.gives
            judge_done(host.books, "tag" if person.gives else "untag", number, *DONORS.tags)

    def _rename(self, host: Host, number: int) -> None:
        """Give a reader another name."""
        person, name = host.expected.people[number], "Kim" + "a" * self._world.number()
        if self._edit(host, number, name=name):
            judge_done(host.books, "rename", number, name)
            person.names = (*person.names, name)

    def _edit(self, host: Host, number: int, **typed: str) -> bool:
        """Fill in the form of a reader's page at the desk."""
        person = host.expected.people[number]
        chosen = {"language": person.language, "timezone": person.zone}
        return self.pressed(host, "ada", f"/readers/{number}", "/readers/edit", **chosen, **typed)

    def _lift(self, host: Host, number: int) -> None:
        """Lift a suppression, which the program refuses for some reasons."""
        person = host.expected.people[number]
        if self._staffed(host, number, "lift", reason="a mistake"):
            if person.complained or person.erased:
                raise Violation(Rule.STRANGER, f"staff lifted the complaint of {person.address}")
            judge_done(host.books, "lift", hash_address(person.address))
            person.gone, person.is_barred, person.complained = None, False, False
            host.expected.dead.pop(person.address, None)

    def import_file(self, host: Host, number: int, kind: str) -> None:
        """Import one new person or ``many``, and a known one to a second list.

        ``left``: by the file the known one had left that list elsewhere. ``old``: the file has the
        first address of the known one, at which no person is added again.
        """
        if host.expected.put_back or self._world.is_copied:
            return  # a number would be given a second time
        number = self._which(host, number)
        known, brought = host.expected.people[number], list[ImportResult]()
        size = SETTINGS[self._world.kind].size
        all_new = [
            f"imported{self._world.number()}@example.org"
            for _ in range(size // 3 if kind == "many" else 1)
        ]
        named = known.addresses[0][1] if kind == "old" else known.address
        lists, left = (("press",), ("members",)) if kind == "left" else (("press", "members"), ())
        entries = [
            *(Entry(address=new, lists=("press",), language="en") for new in all_new),
            Entry(address=named, lists=lists, left=left, place=all_new[0]),  # which is news
        ]
        plan = imports.ImportPlan(
            file="people.csv", kind="csv", sha256="0" * 64, by=_ADMIN, declared=LISTS
        )
        people = [(f"line {line}", entry) for line, entry in enumerate(entries)]
        if self._world.office(
            host, lambda at: brought.append(imports.run_import(people, plan, store=at.store))
        ):
            for new in all_new:
                added = self.add(host, new)
            if named != known.address:
                pass
            elif left:
                known.lists["members"] = known.lists.get("members") or self._bar()
                known.ever_left = True
            elif known.gone is None and known.address not in host.expected.dead:
                known.lists.setdefault("members", None)
            if kind != "many":
                commit = self._world.commit
                host.expected.imports.append((brought[0].number, added, number, commit))

    def add(self, host: Host, new: str) -> int:
        """Note a new person, and return their number."""
        query = "SELECT id FROM subscriber WHERE address = ?"
        [(added,)] = host.books.execute(query, (new,)).fetchall()
        person = Person(addresses=[(self._world.commit, new)], lists={"press": None})
        host.expected.people[added] = person
        self._world.true.owners[new] = added
        return int(added)

    def undo_import(self, host: Host) -> None:
        """Undo the last import. A person whom no campaign is for is removed."""
        if not host.expected.imports:
            return
        import_, added, known, commit = host.expected.imports.pop()
        if self._world.office(host, lambda at: imports.undo(import_, by=_ADMIN, store=at.store)):
            judge_done(host.books, "undo an import", import_)
            people = host.expected.people
            acted = people[known].acted > commit
            for person in (people[added], *[people[known]] * (not acted)):
                person.unsure = person.ever_left = True
            if not any(added in readers for readers in host.expected.audiences.values()):
                people[added].end(self._bar())

    def _move(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        where = f"moved{self._world.number()}@example.org"
        may = person.gone is None or (person.complained and not person.erased)
        if may and self._staffed(host, number, "move", new=where):
            self._moved(host, number, where)

    def _moved(self, host: Host, number: int, where: str) -> None:
        judge_done(host.books, "move", number, where)
        host.expected.people[number].addresses.append((self._world.commit, where))
        self._world.true.owners[where] = number

    def _erase(self, host: Host, number: int) -> None:
        """Erase a reader at the desk, or by command an address of which nothing is kept."""
        person = host.expected.people[number]
        if self._staffed(host, number, "erase", sure="yes") or self._world.office(
            host, lambda at: forget(person.address, by=_ADMIN, block_unknown=True, store=at.store)
        ):
            self._erased(host, number)

    def _delete(self, host: Host, number: int) -> None:
        """Erase a reader by their own page."""
        if self._public(host, "POST", f"{_preferences(host, number)}/delete"):
            self._erased(host, number)

    def _erased(self, host: Host, number: int) -> None:
        person = host.expected.people[number]
        judge_done(host.books, "erase", number)
        judge_done(host.books, "suppress", hash_address(person.address))
        person.end(self._bar())
        person.erased = True

    def _join(self, host: Host, number: int) -> None:
        """Ask for the press list by the form, perhaps as one who is on it."""
        name = f"new{self._world.number()}"
        new, again = f"{name}@example.org", f"{name}+again@example.org"  # the same mailbox
        others = host.expected.people.values()
        known = [person.address for person in others if not person.erased]
        others = ([again], known[number : number + 1], [])[number % 3]
        said: list[str] = []

        def ask(process: Process) -> None:
            page = self._world.door.ask(process, "GET", "/subscribe")
            self._shown = page.words
            empty = page.form("subscribe")
            for address in (new, *others):
                form = empty | {"email": address, "list": "press"}
                said.append(self._world.door.ask(process, "POST", "/subscribe", form=form).text)

        self._world.office(host, ask)
        if said:
            self._asked[new] = 0
        if len({page.replace(again, new) for page in said}) > 1:
            raise Violation(Rule.INTRUDER, f"the form tells whether {others} is known")

    def _enroll(self, host: Host, _number: int) -> None:
        """Ask for the press list by the form of another site, which asks by the API."""
        new, chores = f"new{self._world.number()}@example.org", self._world.chores
        said = {"address": new, "lists": ["press"], "visitor": "198.51.100.7", "source": "the shop"}

        def ask(process: Process) -> None:
            page = self._world.door.ask(process, "GET", "/subscribe")
            self._shown = page.words
            [wording] = page.form("subscribe")["wording"]
            chores.call(process, "POST", "/sign-ups", said | {"wording": wording})
            self._asked[new] = 0

        if not (host.expected.put_back or self._world.is_copied):  # else it has another token
            self._world.office(host, ask)

    def _ask_to_move(self, host: Host, number: int) -> None:
        """Ask for another address by the page of preferences, which mails a link there."""
        new, link = f"moved{self._world.number()}@example.org", _preferences(host, number)
        if self._public(host, "POST", f"{link}/address", {"address": new}):
            self._asked[new] = number

    def _confirm(self, host: Host, number: int) -> None:
        """Press the button of a link that was mailed, perhaps a second time."""
        letters = [one for one in self._world.true.journal if one.address in self._asked]
        if not letters or host.expected.put_back or self._world.is_copied:
            return  # a number would be given a second time
        letter = letters[-1 - number % min(2, len(letters))]
        [path] = re.findall(r"/confirm/\S+", letter.text)[:1]
        before = people(host.books)
        if not self._public(host, "POST", path):
            return
        mover, commit = self._asked.pop(letter.address), self._world.commit
        proofs, before = before["consents"], people(host.books)
        if not mover and before["consents"] == proofs:
            raise Violation(Rule.LOST, f"nothing proves that {letter.address} confirmed")
        self._public(host, "POST", path)
        if people(host.books) != before:
            raise Violation(Rule.INTRUDER, f"a used link changes {letter.address}")
        if mover:
            person = host.expected.people[mover]
            if person.gone == host.expected.dead.get(person.address) and not person.complained:
                person.gone = None  # the address had bounced, and the new one has not
            person.acted = commit
            self._moved(host, mover, letter.address)
        else:
            judge_consent(host.books, self.add(host, letter.address), self._shown)

    def _export(self, host: Host, number: int) -> None:
        """Let the reader and staff read all that is stored about the reader."""
        self._public(host, "GET", f"{_preferences(host, number)}/data")
        door, fields = self._world.door, {"email": host.expected.people[number].address}
        self._world.office(
            host, lambda at: door.ask(at, "POST", "/desk/readers/data", "ada", form=fields)
        )

    def event(self, host: Host, kind: str, number: int) -> None:
        """Send an event about a message, perhaps late or twice, or of another workspace."""
        journal = self._world.true.journal
        mails = [mail for mail in journal if not mail.campaign.startswith("letter_")]
        bare = kind.startswith("bare ")
        kind = kind.removeprefix("bare ")
        if kind == "storm":
            for one in range(_STORM):
                self.event(host, "bounced", number + one)
        elif kind == "foreign":
            self._foreign(host, number)
        elif mails:
            mail = mails[number % len(mails)]
            forged, kind = kind.startswith("forged "), kind.removeprefix("forged ")
            if self._posted(host, mail, kind, bare=bare, ours=not forged, twice=number % 3 == 0):
                if (known := _id_of(mail, kind, bare=bare)) not in host.expected.heard:
                    self._heard(host, kind, mail)
                host.expected.heard.add(known)
                if not bare and kind != "unsubscribed":
                    self._proved(mail)

    def _posted(
        self, host: Host, mail: Mail, kind: str, *, bare: bool, ours: bool, twice: bool
    ) -> bool:
        """Let the provider post an event; return whether it counts. A forged one does not."""
        traits = next(one.traits for one in self._world.services if one.name == mail.provider)
        about = (mail.campaign, mail.attempt, str(mail.subscriber))
        told = Told(
            what=kind,
            id=_id_of(mail, kind, bare=bare),
            address=mail.address,
            delivery=None if bare else about,
            at=host.now().replace(microsecond=0),
        )
        told = self._events.setdefault(told.id, told)
        sent = post(traits, told, _event(mail, kind, bare=bare), ours=ours)
        if sent is not None and not ours and twice and "Basic " in str(sent.headers):
            field = {
                name: value.replace("Basic ", "Bearer ") for name, value in sent.headers.items()
            }
            sent = replace(sent, headers=field)
        if sent is None:
            return False
        before, door = people(host.books), self._world.door

        def deed(process: Process) -> None:
            door.webhooks[mail.provider] = receiver(traits)
            for _ in range(1 + twice):
                path = f"/webhooks/{mail.provider}"
                door.ask(process, "POST", path, body=sent.body, headers=sent.headers)

        counts = self._world.office(host, deed)
        if not ours and (counts or people(host.books) != before):
            raise Violation(Rule.FOREIGN, f"a forged event about {mail.address} counted")
        return counts

    def _heard(self, host: Host, kind: str, mail: Mail) -> None:
        """End the address of a bounce, and the person if they complain or still have it."""
        number = self._world.true.owners[mail.address]
        person = host.expected.people.get(number)
        self._told = number if person else 1
        if kind in _FIRM:
            host.expected.dead.setdefault(mail.address, self._bar())
        if person is None:  # imported after the backup that was restored
            return
        if kind in _FIRM:
            if person.address == mail.address or kind == "complained":
                host.expected.dead.setdefault(person.address, self._bar())
                person.end(self._bar())
                if kind == "complained":
                    person.complained, person.is_barred = True, False
        elif kind == "unsubscribed":
            person.leave(written(mail.campaign).lists, self._bar())

    def _proved(self, mail: Mail) -> None:
        """End the excuse for a second message: the event proves the first one.

        An actor in the middle of a task may send the second message already.
        """
        world = self._world
        if not world.is_copied and world.is_at_rest:
            reader = world.true.owners[mail.address]
            world.true.excuses.again.pop((mail.campaign, reader), None)

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


def _preferences(host: Host, number: int) -> str:
    return f"/preferences/p-{number}-{host.now():%Y%m%dT%H%M}"


def _id_of(mail: Mail, kind: str, *, bare: bool) -> str:
    return f"{kind}-{mail.attempt}-{mail.subscriber}-{bare}"


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

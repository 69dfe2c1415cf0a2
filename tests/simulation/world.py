"""One run: true time, the providers, the machines and the people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

from newsletter.domain.delivery.restore_guard import Location
from newsletter.domain.errors import Defect, NewsletterError
from newsletter.pipeline.subscribers import administer
from tests.fakes import WORKSPACE
from tests.simulation.baton import Actor, Baton, Crash
from tests.simulation.cast import SETTINGS, first_versions, readers
from tests.simulation.chores import Chores
from tests.simulation.database import image
from tests.simulation.documented import DOCUMENTED, Documented
from tests.simulation.doors import Door
from tests.simulation.editors import Editors
from tests.simulation.expected import Approved, Expected, Rule, Truth, Violation, words_of
from tests.simulation.host import PROVIDERS, Books, Copy, Host, Parts, Process
from tests.simulation.oracle import (
    asked_once,
    campaign_of,
    close,
    find_out,
    in_hour,
    in_turn,
    judge,
    judge_bytes,
    judge_log,
    reported_once,
)
from tests.simulation.people import People
from tests.simulation.service import Claimed, How, Mail, Service, account_of
from tests.simulation.staff import Colleagues

_NEVER = 1 << 52
_ROUNDS = 80
_LOCK, _STATEMENT = "lock", "statement"
"""Points in a transaction."""
TO_THE_END = 99
"""More points than a task has."""


class World:
    """A run with a kind of workspace and with providers of given traits."""

    def __init__(self, kind: str, traits: str, parts: Parts) -> None:
        made = image(kind)
        self.kind = kind
        self.parts = parts
        self.start = self.now = made.at
        self.baton = Baton()
        self.commit = 0
        self.claimed: dict[str, Claimed] = {}
        self._calls: dict[str, str] = {}
        self.how = How.TAKE
        self.cut = False
        self.lapse: tuple[int, str] | None = None
        """The number of commits before one whose answer is lost, and what becomes of it."""
        self.inside = False
        self.latched: list[Actor] = []
        """Actors with a lock that threads of their process wait for."""
        self.shares = SETTINGS[kind].shares
        """Two machines use one database, and share the sending."""
        self.loses = not self.shares
        """The power failure of a machine may lose commits."""
        self.trace: list[str] = []
        self.tests: list[str] = []
        """The addresses that got a test mail."""
        people, files = readers(kind), first_versions(kind)
        self.texts = {(slug, version.number): version for slug, version in files.items()}
        owners = {one.address: number for number, one in people.items()}
        self.true = Truth(owners=owners)
        self._numbers = 0
        self.services = [
            self._documented(name, each)
            if each in DOCUMENTED
            else Service(name, each, self._took, self.start)
            for name, each in zip(PROVIDERS, traits.split("/"), strict=False)
        ]
        first = Copy(
            books=made.rows,
            expected=Expected(
                setting=SETTINGS[kind],
                people=people,
                texts=self.texts,
                known=files,
                approvals=[
                    Approved(slug=slug, by=by, words=words_of(content), at=made.at)
                    for slug, by, content in made.approved
                ],
            ),
            files={**files},
            record=None,
            location=Location(file=1, machine="one"),
        )
        self.door = Door(kind)
        self.people = People(self)
        self.editors = Editors(self)
        self.colleagues = Colleagues(self)
        self.chores = Chores(self)
        self.hosts = [Host(self, 0, first)]
        if self.shares:
            self.hosts.append(Host(self, 1, first, self.hosts[0]))
        self.office(self.hosts[0], lambda _process: None)
        self.backups: list[Copy] = []

    def _documented(self, name: str, kind: str) -> Documented:
        made = Documented(name, kind, self._took, lambda: self.now)
        made.calling = lambda: self._calls.get(self.holder, "")
        return made

    def calling(self, attempt: str) -> None:
        """Note the attempt that the running actor calls for."""
        self._calls[self.holder] = attempt

    def say(self, words: str) -> None:
        self.trace.append(words)

    def number(self) -> int:
        """Return the next number."""
        self._numbers += 1
        return self._numbers

    def attempt(self) -> str:
        """Return the name of a new attempt."""
        return WORKSPACE + f"{self.number():024}"

    @property
    def holder(self) -> str:
        """The name of the running actor; empty for the program itself."""
        return self.baton.holder.name if self.baton.holder else ""

    def point(self, name: str) -> None:
        if not self.inside:  # no other actor runs during a transaction
            self.baton.point(name)

    def _took(self, mail: Mail) -> None:
        host = next(host for host in self.hosts if host.name == mail.claimed.host)
        if mail.text.startswith("A test. "):
            if not mail.address.endswith("@forum.example"):
                raise Violation(Rule.STRANGER, f"{mail.address} got a test mail")
            self.tests.append(mail.address)
            return
        if not mail.campaign:
            mail = replace(mail, campaign=host.expected.slugs[campaign_of(mail)])
        self.say(f"      taken for {mail.address}: {mail.campaign} by {mail.try_}")
        self.true.journal.append(mail)
        bound = {account_of(key) for (key,) in host.books.execute(_BOUND, (mail.attempt,))}
        if bound and account_of(mail.key) not in bound:
            raise Violation(Rule.WRONG, f"{mail.try_} is bound to the accounts {bound}")
        judge(mail, self.true, host.expected)
        wild = host.jumps or host.expected.put_back or self.is_copied
        if not wild and not mail.campaign.startswith("letter_"):
            in_turn(self.true, mail.provider, SETTINGS[self.kind].limits)
        if not wild and not campaign_of(mail):
            asked_once(mail, self.true)
            reported_once(self.true)
        if self.kind == "hours" and campaign_of(mail):
            in_hour(mail, self.start, host.expected.people[self.true.owners[mail.address]])

    def lapsed(self) -> str:
        """Return what becomes of the commit that comes now, if its answer is lost."""
        if self.lapse is None:
            return ""
        left, how = self.lapse
        self.lapse = (left - 1, how) if left > 1 else None
        return "" if left > 1 else how

    @property
    def is_copied(self) -> bool:
        """Return whether a second database exists."""
        return len(self.hosts) > 1 and not self.shares

    @property
    def is_at_rest(self) -> bool:
        """Return whether no actor is in the middle of a task."""
        return all(actor.idle for host in self.hosts for actor in self._actors(host))

    def go(self, host: Host, who: str, points: int, how: How) -> None:
        """Let an actor of the process begin or continue a task, over so many points."""
        process = host.process
        if process is None:
            return
        actor, self.how = process.actors[who], how
        if actor.idle and process.up:
            self._begin(host, actor, process.deeds[who], points)
        else:
            self._run(host, actor, points)

    def _begin(self, host: Host, actor: Actor, deed: Callable[[], object], points: int) -> None:
        """Let an actor do a task, to its end or over so many points."""
        if points >= TO_THE_END:
            self._guarded(host, lambda: self.baton.run(actor, deed))
        else:
            self._guarded(host, lambda: self.baton.begin(actor, deed))
            self._run(host, actor, points - 1)

    def older(self, host: Host, points: int, how: How) -> None:
        """Let an older process continue."""
        host.older = [actor for actor in host.older if not actor.idle]
        if host.older:
            self.how = how
            self._run(host, host.older[0], points)

    def _run(self, host: Host, actor: Actor, points: int = TO_THE_END) -> None:
        while points > 0 and not actor.idle:
            if actor.at == _LOCK:
                self._free(but=actor)
            self.say(f"      {actor.name} goes on at {actor.at}")
            self._guarded(host, lambda: self.baton.resume(actor))
            points -= 1

    def make_way(self) -> None:
        """Wait for the lock of another actor: it goes on first."""
        actor = self.baton.holder
        if actor is not None and not actor.idle:
            self.baton.point(_LOCK)
        else:
            self._free()

    def _free(self, but: Actor | None = None) -> None:
        """Let actors in the middle of a transaction end it."""
        holder, before = self.baton.holder, (self.cut, self.lapse, self.inside)
        self.cut, self.lapse = False, None
        for _ in range(_ROUNDS * TO_THE_END):
            parked = [
                (host, actor)
                for host in self.hosts
                for actor in self._actors(host)
                if actor is not but and not actor.idle and self._blocks(actor)
            ]
            for host, actor in parked:
                if not actor.idle:
                    self._guarded(host, partial(self.baton.resume, actor))
            if not parked:
                break
        self.cut, self.lapse, self.inside = before
        self.baton.holder = holder

    def _blocks(self, actor: Actor) -> bool:
        return actor.at in {_LOCK, _STATEMENT} or actor in self.latched

    def _actors(self, host: Host) -> list[Actor]:
        return [*host.older, *(host.process.actors.values() if host.process else ())]

    def _guarded(self, host: Host, deed: Callable[[], object]) -> bool:
        """Do a task and return whether it succeeded. After an error the process shuts down."""
        try:
            deed()
        except Violation:
            raise
        except Crash:
            self.crash(host)
        except Defect as error:
            raise Violation(Rule.FAULT, f"{error}") from error
        except NewsletterError as error:
            self.say(f"      {host.name} stops: {error}")
            self.stop(host)
        except Exception as error:
            raise Violation(Rule.FAULT, f"{type(error).__name__}: {error}") from error
        else:
            return True
        return False

    def boot(self, host: Host, points: int = TO_THE_END) -> None:
        """Start a process. An older one may still run."""
        if host.process is not None:
            host.older += [one for one in host.process.actors.values() if not one.idle]
        host.starts += 1
        host.disconnect()
        host.process = process = Process(host)
        actor = process.actors["look"]
        self._begin(host, actor, process.begin, points + 1)

    def stop(self, host: Host) -> None:
        """Shut the process down after its tasks have ended."""
        process, host.process = host.process, None
        for actor in process.actors.values() if process else ():
            self._run(host, actor)
        if process is not None and process.up:
            self._guarded(host, process.leave)

    def crash(self, host: Host, *, power: bool = False) -> None:
        """Kill the process. A power failure also loses all that is not on the disk."""
        self.cut = self.inside = False
        process, host.process, host.read = host.process, None, None
        doomed = list(process.actors.values()) if process else []
        if power or host.older:
            doomed += host.older
            host.disk.record = host.disk.flushed
            if host.before is not None:
                host.become(host.before)
        for actor in doomed:
            self.baton.kill(actor)

    def cut_off(self, host: Host, who: str) -> None:
        """Kill the process before its next commit, in a transaction."""
        self.cut = True
        self.go(host, who, TO_THE_END, How.TAKE)
        self.cut = False

    def lose(self, host: Host, who: str, number: int, how: str) -> None:
        """Lose the connection to the database at a commit of a worker."""
        self.lapse = number, how
        self.go(host, who, TO_THE_END, How.TAKE)
        self.lapse = None

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._beat()

    def _beat(self) -> None:
        """Let each process that shares the sending give a sign of life."""
        for host in self.hosts if self.shares else ():
            process = host.process
            if process is not None and process.up:
                self._guarded(host, process.beat)

    def office(
        self, host: Host, deed: Callable[[Process], object], *, is_noted: bool = False
    ) -> bool:
        """Run a command in a process of its own, and return whether it succeeded.

        A command that is refused changes nothing, unless the refusal ``is_noted``.
        """
        process = Process(host)
        try:
            if not host.is_checked:  # as each process that opens a database does
                process.guard().check_on_open()
                host.is_checked = True
            host.changed = 0
            deed(process)
        except Violation:
            raise
        except Crash:
            self.cut = self.inside = False
            return False
        except Defect as error:
            raise Violation(Rule.FAULT, f"{error}") from error
        except NewsletterError as error:
            self.say(f"      refused: {error}")
            if host.changed > 0 and not is_noted:
                raise Violation(Rule.UNDONE, f"{error}, and {host.changed} rows changed") from error
            return False
        except Exception as error:
            raise Violation(Rule.FAULT, f"{type(error).__name__}: {error}") from error
        judge_log(host.books, host.expected)
        return True

    def back_up(self, host: Host) -> None:
        self.backups.append(host.copy())

    def restore(self, host: Host, number: int, *, in_place: bool) -> None:
        """Restore an older database by hand. The guard record is not in the backup.

        The guard record is on the disk: a power failure in the same second is not simulated.
        """
        self.crash(host)
        host.disk.record = host.disk.flushed = host.disk.best
        copy = self.backups[number % len(self.backups)]
        host.become(copy)
        host.expected.put_back = True
        if not in_place:
            where = host.disk.location
            host.disk.location = replace(where, file=where.file + 1)

    def clone(self, host: Host, *, image_of_disk: bool) -> None:
        """Copy the machine."""
        if len(self.hosts) > 1:
            return
        copy = host.copy()
        file = copy.location.file if image_of_disk else 100
        self.hosts.append(Host(self, 1, replace(copy, location=Location(file=file, machine="two"))))

    def jump(self, host: Host, seconds: int) -> None:
        """Change the clock of the machine."""
        host.ahead += timedelta(seconds=seconds)
        host.jumps += 1

    def change_account(self, host: Host, *, of: str, rotates: bool = False) -> None:
        """Change the account of a provider, or only its key, from the next start on."""
        self.stop(host)
        account = account_of(host.keys[of])
        if rotates:
            host.keys[of] = f"{account}.{self.number()}"
        else:
            host.keys[of] = f"{of}-{'2' if account.endswith('1') else '1'}"

    def end(self) -> None:
        """Let all work end with a provider without failures, then judge the end."""
        self.how, self.cut = How.TAKE, False
        for host in self.hosts:
            for actor in host.older:
                self._run(host, actor)
            self.stop(host)
        first = self.hosts[0]
        self.boot(first)
        if first.process is None:
            self.people.release(first)
            self.boot(first)
        for host in self.hosts[1:]:
            self.boot(host)
        for _ in range(3 * self.shares):  # until processes that ended count as dead
            self.wait(8)
        idle = 0
        for number in range(_ROUNDS):
            worked = [self._work(host, first=not number) for host in self.hosts]
            on = any(worked) or self._skip(for_tomorrow=number > _ROUNDS // 2)
            idle = 0 if on else idle + 1
            if idle > 1:  # a time may have come during the round
                break
        self._close(first)

    def _work(self, host: Host, *, first: bool) -> bool:
        """Let each worker do all its work, and return whether there was any.

        The first time each worker runs, later only one with work in the database, to save time.
        """
        worked = False
        for who, lies_there in _LIES_THERE.items():
            asked = first or self._any(host, lies_there)
            while asked and host.process is not None:
                done = self._at_once(host, host.process.deeds[who])
                worked = worked or done is not None
                asked = done is not None and self._any(host, lies_there)
        return worked

    def _any(self, host: Host, query: str) -> bool:
        return host.books.execute(query).fetchone() is not None

    def _at_once(self, host: Host, deed: Callable[[], object]) -> object:
        done: list[object] = []
        self._guarded(host, lambda: done.append(deed()))
        return done[0] if done else None

    def _skip(self, *, for_tomorrow: bool) -> bool:
        """Advance to the next time in the database, and return whether there is one.

        ``for_tomorrow``: where the day's quota is used up, past the day's look-ups.
        """
        host = self.hosts[0]
        now = int(host.now().timestamp() * 1000)
        times = [at for (at,) in host.books.execute(_DUE)]
        limits = SETTINGS[self.kind].limits
        if limits.daily_quota is not None and self._any(host, _LIES_THERE["dispatch-1"]):
            tomorrow = int(limits.end_of(limits.day(host.now())).timestamp() * 1000)
            times = [tomorrow] if for_tomorrow else [*times, tomorrow]
        due = min((at for at in times if at is not None and now < at < _NEVER), default=None)
        if due is not None:
            self.now += timedelta(milliseconds=due - now)
            self._beat()
        return due is not None

    def _close(self, host: Host) -> None:
        refused = {address for service in self.services for address in service.refused}
        self.true.refused = {self.true.owners.get(address, 0) for address in refused}
        close(host.books, self.true, host.expected)
        judge_log(host.books, host.expected)
        if not host.expected.put_back and administer.clean(store=cast(Any, Books(host))):
            judge_bytes(host.database.image, host.expected)
        if not (host.jumps or host.expected.put_back or host.process is None):
            find_out(host.books, self.true, host.expected, host.keys, self.now)
        over = host.books.execute(_OVER).fetchall()
        if over:
            raise Violation(Rule.STUCK, f"over, with readers who wait: {over}")
        sending = "SELECT slug FROM campaign WHERE state = 'sending'"
        stuck = [row[0] for row in host.books.execute(sending)]
        held = host.books.execute("SELECT 1 FROM meta WHERE key IN ('doubt', 'stop')").fetchone()
        if stuck and not held:  # also where each process ends with an error
            raise Violation(Rule.STUCK, f"{stuck} at {host.now()}")

    def clear(self) -> None:
        """End all threads."""
        for service in self.services:
            service.close()
        for host in self.hosts:
            self.crash(host, power=True)
            host.older = []
            host.disconnect()


# a batch whose readers have all left may have the name of the attempt too
_BOUND = "SELECT account FROM batch WHERE attempt_id = ? AND size > suppressed"
_OVER = """
SELECT campaign.slug, batch.pending FROM batch JOIN campaign ON campaign.id = batch.campaign_id
WHERE campaign.state IN ('sent', 'cancelled') AND batch.pending > 0
"""
_LIES_THERE = {
    "look": "SELECT 1 FROM campaign WHERE state = 'scheduled'",
    "post": "SELECT 1 FROM transactional_email WHERE state = 'waiting'",
    # also without queued batches: the next look ends a campaign whose readers have all left
    "dispatch-1": "SELECT 1 FROM campaign WHERE state = 'sending'",
    "reconcile": "SELECT 1 FROM batch WHERE state = 'unknown'",
}
_DUE = """
SELECT not_before FROM batch WHERE state IN ('queued', 'unknown')
UNION SELECT lease_until FROM batch WHERE state = 'unknown'
UNION SELECT blocked_until FROM rate_limit UNION SELECT free_at / 1000 + 1 FROM rate_limit
UNION SELECT not_before FROM transactional_email WHERE state = 'waiting'
UNION SELECT release_at FROM campaign WHERE state = 'scheduled'
"""

"""Everything there is in one run: true time, the provider, the machines, and what people do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from newsletter.domain.delivery.batch import attempt_name
from newsletter.domain.delivery.restore_guard import Location
from newsletter.domain.errors import Defect, NewsletterError
from tests.fakes import WORKSPACE
from tests.simulation import oracle
from tests.simulation.baton import Actor, Baton, Crash
from tests.simulation.cast import SETTINGS, first_versions, readers
from tests.simulation.database import image
from tests.simulation.editors import Editors
from tests.simulation.host import PROVIDERS, Copy, Host, Parts, Process
from tests.simulation.oracle import (
    Approved,
    Expected,
    Rule,
    Violation,
    campaign_of,
    close,
    find_out,
    in_hour,
    judge,
    words_of,
)
from tests.simulation.people import People
from tests.simulation.service import Claimed, How, Mail, Service, account_of

_NEVER = 1 << 52
_ROUNDS = 40


class World:
    """One run: it begins with a kind of workspace, at a provider with such traits."""

    def __init__(self, kind: str, traits: str, parts: Parts) -> None:
        made = image(kind)
        self.kind = kind
        self.parts = parts
        self.start = self.now = made.at
        self.baton = Baton()
        self.commit = 0
        self.claimed: dict[str, tuple[Claimed, Claimed]] = {}
        self.how = How.TAKE
        self.cut = False
        self.inside = False
        self.trace: list[str] = []
        people, files = readers(kind), first_versions(kind)
        self.texts = {(slug, version.number): version for slug, version in files.items()}
        owners = {one.address: number for number, one in people.items()}
        self.true = oracle.World(owners=owners)
        self._numbers = 0
        self.services = [
            Service(name, each, self._took, self.start)
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
                    Approved(slug=slug, by=by, words=words_of(content))
                    for slug, by, content in made.approved
                ],
            ),
            files={**files},
            record=None,
            location=Location(file=1, machine="one"),
        )
        self.people = People(self)
        self.editors = Editors(self)
        self.hosts = [Host(self, 0, first)]
        self.office(self.hosts[0], lambda _process: None)
        self.backups = [self.hosts[0].copy()]

    # --- what the parts ask for

    def say(self, words: str) -> None:
        self.trace.append(words)

    def number(self) -> int:
        """Another one each time, the same in each run."""
        self._numbers += 1
        return self._numbers

    def attempt(self) -> str:
        """The name of a try."""
        return attempt_name(WORKSPACE, f"{self.number():024}")

    @property
    def holder(self) -> str:
        """Who has the baton; empty for what is done at once."""
        return self.baton.holder.name if self.baton.holder else ""

    def point(self, name: str) -> None:
        if not self.inside:  # nobody gets a turn in a transaction
            self.baton.point(name)

    def _took(self, mail: Mail) -> None:
        self.say(f"      taken for {mail.address}: {mail.campaign} by {mail.try_}")
        self.true.journal.append(mail)
        host = next(host for host in self.hosts if host.name == mail.claimed.host)
        # a batch whose readers have all left may have the name of the attempt too
        bound = {account_of(key) for (key,) in host.books.execute(_BOUND, (mail.attempt,))}
        if bound and account_of(mail.key) not in bound:
            raise Violation(Rule.WRONG, f"{mail.try_} is bound to the accounts {bound}")
        judge(mail, self.true, host.expected)
        if self.kind == "hours" and campaign_of(mail):
            in_hour(mail, self.start, host.expected.people[self.true.owners[mail.address]])

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody is in the middle of a deed."""
        actors = [actor for host in self.hosts for actor in host.older]
        for host in self.hosts:
            actors += host.process.actors.values() if host.process else ()
        return all(actor.idle for actor in actors)

    # --- processes

    def go(self, host: Host, who: str, points: int, how: How) -> None:
        """Let somebody in the process begin a deed, or go on with it, over so many points."""
        process = host.process
        if process is None:
            return
        actor, self.how = process.actors[who], how
        if actor.idle and process.up:
            self._guarded(host, lambda: self.baton.begin(actor, process.deeds[who]))
            points -= 1
        self._run(host, actor, points)

    def older(self, host: Host, points: int, how: How) -> None:
        """Let a process that was thought dead go on."""
        host.older = [actor for actor in host.older if not actor.idle]
        if host.older:
            self.how = how
            self._run(host, host.older[0], points)

    def _run(self, host: Host, actor: Actor, points: int = 1000) -> None:
        while points > 0 and not actor.idle:
            self.say(f"      {actor.name} goes on at {actor.at}")
            self._guarded(host, lambda: self.baton.resume(actor))
            points -= 1

    def _guarded(self, host: Host, deed: Callable[[], object]) -> bool:
        """Do it; tells whether it was done. A process that cannot go on ends in good order."""
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

    def boot(self, host: Host, points: int = 1000) -> None:
        """Start a process, beside one that may still run."""
        if host.process is not None:
            host.older += [one for one in host.process.actors.values() if not one.idle]
        host.starts += 1
        host.disconnect()
        host.process = process = Process(host)
        actor = process.actors["look"]
        self._guarded(host, lambda: self.baton.begin(actor, process.begin))
        self._run(host, actor, points)

    def stop(self, host: Host) -> None:
        """End it in good order: what is under way is brought to its end."""
        process, host.process = host.process, None
        for actor in process.actors.values() if process else ():
            self._run(host, actor)

    def crash(self, host: Host, *, power: bool = False) -> None:
        """End it where it stands. With the power, all that was not on the disk is gone."""
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
        """End the process before its next commit, in somebody's transaction."""
        self.cut = True
        self.go(host, who, 1000, How.TAKE)
        self.cut = False

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def office(self, host: Host, deed: Callable[[Process], object]) -> bool:
        """A command of a person's, in a process of its own; tells whether it was done."""
        process = Process(host)
        try:
            process.guard().attend()  # as whoever opens a database does
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
            return False
        return True

    # --- what befalls machines

    def back_up(self, host: Host) -> None:
        self.backups.append(host.copy())

    def restore(self, host: Host, number: int, *, in_place: bool) -> None:
        """Put older books in the place of the newer, by hand. The guard record lies elsewhere.

        Not in the second in which the power fails, too: what it costs is given back.
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
        """A second machine with a copy of all there is; both are started."""
        if len(self.hosts) > 1:
            return
        copy = host.copy()
        file = copy.location.file if image_of_disk else 100
        self.hosts.append(Host(self, 1, replace(copy, location=Location(file=file, machine="two"))))

    def jump(self, host: Host, seconds: int) -> None:
        """Somebody sets the clock of the machine."""
        host.ahead += timedelta(seconds=seconds)
        host.jumps += 1

    def change_account(self, host: Host, *, of: str, rotates: bool = False) -> None:
        """Use another account of a provider, or another key of the same, from the next start on."""
        self.stop(host)
        account = account_of(host.keys[of])
        if rotates:
            host.keys[of] = f"{account}.{self.number()}"
        else:
            host.keys[of] = f"{of}-{'2' if account.endswith('1') else '1'}"

    # --- the end

    def end(self) -> None:
        """Let all come to rest before a provider without faults, then close the books."""
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
        idle = 0
        for number in range(_ROUNDS):
            worked = [self._work(host, first=not number) for host in self.hosts]
            idle = 0 if any(worked) or self._skip() else idle + 1
            if idle > 1:  # a moment may have come while others were asked
                break
        self._close(first)

    def _work(self, host: Host, *, first: bool) -> bool:
        """Let each do all there is for it to do; tells whether it was anything.

        At first each is asked, then who has something lying there: to be told no is not for free.
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

    def _skip(self) -> bool:
        """Go to the next moment for which anything waits; tells whether there is one."""
        host = self.hosts[0]
        now = int(host.now().timestamp() * 1000)
        due = min(
            (at for (at,) in host.books.execute(_DUE) if at is not None and now < at < _NEVER),
            default=None,
        )
        if due is not None:
            self.now += timedelta(milliseconds=due - now)
        return due is not None

    def _close(self, host: Host) -> None:
        refused = {address for service in self.services for address in service.refused}
        self.true.refused = {self.true.owners.get(address, 0) for address in refused}
        close(host.books, self.true, host.expected)
        if not (host.jumps or host.expected.put_back or host.process is None):
            find_out(host.books, self.true, host.expected, host.keys, self.now)
        over = host.books.execute(_OVER).fetchall()
        if over:
            raise Violation(Rule.STUCK, f"over, with readers who wait: {over}")
        sending = "SELECT slug FROM campaign WHERE state = 'sending'"
        stuck = [row[0] for row in host.books.execute(sending)]
        held = host.books.execute("SELECT 1 FROM meta WHERE key IN ('hold', 'stop')").fetchone()
        if stuck and not held and host.process is not None:
            raise Violation(Rule.STUCK, f"{stuck} at {host.now()}")

    def clear(self) -> None:
        """Let no thread be left."""
        for host in self.hosts:
            self.crash(host, power=True)
            host.older = []
            host.disconnect()


_BOUND = "SELECT account FROM batch WHERE attempt_id = ?"
_OVER = """
SELECT campaign.slug, batch.pending FROM batch JOIN campaign ON campaign.id = batch.campaign_id
WHERE campaign.state IN ('sent', 'cancelled') AND batch.pending > 0
"""
_LIES_THERE = {
    "look": "SELECT 1 FROM campaign WHERE state = 'scheduled'",
    "post": "SELECT 1 FROM transactional_email WHERE state = 'waiting'",
    # also where nothing is queued any more: of whom all left, the next look ends the campaign
    "dispatch-1": "SELECT 1 FROM campaign WHERE state = 'sending'",
    "reconcile": "SELECT 1 FROM batch WHERE state = 'unknown'",
}
_DUE = """
SELECT not_before FROM batch WHERE state IN ('queued', 'unknown')
UNION SELECT lease_until FROM batch WHERE state = 'unknown'
UNION SELECT blocked_until FROM rate_limit
UNION SELECT not_before FROM transactional_email WHERE state = 'waiting'
UNION SELECT release_at FROM campaign WHERE state = 'scheduled'
"""

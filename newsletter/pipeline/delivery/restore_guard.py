"""Put all sending on hold if the database may be restored or copied, or if a person stops it.

Each run begins a generation and writes its name to the guard file and to the database. The names of
a restored database differ. The guard file is first and also allows the previous generation, so a
crash between the two causes no alarm.
"""

from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.domain.delivery.restore_guard import (
    HOLD_ADVICE,
    Absence,
    GuardCheck,
    GuardRecord,
    HoldKind,
    Location,
    sending_stop,
)
from newsletter.domain.delivery.worker import DEAD_AFTER
from newsletter.domain.errors import InvalidInput, Outdated, Refused, StoreUnavailable
from newsletter.domain.staff.role import Role
from newsletter.domain.wording import joined, say
from newsletter.pipeline.ledger import act_as
from newsletter.store.database import as_instant
from newsletter.store.file.guard_file import GuardFile
from newsletter.store.sql import Store, Transaction

_MAX_REASON_CHARS = 200
_MAX_HOLD_CHARS = 2_000
"""A stop with an own reason keeps the stops before it, up to this length. The audit log has all."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Decides whether a workspace may send.

    ``names`` returns a new name for a generation at each call. ``waits`` sleeps for a moment.
    Processes that share the sending share a generation until a person releases a hold.
    """

    store: Store
    guard_file: GuardFile
    names: Callable[[], str]
    shares_sending: bool = False
    waits: Callable[[], object] = lambda: None

    def check_on_open(self) -> None:
        """Begin the generation of a new database. Put sending on hold for a discrepancy."""
        _, check = self._read_state()
        if replace(check, is_used_elsewhere=False).discrepancy:
            # a new heartbeat proves that the database is in use, and so not a copy
            first = beats = self._heartbeats()
            while beats and not any(beats.get(number, at) > at for number, at in first.items()):
                self.waits()
                beats = self._heartbeats()
            _, check = self._read_state()
        if check.is_unmarked:
            with suppress(StoreUnavailable), self.store.begin() as tx:
                check = self._read_check(tx)
                if check.is_unmarked:
                    self._renew(tx, check)
                    self.guard_file.close()  # the next run may be another process
        elif check.discrepancy:
            with self.store.begin() as tx:
                self._check(tx, self._read_check(tx))  # a run may have begun since
        elif isinstance(check.record, GuardRecord):
            location = replace(check.record.location, host=check.location.host)
            if check.record.location != location == check.location:  # only the host differs
                with suppress(StoreUnavailable):
                    self.guard_file.write(replace(check.record, location=location))
                    self.guard_file.close()

    def begin(self) -> None:
        """Begin a generation. Raises Refused, which says what to do, if sending is on hold."""
        record = None
        with self.store.begin() as tx:
            check = self._read_check(tx)
            self._check(tx, check)
            reasons = tx.hold.reasons()
            if not reasons:
                record = self._renew(tx, check)
        if record is None:
            # an error inside the transaction would roll the hold back
            messages = [f"{reason}; {HOLD_ADVICE[kind]}" for kind, reason in reasons.items()]
            new_reason = check.discrepancy
            if new_reason and new_reason not in reasons[HoldKind.RESTORE_GUARD]:
                messages.insert(0, new_reason)
            why = joined(messages, "{first}. {last}")
            raise Refused(say("sending is stopped, nothing leaves: {why}", why=why))
        self._confirm(record)

    def follow(self) -> None:
        """If a replica took over, compare the database with the guard file, before a heartbeat."""
        record, location = self.guard_file.read(), self.guard_file.location()
        if isinstance(record, Absence) or location.filesystem == record.location.filesystem:
            return
        with self.store.begin() as tx:
            self._check(tx, self._compare(tx, record, location))

    def holds(self) -> dict[HoldKind, str]:
        """Return why sending is on hold, also for a discrepancy that is not stored yet."""
        reasons, check = self._read_state()
        if check.discrepancy:
            reasons, check = self._read_state()  # a run may have begun between the two reads
        return (
            {HoldKind.RESTORE_GUARD: check.discrepancy, **reasons} if check.discrepancy else reasons
        )

    def stop(self, *, by: str, reason: str) -> str:
        """Put all sending on hold until a person releases it. Return the stored reasons.

        Raises InvalidInput for a reason that is too long or not plain.
        """
        words = " ".join(reason.split())  # a reason is one line
        if len(words) > _MAX_REASON_CHARS or not words.isprintable():
            rule = "Write the reason in at most {most} visible characters"
            raise InvalidInput.at("the reason", say(rule, most=_MAX_REASON_CHARS))
        with act_as(self.store, by, Role.SENDER, "stop all sending") as (tx, _):
            before = tx.hold.reasons().get(HoldKind.STOP, "")
            if f"by {by} " in before and words in before:
                return before
            before = before if len(before) < _MAX_HOLD_CHARS else ""
            why = joined([*filter(None, (words, before))])
            stop = sending_stop(by, self.store.clock.now(), why)
            return self._put_hold(tx, HoldKind.STOP, by, stop)

    def release(
        self, *, by: str, kinds: Set[HoldKind], shown: str | None = None
    ) -> dict[HoldKind, str]:
        """Lift the holds of these kinds. Return the lifted holds with their reasons.

        ``shown`` is the reason that the person saw. Raises Outdated if there is another one now.
        After a hold of the restore guard, database and guard file begin a new generation.
        """
        record = None
        needed = Role.ADMIN if HoldKind.RESTORE_GUARD in kinds else Role.SENDER
        with act_as(self.store, by, needed, "resume sending") as (tx, _):
            check = self._read_check(tx)
            if check.discrepancy:
                self._hold_sending(tx, check)
            lifted = {kind: why for kind, why in tx.hold.reasons().items() if kind in kinds}
            for kind, reason in lifted.items():
                if shown not in {None, reason}:
                    raise Outdated(say("sending is stopped for another reason now; look again"))
                tx.hold.release(kind)
                tx.audit.enter(by, "release", "workspace", reason=reason)
            if lifted:
                tx.emails.restart_lifetimes(self.store.clock.now())
            if HoldKind.RESTORE_GUARD in lifted:
                tx.audit.note_gap(actor=by)
                if self.shares_sending:
                    tx.generation.end(check.mark.generation, tx.now)
                record = self._renew(tx, check, is_new=True)
                tx.generation.note_timeline(check.location.filesystem, check.claims, tx.now)
        if record is not None:
            self._confirm(record)
        return lifted

    def _heartbeats(self) -> dict[int, datetime]:
        with self.store.read() as tx:
            return {one.id: one.beat_at for one in tx.workers.all() if one.is_alive(tx.now)}

    def _check(self, tx: Transaction, check: GuardCheck) -> None:
        if check.discrepancy:
            self._hold_sending(tx, check)
        else:
            timeline, from_at = check.location.filesystem, tx.now + DEAD_AFTER
            tx.generation.note_timeline(timeline, check.mark.claims, from_at)

    def _hold_sending(self, tx: Transaction, check: GuardCheck) -> None:
        """Put sending on hold for a discrepancy, and note the evidence."""
        now = self.store.clock.now()
        tx.generation.invalidate_copy(check.evidence, now)
        record = check.record
        if isinstance(record, GuardRecord) and record.mark.generation in check.mark.former:
            # the release of this hold covers what the machine sent after the release before
            tx.generation.end(record.mark.generation, as_instant(record.mark.beat_at))
        if HoldKind.RESTORE_GUARD not in tx.hold.reasons():
            seen = "{why}; seen on {at:%Y-%m-%d %H:%M} UTC"
            reason = say(seen, why=check.discrepancy, at=now)
            self._put_hold(tx, HoldKind.RESTORE_GUARD, "scheduler", reason)

    def _read_check(self, tx: Transaction) -> GuardCheck:
        """Compare guard file and database in a write transaction, which excludes other claims."""
        return self._compare(tx, self.guard_file.read(), self.guard_file.location())

    def _compare(
        self, tx: Transaction, record: GuardRecord | Absence, location: Location
    ) -> GuardCheck:
        return GuardCheck(
            mark=tx.generation.mark(),
            location=location,
            record=record,
            is_used_elsewhere=any(worker.is_alive(tx.now) for worker in tx.workers.all()),
        )

    def _read_state(self) -> tuple[dict[HoldKind, str], GuardCheck]:
        """Return the hold reasons and a check. The guard file is read before the database."""
        record, location = self.guard_file.read(), self.guard_file.location()
        with self.store.read() as tx:
            return tx.hold.reasons(), self._compare(tx, record, location)

    def _renew(self, tx: Transaction, check: GuardCheck, *, is_new: bool = False) -> GuardRecord:
        shared_name = "" if is_new or not self.shares_sending else check.mark.generation
        mark = replace(check.mark, generation=shared_name or self.names(), claims=check.claims)
        record = GuardRecord(mark=mark, before=check.mark.generation, location=check.location)
        self.guard_file.write(record)
        tx.generation.renew(mark)
        return record

    def _confirm(self, record: GuardRecord) -> None:
        """Forget the previous generation in the guard file, now that the database has the new."""
        self.guard_file.write(replace(record, before=record.mark.generation))

    def _put_hold(self, tx: Transaction, kind: HoldKind, by: str, reason: str) -> str:
        tx.hold.put(kind, reason)
        tx.audit.enter(by, "hold", "workspace", reason=reason)
        return reason

"""The hold over a whole workspace: a person's, or on a doubt whether its books are complete.

Whoever opens a new database begins its first generation, so that a copy of it can be told from the
very beginning; each run begins another. The guard record is written first and allows the one
before, so that a process that dies between the two leaves no doubt behind.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from newsletter.domain.delivery.restore_guard import Books, GuardRecord, HoldKind, Mark, Stopped
from newsletter.domain.errors import Refused, StoreUnavailable
from newsletter.domain.ports import GuardFile
from newsletter.domain.staff.role import Role
from newsletter.pipeline.ledger import entitle
from newsletter.store.sql import Store, Transaction

_ADVICE = {
    HoldKind.STOP: "'newsletter resume-sending --by EMAIL' resumes it",
    HoldKind.RESTORE_GUARD: (
        "compare 'newsletter campaign list' and 'newsletter statement list' with the provider;"
        " cancel what has gone, or revoke it where it has no campaign here; resolve what is"
        " unknown; then 'newsletter resume-sending --by EMAIL'. If you moved the workspace here"
        " yourself, and nothing sends at its old place any more, that command alone is enough"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Says whether a workspace may send. ``names`` gives a new name to each generation."""

    store: Store
    guard_file: GuardFile
    names: Callable[[], str]

    def attend(self) -> None:
        """Look before anybody is answered from a database, or writes into it.

        A new one begins its first generation, if it can: else a run says why. One in doubt is held.
        """
        _, books = self._seen()
        if books.unmarked:
            with suppress(StoreUnavailable), self.store.begin() as tx:
                books = self._books(tx)
                if books.unmarked:
                    self._renew(tx, books)
                    self.guard_file.close()  # it is for the next run, in whichever process
        elif books.discrepancy:
            with self.store.begin() as tx:
                books = self._books(tx)
                if books.discrepancy:  # a run that began between the two glances is none
                    self._act_on(tx, books)

    def begin(self) -> None:
        """Begin a generation. Raises Refused, with what to do, where nothing may be sent."""
        record = None
        with self.store.begin() as tx:
            books = self._books(tx)
            if books.discrepancy:
                self._act_on(tx, books)
            reasons = tx.hold.reasons()
            if not reasons:
                record = self._renew(tx, books)
        if record is None:
            # only now: within the transaction it would take back the hold that was just put
            raise Refused(_refusal(reasons, books))
        self._confirm(record)

    def holds(self) -> dict[HoldKind, str]:
        """Why nothing is sent, and what is in doubt though no run has seen it yet."""
        reasons, books = self._seen()
        if books.discrepancy:
            reasons, books = self._seen()  # a run that began between the two glances is no doubt
        if books.discrepancy and HoldKind.RESTORE_GUARD not in reasons:
            return {**reasons, HoldKind.RESTORE_GUARD: books.explanation}
        return reasons

    def stop(self, *, by: str, reason: str) -> str:
        """Put everything on hold until somebody releases it; returns the reason as it is kept."""
        with self.store.begin() as tx:
            entitle(tx, by, Role.SENDER, "stop all sending")
            words = " ".join(reason.split())  # it stands in logs, a line each
            kept = str(Stopped(by=by, at=self.store.clock.now(), why=words))
            return self._put(tx, HoldKind.STOP, by, kept)

    def release(self, *, by: str, kinds: Collection[HoldKind]) -> dict[HoldKind, str]:
        """Lift holds of these kinds and no others; returns those that there were.

        To lift a doubt is to say that the books are complete now: both places begin a generation.
        """
        record = None
        needed = Role.ADMIN if HoldKind.RESTORE_GUARD in kinds else Role.SENDER
        with self.store.begin() as tx:
            entitle(tx, by, needed, "resume sending")
            books = self._books(tx)
            if books.discrepancy:
                self._act_on(tx, books)
            reasons = tx.hold.reasons()
            lifted = {kind: reason for kind, reason in reasons.items() if kind in kinds}
            for kind, reason in lifted.items():
                tx.hold.release(kind)
                self._enter(tx, by, "release", reason)
            if lifted:
                tx.emails.hold_over(self.store.clock.now())
            if HoldKind.RESTORE_GUARD in lifted:
                tx.audit.note_gap(actor=by)
                record = self._renew(tx, books)
        if record is not None:
            self._confirm(record)
        return lifted

    def _act_on(self, tx: Transaction, books: Books) -> None:
        """Hold what is in doubt, once for the same doubt.

        What waits in it may have left. What is asked for from now on has numbers that nobody had.
        Sessions and links that ended since may be open in it: everybody signs in anew.
        """
        now = self.store.clock.now()
        if tx.generation.doubt(books.evidence, now):
            tx.emails.distrust(now)
            tx.sessions.end_everybody()
            tx.invitations.withdraw_all(now)
        if HoldKind.RESTORE_GUARD not in tx.hold.reasons():
            seen = f"{books.explanation}; seen on {now:%Y-%m-%d %H:%M} UTC"
            self._put(tx, HoldKind.RESTORE_GUARD, "scheduler", seen)

    def _books(self, tx: Transaction) -> Books:
        """Within a writing transaction: no claim can come between the two."""
        record = self.guard_file.read()
        return Books(mark=tx.generation.mark(), location=self.guard_file.location(), record=record)

    def _seen(self) -> tuple[dict[HoldKind, str], Books]:
        """The guard record before the database, so that a claim between the two makes no doubt."""
        record, location = self.guard_file.read(), self.guard_file.location()
        with self.store.read() as tx:
            return tx.hold.reasons(), Books(
                mark=tx.generation.mark(), location=location, record=record
            )

    def _renew(self, tx: Transaction, books: Books) -> GuardRecord:
        mark = Mark(generation=self.names(), claims=books.claims)
        record = GuardRecord(mark=mark, before=books.mark.generation, location=books.location)
        self.guard_file.write(record)
        tx.generation.renew(mark)
        return record

    def _confirm(self, record: GuardRecord) -> None:
        """The database has followed: from now on only the new generation is right."""
        self.guard_file.write(replace(record, before=record.mark.generation))

    def _put(self, tx: Transaction, kind: HoldKind, by: str, reason: str) -> str:
        tx.hold.put(kind, reason)
        self._enter(tx, by, "hold", reason)
        return reason

    def _enter(self, tx: Transaction, actor: str, action: str, detail: str) -> None:
        tx.audit.enter(actor, action, "workspace", detail)


def _refusal(reasons: dict[HoldKind, str], books: Books) -> str:
    known = [f"{reason}; {_ADVICE[kind]}" for kind, reason in reasons.items()]
    unsaid = books.explanation
    if unsaid and unsaid not in reasons[HoldKind.RESTORE_GUARD]:
        known.insert(0, unsaid)
    return f"sending is stopped, nothing leaves: {'. '.join(known)}"

"""The hold over a whole workspace: a person's, or on a doubt whether its books are complete.

A run begins a new epoch in the database and outside it. The witness is written first and allows
the epoch before, so that a process that dies between the two leaves no doubt behind.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from newsletter.domain.epoch import Books, Mark, Witness
from newsletter.domain.errors import Refused
from newsletter.ports import Clock, HoldKind, Store, Transaction, Watermark

_ADVICE = {
    HoldKind.STOP: "'newsletter release --by EMAIL' lets it go on",
    HoldKind.DOUBT: (
        "compare 'newsletter campaign list' and 'newsletter statement list' with the provider;"
        " cancel what has gone, or revoke it where it has no campaign here; resolve what is"
        " unknown; then 'newsletter release --by EMAIL'"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Says whether a workspace may send. ``names`` gives a new name, for an epoch, each time."""

    store: Store
    watermark: Watermark
    clock: Clock
    names: Callable[[], str]

    def begin(self) -> None:
        """Begin an epoch. Raises Refused, saying why and what to do, where nothing may be sent."""
        witness = None
        with self.store.begin() as tx:
            books = self._books(tx)
            if books.doubt and HoldKind.DOUBT not in tx.hold.reasons():
                self._put(tx, HoldKind.DOUBT, "scheduler", f"{books.explanation}; seen")
            reasons = tx.hold.reasons()
            if not reasons:
                witness = self._renew(tx, books)
        if witness is None:
            raise Refused(_refusal(reasons, books))
        self._confirm(witness)

    def holds(self) -> dict[HoldKind, str]:
        """Why nothing is sent, and what is in doubt though no run has seen it yet."""
        seen = self._seen()
        if seen[1].doubt:
            seen = self._seen()  # a run that began between the two glances is no doubt
        return _with_doubt(*seen)

    def stop(self, *, by: str, reason: str) -> str:
        """Put everything on hold until somebody releases it; returns the reason as it is kept."""
        with self.store.begin() as tx:
            words = " ".join(reason.split())  # it stands in logs, a line each
            why = f" ({words})" if words else ""
            return self._put(tx, HoldKind.STOP, by, f"stopped by {by}{why}")

    def release(self, *, by: str, kinds: Collection[HoldKind]) -> dict[HoldKind, str]:
        """Lift holds of these kinds and no others; returns those that there were.

        To lift a doubt is to say that the books are complete now: an epoch begins in both places.
        """
        witness = None
        with self.store.begin() as tx:
            books = self._books(tx)
            reasons = _with_doubt(tx.hold.reasons(), books)
            lifted = {kind: reason for kind, reason in reasons.items() if kind in kinds}
            for kind, reason in lifted.items():
                tx.hold.release(kind)
                self._enter(tx, by, "release", reason)
            if HoldKind.DOUBT in lifted:
                tx.letters.distrust(self.clock.now())
                witness = self._renew(tx, books)
        if witness is not None:
            self._confirm(witness)
        return lifted

    def _books(self, tx: Transaction) -> Books:
        """Within a writing transaction: no claim can come between the two."""
        witness = self.watermark.read()
        return Books(mark=tx.epoch.mark(), file=self.watermark.file(), witness=witness)

    def _seen(self) -> tuple[dict[HoldKind, str], Books]:
        """The witness before the database, so that a claim between the two makes no doubt."""
        witness, file = self.watermark.read(), self.watermark.file()
        with self.store.read() as tx:
            return tx.hold.reasons(), Books(mark=tx.epoch.mark(), file=file, witness=witness)

    def _renew(self, tx: Transaction, books: Books) -> Witness:
        mark = Mark(epoch=self.names(), claims=books.claims)
        witness = Witness(mark=mark, before=books.mark.epoch, file=books.file)
        self.watermark.write(witness)
        tx.epoch.renew(mark)
        return witness

    def _confirm(self, witness: Witness) -> None:
        """The database has followed: from now on only the new epoch is right."""
        self.watermark.write(replace(witness, before=witness.mark.epoch))

    def _put(self, tx: Transaction, kind: HoldKind, by: str, what: str) -> str:
        reason = f"{what} on {self.clock.now():%Y-%m-%d %H:%M} UTC"
        tx.hold.put(kind, reason)
        self._enter(tx, by, "hold", reason)
        return reason

    def _enter(self, tx: Transaction, actor: str, action: str, detail: str) -> None:
        tx.audit.enter(
            at=self.clock.now(), actor=actor, action=action, subject="workspace", detail=detail
        )


def _with_doubt(reasons: dict[HoldKind, str], books: Books) -> dict[HoldKind, str]:
    """The reasons that are kept, and a doubt that no run has seen yet."""
    if books.doubt is None or HoldKind.DOUBT in reasons:
        return reasons
    return {**reasons, HoldKind.DOUBT: books.explanation}


def _refusal(reasons: dict[HoldKind, str], books: Books) -> str:
    known = [f"{reason}; {_ADVICE[kind]}" for kind, reason in reasons.items()]
    unsaid = books.explanation
    if unsaid and unsaid not in reasons[HoldKind.DOUBT]:
        known.insert(0, unsaid)
    return f"this workspace is on hold, nothing is sent: {'. '.join(known)}"

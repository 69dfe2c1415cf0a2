"""source → statement: what the sources hold is written down as it stands."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from newsletter.domain.clock import Clock
from newsletter.domain.errors import Fault
from newsletter.domain.ports import Source
from newsletter.domain.statements.statement import Reading, Statement, StoredStatement
from newsletter.store.sql import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What one look at the sources brought."""

    changed: tuple[str, ...]
    """Slugs of statements that are new, changed or gone."""
    faults: tuple[Fault, ...]


@dataclass(kw_only=True)
class Read:
    """What the look before brought: the next one compares what differs, not everything."""

    mark: int | None = None
    """How far changes were seen; None before the first look."""
    readings: Sequence[Reading] = ()
    found: Mapping[str, Statement] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    left: frozenset[str] = frozenset()
    """Slugs that no source has and that stay, because a source could not be read."""


def ingest(
    *, store: Store, sources: Iterable[Source], clock: Clock, before: Read | None = None
) -> Ingested:
    """Read all sources.

    A statement that is gone, or whose own file has a fault now, stays known but is no longer
    present: what it says now is not what was approved. ``before`` is brought up to date.
    """
    before = before or Read()
    with store.read() as tx:  # first: what is written from here on is seen the next time
        mark, touched = tx.statements.touched(before.mark)
    readings = [source.read() for source in sources]
    if before.mark is not None and not touched and _are_same(readings, before.readings):
        return Ingested(changed=(), faults=before.faults)
    found, doubles = _by_slug([one for reading in readings for one in reading.statements])
    faults = [fault for reading in readings for fault in reading.faults] + doubles
    with store.read() as tx:
        known = _compared(tx, before, found, touched)
    faulty = {fault.file for fault in faults}
    complete = all(reading.complete for reading in readings)
    gone = [one for slug, one in known.items() if one and one.present and slug not in found]
    ends = [one for one in gone if complete or one.statement.origin in faulty]
    updates = _different(found, known) + [replace(stored, present=False) for stored in ends]
    _write(store, updates, clock)
    before.mark, before.readings, before.found, before.faults = mark, readings, found, (*faults,)
    before.left = frozenset(one.statement.slug for one in gone if one not in ends)
    changed = tuple(stored.statement.slug for stored in updates)
    return Ingested(changed=changed, faults=before.faults)


def _are_same(readings: Sequence[Reading], before: Sequence[Reading]) -> bool:
    """A source that found nothing new gives the very reading that it gave before."""
    return len(readings) == len(before) and all(map(operator.is_, readings, before))


def _compared(
    tx: Transaction, before: Read, found: Mapping[str, Statement], touched: Iterable[str]
) -> dict[str, StoredStatement | None]:
    """What is stored of each statement that may differ from what was found, if anything is."""
    if before.mark is None:
        known = tx.statements.all()
        slugs = {*found, *(stored.statement.slug for stored in known)}
    else:
        other = {slug for slug, one in found.items() if before.found.get(slug) is not one}
        slugs = {*touched, *before.left, *other, *(before.found.keys() - found.keys())}
        known = tx.statements.some(slugs)
    stored = {one.statement.slug: one for one in known}
    return {slug: stored.get(slug) for slug in sorted(slugs)}


def _different(
    found: Mapping[str, Statement], known: Mapping[str, StoredStatement | None]
) -> list[StoredStatement]:
    """What is to be written down of what was found, in its order."""
    updates = []
    for slug, statement in found.items():
        stored = known.get(slug)
        if slug in known and (
            stored is None or stored.statement != statement or not stored.present
        ):
            updates.append(StoredStatement(statement=statement, content_hash="", fingerprint=""))
    return updates


def _write(store: Store, updates: Sequence[StoredStatement], clock: Clock) -> None:
    if not updates:
        return
    with store.begin() as tx:
        for stored in updates:
            now = tx.statements.get(stored.statement.slug)
            # another look may have read and rendered that very text meanwhile
            if now is None or (now.statement, now.present) != (stored.statement, stored.present):
                tx.statements.put(stored, clock.now())


def _by_slug(statements: Sequence[Statement]) -> tuple[dict[str, Statement], list[Fault]]:
    found: dict[str, Statement] = {}
    faults = []
    for statement in statements:
        first = found.setdefault(statement.slug, statement)
        if first is not statement:
            way = (
                "give that one another"
                if statement.feed
                else "write another slug in the front matter"
            )
            message = f"the slug {statement.slug!r} is taken by {first.origin}; {way}"
            faults.append(Fault(file=statement.origin, message=message))
    return found, faults

"""source → statement: what the sources hold is written down as it stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from newsletter.domain.errors import Fault
from newsletter.domain.statement import Statement
from newsletter.ports import Clock, Source, Store, StoredStatement


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What one look at the sources brought."""

    changed: tuple[str, ...]
    """Slugs of statements that are new, changed or gone."""
    faults: tuple[Fault, ...]


def ingest(*, store: Store, sources: Iterable[Source], clock: Clock) -> Ingested:
    """Read all sources.

    A statement that is gone, or whose own file has a fault now, stays known but is no longer
    present: what it says now is not what was approved.
    """
    readings = [source.read() for source in sources]
    found, doubles = _by_slug([one for reading in readings for one in reading.statements])
    faults = [fault for reading in readings for fault in reading.faults] + doubles
    faulty = {fault.file for fault in faults}
    complete = all(reading.complete for reading in readings)
    with store.read() as tx:
        known = {stored.statement.slug: stored for stored in tx.statements.all()}
    updates = [
        _unrendered(statement)
        for slug, statement in found.items()
        if slug not in known or known[slug].statement != statement or not known[slug].present
    ]
    updates += [
        replace(stored, present=False)
        for slug, stored in known.items()
        if stored.present and slug not in found and (complete or stored.statement.origin in faulty)
    ]
    if updates:
        with store.begin() as tx:
            for stored in updates:
                now = tx.statements.get(stored.statement.slug)
                # another look may have read and rendered that very text meanwhile
                if now is None or (now.statement, now.present) != (
                    stored.statement,
                    stored.present,
                ):
                    tx.statements.put(stored, clock.now())
    return Ingested(
        changed=tuple(stored.statement.slug for stored in updates), faults=tuple(faults)
    )


def _unrendered(statement: Statement) -> StoredStatement:
    return StoredStatement(statement=statement, digest="", fingerprint="")


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
